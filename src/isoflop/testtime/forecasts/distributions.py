"""Distributions of difficulty by maximum likelihood of the counts, and coverage far beyond the samples at hand."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import FitError
from isoflop.fit.estimate import Correction, Estimate, estimate_from_draws
from isoflop.testtime.estimators.bounded import check_resampled, share_from_draws, without_spread
from isoflop.testtime.estimators.coverage import counted
from isoflop.testtime.forecasts.ascent import LogChance, Summits, climb, loosest
from isoflop.testtime.forecasts.difficulty import Difficulty, failures, log_chances
from isoflop.testtime.forecasts.mixtures import Shape
from isoflop.testtime.forecasts.scales import plausible_scales, spread_out
from isoflop.uncertainty.bootstrap import draw_weights

Array = NDArray[Any]
Scale = Literal["max", "likelihood"] | float
Outcome = Literal["interior", "weakly identified", "at a bound", "not converged"]

BOUNDS: Final = (0.01, 100.0)
"""Range of alpha and beta in the source."""
SCALES: Final = 10
"""Scales tried before the best of them is refined."""
FIRST: Final = (0.35, 3.5)
"""Where the source starts when it has no better place."""
LOOSE: Final = float(np.log(10))
"""Standard error of a log parameter, a factor of ten, from which on the counts do not tell both parameters."""

LEAVES_OUT: Final = (
    "that rates may follow another distribution, above all near 0",
    "other problems than those of this benchmark",
)
WEAK: Final = (
    "that alpha and beta are weakly identified: others, a factor of ten away, fit the counts about as well, and the "
    "draws stay near these"
)


@dataclass(frozen=True, eq=False)
class DifficultyFit:
    """A distribution of difficulty fitted to counts.

    Args:
        difficulty: the distribution.
        log_likelihood: mean over problems of the log of the chance of their counts.
        problems: how many.
        samples: smallest and largest number of samples of a problem.
        outcome: `interior`, `weakly identified` (inside, but parameters a factor of ten away fit about as well: with
            one sample per problem only the mean rate is known), `at a bound` (a parameter ended at an end of
            `bounds`), or `not converged`.
        bounds: smallest and largest alpha and beta that were allowed.
        draws: alpha and beta under resampled problems, shape (draws, 2); None when none were asked for.
        scales: the scale of every draw, shape (draws,): the given one, or scales by their likelihood.
    """

    difficulty: Difficulty
    log_likelihood: float
    problems: int
    samples: tuple[int, int]
    outcome: Outcome
    bounds: tuple[float, float]
    draws: Array | None = field(default=None, repr=False)
    scales: Array | None = field(default=None, repr=False)

    def parameter(self, name: Literal["alpha", "beta"], *, level: float = 0.9) -> Estimate:
        """Alpha or beta with its interval under resampled problems.

        Raises:
            FitError: there is no such parameter, or the fit has no draws.
        """
        if name not in ("alpha", "beta"):
            raise FitError(f"The distribution has no parameter {name!r}. Ask for alpha or beta.")
        value, drawn = float(getattr(self.difficulty, name)), self._drawn[:, ("alpha", "beta").index(name)]
        left = without_spread(value, drawn, self.leaves_out)
        return estimate_from_draws(value, drawn, level=level, correction=self.correction, leaves_out=left)

    def coverage(self, k: ArrayLike, *, level: float = 0.9) -> Estimate:
        """Coverage of k samples of the problems' distribution, with its interval.

        Args:
            k: samples, also far above those at hand, shape (ks,) or a number.
            level: confidence level.

        Returns:
            Coverage and interval between 0 and 1, of the shape of k.

        Raises:
            FitError: the fit has no draws, or there is no k above 0.
        """
        failed = self._failed(k).reshape(-1, *np.shape(k))
        value = self.difficulty.coverage(k)
        point = value if np.ndim(value) else float(value)
        return share_from_draws(point, 1 - failed, level=level, correction=self.correction, leaves_out=self.leaves_out)

    def implied(self, ks: ArrayLike, law: Callable[[Array], Array]) -> Array:
        """Evaluate something of failure curves for every draw.

        Args:
            ks: samples, shape (ks,).
            law: from failures, shape (draws, ks), to values, shape (draws, …).

        Returns:
            The values.
        """
        return np.asarray(law(self._failed(ks)))

    def by_scale(self) -> list[tuple[float, Array]]:
        """Give the scales of the draws, each with the places of its draws.

        Raises:
            FitError: the fit has no draws.
        """
        drawn = self._drawn
        scales = np.full(len(drawn), self.difficulty.scale) if self.scales is None else self.scales
        return [(float(one), np.flatnonzero(scales == one)) for one in np.unique(scales)]

    @property
    def leaves_out(self) -> tuple[str, ...]:
        """What the intervals do not contain, in words."""
        return (WEAK, *LEAVES_OUT) if self.outcome == "weakly identified" else LEAVES_OUT

    @property
    def correction(self) -> Correction:
        """Small-sample correction of the intervals: problems are what is resampled."""
        return Correction(self.problems, 2)

    def _failed(self, ks: ArrayLike) -> Array:
        """Failure curves of the draws, shape (draws, number of k)."""
        found = np.empty((len(self._drawn), np.size(ks)))
        for scale, places in self.by_scale():
            found[places] = failures(self._drawn[places], scale, self.difficulty.shape, ks)
        return found

    @property
    def _drawn(self) -> Array:
        """The draws, which must be there."""
        if self.draws is None:
            raise FitError("The distribution has no draws, so there is no interval. Give rng to fit_difficulty.")
        return self.draws


def fit_difficulty(
    n: ArrayLike,
    c: ArrayLike,
    *,
    shape: Shape = "beta",
    scale: Scale = "max",
    bounds: tuple[float, float] = BOUNDS,
    rng: np.random.Generator | None = None,
    draws: int = 200,
    weights: Array | None = None,
) -> DifficultyFit:
    """Fit a distribution of difficulty to the counts of every problem, by maximum likelihood.

    The chance of c of n is the mean of `C(n,c) p^c (1-p)^(n-c)` over the distribution; rates c/n themselves
    are not used, so problems that were never solved count as they should.

    The source's scale, `max`, is `min(1, (P+1)/P max c/n)` for P problems: the largest of noisy rates, too large
    where samples are few (0.34 to 0.39 for a true 0.3 at 3000 problems of 100 samples, alpha 0.32 to 0.33 for
    0.3). `likelihood` maximises over the scale as well, ten times slower; 1.0 is a plain beta-binomial. With
    either word the draws have scales by their likelihood, so that intervals hold the scale's error.

    Reference: Schaeffer et al. 2025, arXiv:2502.17578, and the authors' code.

    Args:
        n: samples of every problem, shape (problems,), which may differ.
        c: correct ones.
        shape: beta, or kumaraswamy.
        scale: largest pass rate: `max`, `likelihood`, or a number.
        bounds: smallest and largest alpha and beta.
        rng: random state of the resampling of problems (Bayesian weights); no intervals when None.
        draws: refits behind the intervals.
        weights: of the problems, shape (draws, problems), instead of `rng` and `draws`, for laws that share them.

    Returns:
        The distribution, its likelihood, and draws.

    Raises:
        TableError: counts that cannot be.
        FitError: no problem was ever solved, a scale that cannot be, bounds that are none, or an interval of one
            problem or without draws.

    >>> fit = fit_difficulty([100] * 6, [0, 0, 1, 4, 20, 55], scale=1.0)
    >>> round(fit.difficulty.alpha, 3), round(fit.difficulty.beta, 3)
    (0.244, 1.692)
    """
    samples, correct = counted(n, c)
    if not correct.any():
        raise FitError("No problem was ever solved, so no distribution of rates can be told. Draw more samples.")
    if not 0 < bounds[0] < bounds[1] < np.inf:
        raise FitError(f"The bounds {bounds} are empty. Give two positive numbers, the smaller one first.")
    if rng is not None and weights is None:
        check_resampled(len(samples), draws)
        weights = draw_weights(rng, draws, len(samples), "bayes", None)
    pairs, place, count = np.unique(np.stack([samples, correct]), axis=1, return_inverse=True, return_counts=True)
    rows = pairs[0].astype(float), pairs[1].astype(float)
    chosen = _scale(rows, count.astype(float), scale, shape, bounds)
    found = _maximum(rows, count[None].astype(float), chosen, shape, bounds)
    alpha, beta = (float(v) for v in found.parameters[0])
    ended = _outcome(found, log_chances(*rows, chosen, shape), count.astype(float), bounds)
    fit = DifficultyFit(
        Difficulty(alpha, beta, chosen, shape), float(found.value[0]) / len(samples), len(samples),
        (int(samples.min()), int(samples.max())), ended, bounds,
    )  # fmt: skip
    if weights is None:
        return fit
    summed = np.stack([np.bincount(place.ravel(), weights=one, minlength=len(rows[0])) for one in weights])
    own = np.full(len(summed), chosen)
    if not isinstance(scale, int | float):
        again = partial(_maximum, rows, count[None].astype(float), shape=shape, bounds=bounds, near=found.parameters)
        own = spread_out(*plausible_scales(chosen, lambda one: float(again(scale=one).value[0])), len(summed))
    return replace(fit, draws=_resampled(fit, rows, summed, own), scales=own)


def _outcome(found: Summits, log_chance: LogChance, count: Array, bounds: tuple[float, float]) -> Outcome:
    """How the search for the maximum ended."""
    at = found.parameters[0]
    if not found.converged[0]:
        return "not converged"
    if np.any(at <= bounds[0] * (1 + 1e-6)) or np.any(at >= bounds[1] * (1 - 1e-6)):
        return "at a bound"
    return "weakly identified" if loosest(log_chance, count, at) > LOOSE else "interior"


def _resampled(fit: DifficultyFit, rows: tuple[Array, Array], weights: Array, scales: Array) -> Array:
    """Alpha and beta under weights of the rows, each draw with its scale, shape (draws, 2)."""
    d, drawn = fit.difficulty, np.empty((len(weights), 2))
    for scale in np.unique(scales):
        own = scales == scale
        start = np.tile([d.alpha, d.beta], (int(own.sum()), 1))
        found = climb(log_chances(*rows, float(scale), d.shape), weights[own], start, fit.bounds)
        drawn[own] = np.where(found.converged[:, None], found.parameters, np.nan)
    return drawn


def _scale(rows: tuple[Array, Array], count: Array, scale: Scale, shape: Shape, bounds: tuple[float, float]) -> float:
    """The largest pass rate: as given, the source's, or the most likely one."""
    n, c = rows
    if isinstance(scale, int | float):
        if not 0 < scale <= 1:
            raise FitError(f"A scale of {scale:g} is no largest pass rate. Give a number above 0 and at most 1.")
        return float(scale)
    problems = float(count.sum())
    if scale == "max":
        return float(min(1.0, (problems + 1) / problems * (c / n).max()))
    if scale != "likelihood":
        raise FitError(f"The scale {scale!r} is not known. Give max, likelihood, or a number up to 1.")
    return _likely_scale(rows, count, shape, bounds)


def _likely_scale(rows: tuple[Array, Array], count: Array, shape: Shape, bounds: tuple[float, float]) -> float:
    """The scale of largest likelihood: the best of a grid, refined between its neighbours."""
    from scipy.optimize import minimize_scalar

    n, c = rows
    lowest = np.log(max(float((c * count).sum() / (n * count).sum()), 1e-12))

    near: list[Array] = []

    def value(log_scale: float) -> float:
        # From the second scale on, the maximum is near that of the scale before.
        found = _maximum(rows, count[None], float(np.exp(log_scale)), shape, bounds, near=near[-1] if near else None)
        near.append(found.parameters)
        return -float(found.value[0])

    grid = np.linspace(lowest, 0.0, SCALES)[::-1]
    values = [value(x) for x in grid]
    best = int(np.argmin(values))
    ends = (grid[min(best + 1, SCALES - 1)], grid[max(best - 1, 0)])
    found = minimize_scalar(value, bounds=ends, method="bounded", options={"xatol": 1e-3})
    return float(np.exp(found.x)) if found.fun < values[best] else float(np.exp(grid[best]))


def _maximum(
    rows: tuple[Array, Array],
    weights: Array,
    scale: float,
    shape: Shape,
    bounds: tuple[float, float],
    *,
    near: Array | None = None,
) -> Summits:
    """The highest of the maxima that several starts find, or the one near a place."""
    n, c = rows
    if near is not None:
        return climb(log_chances(n, c, scale, shape), weights, near, bounds)
    rates = c / n / scale
    mean = float(np.average(rates, weights=weights[0]))
    spread = float(np.average((rates - mean) ** 2, weights=weights[0]))
    total = max(mean * (1 - min(mean, 0.99)) / max(spread, 1e-12) - 1, 0.1)
    start = np.array([FIRST, (mean * total, max(1 - mean, 0.01) * total), (1.0, 1.0)])
    found = climb(log_chances(n, c, scale, shape), np.repeat(weights, 3, axis=0), start, bounds)
    best = [int(np.argmax(found.value))]
    return Summits(found.parameters[best], found.value[best], found.converged[best])
