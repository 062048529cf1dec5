"""Search coordinates of parameters: every domain, and one with a least value that may be reached."""

import json
import math

import numpy as np
import pytest

import isoflop as iso
from isoflop import laws
from isoflop.errors import LawError
from isoflop.fit.coordinates import Slot, check_value
from isoflop.fit.evaluate import Evaluator
from isoflop.fit.solve import minimise
from isoflop.laws.broken import SHARPEST
from isoflop.uncertainty.bootstrap import bind_fit
from isoflop.uncertainty.profile import profile

SLOTS = [
    Slot("positive", 0, None, 0.0, math.inf, tape_log=True),
    Slot("plain", 0, None, 0.0, math.inf, tape_log=False),
    Slot("real", 0, None, -math.inf, math.inf, tape_log=False),
    Slot("interval", 0, None, 0.5, 2.0, tape_log=True),
    Slot("share", 0, None, -1.0, 2.0, tape_log=False),
    Slot("floored", 0, None, 0.02, math.inf, tape_log=True),
    Slot("floored, plain", 0, None, 0.02, math.inf, tape_log=False),
]


@pytest.mark.parametrize("slot", SLOTS, ids=lambda slot: slot.name)
def test_coordinates_go_there_and_back_with_their_derivatives(slot: Slot) -> None:
    u = np.array([0.3, 0.9, 1.7])
    np.testing.assert_allclose(slot.outer(slot.natural(u)), u, rtol=1e-12)
    for function in (slot.chain, slot.tape):
        ahead, behind = ([np.broadcast_to(part, u.shape) for part in function(u + h)] for h in (1e-5, -1e-5))
        for order in (0, 1):
            expected = np.broadcast_to(function(u)[order + 1], u.shape)
            np.testing.assert_allclose((ahead[order] - behind[order]) / 2e-5, expected, rtol=1e-8, atol=1e-8)
    there = np.log(slot.natural(u)) if slot.tape_log else slot.natural(u)
    np.testing.assert_allclose(slot.tape(u)[0], there, rtol=1e-12)


def test_a_least_value_is_reached_and_nothing_below() -> None:
    slot = SLOTS[5]
    assert slot.natural(np.zeros(1))[0] == slot.low
    assert slot.outer(0.5 * slot.low) == 0
    assert slot.tape(np.array([800.0]))[0][0] == pytest.approx(800 + math.log(0.01), rel=1e-12)
    assert check_value(slot, 0.02, "The fixed value") == 0.02
    with pytest.raises(LawError, match="outside its domain"):
        check_value(slot, 0.0199, "The fixed value")


@pytest.fixture(scope="module")
def kink() -> tuple[iso.RunTable, iso.Fit]:
    """A table whose exponent changes from one run to the next, and its fit by a law with a break."""
    rng = np.random.default_rng(3)
    flops = np.geomspace(1e17, 1e24, 200)
    sharp = {"a": 0.5, "b": 60.0, "c0": 0.05, "c1": 0.2, "d1": 2.3e20, "f1": 1e-3}
    loss = laws.get("bnsl-1-flops").predict(sharp, flops=flops) * np.exp(0.0005 * rng.standard_normal(200))
    runs = iso.as_runs({"flops": flops, "loss": loss})
    return runs, iso.fit("bnsl-1-flops", runs, bootstrap=50, objective="log-ls")


def test_a_kink_ends_at_the_sharpest_break_and_says_so(kink: tuple[iso.RunTable, iso.Fit]) -> None:
    runs, fit = kink
    assert fit.parameters["f1"] == pytest.approx(SHARPEST, rel=1e-8)
    assert fit.parameters["d1"] == pytest.approx(2.3e20, rel=0.2)
    assert fit.certificate.verdict == "weakly identified"  # not "not converged": it is an optimum
    assert any("the least that its domain allows" in reason for reason in fit.certificate.reasons)
    low, high = profile(fit, runs, "f1").interval
    assert 0.98 * SHARPEST < low <= SHARPEST < high < 1.0


def test_a_search_that_ends_at_the_least_value_converges_like_any_other(kink: tuple[iso.RunTable, iso.Fit]) -> None:
    runs, fit = kink
    problem = bind_fit(fit, runs)
    best = problem.search(fit.theta[None])
    start = best + 0.03 * np.random.default_rng(0).standard_normal((20, problem.size))
    found = minimise(Evaluator(problem, fit.objective), start)
    assert (found.value < fit.value * (1 + 1e-9)).all()
    assert found.converged.all()
    assert np.median(found.steps) < 20


def test_a_search_from_a_least_value_leaves_it_where_the_objective_falls() -> None:
    # At the value itself the slope is nil on both sides, and Newton's step leads to this top of the objective.
    flops = np.geomspace(1e17, 1e24, 60)
    smooth = {"a": 0.5, "b": 60.0, "c0": 0.05, "c1": 0.2, "d1": 2.3e20, "f1": 0.5}
    runs = iso.as_runs({"flops": flops, "loss": laws.get("bnsl-1-flops").predict(smooth, flops=flops)})
    fit = iso.fit("bnsl-1-flops", runs, bootstrap=0, objective="log-ls")
    problem = bind_fit(fit, runs)
    for width in (SHARPEST, SHARPEST * 1.001):
        start = problem.search(np.array([[{**fit.parameters, "f1": width}[name] for name in fit.names]]))
        found = minimise(Evaluator(problem, fit.objective), start)
        assert problem.natural(found.u)[0, fit.names.index("f1")] == pytest.approx(0.5, rel=1e-5)


def test_a_coordinate_that_is_held_stays_at_its_least_value(kink: tuple[iso.RunTable, iso.Fit]) -> None:
    runs, fit = kink
    problem = bind_fit(fit, runs)
    start = problem.search(fit.theta[None])
    held = problem.floored[None]
    start[held] = 0.0
    found = minimise(Evaluator(problem, fit.objective), start, held=held)
    assert found.u[held].tolist() == [0.0]


def test_a_fit_with_a_least_value_goes_to_json_and_back(kink: tuple[iso.RunTable, iso.Fit]) -> None:
    _, fit = kink
    text = fit.to_json()
    assert json.loads(text)["law_parameters"]["f1"]["domain"] == [SHARPEST, "inf"]
    back = iso.Fit.from_json(text)
    assert back.theta.tolist() == fit.theta.tolist()
    own = iso.Law("my-break", fit.law.formula, parameters=fit.law.parameters)
    again = iso.Fit.from_json(iso.fit(own, kink[0], bootstrap=0, objective="log-ls").to_json())
    assert again.law.domain("f1") == (SHARPEST, math.inf)
