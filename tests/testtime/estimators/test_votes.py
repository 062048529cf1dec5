"""Majority votes: exact against all subsets, drawn ones near the exact ones, ties and missing answers."""

from functools import partial

import numpy as np
import pytest
from tests.testtime.brute import over_subsets, voted

from isoflop.errors import TableError
from isoflop.testtime.estimators import votes
from isoflop.testtime.estimators.tally import majority_exact, majority_sampled
from isoflop.testtime.estimators.votes import majority_at_k, pick_of_all, vote_ceiling, weighted_vote_at_k


@pytest.mark.parametrize("n", range(1, 9))
def test_votes_are_means_over_all_subsets(n, rng):
    ks = np.arange(1, n + 1)
    for _ in range(12):
        labels, truth = rng.integers(-1, 4, n), rng.integers(0, 2, 5)
        right = np.where(labels < 0, 0, truth[labels])
        weights = rng.integers(1, 4, n) / 2
        plain = over_subsets(voted, n, ks, labels, right, np.ones(n))
        heavy = over_subsets(voted, n, ks, labels, right, weights)
        assert majority_at_k(labels, right, [0, n], ks)[0] == pytest.approx(plain, abs=1e-13)
        found = weighted_vote_at_k(labels, right, weights, [0, n], ks, rng=rng, subsets=100)
        assert found[0] == pytest.approx(heavy, abs=1e-13)


def test_many_answers_agree_with_drawn_subsets(rng):
    labels = rng.choice(60, 300, p=rng.dirichlet(np.full(60, 0.3)))
    _, codes = np.unique(labels, return_inverse=True)
    truth = (np.arange(codes.max() + 1) == np.bincount(codes).argmax()).astype(float)
    ks = np.array([1, 2, 9, 64, 300])
    exact = majority_exact(np.bincount(codes), truth, ks)
    drawn = majority_sampled(codes, truth, ks, rng, 4000)
    assert np.all(np.abs(exact - drawn) <= 4 * np.sqrt(np.maximum(exact * (1 - exact), 1e-12) / 4000) + 1e-12)


def test_subsets_are_drawn_only_where_the_exact_vote_takes_too_long(monkeypatch, rng):
    labels = np.array([0, 0, 0, 1, 1, 2, 3, 3] * 2)
    exact = majority_at_k(labels, labels == 0, [0, 16], [1, 5])
    monkeypatch.setattr(votes, "MOST_WORK", 10)
    with pytest.raises(TableError, match="problem sums: too many samples and answers"):
        majority_at_k(labels, labels == 0, [0, 16], [1, 5], names=["sums"])
    drawn = majority_at_k(labels, labels == 0, [0, 16], [1, 5], rng=rng, subsets=4000)
    assert drawn[0] == pytest.approx(exact[0], abs=0.03)


def test_weighted_votes_beyond_few_subsets_are_near_the_exact_ones(rng):
    labels = rng.integers(0, 4, 12)
    weights = rng.uniform(0.1, 1, 12)
    exact = weighted_vote_at_k(labels, labels == 0, weights, [0, 12], [4, 6], rng=rng, subsets=1000)
    drawn = weighted_vote_at_k(labels, labels == 0, weights, [0, 12], [4, 6], rng=rng, subsets=400)
    assert drawn == pytest.approx(exact, abs=0.1)
    assert not np.array_equal(drawn, exact)


def test_equal_weights_are_a_plain_vote(rng):
    labels, weights = rng.integers(0, 3, 9), np.full(9, 0.1)
    heavy = weighted_vote_at_k(labels, labels == 1, weights, [0, 9], [1, 4, 9], rng=rng)
    assert heavy == pytest.approx(majority_at_k(labels, labels == 1, [0, 9], [1, 4, 9]), abs=1e-13)


def test_no_answer_and_only_missing_answers():
    assert majority_at_k([-1, -1, 0], [0, 0, 1], [0, 3], [1, 2, 3]).round(6).tolist() == [[0.333333, 0.666667, 1.0]]
    assert majority_at_k([-1, -1], [0, 0], [0, 2], [1, 2]).tolist() == [[0.0, 0.0]]
    assert pick_of_all([-1, -1, 2, 2, 1], [0, 2, 5]).tolist() == [-1, 2]
    assert vote_ceiling([-1, -1, -1, 1], [0, 0, 0, 1], [0, 2, 4]).tolist() == [0.0, 1.0]


def test_labels_need_not_be_dense_and_may_recur_in_other_problems():
    labels, right = [70, 70, 5, 70, 70, 5], [1, 1, 0, 0, 0, 1]
    assert majority_at_k(labels, right, [0, 3, 6], 3).ravel().tolist() == pytest.approx([1.0, 0.0])


def test_an_answer_cannot_be_right_and_wrong(rng):
    with pytest.raises(TableError, match="problem b: samples with one answer are both correct and wrong"):
        majority_at_k([0, 1, 1], [1, 0, 1], [0, 1, 3], 1, names=["a", "b"])
    with pytest.raises(TableError, match="problem a: a weight is negative"):
        weighted_vote_at_k([0, 1], [1, 0], [-1.0, 1.0], [0, 1, 2], 1, rng=rng, names=["a", "b"])


def test_the_same_state_gives_the_same_bits():
    labels = np.arange(30) % 7
    runs = [
        weighted_vote_at_k(labels, labels == 0, np.ones(30), [0, 30], 9, rng=np.random.default_rng(s), subsets=50)
        for s in (1, 1, 2)
    ]
    assert runs[0] == runs[1] != runs[2]


@pytest.mark.parametrize("subsets", [1, 1000])
def test_answers_without_any_weight_tie(subsets, rng):
    """With one subset they are drawn, with many all are looked at."""
    answers, correct = [0, 1, 1, -1], [1, 0, 0, 0]
    vote = partial(weighted_vote_at_k, answers, correct, starts=[0, 4], ks=[1, 4], rng=rng, subsets=subsets)
    assert vote(weights=[0, 0, 0, 0])[0, 1] == 0.5
    assert vote(weights=[0, 0, 0, 1])[0, 1] == 0.5
    assert vote(weights=[0, 0, 1e-9, 0])[0, 1] == 0.0
    assert weighted_vote_at_k([0, 1], [1, 0], [0, 0], [0, 2], [2], rng=rng).tolist() == [[0.5]]


@pytest.mark.parametrize("correct", [[7, 0], [-1, 0], [np.nan, 0]])
def test_correct_is_a_share(correct, rng):
    with pytest.raises(TableError, match="problem 0"):
        majority_at_k([0, 1], correct, [0, 2], [1])
    with pytest.raises(TableError, match="problem 0"):
        weighted_vote_at_k([0, 1], correct, [1, 1], [0, 2], [1], rng=rng)
    assert majority_at_k([0, 1], [0.5, 0], [0, 2], [1]).tolist() == [[0.25]]
