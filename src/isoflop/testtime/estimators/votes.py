"""Majority votes of k samples: exact from the counts of the answers where these are few, sampled beyond."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import TableError
from isoflop.testtime.counts import named, whole
from isoflop.testtime.estimators.ragged import allowed_ks, checked_starts, finite, graded
from isoflop.testtime.estimators.tally import exact_work, majority_exact, majority_sampled, weighted_sampled

Array = NDArray[Any]

MOST_WORK: Final = 2e8
"""Products for the exact votes of one problem, some tenths of a second; beyond, subsets are drawn."""


def majority_at_k(
    answers: ArrayLike,
    correct: ArrayLike,
    starts: ArrayLike,
    ks: ArrayLike,
    *,
    rng: np.random.Generator | None = None,
    subsets: int = 1000,
    names: Sequence[str] | None = None,
) -> Array:
    """Accuracy of the majority among k samples, maj@k, for every problem.

    The mean over all subsets of k samples. Ties: one of the answers with the most votes, each with the same
    chance. A sample without an answer votes for nothing; where no sample has one, the vote is wrong.

    Reference: Wang et al. 2023 (self-consistency), arXiv:2203.11171, for the vote; the exact mean is worked out
        from the counts of the answers with a polynomial in the number of votes, checked against all subsets.

    Args:
        answers: label of every sample's answer, whole numbers, negative where there is none, shape (samples,).
        correct: whether the sample is correct, 0 to 1, the same for all samples of a problem with one answer.
        starts: place of every problem's first sample, and the number of samples.
        ks: values of k.
        rng: random state; needed where the exact mean would take too long (hundreds of different answers).
        subsets: that are then drawn; the standard error of a problem is at most `.5/√subsets`.
        names: of the problems, for errors.

    Returns:
        Estimates, shape (problems, ks).

    Raises:
        TableError: k is above n, an answer is both right and wrong, correct is outside 0 to 1, or subsets must be
            drawn without rng.

    >>> answers = [0] * 5 + [1] * 3 + [2] * 2
    >>> majority_at_k(answers, np.array(answers) == 0, [0, 10], [1, 3, 5, 10]).round(6).tolist()
    [[0.5, 0.583333, 0.678571, 1.0]]
    """
    labels, right, begin = _checked(answers, correct, starts, names)
    asked = allowed_ks(ks, np.diff(begin), names)
    found = np.empty((len(begin) - 1, len(asked)))
    sampled: list[int] = []
    for place in range(len(found)):
        own, truth, _ = _of_problem(labels, right, begin, place)
        votes = np.bincount(own + 1, minlength=len(truth) + 1)
        if exact_work(votes[1:], int(asked.max())) <= MOST_WORK:
            found[place] = majority_exact(votes[1:], truth, asked, spoiled=int(votes[0]))
        else:
            sampled.append(place)
            if rng is not None:
                found[place] = majority_sampled(own, truth, asked, rng, subsets)
    if sampled and rng is None:
        raise TableError(
            f"{_names(sampled, names)}: too many samples and answers for the exact vote. Give rng, and "
            f"{subsets} subsets of each are drawn."
        )
    return found


def weighted_vote_at_k(
    answers: ArrayLike,
    correct: ArrayLike,
    weights: ArrayLike,
    starts: ArrayLike,
    ks: ArrayLike,
    *,
    rng: np.random.Generator,
    subsets: int = 1000,
    names: Sequence[str] | None = None,
) -> Array:
    """Accuracy of `argmax_a Σ_(j: A_j = a) S_j` among k samples, the vote weighted by a verifier.

    All subsets where they are no more than `subsets`, else so many drawn without replacement. Ties as in
    `majority_at_k`, also where all weights are 0: every answer that is there is tied. Samples without an answer
    have no weight.

    Reference: Snell et al. 2024, arXiv:2408.03314 (best-of-N weighted); Singhi et al. 2025, arXiv:2504.01005.

    Args:
        answers: label of every sample's answer, negative where there is none, shape (samples,).
        correct: whether the sample is correct.
        weights: score of the verifier, 0 or more.
        starts: place of every problem's first sample, and the number of samples.
        ks: values of k.
        rng: random state.
        subsets: that are drawn for a problem.
        names: of the problems, for errors.

    Returns:
        Estimates, shape (problems, ks).

    Raises:
        TableError: k is above n, a weight is missing or negative, or an answer is both right and wrong.

    >>> rng = np.random.default_rng(0)
    >>> weighted_vote_at_k([0, 1, 1], [1, 0, 0], [0.9, 0.4, 0.4], [0, 3], [1, 3], rng=rng).round(4).tolist()
    [[0.3333, 1.0]]
    """
    labels, right, begin = _checked(answers, correct, starts, names)
    score = finite(weights, begin, "weights", names)
    if np.any(score < 0):
        bad = np.unique(np.searchsorted(begin, np.flatnonzero(score < 0), side="right") - 1)
        raise TableError(f"{_names(bad.tolist(), names)}: a weight is negative. Move the scores to 0 or more.")
    asked = allowed_ks(ks, np.diff(begin), names)
    found = np.empty((len(begin) - 1, len(asked)))
    for place in range(len(found)):
        own, truth, rows = _of_problem(labels, right, begin, place)
        found[place] = weighted_sampled(own, truth, score[rows], asked, rng=rng, subsets=subsets)
    return found


def pick_of_all(
    answers: ArrayLike, starts: ArrayLike, *, weights: ArrayLike | None = None, names: Sequence[str] | None = None
) -> Array:
    """The answer with the most votes, or the most weight, among all samples of every problem.

    Of several with the same votes, the one with the smallest label is given; `vote_ceiling` splits them.

    Args:
        answers: labels, negative where there is none, shape (samples,).
        starts: place of every problem's first sample, and the number of samples.
        weights: of the samples; 1 each when None.
        names: of the problems, for errors.

    Returns:
        Labels, −1 where no sample has an answer, shape (problems,).

    >>> pick_of_all([0, 1, 1], [0, 3]).tolist(), pick_of_all([0, 1, 1], [0, 3], weights=[0.9, 0.4, 0.4]).tolist()
    ([1], [0])
    """
    labels = whole(answers, "answers")
    begin = checked_starts(starts, len(labels))
    score = np.ones(len(labels)) if weights is None else finite(weights, begin, "weights", names)
    found = np.full(len(begin) - 1, -1)
    for place in range(len(found)):
        rows = slice(begin[place], begin[place + 1])
        levels, codes = np.unique(labels[rows], return_inverse=True)
        total = np.bincount(codes, weights=score[rows])
        total[levels < 0] = -np.inf
        found[place] = levels[int(total.argmax())] if (levels >= 0).any() else -1
    return found


def vote_ceiling(answers: ArrayLike, correct: ArrayLike, starts: ArrayLike) -> Array:
    """Accuracy of the majority of infinitely many samples: whether the commonest answer of a problem is right.

    Unlike pass@k, maj@k need not end at 1. The answer that is commonest among the samples stands for the commonest
    of all, so that with few samples it is too high or too low; answers of equal count share.

    Args:
        answers: labels, negative where there is none, shape (samples,).
        correct: whether the sample is correct.
        starts: place of every problem's first sample, and the number of samples.

    Returns:
        Shares from 0 to 1, shape (problems,).

    >>> vote_ceiling([0, 1, 1, 0, 1], [1, 0, 0, 1, 0], [0, 3, 5]).tolist()
    [0.0, 0.5]
    """
    labels, right, begin = _checked(answers, correct, starts, None)
    found = np.zeros(len(begin) - 1)
    for place in range(len(found)):
        own, truth, _ = _of_problem(labels, right, begin, place)
        if len(truth):
            votes = np.bincount(own[own >= 0], minlength=len(truth))
            found[place] = truth[votes == votes.max()].mean()
    return found


def _checked(answers: ArrayLike, correct: ArrayLike, starts: ArrayLike, names: Sequence[str] | None) -> Any:  # noqa: ANN401
    """Labels, whether they are right, and where the problems start."""
    labels = whole(answers, "answers")
    begin = checked_starts(starts, len(labels))
    right = graded(correct, begin, names)
    # An answer is right or wrong, whoever gave it.
    problem = np.repeat(np.arange(len(begin) - 1), np.diff(begin))
    order = np.lexsort((right, labels, problem))
    same = (np.diff(problem[order]) == 0) & (np.diff(labels[order]) == 0) & (labels[order][1:] >= 0)
    torn = same & (np.diff(right[order]) != 0)
    if torn.any():
        bad = np.unique(problem[order][1:][torn])
        raise TableError(
            f"{_names(bad.tolist(), names)}: samples with one answer are both correct and wrong. Give equal answers "
            "one label, and others another."
        )
    return labels, right, begin


def _of_problem(labels: Array, right: Array, begin: Array, place: int) -> tuple[Array, Array, slice]:
    """Answers of one problem as codes from 0, −1 for none, and whether each is right."""
    rows = slice(int(begin[place]), int(begin[place + 1]))
    levels, first, codes = np.unique(labels[rows], return_index=True, return_inverse=True)
    none = int((levels < 0).sum())
    return np.maximum(codes - none, -1), right[rows][first[none:]], rows


def _names(places: list[int], names: Sequence[str] | None) -> str:
    """Problems in words."""
    return named([names[k] if names is not None else str(k) for k in places])
