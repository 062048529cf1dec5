"""Recipes along the scale: response and compute multiplier with their bands, for figures."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.recipes import gaps
from isoflop.recipes.curves import Curves

Array = NDArray[Any]

STEPS: Final = 48


@dataclass(frozen=True)
class Band:
    """One recipe along the scale; arrays of shape (steps,), NaN where there is no value.

    Args:
        name: the recipe.
        x: the scale.
        value: the quantity.
        low: lower end of its interval.
        high: upper end.
    """

    name: str
    x: Array
    value: Array
    low: Array
    high: Array


def trace_responses(curves: Curves, span: tuple[float, float], *, steps: int = STEPS) -> tuple[Band, ...]:
    """Response of every recipe along the scale.

    Args:
        curves: the recipes.
        span: smallest and largest scale.
        steps: points, evenly in the logarithm.

    Returns:
        One band per recipe.
    """
    x = np.linspace(np.log(span[0]), np.log(span[1]), steps)
    losses = curves.losses(x[None])
    return tuple(_band(curves, name, x, losses[k].T) for k, name in enumerate(curves.names))


def trace_multipliers(
    curves: Curves, baseline: str, span: tuple[float, float], *, steps: int = STEPS
) -> tuple[Band, ...]:
    """Compute multiplier of every recipe over the baseline along the scale.

    Args:
        curves: the recipes.
        baseline: recipe to compare with.
        span: smallest and largest scale.
        steps: points, evenly in the logarithm.

    Returns:
        One band per recipe other than the baseline.
    """
    x, base = np.linspace(np.log(span[0]), np.log(span[1]), steps), curves.names.index(baseline)
    losses, found = curves.losses(x[None]), []
    for k, name in enumerate(curves.names):
        if k != base:
            factors = [np.exp(curves.equal(base, losses[k, :, j], place) - place) for j, place in enumerate(x.tolist())]
            found.append(_band(curves, name, x, np.stack(factors)))
    return tuple(found)


def _band(curves: Curves, name: str, x: Array, rows: Array) -> Band:
    """Interval of one quantity at every place; rows of shape (steps, 1 + draws + runs)."""
    estimates = [gaps.estimate_of(curves, row) for row in rows]
    low, high = np.array([estimate.interval for estimate in estimates], dtype=float).T
    return Band(name, np.exp(x), rows[:, 0], low, high)
