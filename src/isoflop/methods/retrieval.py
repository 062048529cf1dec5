"""Retrieval at smaller datastores from one search: thin what was retrieved, then take the top."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import TableError

Array = NDArray[Any]


@dataclass(frozen=True)
class ThinnedStore:
    """What a smaller datastore would have returned.

    Args:
        share: share p of the datastore that is kept.
        chosen: places of the top passages among those retrieved, best first, shape (queries, k);
            -1 where fewer than k were left.
        short: share of the queries for which fewer than k were left, so that the simulation is not
            exact for them.
    """

    share: float
    chosen: Array
    short: float


def thin_datastore(
    documents: Array, shares: Sequence[float], *, top: int, rng: np.random.Generator
) -> tuple[ThinnedStore, ...]:
    """Simulate datastores of several sizes from passages retrieved once.

    Every document is kept with probability p, for all queries alike, and the best `top` of those
    kept are taken. Thinning commutes with ranking, so this is what a random part of the datastore
    returns, as long as enough passages were retrieved. The stores are nested: what a small one has
    a larger one has too.

    Reference: Shao et al. 2024, arXiv:2407.12854, sec. 3.

    Args:
        documents: number of the document of every retrieved passage, best first, shape
            (queries, retrieved).
        shares: shares p of the datastore.
        top: passages k that the model reads.
        rng: draws which documents are kept.

    Returns:
        One result for every share, in the order given.

    Raises:
        TableError: a share is not within (0, 1], or fewer than `top` passages were retrieved.

    >>> found = thin_datastore(np.arange(1000)[None], [1.0, 0.1], top=3, rng=np.random.default_rng(0))
    >>> found[0].chosen.tolist()
    [[0, 1, 2]]
    """
    ranked = np.asarray(documents)
    if ranked.ndim != 2 or not 1 <= top <= ranked.shape[1]:
        raise TableError(
            f"The top {top} of an array {ranked.shape}: give (queries, retrieved), at least {top} retrieved."
        )
    wrong = [p for p in shares if not 0 < p <= 1]
    if wrong:
        raise TableError(f"{wrong[0]:g} is no share of a datastore. Give shares above 0 and up to 1.")
    names, place = np.unique(ranked, return_inverse=True)
    luck = rng.random(len(names))[place.reshape(ranked.shape)]
    return tuple(_thinned(luck < p, float(p), top) for p in shares)


def _thinned(kept: Array, share: float, top: int) -> ThinnedStore:
    """The best passages of those kept."""
    order = np.argsort(~kept, axis=1, kind="stable")[:, :top]
    there = np.take_along_axis(kept, order, axis=1)
    return ThinnedStore(share, np.where(there, order, -1), float(np.mean(~there.all(axis=1))))
