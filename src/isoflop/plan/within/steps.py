"""The derivation of a plan under limits, in numbered steps."""

from collections.abc import Mapping

from isoflop.fit.result import Fit
from isoflop.plan.optimum.result import Step
from isoflop.plan.within.limits import show_value
from isoflop.plan.within.quantities import QUANTITIES
from isoflop.plan.within.result import PlanWithin
from isoflop.plan.within.setup import Laid


def steps_of(fits: Mapping[str, Fit], laid: Laid, made: PlanWithin, point: Mapping[str, float]) -> tuple[Step, ...]:
    """All steps in order: laws, inputs, quantities, objective, limits, search, result."""
    return (
        *_law_steps(fits),
        *_input_steps(laid),
        *_quantity_steps(laid, made, point),
        *_problem_steps(laid, made),
        *_result_steps(made),
    )


def _law_steps(fits: Mapping[str, Fit]) -> list[Step]:
    """Every law and what it was fitted to."""
    found = []
    for response, fit in fits.items():
        source = str(fit.law.source) if fit.law.source else "formula of the user"
        text = (
            f"{response} by the law {fit.law.name}, fitted to {fit.rows} runs ({fit.certificate.verdict}); "
            "it is taken to hold here."
        )
        found.append(Step(text, fit.law.formula, source=source, assumption=True))
    return found


def _input_steps(laid: Laid) -> list[Step]:
    """Numbers that were given, and those that are assumed."""
    return [
        Step(
            f"{word} = {show_value(word, value)}.",
            word,
            value,
            "assumed, as nothing was given" if word in laid.assumed else laid.sources.get(word, "given"),
            assumption=word in laid.assumed,
        )
        for word, value in laid.inputs.items()
    ]


def _quantity_steps(laid: Laid, made: PlanWithin, point: Mapping[str, float]) -> list[Step]:
    """Every quantity by its formula."""
    found = []
    for word in made.quantities:
        formula = laid.problem.scope.formula(word)
        if formula is None or word in laid.problem.laws:
            continue
        known = QUANTITIES.get(word) if word not in laid.problem.scope.own else None
        text = known.text if known else f"{word} as the user defines it."
        source, assumed = (known.source, known.assumption) if known else ("given", True)
        found.append(Step(text, f"{word} = {formula.text}", point[word], source, assumption=assumed))
    return found


def _problem_steps(laid: Laid, made: PlanWithin) -> list[Step]:
    """Objective, limits and how the best was found."""
    verb = "least" if made.sense == "minimise" else "largest"
    found = [Step(f"The {verb} {made.objective} is looked for.", f"{made.sense} {made.objective}", source="given")]
    found += [Step("A limit.", use.text, float(use.limit.value), "given") for use in made.limits]
    found += [
        Step(f"{one.variable.word} follows from the others.", f"{one.variable.word} {one.text}",
             float(made.variables[one.variable.word].value), "given")
        for one in laid.followed
    ]  # fmt: skip
    words = [v.word for v in laid.problem.variables]
    what = f"{', '.join(words)} by an interior-point method from several starts" if words else "nothing in a range"
    listed = "".join(f", {c.word} among {len(c.values)} values" for c in laid.choices)
    text = f"Found {what}{listed}: the slope of the objective is balanced by the active limits' times their prices."
    return [*found, Step(text, "∇f + Σ λ_j ∇g_j = 0, λ_j ≥ 0, λ_j g_j = 0", source="Karush, Kuhn and Tucker")]


def _result_steps(made: PlanWithin) -> list[Step]:
    """The best values, and the price of every limit that binds."""
    found = [Step(f"Best {word}.", word, float(item.value), "solution") for word, item in made.variables.items()]
    found.append(Step("Objective there.", made.objective, float(made.best.value), "solution"))
    found += [
        Step(
            f"What one more unit on the right of {use.text} changes.",
            f"d {made.objective}/d limit",
            float(use.shadow_price.value),
            "multiplier of the limit",
        )
        for use in made.limits
        if use.active
    ]
    return found
