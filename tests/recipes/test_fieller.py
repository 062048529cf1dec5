"""Fieller's sets against their definition, and against test inversion on fitted curves."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.recipes.support import compared, power_runs

from isoflop.errors import FitError
from isoflop.recipes.fieller import RealSet, fieller

Z = 1.6448536269514722


@given(
    u=st.floats(-5, 5),
    v=st.floats(-5, 5),
    sd=st.tuples(st.floats(0.05, 2), st.floats(0.05, 2)),
    rho=st.floats(-0.95, 0.95),
    x=st.floats(-50, 50),
)
def test_the_set_is_its_definition(u, v, sd, rho, x):
    covariance = [[sd[0] ** 2, rho * sd[0] * sd[1]], [rho * sd[0] * sd[1], sd[1] ** 2]]
    found = fieller(u, v, covariance, Z)
    left = (u - x * v) ** 2
    right = Z**2 * (covariance[0][0] - 2 * x * covariance[0][1] + x**2 * covariance[1][1])
    if abs(left - right) > 1e-6 * (left + right):
        assert (x in found) == (left < right)


@given(u=st.floats(-5, 5), v=st.floats(-5, 5), sd=st.floats(0.05, 2))
def test_it_is_bounded_just_where_the_slope_differs_from_0(u, v, sd):
    found = fieller(u, v, [[sd**2, 0.0], [0.0, sd**2]], Z)
    if abs(abs(v) / sd - Z) > 1e-6:
        assert found.bounded == (abs(v) / sd > Z)


def test_kinds():
    eye = [[1.0, 0.0], [0.0, 1.0]]
    assert fieller(10.0, 10.0, eye, Z).kind == "bounded"
    assert fieller(10.0, 0.1, eye, Z).kind == "outside"
    assert fieller(0.1, 0.1, eye, Z).kind == "everything"
    assert fieller(10.0, Z, eye, Z).kind == "half-line"
    assert RealSet(()).kind == "empty"
    assert "x" not in RealSet(((0.0, 1.0),))
    assert fieller(1.0, 0.0, [[0.0, 0.0], [0.0, 0.0]], Z).kind == "empty"


def test_sets_move_and_are_written():
    half = RealSet(((-math.inf, 0.0),))
    assert half.shift(1.0).exp().parts == ((0.0, math.e),)
    assert half.to_list() == [[None, 0.0]]
    assert RealSet(((800.0, 900.0),)).exp().parts == ((math.inf, math.inf),)


def test_what_is_no_covariance_is_refused():
    with pytest.raises(FitError, match="no estimate of a ratio"):
        fieller(1.0, 1.0, [[1.0, 2.0], [2.0, 1.0]], Z)


def test_fieller_covers_where_the_delta_method_does_not(rng):
    """Slope of 1.5 standard errors: Fieller keeps 90 %, the delta interval does not."""
    truth, v, sd, count = 40.0, 1.5, 1.0, 4000
    draws = rng.normal([truth * v, v], sd, (count, 2))
    held = [truth in fieller(u, w, [[sd**2, 0.0], [0.0, sd**2]], Z) for u, w in draws]
    ratio = draws[:, 0] / draws[:, 1]
    error = np.sqrt(sd**2 * (1 + ratio**2)) / np.abs(draws[:, 1])
    delta = np.abs(ratio - truth) <= Z * error
    assert np.mean(held) == pytest.approx(0.9, abs=3 * math.sqrt(0.09 / count))
    assert np.mean(delta) < 0.88


CROSSING = {"a": {"E": 0.0, "K": 3.0, "a": 0.05}, "b": {"E": 0.0, "K": 3.1, "a": 0.055}}
AT = 1e18 * (3.1 / 3.0) ** (1 / 0.005)


def test_two_power_laws_cross_where_their_logarithms_do():
    table = power_runs(CROSSING, noise=0.0)
    (found,) = compared("K/(C/1e18)^a", table, flops=1e22, way="separate", draws=50).crossings
    assert found.values[0] == pytest.approx(AT, rel=1e-3)
    assert (found.first, found.second, found.below, found.above) == ("b", "a", "a", "b")
    assert "a is ahead below" in found.words()


def test_test_inversion_is_fiellers_set_where_the_gap_is_a_line():
    """For K C^-a the gap of logarithms is a line, so the set from the draws must be Fieller's."""
    table = power_runs(CROSSING, noise=2e-3, seed=2)
    result = compared("K/(C/1e18)^a", table, flops=1e22, way="separate", draws=3000)
    (found,) = result.crossings
    parameters = {}
    for name, fit in result.fits.items():
        covariance = np.cov(np.stack([np.log(fit.draws[:, 0]), fit.draws[:, 1]]))
        factor = fit.correction.factor(0.9)
        parameters[name] = (np.log(fit.theta[0]), fit.theta[1], covariance * factor**2)
    u = parameters["b"][0] - parameters["a"][0]
    v = parameters["b"][1] - parameters["a"][1]
    expected = fieller(u, v, parameters["a"][2] + parameters["b"][2], Z).shift(math.log(1e18))
    assert found.region.kind == expected.kind == "bounded"
    for ours, theirs in zip(found.region.parts[0], expected.parts[0], strict=True):
        assert ours == pytest.approx(theirs, abs=0.15)


def test_parallel_curves_have_no_crossing_that_could_be_resolved():
    recipes = {"a": {"E": 0.0, "K": 3.0, "a": 0.05}, "b": {"E": 0.0, "K": 3.003, "a": 0.05}}
    (found,) = compared("K/(C/1e18)^a", power_runs(recipes, noise=5e-3, seed=1), flops=1e22, way="separate").crossings
    assert found.region.kind == "everything"
    assert "no crossing of b and a can be resolved" in found.words()
    assert found.to_dict()["region"] == [[None, None]]


def test_a_crossing_beyond_the_runs_has_no_upper_end():
    recipes = {"a": {"E": 0.0, "K": 3.0, "a": 0.05}, "b": {"E": 0.0, "K": 3.05, "a": 0.0515}}
    (found,) = compared("K/(C/1e18)^a", power_runs(recipes, noise=5e-3, seed=1), flops=1e22, way="separate").crossings
    assert found.region.kind == "half-line"
    assert found.to_dict()["region"][-1][1] is None
    assert "anywhere above" in found.words()


def test_curves_far_apart_do_not_cross():
    recipes = {"a": {"E": 0.0, "K": 3.0, "a": 0.05}, "b": {"E": 0.0, "K": 3.5, "a": 0.05}}
    (found,) = compared("K/(C/1e18)^a", power_runs(recipes), flops=1e22).crossings
    assert (found.values, found.region.kind) == ((), "empty")
    assert found.words().startswith("a stays ahead between")
