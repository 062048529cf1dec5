"""Studentised bootstrap intervals, for estimates whose error moves with them."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.fit.estimate import Estimate, check_level
from isoflop.testtime.estimators.resample import NO_SPREAD, NOT_IN

Array = NDArray[Any]

FEWEST: Final = 20
"""Draws with a standard error of their own, below which there are no percentiles."""


def studentised(
    found: tuple[float, float], draws: tuple[Array, Array], *, level: float, bounds: tuple[float, float]
) -> Estimate:
    """Give an estimate the interval of its studentised draws.

    `[value - t_high se, value - t_low se]`, t the percentiles of (draw - value)/(standard error of the draw). An
    estimate that rests on few errors is small exactly when its standard error is; percentiles of the draws then end
    too low, these do not. Draws without a standard error, which hold no error at all, take no part.

    Reference: Davison and Hinkley 1997, section 5.2.1.

    Args:
        found: the estimate and its standard error.
        draws: the same of every draw, shape (draws,) each.
        level: confidence level.
        bounds: what the estimate cannot pass.

    Returns:
        The estimate; without an interval worth the name, which it then says, where its standard error is 0.

    Raises:
        FitError: the level is no probability.

    >>> rng = np.random.default_rng(0)
    >>> x = rng.exponential(size=40)
    >>> again = rng.choice(x, (2000, 40))
    >>> one = (float(x.mean()), float(x.std() / 40**0.5))
    >>> found = studentised(one, (again.mean(axis=1), again.std(axis=1) / 40**0.5), level=0.9, bounds=(0, 9))
    >>> found.interval[1] - found.value > found.value - found.interval[0]
    True
    """
    check_level(level)
    (value, error), (drawn, errors) = found, draws
    usable = errors > 0
    if error <= 0 or np.count_nonzero(usable) < FEWEST:
        return Estimate(value, (value, value), level, drawn, (NO_SPREAD,))
    t = (drawn[usable] - value) / errors[usable]
    tail = (1 - level) / 2
    low, high = np.quantile(t, tail, method="lower"), np.quantile(t, 1 - tail, method="higher")
    ends = np.clip([value - high * error, value - low * error], *bounds)
    # The estimate is inside, also where its draws lie to one side of it.
    return Estimate(value, (min(float(ends[0]), value), max(float(ends[1]), value)), level, drawn, NOT_IN)
