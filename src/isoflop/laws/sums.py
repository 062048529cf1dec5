"""The multi-power law's sum over a schedule at many checkpoints, with what its slopes need."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.laws.anchors import Anchors, anchors_of
from isoflop.laws.blocks import Changes, Nodes, nodes_of

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Array = NDArray[Any]

PIECE: Final = 8192
"""Nodes worked on at a time: what stays in the cache."""

DENSE: Final = 1.5
"""A curve with this many times more checkpoints than anchors is interpolated."""

PROBES: Final = ((2.0, 0.6, 0.64), (0.1, 1.2, 0.3), (30.0, 0.3, 0.8), (0.01, 0.3, 1.2))
"""C, beta and gamma for which anchors must do: the published ones, and others far from them."""


@dataclass(frozen=True)
class Sums:
    """The sum over schedules for many checkpoints, ready to be taken for any parameters.

    Args:
        nodes: points of all places at which the sum is taken, ascending in the places.
        pieces: nodes that are worked on together, whole places each.
        starts: first node of every place that has one, by piece and relative to it.
        places: number of places.
        mix: for every checkpoint the places and weights of which it is the sum, both (rows, k);
            None where the places are the checkpoints.
        log_area: ln S1 of every checkpoint, shape (rows,).
    """

    nodes: Nodes
    pieces: tuple[slice, ...]
    starts: tuple[NDArray[np.intp], ...]
    places: int
    mix: tuple[NDArray[np.intp], Array] | None
    log_area: Array

    def take(self, c: float, beta: float, gamma: float, *, bent: bool = False) -> Array:
        """The sum and what its slopes in ln C, beta and gamma need.

        Args:
            c: the parameter C.
            beta: the exponent beta.
            gamma: the exponent gamma.
            bent: whether the second derivatives are wanted too.

        Returns:
            Over the changes w of the rate, with x = C eta^-gamma S, y = (1 + x)^-beta, d = x/(1 + x) and
            l = ln(1 + x): sums of w (1 - y), w y d, w y l and w y d ln eta; then, if wanted, of w y l^2,
            w y d l, w y d l ln eta, and, with b = w y d (1 - (1 + beta) d), of b, b ln eta and b (ln eta)^2;
            shape (4, rows) or (10, rows).
        """
        count = 10 if bent else 4
        total = np.zeros((count, self.places))
        for piece, starts in zip(self.pieces, self.starts, strict=True):
            weight, log_lr, places = self.nodes.weight[piece], self.nodes.log_lr[piece], self.nodes.row[piece]
            x = np.exp(self.nodes.log_area[piece] - gamma * log_lr)
            x *= c
            logarithm = np.log(1 + x)
            left = weight * np.exp(-beta * logarithm)
            x /= 1 + x
            terms = np.empty((count, len(weight)))
            np.subtract(weight, left, out=terms[0])
            np.multiply(left, x, out=terms[1])
            np.multiply(left, logarithm, out=terms[2])
            np.multiply(terms[1], log_lr, out=terms[3])
            if bent:
                np.multiply(terms[2], logarithm, out=terms[4])
                np.multiply(terms[1], logarithm, out=terms[5])
                np.multiply(terms[5], log_lr, out=terms[6])
                np.multiply(terms[1], 1 - (1 + beta) * x, out=terms[7])
                np.multiply(terms[7], log_lr, out=terms[8])
                np.multiply(terms[8], log_lr, out=terms[9])
            total[:, places[starts]] = np.add.reduceat(terms, starts, axis=1)
        return total if self.mix is None else np.asarray((self.mixing @ total.T).T)

    @cached_property
    def mixing(self) -> "csr_array":
        """What `mix` says, as a sparse matrix, (rows, places)."""
        from scipy.sparse import csr_array

        where, weights = self.mix or (np.zeros((0, 0), dtype=np.intp), np.zeros((0, 0)))
        rows, width = where.shape
        starts = np.arange(0, rows * width + 1, width)
        return csr_array((weights.ravel(), where.ravel(), starts), shape=(rows, self.places))


@dataclass(frozen=True)
class Part:
    """One curve's share of a table: its places, and how its rows follow from them."""

    nodes: Nodes
    rows: NDArray[np.intp]
    places: int
    mix: tuple[NDArray[np.intp], Array] | None


def anchors_of_schedule(changes: Changes) -> Anchors:
    """Anchors of a schedule, good for parameters far apart.

    Args:
        changes: the schedule.

    Returns:
        The anchors.
    """
    peak = float(changes.lr.max())

    def sample(at: NDArray[np.intp]) -> Array:
        sums = _join([Part(nodes_of(changes, at), np.arange(len(at)), len(at), None)], np.zeros(len(at)))
        return np.stack([sums.take(*probe)[0] for probe in PROBES]) / peak

    return anchors_of(len(changes.lr) - 1, sample)


def gather(changes: Sequence[Changes], anchors: Callable[[int], Anchors], curve: Array, at: NDArray[np.intp]) -> Sums:
    """Sums of all rows of a table.

    Args:
        changes: the schedules.
        anchors: from the place of a schedule to its anchors.
        curve: place of each row's schedule, shape (rows,).
        at: step of each row, shape (rows,).

    Returns:
        The sums; curves with many more rows than anchors are interpolated.
    """
    log_area = np.zeros(len(curve))
    parts = []
    for place in np.unique(curve).astype(int):
        rows = np.flatnonzero(curve == place)
        parts.append(_part(changes[place], partial(anchors, int(place)), rows, at[rows]))
        with np.errstate(divide="ignore"):
            log_area[rows] = np.log(changes[place].area[at[rows]])
    return _join(parts, log_area)


def _part(changes: Changes, anchors: Callable[[], Anchors], rows: NDArray[np.intp], at: NDArray[np.intp]) -> Part:
    """One curve, interpolated where that is less work."""
    if len(at) > 48:
        steps, weights = anchors().weights(at)
        wanted, where = np.unique(steps, return_inverse=True)
        if len(at) > DENSE * len(wanted):
            return Part(nodes_of(changes, wanted), rows, len(wanted), (where.reshape(steps.shape), weights))
    return Part(nodes_of(changes, at), rows, len(at), None)


def _join(parts: Sequence[Part], log_area: Array) -> Sums:
    """Put the curves one after the other, and cut their nodes into pieces of whole places."""
    offsets = np.concatenate([[0], np.cumsum([part.places for part in parts])])
    nodes = Nodes(
        np.concatenate([part.nodes.weight for part in parts]),
        np.concatenate([part.nodes.log_lr for part in parts]),
        np.concatenate([part.nodes.log_area for part in parts]),
        np.concatenate([part.nodes.row + offset for part, offset in zip(parts, offsets[:-1], strict=True)]),
    )
    starts = np.flatnonzero(np.diff(nodes.row, prepend=-1))
    ends = np.append(starts, len(nodes.row))
    wanted = np.arange(0, len(nodes.row) + PIECE, PIECE).clip(max=len(nodes.row))
    cuts = np.unique(ends[np.searchsorted(ends, wanted)])
    pieces = tuple(slice(int(a), int(b)) for a, b in pairwise(cuts))
    own = tuple(starts[(starts >= p.start) & (starts < p.stop)] - p.start for p in pieces)
    return Sums(nodes, pieces, own, int(offsets[-1]), _mix(parts, offsets, len(log_area)), log_area)


def _mix(parts: Sequence[Part], offsets: Array, count: int) -> tuple[NDArray[np.intp], Array] | None:
    """Places and weights of every row; None where the places are the rows in their own order."""
    in_order = np.array_equal(np.concatenate([part.rows for part in parts]), np.arange(count))
    if in_order and all(part.mix is None for part in parts):
        return None
    width = max(1 if part.mix is None else part.mix[1].shape[1] for part in parts)
    where, weights = np.zeros((count, width), dtype=np.intp), np.zeros((count, width))
    for part, offset in zip(parts, offsets[:-1], strict=True):
        own = part.mix or (np.arange(part.places)[:, None], np.ones((part.places, 1)))
        where[part.rows, : own[0].shape[1]] = own[0] + offset
        weights[part.rows, : own[1].shape[1]] = own[1]
    return where, weights
