"""The solver: searches that take the places of those that have ended, and the last step of each."""

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from tests.fit.synthetic import chinchilla_runs

from isoflop import laws
from isoflop.fit.evaluate import Evaluator, Local
from isoflop.fit.fitting import fit_law
from isoflop.fit.problem import Problem
from isoflop.fit.solve import minimise
from isoflop.uncertainty.bootstrap import bind_fit, draw_weights

COUNT = 50


@pytest.fixture(scope="module")
def resampled() -> tuple[Evaluator, np.ndarray, np.ndarray]:
    """A bound law, starts around its optimum, and weights of resampled runs."""
    runs = chinchilla_runs(noise=0.01, sizes=10)
    fit = fit_law(laws.get("chinchilla"), runs, objective="log-huber")
    problem: Problem = bind_fit(fit, runs)
    rng = np.random.default_rng(1)
    starts = problem.search(fit.theta[None]) + 0.02 * rng.standard_normal((COUNT, problem.size))
    return Evaluator(problem, fit.objective), starts, draw_weights(rng, COUNT, problem.rows, "pairs", None)


@pytest.mark.parametrize("together", [1, 2, 7, 49, 1000])
def test_how_many_go_on_together_changes_no_end(
    resampled: tuple[Evaluator, np.ndarray, np.ndarray], together: int
) -> None:
    evaluator, starts, weights = resampled
    at_once = minimise(evaluator, starts, weights, tolerance=1e-9)
    in_turn = minimise(evaluator, starts, weights, tolerance=1e-9, together=together)
    assert at_once.converged.all()
    assert in_turn.converged.all()
    assert np.array_equal(at_once.steps, in_turn.steps)
    # Sums over batches of other sizes round otherwise.
    assert in_turn.u == pytest.approx(at_once.u, rel=1e-9)
    assert in_turn.value == pytest.approx(at_once.value, rel=1e-14)


def test_every_search_has_its_own_steps(resampled: tuple[Evaluator, np.ndarray, np.ndarray]) -> None:
    evaluator, starts, weights = resampled
    cut = minimise(evaluator, starts, weights, max_steps=3, together=5)
    assert cut.steps.max() == 3
    assert not cut.converged.all()
    whole = minimise(evaluator, starts, weights, max_steps=3)
    assert cut.u == pytest.approx(whole.u, rel=1e-9)


def test_the_last_step_is_taken(resampled: tuple[Evaluator, np.ndarray, np.ndarray]) -> None:
    # A step that promises 1e-6 of the objective is taken still, and ends far closer than that.
    evaluator, starts, weights = resampled
    early = minimise(evaluator, starts, weights, tolerance=1e-6)
    best = minimise(evaluator, starts, weights)
    assert early.promise.max() > 1e-10
    assert (early.value / best.value - 1).max() < 1e-9
    assert early.value == pytest.approx(evaluator.value(early.u, weights), rel=1e-14)


def test_a_last_step_that_rises_is_not_taken(
    resampled: tuple[Evaluator, np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluator, starts, weights = resampled
    monkeypatch.setattr(evaluator, "value", lambda u, weights=None: np.full(len(u), np.inf))
    found = minimise(evaluator, starts, weights, tolerance=1e-9)
    monkeypatch.undo()
    assert found.converged.all()
    assert found.value == pytest.approx(evaluator.value(found.u, weights), rel=1e-14)


class Quartic:
    """An objective `1 + u^4`: Newton's steps take a third of the way, and promise a fifth of the promise before."""

    problem = SimpleNamespace(rounding=0.0, priors=(), floored=np.zeros(1, dtype=bool), off_floors=lambda u, _: u)

    def local(self, u: np.ndarray, weights: Any = None, *, exact: bool = True) -> Local:
        bent = 12 * u[:, :, None] ** 2
        return Local(1 + u[:, 0] ** 4, 4 * u**3, bent, bent)

    def value(self, u: np.ndarray, weights: Any = None) -> np.ndarray:
        return 1 + u[:, 0] ** 4


@pytest.mark.parametrize("tolerance", [1e-5, 1e-7, 1e-9])
def test_searches_that_creep_must_promise_far_less(tolerance: float) -> None:
    found = minimise(cast("Evaluator", Quartic()), np.array([[1.0]]), tolerance=tolerance, damping=1e-3)
    assert found.converged.all()
    assert 0.001 * tolerance < found.promise[0] <= 0.01 * tolerance
