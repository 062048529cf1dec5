"""What several laws say of one run that nobody has trained, and how far they disagree."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from isoflop.errors import LawError
from isoflop.fit.quantiles import normal_quantile
from isoflop.fit.result import Fit
from isoflop.fit.summary import Forecast
from isoflop.validate.averages import Average


@dataclass(frozen=True)
class Target:
    """Forecasts of one run by several laws.

    Attributes:
        columns: the run.
        forecasts: law → forecast; its interval carries the law's own inflation.
        averages: kind of average → value.
        between: relative standard deviation of the laws around their equal-weight average.
        interval: around the equal-weight average, with each law's own half-width and its distance from the average.
        level: confidence level of the intervals.
    """

    columns: Mapping[str, Any]
    forecasts: Mapping[str, Forecast]
    averages: Mapping[str, float]
    between: float
    interval: tuple[float, float]
    level: float

    def to_dict(self) -> dict[str, Any]:
        """Keys for JSON."""
        return {
            "columns": dict(self.columns),
            "laws": {name: forecast.to_dict() for name, forecast in self.forecasts.items()},
            "averages": dict(self.averages),
            "between": self.between,
            "interval": list(self.interval),
            "level": self.level,
        }


def forecast_target(
    fits: Mapping[str, Fit], columns: Mapping[str, Any], averages: tuple[Average, ...], level: float
) -> Target:
    """Predict one run with every law.

    `se = sum_m w_m sqrt(var_m + (y_m - mean)^2)` on a logarithmic scale, with equal weights: the
    disagreement of the laws is part of the interval.

    Reference: Buckland, Burnham and Augustin 1997, eq. 9.

    Args:
        fits: label → fit with draws.
        columns: word → value of the run.
        averages: kinds of average with their weights.
        level: confidence level.

    Returns:
        The forecasts side by side.

    Raises:
        LawError: the laws give values that are not positive, or the fits have no draws.
    """
    if not averages:
        raise LawError("A target is forecast on a logarithmic scale, and these laws give values that are not positive.")
    forecasts = {name: fit.predict(level=level, **columns) for name, fit in fits.items()}
    logs = np.log([forecast.value for forecast in forecasts.values()])
    mean = float(logs.mean())
    halves = np.array([0.5 * math.log(f.interval[1] / f.interval[0]) for f in forecasts.values()])
    quantile = normal_quantile((1 + level) / 2)
    half = float(np.sqrt(halves**2 + (quantile * (logs - mean)) ** 2).mean())
    values = {a.name: math.exp(float(logs @ np.array([a.weights[n] for n in forecasts]))) for a in averages}
    interval = (math.exp(mean - half), math.exp(mean + half))
    return Target(dict(columns), forecasts, values, float(logs.std()), interval, level)
