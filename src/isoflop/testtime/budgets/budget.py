"""Accuracy against cost: the frontier of models, rules and samples, and the best choice for a budget."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import InputError
from isoflop.fit.estimate import Estimate, check_level
from isoflop.testtime.budgets.routes import Route
from isoflop.testtime.estimators.resample import NOT_IN, ends, problem_weights

Array = NDArray[Any]

REPEATS: Final = 20
"""Random halvings of the problems on which choices are made and tried."""

ALIKE: Final = 1e-11
"""Accuracies that differ by no more than this differ by rounding."""

MANY: Final = 100_000
"""Problems that stand for as many as there may be."""

CHOSEN: Final = "that the choice was made on the same problems: see the accuracy on the other half"
LAWS_APART: Final = "what laws of different models have in common: their draws are independent"


@dataclass(frozen=True, eq=False)
class Choice:
    """One way to spend on a problem.

    Args:
        route: model and rule.
        k: samples.
        accuracy: mean over problems.
        cost: mean cost of a problem.
        share: of the draws that choose it, or have it on the frontier.
        held_out: mean accuracy on halves of the problems of choices made on the other half at the same
            budget; None where a law takes part.
    """

    route: Route
    k: int
    accuracy: Estimate
    cost: Estimate
    share: float
    held_out: Estimate | None = None

    def to_dict(self) -> dict[str, Any]:
        """Keys for JSON."""
        return {
            "model": self.route.model, "rule": self.route.rule, "k": self.k, "accuracy": self.accuracy.to_dict(),
            "cost": self.cost.to_dict(), "share": self.share, "forecast": self.forecast,
        }  # fmt: skip

    @property
    def forecast(self) -> bool:
        """Whether k is beyond the samples at hand."""
        return self.route.is_forecast(self.k)


@dataclass(frozen=True, eq=False)
class Menu:
    """Routes on the same problems, with draws that they share.

    Args:
        routes: to choose from.
        problems: names of the problems.
        weights: shares of drawn problems, shape (draws, problems).
        level: confidence level of all intervals.
        halvings: whether each problem is in the first half, shape (repeats, problems).
    """

    routes: tuple[Route, ...]
    problems: tuple[str, ...]
    weights: Array
    level: float
    halvings: Array

    @property
    def unit(self) -> str:
        """Unit of the costs."""
        return self.routes[0].unit

    @cached_property
    def of(self) -> Array:
        """Route and place of k of every option, shape (options, 2)."""
        return np.array([(r, j) for r, route in enumerate(self.routes) for j in range(len(route.ks))])

    @cached_property
    def accuracy(self) -> Array:
        """Mean accuracy of every option in the sample and in every draw, shape (1 + draws, options)."""
        return np.hstack([self._drawn(route, route.accuracy, route.draws) for route in self.routes])

    @cached_property
    def cost(self) -> Array:
        """The same for cost."""
        return np.hstack([self._drawn(route, route.cost, None) for route in self.routes])

    @cached_property
    def tables(self) -> tuple[Array, Array] | None:
        """Accuracy and cost of every problem under every option; None where a law takes part."""
        if any(route.is_law for route in self.routes):
            return None
        return np.hstack([r.accuracy for r in self.routes]), np.hstack([r.cost for r in self.routes])

    def _drawn(self, route: Route, table: Array, draws: Array | None) -> Array:
        """Means of a route's table over the problems, and over those of every draw."""
        if not route.is_law:
            return np.vstack([table.mean(axis=0), self.weights @ table])
        rows = np.arange(len(self.weights))
        drawn = np.broadcast_to(table, (len(rows), len(table))) if draws is None else draws[rows % len(draws)]
        return np.vstack([table, drawn])

    def estimate(self, values: Array, *, unit: str = "", leaves_out: tuple[str, ...] = ()) -> Estimate:
        """An estimate from a value in the sample and in every draw, shape (1 + draws,)."""
        low, high = self.ends(values[1:])
        left = (*leaves_out, *(NOT_IN if self.problems else ()), *self._laws_leave_out())
        return Estimate(float(values[0]), (float(low), float(high)), self.level, values[1:], left, unit)

    def ends(self, draws: Array) -> tuple[Any, Any]:
        """Ends of an interval from draws, shape (draws, …); those of laws have had their correction."""
        return ends(draws, self.level, max(len(self.problems), 2) if self.problems else MANY)

    def _laws_leave_out(self) -> tuple[str, ...]:
        """What the draws of laws do not contain."""
        laws = [route for route in self.routes if route.is_law]
        bare = sorted({route.name for route in laws if route.draws is None})
        found = (LAWS_APART,) if len(laws) > 1 else ()
        return (*found, f"the error of laws that came without draws: {', '.join(bare)}") if bare else found

    def mean(self, values: Array, *, unit: str = "") -> Estimate:
        """Mean of something known for every problem, with the shared draws."""
        return self.estimate(np.concatenate([[values.mean()], self.weights @ values]), unit=unit)

    def choice(self, option: int, share: float, held_out: Estimate | None = None) -> Choice:
        """An option with its estimates."""
        route, place = self.of[option]
        k = int(self.routes[route].ks[place])
        accuracy = self.estimate(self.accuracy[:, option], leaves_out=(CHOSEN,))
        return Choice(
            self.routes[route], k, accuracy, self.estimate(self.cost[:, option], unit=self.unit), share, held_out
        )


def menu(
    routes: Sequence[Route],
    problems: Sequence[str],
    *,
    rng: np.random.Generator,
    draws: int = 1000,
    level: float = 0.9,
) -> Menu:
    """Put routes side by side: every draw takes the same problems for all of them.

    Args:
        routes: with accuracy of the same problems in the same order; laws need none.
        problems: their names; may be empty where all routes are laws.
        rng: random state; the same state gives the same bits.
        draws: replicates.
        level: confidence level.

    Returns:
        The menu.

    Raises:
        InputError: no routes, other problems or units.
        FitError: the level is no probability.

    >>> one = Route("small", "pass@k", np.array([1, 2]), np.array([[0.2, 0.4], [0.6, 0.8]]), np.ones((2, 2)), "dollars")
    >>> menu([one], ["a", "b"], rng=np.random.default_rng(0)).accuracy[0].round(2).tolist()
    [0.4, 0.6]
    """
    check_level(level)
    units = {route.unit for route in routes}
    if len(units) != 1:
        raise InputError(f"Costs are in {' and '.join(sorted(units)) or 'nothing'}. Give routes of one unit.")
    other = [route.name for route in routes if not route.is_law and len(route.accuracy) != len(problems)]
    if other:
        raise InputError(f"{', '.join(other)}: other problems than these {len(problems)}. Keep the common ones.")
    if not problems and not all(route.is_law for route in routes):
        raise InputError("There are no problems. Give some that all models were tried on.")
    count = len(problems)
    weights = problem_weights(count, draws, rng) if count else np.zeros((draws, 0))
    # Halves of equal size, or one more in one of them.
    order = rng.permuted(np.tile(np.arange(count), (REPEATS, 1)), axis=1)
    return Menu(tuple(routes), tuple(problems), weights, level, order < count // 2)


def frontier(found: Menu) -> tuple[Choice, ...]:
    """Options that no cheaper one matches, by rising cost.

    Args:
        found: the menu.

    Returns:
        Each with the share of the draws in which it is on the frontier as well.
    """
    on = np.stack([_undominated(c, a) for c, a in zip(found.cost, found.accuracy, strict=True)])
    places = np.flatnonzero(on[0])
    places = places[np.argsort(found.cost[0, places], kind="stable")]
    return tuple(found.choice(int(p), float(on[1:, p].mean())) for p in places)


def best_within(found: Menu, budgets: ArrayLike) -> tuple[Choice | None, ...]:
    """The most accurate option of every budget.

    The interval is that of the option chosen. That it was chosen for being best makes it look better than it
    is; `held_out` is what such choices reach on problems that had no part in them. What an option costs is
    its mean over the problems at hand, in every draw.

    Reference: Snell et al. 2024, arXiv:2408.03314 (choice on one half of the problems, report on the other, swap).

    Args:
        found: the menu.
        budgets: largest mean cost of a problem, in the menu's unit, shape (budgets,).

    Returns:
        One choice per budget, None where nothing is so cheap.

    Raises:
        InputError: a budget is not positive.
    """
    asked = np.atleast_1d(np.asarray(budgets, dtype=float))
    if not np.all(asked > 0):
        raise InputError(f"Budgets of {asked.tolist()} buy nothing. Give positive {found.unit}.")
    results: list[Choice | None] = []
    for budget in asked.tolist():
        best = _best(found.cost[:1], found.accuracy, budget)
        if best[0] < 0:
            results.append(None)
            continue
        share = float((best[1:] == best[0]).mean())
        results.append(found.choice(int(best[0]), share, _held_out(found, budget)))
    return tuple(results)


def _undominated(cost: Array, accuracy: Array) -> Array:
    """Which options are more accurate than all that cost as much or less."""
    order = np.lexsort((-np.round(accuracy / ALIKE) * ALIKE, cost))
    ranked = accuracy[order]
    before = np.concatenate([[-np.inf], np.maximum.accumulate(ranked)[:-1]])
    on = np.zeros(len(cost), dtype=bool)
    on[order] = ranked > before + ALIKE
    return on


def _best(cost: Array, accuracy: Array, budget: float) -> Array:
    """Place of the best option within a budget in every row, −1 where there is none; the cheaper of two alike."""
    open_ = np.where(cost <= budget * (1 + 1e-12), accuracy, -np.inf)
    top = open_.max(axis=1, keepdims=True)
    cheapest = np.where(open_ >= top - ALIKE, cost, np.inf).argmin(axis=1)
    return np.where(np.isfinite(top[:, 0]), cheapest, -1)


def _held_out(found: Menu, budget: float) -> Estimate | None:
    """Accuracy of choices made on one half of the problems, on the other half."""
    tables = found.tables
    if tables is None or len(found.problems) < 4:
        return None
    # What options cost is taken from all problems: it is the accuracy that choosing makes look better.
    accuracy, paid = tables[0], found.cost[:1]
    total = np.zeros(len(found.problems))
    for first in found.halvings:
        for half in (first, ~first):
            chosen = int(_best(paid, accuracy[half].mean(axis=0)[None], budget)[0])
            total[~half] += accuracy[~half, chosen]
    return found.mean(total / len(found.halvings))
