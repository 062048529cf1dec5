"""From a fit and a budget, a target loss or a given size to a plan with its derivation."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import LawError
from isoflop.fit.result import Fit
from isoflop.plan.optimum import steps, warn
from isoflop.plan.optimum.around import FACTORS, flat_regions, penalties
from isoflop.plan.optimum.question import Answer, for_flops, for_loss, for_size, positive
from isoflop.plan.optimum.result import Penalty, Plan, Step
from isoflop.plan.optimum.setting import SINGLE_RUN, Setting, lay
from isoflop.units import FLOPS_PER_PARAM_TOKEN

Array = NDArray[Any]

_WAYS = "flops=…, loss=…, params=… with tokens=…, or params=… or tokens=… with flops=…"


def plan(
    fit: Fit,
    *,
    flops: float | str | None = None,
    loss: float | None = None,
    params: float | str | None = None,
    tokens: float | str | None = None,
    level: float | None = None,
    **columns: float | str,
) -> Plan:
    """Compute-optimal size and data, or what a given size is worth, with intervals.

    `N* = argmin L(N, C/(6N))`. All intervals come from the fit's own draws: every draw has its own
    optimum.

    Reference: Hoffmann et al. 2022, approach 3; Czech et al. 2026 for the cost of a wrong size.

    Args:
        fit: a fit with draws, of a law in params and tokens (or one of them and flops).
        flops: training compute C = 6ND; alone, or with params or tokens.
        loss: target; the plan is the smallest compute that reaches it.
        params: a given size N, counted as in the runs.
        tokens: given training tokens D.
        level: confidence level; the fit's own when None.
        columns: values of the law's other columns, and levels of indexed parameters.

    Returns:
        The plan; where no optimum exists its numbers are NaN and its warnings say so.

    Raises:
        LawError: the question is not one of the five, the fit has no draws, or its law does not
            depend on size and data.
        ColumnError: another column of the law has no value.

    >>> from isoflop import laws
    >>> from isoflop.fit import fit_law
    >>> from isoflop.runs.table import RunTable
    >>> from isoflop.uncertainty.bootstrap import bootstrap
    >>> law = laws.get("chinchilla")
    >>> N, D = (g.ravel() for g in np.meshgrid(np.geomspace(1e8, 1e10, 6), np.geomspace(1e9, 1e12, 6)))
    >>> L = law.predict(law.published_set("epoch-2024").values, params=N, tokens=D)
    >>> runs = RunTable.from_columns({"params": N, "tokens": D, "loss": L})
    >>> fit = bootstrap(fit_law(law, runs, objective="ls"), runs, draws=50, rng=np.random.default_rng(0))
    >>> round(plan(fit, flops=5.76e23).tokens_per_param.value, 2)
    18.39
    """
    setting = lay(fit, level, columns)
    given = {"flops": flops, "loss": loss, "params": params, "tokens": tokens}
    asked = {word: positive(word, value) for word, value in given.items() if value is not None}
    match sorted(asked):
        case ["flops"]:
            answer = for_flops(setting, asked["flops"])
        case ["loss"]:
            answer = for_loss(setting, asked["loss"])
        case ["params", "tokens"] | ["flops", "params"] | ["flops", "tokens"]:
            answer = for_size(setting, asked)
        case _:
            found = ", ".join(asked) or "nothing"
            raise LawError(f"A plan cannot start from {found}. Give {_WAYS}.")
    return _assemble(setting, answer)


# Draws of a law that the runs do not determine may have an optimum beyond any number.
@np.errstate(over="ignore")
def _assemble(setting: Setting, answer: Answer) -> Plan:
    """Numbers, costs, steps and warnings of an answer."""
    best, law = answer.best, setting.fit.law
    x_best = np.where(np.isfinite(answer.c), np.log(best.params), np.nan)
    x = x_best if answer.size is None else np.full_like(answer.c, answer.size)
    loss = setting.curve.at(x, answer.c).loss if answer.target is None else answer.target
    sizes, data = np.exp(x), np.exp(answer.c - x)
    estimates = {
        "params": setting.estimate(sizes, unit="parameters"),
        "tokens": setting.estimate(data, unit="tokens"),
        "tokens_per_param": setting.estimate(data / sizes),
        "loss": setting.estimate(loss, unit=law.unit, leaves_out=(SINGLE_RUN,)),
        "flops": setting.estimate(FLOPS_PER_PARAM_TOKEN * np.exp(answer.c), unit="FLOPs"),
        "exponent": setting.estimate(np.where(np.isfinite(x_best), best.exponent, np.nan), forecast=False),
    }
    estimates |= {word: setting.exact(value, estimates[word].unit) for word, value in answer.given.items()}
    exists = bool(np.isfinite(x_best[0, 0]))
    costs = penalties(setting, x_best, answer.c, np.array(FACTORS)) if exists else ()
    return Plan(
        question=answer.question, law=law.name, formula=law.formula, **estimates,
        penalty=costs, flat=flat_regions(setting, x_best, answer.c) if exists else (),
        choice=_choice(setting, answer, x_best) if exists else None,
        steps=_derivation(setting, answer, estimates), warnings=_warnings(setting, answer, estimates),
        leaves_out=estimates["loss"].leaves_out, closed_form=best.closed_form, exists=exists, columns=setting.columns,
        distance_decades=_distance(setting, estimates), inflation=setting.fit.inflation,
    )  # fmt: skip


def _distance(setting: Setting, estimates: dict[str, Any]) -> dict[str, float]:
    """How far beyond the runs size, data and compute lie; what is inside is left out."""
    point = {word: float(estimates[word].value) for word in ("params", "tokens", "flops")}
    finite = {word: value for word, value in point.items() if np.isfinite(value)}
    return {word: away for word, away in setting.fit.distance(finite).items() if away > warn.NEAR}


def _choice(setting: Setting, answer: Answer, x_best: Array) -> Penalty | None:
    """Cost of the size that was given."""
    if answer.size is None:
        return None
    with np.errstate(invalid="ignore"):
        factor = np.exp(answer.size - x_best)
    return penalties(setting, x_best, answer.c, factor)[0]


def _derivation(setting: Setting, answer: Answer, estimates: dict[str, Any]) -> tuple[Step, ...]:
    """All steps in order."""
    point = [float(estimates[word].value) for word in ("params", "tokens", "loss")]
    exponent, best = float(estimates["exponent"].value), float(answer.best.params[0, 0])
    found = [steps.law_step(setting), *answer.steps]
    if answer.size is not None:
        found += steps.choice_steps(*point)
    if np.isfinite(exponent):
        found += steps.condition_steps(setting, exponent)
        found += steps.optimum_steps(*point) if answer.size is None else (steps.optimum_beside_step(best),)
    return tuple(found)


def _warnings(setting: Setting, answer: Answer, estimates: dict[str, Any]) -> tuple[str, ...]:
    """All that speaks against the plan."""
    found = [*warn.certificate_warnings(setting), *answer.warnings]
    if answer.target is None:
        found += warn.existence_warnings(setting, answer.best)
    point = {word: float(estimates[word].value) for word in ("params", "tokens", "flops")}
    found += warn.distance_warnings(setting, point, "The optimum" if answer.size is None else "The given size")
    if answer.size is None:
        found += warn.width_warnings(estimates["params"])
    return tuple(dict.fromkeys(found))
