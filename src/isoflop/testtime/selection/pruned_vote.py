"""Accuracy of RPC among k samples: the vote weighted by probability over the paths that pruning keeps."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import TableError
from isoflop.testtime.counts import named, whole
from isoflop.testtime.estimators.ragged import allowed_ks, checked_starts, finite, graded
from isoflop.testtime.selection.perplexity import likely_paths

Array = NDArray[Any]


def pruned_vote_at_k(
    answers: ArrayLike,
    correct: ArrayLike,
    mean_log_prob: ArrayLike,
    starts: ArrayLike,
    ks: ArrayLike,
    *,
    rng: np.random.Generator,
    subsets: int = 10,
    completions: ArrayLike | None = None,
    names: Sequence[str] | None = None,
) -> Array:
    """Accuracy of RPC among k samples for every problem, over subsets drawn without replacement.

    Every subset is pruned and voted on by itself; answers that tie share. A mixture is fitted for each, some
    milliseconds. Without pruning this is `weighted_vote_at_k` with weights exp(mean log p).

    Reference: Zhou et al. 2025 (RPC), arXiv:2510.15444: ten draws of k paths.

    Args:
        answers: label of every sample's answer, whole numbers, negative where there is none, shape (samples,).
        correct: whether the sample is correct, the same for all samples of a problem with one answer.
        mean_log_prob: mean token log-probability of every sample, nats, at most 0.
        starts: place of every problem's first sample, and the number of samples.
        ks: values of k.
        rng: random state.
        subsets: drawn for every problem and k; one where k is all of its samples.
        completions: labels of the texts, equal ones counted once; without them every sample counts.
        names: of the problems, for errors.

    Returns:
        Estimates, shape (problems, ks).

    Raises:
        TableError: k is above n, a value is missing, correct is outside 0 to 1, or an answer is both right and wrong.
        InputError: a log-probability is above 0.

    >>> logs = [-0.2, -0.25, -0.3, -0.35, -1.2, -1.4, -1.5, -1.6, -1.8, -2.0]
    >>> answers = np.array([0, 0, 1, 0, 1, 1, 1, 2, 1, 2])
    >>> pruned_vote_at_k(answers, answers == 0, logs, [0, 10], [10], rng=np.random.default_rng(0)).tolist()
    [[1.0]]
    """
    labels = whole(answers, "answers")
    begin = checked_starts(starts, len(labels))
    right, logs = graded(correct, begin, names), finite(mean_log_prob, begin, "log_probs", names)
    texts = np.arange(len(labels)) if completions is None else whole(completions, "completions")
    if len(texts) != len(labels) or subsets < 1:
        raise TableError(f"{len(texts)} completions, {subsets} subsets: give one per sample, and 1 subset or more.")
    _one_truth(labels, right, begin, names)
    asked = allowed_ks(ks, np.diff(begin), names)
    found = np.empty((len(begin) - 1, len(asked)))
    for place, (first, last) in enumerate(pairwise(begin)):
        for column, k in enumerate(asked):
            draws = subsets if k < last - first else 1
            rows = [first + rng.permutation(last - first)[:k] for _ in range(draws)]
            found[place, column] = np.mean([_credit(labels[r], right[r], logs[r], texts[r]) for r in rows])
    return found


def _one_truth(labels: Array, right: Array, begin: Array, names: Sequence[str] | None) -> None:
    """Refuse an answer that is both right and wrong."""
    problem = np.repeat(np.arange(len(begin) - 1), np.diff(begin))
    order = np.lexsort((right, labels, problem))
    p, a, r = problem[order], labels[order], right[order]
    torn = (p[1:] == p[:-1]) & (a[1:] == a[:-1]) & (a[1:] >= 0) & (r[1:] != r[:-1])
    if torn.any():
        bad = [names[k] if names is not None else str(k) for k in np.unique(p[1:][torn]).tolist()]
        raise TableError(
            f"{named(bad)}: samples with one answer are both correct and wrong. Give equal answers one label."
        )


def _credit(labels: Array, right: Array, logs: Array, texts: Array) -> float:
    """Whether the surest answer of a subset is right, tied ones sharing; 0 without an answer."""
    _, first = np.unique(texts, return_index=True)
    once = np.zeros(len(labels), dtype=bool)
    once[first] = True
    counted = once & (labels >= 0) & likely_paths(logs)
    if not counted.any():
        return 0.0
    levels, place, codes = np.unique(labels[counted], return_index=True, return_inverse=True)
    # Relative to the largest: what underflows counts for nothing either way.
    weight = np.bincount(codes, weights=np.exp(logs[counted] - logs[counted].max()), minlength=len(levels))
    return float(right[counted][place][weight == weight.max()].mean())
