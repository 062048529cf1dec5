"""Sums in a law's inner coordinates give what sums in its own coordinates give."""

from dataclasses import replace

import numpy as np
import pytest

from isoflop import laws
from isoflop.fit.evaluate import Evaluator
from isoflop.fit.frame import frame_of
from isoflop.fit.objective import parse_objective
from isoflop.fit.problem import Problem, bind
from isoflop.runs.table import RunTable

KAPLAN = {"N_c": 8.8e13, "alpha_N": 0.076, "alpha_D": 0.095, "D_c": 5.4e13}
KUMAR = "kumar-precision"


def kaplan(fix: dict[str, float]) -> Problem:
    """Kaplan's law bound to runs around it."""
    rng = np.random.default_rng(0)
    params, tokens = np.exp(rng.uniform(np.log(1e6), np.log(1e10), 60)), np.exp(rng.uniform(18, 25, 60))
    loss = laws.get("kaplan-tokens").predict(KAPLAN, params=params, tokens=tokens) * np.exp(
        0.01 * rng.standard_normal(60)
    )
    table = RunTable.from_columns({"params": params, "tokens": tokens, "loss": loss})
    return bind(laws.get("kaplan-tokens"), table, response="loss", log=True, fix=fix, prior={})


@pytest.mark.parametrize("fix", [{}, {"alpha_D": 0.1}])
@pytest.mark.parametrize("exact", [True, False])
def test_inner_coordinates_change_no_derivative(fix: dict[str, float], exact: bool) -> None:
    problem = kaplan(fix)
    own = replace(problem, program=replace(problem.program, core=None))
    assert frame_of(problem).inner is not None
    assert frame_of(own).inner is None
    rng = np.random.default_rng(1)
    theta = np.array([KAPLAN[name] for name in problem.law.parameter_names])
    u = problem.search(theta[None]) + 0.05 * rng.standard_normal((5, problem.size))
    weights = rng.exponential(size=(5, problem.rows))
    objective = parse_objective("log-huber:1e-2")
    found = Evaluator(problem, objective).local(u, weights, exact=exact)
    expected = Evaluator(own, objective).local(u, weights, exact=exact)
    for name in ("value", "slope", "metric", "curvature"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-9, atol=1e-12, err_msg=name)


def test_a_break_that_may_be_sharp_keeps_its_own_coordinates() -> None:
    # (x - d)/f as x/f - d/f loses the slope in f where f vanishes.
    assert laws.get("bnsl-1-flops").program(frozenset()).core is None


def test_laws_with_short_derivatives_keep_their_own_coordinates() -> None:
    assert laws.get("chinchilla").program(frozenset()).core is None


@pytest.mark.parametrize("name", [KUMAR, "steplaw-bowl", "scalerl", "bnsl-1-flops"])
def test_work_space_that_is_used_again_changes_no_output(name: str) -> None:
    program = laws.get(name).program(frozenset())
    rng = np.random.default_rng(2)
    lean = program.lean if program.core is None else program.core.lean
    columns = [rng.uniform(0.2, 1.3, 7) for _ in program.columns]
    coordinates = [rng.uniform(0.2, 1.3, (3, 1)) for _ in lean.leader]
    places = lean.hessian.places
    space = [np.full((3, 7), np.nan) for _ in range(max(places.values()) + 1)]
    fixed = lean.hessian.column_part(columns)
    with np.errstate(all="ignore"):
        found = lean.hessian.run(coordinates, fixed, {node: space[place] for node, place in places.items()})
        expected = lean.hessian.run(coordinates, fixed)
    assert len(space) < len(places)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)
