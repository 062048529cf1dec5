"""Intervals of shares from draws, which stay between 0 and 1."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import FitError
from isoflop.fit.estimate import Correction, Estimate

Array = NDArray[Any]

EDGE: Final = 1e-12
"""Odds that count as none, so that they have a logarithm."""
MOST_DRAWS: Final = 0.9
"""Share of the draws that must have a value."""
ALIKE: Final = 1e-9
"""Spread of draws over their value that is rounding only."""
NO_SPREAD: Final = "anything: all problems are alike, so that draws do not differ"


def share_interval(value: Any, draws: Array, level: float, correction: Correction) -> tuple[Any, Any]:  # noqa: ANN401
    """Interval of a share on the scale of its odds, so that no correction carries an end below 0 or above 1.

    Args:
        value: the share, a number or an array.
        draws: shape (draws, …).
        level: confidence level.
        correction: small-sample and back-test factors.

    Returns:
        Lower and upper end, of the shape of the value, which is between them.

    >>> draws = np.array([0.98, 0.99, 0.995, 0.999])
    >>> low, high = share_interval(0.99, draws, 0.9, Correction(4, 2))
    >>> round(low, 3), round(high, 6)
    (0.944, 0.99997)
    """
    point, odds = np.asarray(value, dtype=float), np.log(_odds(np.asarray(draws, dtype=float)))
    centre, tail = np.log(_odds(point)), (1 - level) / 2
    finite = np.isfinite(odds)
    enough = finite.mean(axis=0) >= MOST_DRAWS
    # The quantile whose expected share is the tail: with 100 draws the usual one leaves out two in a hundred more.
    found = np.nanquantile(
        np.where(finite & enough, odds, np.where(enough, np.nan, 0.0)), [tail, 1 - tail], axis=0, method="weibull"
    )
    factor = correction.factor(level)
    reach = np.minimum(found[0] - centre, 0.0), np.maximum(found[1] - centre, 0.0)
    # The odds are those of what is left, so that the ends change places.
    with np.errstate(over="ignore"):
        low, high = (np.where(enough, 1 / (1 + np.exp(centre + factor * one)), np.nan) for one in reach[::-1])
    ends = np.minimum(low, point), np.maximum(high, point)
    return ends if point.ndim else (float(ends[0]), float(ends[1]))


def share_from_draws(
    value: float | Array, draws: Array, *, level: float, correction: Correction, leaves_out: tuple[str, ...]
) -> Estimate:
    """Give a share the interval that its draws support.

    Args:
        value: the share, a number or an array.
        draws: shape (draws, …).
        level: confidence level.
        correction: small-sample and back-test factors.
        leaves_out: what the interval does not contain, in words.

    Returns:
        The share with its interval between 0 and 1.
    """
    interval = share_interval(value, draws, level, correction)
    return Estimate(value, interval, level, draws, without_spread(value, draws, leaves_out), "fraction")


def without_spread(value: float | Array, draws: Array, leaves_out: tuple[str, ...]) -> tuple[str, ...]:
    """Say that an interval holds nothing where its draws do not differ.

    Args:
        value: the estimate.
        draws: shape (draws, …).
        leaves_out: what the interval does not contain otherwise.

    Returns:
        What it does not contain, in words.
    """
    finite = draws[np.isfinite(draws).reshape(len(draws), -1).all(axis=1)]
    same = len(finite) > 0 and bool(np.all(np.ptp(finite, axis=0) <= ALIKE * np.abs(value)))
    return (NO_SPREAD,) if same else leaves_out


def check_resampled(problems: int, draws: int) -> None:
    """Refuse to resample what gives no interval.

    Args:
        problems: that would be resampled.
        draws: that are asked for.

    Raises:
        FitError: a single problem, or no draws.
    """
    if problems < 2:
        raise FitError(
            "One problem has no interval: problems are what is resampled. Give two or more, or leave rng out."
        )
    if draws < 2:
        raise FitError(f"{draws} draws give no interval. Ask for at least 2; 200 is usual.")


def _odds(share: Array) -> Array:
    """Odds of what a share leaves, kept away from none and from certainty."""
    return np.asarray(np.clip((1 - share) / np.maximum(share, EDGE), EDGE, 1 / EDGE))
