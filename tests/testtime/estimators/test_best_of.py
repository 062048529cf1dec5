"""Best of k against all subsets, ties included."""

import numpy as np
import pytest
from tests.testtime.brute import largest, over_subsets, picked

from isoflop.errors import TableError
from isoflop.testtime.estimators.best_of import best_of_k
from isoflop.testtime.estimators.coverage import pass_at_k


@pytest.mark.parametrize("n", range(1, 9))
def test_picked_sample_and_largest_value_are_means_over_all_subsets(n, rng):
    ks = np.arange(1, n + 1)
    for levels in (2, 3, 100):
        score, right = rng.integers(0, levels, n).astype(float), rng.integers(0, 2, n).astype(float)
        pick = over_subsets(picked, n, ks, right, score)
        most = over_subsets(largest, n, ks, score)
        assert best_of_k(right, [0, n], ks, by=score)[0] == pytest.approx(pick, abs=1e-14)
        assert best_of_k(score, [0, n], ks)[0] == pytest.approx(most, abs=1e-13)


def test_a_perfect_verifier_reaches_coverage(rng):
    starts = np.array([0, 12, 40, 70])
    right = rng.integers(0, 2, 70).astype(float)
    c = np.add.reduceat(right, starts[:-1])
    found = best_of_k(right, starts, [1, 5, 12], by=right + rng.uniform(0, 0.5, 70) * right)
    assert found == pytest.approx(pass_at_k(np.diff(starts), c, [1, 5, 12]), abs=1e-13)


def test_ties_do_not_reach_across_problems():
    assert best_of_k([1, 0, 0, 1], [0, 2, 4], 2, by=[1, 1, 1, 2]).ravel().tolist() == [0.5, 1.0]


def test_what_is_missing_is_named():
    with pytest.raises(TableError, match="1 scores are missing or infinite, in problem b"):
        best_of_k([1, 0, 1], [0, 1, 3], 1, by=[0.1, 0.2, np.nan], names=["a", "b"])
    with pytest.raises(TableError, match="problem a"):
        best_of_k([1, 0, 1], [0, 1, 3], 2, names=["a", "b"])
    with pytest.raises(TableError, match="values are no numbers"):
        best_of_k(["a"], [0, 1], [1])
    with pytest.raises(TableError, match="scores are no numbers"):
        best_of_k([1], [0, 1], [1], by=["a"])
    with pytest.raises(TableError, match="Starts of shape"):
        best_of_k([1, 0, 1], [0, 2, 2, 3], 1)
