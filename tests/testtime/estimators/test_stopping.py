"""Adaptive consistency: its probability, and what it uses."""

from math import comb

import numpy as np
import pytest

from isoflop.errors import InputError, TableError
from isoflop.testtime.estimators.stopping import _enough, adaptive_consistency, leader_probability


def test_probability_is_the_binomial_sum():
    for v1 in range(12):
        for v2 in range(v1 + 1):
            m = v1 + v2 + 1
            expected = 1 - sum(comb(m, j) for j in range(v2 + 1)) / 2**m
            assert float(leader_probability(v1, v2)) == pytest.approx(expected, abs=1e-15)


def test_one_answer_stops_after_four():
    """Without another answer .95 is reached at (4, 0)."""
    found = adaptive_consistency([3] * 20, [1] * 20, [0, 20], rng=np.random.default_rng(0), most=20)
    assert (found.used[0], found.accuracy[0], found.undecided[0]) == (4.0, 1.0, 0.0)


def test_a_limit_ends_what_is_undecided_and_tied_leaders_share():
    answers = [0, 1] * 10
    found = adaptive_consistency(
        answers, np.array(answers) == 0, [0, 20], rng=np.random.default_rng(0), most=2, threshold=0.99, orders=4000
    )
    assert (found.used[0], found.undecided[0]) == (2.0, 1.0)
    assert found.accuracy[0] == pytest.approx(0.5, abs=0.03)


def test_samples_without_an_answer_cost_and_do_not_vote():
    found = adaptive_consistency([-1] * 8, [0] * 8, [0, 8], rng=np.random.default_rng(0), most=8)
    assert (found.used[0], found.accuracy[0]) == (8.0, 0.0)


def test_a_higher_threshold_uses_more_and_is_no_worse(rng):
    answers = rng.choice(4, 200, p=[0.45, 0.3, 0.15, 0.1])
    runs = [
        adaptive_consistency(answers, answers == 0, [0, 200], rng=rng, most=60, threshold=t, orders=600)
        for t in (0.7, 0.95, 0.999)
    ]
    used, accuracy = [r.used[0] for r in runs], [r.accuracy[0] for r in runs]
    assert used == sorted(used)
    assert accuracy[0] < accuracy[2]


def test_several_limits_are_one_replay(rng):
    """The same orders under every limit: what a limit of its own gives, up to the drawing of orders."""
    answers = rng.choice(3, 60, p=[0.5, 0.3, 0.2])
    limits = [1, 3, 10, 40]
    together = adaptive_consistency(answers, answers == 0, [0, 60], rng=rng, most=limits, orders=3000)
    assert together.used.shape == (1, 4)
    for place, limit in enumerate(limits):
        alone = adaptive_consistency(answers, answers == 0, [0, 60], rng=rng, most=limit, orders=3000)
        assert together.used[0, place] == pytest.approx(alone.used[0], rel=0.03)
        assert together.accuracy[0, place] == pytest.approx(alone.accuracy[0], abs=0.04)
        assert together.undecided[0, place] == pytest.approx(alone.undecided[0], abs=0.04)
    # One sample is its own leader.
    assert together.accuracy[0, 0] == pytest.approx((answers == 0).mean(), abs=0.04)


def test_impossible_questions(rng):
    with pytest.raises(InputError, match="v1 ≥ v2"):
        leader_probability(1, 2)
    with pytest.raises(InputError, match="threshold"):
        adaptive_consistency([0], [1], [0, 1], rng=rng, most=1, threshold=0.4)
    with pytest.raises(InputError, match="orders"):
        adaptive_consistency([0], [1], [0, 1], rng=rng, most=1, orders=0)
    with pytest.raises(TableError, match="problem a"):
        adaptive_consistency([0], [1], [0, 1], rng=rng, most=2, names=["a"])
    with pytest.raises(TableError, match="problem a: samples with one answer"):
        adaptive_consistency([0, 0], [1, 0], [0, 2], rng=rng, most=2, names=["a"])


def test_correct_is_a_share(rng):
    with pytest.raises(TableError, match="problem 0: correct is 7"):
        adaptive_consistency([0, 0], [7, 7], [0, 2], rng=rng, most=2)


@pytest.mark.parametrize("threshold", [0.6, 0.96875, 0.99])
def test_stopping_is_at_the_first_votes_that_reach_the_threshold(threshold):
    first = _enough(40, threshold)
    for second in range(12):
        votes = [v for v in range(second, 41) if float(leader_probability(v, second)) >= threshold]
        assert first[second] == (votes[0] if votes else 41)


def test_a_limit_of_thousands_takes_no_table_of_all_votes(rng):
    n = 20_000
    answers = np.arange(n) % 2
    found = adaptive_consistency(answers, answers == 0, [0, n], rng=rng, most=n, orders=2)
    assert 0 < found.used[0] <= n
    assert leader_probability(200_000, 0) == 1.0
