"""Difficulty bins: problems in equal counts by how often they are solved."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import TableError

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class DifficultyBins:
    """Problems by difficulty, the easiest bin first.

    Args:
        members: places of the problems of each bin.
        of: bin of every problem, shape (problems,).
        edges: lowest and highest value of each bin, shape (bins, 2).
        split: problems whose value is in two bins, so that their order in the table decided.
    """

    members: tuple[Array, ...]
    of: Array
    edges: Array
    split: int

    def means(self, values: ArrayLike) -> Array:
        """Mean of the problems' values in each bin.

        Args:
            values: shape (problems,) or (problems, ks).

        Returns:
            Shape (bins,) or (bins, ks).

        Raises:
            TableError: there are not as many values as problems.
        """
        table = np.asarray(values, dtype=float)
        if table.shape[:1] != self.of.shape:
            raise TableError(f"Values of shape {table.shape} are not for {len(self.of)} problems. Give one for each.")
        return np.stack([table[places].mean(axis=0) for places in self.members])


def difficulty_bins(ease: ArrayLike, count: int = 5) -> DifficultyBins:
    """Cut problems into bins of equal count by quantiles of how easy they are.

    Reference: Snell et al. 2024, arXiv:2408.03314: five bins by pass@1, or by the mean score of a verifier.
        Bins from the same samples as the results look better than they are: make them from others.

    Args:
        ease: pass@1 or mean score of every problem, shape (problems,).
        count: of bins.

    Returns:
        The bins; their counts differ by one at most.

    Raises:
        TableError: fewer problems than bins, or a value is missing.

    >>> found = difficulty_bins([0.0, 0.9, 0.4, 0.0], 2)
    >>> [places.tolist() for places in found.members], found.split
    ([[1, 2], [0, 3]], 0)
    """
    values = np.asarray(ease, dtype=float)
    if values.ndim != 1 or not 1 <= count <= len(values):
        raise TableError(f"{values.shape} problems do not fill {count} bins. Ask for one bin or more, at most so many.")
    if not np.isfinite(values).all():
        raise TableError(f"{int((~np.isfinite(values)).sum())} problems have no value to sort by. Leave them out.")
    order = np.argsort(-values, kind="stable")
    members = tuple(np.array_split(order, count))
    of = np.empty(len(values), dtype=np.int64)
    for place, own in enumerate(members):
        of[own] = place
    edges = np.array([[values[own].min(), values[own].max()] for own in members])
    shared = {float(a[0]) for a, b in pairwise(edges) if a[0] == b[1]}
    return DifficultyBins(members, of, edges, int(np.isin(values, list(shared)).sum()))
