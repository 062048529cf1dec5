"""Runs on a recipe's frontier: the best of each bin of compute, as long as it improves."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import TableError
from isoflop.recipes.pool import recipes_in
from isoflop.recipes.sense import higher_is_better
from isoflop.runs.table import RunTable

Array = NDArray[Any]


def frontier_places(flops: ArrayLike, response: ArrayLike, *, bins: int) -> NDArray[np.int64]:
    """Places of the runs on the frontier.

    Compute is cut into bins of equal width in its logarithm; the lowest response of each bin stays,
    and of these only those that improve on all smaller ones.

    Reference: Nezhurina et al. 2025, arXiv:2506.04598 (comparison of procedures by scaling laws).

    Args:
        flops: compute of the runs, shape (runs,).
        response: lower is better, shape (runs,).
        bins: how many bins.

    Returns:
        Places in ascending order of compute.

    Raises:
        TableError: compute is not positive, shapes differ, or there is no bin.

    >>> frontier_places([1, 1.1, 10, 11, 100], [3.0, 2.9, 2.95, 2.5, 2.6], bins=3).tolist()
    [1, 3]
    """
    x, y = np.asarray(flops, dtype=float), np.asarray(response, dtype=float)
    if bins < 1 or x.shape != y.shape or x.ndim != 1 or not len(x) or not (x > 0).all():
        raise TableError(
            f"{bins} bins over compute of shape {x.shape} and responses of shape {y.shape}: give one positive compute "
            "and one response per run, and one bin or more."
        )
    edges = np.geomspace(x.min(), x.max(), bins + 1)
    place = np.clip(np.searchsorted(edges, x, side="right") - 1, 0, bins - 1)
    best = [rows[np.argmin(y[rows])] for k in range(bins) if len(rows := np.flatnonzero(place == k))]
    kept: list[int] = []
    for row in best:
        if not kept or y[row] < y[kept[-1]]:
            kept.append(int(row))
    return np.array(kept, dtype=np.int64)


def frontier_runs(
    table: RunTable,
    *,
    bins: int,
    column: str = "recipe",
    by: str = "flops",
    response: str = "loss",
    better: str | None = None,
) -> RunTable:
    """Runs on the frontier of each recipe.

    The best of many runs looks better than that of few: keep the number of runs per bin equal between
    recipes, or the recipe with more trials looks better.

    Args:
        table: the runs.
        bins: bins of compute, the same number for each recipe.
        column: column of the recipe.
        by: column of the compute.
        response: column that is compared.
        better: `lower` or `higher`; by the name of the response when None.

    Returns:
        The runs on the frontiers, in the order of the table; the others are in `excluded`.
    """
    names, codes = table.labels(column)
    keep = np.zeros(len(table), dtype=bool)
    sign = -1.0 if higher_is_better(response, better) else 1.0
    size, values = table.column(by), sign * table.column(response)
    for recipe in recipes_in(table, column):
        rows = np.flatnonzero((codes == names.index(recipe)) & np.isfinite(size) & np.isfinite(values))
        keep[rows[frontier_places(size[rows], values[rows], bins=bins)]] = True
    return table.select(keep, f"not on the frontier of its {column} in {bins} bins of {by}")
