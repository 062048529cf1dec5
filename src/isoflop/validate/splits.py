"""Where the small runs end and the large ones begin: rolling cuts of a run table."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import TableError
from isoflop.units import format_quantity

Array = NDArray[Any]

SAME_SIZE: Final = 1.25
"""Values within this factor count as one size or budget (published budgets scatter by a few percent)."""

MOST_GROUPS: Final = 12
"""With more distinct values than this, the column counts as continuous and is binned."""

BIN_DECADES: Final = 0.5
"""Width of the bins of a continuous column; narrower when the whole range is short."""

USUAL_CUTS: Final = 3
"""Cuts when their number is not given, if there are twice as many groups."""

SPARE_ROWS: Final = 2
"""A fit of p parameters needs more than p + 2 runs to say anything about its own error."""


@dataclass(frozen=True)
class Fold:
    """One cut: fit the runs below it, predict those at or above it.

    Attributes:
        cut: value of the column at the cut.
        train: places of the runs below, shape (train,).
        test: places of the runs at or above, shape (test,).
    """

    cut: float
    train: Array
    test: Array


@dataclass(frozen=True)
class Skipped:
    """A cut that was not used, and why."""

    cut: float
    reason: str


@dataclass(frozen=True)
class Rolling:
    """Successive cuts of one column, smallest first.

    Attributes:
        by: the column.
        folds: the cuts that leave enough runs on both sides.
        skipped: the others.
    """

    by: str
    folds: tuple[Fold, ...]
    skipped: tuple[Skipped, ...] = ()


def size_groups(values: Array, groups: int = 2) -> Array:
    """Lower edges of the groups of a column, ascending.

    Values within a factor 1.25 of the smallest of their group are one size or budget. A column with
    more than 12 of these is continuous: its groups are bins of half a decade, counted down from
    the largest value, or narrower ones when the range is too short for `groups` of them.

    Args:
        values: positive values, shape (runs,).
        groups: how many groups are needed.

    Returns:
        Smallest value in each group, shape (found,).

    >>> size_groups(np.array([1e18, 1.01e18, 3e18, 1e19, 1e19])).tolist()
    [1e+18, 3e+18, 1e+19]
    """
    ordered = np.unique(values)
    edges = [float(ordered[0])]
    for value in ordered.tolist():
        if value > edges[-1] * SAME_SIZE:
            edges.append(value)
    if len(edges) <= MOST_GROUPS:
        return np.array(edges)
    top = math.log10(ordered[-1])
    width = min(BIN_DECADES, (top - math.log10(ordered[0])) / groups)
    # The largest value closes the highest bin, so it belongs to it.
    bins = np.ceil((top - np.log10(ordered)) / width - 1e-9).clip(1).astype(int)
    return np.array(sorted(float(ordered[bins == b].min()) for b in np.unique(bins)))


def roll(
    values: Array, *, by: str, parameters: int, hold_out: int | None = None, cuts: Sequence[float] | None = None
) -> Rolling:
    """Cut a table again and again: fit the small, predict the larger.

    Args:
        values: positive values of the column, shape (runs,).
        by: name of the column, for messages.
        parameters: how many the law estimates; a cut needs more than this plus 2 runs below it.
        hold_out: how many of the largest groups are held out; one cut below each of them. None
            is three, or half of the groups where there are fewer than six.
        cuts: values to cut at instead.

    Returns:
        The cuts.

    Raises:
        TableError: no cut leaves enough runs on both sides.

    >>> rolled = roll(np.repeat([1e18, 3e18, 1e19], 5), by="flops", parameters=2, hold_out=2)
    >>> [(fold.cut, len(fold.train), len(fold.test)) for fold in rolled.folds]
    [(3e+18, 5, 10), (1e+19, 10, 5)]
    """
    chosen = _largest(values, by, hold_out) if cuts is None else sorted({float(c) for c in cuts})
    folds: list[Fold] = []
    skipped: list[Skipped] = []
    for cut in chosen:
        below = values < cut
        train, test = np.flatnonzero(below), np.flatnonzero(~below)
        needed = parameters + SPARE_ROWS + 1
        if len(train) < needed:
            reason = f"{len(train)} runs below; the law has {parameters} free parameters and needs {needed}"
            skipped.append(Skipped(cut, reason))
        elif not len(test):
            largest = format_quantity(float(values.max()))
            skipped.append(Skipped(cut, f"no run at or above; the largest has {by} {largest}"))
        else:
            folds.append(Fold(cut, train, test))
    if not folds:
        listed = "; ".join(f"at {by} {format_quantity(s.cut)}: {s.reason}" for s in skipped)
        raise TableError(
            f"No cut by {by} leaves enough runs to fit and some to predict ({listed or 'no cuts given'}). "
            "Hold out fewer, cut elsewhere (cuts=[…]), cut by another column, or use a law with fewer parameters."
        )
    return Rolling(by, tuple(folds), tuple(skipped))


def _largest(values: Array, by: str, hold_out: int | None) -> list[float]:
    """Cuts below each of the largest groups."""
    if hold_out is not None and hold_out < 1:
        raise TableError(f"hold_out={hold_out} holds out nothing. Give at least 1.")
    edges = size_groups(values, (hold_out or USUAL_CUTS) + 2)
    if len(edges) < 2:
        raise TableError(
            f"All {len(values)} runs have about the same {by} ({format_quantity(float(edges[0]))}): there is no larger "
            "run to predict. Cut by another column (flops, params or tokens)."
        )
    if hold_out is None:
        hold_out = min(USUAL_CUTS, max(len(edges) // 2, 1))
    if hold_out >= len(edges):
        raise TableError(
            f"hold_out={hold_out} would hold out all {len(edges)} groups of {by}. Give at most {len(edges) - 1}."
        )
    return [float(edge) for edge in edges[-hold_out:]]
