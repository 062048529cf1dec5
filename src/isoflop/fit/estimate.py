"""A number with its interval: the only form in which results leave isoflop."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import FitError
from isoflop.fit.quantiles import normal_quantile, student_quantile

Array = NDArray[Any]


def check_level(level: float) -> None:
    """Refuse a level that is no probability.

    Raises:
        FitError: it is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise FitError(f"The confidence level {level} is not between 0 and 1. Write 0.9 for 90 %.")


@dataclass(frozen=True)
class Correction:
    """What widens a bootstrap interval so that it keeps its promise in small samples.

    Args:
        rows: runs n.
        parameters: estimated parameters p.
        inflation: factor that a rolling back-test showed to be needed, at least 1.
        lost: whether the draws lack the noise that the fitted parameters took up. Bayesian weights
            do; drawing with replacement, which loses runs, spreads enough by itself.
        kept: share of one quantity's variance that the residuals keep, where its leverages are known, or of each of
            several; (n-p)/n when None.

    The spread around the estimate is multiplied by `t_(n-p)/(z sqrt(kept))` and the inflation.
    """

    rows: int
    parameters: int
    inflation: float = 1.0
    lost: bool = True
    kept: Any = None

    @cached_property
    def freedom(self) -> int:
        """Degrees of freedom n - p, at least 1."""
        return max(self.rows - self.parameters, 1)

    @property
    def share(self) -> Any:  # noqa: ANN401 - a number, or one per quantity
        """Share of the variance that draws show."""
        return self.freedom / self.rows if self.kept is None else self.kept

    def factor(self, level: float) -> Any:  # noqa: ANN401 - a number, or one per quantity
        """Multiplier of the spread at a confidence level.

        Raises:
            FitError: the level is not between 0 and 1.
        """
        check_level(level)
        tail = 0.5 + level / 2
        taken = 1 / np.sqrt(self.share) if self.lost else 1.0
        return taken * student_quantile(self.freedom, tail) / normal_quantile(tail) * self.inflation


@dataclass(frozen=True)
class Estimate:
    """A value with its interval.

    Args:
        value: the point estimate, a number or an array.
        interval: lower and upper end, of the same shape as the value.
        level: confidence level of the interval.
        draws: bootstrap draws behind it, shape (draws, …), when they were kept.
        leaves_out: what the interval does not contain, in words.
        unit: unit of the value.
    """

    value: Any
    interval: tuple[Any, Any]
    level: float
    draws: Array | None = field(default=None, repr=False, compare=False)
    leaves_out: tuple[str, ...] = ()
    unit: str = ""

    def __str__(self) -> str:
        """Value and interval on one line."""
        low, high = self.interval
        if np.ndim(self.value):
            return f"{self.value} [{low}, {high}] ({self.level:.0%})"
        return f"{self.value:.4g} [{low:.4g}, {high:.4g}] ({self.level:.0%})"

    def to_dict(self) -> dict[str, Any]:
        """Value and interval for JSON."""
        low, high = (np.asarray(e, dtype=float).tolist() for e in self.interval)
        return {"value": np.asarray(self.value, dtype=float).tolist(), "interval": [low, high]}


def interval_from_draws(value: float | Array, draws: Array, level: float, correction: Correction) -> tuple[Any, Any]:
    """Interval from bootstrap draws: percentiles, spread out from the estimate by the correction.

    Positive quantities are treated on a logarithmic scale, so that the interval stays positive.

    Args:
        value: point estimate, scalar or array.
        draws: shape (draws, …).
        level: confidence level.
        correction: small-sample and back-test factors.

    Returns:
        Lower and upper end; NaN where more than a tenth of the draws have no value.

    Raises:
        FitError: the level is no probability.
    """
    if not 0 < level < 1:
        raise FitError(f"The confidence level {level:g} is not between 0 and 1. Write 0.9 for 90 %.")
    point = np.asarray(value, dtype=float)
    finite = np.isfinite(draws)
    logarithmic = bool(np.all(draws[finite] > 0)) and bool(np.all(point > 0))
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = np.where(finite, np.log(draws) if logarithmic else draws, np.nan)
        centre = np.log(point) if logarithmic else point
    tail = (1 - level) / 2
    enough = finite.mean(axis=0) >= 0.9
    safe = np.where(enough, spread, 0.0)
    # Beyond this quantile of few draws lies the tail on average; the usual one cuts off too much.
    low, high = np.nanquantile(safe, [tail, 1 - tail], axis=0, method="weibull")
    factor = correction.factor(level)
    # An estimate at the edge of its draws, as at the end of a domain, stays inside.
    reach = (np.minimum(low - centre, 0.0), np.maximum(high - centre, 0.0))
    ends = [np.where(enough, centre + factor * end, np.nan) for end in reach]
    with np.errstate(over="ignore"):
        ends = [np.exp(e) if logarithmic else e for e in ends]
    return (float(ends[0]), float(ends[1])) if point.ndim == 0 else (ends[0], ends[1])


def estimate_from_draws(
    value: float | Array,
    draws: Array,
    *,
    level: float,
    correction: Correction,
    leaves_out: tuple[str, ...] = (),
    unit: str = "",
) -> Estimate:
    """An estimate with the interval that its draws support."""
    interval = interval_from_draws(value, draws, level, correction)
    return Estimate(value, interval, level, draws, leaves_out, unit)
