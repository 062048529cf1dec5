"""Forecasts of these very problems, and the bend that a power law does not have."""

import numpy as np
import pytest

from isoflop.fit.estimate import Correction, Estimate
from isoflop.testtime.forecasts.difficulty import Difficulty
from isoflop.testtime.forecasts.forecast import even_ks, forecast
from isoflop.testtime.forecasts.own import bend, log_odds, own_coverage, own_forecast, with_bend

KS = even_ks(256).astype(float)


def test_a_straight_curve_has_no_bend() -> None:
    assert bend(KS, np.exp(-3 * KS**-0.3)) == pytest.approx(0, abs=1e-12)


def test_the_bend_of_a_square_is_found() -> None:
    x = np.log(KS)
    curve = np.exp(-np.exp(1.0 - 0.4 * x + 0.02 * x**2))
    # The formula holds for evenly spaced points without end: thirteen rounded ones are close.
    assert bend(KS, curve) == pytest.approx(0.02, rel=0.1)


def test_a_bend_moves_draws_more_the_farther_they_are_ahead() -> None:
    rng, ks = np.random.default_rng(0), np.array([256.0, 2560.0, 25_600.0])
    line = Estimate(np.full(3, 0.5), (np.zeros(3), np.ones(3)), 0.9, np.full((4000, 3), 0.5))
    assert np.array_equal(with_bend(line, KS, ks, 0.0, rng).round(12), np.full((4000, 3), 0.5))
    moved = np.log(-np.log(with_bend(line, KS, ks, 0.01, rng))).std(axis=0)
    d, stretch = np.log(ks / 256), np.log(256)
    np.testing.assert_allclose(moved, 0.01 * (d**2 + d * stretch + stretch**2 / 6), rtol=0.04)


def test_own_coverage_of_problems_that_are_known_does_not_scatter() -> None:
    n, c = np.full(3, 100_000), np.array([50_000, 20_000, 0])
    weights = np.array([[1.0, 1.0, 1.0], [3.0, 0.0, 0.0]])
    found = own_coverage(Difficulty(1, 1), (n, c), weights, np.array([1.0]), np.random.default_rng(0))
    np.testing.assert_allclose(found.ravel(), [0.7 / 3, 0.5], atol=2e-3)


def test_what_law_and_problems_share_is_no_error() -> None:
    rng = np.random.default_rng(0)
    law = 1 / (1 + np.exp(-rng.standard_normal((2000, 1))))
    found = Estimate(np.array([0.5]), (np.zeros(1), np.ones(1)), 0.9, law)
    same = own_forecast(found, law, Correction(10**6, 0))
    assert float(same.interval[1][0] - same.interval[0][0]) < 0.02
    apart = own_forecast(found, 1 - law, Correction(10**6, 0))
    # Twice the log-odds of a normal number: 2 x 1.645 in both directions.
    np.testing.assert_allclose(log_odds(np.concatenate(apart.interval)), [-3.29, 3.29], atol=0.25)


def test_forecasts_of_these_problems_are_tight_at_the_samples_at_hand() -> None:
    """Where all samples are there already, only what k more samples would be differs from pass@k."""
    rng = np.random.default_rng(3)
    rates = rng.beta(0.5, 1.0, 200)
    n, c = np.full(200, 400), rng.binomial(400, rates)
    made = forecast(n, c, [1.0, 40.0], rng=rng, draws=100, level=0.95)
    for one in (made.by["given counts"], made.by["distribution"]):
        assert one.interval[1][0] - one.interval[0][0] < 0.06
