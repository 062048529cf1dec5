"""The winner's curse: its size in theory, and what the correction takes back."""

import numpy as np
import pytest

from isoflop.errors import FitError
from isoflop.recipes.selection import expected_maximum, select_lowest


@pytest.mark.parametrize(("count", "exact"), [(1, 0.0), (2, np.pi**-0.5), (3, 1.5 * np.pi**-0.5)])
def test_expected_maximum_has_closed_forms(count, exact):
    assert expected_maximum(count) == pytest.approx(exact, abs=1e-10)


def test_expected_maximum_by_simulation(rng):
    draws = rng.standard_normal((40_000, 10)).max(axis=1)
    assert expected_maximum(10) == pytest.approx(draws.mean(), abs=4 * draws.std() / 200)


def test_no_candidates_have_no_largest():
    with pytest.raises(FitError, match="no largest of 0"):
        expected_maximum(0)


def test_equal_candidates_are_corrected_by_the_whole_curse(rng):
    draws = 2.0 + 0.01 * rng.standard_normal((5, 20_000))
    found = select_lowest(np.full(5, 2.0), draws)
    assert found.optimism == pytest.approx(0.01 * expected_maximum(5), rel=0.03)
    assert found.most == pytest.approx(0.01 * expected_maximum(5), rel=0.03)


def test_a_clear_winner_needs_no_correction(rng):
    values = np.array([2.0, 2.2, 2.3])
    found = select_lowest(values, values[:, None] + 0.01 * rng.standard_normal((3, 5000)))
    assert found.place == 0
    assert found.optimism < 1e-4 < found.most


def test_correction_takes_most_of_the_bias_of_equal_recipes_away(rng):
    """Five equal recipes, measured with noise 1: the naive winner is 1.16 too low."""
    naive, corrected = [], []
    for _ in range(300):
        values = rng.standard_normal(5)
        found = select_lowest(values, values[:, None] + rng.standard_normal((5, 400)))
        naive.append(values[found.place])
        corrected.append(values[found.place] + found.optimism)
    assert np.mean(naive) == pytest.approx(-expected_maximum(5), abs=0.15)
    assert -0.65 < np.mean(corrected) < -0.2


def test_shared_noise_costs_nothing(rng):
    common = 0.01 * rng.standard_normal(5000)
    values = np.array([2.0, 2.001])
    assert select_lowest(values, values[:, None] + common).optimism < 1e-12


def test_a_candidate_without_a_value_is_refused():
    with pytest.raises(FitError, match="no value"):
        select_lowest(np.array([1.0, np.nan]), np.ones((2, 10)))
