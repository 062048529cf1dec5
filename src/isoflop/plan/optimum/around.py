"""What it costs to miss the optimum: sizes k times too small or too large, and the flat region."""

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.laws.frontier import band_on, follow_on, reach_on
from isoflop.plan.optimum.result import FlatRegion, Penalty
from isoflop.plan.optimum.setting import Setting

Array = NDArray[Any]

FACTORS: Final = (0.25, 0.5, 2.0, 4.0)
COMPUTE_WITHIN: Final = 0.01
LOSS_WITHIN: Final = 0.001


def penalties(setting: Setting, x: Array, c: Array, factors: Array) -> tuple[Penalty, ...]:
    """Cost of sizes away from the optimum at the same compute.

    With `C_eq` the compute of an optimal run of the same loss, `extra = C/C_eq - 1`.

    Reference: Czech et al. 2026 (dead compute, `C - C_eq`).

    Args:
        setting: the fit along lines of equal compute.
        x: ln N of the optimum, shape (draws + 1, 1).
        c: ln(C/6), same shape.
        factors: size over optimal size, shape (k,) or (draws + 1, k).

    Returns:
        One penalty per factor.
    """
    best = setting.curve.at(x, c)
    factors = np.broadcast_to(factors, (len(x), np.shape(factors)[-1]))
    size = x + np.log(factors)
    loss = setting.curve.at(size, c).loss
    start_x, start_c = np.broadcast_to(x, size.shape), np.broadcast_to(c, size.shape)
    equal = reach_on(setting.curve, loss, start_x, start_c)
    found = []
    for k in range(size.shape[1]):
        found.append(
            Penalty(
                factor=setting.estimate(factors[:, k]),
                params=setting.estimate(np.exp(size[:, k]), unit="parameters"),
                loss_increase=setting.estimate(loss[:, k] - best.loss[:, 0], unit=setting.fit.law.unit),
                extra_compute=setting.estimate(np.expm1(c[:, 0] - equal.c[:, k])),
            )
        )
    return tuple(found)


def flat_regions(setting: Setting, x: Array, c: Array) -> tuple[FlatRegion, ...]:
    """Sizes within 1 % of the compute and within 0.1 % of the loss of the optimum.

    Args:
        setting: the fit along lines of equal compute.
        x: ln N of the optimum, shape (draws + 1, 1).
        c: ln(C/6), same shape.

    Returns:
        Two regions.
    """
    curve = setting.curve
    less = -math.log1p(COMPUTE_WITHIN)
    levels = {
        ("compute", COMPUTE_WITHIN): curve.at(follow_on(curve, x, c, less), c + less).loss,
        ("loss", LOSS_WITHIN): curve.at(x, c).loss * (1 + LOSS_WITHIN),
    }
    regions = []
    for (of, within), level in levels.items():
        ends = [setting.estimate(np.exp(band_on(curve, level, x, c, side=side)), unit="parameters") for side in (-1, 1)]
        regions.append(FlatRegion(of, within, *ends))
    return tuple(regions)
