"""The refined schedule from gradient norms."""

import numpy as np
import pytest

from isoflop.errors import LawError
from isoflop.methods.refined import refined_schedule, smooth_norms


def test_the_scale_of_the_norms_does_not_matter(rng):
    norms = np.exp(rng.normal(0, 0.5, 50))
    np.testing.assert_allclose(refined_schedule(1e8 * norms), refined_schedule(norms), rtol=1e-12)


def test_falling_norms_give_a_warm_up():
    rates = refined_schedule(np.concatenate([np.geomspace(10, 1, 20), np.ones(80)]))
    assert np.argmax(rates) == pytest.approx(19, abs=1)
    assert np.all(np.diff(rates[:19]) > 0)
    assert np.all(np.diff(rates[20:]) < 0)


def test_smoothing_removes_spikes_and_keeps_a_trend():
    norms = np.linspace(2, 1, 104)
    norms[40] = 100.0
    smooth = smooth_norms(norms, share=0.1)
    assert smooth.shape == (100,)
    np.testing.assert_allclose(smooth[10:90], np.linspace(2, 1, 104)[12:92], atol=0.02)


@pytest.mark.parametrize("norms", [[1.0], [1.0, 0.0], [1.0, np.nan], [[1.0, 2.0]]])
def test_norms_that_are_not_positive_are_refused(norms):
    with pytest.raises(LawError, match="all positive"):
        refined_schedule(norms)


def test_a_window_needs_norms():
    with pytest.raises(LawError, match="window"):
        smooth_norms([1.0] * 5)
    with pytest.raises(LawError, match="window"):
        smooth_norms([1.0] * 50, share=1.0)
