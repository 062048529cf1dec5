"""Which runs share a compute budget: clusters of ln C."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import TableError
from isoflop.units import format_quantity

Array = NDArray[Any]

WIDTH: Final = 0.4
"""Runs of one budget lie within this range of ln C (a factor of 1.5)."""


@dataclass(frozen=True)
class Group:
    """Runs of about one budget.

    Args:
        flops: the budget: the one that was given, or the runs' geometric mean.
        rows: places of the runs in the table.
        spread: largest over smallest flops among them, minus 1.
    """

    flops: float
    rows: NDArray[np.intp]
    spread: float


def group_by_budget(flops: Array, budgets: Sequence[float] | None) -> tuple[Group, ...]:
    """Group runs by compute.

    Args:
        flops: training compute of each run, shape (n,).
        budgets: nominal budgets; each run goes to the nearest one, if that is within half of
            `WIDTH`. Without them the widest gaps split the runs until every group is narrow.

    Returns:
        Groups from the smallest budget to the largest; runs near no given budget are in none.

    Raises:
        TableError: a budget that was given has no runs.
    """
    c = np.log(flops)
    if budgets is None:
        return tuple(_group(flops, rows, None) for rows in _split(c, np.argsort(c, kind="stable")))
    centres = np.sort(np.asarray(budgets, dtype=float))
    nearest = np.abs(c[:, None] - np.log(centres)).argmin(axis=1)
    close = np.abs(c - np.log(centres)[nearest]) <= WIDTH / 2
    groups = []
    for k, centre in enumerate(centres.tolist()):
        rows = np.flatnonzero(close & (nearest == k))
        if not len(rows):
            ends = f"{format_quantity(float(flops.min()))} to {format_quantity(float(flops.max()))}"
            raise TableError(
                f"No run lies within {WIDTH / 2:.0%} of the budget {format_quantity(centre)}; the runs' flops go from "
                f"{ends}. Leave the budget out, or correct it."
            )
        groups.append(_group(flops, rows, centre))
    return tuple(groups)


def _split(c: Array, order: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """Cut sorted runs at their widest gaps until every part is narrow."""
    done: list[NDArray[np.intp]] = []
    todo = [order]
    while todo:
        rows = todo.pop()
        if c[rows[-1]] - c[rows[0]] <= WIDTH:
            done.append(rows)
            continue
        cut = int(np.diff(c[rows]).argmax()) + 1
        todo += [rows[:cut], rows[cut:]]
    return sorted(done, key=lambda rows: float(c[rows[0]]))


def _group(flops: Array, rows: NDArray[np.intp], centre: float | None) -> Group:
    """A group with its budget and spread."""
    here = flops[rows]
    budget = float(np.exp(np.log(here).mean())) if centre is None else centre
    return Group(budget, np.sort(rows), float(here.max() / here.min() - 1))
