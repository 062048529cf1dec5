"""The multi-power law's sum over a schedule at many checkpoints, with what its slopes need."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.laws.anchors import Anchors, anchors_of, lagrange
from isoflop.laws.blocks import Changes, Nodes, nodes_of

Array = NDArray[Any]

PIECE: Final = 4096
"""Nodes worked on at a time: what stays in the cache."""

DENSE: Final = 1.5
"""A curve with this many times more checkpoints than anchors is interpolated."""

PROBES: Final = ((2.0, 0.6, 0.64), (0.1, 1.2, 0.3), (30.0, 0.3, 0.8), (0.01, 0.3, 1.2))
"""C, beta and gamma for which anchors must do: the published ones, and others far from them."""


VALUE, SLOPES, BENDS = 1, 4, 10
"""How many sums the law's value needs, its slopes besides, and its second derivatives besides."""


@dataclass(frozen=True)
class Piece:
    """Nodes that are worked on together, whole places each, ready for any parameters.

    Args:
        weight: fall of the learning rate, shape (nodes,).
        log_lr: logarithm of the learning rate after it, shape (nodes,).
        area: area from the change to the checkpoint, shape (nodes,).
        logs: distinct values of `log_lr`, each of which is raised to a power once.
        which: place of each node's own among them, shape (nodes,).
        starts: first node of every place.
        places: the places.
    """

    weight: Array
    log_lr: Array
    area: Array
    logs: Array
    which: NDArray[np.intp]
    starts: NDArray[np.intp]
    places: NDArray[np.intp]

    def sums(self, c: Array, beta: Array, gamma: Array, space: Array) -> Array:
        """Sums over the nodes of each place for kernels, each (kernels, 1), as many as `space` has room for."""
        x, logarithm, *terms = space[:, : len(c), : len(self.weight)]
        np.take(np.exp(-gamma * self.logs), self.which, axis=1, out=x, mode="clip")
        x *= self.area
        x *= c
        # x/(1 + x) and ln(1 + x) share the sum, which lies where the first term will.
        one = np.add(x, 1.0, out=terms[0])
        np.log(one, out=logarithm)
        x /= one
        left = np.exp(np.multiply(logarithm, -beta, out=terms[0]), out=terms[0])
        left *= self.weight
        if len(terms) > VALUE:
            self._for_slopes(terms, x, logarithm)
        if len(terms) > SLOPES:
            self._for_bends(terms, x, logarithm, 1 + beta)
        np.subtract(self.weight, left, out=left)
        return np.add.reduceat(space[2:, : len(c), : len(self.weight)], self.starts, axis=2)

    def _for_slopes(self, terms: list[Array], share: Array, logarithm: Array) -> None:
        """What the slopes in ln C, beta and gamma sum."""
        np.multiply(terms[0], share, out=terms[1])
        np.multiply(terms[0], logarithm, out=terms[2])
        np.multiply(terms[1], self.log_lr, out=terms[3])

    def _for_bends(self, terms: list[Array], share: Array, logarithm: Array, steep: Array) -> None:
        """What the second derivatives sum."""
        np.multiply(terms[2], logarithm, out=terms[4])
        np.multiply(terms[1], logarithm, out=terms[5])
        np.multiply(terms[5], self.log_lr, out=terms[6])
        share *= -steep
        share += 1.0
        np.multiply(terms[1], share, out=terms[7])
        np.multiply(terms[7], self.log_lr, out=terms[8])
        np.multiply(terms[8], self.log_lr, out=terms[9])


@dataclass(frozen=True)
class Span:
    """Neighbouring rows that are weighted sums of the same neighbouring places.

    Args:
        rows: the rows, in the order of curves and steps.
        places: the places.
        weights: of every place in every row, shape (places, rows); None where the places are the rows.
    """

    rows: slice
    places: slice
    weights: Array | None


@dataclass(frozen=True)
class Sums:
    """The sum over schedules for many checkpoints, ready to be taken for any parameters.

    Args:
        pieces: nodes of all places at which the sum is taken, ascending in the places.
        places: number of places.
        spans: how the rows follow from the places; None where they are the places.
        order: place of every row in the order of the spans; None where that is its own.
        log_area: ln S1 of every checkpoint, shape (rows,).
    """

    pieces: tuple[Piece, ...]
    places: int
    spans: tuple[Span, ...] | None
    order: NDArray[np.intp] | None
    log_area: Array

    @cached_property
    def typical_rate(self) -> float:
        """Geometric mean of the learning rates after their changes, by how large those are; 1 without any."""
        size = [np.abs(piece.weight) for piece in self.pieces]
        moved = sum(float(one.sum()) for one in size)
        logs = sum(float(one @ piece.log_lr) for one, piece in zip(size, self.pieces, strict=True))
        return math.exp(logs / moved) if moved else 1.0

    def counted_in(self, unit: float) -> "Sums":
        """The same with learning rates counted in a unit."""
        if unit == 1.0:
            return self
        log = math.log(unit)
        pieces = tuple(
            replace(p, weight=p.weight / unit, area=p.area / unit, log_lr=p.log_lr - log, logs=p.logs - log)
            for p in self.pieces
        )
        return replace(self, pieces=pieces, log_area=self.log_area - log)

    def take(self, c: Array, beta: Array, gamma: Array, *, count: int) -> Array:
        """The sum for some kernels, and what its slopes in ln C, beta and gamma need.

        Args:
            c: the parameter C, shape (kernels,).
            beta: the exponent beta, shape (kernels,).
            gamma: the exponent gamma, shape (kernels,).
            count: how many sums are wanted: `VALUE`, `SLOPES` or `BENDS`.

        Returns:
            Over the changes w of the rate, with x = C eta^-gamma S, y = (1 + x)^-beta, d = x/(1 + x) and
            l = ln(1 + x): sums of w (1 - y); then of w y d, w y l and w y d ln eta; then of w y l^2,
            w y d l, w y d l ln eta, and, with b = w y d (1 - (1 + beta) d), of b, b ln eta and b (ln eta)^2;
            shape (count, kernels, rows).
        """
        total = np.zeros((count, len(c), self.places))
        longest = max((len(piece.weight) for piece in self.pieces), default=1)
        together = max(1, PIECE // longest)
        space = np.empty((count + 2, min(together, len(c)), longest))
        for first in range(0, len(c), together):
            some = slice(first, first + together)
            kernels = c[some, None], beta[some, None], gamma[some, None]
            for piece in self.pieces:
                total[:, some, piece.places] = piece.sums(*kernels, space)
        return total if self.spans is None else self._spread(total)

    def _spread(self, total: Array) -> Array:
        """From places to rows."""
        count, kernels, rows = *total.shape[:2], len(self.log_area)
        found, flat = np.empty((count * kernels, rows)), total.reshape(-1, self.places)
        for span in self.spans or ():
            if span.weights is None:
                found[:, span.rows] = flat[:, span.places]
            else:
                np.matmul(flat[:, span.places], span.weights, out=found[:, span.rows])
        found = found if self.order is None else found[:, self.order]
        return found.reshape(count, kernels, rows)


@dataclass(frozen=True)
class Part:
    """One curve's share of a table: its places, and how its rows, ascending in their steps, follow from them."""

    nodes: Nodes
    rows: NDArray[np.intp]
    places: int
    spans: tuple[Span, ...] | None


def anchors_of_schedule(changes: Changes) -> Anchors:
    """Anchors of a schedule, good for parameters far apart.

    Args:
        changes: the schedule.

    Returns:
        The anchors.
    """
    peak = float(changes.lr.max())
    probes = np.array(PROBES).T

    def sample(at: NDArray[np.intp]) -> Array:
        sums = _join([Part(nodes_of(changes, at), np.arange(len(at)), len(at), None)], np.zeros(len(at)))
        return np.asarray(sums.take(*probes, count=VALUE)[0]) / peak

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
        segments = anchors().steps
        order = np.argsort(at, kind="stable")
        own = np.searchsorted(segments[:, 0], at[order], side="right") - 1
        wanted = np.unique(segments[np.unique(own)])
        if len(at) > DENSE * len(wanted):
            spans = tuple(_spans(segments, own, at[order], wanted))
            return Part(nodes_of(changes, wanted), rows[order], len(wanted), spans)
    return Part(nodes_of(changes, at), rows, len(at), None)


def _spans(segments: NDArray[np.intp], own: Array, at: NDArray[np.intp], wanted: NDArray[np.intp]) -> Iterator[Span]:
    """The rows of each segment, from the steps of its polynomial."""
    starts = np.flatnonzero(np.diff(own, prepend=-1))
    for first, end in pairwise([*starts, len(own)]):
        steps = segments[own[first]]
        distinct = np.unique(steps)
        place = int(np.searchsorted(wanted, distinct[0]))
        weights = lagrange(np.broadcast_to(steps, (end - first, len(steps))), at[first:end])
        # Where a segment has fewer steps its last one is repeated, with no weight.
        own_weights = np.ascontiguousarray(weights[:, : len(distinct)].T)
        yield Span(slice(int(first), int(end)), slice(place, place + len(distinct)), own_weights)


def _join(parts: Sequence[Part], log_area: Array) -> Sums:
    """Put the curves one after the other, and cut their nodes into pieces of whole places."""
    offsets = np.concatenate([[0], np.cumsum([part.places for part in parts])]).astype(int)
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
    pieces = tuple(_piece(nodes, starts, slice(int(a), int(b))) for a, b in pairwise(cuts))
    rows = np.concatenate([part.rows for part in parts])
    plain = np.array_equal(rows, np.arange(len(log_area)))
    if plain and all(part.spans is None for part in parts):
        return Sums(pieces, int(offsets[-1]), None, None, log_area)
    return Sums(
        pieces, int(offsets[-1]), tuple(_all_spans(parts, offsets)), None if plain else np.argsort(rows), log_area
    )


def _piece(nodes: Nodes, starts: NDArray[np.intp], where: slice) -> Piece:
    """Nodes of a piece."""
    log_lr = nodes.log_lr[where]
    logs, which = np.unique(log_lr, return_inverse=True)
    own = starts[(starts >= where.start) & (starts < where.stop)]
    area = np.exp(nodes.log_area[where])
    return Piece(nodes.weight[where], log_lr, area, logs, which, own - where.start, nodes.row[own])


def _all_spans(parts: Sequence[Part], offsets: Array) -> Iterator[Span]:
    """Spans of all curves, one curve after the other."""
    row = 0
    for part, place in zip(parts, offsets[:-1].tolist(), strict=True):
        count = len(part.rows)
        for span in part.spans or (Span(slice(0, count), slice(0, count), None),):
            rows, places = (slice(s.start + k, s.stop + k) for s, k in ((span.rows, row), (span.places, place)))
            yield Span(rows, places, span.weights)
        row += count
