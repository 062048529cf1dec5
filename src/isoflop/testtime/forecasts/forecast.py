"""Coverage far beyond the samples at hand: three ways to forecast it, tried by hiding the larger k."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import FitError, TableError
from isoflop.fit.estimate import Correction, Estimate
from isoflop.testtime.estimators.bounded import check_resampled, share_interval
from isoflop.testtime.estimators.coverage import counted, pass_at_k
from isoflop.testtime.forecasts.distributions import DifficultyFit, fit_difficulty
from isoflop.testtime.forecasts.extrapolation import thin
from isoflop.testtime.forecasts.families import forecast_families
from isoflop.testtime.forecasts.implied import CoveragePower, fit_coverage
from isoflop.testtime.forecasts.own import bend, never_falling, own_coverage, own_forecast, with_bend
from isoflop.uncertainty.bootstrap import draw_weights
from isoflop.validate.scores import Prediction, Scores, score

Array = NDArray[Any]

METHODS: Final = MappingProxyType(
    {
        "given counts": "each problem's own counts; where they say little, all families of difficulty that fit them",
        "distribution": "a scaled beta distribution of difficulty, taken to be right (maximum likelihood)",
        "power law": "exp(-a k^-b), least squares of ln(-ln coverage) on ln k, taken to go on with little bend",
    }
)
"""The ways to forecast coverage."""

SHARES: Final = (4, 16)
"""A back-test keeps one in so many samples, and forecasts coverage by all of them."""
FEWEST: Final = 8
"""Samples of a problem below which nothing can be hidden and little can be fitted."""
BEYOND: Final = "how the forecast fares farther beyond the samples than the back-test went"


@dataclass(frozen=True, eq=False)
class Forecasts:
    """Coverage by more samples, in every way that could be fitted.

    Attributes:
        ks: samples, shape (ks,).
        by: method → coverage with its interval, shape (ks,).
        difficulty: the distribution of difficulty, a scaled beta.
        families: families of difficulty behind `given counts`, each with its share.
        power: the power law of the curve; None where coverage leaves no two points to fit.
    """

    ks: Array
    by: Mapping[str, Estimate]
    difficulty: DifficultyFit
    families: Mapping[str, float]
    power: CoveragePower | None


@dataclass(frozen=True)
class MethodScores:
    """How a method forecast coverage by hidden samples.

    Attributes:
        method: which.
        rms_error: root mean square of forecast minus coverage by all samples.
        mean_error: mean of it; positive when too hopeful.
        scores: relative errors, share of truths inside their intervals, inflation.
        predictions: one per hidden k and repeat; the row is the samples that were kept.
    """

    method: str
    rms_error: float
    mean_error: float
    scores: Scores
    predictions: tuple[Prediction, ...]


@dataclass(frozen=True)
class HiddenSamples:
    """A back-test: the larger k were hidden, forecast from fewer samples, and looked at.

    Attributes:
        kept: samples of every problem that the forecasts saw, smaller and smaller.
        samples: samples that there are.
        repeats: how often the hidden ones were drawn.
        methods: their scores, the smallest error first.
        level: confidence level of the intervals that were tried.
        skipped: why some could not be fitted.
    """

    kept: tuple[int, ...]
    samples: int
    repeats: int
    methods: tuple[MethodScores, ...]
    level: float
    skipped: tuple[str, ...] = ()

    @property
    def best(self) -> str:
        """The method of the smallest error."""
        return self.methods[0].method

    def of(self, method: str) -> MethodScores:
        """Scores of one method."""
        return next(one for one in self.methods if one.method == method)


def even_ks(most: int, points: int = 13) -> Array:
    """Give numbers of samples up to the largest, even in the logarithm; fewer where they coincide.

    >>> even_ks(100, 5).tolist()
    [1, 3, 10, 32, 100]
    """
    return np.unique(np.round(np.geomspace(1, most, points)).astype(np.int64))


def forecast(
    n: ArrayLike, c: ArrayLike, ks: ArrayLike, *, rng: np.random.Generator, draws: int = 200, level: float = 0.9
) -> Forecasts:
    """Forecast mean coverage of these problems by more samples, in every way.

    `given counts` does not know the family of the rates (`forecast_families`); the others are sharper where what they
    assume is right, and hold too seldom where it is not. These speak of such problems on average; their draws are
    scattered by what these very problems may differ from it, as their counts leave it open. Otherwise a few that were
    never solved, on which everything hangs far beyond the samples, would be missed too often.

    Args:
        n: samples of every problem, shape (problems,).
        c: correct ones.
        ks: samples to forecast, shape (ks,), also far above n.
        rng: random state; the same state gives the same bits.
        draws: refits behind the intervals.
        level: confidence level.

    Returns:
        The forecasts; their intervals lie between 0 and 1.

    Raises:
        TableError: counts that cannot be.
        FitError: no problem was ever solved, or all always, or too few samples.

    >>> rng = np.random.default_rng(0)
    >>> c = rng.binomial(100, rng.beta(0.3, 2, 60))
    >>> found = forecast(np.full(60, 100), c, [100, 1000], rng=rng, draws=50)
    >>> list(found.by), bool(np.all(np.diff(found.by["distribution"].value) > 0))
    (['given counts', 'distribution', 'power law'], True)
    """
    samples, correct = counted(n, c)
    far = np.atleast_1d(np.asarray(ks, dtype=float))
    if samples.min() < 2 or np.all(correct == samples):
        what = "Some problem has a single sample" if samples.min() < 2 else "Every sample is correct"
        raise FitError(f"{what}, so no law of coverage can be fitted. Draw more samples, or take other problems.")
    check_resampled(len(samples), draws)
    weights = draw_weights(rng, draws, len(samples), "bayes", None)
    difficulty = fit_difficulty(samples, correct, weights=weights)
    own = own_coverage(difficulty.difficulty, (samples, correct), weights, far, rng)
    scale = difficulty.difficulty.scale
    families = forecast_families((samples, correct), far, scale=scale, weights=weights, rng=rng, level=level)
    by = {
        "given counts": families.coverage,
        "distribution": own_forecast(difficulty.coverage(far, level=level), own, difficulty.correction),
    }
    seen = even_ks(int(samples.min()))
    table = pass_at_k(samples, correct, seen)
    mean = table.mean(axis=0)
    power = None
    if np.count_nonzero((mean > 0) & (mean < 1)) >= 2:
        power = fit_coverage(seen, table, weights=weights)
        used = np.asarray(power.ks)
        size = bend(used, mean[np.isin(seen, used)])
        line = power.coverage(far, level=level)
        bent = replace(line, draws=with_bend(power, far, size, rng))
        by["power law"] = own_forecast(bent, own, power.correction)
    rising = {name: never_falling(one, far) for name, one in by.items()}
    return Forecasts(far, MappingProxyType(rising), difficulty, families.shares, power)


def within_bounds(found: Estimate, correction: Correction) -> Estimate:
    """Give a coverage an interval on the scale of its odds, so that no end is below 0 or above 1.

    Args:
        found: coverage with its draws.
        correction: small-sample and back-test factors.

    Returns:
        The same coverage and draws, with another interval.
    """
    if found.draws is None:
        raise AssertionError("a coverage has draws")
    return replace(found, interval=share_interval(found.value, found.draws, found.level, correction))


def inflated(found: Forecasts, tested: HiddenSamples | None) -> Forecasts:
    """Widen the intervals of forecasts by what a back-test showed.

    Args:
        found: forecasts.
        tested: the back-test of the same methods; None leaves them as they are.

    Returns:
        The forecasts with wider intervals.
    """
    if tested is None:
        return found
    inflation = {one.method: one.scores.inflation or 1.0 for one in tested.methods}
    correction = found.difficulty.correction
    by = {
        name: replace(
            within_bounds(one, replace(correction, inflation=inflation.get(name, 1.0))),
            leaves_out=(*one.leaves_out, BEYOND),
        )
        for name, one in found.by.items()
    }
    return replace(found, by=MappingProxyType({name: never_falling(one, found.ks) for name, one in by.items()}))


def hide_larger(
    n: ArrayLike,
    c: ArrayLike,
    *,
    rng: np.random.Generator,
    repeats: int = 3,
    draws: int = 60,
    level: float = 0.9,
) -> HiddenSamples:
    """Back-test forecasts of coverage: keep one in 4 and one in 16 samples, forecast all, and compare.

    What is hidden is drawn at random, so that the kept samples are what a smaller budget would have given. The truth
    is the unbiased pass@k by all samples, of which the kept ones are part.

    Args:
        n: samples of every problem, shape (problems,).
        c: correct ones.
        rng: random state.
        repeats: how often samples are hidden, for every number that is kept.
        draws: refits behind every interval.
        level: confidence level of the intervals.

    Returns:
        Scores of every method.

    Raises:
        FitError: too few samples to hide some, or nothing could be fitted.
    """
    samples, correct = counted(n, c)
    most = int(samples.min())
    kept = tuple(dict.fromkeys(most // share for share in SHARES if most // share >= 2))
    if most < FEWEST:
        raise FitError(f"{most} samples of a problem are too few to hide some of them. Draw {FEWEST} or more.")
    found: dict[str, list[Prediction]] = {}
    skipped: list[str] = []
    for budget in kept:
        ks = np.array([k for k in even_ks(most) if k > budget])
        truth = pass_at_k(samples, correct, ks).mean(axis=0)
        for _ in range(repeats):
            few = thin(samples, correct, budget, rng=rng)
            try:
                made = forecast(np.full(len(few), budget), few, ks, rng=rng, draws=draws, level=level)
            except (FitError, TableError) as error:
                skipped.append(f"{budget} samples: {error}")
                continue
            for name, one in made.by.items():
                found.setdefault(name, []).extend(_predictions(budget, ks, truth, one))
    if not found:
        raise FitError("No forecast from fewer samples could be fitted: " + " ".join(dict.fromkeys(skipped)))
    methods = sorted((_scored(name, made, level) for name, made in found.items()), key=lambda one: one.rms_error)
    return HiddenSamples(kept, most, repeats, tuple(methods), level, tuple(dict.fromkeys(skipped)))


def _predictions(kept: int, ks: Array, truth: Array, made: Estimate) -> list[Prediction]:
    """One prediction per hidden k."""
    low, high = made.interval
    rows = zip(ks.tolist(), truth.tolist(), made.value.tolist(), low.tolist(), high.tolist(), strict=True)
    return [
        Prediction(kept, {"k": float(k)}, observed, predicted, (lower, upper), float(np.log10(k / kept)))
        for k, observed, predicted, lower, upper in rows
        if observed > 0
    ]


def _scored(method: str, made: list[Prediction], level: float) -> MethodScores:
    """Sum up a method's predictions."""
    errors = np.array([one.predicted - one.observed for one in made])
    return MethodScores(
        method, float(np.sqrt(np.mean(errors**2))), float(errors.mean()), score(made, level), tuple(made)
    )
