"""When to stop sampling for a vote: adaptive consistency, and what it saves on samples at hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import InputError, TableError
from isoflop.testtime.counts import named, whole
from isoflop.testtime.estimators.ragged import allowed_ks, checked_starts, graded

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Stopped:
    """What a stopping rule does on every problem, on average over orders of its samples.

    Args:
        used: samples drawn, shape (problems,), or (problems, limits) where several were asked for.
        accuracy: of the leading answer when it stops, tied leaders sharing.
        undecided: share of the orders in which the limit came first.
    """

    used: Array
    accuracy: Array
    undecided: Array


def leader_probability(first: ArrayLike, second: ArrayLike) -> Array:
    """Chance that the leading answer is the commoner of the two with the most votes, from a flat prior.

    `P = 1 − I_(1/2)(v1+1, v2+1) = 1 − Σ_(k ≤ v2) C(v1+v2+1, k)/2^(v1+v2+1)`.

    Reference: Aggarwal et al. 2023 (adaptive consistency), arXiv:2305.11860.

    Args:
        first: v1, votes of the leading answer.
        second: v2, votes of the next, at most v1.

    Returns:
        Probabilities, from .5 at a tie.

    Raises:
        InputError: votes are negative or out of order.

    >>> leader_probability([3, 4, 6, 8], [0, 0, 1, 2]).round(6).tolist()
    [0.9375, 0.96875, 0.964844, 0.967285]
    """
    v1, v2 = np.broadcast_arrays(whole(first, "votes"), whole(second, "votes"))
    if np.any((v2 < 0) | (v1 < v2)):
        raise InputError("The second answer has more votes than the first, or less than none. Give v1 ≥ v2 ≥ 0.")
    from scipy.special import betainc

    return np.asarray(np.where(v1 == v2, 0.5, betainc(v2 + 1.0, v1 + 1.0, 0.5)))


def _enough(most: int, threshold: float) -> Array:
    """Votes of the leader that reach the threshold, for every number of votes of the next up to `most`."""
    second = np.arange(most + 1)
    # The probability rises with the leader's votes, so that halving finds the first that is enough.
    low, high = second.copy(), np.maximum(second, most) + 1
    while np.any(high - low > 1):
        middle = (low + high) // 2
        # A threshold that is a sum of powers of 1/2 is reached, not missed by a rounding.
        reached = leader_probability(middle, second) >= threshold * (1 - 1e-12)
        low, high = np.where(reached, low, middle), np.where(reached, middle, high)
    return high


def adaptive_consistency(
    answers: ArrayLike,
    correct: ArrayLike,
    starts: ArrayLike,
    *,
    rng: np.random.Generator,
    most: ArrayLike,
    threshold: float = 0.95,
    orders: int = 200,
    names: Sequence[str] | None = None,
) -> Stopped:
    """Replay adaptive consistency on samples at hand, in random orders.

    Sampling stops when `leader_probability` reaches the threshold, at the latest after `most` samples. A
    sample without an answer costs one and votes for nothing.

    Reference: Aggarwal et al. 2023, arXiv:2305.11860; threshold and prior as in its_hub 1.2.0.

    Args:
        answers: label of every sample's answer, negative where there is none, shape (samples,).
        correct: whether the sample is correct, 0 to 1.
        starts: place of every problem's first sample, and the number of samples.
        rng: random state.
        most: limit of samples, a number or shape (limits,).
        threshold: probability at which it stops.
        orders: random orders of every problem's samples.
        names: of the problems, for errors.

    Returns:
        Samples used and accuracy of every problem.

    Raises:
        TableError: the limit is above n of some problems, which are named.
        InputError: the threshold is no probability above one half.

    >>> answers = [0] * 9 + [1]
    >>> stop = adaptive_consistency(answers, [1] * 9 + [0], [0, 10], rng=np.random.default_rng(0), most=10)
    >>> stop.accuracy.tolist(), bool(4 < stop.used[0] < 6)
    ([1.0], True)
    """
    if not 0.5 < threshold < 1:
        raise InputError(f"The threshold {threshold:g} is no probability above one half. Write 0.95.")
    if orders < 1:
        raise InputError(f"{orders} orders replay nothing. Give at least 1; 200 is usual.")
    labels = whole(answers, "answers")
    begin = checked_starts(starts, len(labels))
    right = graded(correct, begin, names)
    limits = allowed_ks(most, np.diff(begin), names)
    enough = _enough(int(limits.max()), threshold)
    found = np.empty((3, len(begin) - 1, len(limits)))
    for place in range(found.shape[1]):
        rows = slice(int(begin[place]), int(begin[place + 1]))
        levels, first, codes = np.unique(labels[rows], return_index=True, return_inverse=True)
        truth = np.where(levels < 0, 0.0, right[rows][first])
        if np.any(truth[codes] != np.where(labels[rows] < 0, 0.0, right[rows])):
            who = named([names[place] if names is not None else str(place)])
            raise TableError(f"{who}: samples with one answer are both correct and wrong. Give them two labels.")
        shuffled = rng.permuted(np.broadcast_to(codes, (orders, len(codes))), axis=1)
        found[:, place] = _replay(shuffled, np.stack([truth, levels < 0]), enough, limits)
    return Stopped(*(found if np.ndim(most) else found[..., 0]))


def _replay(codes: Array, answers: Array, enough: Array, limits: Array) -> Array:
    """Mean samples used, accuracy, and share of orders that the limit ended, shape (3, limits)."""
    orders, (truth, none) = len(codes), answers
    tally = np.zeros((orders, len(truth) + 1), dtype=np.int64)
    open_, used, right = np.arange(orders), np.zeros(orders), np.zeros(orders)
    found = np.empty((3, len(limits)))
    for step in range(int(limits.max())):
        drawn = codes[open_, step]
        tally[open_, drawn] += none[drawn] == 0
        used[open_] = step + 1
        top = np.partition(tally[open_], -2, axis=1)[:, -2:]
        done = top[:, 1] >= enough[top[:, 0]]
        ended = (limits == step + 1).any()
        now = open_ if ended else open_[done]
        right[now] = _accuracy(tally[now, :-1], truth)
        open_ = open_[~done]
        later = limits >= step + 1
        if ended or not len(open_):
            found[:, later] = np.array([used.mean(), right.mean(), len(open_) / orders])[:, None]
        if not len(open_):
            break
    return found


def _accuracy(votes: Array, truth: Array) -> Array:
    """Accuracy of the leading answer of every order, tied ones sharing; wrong where there is none."""
    leaders = (votes == votes.max(axis=1, keepdims=True)) & (votes > 0)
    return np.asarray((leaders @ truth) / np.maximum(leaders.sum(axis=1), 1))
