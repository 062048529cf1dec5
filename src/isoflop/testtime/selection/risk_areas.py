"""Risk when the surest problems are answered first, for many bootstrap draws of the problems at once."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import InputError
from isoflop.testtime.estimators.resample import weight_blocks

Array = NDArray[Any]


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


def areas(ranked: Ranked, counts: Array) -> Array:
    """AURC of every draw, the mean over random orders of tied problems.

    Within a block of W problems with losses E after A problems with losses B, the expected risk of the first
    i is `(B + (i − A) E/W)/i`, whose sum has the closed form `E + (B − A E/W)(H(A + W) − H(A))`.
    """
    size, losses = ranked.blocks(counts)
    after, lost = size.cumsum(axis=1), losses.cumsum(axis=1)
    harmonic = np.concatenate([[0.0], np.cumsum(1 / np.arange(1, counts.shape[1] + 1))])
    before = after - size
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = np.where(size > 0, losses / size, 0.0)
    steps = harmonic[after.astype(np.int64)] - harmonic[before.astype(np.int64)]
    total = (losses + (lost - losses - before * rate) * steps).sum(axis=1)
    return np.asarray(total / counts.sum(axis=1))


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
