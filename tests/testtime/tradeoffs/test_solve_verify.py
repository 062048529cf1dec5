"""Solutions against verifications: costs, scores, the path of best splits, equal compute."""

import numpy as np
import pytest

from isoflop.errors import FitError
from isoflop.testtime.tradeoffs.solve_verify import (
    at_equal_compute,
    compute_cost,
    compute_flops,
    fit_path,
    split,
    verdict_scores,
)

GRID = np.array([(s, v) for s in 2 ** np.arange(11) for v in 2 ** np.arange(8)], float)


def smooth_success(s: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Success with an optimum where both losses fall alike: S^-.6 and V^-.9 give exponents .6 and .4 of S V."""
    return 0.9 - 0.3 * s**-0.6 - 0.3 * v**-0.9


def test_costs_and_flops() -> None:
    assert compute_cost(16, 0, 2.0) == 16
    assert float(compute_flops(compute_cost(4, 8, 1.0), 7e9, 500)) == 2 * 7e9 * 500 * 36
    with pytest.raises(FitError, match="must not be negative"):
        compute_cost(-1, 2, 1.0)


def test_missing_verdicts_are_left_out() -> None:
    table = np.array([[1, np.nan, 0, 1], [np.nan, np.nan, 1, 0], [0.5, 1, 1, 1]])
    np.testing.assert_allclose(verdict_scores(table, 2), [1.0, 0.0, 0.75])
    np.testing.assert_allclose(verdict_scores(table, 4), [2 / 3, 0.5, 0.875])
    np.testing.assert_allclose(verdict_scores(table, 4, invalid=[0, 0, 1]), [2 / 3, 0.5, 0.0])
    with pytest.raises(FitError, match="5 of 4 verdicts"):
        verdict_scores(table, 5)


def test_the_path_is_the_best_of_every_budget() -> None:
    s, v = GRID.T
    rate = smooth_success(s, v)
    budgets = 2.0 ** np.arange(4, 16)
    found = fit_path(s, v, rate, price=1.0, budgets=budgets)
    cost = compute_cost(s, v, 1.0)
    for c, best in zip(budgets, found.success, strict=True):
        assert best == rate[cost <= c].max()
    assert np.all(compute_cost(found.solutions, found.verifications, 1.0) <= budgets)
    a, b = found.exponents
    # On a fine grid the split obeys S^-.6 = 1.5 V^-.9: exponents .6 and .4; powers of two make steps.
    assert a == pytest.approx(0.6, abs=0.06)
    assert b == pytest.approx(0.4, abs=0.06)


def test_a_split_that_wins_at_many_budgets_counts_once(rng: np.random.Generator) -> None:
    s, v = GRID.T
    rate = np.where(s <= 16, smooth_success(s, v), 0.0)
    found = fit_path(s, v, rate, price=2.0, rng=rng, draws=20)
    splits = list(zip(found.solutions, found.verifications, strict=True))
    assert len(splits) == len(set(splits))
    assert np.all(np.diff(found.success) > 0)
    assert np.all(found.budgets == compute_cost(found.solutions, found.verifications, 2.0))
    assert found.growth[0].draws is not None


def test_votes_alone_have_no_path() -> None:
    with pytest.raises(FitError, match="0 budgets have a verification"):
        fit_path([1, 2, 4, 8], [0, 0, 0, 0], [0.1, 0.2, 0.3, 0.4], price=1.0)
    with pytest.raises(FitError, match="pays for no split"):
        fit_path([4, 8], [1, 1], [0.1, 0.2], price=1.0, budgets=[2.0])


@pytest.mark.parametrize("price", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("budget", [1, 3, 17, 300, 5e4])
def test_whole_splits_stay_within_the_budget(price: float, budget: float) -> None:
    s, v = split(budget, price, (1.2, 0.6), (0.5, 0.4))
    assert s >= 1
    assert float(compute_cost(s, v, price)) <= budget
    if v == 0:
        assert s == int(budget)


def test_a_budget_below_one_solution_is_refused() -> None:
    with pytest.raises(FitError, match="buys none"):
        split(0.5, 1.0, (1.0, 0.6), (1.0, 0.4))


def test_equal_compute_pairs_the_problems(rng: np.random.Generator) -> None:
    skill = rng.random((200, 1))
    vote_cost, verified_cost = 2.0 ** np.arange(7), 2.0 ** np.arange(2, 12)
    vote = np.clip(skill + 0.02 * np.minimum(np.log2(vote_cost), 4), 0, 1)
    verified = np.clip(skill - 0.05 + 0.025 * np.log2(verified_cost), 0, 1)
    found = at_equal_compute((vote_cost, vote), (verified_cost, verified), [4, 64, 2048], rng=rng)
    np.testing.assert_allclose(found.gap.value, found.verified - found.vote)
    assert found.gap.value[0] < 0 < found.gap.value[2]
    # Skill is shared, so that the interval of the gap is narrower than that of either.
    assert found.gap.interval[1][2] - found.gap.interval[0][2] < 0.05
    assert found.plateau == 16
    first = verified_cost[verified.mean(axis=0) >= vote.mean(axis=0).max()][0]
    assert found.match == first / 16


def test_verification_that_never_matches_is_nan(rng: np.random.Generator) -> None:
    found = at_equal_compute(([1, 2], [[0.5, 0.6]] * 5), ([2, 4], [[0.1, 0.2]] * 5), [4], rng=rng)
    assert np.isnan(found.match)
    with pytest.raises(FitError, match="Correct the shapes"):
        at_equal_compute(([1, 2], [[0.5, 0.6]] * 5), ([2, 4], [[0.1, 0.2]] * 4), [4], rng=rng)
