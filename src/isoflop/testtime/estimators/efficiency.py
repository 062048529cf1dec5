"""Efficiency of code that is right: times to scores with censoring for eff@k, and differential performance."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import InputError, TableError
from isoflop.testtime.counts import marks, whole
from isoflop.testtime.estimators.best_of import best_of_k
from isoflop.testtime.estimators.ragged import finite

Array = NDArray[Any]

HARDNESS: Final = (0.0, 3.0, 3.0, 4.0)
"""Weights of ENAMEL's four levels of tests."""

TIMEOUT_FACTOR: Final = 2.0
"""Times of the slowest reference after which a program is stopped."""


def hodges_lehmann(times: ArrayLike) -> float:
    """Median of the means of all pairs of times, each with itself included.

    Reference: Hodges and Lehmann 1963; Qiu et al. 2025 (ENAMEL), arXiv:2406.06647, and its code.

    Args:
        times: of repeats, shape (repeats,).

    Returns:
        Time, in their unit.

    Raises:
        InputError: no repeats, or a time that is missing or negative.

    >>> hodges_lehmann([1.0, 2.0, 6.0])
    2.75
    """
    values = np.asarray(times, dtype=float)
    if values.ndim != 1 or not len(values):
        raise InputError(f"Times of shape {values.shape} have no centre. Give those of the repeats of one test.")
    if not np.all(values >= 0):
        raise InputError("A time is missing or negative. Give the times of all repeats, infinite where stopped.")
    first, second = np.triu_indices(len(values))
    return float(np.median((values[first] + values[second]) / 2))


def efficiency_scores(
    times: ArrayLike,
    reference: ArrayLike,
    *,
    correct: ArrayLike | None = None,
    weights: Sequence[float] = HARDNESS,
    factor: float = TIMEOUT_FACTOR,
) -> Array:
    """Efficiency of samples from their times on levels of tests, each cut at a time-out.

    `f_l = max(0, T − t_l)/(T − t*_l)` with T the factor times the largest reference time of the levels that
    count; the score is the weighted mean. Beyond T a time is censored: that level and all after it
    have 0. A program that is faster than the reference has more than 1.

    Reference: Qiu et al. 2025 (ENAMEL), arXiv:2406.06647, and its code.

    Args:
        times: largest time of a level's tests, infinite where it was stopped, shape (samples, levels).
        reference: t* of every level.
        correct: whether all outputs of a sample are right; taken to be so when None.
        weights: h of every level; 0 for one that is only a check.
        factor: T over the largest reference time.

    Returns:
        Scores e, 0 where the answer is wrong or the first level was stopped, shape (samples,).

    Raises:
        InputError: shapes that do not fit, or times that are not positive; references and weights must be finite.
        TableError: `correct` is not 1 or 0 for every sample.

    >>> efficiency_scores([[0.1, 1.0, 1.0, 2.0], [0.1, 3.0, 9.0, 1.0]], [0.1, 1.0, 1.0, 2.0]).round(3).tolist()
    [1.0, 0.1]
    """
    t, best, h = np.asarray(times, dtype=float), np.asarray(reference, dtype=float), np.asarray(weights, dtype=float)
    if t.ndim != 2 or best.shape != (t.shape[1],) or h.shape != best.shape:
        raise InputError(
            f"Times of shape {t.shape}, {best.shape} references and {h.shape} weights do not fit. Give one reference "
            "and one weight per level."
        )
    sane = np.isfinite(best).all() and np.isfinite(h).all() and np.isfinite(factor)
    if not sane or not np.all(t > 0) or not np.all(best > 0) or np.any(h < 0) or not h.sum() > 0 or not factor > 1:
        raise InputError(
            "Times must be positive and known, references finite, weights 0 or more, and the factor above 1. Correct "
            "them."
        )
    counts = h > 0
    limit = factor * float(best[counts].max())
    alive = np.logical_and.accumulate(t < limit, axis=1)
    # A level without weight is only a check, and its reference may be at the limit or beyond.
    gained = np.where(alive, limit - np.where(alive, t, 0.0), 0.0)[:, counts] / (limit - best[counts])
    right = np.ones(len(t)) if correct is None else marks(correct, len(t), "correct")
    return np.asarray(gained @ h[counts] / h.sum() * right)


def eff_at_k(efficiencies: ArrayLike, starts: ArrayLike, ks: ArrayLike, *, names: Sequence[str] | None = None) -> Array:
    """Expected efficiency of the best of k samples, eff@k, without bias and with the least variance.

    `Σ_(r=k..n) C(r−1, k−1)/C(n, k) e_(r)`: the largest of k, averaged over all subsets instead of one.

    Reference: Qiu et al. 2025 (ENAMEL), arXiv:2406.06647, and its code.

    Args:
        efficiencies: of every sample, 0 where it is wrong, shape (samples,).
        starts: place of every problem's first sample, and the number of samples.
        ks: values of k.
        names: of the problems, for errors.

    Returns:
        Estimates, shape (problems, ks).

    Raises:
        TableError: k is above n of some problems, or an efficiency is missing or negative.

    >>> eff_at_k([0, 0.2, 0.5, 1, 0], [0, 5], [1, 2, 3, 5]).round(4).tolist()
    [[0.34, 0.59, 0.77, 1.0]]
    """
    values = np.asarray(efficiencies, dtype=float)
    if np.any(values < 0):
        raise TableError(f"{int((values < 0).sum())} efficiencies are negative. A wrong sample has 0.")
    return best_of_k(values, starts, ks, names=names)


def differential_performance(cost: ArrayLike, references: ArrayLike, shares: ArrayLike) -> tuple[Array, Array]:
    """Differential performance scores DPS of correct samples, and their normalised form.

    A sample counts as the fastest reference that it is not slower than: with place j of R, slow to fast,
    `DPS = shares[j]` and `DPS_norm = 100 (j+1)/R`; slower than all, both are 0.

    Reference: Liu et al. 2024 (EvalPerf), arXiv:2408.06450, and evalplus 0.3.1.

    Args:
        cost: instructions or time of correct samples, shape (samples,).
        references: cost of the reference clusters, slow to fast.
        shares: percent of solutions that are as slow as each cluster or slower.

    Returns:
        Both scores in percent, shape (samples,) each; a task's are their means over its correct samples.

    Raises:
        InputError: references are not slow to fast, shares do not rise or are no percentages, or a cost is missing.

    >>> scores, normed = differential_performance([9.0, 5.0, 20.0], [10.0, 5.0], [40.0, 100.0])
    >>> scores.tolist(), normed.tolist()
    ([40.0, 100.0, 0.0], [50.0, 100.0, 0.0])
    """
    used, steps, rise = (np.asarray(x, dtype=float) for x in (cost, references, shares))
    if steps.ndim != 1 or not len(steps) or rise.shape != steps.shape or np.any(np.diff(steps) > 0):
        raise InputError(f"References {steps.tolist()} must fall, with one share each. Sort them from slow to fast.")
    if not np.isfinite(steps).all() or not np.isfinite(used).all():
        raise InputError("A cost of a sample or of a reference is missing or infinite. Leave it out.")
    if np.any(np.diff(rise) < 0) or not np.all((rise >= 0) & (rise <= 100 * (1 + 1e-9))):
        raise InputError(f"Shares {rise.tolist()} must not fall, from 0 to 100 percent. Give cumulative shares.")
    # How many references a sample is as fast as, which is j + 1.
    passed = len(steps) - np.searchsorted(steps[::-1], used, side="left")
    return np.concatenate([[0.0], rise])[passed], 100 * passed / len(steps)


def mean_performance(scores: ArrayLike, correct: ArrayLike, *, fewest: int = 10) -> tuple[float, Array]:
    """Mean of the tasks' scores over those with enough correct samples.

    The score says nothing of tasks that were not solved: compare models on tasks that both have.

    Reference: Liu et al. 2024 (EvalPerf), arXiv:2408.06450, and evalplus 0.3.1.

    Args:
        scores: DPS of every task, shape (tasks,).
        correct: correct samples of every task.
        fewest: correct samples that a task needs.

    Returns:
        The mean, and which tasks it is over.

    Raises:
        TableError: no task has enough, or tasks have no score or no count.

    >>> mean_performance([50.0, 90.0], [100, 4])[0]
    50.0
    """
    if np.ndim(scores) != 1 or np.shape(scores) != np.shape(correct):
        raise TableError(f"Scores {np.shape(scores)} and counts {np.shape(correct)} do not fit. Give one per task.")
    enough = whole(correct, "correct samples") >= fewest
    if not enough.any():
        raise TableError(f"No task has {fewest} correct samples. Ask for fewer, or sample more.")
    own = finite(np.asarray(scores, dtype=float)[enough], np.array([0, int(enough.sum())]), "scores")
    return float(own.mean()), enough
