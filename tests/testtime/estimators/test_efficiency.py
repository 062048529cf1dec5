"""Efficiency from times with censoring, eff@k, and differential performance."""

import numpy as np
import pytest

from isoflop.errors import InputError, TableError
from isoflop.testtime.estimators.efficiency import (
    differential_performance,
    eff_at_k,
    efficiency_scores,
    hodges_lehmann,
    mean_performance,
)

REFERENCE = [0.1, 1.0, 1.0, 2.0]


def test_as_fast_as_the_reference_is_one_and_faster_is_more():
    assert efficiency_scores([REFERENCE], REFERENCE).tolist() == [1.0]
    assert efficiency_scores([[0.1, 0.5, 1.0, 2.0]], REFERENCE)[0] > 1


def test_a_time_beyond_the_limit_is_censored_whatever_it_was():
    """The limit is 4: a level that reaches it, and all after it, have 0."""
    late = efficiency_scores([[0.1, 1, 4.0, 1], [0.1, 1, 400, 1], [0.1, 1, np.inf, 1]], REFERENCE)
    assert late.tolist() == [0.3] * 3
    assert efficiency_scores([[9.0, 1, 1, 1]], REFERENCE).tolist() == [0.0]


def test_a_wrong_answer_has_no_efficiency():
    assert efficiency_scores([REFERENCE] * 2, REFERENCE, correct=[True, False]).tolist() == [1.0, 0.0]


def test_the_limit_counts_only_levels_with_weight():
    """A reference that is slow on a level of weight 0 does not stretch the limit."""
    found = efficiency_scores([[50.0, 1.0]], [50.0, 1.0], weights=[0.0, 1.0])
    assert found.tolist() == [0.0]


def test_hodges_lehmann_of_repeats():
    assert hodges_lehmann([3.0]) == 3.0
    assert hodges_lehmann([1.0, 1.0, 100.0]) == pytest.approx(25.75)


def test_a_sample_counts_as_the_fastest_reference_that_it_matches():
    references, shares = [100.0, 50.0, 50.0, 10.0], [25.0, 60.0, 60.0, 100.0]
    scores, normed = differential_performance([200.0, 100.0, 50.0, 49.0, 10.0, 1.0], references, shares)
    assert scores.tolist() == [0.0, 25.0, 60.0, 60.0, 100.0, 100.0]
    assert normed.tolist() == [0.0, 25.0, 75.0, 75.0, 100.0, 100.0]


def test_tasks_with_few_correct_samples_take_no_part():
    mean, used = mean_performance([80.0, np.nan, 40.0], [20, 3, 10])
    assert mean == 60.0
    assert used.tolist() == [True, False, True]


@pytest.mark.parametrize(("call", "error", "said"), [
    (lambda: efficiency_scores([[1.0]], [1.0, 2.0], weights=[1.0]), InputError, "do not fit"),
    (lambda: efficiency_scores([[np.nan]], [1.0], weights=[1.0]), InputError, "known"),
    (lambda: efficiency_scores([[1.0]], [1.0], weights=[0.0]), InputError, "weights"),
    (lambda: efficiency_scores([[1.0]], [np.inf], weights=[1.0]), InputError, "finite"),
    (lambda: efficiency_scores([[1.0]], [1.0], weights=[np.inf]), InputError, "finite"),
    (lambda: efficiency_scores([[1, 1], [1, 1]], [1, 1], weights=(1, 1), correct=[1]), TableError, "2 values"),
    (lambda: efficiency_scores([[1]], [1], weights=[1], correct=[np.nan]), TableError, "1 or 0"),
    (lambda: hodges_lehmann([]), InputError, "repeats"),
    (lambda: hodges_lehmann([1, np.nan]), InputError, "missing"),
    (lambda: eff_at_k([-0.1, 1], [0, 2], 1), TableError, "negative"),
    (lambda: differential_performance([1.0], [1.0, 2.0], [1.0, 2.0]), InputError, "slow to fast"),
    (lambda: differential_performance([1.0], [2.0, 1.0], [2.0, 1.0]), InputError, "cumulative"),
    (lambda: differential_performance([5.0], [10, 5], [10, np.nan]), InputError, "percent"),
    (lambda: differential_performance([5.0], [10, 5], [10, 101]), InputError, "percent"),
    (lambda: differential_performance([5.0], [10, np.nan], [10, 90]), InputError, "reference is missing"),
    (lambda: differential_performance([np.nan], [10, 5], [10, 90]), InputError, "cost of a sample"),
    (lambda: mean_performance([1.0], [1]), TableError, "10 correct"),
    (lambda: mean_performance([1, 2, 3], [10, 10]), TableError, "one per task"),
    (lambda: mean_performance([1, 2], [10, np.nan]), TableError, "whole"),
])  # fmt: skip
def test_what_cannot_be_scored(call, error, said):
    with pytest.raises(error, match=said):
        call()


def test_a_level_that_is_only_a_check_may_take_longer_than_the_limit():
    """Its reference is at the limit, T = 2, where its own score would be 0/0."""
    assert efficiency_scores([[1.0, 1.0]], [2.0, 1.0], weights=(0, 1)).tolist() == [1.0]
    assert efficiency_scores([[1.0, 1.5]], [3.0, 1.0], weights=(0, 1)).tolist() == [0.5]
