"""Pre-training against inference: how many samples of a small model cost as much as a larger model."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import FitError
from isoflop.fit.estimate import Estimate, estimate_from_draws
from isoflop.testtime.forecasts.difficulty import failures
from isoflop.testtime.forecasts.distributions import DifficultyFit
from isoflop.testtime.forecasts.implied import CoveragePower

Array = NDArray[Any]

FARTHEST: Final = 1e12
"""Samples up to which a coverage is looked for."""

LEAVES_OUT: Final = (
    "that coverage needs a verifier which finds the right sample",
    "other lengths of answers, and other prices of reading and writing tokens, than those of the larger model",
)


@dataclass(frozen=True, eq=False)
class Exchange:
    """What a small model with many samples must serve to be worth a larger one's pre-training.

    Args:
        factor: M, parameters of the larger model over those of the small one.
        accuracy: of the larger model, which the small one has to reach.
        samples: that the small model needs for it.
        ratio: tokens of inference over tokens of pre-training, `D_inf/D_pre`, below which the small model reaches it at
            the FLOPs of the larger one; infinite where it does at every ratio.
    """

    factor: float
    accuracy: float
    samples: Estimate
    ratio: Estimate


def inference_multiplier(factor: ArrayLike, ratio: ArrayLike) -> Array:
    """Factor by which a small model may multiply its inference at the FLOPs of a model with M times its parameters.

    Pre-training costs `6 P D_pre`, inference `2 P D_inf`, and a factor M on the parameters multiplies both. The same
    FLOPs let the small model infer `M + 3 (M-1)/R` times as much, R = D_inf/D_pre.

    Reference: Snell, Lee, Xu, Kumar 2024, arXiv:2408.03314; derived from its definitions.

    Args:
        factor: M, at least 1.
        ratio: R, above 0.

    Returns:
        The multiplier, of the common shape.

    Raises:
        FitError: a factor below 1, or a ratio that is not positive.

    >>> [round(float(inference_multiplier(14, r)), 2) for r in (0.16, 0.79, 22)]
    [257.75, 63.37, 15.77]
    """
    m, r = np.asarray(factor, float), np.asarray(ratio, float)
    if not (np.all(m >= 1) and np.all(r > 0)):
        raise FitError(
            "The exchange needs a factor M of at least 1 and a positive ratio R = D_inf/D_pre. Correct them."
        )
    return np.asarray(m + 3 * (m - 1) / r)


def break_even_ratio(factor: float, samples: ArrayLike) -> Array:
    """Ratio R = D_inf/D_pre below which k samples of the small model cost less than the larger model.

    `R = 3 (M-1)/(k-M)`; infinite where k is at most M, since the small model is then cheaper at every ratio.

    Args:
        factor: M, above 1.
        samples: k.

    Returns:
        Ratios, of the shape of k.

    Raises:
        FitError: a factor of at most 1.

    >>> float(break_even_ratio(14, 53)), float(break_even_ratio(14, 14))
    (1.0, inf)
    """
    if not factor > 1:
        raise FitError(f"A model {factor:g} times as large is no larger one. Give a factor above 1.")
    k = np.asarray(samples, float)
    few = k <= factor
    return np.asarray(np.where(few, np.inf, 3 * (factor - 1) / np.where(few, 1.0, k - factor)))


def samples_needed(coverage: CoveragePower | DifficultyFit, accuracy: float, *, level: float = 0.9) -> Estimate:
    """Samples whose coverage reaches an accuracy, with their interval.

    Args:
        coverage: a fitted law of coverage or distribution of difficulty, with draws.
        accuracy: to be reached, between 0 and 1.
        level: confidence level.

    Returns:
        Samples k, at least 1; NaN where more than 1e12 would be needed.

    Raises:
        FitError: an accuracy outside 0 to 1, or no draws.
    """
    if not 0 < accuracy < 1:
        raise FitError(f"An accuracy of {accuracy:g} is not between 0 and 1. Give a fraction.")
    if coverage.draws is None:
        raise FitError("The law of coverage has no draws, so there is no interval. Give rng when it is fitted.")
    if isinstance(coverage, CoveragePower):
        a, b = np.vstack([[coverage.a, coverage.b], coverage.draws]).T
        with np.errstate(over="ignore"):
            k = (a / -np.log(accuracy)) ** (1 / b)
    else:
        k = _crossings(coverage, accuracy)
    k = np.where(k <= FARTHEST, np.maximum(k, 1.0), np.nan)
    return estimate_from_draws(
        float(k[0]), k[1:], level=level, correction=coverage.correction, leaves_out=LEAVES_OUT, unit="samples"
    )


def exchange(
    coverage: CoveragePower | DifficultyFit, accuracy: float, factor: float, *, level: float = 0.9
) -> Exchange:
    """Samples with which a small model reaches a larger one's accuracy, and the ratio up to which that is cheaper.

    Args:
        coverage: law of the small model's coverage, with draws.
        accuracy: of the larger model with a single answer.
        factor: M, its parameters over those of the small one.
        level: confidence level.

    Returns:
        The exchange.

    Raises:
        FitError: no draws, or numbers outside their ranges.
    """
    needed = samples_needed(coverage, accuracy, level=level)
    if needed.draws is None:
        raise AssertionError("the samples have draws")
    low, high = (break_even_ratio(factor, end) for end in reversed(needed.interval))
    ratio = Estimate(
        float(break_even_ratio(factor, needed.value)), (float(low), float(high)), level,
        break_even_ratio(factor, needed.draws), LEAVES_OUT, "D_inf/D_pre",
    )  # fmt: skip
    return Exchange(factor, accuracy, needed, ratio)


def _crossings(fit: DifficultyFit, accuracy: float) -> Array:
    """Where coverage reaches an accuracy: for the fit, then for its draws."""
    d = fit.difficulty
    drawn = np.vstack([[[d.alpha, d.beta]], fit.draws if fit.draws is not None else np.empty((0, 2))])
    log_k = np.linspace(0.0, np.log(FARTHEST), 400)
    failed = failures(drawn, d.scale, d.shape, np.exp(log_k))
    found = [_crossing(log_k, np.log(np.maximum(one, 1e-300)), np.log1p(-accuracy)) for one in failed]
    return np.asarray(np.exp(np.array(found)))


def _crossing(x: Array, falling: Array, wanted: float) -> float:
    """Place where a falling curve reaches a value: its start where it begins below, NaN where it never does."""
    if not falling[-1] <= wanted:
        return float("nan")
    return float(np.interp(-wanted, -falling, x))
