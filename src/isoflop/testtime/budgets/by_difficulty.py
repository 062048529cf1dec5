"""Spending by difficulty: easy, middling and hopeless problems each get their own model, rule and number of samples."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import ColumnError, InputError
from isoflop.fit.estimate import Estimate
from isoflop.testtime.budgets.allocation import Allocation, allocate
from isoflop.testtime.budgets.budget import Menu
from isoflop.testtime.counts import Counts
from isoflop.testtime.estimators.ragged import allowed_ks, finite
from isoflop.testtime.forecasts.extrapolation import thin
from isoflop.testtime.samples import Samples

Array = NDArray[Any]

EASE: Final = ("correct", "score", "agreement")
"""What may tell how easy a problem is."""

PRIOR: Final = 1.0
"""Problems like the mean of all that a group is given besides its own, so that a few of them do not decide alone."""


@dataclass(frozen=True, eq=False)
class Adaptive:
    """A budget spent by difficulty, against the same for all.

    Args:
        budget: mean cost of a problem that was allowed.
        groups: group of every problem, shape (problems,).
        allocation: made on all problems.
        accuracy: on problems that had no part in the allocation.
        cost: what these then cost, the probe included.
        uniform: accuracy of one choice, or mixture of two, for all problems, made and tried in the same way.
        uniform_cost: what that costs.
        gain: accuracy by difficulty less that of the same for all, problem by problem.
        gain_in_sample: the same on the problems that the choices were made on; it is too large.
    """

    budget: float
    groups: Array
    allocation: Allocation
    accuracy: Estimate
    cost: Estimate
    uniform: Estimate
    uniform_cost: Estimate
    gain: Estimate
    gain_in_sample: float

    def to_dict(self, found: Menu) -> dict[str, Any]:
        """Keys for JSON."""
        return {
            **{name: getattr(self, name).to_dict() for name in ("accuracy", "cost", "uniform", "uniform_cost", "gain")},
            "gain_in_sample": self.gain_in_sample,
            "price": self.allocation.price,
            "groups": [
                {"problems": int((self.groups == g).sum()), "options": treated(found, row)}
                for g, row in enumerate(self.allocation.shares)
            ],
        }


def treated(found: Menu, shares: Array) -> list[dict[str, Any]]:
    """What a group gets: options with the share of its problems, nothing for the rest.

    Args:
        found: the menu.
        shares: of one group, shape (options,).

    Returns:
        One record per option that is used.
    """
    rows = []
    for option in np.flatnonzero(shares > 0).tolist():
        route, place = (int(x) for x in found.of[option])
        own = found.routes[route]
        rows.append({"model": own.model, "rule": own.rule, "k": int(own.ks[place]), "share": float(shares[option])})
    return rows


def adapt(found: Menu, groups: ArrayLike, budget: float, *, probe: ArrayLike = 0.0) -> Adaptive:
    """Spend a budget by groups of problems, and compare with the same for all.

    Choices are made on one half of the problems and tried on the other, over random halvings, so that the
    gain is none of having looked. A group is taken to hold one problem more, like the mean of all: where its
    few problems are all solved, money that is left still buys what helps problems in general. Groups made from the
    very samples that are then counted still make the gain too large: probe with other samples, and pay for them.

    Reference: Snell et al. 2024, arXiv:2408.03314 (compute-optimal choice per difficulty bin, two folds).

    Args:
        found: the menu, of routes with problems.
        groups: group of every problem, from 0, shape (problems,).
        budget: mean cost of a problem, the probe included.
        probe: what it costs to tell a problem's group, a number or shape (problems,).

    Returns:
        The allocation and what it gains.

    Raises:
        InputError: a law among the routes, fewer than four problems, or a budget below the probe.
    """
    own = np.asarray(groups, dtype=np.int64)
    tables = found.tables
    if tables is None or len(found.problems) < 4 or own.shape != (len(found.problems),) or own.min() < 0:
        raise InputError(
            f"Groups of shape {own.shape} do not divide {len(found.problems)} problems. Give one group for each of at "
            "least four problems, and no laws."
        )
    paid = np.broadcast_to(np.asarray(probe, dtype=float), own.shape)
    if not budget > paid.mean():
        raise InputError(
            f"Probing costs {paid.mean():.3g} {found.unit} a problem, all of the budget of {budget:.3g}. Probe less."
        )
    left = budget - float(paid.mean())
    accuracy, cost = _tried(found, own, left)
    alone, alone_cost = _tried(found, np.zeros_like(own), budget)
    whole = _chosen(tables, own, left, np.ones(len(own), dtype=bool))
    same = _chosen(tables, np.zeros_like(own), budget, np.ones(len(own), dtype=bool))
    reached = float((whole.shares[own] * tables[0]).sum(axis=1).mean())
    return Adaptive(
        budget, own, whole, found.mean(accuracy), found.mean(cost + paid, unit=found.unit), found.mean(alone),
        found.mean(alone_cost, unit=found.unit), found.mean(accuracy - alone), reached - same.value,
    )  # fmt: skip


def probe_counts(counts: Counts, samples: int, *, rng: np.random.Generator) -> tuple[Array, Counts]:
    """Set samples of every problem apart to tell how easy it is.

    Args:
        counts: of which every problem has more than `samples`.
        samples: to set apart.
        rng: random state.

    Returns:
        Share of correct ones among them, and the counts of the rest.

    Raises:
        TableError: a problem has too few samples.

    >>> ease, rest = probe_counts(Counts(("a",), np.array([10]), np.array([10])), 4, rng=np.random.default_rng(0))
    >>> ease.tolist(), rest.n.tolist()
    ([1.0], [6])
    """
    allowed_ks(samples + 1, counts.n, counts.problems)
    seen = thin(counts.n, counts.c, samples, rng=rng)
    rest = Counts(counts.problems, counts.n - samples, counts.c - seen, counts.provenance, counts.group)
    return seen / samples, rest


def ease_of(found: Samples, by: str = "correct") -> Array:
    """How easy every problem looks.

    Reference: Snell et al. 2024, arXiv:2408.03314: by correctness (oracle) or by a verifier's mean score (predicted).

    Args:
        found: samples, all with a value in the column that is looked at.
        by: `correct`, the share of correct samples; `score`, their mean score; `agreement`, the share of the
            commonest answer. The last two need no checker.

    Returns:
        Values that rise with ease, shape (problems,).

    Raises:
        InputError: another word.
        ColumnError: the samples lack the column.

    >>> table = Samples.from_columns(["a", "a", "b", "b"], answer=["x", "x", "y", "z"])
    >>> ease_of(table, "agreement").tolist()
    [1.0, 0.5]
    """
    if by == "agreement":
        if found.answer is None:
            raise ColumnError.from_missing("answer", found.names)
        parts = np.split(found.answer.codes, found.starts[1:-1])
        return np.array([np.bincount(own + 1)[1:].max(initial=0) / len(own) for own in parts])
    if by not in EASE:
        raise InputError(f"Ease by {by!r} is not known. Choose among {', '.join(EASE)}.")
    values = finite(found.column(by), found.starts, f"values of {by}", found.problems)
    return np.asarray(np.add.reduceat(values, found.starts[:-1]) / found.sizes)


def probe_samples(
    found: Samples, samples: int, *, rng: np.random.Generator, by: str = "correct"
) -> tuple[Array, Samples]:
    """Set random samples of every problem apart to tell how easy it is.

    Args:
        found: samples, of which every problem has more than `samples`, all with a value in `correct`.
        samples: to set apart.
        rng: random state.
        by: as in `ease_of`.

    Returns:
        Ease by them, and the rest of the samples.

    Raises:
        TableError: a problem has too few samples.
        ColumnError: the samples lack the column that is looked at.
    """
    known = found.complete("correct")
    allowed_ks(samples + 1, known.sizes, known.problems)
    order = np.lexsort((rng.random(len(known)), known.problem_of))
    rank = np.empty(len(known), dtype=np.int64)
    rank[order] = np.arange(len(known)) - known.starts[known.problem_of]
    apart = rank < samples
    return ease_of(known.take(apart), by), known.take(~apart)


def _tried(found: Menu, groups: Array, budget: float) -> tuple[Array, Array]:
    """Accuracy and cost of every problem under choices made without it, averaged over halvings."""
    tables = found.tables
    if tables is None:
        raise AssertionError("looked at by adapt")
    total = np.zeros((2, len(groups)))
    for first in found.halvings:
        for half in (first, ~first):
            shares = _chosen(tables, groups, budget, half).shares[groups[~half]]
            for row, table in enumerate(tables):
                total[row, ~half] += (shares * table[~half]).sum(axis=1)
    return total[0] / len(found.halvings), total[1] / len(found.halvings)


def _chosen(tables: tuple[Array, Array], groups: Array, budget: float, half: Array) -> Allocation:
    """The allocation by what some problems show of each group; a group without any costs what all of them do."""
    sizes = np.bincount(groups)
    seen = np.bincount(groups[half], minlength=len(sizes))
    accuracy, cost = (_means(table[half], groups[half], len(sizes)) for table in tables)
    alike = tables[0][half].mean(axis=0)
    pooled = alike + (accuracy - alike) * (seen / (seen + PRIOR))[:, None]
    return allocate(cost, pooled, budget, sizes=np.maximum(sizes, 1e-9))


def _means(table: Array, groups: Array, count: int) -> Array:
    """Mean of each group's problems, or of all where it has none, shape (groups, options)."""
    return np.stack([table[groups == g if np.any(groups == g) else slice(None)].mean(axis=0) for g in range(count)])
