"""Pass rates too small for an ordinary evaluation: sample until a few passes, estimate without bias, extrapolate."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import FitError
from isoflop.fit.estimate import Estimate, check_level
from isoflop.fit.fitting import fit_law
from isoflop.fit.quantiles import student_quantile
from isoflop.fit.result import Fit
from isoflop.laws.catalogue import from_text
from isoflop.runs.table import RunTable
from isoflop.uncertainty.delta import covariance

Array = NDArray[Any]

NOT_IN: Final = (
    "the instances that passed at too few sizes, which count as unknown",
    "that an instance may emerge faster or slower than its law (see curve_type)",
    "curvature beyond the first order",
)
"""What the interval of a forecast does not contain."""


@dataclass(frozen=True)
class PassRate:
    """An estimated pass rate.

    Args:
        value: the estimate.
        interval: ends of an interval for it.
        level: confidence level of the interval.
        passes: r, passes seen.
        samples: K, samples drawn.
        stopped: whether sampling stopped at the passes wanted, or at the cap.
    """

    value: float
    interval: tuple[float, float]
    level: float
    passes: int
    samples: int
    stopped: Literal["passes", "cap"]


@dataclass(frozen=True, eq=False)
class InstanceLaw:
    """One law per instance of a task, averaged.

    Args:
        fits: fit of `-log p = c/N^alpha` per instance that passed at enough sizes.
        left_out: instances that did not, by place.
        runs: what each fit was fitted to.
    """

    fits: tuple[Fit, ...]
    left_out: tuple[int, ...]
    runs: tuple[RunTable, ...]

    def predict(self, params: float) -> float:
        """Mean pass rate of the fitted instances at a size; those left out count as unknown, not as zero."""
        return float(np.mean([np.exp(-fit.evaluate(params=params)[0]) for fit in self.fits]))

    def forecast(self, params: float, *, level: float = 0.9) -> Estimate:
        """The same with an interval by the delta method, cut to 0 to 1.

        The instances were sampled apart, so their errors are independent; their few residuals are counted together.

        Args:
            params: the size.
            level: confidence level.

        Returns:
            The mean pass rate and its interval.

        Raises:
            FitError: no instance has more rates than its law has parameters, or the level is none.
        """
        check_level(level)
        freedom = sum(len(runs) - sum(fit.free) for fit, runs in zip(self.fits, self.runs, strict=True))
        if freedom < 1:
            raise FitError("As many rates as parameters leave no error. Give instances with rates at three sizes.")
        found = [covariance(fit, runs) for fit, runs in zip(self.fits, self.runs, strict=True)]
        law = self.fits[0].law
        errors = [own.spread(lambda theta: np.exp(-law.evaluate(theta, {"params": [params]})[:, 0]))[1]
                  for own in found]  # fmt: skip
        value = self.predict(params)
        reach = student_quantile(freedom, 0.5 + level / 2) * float(np.linalg.norm(errors)) / len(errors)
        interval = (max(value - reach, 0.0), min(value + reach, 1.0))
        return Estimate(value, interval, level, None, NOT_IN, "fraction")


def sample_until(
    draw: Callable[[np.random.Generator], bool], *, rng: np.random.Generator, passes: int = 2, cap: int = 100_000
) -> tuple[int, int]:
    """Draw until so many passes, or until the cap.

    Args:
        draw: one sample, True when it passes.
        rng: random state.
        passes: r; at least 2, or the estimate would be biased.
        cap: most samples.

    Returns:
        Passes and samples.

    Raises:
        FitError: fewer than two passes are asked for.
    """
    if passes < 2:
        raise FitError(f"{passes} passes give no unbiased estimate: (r - 1)/(K - 1) needs r of at least 2.")
    seen = 0
    for count in range(1, cap + 1):
        seen += bool(draw(rng))
        if seen == passes:
            return seen, count
    return seen, cap


def pass_rate(
    passes: int, samples: int, *, stopped: Literal["passes", "cap"] = "passes", level: float = 0.9
) -> PassRate:
    """Unbiased pass rate from inverse sampling, `(r - 1)/(K - 1)`; `s/cap` when the cap came first.

    The source's `r/K` is the maximum of the likelihood and too large: at r = 2 and p = .01 its mean is .0193.

    Reference: Hu et al. 2024, arXiv:2310.03262 (r/K); Haldane 1945 (without bias).

    Args:
        passes: r, passes seen.
        samples: K, samples drawn.
        stopped: at the passes wanted, or at the cap.
        level: confidence level of the interval, which is exact (Clopper and Pearson's argument).

    Returns:
        The estimate.

    Raises:
        FitError: fewer than two passes where sampling stopped at passes, or more passes than samples.

    >>> pass_rate(2, 101).value, pass_rate(0, 1000, stopped="cap").value
    (0.01, 0.0)
    """
    from scipy.special import betaincinv

    if passes > samples or samples < 1 or passes < 0:
        raise FitError(f"{passes} passes of {samples} samples are impossible. Give 0 <= passes <= samples.")
    if stopped == "passes" and passes < 2:
        raise FitError(f"{passes} passes give no unbiased estimate. Sample until at least 2, or say stopped='cap'.")
    check_level(level)
    tail, fails = (1 - level) / 2, samples - passes
    low = float(betaincinv(passes, fails + 1, tail)) if passes else 0.0
    # Stopped at a pass, the last sample was no chance of its own: the upper end rests on the ones before.
    above = passes if stopped == "passes" else passes + 1
    high = float(betaincinv(above, fails, 1 - tail)) if fails else 1.0
    value = (passes - 1) / (samples - 1) if stopped == "passes" else passes / samples
    return PassRate(value, (low, high), level, passes, samples, stopped)


def bias_of_ratio(passes: int, rate: float) -> float:
    """Mean of the estimator `r/K` at a true rate, by its series.

    Args:
        passes: r.
        rate: p.

    Returns:
        E[r/K], larger than p.

    Raises:
        FitError: no passes, or a rate outside (0, 1).

    >>> round(bias_of_ratio(1, 0.01), 4), round(bias_of_ratio(2, 0.01), 4)
    (0.0465, 0.0193)
    """
    from scipy.special import gammaln

    if passes < 1 or not 0 < rate < 1:
        raise FitError(f"{passes} passes at a rate of {rate:g} have no bias. Give a pass or more, and 0 < rate < 1.")
    k = np.arange(passes, passes + int(60 * passes / rate))
    log_chance = gammaln(k) - gammaln(passes) - gammaln(k - passes + 1)
    log_chance += passes * math.log(rate) + (k - passes) * math.log1p(-rate)
    return float(np.sum(np.exp(log_chance) * passes / k))


def curve_type(params: ArrayLike, rates: ArrayLike) -> float:
    """Curvature of `log(-log p)` in log N: 0 for the law, positive (convex) for slower, negative for faster emergence.

    Args:
        params: sizes N, at least three.
        rates: pass rates between 0 and 1.

    Returns:
        Coefficient of (log N)^2 in a least-squares parabola.

    Raises:
        FitError: fewer than three sizes, or a rate outside (0, 1).
    """
    x, p = np.log(np.asarray(params, float)), np.asarray(rates, float)
    if len(np.unique(x)) < 3 or not np.all((p > 0) & (p < 1)):
        raise FitError("The type of a curve needs three sizes and rates between 0 and 1, ends excluded. Sample more.")
    return float(np.polyfit(x - x.mean(), np.log(-np.log(p)), 2)[0])


def fit_instances(params: ArrayLike, rates: ArrayLike, *, fewest: int = 3) -> InstanceLaw:
    """Fit `p = exp(-c/N^alpha)` to every instance of a task by itself, as a line of `log(-log p)` in log N.

    The same on one row of rates is the source's fit of a whole task.

    Reference: Hu et al. 2024, arXiv:2310.03262.

    Args:
        params: sizes N, shape (sizes,).
        rates: pass rates, shape (instances, sizes); those of 0 or 1 take no part.
        fewest: sizes at which an instance must have a rate between 0 and 1.

    Returns:
        The fits, whose mean predicts the task.

    Raises:
        FitError: no instance has enough rates.
    """
    n, table = np.asarray(params, float), np.asarray(rates, float)
    law = from_text("surprisal = c/N^alpha", name="passuntil")
    fits, left, tables = [], [], []
    for place, p in enumerate(table):
        inside = (p > 0) & (p < 1)
        if inside.sum() < fewest:
            left.append(place)
            continue
        runs = RunTable.from_columns({"params": n[inside], "surprisal": -np.log(p[inside])})
        fits.append(fit_law(law, runs, objective="log-ls"))
        tables.append(runs)
    if not fits:
        raise FitError(f"No instance has a rate between 0 and 1 at {fewest} sizes. Sample more, or at larger sizes.")
    return InstanceLaw(tuple(fits), tuple(left), tuple(tables))
