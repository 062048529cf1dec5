"""Replicates with several optima end at the lowest, whatever block they are drawn in."""

import numpy as np
import pytest

from isoflop.fit.evaluate import Evaluator
from isoflop.fit.fitting import fit_law
from isoflop.fit.seeds import make_seeds
from isoflop.fit.solve import minimise
from isoflop.laws import get
from isoflop.runs.table import RunTable
from isoflop.uncertainty.bootstrap import bind_fit, draw_weights
from isoflop.uncertainty.refits import refit_all
from isoflop.uncertainty.searches import Replicates, Searches

BROKEN = {"a": 1.5, "b": 60.0, "c0": 0.1, "c1": 0.12, "d1": 1e20, "f1": 0.4}


@pytest.fixture(scope="module")
def bound():
    """A break whose sharpness the runs hardly know: one replicate in fifteen has a second, sharp optimum."""
    flops = np.geomspace(1e15, 1e25, 250)
    noise = np.exp(0.005 * np.random.default_rng(0).standard_t(5, 250))
    loss = get("bnsl-1-flops").predict(BROKEN, flops=flops) * noise
    runs = RunTable.from_columns({"flops": flops, "loss": loss})
    fit = fit_law(get("bnsl-1-flops"), runs, objective="log-huber:1e-3")
    problem = bind_fit(fit, runs)
    return problem, fit.objective, problem.search(fit.theta[None])


def replicates_of(weights, size):
    return Replicates(len(weights), size, lambda block: weights[block * size : (block + 1) * size])


def test_the_lowest_of_several_optima_is_found(bound) -> None:
    problem, objective, optimum = bound
    weights = draw_weights(np.random.default_rng(1), 600, problem.rows, "pairs", None)
    ends = refit_all(problem, objective, optimum, replicates_of(weights, 120))
    evaluator = Evaluator(problem, objective)
    value = np.array([evaluator.value(ends[[k]], weights[[k]])[0] for k in range(600)])
    near = minimise(evaluator, np.repeat(optimum, 600, axis=0), weights, damping=0.3).value
    # From the fit alone several would stay above their own optimum.
    assert (value < near * (1 - 1e-6)).sum() >= 10
    assert (value <= near * (1 + 1e-9)).all()
    seeds = make_seeds(evaluator, thorough=True)
    for k in np.flatnonzero(value < near * (1 - 1e-6))[:5]:
        found = minimise(evaluator, seeds, np.repeat(weights[[k]], len(seeds), axis=0))
        assert value[k] <= found.value.min() * (1 + 1e-4)


def test_every_replicate_ends_at_an_optimum_and_nearly_all_at_the_lowest(bound) -> None:
    problem, objective, optimum = bound
    count = 1500
    weights = draw_weights(np.random.default_rng(4), count, problem.rows, "pairs", None)
    ends = refit_all(problem, objective, optimum, replicates_of(weights, 120))
    evaluator = Evaluator(problem, objective)
    value = evaluator.value(ends, weights)
    on = minimise(evaluator, ends, weights, damping=1e-3)
    assert (value / on.value - 1).max() < 1e-9
    # From a sharp, a middling and the fit's own break searches find every optimum that these replicates have.
    lowest = value
    for width in (0.02, 0.05, 0.15):
        theta = problem.natural(optimum)[0].copy()
        names = [slot.name for slot in problem.slots]
        theta[names.index("f1")], theta[names.index("d1")] = width, 0.85 * theta[names.index("d1")]
        start = np.repeat(problem.search(theta[None]), count, axis=0)
        lowest = np.minimum(lowest, minimise(evaluator, start, weights, damping=0.1, together=120).value)
    # Four; fifteen if they were not led to the ends that others were found at.
    assert (value > lowest * (1 + 1e-9)).sum() <= 0.006 * count


def test_an_end_at_a_least_value_is_left_for_a_lower_one_beyond_a_ridge(bound) -> None:
    problem, objective, optimum = bound
    # A replicate with an optimum at the least width of the break, and a lower one, wider.
    weights = draw_weights(np.random.default_rng(1), 4000, problem.rows, "pairs", None)[[1052]]
    sharp = np.where(problem.floored, 0.0, optimum)
    found = minimise(Evaluator(problem, objective), sharp, weights, held=problem.floored[None])
    search = Searches(problem, objective, replicates_of(weights, 1), 1)
    search.u[:], search.value[:], search.promise[:], search.converged[:] = found.u, found.value, 0.0, True
    search.leave_floors()
    search.go_on()
    assert search.value[0] < found.value[0] * (1 - 1e-5)
    assert abs(search.u[0, problem.floored][0]) > 1


def test_weights_of_any_replicates_are_those_of_their_blocks() -> None:
    weights = np.arange(70.0).reshape(10, 7)
    drawn: list[int] = []

    def draw(block: int) -> np.ndarray:
        drawn.append(block)
        return weights[block * 4 : block * 4 + 4]

    found = Replicates(10, 4, draw).weights(np.array([1, 3, 8, 9]))
    np.testing.assert_array_equal(found, weights[[1, 3, 8, 9]])
    assert drawn == [0, 2]


def test_many_weights_at_one_point_are_evaluated_as_many_points(bound) -> None:
    problem, objective, optimum = bound
    weights = draw_weights(np.random.default_rng(2), 7, problem.rows, "bayes", None)
    evaluator = Evaluator(problem, objective)
    one, many = evaluator.local(optimum, weights), evaluator.local(np.repeat(optimum, 7, axis=0), weights)
    for mine, other in zip(vars(one).values(), vars(many).values(), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-12, atol=1e-12 * np.abs(other).max())


def test_a_search_that_cannot_come_below_its_ceiling_is_given_up(bound) -> None:
    problem, objective, optimum = bound
    evaluator = Evaluator(problem, objective)
    lowest = float(evaluator.value(optimum)[0])
    starts = optimum + 0.1 * np.random.default_rng(3).standard_normal((8, problem.size))
    free = minimise(evaluator, starts)
    held = minimise(evaluator, starts, ceiling=np.full(8, 0.5 * lowest))
    assert (held.steps < free.steps).all()
    assert not held.converged.any()
