"""Recipes at one scale: differences, compute multipliers, probabilities, and the winner without its luck."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoflop.fit.estimate import Estimate, estimate_from_draws
from isoflop.recipes.comparison import Winner
from isoflop.recipes.curves import Curves
from isoflop.recipes.selection import select_lowest

Array = NDArray[Any]


def estimate_of(curves: Curves, values: Array, *, level: float | None = None, unit: str = "") -> Estimate:
    """An estimate from the values of the fit, its draws and its moved runs, shape (1 + draws + runs,)."""
    chosen = curves.level if level is None else level
    value = float(values[0])
    if not np.isfinite(value):
        return Estimate(value, (np.nan, np.nan), chosen, leaves_out=curves.leaves_out, unit=unit)
    left = ("the noise of a single run", *curves.leaves_out)
    return estimate_from_draws(
        value, curves.drawn(values), level=chosen, correction=curves.correction(values), leaves_out=left, unit=unit
    )


def exact(curves: Curves, value: float) -> Estimate:
    """A number that follows from what is compared with what."""
    return Estimate(value, (value, value), curves.level)


def multiplier_of(curves: Curves, baseline: int, values: Array, x: float) -> Estimate:
    """How many times its compute the baseline needs to do as well as a recipe.

    `CM(C) = C_0(L_r(C))/C`, with C_0 the inverse of the baseline's curve. With unequal exponents it
    changes with C and must be quoted with it.

    Reference: Mizrahi et al. 2025, arXiv:2507.12466.

    Args:
        curves: the recipes.
        baseline: place of the baseline.
        values: the recipe's response, shape (1 + draws + runs,).
        x: logarithm of the scale.

    Returns:
        The multiplier; NaN where the baseline never does as well, and no interval where more than a
        tenth of its draws never do.
    """
    factor = np.exp(curves.equal(baseline, values, x) - x)
    found = estimate_of(curves, factor)
    missing = float(np.mean(~np.isfinite(curves.drawn(factor))))
    if not missing:
        return found
    said = f"{missing:.1%} of the draws, in which the baseline never does as well"
    return Estimate(found.value, found.interval, found.level, found.draws, (said, *found.leaves_out))


def probabilities(curves: Curves, losses: Array) -> Array:
    """Share of the draws in which each recipe is the best.

    The draws are first spread about the fit as the intervals are. This is the probability under a
    flat prior on the differences: over recipes that are nearly equal it says too much.

    Args:
        curves: the recipes.
        losses: response, shape (recipes, 1 + draws + runs).

    Returns:
        Shape (recipes,).
    """
    spread = _whole(curves, losses)
    return np.asarray(np.bincount(spread.argmin(axis=0), minlength=len(losses)) / spread.shape[1])


def better(curves: Curves, first: Array, second: Array) -> float:
    """Share of the draws in which the first response is better; ties count half."""
    spread = _whole(curves, np.stack([first, second]))
    return float(np.mean(0.5 + 0.5 * np.sign(spread[1] - spread[0])))


def _whole(curves: Curves, losses: Array) -> Array:
    """Draws in which every recipe has a value, spread as the intervals are; shape (recipes, draws)."""
    spread = curves.stretched(losses)
    return np.asarray(spread[:, np.isfinite(spread).all(axis=0)])


def winner_of(curves: Curves, losses: Array) -> Winner:
    """The best response, corrected for having been chosen.

    Args:
        curves: the recipes.
        losses: response, shape (recipes, 1 + draws + runs).

    Returns:
        The winner.
    """
    sign = curves.scale.sign
    chosen = select_lowest(sign * losses[:, 0], curves.stretched(losses))
    place = chosen.place
    # All of R intervals hold at once with the level kept, so the winner's does, whoever it is.
    together = 1 - (1 - curves.level) / len(losses)
    response = estimate_of(curves, losses[place], level=together)
    # The winner was chosen after looking: each of its R - 1 leads must hold together with the others.
    apart = 1 - (1 - curves.level) / max(len(losses) - 1, 1)
    gaps = {
        name: replace(estimate_of(curves, sign * (own - losses[place]), level=apart), level=curves.level)
        for name, own in zip(curves.names, losses, strict=True)
        if name != curves.names[place]
    }
    second = min(gaps, key=lambda name: float(gaps[name].value))
    return Winner(
        curves.names[place],
        replace(response, level=curves.level),
        chosen.optimism,
        chosen.most,
        float(losses[place, 0]) + sign * chosen.optimism,
        float(probabilities(curves, losses)[place]),
        second,
        gaps[second],
        tuple(name for name, gap in gaps.items() if not gap.interval[0] > 0),
    )
