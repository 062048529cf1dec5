"""The best of several looks better than it is: how much, and what is left."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import FitError

Array = NDArray[Any]


@cache
def expected_maximum(count: int) -> float:
    """Mean of the largest of some standard normal numbers.

    `E max = ∫ x R φ(x) Φ(x)^(R-1) dx`.

    Args:
        count: how many, R.

    Returns:
        The mean, in standard deviations.

    Raises:
        FitError: there is none.

    >>> [round(expected_maximum(count), 2) for count in (5, 10, 25)]
    [1.16, 1.54, 1.97]
    """
    if count < 1:
        raise FitError(f"There is no largest of {count} numbers. Give a count from 1 on.")
    from scipy.integrate import quad
    from scipy.special import log_ndtr

    def part(x: float) -> float:
        return float(x * count * np.exp(-0.5 * x * x + (count - 1) * log_ndtr(x)) / np.sqrt(2 * np.pi))

    return 0.0 if count == 1 else float(quad(part, -12.0, 12.0, epsabs=1e-12, epsrel=1e-12, limit=400)[0])


@dataclass(frozen=True)
class Selected:
    """The best of several candidates, with what choosing it costs.

    Args:
        place: its place among the candidates.
        optimism: how much lower its value looks than it is, by the draws.
        most: the same where all candidates were equal: σ·E[max of R normals].
    """

    place: int
    optimism: float
    most: float


def select_lowest(values: Array, draws: Array) -> Selected:
    """The lowest of several estimates and its optimism.

    In each draw the winner is chosen again, and its value compared with what that candidate has in
    the estimate that the draws scatter about: the mean shortfall is the optimism.

    Reference: winner's curse; bootstrap estimate of the bias of a minimum, Efron and Tibshirani 1993, chapter 10.

    Args:
        values: estimates, shape (candidates,).
        draws: their draws, shape (candidates, draws).

    Returns:
        The winner.

    Raises:
        FitError: a candidate has no value.
    """
    values, draws = np.asarray(values, dtype=float), np.asarray(draws, dtype=float)
    whole = draws[:, np.isfinite(draws).all(axis=0)]
    if not np.isfinite(values).all() or whole.shape[1] < 2:
        raise FitError("A candidate has no value or no draws, so that no best one can be chosen. Check its fit.")
    # Centred first: what the draws are off on average is no effect of choosing.
    whole = whole - whole.mean(axis=1, keepdims=True) + values[:, None]
    winners = whole.argmin(axis=0)
    shortfall = whole[winners, np.arange(whole.shape[1])] - values[winners]
    spread = float(np.sqrt(np.mean(np.var(whole, axis=1))))
    place = int(values.argmin())
    return Selected(place, max(-float(shortfall.mean()), 0.0), spread * expected_maximum(len(values)))
