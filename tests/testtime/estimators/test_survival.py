"""Unsolved problems, expected attempts, and curves from sequences that stop at the first success."""

import numpy as np
import pytest
from tests.testtime.brute import least, over_subsets

from isoflop.errors import FitError, InputError, TableError
from isoflop.testtime.estimators.coverage import pass_at_k
from isoflop.testtime.estimators.survival import attempts_within, failure_curve, median_attempts, unsolved_after


@pytest.mark.parametrize("n", range(1, 9))
def test_attempts_are_the_sum_of_failures_so_far(n):
    ks = np.arange(1, n + 1)
    for c in range(n + 1):
        right = [1] * c + [0] * (n - c)
        none = [1.0, *over_subsets(least, n, ks, [1 - y for y in right])]
        assert unsolved_after(n, c, ks)[0] == pytest.approx(none[1:], abs=1e-15)
        assert attempts_within(n, c, ks)[0] == pytest.approx(np.cumsum(none)[:-1], abs=1e-13)


def test_unsolved_is_what_coverage_leaves(rng):
    n = rng.integers(10, 50, 40)
    c = rng.binomial(n, 0.3)
    assert unsolved_after(n, c, [1, 10]) == pytest.approx(1 - pass_at_k(n, c, [1, 10]), abs=1e-14)


def test_the_median_is_the_first_k_that_solves_half(rng):
    n, c = np.full(30, 40), rng.binomial(40, rng.beta(0.5, 2, 30))
    curve = pass_at_k(n, c, np.arange(1, 41)).mean(axis=0)
    for share in (0.3, 0.5, 0.7):
        reached = np.flatnonzero(curve >= share)
        expected = reached[0] + 1 if len(reached) else np.inf
        assert median_attempts(n, c, share=share) == expected
    assert median_attempts([9, 9], [0, 0]) == np.inf
    with pytest.raises(InputError, match="median"):
        median_attempts(9, 1, share=1.0)


def test_without_giving_up_the_curve_is_the_share_unsolved():
    attempts = np.array([1, 1, 2, 5, 5, 9])
    found = failure_curve(attempts, np.ones(6, dtype=bool))
    for k in range(1, 10):
        assert found.after(k) == pytest.approx((attempts > k).mean())
    assert (found.solved, found.given_up, found.median) == (6, 0, 2.0)
    assert np.all(found.interval[0] <= found.unsolved + 1e-12)
    assert np.all(found.interval[1] >= found.unsolved)


def test_beyond_the_longest_sequence_nothing_is_known():
    found = failure_curve([3, 4], [True, False])
    assert np.isnan(found.after(5))
    assert found.after(4) == 0.5
    assert failure_curve([2, 3], [False, False]).median == np.inf


def test_giving_up_early_does_not_bias_the_curve(rng):
    """Geometric attempts at one p, given up after a random number: the curve stays at (1 − p)^k."""
    p, count = 0.2, 4000
    needed, limit = rng.geometric(p, count), rng.integers(1, 15, count)
    found = failure_curve(np.minimum(needed, limit), needed <= limit, level=0.999)
    for k in (1, 3, 8):
        place = int(np.searchsorted(found.attempts, k, side="right")) - 1
        low, high = found.interval[:, place]
        assert low < (1 - p) ** k < high


@pytest.mark.parametrize(("attempts", "solved", "level", "error"), [
    ([0, 1], [True, True], 0.9, TableError), ([1, 2], [True], 0.9, TableError), ([1], [True], 1.0, FitError),
    ([1, 2], [np.nan, 0], 0.9, TableError), ([1, 2], [2, 0], 0.9, TableError), ([np.inf], [1], 0.9, TableError),
])  # fmt: skip
def test_impossible_sequences(attempts, solved, level, error):
    with pytest.raises(error):
        failure_curve(attempts, solved, level=level)
