"""The Weibull mixture: its likelihood, its gradient and its recovery of parts that are apart."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from scipy.stats import weibull_min

from isoflop.errors import InputError
from isoflop.testtime.selection import weibull
from isoflop.testtime.selection.weibull import SHAPE_LIMIT, WeibullMixture, fit_weibull_mixture


def plain(values, mixture: WeibullMixture) -> np.ndarray:
    """Return the weighted densities of both parts by SciPy."""
    weights = (mixture.weight, 1 - mixture.weight)
    parts = zip(weights, mixture.shapes, mixture.scales, strict=True)
    return np.array([w * weibull_min.pdf(values, k, scale=scale) for w, k, scale in parts])


def test_the_objective_is_the_likelihood(rng):
    values = rng.uniform(0.05, 1, 30)
    theta = np.array([0.3, 2.0, 0.4, 7.0, 0.9])
    densities = plain(values, WeibullMixture(0.3, (2.0, 7.0), (0.4, 0.9), 0.0, True, ()))
    found, gradient = weibull._objective(theta, np.log(values))
    assert found == pytest.approx(-np.log(densities.sum(axis=0)).sum(), rel=1e-12)
    numerical = approx_fprime(theta, lambda t: weibull._objective(t, np.log(values))[0], 1e-7)
    assert gradient == pytest.approx(numerical, rel=1e-4, abs=1e-4)


def test_parts_far_apart_are_recovered(rng):
    values = np.concatenate([0.8 * rng.weibull(12.0, 1800), 0.2 * rng.weibull(3.0, 1200)])
    found = fit_weibull_mixture(values)
    assert found.converged
    assert found.at_bounds == ()
    (high, low) = np.argsort(found.means)[::-1]
    assert found.shapes[high] == pytest.approx(12, rel=0.08)
    assert found.scales[high] == pytest.approx(0.8, rel=0.01)
    assert found.shapes[low] == pytest.approx(3, rel=0.08)
    assert found.scales[low] == pytest.approx(0.2, rel=0.03)
    assert (found.weight, 1 - found.weight)[high] == pytest.approx(0.6, abs=0.02)


def test_the_high_part_is_the_one_with_the_larger_mean():
    values = np.array([0.1, 0.5, 0.9])
    mixture = WeibullMixture(0.4, (3.0, 9.0), (0.3, 0.8), 0.0, True, ())
    parts = plain(values, mixture)
    assert mixture.high(values) == pytest.approx(parts[1] / parts.sum(axis=0))
    swapped = WeibullMixture(0.6, (9.0, 3.0), (0.8, 0.3), 0.0, True, ())
    assert swapped.high(values) == pytest.approx(mixture.high(values))


def test_means_are_scipys():
    mixture = WeibullMixture(0.4, (0.7, 9.0), (0.3, 0.8), 0.0, True, ())
    expected = [weibull_min.mean(k, scale=s) for k, s in zip(mixture.shapes, mixture.scales, strict=True)]
    assert mixture.means == pytest.approx(expected)


def test_a_part_that_closes_in_on_one_value_ends_at_the_bound():
    found = fit_weibull_mixture([0.5] * 6 + [0.1, 0.2, 0.3, 0.35])
    assert max(found.shapes) == SHAPE_LIMIT
    assert any(name.startswith("shape") for name in found.at_bounds)
    assert np.isfinite(found.objective)


@pytest.mark.parametrize("values", [[], [0.5], [0.4, 0.4, 0.4]])
def test_nothing_to_tell_apart(values):
    with pytest.raises(InputError, match="at least two different"):
        fit_weibull_mixture(values)


@pytest.mark.parametrize("values", [[0.5, 0.0], [0.5, -1.0], [0.5, np.nan], [[0.5, 0.6]]])
def test_values_are_positive(values):
    with pytest.raises(InputError, match="above 0"):
        fit_weibull_mixture(values)
