"""Where more samples, or more rounds of rethinking, stop to pay: the plateau of test-time scaling."""

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop import laws
from isoflop.errors import FitError
from isoflop.fit.estimate import Estimate, estimate_from_draws
from isoflop.fit.fitting import fit_law
from isoflop.fit.result import Fit
from isoflop.runs.table import RunTable
from isoflop.testtime.forecasts.difficulty import Difficulty
from isoflop.uncertainty.bootstrap import bootstrap

Array = NDArray[Any]

LEAVES_OUT: Final = (
    "that problems differ: one rate for all makes the plateau come too early",
    "rounds of rethinking that turn a right answer wrong",
)


@dataclass(frozen=True, eq=False)
class Saturation:
    """`F(N) = F_max (1 - (1-p)^N)` fitted to accuracies.

    Args:
        F_max: highest accuracy that can be reached.
        p: effective chance of one more unit.
        fit: the certified fit, with draws where they were asked for.
    """

    F_max: float
    p: float
    fit: Fit

    def accuracy(self, n: ArrayLike) -> Array:
        """Accuracy of N units, of the shape of N."""
        return np.asarray(-self.F_max * np.expm1(np.asarray(n, float) * math.log1p(-self.p)))

    def units(self, gain: float, *, level: float = 0.9) -> Estimate:
        """Units after which one more gains no more than this, with their interval.

        Args:
            gain: epsilon, accuracy.
            level: confidence level.

        Returns:
            N*, and its interval.

        Raises:
            FitError: the fit has no draws.
        """
        if self.fit.draws is None:
            raise FitError("The fit has no draws, so N* has no interval. Give rng to fit_saturation.")
        places = [self.fit.names.index(name) for name in ("F_max", "p")]
        drawn = np.array([_units(f, p, gain) for f, p in self.fit.draws[:, places]], dtype=float)
        value = float(saturation_units(self.F_max, self.p, gain))
        correction = self.fit.correction_of(value, drawn)
        return estimate_from_draws(
            value, drawn, level=level, correction=correction, leaves_out=LEAVES_OUT, unit="samples or rounds"
        )


def saturation_units(F_max: float, p: float, gain: float) -> int:  # the letter of the source
    """Smallest number of units after which one more gains at most epsilon.

    The (N+1)th unit gains `F_max p (1-p)^N`, so `N* = ceil( ln(eps/(F_max p)) / ln(1-p) )`, and 0 where the first one
    gains no more. The same for parallel samples and for rounds in sequence.

    Reference: Wang et al. 2025, arXiv:2505.20522, as secondary sources have it; the algebra is checked in the tests.

    Args:
        F_max: highest accuracy that can be reached, above 0 and at most 1.
        p: chance of one more unit, between 0 and 1.
        gain: epsilon, accuracy.

    Returns:
        N*.

    Raises:
        FitError: a number is outside its range.

    >>> saturation_units(1, 0.3, 0.01), saturation_units(0.8, 0.5, 0.01), saturation_units(0.9, 0.1, 0.005)
    (10, 6, 28)
    """
    if not (0 < F_max <= 1 + 1e-6 and 0 < p < 1 and gain > 0):
        raise FitError(
            f"F_max = {F_max:g}, p = {p:g}, gain = {gain:g} has no plateau. Give F_max up to 1, p between 0 and 1, and "
            "a positive gain."
        )
    return int(_units(F_max, p, gain))


def _units(top: float, p: float, gain: float) -> float:
    """N* for numbers that may be NaN."""
    if not (math.isfinite(top) and 0 < p < 1):
        return math.nan
    if gain >= top * p:
        return 0.0
    exact = math.log(gain / (top * p)) / math.log1p(-p)
    # A quotient that is whole but for rounding counts as whole.
    return float(round(exact) if abs(exact - round(exact)) < 1e-9 * max(exact, 1) else math.ceil(exact))


def units_by_difficulty(difficulty: Difficulty, gain: float, *, most: float = 1e9) -> float:
    """Units after which one more gains at most epsilon, where problems differ in their rate.

    The (N+1)th sample gains `F(N) - F(N+1) = E[p (1-p)^N]`, which falls as a power of N where the source's single
    rate makes it fall exponentially: the plateau comes later.

    Args:
        difficulty: distribution of the rates.
        gain: epsilon, coverage.
        most: where the search ends.

    Returns:
        N*, infinite where the gain is still larger at `most`.

    Raises:
        FitError: the gain is not positive.

    >>> units_by_difficulty(Difficulty(1, 1), 0.001)
    31.0
    """
    if not gain > 0:
        raise FitError(f"A gain of {gain:g} is never reached. Give a positive one.")

    def enough(n: float) -> bool:
        failed = 1.0 if n == 0 else float(difficulty.failure(n))
        return failed - float(difficulty.failure(n + 1)) <= gain

    if enough(0):
        return 0.0
    low, high = 0.0, 1.0
    while not enough(high):
        low, high = high, 2 * high
        if low > most:
            return math.inf
    while high - low > 1:
        middle = math.floor((low + high) / 2)
        low, high = (low, middle) if enough(middle) else (middle, high)
    return float(high)


def fit_saturation(
    n: ArrayLike,
    accuracy: ArrayLike,
    *,
    rng: np.random.Generator | None = None,
    draws: int = 200,
) -> Saturation:
    """Fit `F(N) = F_max (1 - (1-p)^N)` by least squares.

    Args:
        n: parallel samples, or rounds in sequence, shape (levels,).
        accuracy: at each, fractions.
        rng: random state of the resampling of levels; no intervals when None.
        draws: refits behind the intervals.

    Returns:
        The law.

    Raises:
        TableError: too few levels.

    >>> law = fit_saturation([1, 2, 4, 8, 16], [0.24, 0.408, 0.608, 0.755, 0.797])
    >>> round(law.F_max, 2), round(law.p, 2)
    (0.8, 0.3)
    """
    table = RunTable.from_columns({"n": np.asarray(n, float), "accuracy": np.asarray(accuracy, float)})
    fit = fit_law(laws.get("sampling-saturation"), table, objective="ls")
    if rng is not None:
        fit = bootstrap(fit, table, rng=rng, draws=draws)
    return Saturation(fit.parameters["F_max"], fit.parameters["p"], fit)
