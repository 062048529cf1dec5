"""Steps of a schedule between which a sum over it is smooth: dense checkpoints are interpolated from them.

Between the kinks of a schedule the multi-power law's sum is smooth in the step, so a polynomial
through six steps of a segment gives it at all others. Segments are halved until that holds for
parameters far apart.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Sample = Callable[[NDArray[np.intp]], Array]
"""From steps, shape (n,), to sums for a few probing parameters relative to the peak rate, shape (probes, n)."""

POINTS: Final = 6
TOLERANCE: Final = 2e-6
"""Error of the interpolated sum, relative to the peak rate, above which a segment is halved."""

_NODES: Final = 0.5 * (1 - np.cos(np.pi * np.arange(POINTS) / (POINTS - 1)))


@dataclass(frozen=True)
class Anchors:
    """Segments of a schedule, each with the steps that its polynomial goes through.

    Args:
        first: first step of every segment, ascending, shape (segments,).
        steps: the steps of its polynomial, ascending, shape (segments, POINTS); in a segment of
            fewer steps the last one is repeated.
    """

    first: NDArray[np.intp]
    steps: NDArray[np.intp]


def anchors_of(last: int, sample: Sample) -> Anchors:
    """Cut the steps 0 to `last` into segments on which a polynomial is as good as the sum.

    Args:
        last: last step.
        sample: the sum at any steps.

    Returns:
        The segments.
    """
    done: list[Array] = []
    ends = np.array([[0, last]], dtype=np.intp)
    while len(ends):
        steps = _spread(ends)
        short = ends[:, 1] - ends[:, 0] < POINTS
        tests = (steps[:, :-1] + steps[:, 1:]) // 2
        wanted, where = np.unique(np.concatenate([steps, tests], axis=1)[~short], return_inverse=True)
        good = short.copy()
        if len(wanted):
            known = sample(wanted)[:, where.reshape(-1, 2 * POINTS - 1)]
            weights = np.stack([lagrange(steps[~short], test) for test in tests[~short].T], axis=1)
            guess = np.einsum("psk,stk->pst", known[:, :, :POINTS], weights)
            error = np.abs(guess - known[:, :, POINTS:]).max(axis=(0, 2))
            good[~short] = error <= TOLERANCE
        done.append(steps[good])
        middle = (ends[~good, 0] + ends[~good, 1]) // 2
        ends = np.concatenate([np.stack([ends[~good, 0], middle], 1), np.stack([middle, ends[~good, 1]], 1)])
    steps = np.concatenate(done)
    steps = steps[np.argsort(steps[:, 0])]
    return Anchors(steps[:, 0], steps)


def _spread(ends: NDArray[np.intp]) -> NDArray[np.intp]:
    """Steps of the polynomials between the ends of segments: near the ends more, all of them in short segments."""
    length = (ends[:, 1] - ends[:, 0])[:, None]
    short = np.minimum(np.arange(POINTS)[None, :], length)
    wide = np.rint(_NODES[None, :] * length)
    # In segments of little more than POINTS steps, rounding must not make two of the steps one.
    wide = np.maximum(wide, np.arange(POINTS)[None, :])
    wide = np.minimum(wide, length - np.arange(POINTS)[::-1][None, :])
    return np.asarray(ends[:, :1] + np.where(length < POINTS, short, wide), dtype=np.intp)


def lagrange(steps: NDArray[np.intp], at: NDArray[np.intp]) -> Array:
    """Weights of the polynomials through each row of steps at one place each.

    Args:
        steps: steps that a polynomial goes through, ascending, shape (rows, POINTS).
        at: where each polynomial is wanted, shape (rows,).

    Returns:
        The weight of each step, shape (rows, POINTS); none for a repeated one.
    """
    gap = (steps[:, :, None] - steps[:, None, :]).astype(float)
    away = (at[:, None] - steps).astype(float)
    weights = np.ones(steps.shape)
    for other in range(POINTS):
        # A repeated step (and a step with itself) takes no part.
        apart = gap[:, :, other] != 0
        weights *= np.where(apart, away[:, other, None] / np.where(apart, gap[:, :, other], 1.0), 1.0)
    again = np.concatenate([np.zeros((len(steps), 1), dtype=bool), np.diff(steps, axis=1) == 0], axis=1)
    return np.where(again, 0.0, weights)
