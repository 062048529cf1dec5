"""Forecasts over families of difficulty: what the counts leave of each, and coverage given each."""

import numpy as np
import pytest
from scipy.special import expit

from isoflop.testtime.forecasts.cells import cells_for
from isoflop.testtime.forecasts.densities import density_of
from isoflop.testtime.forecasts.difficulty import Difficulty
from isoflop.testtime.forecasts.families import (
    FamilyForecast,
    Member,
    _failed,
    _refitted,
    counted_rows,
    forecast_families,
)
from isoflop.testtime.forecasts.posterior import coverage_given_counts

FAR = np.array([64.0, 640.0, 6400.0])
IMPOSSIBLE = "some impossible"


def made(n, c, *, seed: int = 0, draws: int = 60, ks=FAR, scale: float = 1.0) -> FamilyForecast:
    rng = np.random.default_rng(seed)
    n, c = np.broadcast_arrays(np.asarray(n), np.asarray(c))
    weights = rng.dirichlet(np.ones(len(c)), draws) * len(c)
    return forecast_families((n, c), np.asarray(ks), scale=scale, weights=weights, rng=rng, level=0.95)


def solved(rates, n: int = 64, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).binomial(n, rates)


def test_forecasts_rise_inside_their_intervals_and_repeat() -> None:
    c = solved(np.random.default_rng(1).beta(0.4, 1.5, 80))
    found = made(64, c)
    low, high = found.coverage.interval
    assert np.all(np.diff(found.coverage.value) > 0)
    assert np.all((low < found.coverage.value) & (found.coverage.value < high))
    assert np.all((low > 0) & (high < 1))
    again = made(64, c)
    assert again.coverage.value.tolist() == found.coverage.value.tolist()
    assert np.array_equal(again.coverage.draws, found.coverage.draws)
    assert sum(found.shares.values()) == pytest.approx(1)
    assert len(found.shares) == 6


def test_problems_that_were_all_solved_leave_no_impossible_ones() -> None:
    found = made(64, np.maximum(solved(np.random.default_rng(2).beta(1.5, 1.5, 60)), 1))
    assert tuple(found.shares) == ("scaled beta", "normal log-odds", "free form")


def test_a_gap_between_solved_and_never_solved_says_that_some_are_impossible() -> None:
    rates = np.where(np.arange(90) < 30, 0.0, np.random.default_rng(3).beta(4, 4, 90))
    found = made(2000, solved(rates, 2000), ks=[2000.0, 2e5])
    assert sum(share for name, share in found.shares.items() if name.endswith(IMPOSSIBLE)) > 0.95
    assert found.coverage.value[1] == pytest.approx(2 / 3, abs=0.01)
    assert found.coverage.interval[1][1] < 0.75


def test_the_counts_tell_families_apart() -> None:
    rng = np.random.default_rng(4)
    normal = made(64, solved(expit(-3 + 2 * rng.standard_normal(1500))))
    assert normal.shares["normal log-odds"] + normal.shares[f"normal log-odds, {IMPOSSIBLE}"] > 0.9
    beta = made(64, solved(rng.beta(0.3, 2, 1500)))
    assert beta.shares["scaled beta"] > 0.3
    assert beta.shares["normal log-odds"] < 0.01
    heaps = made(64, solved(np.where(rng.random(300) < 0.5, rng.beta(8, 2, 300), rng.beta(0.5, 20, 300))))
    assert heaps.shares["free form"] + heaps.shares[f"free form, {IMPOSSIBLE}"] > 0.99


@pytest.mark.parametrize("scale", [1.0, 0.6])
def test_coverage_given_counts_is_that_of_the_distribution(scale: float) -> None:
    """Every problem's own chance, by sums that are exact to a dozen digits."""
    n, c = np.array([8, 8, 5, 8]), np.array([0, 2, 1, 0])
    rows = counted_rows(n, c)
    density = density_of("scaled beta", cells_for(rows.n, rows.c, scale, 2e4))
    at, k = np.array([[0.4, 1.5]]), np.array([1.0, 30.0, 1e4])
    member = Member("scaled beta", density, np.zeros(1), 0.0, at, np.zeros(1))
    d = Difficulty(0.4, 1.5, scale)
    for pi in (0.0, 0.3):
        failed, scatter = _failed(member, at, np.array([pi]), rows, k)
        once, twice = (1 - coverage_given_counts(d, n, c, more) for more in (k, 2 * k))
        # A problem that was never solved is impossible with the chance that Bayes gives it.
        unsolved = np.exp(d.log_chance(n, c))
        none = np.where(c == 0, pi / (pi + (1 - pi) * unsolved), 0.0)[:, None]
        both = [none + (1 - none) * one for one in (once, twice)]
        np.testing.assert_allclose(failed[0], both[0].mean(axis=0), rtol=0.01)
        own = np.sqrt((both[1] - both[0] ** 2).sum(axis=0)) / 4
        np.testing.assert_allclose(scatter[0], own, rtol=0.02)


def test_draws_of_a_share_are_spread_over_the_shares_around_it() -> None:
    rows = counted_rows(np.full(40, 20), np.r_[np.zeros(10, int), np.arange(30) % 20 + 1])
    density = density_of("scaled beta", cells_for(rows.n, rows.c, 1.0, 100.0))
    tried = np.array([0.05, 0.15])
    member = Member("", density, tried, 0.1, np.tile(density.start, (2, 1)), np.zeros(2))
    which = np.array([0, 0, 0, 0, 1, 1])
    at, impossible = _refitted(member, which, np.tile(rows.times, (6, 1)))
    np.testing.assert_allclose(impossible, [0.0125, 0.0375, 0.0625, 0.0875, 0.125, 0.175])
    # The more problems are impossible, the fewer of the others are hard.
    assert np.all(np.diff(at[:, 0]) > 0)


def test_where_nothing_can_be_told_families_stay_even() -> None:
    """Two problems that were solved, once and twice."""
    found = made(16, np.r_[np.zeros(30, int), 1, 2], ks=[1600.0])
    assert max(found.shares.values()) < 0.25
    assert min(found.shares.values()) > 0.1


def test_easy_problems_move_together_and_hard_ones_have_wide_intervals() -> None:
    easy = made(64, solved(np.full(60, 0.5)), ks=[64.0])
    assert easy.coverage.interval[0][0] > 0.99
    hard = made(64, np.r_[np.zeros(40, int), solved(np.full(20, 0.5))])
    width = np.asarray(hard.coverage.interval[1]) - np.asarray(hard.coverage.interval[0])
    assert width[2] > 2 * width[0]
    # They may all be impossible.
    assert hard.coverage.interval[0][2] < 0.36
