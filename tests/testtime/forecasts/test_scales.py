"""Scales by their likelihood."""

import numpy as np
import pytest

from isoflop.testtime.forecasts.scales import plausible_scales, spread_out


def test_shares_are_the_likelihood_even_in_the_logarithm() -> None:
    scales, shares = plausible_scales(0.2, lambda s: -((np.log(s / 0.2) / 0.3) ** 2) / 2)
    assert shares.sum() == pytest.approx(1)
    assert np.average(np.log(scales), weights=shares) == pytest.approx(np.log(0.2), abs=0.1)
    assert np.average(np.log(scales / 0.2) ** 2, weights=shares) == pytest.approx(0.09, rel=0.25)


def test_a_scale_stands_for_those_around_it() -> None:
    """Without any likelihood scales are even in the logarithm between the ends, though more are tried below."""
    scales, shares = plausible_scales(0.5, lambda s: 0.0)
    assert np.average(np.log(scales), weights=shares) == pytest.approx((np.log(0.3) + np.log(1)) / 2, abs=0.02)


def test_no_scale_is_above_one() -> None:
    scales, _ = plausible_scales(1.0, lambda s: 0.0)
    assert scales.max() == 1.0
    assert scales.min() < 1.0


def test_every_scale_is_drawn_as_often_as_its_share() -> None:
    drawn = spread_out(np.array([0.1, 0.2, 0.3]), np.array([0.2, 0.5, 0.3]), 100)
    assert [int(np.sum(drawn == one)) for one in (0.1, 0.2, 0.3)] == [20, 50, 30]
