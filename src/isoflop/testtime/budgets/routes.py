"""Ways to spend inference: a model, a rule that makes one answer of k samples, and what that reaches and costs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import ColumnError, InputError
from isoflop.fit.estimate import Estimate
from isoflop.testtime.budgets.charge import Charge
from isoflop.testtime.counts import Counts
from isoflop.testtime.estimators.best_of import best_of_k
from isoflop.testtime.estimators.coverage import pass_at_k
from isoflop.testtime.estimators.stopping import adaptive_consistency
from isoflop.testtime.estimators.survival import attempts_within
from isoflop.testtime.estimators.votes import majority_at_k, weighted_vote_at_k
from isoflop.testtime.forecasts.distributions import fit_difficulty
from isoflop.testtime.forecasts.forecast import even_ks
from isoflop.testtime.forecasts.posterior import coverage_given_counts
from isoflop.testtime.samples import Samples

Array = NDArray[Any]

RULES: Final = MappingProxyType(
    {
        "single": "one sample",
        "majority": "the commonest answer of k",
        "adaptive": "the same, stopped when the leader is sure (adaptive consistency, .95), at most k",
        "best-of-k": "the sample of k that the verifier's score picks",
        "weighted": "the answer of k with the largest sum of scores",
        "pass@k": "whether any of k is right, which takes a checker that is never wrong",
        "retry": "sample until a checker that is never wrong accepts, at most k times",
    }
)
"""How one answer is made of k samples."""

NEEDS: Final = MappingProxyType(
    {"majority": ("answer",), "adaptive": ("answer",), "best-of-k": ("score",), "weighted": ("answer", "score")}
)
"""Columns that a rule needs besides correctness."""

ORDERS: Final = 100
"""Orders of a problem's samples in which adaptive stopping is tried."""

SUBSETS: Final = 200_000
"""Subsets that are drawn for a weighted vote, all problems together."""

CHECKED: Final = frozenset({"pass@k", "retry"})
VERIFIED: Final = frozenset({"best-of-k", "weighted"})


@dataclass(frozen=True, eq=False)
class Route:
    """A model under a rule.

    Args:
        model: its name.
        rule: one of `RULES`, or the name of a law.
        ks: numbers of samples, rising, shape (ks,).
        accuracy: estimates, shape (problems, ks); shape (ks,) for a law, which knows no problems.
        cost: expected cost of a problem, of the same shape.
        unit: of the cost.
        draws: of a law's accuracy, shape (draws, ks); None where problems are drawn.
        seen: largest k that samples at hand estimate; beyond, a distribution of difficulty forecasts.
    """

    model: str
    rule: str
    ks: Array
    accuracy: Array
    cost: Array
    unit: str
    draws: Array | None = None
    seen: int | None = None

    @property
    def name(self) -> str:
        """Model and rule."""
        return f"{self.model} · {self.rule}"

    @property
    def is_law(self) -> bool:
        """Whether it is a curve without problems."""
        return self.accuracy.ndim == 1

    def is_forecast(self, k: int) -> bool:
        """Whether so many samples are beyond those at hand."""
        return self.is_law or (self.seen is not None and k > self.seen)

    def take(self, problems: Array) -> "Route":
        """Keep some problems, by place."""
        return replace(self, accuracy=self.accuracy[problems], cost=self.cost[problems])


def rules_for(columns: Sequence[str], *, counts_only: bool = False) -> tuple[str, ...]:
    """Rules that the columns of samples allow and that need no perfect checker; those that do where nothing else can.

    >>> rules_for(("correct", "answer")), rules_for((), counts_only=True)
    (('single', 'majority', 'adaptive'), ('single', 'pass@k'))
    """
    if counts_only:
        return ("single", "pass@k")
    found = ["single", *(rule for rule, needed in NEEDS.items() if set(needed) <= set(columns))]
    return tuple(found) if len(found) > 1 else ("single", "pass@k")


def routes_from_counts(
    model: str, counts: Counts, charge: Charge, rules: Sequence[str], *, beyond: float = 1.0
) -> tuple[Route, ...]:
    """Routes of a model of which only counts are known: one sample, pass@k, retries.

    Args:
        model: its name.
        counts: samples and correct ones of every problem.
        charge: what samples of these problems cost.
        rules: of `RULES`.
        beyond: how many times the samples at hand pass@k is forecast to, by the distribution of difficulty and every
            problem's own counts.

    Returns:
        One route per rule.

    Raises:
        InputError: an unknown rule, or one that needs the samples themselves.
        FitError: nothing can be forecast from these counts.
    """
    most, found = counts.fewest, []
    for rule in rules:
        _known(rule)
        if rule in NEEDS:
            raise InputError(
                f"{model}: {rule} needs the samples' {' and '.join(NEEDS[rule])}, and there are counts only. "
                "Give the samples, or another rule."
            )
        ks = np.array([1]) if rule == "single" else even_ks(most)
        table = pass_at_k(counts.n, counts.c, ks, names=counts.problems)
        used: Array = attempts_within(counts.n, counts.c, ks) if rule == "retry" else ks
        if rule == "pass@k" and beyond > 1:
            far = np.unique(np.round(most * np.geomspace(1, beyond, 7)[1:]).astype(np.int64))
            far = far[far > most]
            table = np.hstack([table, _further(counts, far)])
            ks = used = np.concatenate([ks, far])
        found.append(Route(model, rule, ks, table, charge.of(used), charge.unit, seen=most))
    return tuple(found)


def routes_from_samples(
    model: str, samples: Samples, charge: Charge, rules: Sequence[str], *, rng: np.random.Generator, beyond: float = 1.0
) -> tuple[Route, ...]:
    """Routes of a model whose samples are known.

    Args:
        model: its name.
        samples: with correctness, and answers or scores for rules that need them.
        charge: what samples of these problems cost.
        rules: of `RULES`.
        rng: random state, for votes that are drawn.
        beyond: as in `routes_from_counts`.

    Returns:
        One route per rule.

    Raises:
        InputError: an unknown rule.
        ColumnError: the samples lack a column that a rule needs.
        TableError: a value is missing; the problems are named.
    """
    counts = samples.counts()
    found: list[Route] = []
    ks = even_ks(counts.fewest)
    for rule in rules:
        _known(rule)
        if rule not in NEEDS:
            found += routes_from_counts(model, counts, charge, (rule,), beyond=beyond)
            continue
        table, used = _selected(rule, samples, ks, rng)
        cost = charge.of(used, verified=rule in VERIFIED)
        found.append(Route(model, rule, ks, table, cost, charge.unit, seen=counts.fewest))
    return tuple(found)


def route_from_law(
    model: str, law: str, ks: ArrayLike, accuracy: Estimate, *, fixed: float, each: float, unit: str = "dollars"
) -> Route:
    """A route by a law of accuracy in the number of samples, for a benchmark whose problems are not at hand.

    Args:
        model: its name.
        law: name of the law, shown as the rule.
        ks: numbers of samples, or lengths, rising.
        accuracy: the law there, shape (ks,), with its draws where it has any.
        fixed: cost paid once for a problem.
        each: cost of every sample or unit of length.
        unit: of the cost.

    Returns:
        The route.

    Raises:
        InputError: other shapes, or k that do not rise.

    >>> curve = Estimate(np.array([0.3, 0.51]), (np.array([0.2, 0.4]), np.array([0.4, 0.6])), 0.9)
    >>> route_from_law("small", "saturation", [1, 2], curve, fixed=0.0, each=0.5).cost.tolist()
    [0.5, 1.0]
    """
    places, value = np.asarray(ks, dtype=float), np.asarray(accuracy.value, dtype=float)
    if places.ndim != 1 or value.shape != places.shape or np.any(np.diff(places) <= 0):
        raise InputError(f"{model}: k of shape {places.shape} and accuracy {value.shape} do not fit. Give rising k.")
    draws = None if accuracy.draws is None else np.asarray(accuracy.draws, dtype=float)
    return Route(model, law, places, value, fixed + each * places, unit, draws)


def _further(counts: Counts, ks: Array) -> Array:
    """Chance that a problem is solved within k samples, those at hand being the first of them.

    A problem that was solved stays so; one that never was gets the rates near 0 that the distribution of difficulty
    holds. So the curve goes on from the last estimate without a step.
    """
    fitted = fit_difficulty(counts.n, counts.c).difficulty
    found = np.ones((len(counts), len(ks)))
    for n in np.unique(counts.n).tolist():
        own = np.flatnonzero(counts.n == n)
        inside = ks <= n
        found[np.ix_(own, inside)] = pass_at_k(counts.n[own], counts.c[own], ks[inside]) if inside.any() else 1.0
        never = own[counts.c[own] == 0]
        if len(never) and not inside.all():
            more = coverage_given_counts(fitted, counts.n[never], counts.c[never], ks[~inside] - n)
            found[np.ix_(never, ~inside)] = more
    return found


def _selected(rule: str, samples: Samples, ks: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """Accuracy by a rule that looks at answers or scores, and the samples that it takes."""
    for name in NEEDS[rule]:
        if name not in samples.names:
            raise ColumnError.from_missing(name, samples.names)
    right, starts, names = samples.column("correct"), samples.starts, samples.problems
    if rule == "best-of-k":
        return best_of_k(right, starts, ks, by=samples.column("score"), names=names), ks
    answer = samples.answer
    if answer is None:
        raise AssertionError("looked for above")
    if rule == "majority":
        return majority_at_k(answer.codes, right, starts, ks, rng=rng, names=names), ks
    if rule == "adaptive":
        stopped = adaptive_consistency(answer.codes, right, starts, rng=rng, most=ks, orders=ORDERS, names=names)
        return stopped.accuracy, stopped.used
    # The more problems, the fewer subsets of each: their errors average out.
    subsets = int(np.clip(SUBSETS // len(names), 100, 1000))
    score = samples.column("score")
    return weighted_vote_at_k(answer.codes, right, score, starts, ks, rng=rng, subsets=subsets, names=names), ks


def _known(rule: str) -> None:
    """Refuse an unknown rule."""
    if rule not in RULES:
        raise InputError(f"The rule {rule!r} is not known. Choose among {', '.join(RULES)}.")
