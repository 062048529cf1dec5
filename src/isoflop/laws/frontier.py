"""Moving along the frontier of optima: compute for a loss, the next optimum, the band around one."""

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.laws.isocurve import BoundCurve

Array = NDArray[Any]

FARTHEST: Final = math.log(1e18)
"""How far in ln C the compute for a loss is looked for on either side of the start."""


@dataclass(frozen=True)
class Reached:
    """Compute at which a loss is reached; arrays of one shape.

    Args:
        x: ln N of the point, NaN where the loss is not reached.
        c: ln(C/6) of the point, NaN where the loss is not reached.
        reached: whether it is.
    """

    x: Array
    c: Array
    reached: Array


def reach_on(curve: BoundCurve, loss: Array, x: Array, c: Array, *, fixed_size: bool = False) -> Reached:
    """Smallest compute whose optimum has a loss, from an optimum nearby.

    Newton steps on `(dg/dx, g) = (0, loss)` along the frontier; with `fixed_size` N stays where it
    is and only the data grow.

    Args:
        curve: the bound law.
        loss: target, shape (draws, k).
        x: ln N of an optimum (or of the fixed size), same shape.
        c: ln(C/6) there.
        fixed_size: keep x.

    Returns:
        Where the loss is reached; not, where it lies below all that the law can give.
    """
    start = c
    x, c = np.array(np.broadcast_to(x, loss.shape)), np.array(np.broadcast_to(c, loss.shape))
    for _ in range(120):
        local = curve.at(x, c)
        with np.errstate(all="ignore"):
            gap = loss - local.loss
            if fixed_size:
                dc, dx = gap / local.rise, np.zeros_like(x)
            else:
                det = local.bend * local.rise - local.cross * local.slope
                dc = (local.bend * gap + local.slope**2) / det
                dx = -(local.slope * local.rise + local.cross * gap) / det
            shrink = np.minimum(1.0, 4.0 / np.maximum(np.abs(dc), np.abs(dx)))
            dc, dx = dc * shrink, dx * shrink
            lost = ~(np.abs(c + dc - start) < FARTHEST)
        x, c = np.where(lost, np.nan, x + dx), np.where(lost, np.nan, c + dc)
        if not (np.abs(dc) + np.abs(dx) > 1e-11)[~lost].any():
            break
    local = curve.at(x, c)
    with np.errstate(invalid="ignore"):
        good = np.abs(local.loss - loss) <= 1e-9 * np.abs(loss)
        good &= fixed_size | (local.bend > 0)
    return Reached(np.where(good, x, np.nan), np.where(good, c, np.nan), good)


def follow_on(curve: BoundCurve, x: Array, c: Array, step: float) -> Array:
    """Size ln N of the optimum a small step in ln C further along the frontier, by Newton steps."""
    local = curve.at(x, c)
    with np.errstate(all="ignore"):
        x = x - step * local.cross / local.bend
        for _ in range(4):
            local = curve.at(x, c + step)
            x = x - local.slope / local.bend
    return x


def band_on(curve: BoundCurve, loss: Array, x: Array, c: Array, *, side: int) -> Array:
    """Size at which the loss along a line of equal compute rises to a level.

    Newton steps on `sqrt(2 (g(x) - g*))`, which is nearly linear in x around the optimum.

    Args:
        curve: the bound law.
        loss: level above the optimum's loss, shape (draws, k).
        x: ln N of the optimum.
        c: ln(C/6).
        side: -1 for smaller models, +1 for larger ones.

    Returns:
        ln N there, NaN where the law does not rise so far on that side.
    """
    best = curve.at(x, c)
    with np.errstate(all="ignore"):
        goal = np.sqrt(2 * (loss - best.loss))
        distance = goal / np.sqrt(best.bend)
        for _ in range(60):
            local = curve.at(x + side * distance, c)
            height = np.sqrt(2 * np.maximum(local.loss - best.loss, 0.0))
            uphill = side * local.slope
            factor = 1 + np.clip((goal - height) * height / (uphill * distance), -0.7, 2.0)
            factor = np.where(uphill > 0, factor, np.nan)
            distance = distance * factor
            if not (np.abs(factor - 1) > 1e-10).any():
                break
        good = np.abs(factor - 1) <= 1e-8
    return np.where(good, x + side * distance, np.nan)
