"""Splitting a budget between groups of problems: marginal gains on concave hulls, largest first."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import InputError

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Allocation:
    """How each group is treated.

    Args:
        shares: share of a group's problems that get each option, shape (groups, options); what is left of 1 gets
            nothing.
        cost: mean cost of a problem.
        value: mean value of a problem.
        price: value that one more unit of cost would buy; 0 where the budget is not used up.
    """

    shares: Array
    cost: float
    value: float
    price: float


def concave_hull(cost: ArrayLike, value: ArrayLike) -> Array:
    """Options that a mixture of others does not beat, beginning after doing nothing for nothing.

    Args:
        cost: of the options, shape (options,), positive.
        value: of each.

    Returns:
        Their places, by rising cost; the gain per cost falls from each to the next.

    Raises:
        InputError: costs that are not positive, or a value is missing.

    >>> concave_hull([1.0, 2.0, 3.0, 4.0], [0.5, 0.6, 0.9, 0.8]).tolist()
    [0, 2]
    """
    paid, gained = np.asarray(cost, dtype=float), np.asarray(value, dtype=float)
    if paid.shape != gained.shape or paid.ndim != 1 or not np.all(paid > 0) or not np.isfinite([paid, gained]).all():
        raise InputError("Options need a positive cost and a value each. Correct them.")
    kept: list[int] = []
    for place in np.lexsort((-gained, paid)).tolist():
        if gained[place] <= (gained[kept[-1]] if kept else 0.0):
            continue
        # A point falls out where the line from the one before it to the new one passes above.
        while kept:
            before = kept[-2] if len(kept) > 1 else None
            low, at = (paid[before], gained[before]) if before is not None else (0.0, 0.0)
            last = kept[-1]
            if (gained[last] - at) * (paid[place] - low) > (gained[place] - at) * (paid[last] - low):
                break
            kept.pop()
        kept.append(place)
    return np.array(kept, dtype=np.int64)


def allocate(cost: ArrayLike, value: ArrayLike, budget: float, *, sizes: ArrayLike | None = None) -> Allocation:
    """Spend a budget where it gains most.

    Largest `Σ_g w_g Σ_o s_go v_go` with `Σ_g w_g Σ_o s_go c_go ≤ B`, `Σ_o s_go ≤ 1`, for groups with shares w of the
    problems. The steps between options on the groups' concave hulls are taken by falling gain per cost; of the
    last step only a part of the group's problems may get the dearer option. This is the optimum of
    the linear program, whose mixtures are drawn per problem.

    Reference: Dantzig 1957 for the rule; Sinha and Zoltners 1979 (multiple-choice knapsack, hulls).

    Args:
        cost: of every option in every group, shape (groups, options).
        value: of the same.
        budget: B, cost of a problem on average.
        sizes: problems of each group; equal when None.

    Returns:
        The allocation.

    Raises:
        InputError: a budget below 0, or shapes that do not fit.

    >>> found = allocate([[1.0, 2.0], [1.0, 2.0]], [[0.9, 1.0], [0.1, 0.4]], budget=1.5)
    >>> found.shares.tolist(), found.value
    ([[1.0, 0.0], [0.0, 1.0]], 0.65)
    """
    paid, gained = np.asarray(cost, dtype=float), np.asarray(value, dtype=float)
    if paid.ndim != 2 or paid.shape != gained.shape or not budget >= 0:
        raise InputError(f"Costs {paid.shape}, values {gained.shape}, budget {budget:g}: give tables and 0 or more.")
    weights = np.ones(len(paid)) if sizes is None else np.asarray(sizes, dtype=float)
    weights = weights / weights.sum()
    steps = [step for group in range(len(paid)) for step in _steps(group, paid[group], gained[group])]
    steps.sort(key=lambda step: (-step[0], step[1]))
    shares, left, price = np.zeros(paid.shape), budget, 0.0
    for slope, group, before, after, more in steps:
        part = min(1.0, left / (weights[group] * more)) if more > 0 else 1.0
        if part <= 0:
            price = slope
            break
        shares[group, after] = part
        if before is not None:
            shares[group, before] = 1 - part
        left -= part * weights[group] * more
        if part < 1:
            price = slope
            break
    spent = float((weights[:, None] * shares * paid).sum())
    return Allocation(shares, spent, float((weights[:, None] * shares * gained).sum()), price)


def _steps(group: int, cost: Array, value: Array) -> list[tuple[float, int, int | None, int, float]]:
    """Gain per cost, group, option before, option after and cost of each step along a group's hull."""
    found: list[tuple[float, int, int | None, int, float]] = []
    before: int | None = None
    for place in concave_hull(cost, value).tolist():
        low, at = (0.0, 0.0) if before is None else (float(cost[before]), float(value[before]))
        more = float(cost[place]) - low
        found.append(((float(value[place]) - at) / more, group, before, place, more))
        before = place
    return found
