"""pass@k and pass^k: exact for few samples and for many, and refused where they would mean nothing."""

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from tests.testtime.brute import largest, least, over_subsets

from isoflop.errors import TableError
from isoflop.testtime.estimators.coverage import (
    pass_at_k,
    pass_at_k_variance,
    pass_hat_k,
    running_shares,
    subset_shares,
)


@pytest.mark.parametrize("n", range(1, 9))
def test_both_are_means_over_all_subsets(n):
    ks = np.arange(1, n + 1)
    for c in range(n + 1):
        right = [1] * c + [0] * (n - c)
        some, every = over_subsets(largest, n, ks, right), over_subsets(least, n, ks, right)
        assert pass_at_k(n, c, ks)[0] == pytest.approx(some, abs=1e-15)
        assert pass_hat_k(n, c, ks)[0] == pytest.approx(every, abs=1e-15)


@pytest.mark.parametrize(
    ("n", "c", "k"), [(10_000, 1, 1), (10_000, 7, 3), (10_000, 300, 200), (9_999, 3, 9_000), (10**6, 64, 64)]
)
def test_no_digits_are_lost_with_many_samples(n, c, k):
    """The floating value against whole numbers, for small shares and for large ones."""
    none, every = Fraction(comb(n - c, k), comb(n, k)), Fraction(comb(c, min(c, k)), comb(n, min(c, k)))
    assert pass_at_k(n, c, k)[0, 0] == pytest.approx(float(1 - none), rel=1e-13)
    assert pass_hat_k(n, c, min(c, k))[0, 0] == pytest.approx(float(every), rel=1e-11, abs=1e-290)


def test_ragged_counts_and_unsorted_ks_keep_their_places(rng):
    n = rng.integers(20, 40, 300)
    c = rng.binomial(n, 0.2)
    ks = np.array([7, 1, 20, 3])
    found = pass_at_k(n, c, ks)
    assert found.shape == (300, 4)
    for i, j in ((0, 0), (17, 2), (299, 3)):
        expected = 1 - comb(int(n[i] - c[i]), int(ks[j])) / comb(int(n[i]), int(ks[j]))
        assert found[i, j] == pytest.approx(expected, rel=1e-13)
    # Coverage never falls with k, and all-correct never rises.
    assert np.all(np.diff(found[:, [1, 3, 0, 2]], axis=1) >= 0)
    assert np.all(np.diff(pass_hat_k(n, c, [1, 3, 7]), axis=1) <= 0)


@pytest.mark.parametrize("estimator", [pass_at_k, pass_hat_k])
def test_k_above_n_names_the_problems(estimator):
    with pytest.raises(TableError, match=r"k = 5 is above the number of samples of problem hard \(4 to 4 samples\)"):
        estimator([9, 4], [1, 1], [2, 5], names=["easy", "hard"])


@pytest.mark.parametrize(("n", "c", "k", "said"), [
    (4, 5, 1, "5 correct of 4"), (0, 0, 1, "impossible"), (4, -1, 1, "impossible"), (4, 1.5, 1, "whole"),
    (4, 1, 0, "at least 1"), (4, 1, 1.5, "whole"), (np.inf, 1, 1, "whole"), (np.nan, 1, 1, "whole"),
    (1e20, 1, 1, "beyond 2"), ([10, 10, 10], [5, 5], 1, "do not fit"), ([10, 10, 10], [5], 1, "do not fit"),
])  # fmt: skip
def test_counts_that_cannot_be(n, c, k, said):
    with pytest.raises(TableError, match=said):
        pass_at_k(n, c, k)


def test_both_shares_add_up(rng):
    n = rng.integers(1, 200, 500)
    m, k = rng.integers(0, n + 1), rng.integers(1, n + 1)
    none, some = subset_shares(n, m, k)
    assert none + some == pytest.approx(1.0, abs=1e-13)


@pytest.mark.parametrize(("n", "p", "k"), [(8, 0.3, 4), (20, 0.1, 3), (9, 0.5, 1)])
def test_the_variance_has_no_bias(n, p, k):
    """Mean over the binomial of the estimated variance is the variance over the binomial of the estimate."""
    c = np.arange(n + 1)
    chance = np.array([comb(n, int(j)) * p**j * (1 - p) ** (n - j) for j in c])
    estimate = pass_at_k(np.full(n + 1, n), c, k)[:, 0]
    variance = chance @ estimate**2 - (chance @ estimate) ** 2
    assert chance @ pass_at_k_variance(np.full(n + 1, n), c, k)[:, 0] == pytest.approx(variance, abs=1e-14)


@pytest.mark.parametrize("n", [2**31, 2**32, 2**40, 2**52])
def test_huge_counts_are_not_taken_for_others(n):
    found = pass_at_k([n, n, 3], [1, n - 1, 1], [2])
    assert found[0, 0] == pytest.approx(2 / n, rel=1e-12)
    assert found[1:, 0].tolist() == [1.0, pytest.approx(2 / 3)]
    assert pass_hat_k([n], [n - 1], [1])[0, 0] == pytest.approx(1 - 1 / n)


def test_the_variance_names_the_largest_k_that_may_be_asked():
    with pytest.raises(TableError, match=r"k = 6 needs 2 k = 12 samples.*\(10 to 10 samples\).*give k up to 5,"):
        pass_at_k_variance([10], [3], [6])
    with pytest.raises(TableError, match="nothing is estimated: leave these problems out, or draw more samples"):
        pass_at_k_variance([1], [1], [1])
    assert pass_at_k_variance([10], [3], [5]).shape == (1, 1)


def test_running_shares_are_the_shares(rng):
    n = rng.integers(20, 60, 40)
    m = rng.integers(0, n + 1)
    ks = np.arange(1, 21)
    assert running_shares(n, m, 20) == pytest.approx(subset_shares(n[:, None], m[:, None], ks).none, abs=1e-14)
