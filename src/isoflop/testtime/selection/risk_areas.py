"""Risk when the surest problems are answered first, for many bootstrap draws of the problems at once."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import InputError
from isoflop.testtime.estimators.resample import weight_blocks

Array = NDArray[Any]

EXACT: Final = 1e-24
"""Variance that is rounding only."""


def checked_marks(confidence: ArrayLike, correct: ArrayLike) -> tuple[Array, Array]:
    """Confidences and losses, checked.

    Raises:
        InputError: sizes differ, a confidence is missing, or a mark is outside 0 to 1.
    """
    scores, marks = np.asarray(confidence, dtype=float), np.asarray(correct, dtype=float)
    if scores.ndim != 1 or scores.shape != marks.shape or not len(scores):
        raise InputError(f"{scores.shape} confidences, {marks.shape} marks: give one of each per problem, at least 1.")
    if np.isnan(scores).any():
        raise InputError(
            f"{int(np.isnan(scores).sum())} confidences are missing. Leave those problems out, and say so."
        )
    if not ((marks >= 0) & (marks <= 1)).all():
        raise InputError(
            "A mark is missing or outside 0 to 1. Write 1 for correct, 0 for wrong, or a share of samples."
        )
    return scores, 1 - marks


@dataclass(frozen=True, eq=False)
class Ranked:
    """Problems by falling confidence, tied ones in one block.

    Args:
        order: places of the problems.
        first: place in `order` where each block starts.
        loss: in order.
    """

    order: Array
    first: Array
    loss: Array

    def blocks(self, counts: Array) -> tuple[Array, Array]:
        """Problems and losses of each block, for counts of every problem, shape (draws, problems)."""
        taken = counts[:, self.order]
        return np.add.reduceat(taken, self.first, axis=1), np.add.reduceat(taken * self.loss, self.first, axis=1)


def ranked_problems(confidence: Array, loss: Array) -> Ranked:
    """Problems by falling confidence."""
    order = np.argsort(-confidence, kind="stable")
    ordered = confidence[order]
    first = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    return Ranked(order, first, loss[order])


@dataclass(frozen=True, eq=False)
class Areas:
    """AURC of draws, with what every problem does to it.

    Args:
        value: AURC of every draw, shape (draws,).
        influence: of every problem, up to a constant, shape (draws, problems).
    """

    value: Array
    influence: Array

    def less(self, other: "Areas") -> "Areas":
        """The area above another one of the same draws."""
        return Areas(self.value - other.value, self.influence - other.influence)


def areas(ranked: Ranked, counts: Array) -> Areas:
    """AURC of every draw, the mean over random orders of tied problems, and its influences.

    Within a block of W problems with losses E after A problems with losses B, the expected risk of the first
    i is `(B + (i − A) E/W)/i`, whose sum has the closed form `E + (B − A E/W)(H(A + W) − H(A))`. So every loss of
    the block weighs `1 − A (H(A + W) − H(A))/W + H(n) − H(A + W)`.

    A problem adds its own loss by its weight, and takes from the risk wherever it counts among those answered: from its
    own block on, half of it there, `Σ E_b/(A_b + W_b)`.
    """
    size, losses = ranked.blocks(counts)
    after, weights = size.cumsum(axis=1), _weights(size)
    share = losses / np.maximum(after, 1)
    below = share[:, ::-1].cumsum(axis=1)[:, ::-1] - share / 2
    block = np.repeat(np.arange(len(ranked.first)), np.diff(np.append(ranked.first, len(ranked.order))))
    influence = np.empty(counts.shape)
    influence[:, ranked.order] = ranked.loss * weights[:, block] - below[:, block]
    return Areas(np.asarray((losses * weights).sum(axis=1) / counts.sum(axis=1)), influence)


def standard_errors(found: Areas, counts: Array) -> Array:
    """Standard error of every draw's value, from the influence of its problems, shape (draws,)."""
    share = counts / counts.sum(axis=1, keepdims=True)
    mean = (share * found.influence).sum(axis=1, keepdims=True)
    variance = (share * (found.influence - mean) ** 2).sum(axis=1) / counts.sum(axis=1)
    # What rounding leaves of no variance is none.
    return np.asarray(np.where(variance > EXACT, np.sqrt(variance), 0.0))


def _weights(size: Array) -> Array:
    """What a loss of each block adds to the AURC times n, for the blocks' sizes, shape (draws, blocks)."""
    after = size.cumsum(axis=1)
    before = after - size
    harmonic = np.concatenate([[0.0], np.cumsum(1 / np.arange(1, int(after.max()) + 1))])
    last = harmonic[after.astype(np.int64)]
    steps = last - harmonic[before.astype(np.int64)]
    return np.asarray(1 - before * steps / np.maximum(size, 1) + last[:, -1:] - last)


def check_draws(draws: int) -> None:
    """Refuse to make an interval of no draws.

    Raises:
        InputError: there are none.
    """
    if draws < 1:
        raise InputError(f"{draws} draws give no interval. Ask for some hundreds.")


def drawn_counts(problems: int, draws: int, rng: np.random.Generator) -> Iterator[Array]:
    """Give blocks of how often each problem is drawn, shape (draws, problems)."""
    check_draws(draws)
    for weights in weight_blocks(problems, draws, rng):
        yield np.rint(weights * problems)


def accuracies(ranked: Ranked, counts: Array, coverage: Array) -> Array:
    """Accuracy among the surest share of every draw, shape (draws, shares); part of a block at its mean."""
    size, losses = ranked.blocks(counts)
    after, lost = size.cumsum(axis=1), losses.cumsum(axis=1)
    answered = coverage * counts.sum(axis=1, keepdims=True)
    found = np.empty((len(counts), len(coverage)))
    for row, (x, y) in enumerate(zip(after, lost, strict=True)):
        # Between the ends of blocks the expected losses grow in a straight line.
        found[row] = np.interp(answered[row], np.concatenate([[0.0], x]), np.concatenate([[0.0], y]))
    return np.asarray(1 - found / answered)
