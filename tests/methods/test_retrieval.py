"""Thinned datastores against datastores that are really smaller."""

import numpy as np
import pytest

from isoflop.errors import TableError
from isoflop.methods.retrieval import thin_datastore


def test_thinning_is_what_a_smaller_store_returns(rng: np.random.Generator) -> None:
    # The best score among k of a store of n thinned by p is distributed as in a store of p n.
    scores = -np.sort(-rng.random((4000, 200)), axis=1)
    documents = np.arange(scores.size).reshape(scores.shape)
    thinned = thin_datastore(documents, [0.1], top=1, rng=rng)[0]
    found = np.take_along_axis(scores, thinned.chosen, axis=1)[:, 0]
    small = rng.random((4000, 20)).max(axis=1)
    assert thinned.short < 1e-3
    # A binomial number of documents is left, 20 on average.
    assert found.mean() == pytest.approx(small.mean(), abs=4 * small.std() / np.sqrt(4000) + 0.003)


def test_a_document_is_kept_for_all_queries_or_for_none(rng: np.random.Generator) -> None:
    documents = np.stack([np.arange(50), np.arange(50)[::-1]])
    chosen = thin_datastore(documents, [0.4], top=50, rng=rng)[0].chosen
    first, second = (row[places[places >= 0]] for row, places in zip(documents, chosen, strict=True))
    assert 5 < len(first) < 40
    np.testing.assert_array_equal(first, second[::-1])


def test_larger_stores_hold_the_smaller_ones() -> None:
    documents = np.arange(300)[None]
    found = thin_datastore(documents, [0.2, 0.5, 1.0], top=300, rng=np.random.default_rng(2))
    kept = [set(f.chosen[0][f.chosen[0] >= 0]) for f in found]
    assert kept[0] < kept[1] < kept[2]
    assert len(kept[0]) == pytest.approx(60, abs=25)


def test_too_few_retrieved_passages_are_told(rng: np.random.Generator) -> None:
    found = thin_datastore(np.arange(40).reshape(10, 4), [0.2], top=3, rng=rng)[0]
    assert found.short > 0.5
    assert (found.chosen == -1).any()


@pytest.mark.parametrize(
    ("shares", "top", "words"), [([0.0], 1, "no share"), ([1.5], 1, "no share"), ([0.5], 9, "top 9")]
)
def test_what_is_no_store_is_refused(shares: list[float], top: int, words: str, rng: np.random.Generator) -> None:
    with pytest.raises(TableError, match=words):
        thin_datastore(np.arange(8).reshape(2, 4), shares, top=top, rng=rng)
