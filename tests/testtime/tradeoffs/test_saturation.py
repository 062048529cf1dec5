"""Plateaus: the closed form against a search, its interval, and the later plateau where problems differ."""

import numpy as np
import pytest

from isoflop.errors import FitError
from isoflop.testtime.forecasts.difficulty import Difficulty
from isoflop.testtime.tradeoffs.saturation import fit_saturation, saturation_units, units_by_difficulty


@pytest.mark.parametrize("top", [1.0, 0.8, 0.05])
@pytest.mark.parametrize("p", [0.9, 0.3, 0.01])
@pytest.mark.parametrize("gain", [0.2, 0.01, 1e-4])
def test_the_closed_form_is_the_first_small_gain(top: float, p: float, gain: float) -> None:
    n = np.arange(5000)
    gains = top * p * (1 - p) ** n
    assert saturation_units(top, p, gain) == int(np.argmax(gains <= gain * (1 + 1e-9)))


def test_a_gain_that_is_met_exactly_counts() -> None:
    assert saturation_units(1.0, 0.5, 0.5) == 0
    assert saturation_units(1.0, 0.5, 0.5**8) == 7


def test_the_fit_and_its_plateau(rng: np.random.Generator) -> None:
    n = np.array([1, 2, 4, 8, 16, 32, 64])
    accuracy = 0.7 * (1 - 0.85**n) + rng.normal(0, 0.004, len(n))
    found = fit_saturation(n, accuracy, rng=rng)
    assert found.p == pytest.approx(0.15, abs=0.01)
    np.testing.assert_allclose(found.accuracy(n), 0.7 * (1 - 0.85**n), atol=0.01)
    units = found.units(0.005, level=0.99)
    assert units.interval[0] <= saturation_units(0.7, 0.15, 0.005) <= units.interval[1]
    with pytest.raises(FitError, match="no interval"):
        fit_saturation(n, accuracy).units(0.01)


def test_problems_that_differ_have_a_later_plateau() -> None:
    d = Difficulty(0.3, 1.5)
    ks = np.unique(np.geomspace(1, 100, 15).astype(int))
    one_rate = fit_saturation(ks, d.coverage(ks))
    assert units_by_difficulty(d, 1e-4) > 3 * saturation_units(one_rate.F_max, one_rate.p, 1e-4)


def test_the_search_finds_the_first_small_gain() -> None:
    d = Difficulty(0.4, 2.0, 0.5)
    found = units_by_difficulty(d, 1e-3)
    gains = -np.diff(d.failure(np.arange(1, 400)))
    assert found == 1 + int(np.argmax(gains <= 1e-3))
    assert units_by_difficulty(d, 0.9) == 0.0
    assert units_by_difficulty(d, 1e-9, most=1000) == np.inf


def test_what_has_no_plateau_is_refused() -> None:
    for wrong in ((1.2, 0.3, 0.01), (1.0, 0.0, 0.01), (1.0, 0.3, 0.0)):
        with pytest.raises(FitError, match="has no plateau"):
            saturation_units(*wrong)
    with pytest.raises(FitError, match="never reached"):
        units_by_difficulty(Difficulty(1, 1), 0.0)
