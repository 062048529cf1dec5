"""From laws of such problems on average to forecasts of these very problems, with the error of the law's own form."""

from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.fit.estimate import Correction, Estimate
from isoflop.testtime.estimators.bounded import share_interval
from isoflop.testtime.forecasts.difficulty import Difficulty
from isoflop.testtime.forecasts.implied import CoveragePower, lines
from isoflop.testtime.forecasts.posterior import coverage_given_counts

Array = NDArray[Any]

EDGE: Final = 1e-12
"""Odds that count as none."""
HIDDEN: Final = (4,)
"""The law is fitted to the curve up to one in so many samples, and tried on the rest of it."""
STEPS: Final = 24
"""Places between the samples at hand and the farthest forecast at which a curve is looked at."""
FEWEST: Final = 3
"""Points to which a line is fitted before it is tried on others."""


def own_coverage(
    difficulty: Difficulty, counts: tuple[Array, Array], weights: Array, ks: Array, rng: np.random.Generator
) -> Array:
    """Coverage of problems drawn again, whose rates are drawn from what their counts leave open.

    Args:
        difficulty: distribution of the rates.
        counts: samples and correct ones of every problem.
        weights: of the problems, each row with their number as its sum, shape (draws, problems).
        ks: samples, shape (ks,).
        rng: random state.

    Returns:
        Coverage, shape (draws, ks).
    """
    n, c = counts
    # The square of a chance to fail is the chance of twice as many samples.
    once, twice = (1 - coverage_given_counts(difficulty, n, c, k) for k in (ks, 2 * ks))
    share = weights / weights.sum(axis=1, keepdims=True)
    scatter = np.sqrt(np.maximum(share @ (twice - once**2), 0.0) / len(n))
    # One normal number per draw: coverages at several k move together.
    return np.asarray(np.clip(1 - share @ once + scatter * rng.standard_normal((len(share), 1)), 0.0, 1.0))


def own_forecast(found: Estimate, own: Array, correction: Correction) -> Estimate:
    """Turn a law's coverage of such problems on average into one of these problems.

    What a law forecast for drawn problems is compared with their own coverage, in log-odds; so far may these problems
    lie from the middle of its draws. Law and problems share their draws, as they share their accidents: problems
    that happen to be easy lift both.

    Args:
        found: coverage by a law with its draws, of drawn problems each.
        own: coverage of the drawn problems, shape (draws, ks).
        correction: small-sample and back-test factors.

    Returns:
        The same coverage, with draws and an interval for these problems.
    """
    if found.draws is None:
        raise AssertionError("a coverage has draws")
    law = log_odds(found.draws)
    away = log_odds(own) - law
    draws = 1 / (1 + np.exp(np.nanmedian(away, axis=0) - away - np.nanmedian(law, axis=0)))
    interval = share_interval(found.value, draws, found.level, correction)
    return Estimate(found.value, interval, found.level, draws, found.leaves_out, found.unit)


def log_odds(share: Array) -> Array:
    """Log-odds of shares, those of 0 and 1 finite."""
    inside = np.clip(share, EDGE, 1 - EDGE)
    return np.asarray(np.log(inside) - np.log1p(-inside))


def bend(ks: Array, curve: Array) -> float:
    """How much `ln(-ln coverage)` bends per square of ln k, from laws that saw only the smaller k.

    A line fitted over a stretch L of ln k, tried d beyond its end on a curve `q x^2`, is off by
    `q (d^2 + d L + L^2/6)`. Root mean square of q over the hidden points.

    Args:
        ks: samples of the curve, shape (ks,).
        curve: coverage by them, all between 0 and 1.

    Returns:
        q, not negative; 0 where the curve has too few points to hide any.
    """
    x, y = np.log(ks), np.log(-np.log(curve))
    found: list[Array] = []
    for share in HIDDEN:
        seen = ks <= ks[-1] / share
        if np.count_nonzero(seen) < FEWEST:
            continue
        a, b = lines(ks[seen], curve[None, seen])[0]
        off = y[~seen] - (np.log(a) - b * x[~seen])
        found.append(off / _reach(x[~seen] - x[seen][-1], x[seen][-1] - x[seen][0]))
    return float(np.sqrt(np.mean(np.concatenate(found) ** 2))) if found else 0.0


def with_bend(power: CoveragePower, ks: Array, size: float, rng: np.random.Generator) -> Array:
    """Draws of coverage by the power law, moved by the bend that it does not have; none falls with k.

    Args:
        power: the law with its draws.
        ks: samples of the forecast, shape (ks,).
        size: as `bend` gives it.
        rng: random state.

    Returns:
        Draws, shape (draws, ks).

    Raises:
        FitError: the law has no draws.
    """
    seen = np.log(power.ks)
    # Also the way there: a curve that bends down stays as high as it was.
    path = np.unique(np.concatenate([ks, np.geomspace(power.ks[-1], max(power.ks[-1], ks.max()), STEPS)]))
    drawn = power.coverage(path).draws
    off = size * _reach(np.log(path) - seen[-1], float(seen[-1] - seen[0]))
    hidden = np.log(-np.log(np.clip(np.asarray(drawn), 1e-300, 1 - EDGE)))
    moved = np.exp(-np.exp(hidden + off * rng.standard_normal((len(hidden), 1))))
    return np.asarray(np.maximum.accumulate(moved, axis=1)[:, np.searchsorted(path, ks)])


def never_falling(found: Estimate, ks: Array) -> Estimate:
    """Bound a coverage by what bounds it elsewhere: more samples solve no fewer problems.

    Args:
        found: coverage, shape (ks,).
        ks: samples, in any order.

    Returns:
        The same coverage; a lower end holds for all larger k, an upper end for all smaller ones.
    """
    order = np.argsort(ks)
    low, high = (np.array(end, dtype=float) for end in found.interval)
    low[order] = np.maximum.accumulate(low[order])
    high[order] = np.minimum.accumulate(high[order][::-1])[::-1]
    # The law itself rises, so that it is inside still.
    return replace(found, interval=(np.minimum(low, found.value), np.maximum(high, found.value)))


def _reach(beyond: Array, stretch: float) -> Array:
    """Error of a line so far beyond its end per unit of the square's coefficient."""
    return np.asarray(beyond**2 + beyond * stretch + stretch**2 / 6)
