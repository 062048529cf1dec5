"""Times to a result, profiles and scores."""

import numpy as np
import pytest

from isoflop.errors import TableError
from isoflop.recipes.timing import (
    Times,
    algoperf_score,
    performance_profile,
    score_times,
    time_to_result,
    times_of,
    with_variants,
)
from isoflop.runs.table import RunTable

INF = np.inf


def test_two_of_three_studies_without_the_target_are_no_result():
    assert time_to_result([3.0, INF, INF]) == INF
    assert time_to_result([3.0, 5.0, INF]) == 5.0
    assert time_to_result([[np.nan, 7.0], [2.0, 9.0]]) == 4.5


def test_the_score_is_the_integral_of_the_profile(rng):
    ratios = np.exp(rng.exponential(0.7, (3, 40)))
    tau = np.linspace(1, 4, 30_001)
    profile = performance_profile(ratios, tau)
    by_grid = ((profile[:, 1:] + profile[:, :-1]) / 2 * np.diff(tau)).sum(axis=1) / 3
    assert algoperf_score(ratios) == pytest.approx(by_grid, abs=1e-3)


def test_the_fastest_everywhere_scores_1_and_who_never_arrives_0():
    times = Times(("fast", "slow", "lost"), ("x", "y"), np.array([[1.0, 2.0], [4.0, 8.0], [INF, INF]]))
    found = score_times(times)
    assert list(found.scores.values()) == [1.0, 0.0, 0.0]
    assert found.speedups == {"fast": 1.0, "slow": 0.25, "lost": None}
    assert found.solved == {"fast": 2, "slow": 2, "lost": 0}


def test_scores_depend_on_who_takes_part_and_speedups_do_not():
    two = Times(("a", "b"), ("x", "y"), np.array([[2.0, 2.0], [3.0, 3.0]]))
    three = Times(("a", "b", "c"), ("x", "y"), np.array([[2.0, 2.0], [3.0, 3.0], [1.0, 1.0]]))
    first, second = score_times(two), score_times(three)
    assert first.scores["b"] > second.scores["b"]
    assert first.speedups["b"] == second.speedups["b"]


def test_a_held_out_variant_that_fails_takes_its_base_away():
    hours = [[1.0, 2.0, 3.0], [1.0, np.nan, 3.0]]
    assert with_variants(hours, {0: [1], 2: []}).tolist() == [[1.0, 3.0], [INF, 3.0]]


def trials() -> RunTable:
    rows = [
        ("adam", "lm", 0, 5.0, 3.2), ("adam", "lm", 0, 4.0, 3.1), ("adam", "lm", 1, 6.0, 3.2),
        ("adam", "lm", 2, None, 3.6), ("muon", "lm", 0, 3.0, 3.1), ("muon", "lm", 1, 2.0, 3.4),
        ("muon", "lm", 2, 3.5, 3.2), ("muon", "vision", 0, 8.0, 0.2),
    ]  # fmt: skip
    names = ("recipe", "workload", "study", "hours", "loss")
    return RunTable.from_columns(dict(zip(names, zip(*rows, strict=True), strict=True)))


def test_times_from_a_table_of_trials():
    found = times_of(trials())
    assert (found.recipes, found.workloads) == (("adam", "muon"), ("lm", "vision"))
    assert found.hours.tolist() == [[6.0, INF], [3.0, 8.0]]
    assert found.ratios.tolist() == [[2.0, INF], [1.0, 1.0]]
    shown = score_times(found).to_dict()
    assert shown["recipes"][0]["times"] == {"lm": 6.0, "vision": None}


def test_trials_that_end_above_the_target_do_not_count():
    found = times_of(trials(), response="loss", targets={"lm": 3.25, "vision": 0.3})
    assert found.hours[1].tolist() == [3.5, 8.0]
    with pytest.raises(TableError, match="No target is given for vision"):
        times_of(trials(), response="loss", targets={"lm": 3.25})


def test_without_workloads_and_studies_there_is_one_of_each():
    rows = {"recipe": ["a", "a", "b"], "hours": [3.0, 2.0, 4.0]}
    assert times_of(RunTable.from_columns(rows)).hours.tolist() == [[2.0], [4.0]]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: time_to_result([-1.0]), "positive numbers"),
        (lambda: time_to_result([]), "positive numbers"),
        (lambda: algoperf_score([1.0], largest_ratio=1.0), "no room above 1"),
        (lambda: score_times(Times(("a",), ("x",), np.ones((1, 1))), baseline="b"), "not among a"),
    ],
)
def test_what_is_no_time_is_refused(call, said):
    with pytest.raises(TableError, match=said):
        call()
