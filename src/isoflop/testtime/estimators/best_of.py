"""Best of k: the value of the sample that a reward or a verifier picks among k, without bias, ties averaged."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.testtime.estimators.ragged import allowed_ks, by_size, checked_starts, finite

Array = NDArray[Any]


def order_weights(n: int, ks: Array) -> Array:
    """Weights of the ordered samples in the mean of the largest of k, `C(r−1, k−1)/C(n, k)` for rank r.

    By `λ_n = k/n` and `λ_r = λ_(r+1) (1 − (k−1)/r)`, which never overflows.

    Reference: Qiu et al. 2025 (ENAMEL), arXiv:2406.06647, and its code.

    Args:
        n: samples.
        ks: values of k, shape (ks,).

    Returns:
        Weights in rising order of the samples, shape (n, ks); zero where k−1 samples do not come before.

    >>> order_weights(4, np.array([2])).ravel().round(6).tolist()
    [0.0, 0.166667, 0.333333, 0.5]
    """
    ranks = np.arange(n - 1, 0, -1)
    factors = np.maximum(1 - (ks - 1) / ranks[:, None], 0.0)
    falling = np.cumprod(np.concatenate([(ks / n)[None], factors]), axis=0)
    return np.asarray(falling[::-1])


def best_of_k(
    values: ArrayLike,
    starts: ArrayLike,
    ks: ArrayLike,
    *,
    by: ArrayLike | None = None,
    names: Sequence[str] | None = None,
) -> Array:
    """Mean value of the sample with the largest score among k, for every problem.

    `Σ_r C(r−1, k−1)/C(n, k) y_(r)`, samples in rising order of the score: the mean over all subsets of k. Samples
    of equal score share their weights alike, which is what picking one of them at random gives.

    With a verifier's score and `values` 1 or 0 for correct, it is the accuracy of best-of-k; without `by`, the
    expected largest value: best-of-k by reward, and eff@k where the values are efficiencies.

    Reference: Qiu et al. 2025 (ENAMEL), arXiv:2406.06647 (largest value); Singhi et al. 2025,
        arXiv:2504.01005, and its code (picked by a verifier; there ties are shuffled 100 times).

    Args:
        values: what the picked sample is worth, shape (samples,).
        starts: place of every problem's first sample, and the number of samples.
        ks: values of k.
        by: score that picks, larger is better; the values themselves when None.
        names: of the problems, for errors.

    Returns:
        Estimates, shape (problems, ks).

    Raises:
        TableError: k is above n of some problems, or a value or score is missing; the problems are named.

    >>> right, score = [0, 1, 0, 1, 1, 0], [0.9, 0.8, 0.7, 0.6, 0.5, 0.4]
    >>> best_of_k(right, [0, 6], [1, 2, 3, 6], by=score).round(6).tolist()
    [[0.5, 0.466667, 0.35, 0.0]]
    """
    begin = checked_starts(starts, np.size(values))
    y = finite(values, begin, "values", names)
    score = y if by is None else finite(by, begin, "scores", names)
    asked = allowed_ks(ks, np.diff(begin), names)
    found = np.empty((len(begin) - 1, len(asked)))
    for n, problems, places in by_size(begin):
        found[problems] = _in_rising_order(y[places], score[places]) @ order_weights(n, asked)
    return found


def _in_rising_order(values: Array, score: Array) -> Array:
    """Values in rising order of their score; samples of equal score all get their mean."""
    order = np.argsort(score, axis=1, kind="stable")
    ranked, keys = np.take_along_axis(values, order, axis=1), np.take_along_axis(score, order, axis=1)
    new = np.ones(keys.shape, dtype=bool)
    new[:, 1:] = keys[:, 1:] != keys[:, :-1]
    if new.all():
        return ranked
    # Rows one after another: every row begins a block, so that blocks never cross rows.
    block = np.cumsum(new.ravel()) - 1
    means = np.bincount(block, weights=ranked.ravel()) / np.bincount(block)
    return np.asarray(means[block].reshape(ranked.shape))
