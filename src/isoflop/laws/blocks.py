"""Sums over the steps of a learning-rate schedule, by blocks of steps that the kernel cannot tell apart.

The multi-power law sums one term for every change of the learning rate before a checkpoint. Its
kernel is smooth in the logarithms of the learning rate and of the area since the change, so steps
are grouped into blocks that are short in both, and every block is replaced by three points: the
rule of Gauss for equal changes, exact when a block holds one change, or up to three equal ones.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

AREA_RATIO: Final = 3.0
"""A block reaches back at most this many times as far as the block after it."""

LR_RATIO: Final = 3.0
"""The learning rate changes by at most this factor within a block."""

JUMP: Final = 0.2
"""A change of the rate by this share of `LR_RATIO` (in the logarithm) stands alone."""

LOWEST: Final = 1e-3
"""Learning rates below this share of the peak count as equally low when blocks are made."""

TINY: Final = 1e-12
"""Learning rates and areas are taken to be at least this share of the peak, which makes a rate of zero finite."""


@dataclass(frozen=True)
class Nodes:
    """Points that stand for the learning-rate changes before each of many checkpoints.

    Args:
        weight: fall of the learning rate (negative for a rise), shape (nodes,).
        log_lr: logarithm of the learning rate after the change, shape (nodes,).
        log_area: logarithm of the area from the change to the checkpoint, shape (nodes,).
        row: checkpoint that each node belongs to, ascending, shape (nodes,).
    """

    weight: Array
    log_lr: Array
    log_area: Array
    row: NDArray[np.intp]


@dataclass(frozen=True)
class Changes:
    """A schedule as the list of its changes.

    Args:
        lr: learning rate of every step from step 0, shape (steps,).
        area: sum of the learning rates up to and with each step, S1, shape (steps,).
        steps: steps at which the rate differs from the step before, shape (changes,).
        edges: places in `steps` where a new panel begins, the last one past the end.
        way: how far the rate has moved, up and down, before each change and after the last, shape (changes + 1,).
    """

    lr: Array
    area: Array
    steps: NDArray[np.intp]
    edges: NDArray[np.intp]
    way: Array


def changes_of(lr: Array) -> Changes:
    """List the changes of a schedule, and cut them into panels of one direction and similar rates.

    Args:
        lr: learning rate of every step from step 0, shape (steps,).

    Returns:
        The changes.
    """
    steps = 1 + np.flatnonzero(np.diff(lr))
    falls = lr[steps] < lr[steps - 1]
    floor = LOWEST * max(float(lr.max()), 1e-300)
    levels = np.log(np.maximum(lr[steps], floor)) / np.log(LR_RATIO)
    # A panel ends where the direction turns, where the rate leaves a band of the logarithm, and at a jump.
    turns = np.diff(falls.astype(int)) != 0
    cuts = np.flatnonzero(turns | (np.diff(np.floor(levels)) != 0) | (np.abs(np.diff(levels)) > JUMP)) + 1
    edges = np.concatenate([[0], cuts, [len(steps)]])
    way = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(lr)[steps - 1]))])
    return Changes(lr, np.cumsum(lr), steps.astype(np.intp), edges.astype(np.intp), way)


def nodes_of(changes: Changes, at: NDArray[np.intp]) -> Nodes:
    """Points that stand for all changes up to each checkpoint.

    Args:
        changes: the schedule.
        at: steps of the checkpoints, shape (rows,).

    Returns:
        The nodes of all checkpoints, in their order.
    """
    if not len(changes.steps):
        nothing = np.zeros(0)
        return Nodes(nothing, nothing, nothing, np.zeros(0, dtype=np.intp))
    first, last, row = _blocks(changes, at)
    fall = changes.lr[changes.steps[first] - 1] - changes.lr[changes.steps[last - 1]]
    offset, outer = _rule(last - first)
    parts = [_points(changes, first, last, 0.5 + side * offset) for side in (-1.0, 0.0, 1.0)]
    peak = TINY * float(changes.lr.max())
    until = changes.area[at[row]]
    log_lr = np.stack([np.log(np.maximum(lr, peak)) for lr, _ in parts], axis=1)
    log_area = np.stack([np.log(np.maximum(until - before, peak)) for _, before in parts], axis=1)
    weight = fall[:, None] * np.stack([outer, 1 - 2 * outer, outer], axis=1)
    # A block of one or two changes needs no third point.
    used = weight.ravel() != 0
    return Nodes(weight.ravel()[used], log_lr.ravel()[used], log_area.ravel()[used], np.repeat(row, 3)[used])


def _rule(count: Array) -> tuple[Array, Array]:
    """Offset of the outer points as a share of the block, and their weight, for n equal changes.

    Three points that give the moments of n equally spaced ones up to the fifth (Gram's polynomials).
    """
    n = np.maximum(count, 2).astype(float)
    place = np.sqrt((3 * n**2 - 7) / 20)
    outer = (n**2 - 1) / (24 * place**2)
    return place / n, np.where(count > 1, outer, 0.0)


def _blocks(changes: Changes, at: NDArray[np.intp]) -> tuple[Array, Array, Array]:
    """First change, one past the last, and checkpoint of every block that holds any change."""
    reach = [1.0]
    while reach[-1] < len(changes.lr):
        reach.append(max(reach[-1] + 1, reach[-1] * AREA_RATIO))
    past = np.searchsorted(changes.steps, at, side="right")
    back = np.searchsorted(changes.steps, at[:, None] + 1 - np.array(reach)[None, :], side="left")
    cuts = np.concatenate([past[:, None], back, np.broadcast_to(changes.edges, (len(at), len(changes.edges)))], axis=1)
    cuts = np.sort(np.minimum(cuts, past[:, None]), axis=1)
    row, block = np.nonzero(np.diff(cuts, axis=1) > 0)
    return cuts[row, block], cuts[row, block + 1], row


def _points(changes: Changes, first: Array, last: Array, share: Array) -> tuple[Array, Array]:
    """Learning rate, and area before it, where a block has made this share of its way."""
    way = changes.way
    target = way[first] + share * (way[last] - way[first])
    # The i-th change takes the way from place i to i + 1: its middle stands for it.
    place = np.clip(np.interp(target, way, np.arange(len(way))) - 0.5, first, last - 1)
    lower = np.floor(place).astype(np.intp)
    upper = np.minimum(lower + 1, len(changes.steps) - 1)
    part = place - lower
    rates, areas = changes.lr[changes.steps], changes.area[changes.steps - 1]
    return rates[lower] + part * (rates[upper] - rates[lower]), areas[lower] + part * (areas[upper] - areas[lower])
