"""The learning-rate schedule that a fitted multi-power law likes best, for a number of steps and a peak."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import LawError
from isoflop.fit.result import Fit
from isoflop.laws.multipower import NAMES
from isoflop.methods.schedules import Schedule, make_schedule

Array = NDArray[Any]

KNOTS: Final = 96
"""Places between which the rate is linear; they stand closer towards the end."""

LEAST_FALL: Final = 5e-3
"""Share of the whole fall that a start gives to each knot at least: a search cannot leave a fall of zero."""

STABLE: Final = 0.8
"""Share of the steps after which the compared WSD schedules begin to decay."""


def usual_schedules(steps: int, peak: float, *, end: float, warmup: int = 0) -> tuple[Schedule, ...]:
    """Cosine, linear, REX, and two WSD schedules (linear and exponential decay over the last fifth).

    Args:
        steps: last step.
        peak: highest rate.
        end: rate at the last step, above zero.
        warmup: steps of warm-up.

    Returns:
        The schedules.

    >>> [s.name for s in usual_schedules(1000, 3e-4, end=3e-5, warmup=100)]
    ['cosine', 'linear', 'rex', 'wsd-linear', 'wsd-exponential']
    """
    stable = max(warmup, round(STABLE * steps))
    plain = [make_schedule(shape, steps, peak, end=end, warmup=warmup) for shape in ("cosine", "linear", "rex")]
    wsd = [
        make_schedule(shape, steps, peak, end=end, warmup=warmup, stable=stable, name=f"wsd-{shape}")
        for shape in ("linear", "exponential")
    ]
    return (*plain, *wsd)


def best_schedule(fit: Fit, steps: int, peak: float, *, end: float = 0.0, warmup: int = 0) -> Schedule:
    """Find the schedule with the least final loss under a fitted multi-power law.

    After warm-up the rate may only fall, from the peak to no less than `end`. The search runs over
    the falls between knots, from the usual schedules as starts, with exact slopes.

    Reference: Luo et al. 2025, arXiv:2503.12811, which minimises over all falls by gradient descent.

    Args:
        fit: a fit of the multi-power law.
        steps: last step T.
        peak: rate after warm-up, within the range of the fitted curves.
        end: lowest rate allowed; for 0, a millionth of the peak.
        warmup: steps of linear warm-up.

    Returns:
        The schedule, called `best`; compare it with others by `compare_schedules`.

    Raises:
        LawError: the fit is of another law, or steps and rates do not fit.
    """
    from scipy.optimize import minimize

    if tuple(fit.names) != NAMES:
        raise LawError(f"This is a fit of {fit.law.name!r}; the best schedule needs the multi-power law. Fit it.")
    if not 0 <= end < peak:
        raise LawError(f"From a peak of {peak:g} the rate cannot fall to {end:g}. Give 0 <= end < peak.")
    # The law has a power of the rate: at 0 it has no slope.
    floor = max(end, 1e-6 * peak)
    rise = make_schedule("constant", steps, peak, warmup=warmup).lr[:warmup]
    places = _knots(steps - warmup)
    grid = np.arange(steps - warmup + 1)
    p = dict(fit.parameters)

    def schedule(z: Array) -> tuple[Array, Array]:
        share = np.exp(z - z.max())
        share /= share.sum()
        levels = peak - (peak - floor) * np.concatenate([[0.0], np.cumsum(share[:-1])])
        return np.concatenate([rise, np.interp(grid, places, levels)]), share

    def loss(z: Array) -> tuple[float, Array]:
        lr, share = schedule(z)
        value, slope = final_loss(lr, p)
        at_knots = _to_knots(slope[warmup:], places)
        in_falls = -(peak - floor) * np.append(np.cumsum(at_knots[:0:-1])[::-1], 0.0)
        return value, share * (in_falls - share @ in_falls)

    starts = [
        _start(s.lr[warmup:], places, peak, floor) for s in usual_schedules(steps, peak, end=floor, warmup=warmup)
    ]
    found = [minimize(loss, z, jac=True, method="L-BFGS-B", options={"maxiter": 400}) for z in starts]
    best = min(found, key=lambda f: float(f.fun))
    return Schedule("best", schedule(best.x)[0], warmup)


def final_loss(lr: Array, p: dict[str, float]) -> tuple[float, Array]:
    """Loss of the multi-power law at the last step, and its slope in the rate of every step.

    Args:
        lr: learning rate of every step, positive after step 0, shape (steps + 1,).
        p: the parameters of the law.

    Returns:
        The loss, and slopes, shape (steps + 1,).
    """
    since = np.cumsum(lr[::-1])[::-1]
    fall, rate, after = lr[:-1] - lr[1:], np.maximum(lr[1:], 1e-300), since[1:]
    x = p["C"] * rate ** -p["gamma"] * after
    left = (1 + x) ** -p["beta"]
    bend = fall * p["beta"] * left * x / (1 + x)
    area = p["A"] * since[0] ** -p["alpha"]
    value = p["L0"] + area - p["B"] * float(np.sum(fall * (1 - left)))
    slope = np.full(len(lr), -p["alpha"] * area / since[0])
    slope[:-1] -= p["B"] * (1 - left)
    slope[1:] += p["B"] * (1 - left + p["gamma"] * bend / rate - np.cumsum(bend / after))
    return float(value), slope


def _knots(steps: int) -> Array:
    """Places of the knots: even in time, and ever closer before the end."""
    even = np.linspace(0, steps, KNOTS // 2)
    close = steps - np.geomspace(1, max(steps / 2, 2), KNOTS // 2)
    return np.unique(np.concatenate([np.rint(even), np.rint(close)]))


def _to_knots(slope: Array, places: Array) -> Array:
    """Slope in the knots of a piecewise-linear function from the slope in its values."""
    grid = np.arange(len(slope))
    upper = np.clip(np.searchsorted(places, grid, side="right"), 1, len(places) - 1)
    part = (grid - places[upper - 1]) / (places[upper] - places[upper - 1])
    total = np.bincount(upper - 1, slope * (1 - part), minlength=len(places))
    return np.asarray(total + np.bincount(upper, slope * part, minlength=len(places)))


def _start(lr: Array, places: Array, peak: float, floor: float) -> Array:
    """Search coordinates of a schedule: logarithms of its falls between knots, none of them zero."""
    levels = np.interp(places, np.arange(len(lr)), lr)
    falls = np.append(-np.diff(levels), levels[-1] - floor) / (peak - floor)
    return np.log(np.maximum(falls, LEAST_FALL))
