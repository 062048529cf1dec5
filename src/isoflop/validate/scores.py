"""Held-out runs against their forecasts: relative errors, coverage, and the inflation that intervals need."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from isoflop.fit.result import Fit


@dataclass(frozen=True)
class Prediction:
    """A held-out run, predicted from the smaller ones.

    Attributes:
        row: number of the run in its source.
        columns: the law's inputs.
        observed: measured response.
        predicted: forecast.
        interval: of a new run; None when no intervals were asked for.
        distance_decades: how far beyond the largest fitted run it lies, in powers of ten of the cut's column.
    """

    row: int
    columns: Mapping[str, float | str]
    observed: float
    predicted: float
    interval: tuple[float, float] | None
    distance_decades: float

    @property
    def rel_error(self) -> float:
        """Predicted over observed, minus one; negative when the forecast was too hopeful about a loss."""
        return self.predicted / self.observed - 1

    @property
    def covered(self) -> bool | None:
        """Whether the interval holds the observation; None without an interval."""
        if self.interval is None or not all(map(math.isfinite, self.interval)):
            return None
        return self.interval[0] <= self.observed <= self.interval[1]

    @property
    def strain(self) -> float | None:
        """Error as a multiple of the interval's half on the side of the observation.

        Reference: the ratio z / z_level of rolling-origin validation; above 1 the interval misses.
        """
        if self.covered is None or self.interval is None:
            return None
        ends = np.array([self.interval[0], self.interval[1], self.observed, self.predicted])
        # Intervals of positive quantities are built on a logarithmic scale.
        low, high, y, centre = np.log(ends) if np.all(ends > 0) else ends
        side = high - centre if y > centre else centre - low
        # A lopsided interval has a side close to nothing; a tenth of the whole is the least that counts.
        return float(abs(y - centre) / max(side, 0.1 * (high - low), 1e-300))

    def to_dict(self) -> dict[str, Any]:
        """Keys for JSON."""
        ends = None if self.covered is None or self.interval is None else list(self.interval)
        return {
            "row": self.row,
            "columns": dict(self.columns),
            "observed": self.observed,
            "predicted": self.predicted,
            "interval": ends,
            "distance_decades": self.distance_decades,
        }


@dataclass(frozen=True)
class Scores:
    """Errors of some predictions, summed up.

    Attributes:
        mean_abs_rel_error: mean of |predicted / observed - 1|.
        mean_signed_rel_error: mean of predicted / observed - 1.
        rms_log_error: root mean square of ln predicted - ln observed; None for quantities that are not positive.
        coverage: share of the runs inside their intervals; None without intervals.
        inflation: factor by which the intervals must grow to hold the stated share of these runs, at least 1.
    """

    mean_abs_rel_error: float
    mean_signed_rel_error: float
    rms_log_error: float | None
    coverage: float | None
    inflation: float | None


def score(predictions: Sequence[Prediction], level: float) -> Scores:
    """Sum up predictions of held-out runs.

    The inflation is the `level` quantile of error over half-interval, `Q_level(|err_i| / h_i)`, or 1
    when that is smaller. With Gaussian intervals h = 1.645 sd at 90 %, so it is the 90th
    percentile of z over 1.645. Of fewer than 1 / (1 - level) runs the largest ratio is taken.

    Args:
        predictions: at least one.
        level: confidence level of their intervals.

    Returns:
        The sums.
    """
    errors = np.array([p.rel_error for p in predictions])
    ratios = 1 + errors
    logs = math.sqrt(float(np.mean(np.log(ratios) ** 2))) if np.all(ratios > 0) else None
    strains = np.array([s for s in (p.strain for p in predictions) if s is not None])
    coverage = inflation = None
    if len(strains):
        coverage = float(np.mean([p.covered for p in predictions if p.covered is not None]))
        share = level if len(strains) * (1 - level) >= 1 - 1e-9 else 1.0
        inflation = max(float(np.quantile(strains, share)), 1.0)
    return Scores(float(np.abs(errors).mean()), float(errors.mean()), logs, coverage, inflation)


def corrected_akaike(fit: Fit) -> float:
    """Akaike's corrected criterion of a fit, by its sum of squared residuals.

    `AICc = n ln(RSS/n) + 2 k n / (n - k - 1)` with k = p + 1.

    Reference: Hurvich and Tsai 1989.

    Args:
        fit: any fit; residuals count in the objective's scale.

    Returns:
        AICc; infinite when n is no larger than k + 1.
    """
    n, k = fit.rows, sum(fit.free) + 1
    if n - k - 1 <= 0:
        return math.inf
    rss = max(float(fit.residuals @ fit.residuals), 1e-300)
    return n * math.log(rss / n) + 2 * k * n / (n - k - 1)
