"""Intervals of shares: between 0 and 1, around their value, and silent about nothing."""

import numpy as np
import pytest

from isoflop.errors import FitError
from isoflop.fit.estimate import Correction
from isoflop.testtime.estimators.bounded import NO_SPREAD, check_resampled, share_from_draws, share_interval


@pytest.mark.parametrize("value", [1e-15, 1e-6, 0.01, 0.5, 0.99, 1 - 1e-9, 1.0])
def test_no_correction_carries_an_end_out(value: float) -> None:
    draws = np.clip(value * np.exp(0.3 * np.random.default_rng(0).standard_normal(500)), 0.0, 1.0)
    low, high = share_interval(value, draws, 0.99, Correction(3, 2, inflation=3.0))
    assert 0 <= low <= value <= high <= 1


def test_small_shares_have_the_interval_of_their_logarithm() -> None:
    logs = np.random.default_rng(0).normal(np.log(1e-5), 0.4, 4000)
    low, high = share_interval(1e-5, np.exp(logs), 0.9, Correction(10**6, 0, inflation=2.0))
    ends = 2 * (np.quantile(logs, [0.05, 0.95], method="weibull") - np.log(1e-5)) + np.log(1e-5)
    np.testing.assert_allclose(np.log([low, high]), ends, rtol=1e-4)


def test_few_draws_are_not_too_narrow() -> None:
    """The share of a uniform number between the ends is the level on average, also with 39 draws: the usual
    quantile would give 0.903."""
    rng = np.random.default_rng(0)
    draws = rng.random((39, 20_000))
    low, high = share_interval(np.full(20_000, 0.5), draws, 0.95, Correction(10**6, 0))
    assert np.mean(high - low) == pytest.approx(0.95, abs=0.002)


def test_shares_keep_their_shape_and_missing_draws_stay_missing() -> None:
    draws = np.random.default_rng(0).random((200, 2))
    draws[:, 1] = np.nan
    found = share_from_draws(np.array([0.5, 0.5]), draws, level=0.9, correction=Correction(50, 2), leaves_out=("x",))
    assert found.unit == "fraction"
    assert found.leaves_out == ("x",)
    assert 0 < found.interval[0][0] < 0.5 < found.interval[1][0] < 1
    assert np.isnan([found.interval[0][1], found.interval[1][1]]).all()


def test_draws_that_do_not_differ_are_named() -> None:
    draws = np.full(100, 0.3) + 1e-14 * np.arange(100)
    assert share_from_draws(0.3, draws, level=0.9, correction=Correction(5, 2), leaves_out=("x",)).leaves_out == (
        NO_SPREAD,
    )


def test_nothing_to_resample() -> None:
    with pytest.raises(FitError, match="One problem has no interval"):
        check_resampled(1, 200)
    with pytest.raises(FitError, match="1 draws"):
        check_resampled(2, 1)
