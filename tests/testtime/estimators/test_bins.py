"""Bins of equal count."""

import numpy as np
import pytest

from isoflop.errors import TableError
from isoflop.testtime.estimators.bins import difficulty_bins


def test_bins_have_equal_counts_and_fall_in_ease(rng):
    ease = rng.random(53)
    found = difficulty_bins(ease)
    assert sorted(len(m) for m in found.members) == [10, 10, 11, 11, 11]
    assert np.array_equal(np.sort(np.concatenate(found.members)), np.arange(53))
    assert np.all(np.diff(found.means(ease)) < 0)
    assert all(np.all(found.of[places] == k) for k, places in enumerate(found.members))
    assert found.split == 0


def test_problems_that_the_order_of_the_table_decided_are_counted():
    found = difficulty_bins([0.5, 0.0, 0.0, 0.0], 2)
    assert found.split == 3
    assert found.edges.tolist() == [[0.0, 0.5], [0.0, 0.0]]


def test_means_of_curves():
    found = difficulty_bins([0.1, 0.9], 2)
    assert found.means([[1.0, 2.0], [3.0, 4.0]]).tolist() == [[3.0, 4.0], [1.0, 2.0]]
    for values in ([1.0], [1.0, 2.0, 3.0], 1.0):
        with pytest.raises(TableError, match="not for 2 problems"):
            found.means(values)


@pytest.mark.parametrize(("ease", "count"), [([0.1], 2), ([0.1, np.nan], 1), ([0.1, 0.2], 0)])
def test_what_cannot_be_cut(ease, count):
    with pytest.raises(TableError):
        difficulty_bins(ease, count)
