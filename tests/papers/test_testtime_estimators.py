"""Estimators of test-time compute against the numbers of their sources, as recomputed and printed."""

import csv
from pathlib import Path

import numpy as np
import pytest
from tests.papers.support import assert_prints_as

from isoflop.testtime.estimators.aggregate import chance_of_improvement, interquartile_mean, optimality_gap
from isoflop.testtime.estimators.best_of import best_of_k
from isoflop.testtime.estimators.costs import arise
from isoflop.testtime.estimators.coverage import pass_at_k, pass_hat_k
from isoflop.testtime.estimators.efficiency import eff_at_k
from isoflop.testtime.estimators.stopping import leader_probability
from isoflop.testtime.estimators.votes import majority_at_k, pick_of_all


def binomial(n: int, p: float) -> np.ndarray:
    """Chances of 0 to n successes."""
    from scipy.stats import binom

    return np.asarray(binom.pmf(np.arange(n + 1), n, p))


def test_chen_2021_without_bias_and_the_plug_in_too_low():
    """n = 50, p = .1, k = 5: the truth, the plug-in's mean, and the scatter of the estimate of one problem."""
    n, p, k = 50, 0.1, 5
    chance, truth, c = binomial(n, p), 1 - (1 - p) ** k, np.arange(n + 1)
    estimate = pass_at_k(np.full(n + 1, n), c, k)[:, 0]
    assert_prints_as(truth, ".40951")
    assert chance @ estimate == pytest.approx(truth, abs=1e-14)
    assert_prints_as(chance @ (1 - (1 - c / n) ** k), ".39658")
    assert_prints_as(np.sqrt(chance @ estimate**2 - truth**2), ".14045")


def test_tau_bench_2024_pass_hat_k():
    assert pass_at_k(8, 6, 4)[0, 0] == 1.0
    assert_prints_as(pass_hat_k(8, 6, 4)[0, 0], ".214286")
    estimate = pass_hat_k(np.full(9, 8), np.arange(9), 4)[:, 0]
    assert binomial(8, 0.7) @ estimate == pytest.approx(0.7**4, abs=1e-14)


def test_best_of_k_by_a_verifier():
    """Correctness 0, 1, 0, 1, 1, 0 in falling order of the score."""
    score = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4]
    found = best_of_k([0, 1, 0, 1, 1, 0], [0, 6], [1, 2, 3, 6], by=score)[0]
    for value, printed in zip(found, (".5", ".466667", ".35", "0"), strict=True):
        assert_prints_as(value, printed)


def test_majority_of_counts_5_3_2():
    answers, ks = np.repeat([0, 1, 2], [5, 3, 2]), [1, 3, 5, 10]
    for truth, row in ((0, (".5", ".583333", ".678571", "1")), (1, (".3", ".266667", ".232143", "0"))):
        found = majority_at_k(answers, answers == truth, [0, 10], ks)[0]
        for value, printed in zip(found, row, strict=True):
            assert_prints_as(value, printed)


def test_self_consistency_weighted_vote_and_best_of_n_disagree():
    """Ten answers of three kinds, five of them B: the vote takes B, the weighted vote and best-of-N take C."""
    answers = np.array(["A", "A", "B", "A", "B", "B", "B", "C", "B", "C"])
    score = np.array([0.9, 0.2, 0.8, 0.3, 0.1, 0.2, 0.1, 0.95, 0.1, 0.9])
    totals = {kind: score[answers == kind].sum() for kind in "ABC"}
    assert [round(float(totals[kind]), 2) for kind in "ABC"] == [1.4, 1.3, 1.85]
    codes = np.unique(answers, return_inverse=True)[1]
    assert "ABC"[pick_of_all(codes, [0, 10])[0]] == "B"
    assert "ABC"[pick_of_all(codes, [0, 10], weights=score)[0]] == "C"
    assert answers[score.argmax()] == "C"


@pytest.mark.parametrize(("votes", "printed"), [
    ((3, 0), ".9375"), ((4, 0), ".96875"), ((6, 1), ".964844"), ((8, 2), ".967285"),
])  # fmt: skip
def test_aggarwal_2023_adaptive_consistency(votes, printed):
    assert_prints_as(float(leader_probability(*votes)), printed)


def test_enamel_2025_eff_at_k():
    found = eff_at_k([0, 0.2, 0.5, 1, 0], [0, 5], [1, 2, 3, 5])[0]
    for value, printed in zip(found, (".34", ".59", ".77", "1.0"), strict=True):
        assert_prints_as(value, printed)


@pytest.mark.parametrize(("accuracy", "tokens", "printed"), [
    ((0, 1, 1), (1000, 2000, 4000), ".5"),
    ((1, 0, 0), (1000, 2000, 4000), "-2"),
    ((0, 1, 0), (1000, 2000, 3000), "-1.0"),
    ((1 / 3, 2 / 3, 1), (1000, 1500, 4000), ".347222"),
])  # fmt: skip
def test_yin_2025_arise(accuracy, tokens, printed):
    assert_prints_as(float(arise(accuracy, tokens)[0]), printed)


def test_evalperf_2024_normalised_scores_are_places_among_the_references(data_directory: Path):
    """`dps_norm` of every task and model is the mean of `100 (j+1)/R` with one R per task, j the file's clusters."""
    with (data_directory / "evalperf_per_task.csv").open(encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines) if row["clusters"] and row["dps_norm"]]
    sizes: dict[str, set[float]] = {}
    for row in rows:
        places = np.array([float(x) for x in row["clusters"].split(";")])
        if float(row["dps_norm"]):
            sizes.setdefault(row["task"], set()).add(
                round(100 * float((places + 1).mean()) / float(row["dps_norm"]), 6)
            )
    assert len(rows) > 3000
    assert all(len(found) == 1 and next(iter(found)).is_integer() for found in sizes.values()), sizes


def test_aggregates_of_runs_and_tasks():
    """Section 30, row 21 of section 32."""
    x = np.array([[0.1, 1.2, 0.5, 0.9], [0.2, 1.5, 0.4, 1.1], [0, 0.8, 0.6, 1]])
    y = np.array([[0.1, 1, 0.45, 0.8], [0.15, 1.1, 0.5, 1.1], [0.1, 0.7, 0.2, 0.7]])
    assert float(interquartile_mean(x)) == pytest.approx(0.70)
    assert float(optimality_gap(x)) == pytest.approx(0.375)
    assert f"{float(chance_of_improvement(x, y)):.6f}" == "0.666667"
