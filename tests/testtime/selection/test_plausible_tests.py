"""B4 and its rivals against a plain reading of their formulas, and on matrices that say nothing."""

import math

import numpy as np
import pytest

from isoflop.errors import InputError
from isoflop.testtime.selection.plausible_tests import (
    b4_scores,
    chosen,
    codet_scores,
    consensus_sets,
    expected_correct,
    max_pass_scores,
    mbr_exec_scores,
    shortlist,
)


def log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def plain_b4(passes: np.ndarray, beta0: float, alpha: float) -> list[float]:
    """Return B4 written out with loops over sets, solutions and tests."""
    count, tests = passes.shape
    scores = [0.0] * count
    for members in consensus_sets(passes):
        row = passes[members[0]]
        n_x, n_y = len(members), int(row.sum())
        s1 = sum(passes[i, j] for i in range(count) if i not in members for j in range(tests) if row[j])
        s0 = sum(passes[i, j] for i in range(count) if i not in members for j in range(tests) if not row[j])
        score = log_beta(n_x + alpha, count - n_x + 1) + log_beta(n_y + alpha, tests - n_y + 1)
        score += log_beta(s1 + 1, (count - n_x) * n_y - s1 + 1)
        score += log_beta(s0 + 1, (count - n_x) * (tests - n_y) - s0 + beta0)
        for i in members:
            scores[i] = score
    return scores


@pytest.mark.parametrize(("beta0", "alpha"), [(10, 10), (1, 1), (1e4, 1e3)])
@pytest.mark.parametrize("shape", [(1, 1), (2, 7), (8, 5), (12, 3)])
def test_b4_is_its_formula(rng, shape, beta0, alpha):
    for _ in range(20):
        passes = (rng.random(shape) < 0.5).astype(int)
        # ln Γ of numbers near 1e4 keeps 11 digits or so.
        assert b4_scores(passes, beta0=beta0, alpha=alpha) == pytest.approx(plain_b4(passes, beta0, alpha), abs=1e-8)


def test_many_matrices_at_once_are_each_by_itself(rng):
    passes = rng.random((3, 4, 6, 5)) < 0.5
    for rule in (max_pass_scores, mbr_exec_scores, codet_scores, b4_scores):
        together = rule(passes)
        assert together.shape == (3, 4, 6)
        for i in range(3):
            for j in range(4):
                assert together[i, j].tolist() == rule(passes[i, j]).tolist()


def test_members_of_a_set_share_score_and_order_changes_nothing(rng):
    passes = (rng.random((15, 3)) < 0.5).astype(int)
    shuffled = rng.permutation(15)
    for rule in (max_pass_scores, mbr_exec_scores, codet_scores, b4_scores):
        scores = rule(passes)
        for members in consensus_sets(passes):
            assert len({scores[i] for i in members}) == 1
        assert rule(passes[shuffled]).tolist() == scores[shuffled].tolist()


def test_rules_differ_where_they_should():
    # Four wrong solutions agree on passing the single easy test; two right ones pass four.
    passes = np.array([[1, 0, 0, 0, 0]] * 4 + [[1, 1, 1, 1, 0]] * 2 + [[0, 0, 1, 1, 1]])
    assert np.flatnonzero(chosen(mbr_exec_scores(passes))).tolist() == [0, 1, 2, 3]
    assert np.flatnonzero(chosen(max_pass_scores(passes))).tolist() == [4, 5]
    assert np.flatnonzero(chosen(codet_scores(passes))).tolist() == [4, 5]


def test_all_equal_rows_tie():
    assert float(expected_correct(b4_scores(np.ones((4, 3))), [1, 0, 0, 0])) == 0.25


def test_ties_split_credit_over_problems():
    scores = np.array([[1.0, 2.0, 2.0], [3.0, 1.0, 1.0]])
    assert expected_correct(scores, [[1, 1, 0], [1, 0, 0]]).tolist() == [0.5, 1.0]


@pytest.mark.parametrize("passes", [np.zeros((0, 3)), np.zeros((3, 0)), [1, 0], [[1, 2]], [[0.5, 1]], [[np.nan, 1]]])
def test_no_matrix_of_passes(passes):
    with pytest.raises(InputError, match=r"solution|neither 0 nor 1"):
        b4_scores(passes)


@pytest.mark.parametrize("prior", [{"beta0": 0}, {"alpha": -1}, {"beta0": np.nan}, {"alpha": np.inf}])
def test_priors_are_above_zero(prior):
    with pytest.raises(InputError, match="above 0"):
        b4_scores([[1, 0]], **prior)


@pytest.mark.parametrize("scores", [[], 3.0, [1.0, np.nan]])
def test_nothing_to_choose_from(scores):
    with pytest.raises(InputError, match="Score every solution"):
        chosen(scores)


def test_several_problems_are_not_grouped_together():
    with pytest.raises(InputError, match="several problems"):
        consensus_sets(np.ones((2, 3, 4)))


def test_lengths_are_known():
    with pytest.raises(InputError, match="1 lengths are missing"):
        shortlist([[1], [0]], [1, np.nan])


def test_marks_match_solutions():
    with pytest.raises(InputError, match="outside 0 to 1"):
        expected_correct([1.0, 2.0], [1, np.nan])
    with pytest.raises(InputError, match="one mark per solution"):
        expected_correct([1.0, 2.0], [1, 0, 1])


def test_shortlist_takes_shorter_ones_first_and_duplicates_once():
    passes = [[1, 1, 1], [1, 1, 1], [1, 1, 1], [1, 0, 0], [1, 1, 0]]
    assert shortlist(passes, [5, 3, 4, 1, 2]) == (1, 2, 0)
    assert shortlist(passes, [5, 3, 4, 1, 2], texts=["x", "y", "y", "z", "w"]) == (1, 0, 4)
    assert shortlist(passes, [1, 1, 1, 1, 1], keep=9) == (0, 1, 2, 4, 3)


@pytest.mark.parametrize(
    ("lengths", "options"), [([1], {}), ([1, 2], {"texts": ["a"]}), ([1, 2], {"keep": 0})], ids=["length", "text", "0"]
)
def test_shortlist_needs_all_sizes(lengths, options):
    with pytest.raises(InputError, match="one length"):
        shortlist([[1], [0]], lengths, **options)
