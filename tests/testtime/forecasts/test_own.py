"""Forecasts of these very problems, and the bend that a power law does not have."""

from dataclasses import replace

import numpy as np
import pytest

from isoflop.fit.estimate import Correction, Estimate
from isoflop.testtime.forecasts.difficulty import Difficulty
from isoflop.testtime.forecasts.forecast import even_ks, forecast
from isoflop.testtime.forecasts.implied import CoveragePower, fit_coverage
from isoflop.testtime.forecasts.own import bend, log_odds, never_falling, own_coverage, own_forecast, with_bend

KS = even_ks(256).astype(float)


def test_a_straight_curve_has_no_bend() -> None:
    assert bend(KS, np.exp(-3 * KS**-0.3)) == pytest.approx(0, abs=1e-12)


def test_the_bend_of_a_square_is_found() -> None:
    x = np.log(KS)
    curve = np.exp(-np.exp(1.0 - 0.4 * x + 0.02 * x**2))
    # The formula holds for evenly spaced points without end: thirteen rounded ones are close.
    assert bend(KS, curve) == pytest.approx(0.02, rel=0.1)


def straight(draws: int) -> CoveragePower:
    """A power law whose draws are all alike."""
    law = fit_coverage(KS, np.exp(-3 * KS**-0.3))
    return replace(law, problems=50, draws=np.tile([law.a, law.b], (draws, 1)))


def test_a_bend_moves_draws_more_the_farther_they_are_ahead() -> None:
    rng, ks, law = np.random.default_rng(0), np.array([256.0, 2560.0, 25_600.0]), straight(4000)
    np.testing.assert_allclose(with_bend(law, ks, 0.0, rng), np.tile(law.predict(ks), (4000, 1)), rtol=1e-9)
    hidden = np.log(-np.log(with_bend(law, ks, 0.002, rng))) - np.log(-np.log(law.predict(ks)))
    d, stretch = np.log(ks / 256), np.log(256)
    off = 0.002 * (d**2 + d * stretch + stretch**2 / 6)
    # Upwards in coverage nothing holds the draws back.
    np.testing.assert_allclose(np.quantile(hidden, 0.1, axis=0), -1.2816 * off, rtol=0.06)


def test_no_draw_falls_with_k() -> None:
    ks = np.array([256.0, 2560.0, 25_600.0])
    drawn = with_bend(straight(500), ks, 0.05, np.random.default_rng(0))
    assert np.all(np.diff(drawn, axis=1) >= 0)
    # Asked for alone, the far k knows of the way there.
    alone = with_bend(straight(500), ks[2:], 0.05, np.random.default_rng(0))
    assert alone.min() > 0.9 * drawn[:, 0].min()


def test_a_lower_end_holds_for_all_larger_k() -> None:
    ends = np.array([0.5, 0.3, 0.4]), np.array([0.7, 0.95, 0.9])
    found = never_falling(Estimate(np.array([0.6, 0.7, 0.8]), ends, 0.9), np.array([10.0, 100.0, 1000.0]))
    assert found.interval[0].tolist() == [0.5, 0.5, 0.5]
    assert found.interval[1].tolist() == [0.7, 0.9, 0.9]
    shuffled = never_falling(
        Estimate(np.array([0.8, 0.6, 0.7]), (ends[0][[2, 0, 1]], ends[1][[2, 0, 1]]), 0.9), np.array([1e3, 10.0, 100.0])
    )
    assert shuffled.interval[0].tolist() == [0.5, 0.5, 0.5]
    assert shuffled.interval[1].tolist() == [0.9, 0.7, 0.9]


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


def test_a_law_that_is_off_by_a_constant_keeps_its_place() -> None:
    """What a law lacks on average is for the back-test to say: the draws lie about the law's own."""
    rng = np.random.default_rng(0)
    law = 1 / (1 + np.exp(-0.1 * rng.standard_normal((2000, 1))))
    own = 1 / (1 + np.exp(-2 - 0.3 * rng.standard_normal((2000, 1))))
    found = own_forecast(Estimate(np.array([0.5]), (np.zeros(1), np.ones(1)), 0.9, law), own, Correction(10**6, 0))
    assert float(np.median(found.draws)) == pytest.approx(0.5, abs=0.01)


def test_forecasts_of_these_problems_are_tight_at_the_samples_at_hand() -> None:
    """Where all samples are there already, only what k more samples would be differs from pass@k."""
    rng = np.random.default_rng(3)
    rates = rng.beta(0.5, 1.0, 200)
    n, c = np.full(200, 400), rng.binomial(400, rates)
    made = forecast(n, c, [1.0, 40.0], rng=rng, draws=100, level=0.95)
    for one in (made.by["given counts"], made.by["distribution"]):
        assert one.interval[1][0] - one.interval[0][0] < 0.06
