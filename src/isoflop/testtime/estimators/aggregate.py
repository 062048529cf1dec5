"""Scores of several runs on several tasks in one number: interquartile mean, optimality gap, chance of improvement."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import TableError
from isoflop.fit.estimate import Estimate, check_level
from isoflop.testtime.estimators.resample import check_draws

Array = NDArray[Any]

TRIMMED: Final = 0.25
"""Share of the scores left out at each end."""
LEAVES_OUT: Final = ("that other tasks than these may be asked for",)


def interquartile_mean(scores: Array) -> Array:
    """Mean of the middle half of all scores, `floor(n/4)` left out at each end.

    Reference: Agarwal et al. 2021, arXiv:2108.13264.

    Args:
        scores: normalised scores, shape (…, runs, tasks).

    Returns:
        Shape (…,).

    >>> x = np.array([[0.1, 1.2, 0.5, 0.9], [0.2, 1.5, 0.4, 1.1], [0.0, 0.8, 0.6, 1.0]])
    >>> round(float(interquartile_mean(x)), 6)
    0.7
    """
    flat = np.sort(scores.reshape(*scores.shape[:-2], -1), axis=-1)
    cut = int(TRIMMED * flat.shape[-1])
    return np.asarray(flat[..., cut : flat.shape[-1] - cut].mean(axis=-1))


def optimality_gap(scores: Array, *, target: float = 1.0) -> Array:
    """What scores lack of a target on average, those above it counted as the target.

    Reference: Agarwal et al. 2021, arXiv:2108.13264.

    Args:
        scores: shape (…, runs, tasks).
        target: score that is good enough.

    Returns:
        Shape (…,).

    >>> round(float(optimality_gap(np.array([[0.5, 1.5], [0.9, 1.0]]))), 6)
    0.15
    """
    return np.asarray(target - np.minimum(scores, target).mean(axis=(-2, -1)))


def chance_of_improvement(scores: Array, other: Array) -> Array:
    """Chance that a run scores above a run of another on the same task, ties for half, mean over tasks.

    Reference: Agarwal et al. 2021, arXiv:2108.13264: Mann and Whitney's U over the pairs of runs.

    Args:
        scores: shape (…, runs, tasks).
        other: shape (…, other runs, tasks).

    Returns:
        Shape (…,).

    >>> float(chance_of_improvement(np.array([[1.0], [3.0]]), np.array([[1.0], [2.0]])))
    0.625
    """
    mine, theirs = scores[..., :, None, :], other[..., None, :, :]
    return np.asarray(((mine > theirs) + 0.5 * (mine == theirs)).mean(axis=(-3, -2, -1)))


def over_runs(
    measure: Callable[..., Array], *tables: ArrayLike, rng: np.random.Generator, draws: int = 2000, level: float = 0.9
) -> Estimate:
    """A measure of scores with the interval of runs drawn again, within every task for itself.

    Args:
        measure: from tables of shape (draws, runs, tasks) to values, shape (draws,).
        tables: scores of one algorithm, shape (runs, tasks), or of two on the same tasks.
        rng: random state; the same state gives the same bits.
        draws: how often runs are drawn.
        level: confidence level.

    Returns:
        The value with percentiles; tasks are fixed.

    Raises:
        TableError: a table has another shape, fewer than two runs, or a missing score; or tasks differ.
        FitError: a level that is no probability, or no draws.

    >>> x = [[0.1, 1.2, 0.5, 0.9], [0.2, 1.5, 0.4, 1.1], [0.0, 0.8, 0.6, 1.0]]
    >>> found = over_runs(optimality_gap, x, rng=np.random.default_rng(0))
    >>> round(found.value, 6), found.interval[0] <= 0.375 <= found.interval[1]
    (0.375, True)
    """
    check_level(level)
    check_draws(draws)
    checked = [_table(scores) for scores in tables]
    if len({scores.shape[1] for scores in checked}) > 1:
        listed = ", ".join(str(scores.shape) for scores in checked)
        raise TableError(
            f"Scores of shapes {listed} are of different tasks. Give one column per task, the same in all."
        )
    value = float(measure(*(scores[None] for scores in checked))[0])
    drawn = measure(*(_drawn(scores, draws, rng) for scores in checked))
    low, high = np.quantile(drawn, [(1 - level) / 2, 0.5 + level / 2])
    return Estimate(value, (float(low), float(high)), level, drawn, LEAVES_OUT)


def _table(scores: ArrayLike) -> Array:
    """Scores, checked."""
    found = np.asarray(scores, dtype=float)
    if found.ndim != 2 or len(found) < 2 or not found.shape[1] or not np.isfinite(found).all():
        raise TableError(
            f"Scores of shape {found.shape} are no table of runs × tasks. Give two runs or more, and no missing score."
        )
    return found


def _drawn(scores: Array, draws: int, rng: np.random.Generator) -> Array:
    """Runs drawn with replacement, each task for itself, shape (draws, runs, tasks)."""
    picked = rng.integers(0, len(scores), (draws, *scores.shape))
    return np.asarray(scores[picked, np.arange(scores.shape[1])])
