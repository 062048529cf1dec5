"""The batched solver against SciPy's, on random sums of exponentials under random limits."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize

from isoflop.plan.within.interior import Values, minimise

ROWS = 40


@pytest.mark.parametrize("k", [1, 2, 3, 5])
def test_random_problems_as_scipy_solves_them(k: int) -> None:
    """Sums of three exponentials, two linear limits and the box; the objective agrees to 1e-6."""
    rng = np.random.default_rng(k)
    power, weight = rng.normal(0, 1, (ROWS, 3, k)), rng.uniform(0.5, 2, (ROWS, 3))
    normal = rng.normal(0, 1, (ROWS, 2, k))
    inside = rng.uniform(0.5, 2.5, (ROWS, k))
    limit = np.einsum("rjk,rk->rj", normal, inside) + rng.uniform(0.05, 0.5, (ROWS, 2))
    scale = np.full(k, 3.0)

    def function(x: NDArray[np.float64], rows: NDArray[np.intp]) -> Values:
        f = np.einsum("rj,rpj->rp", weight[rows], np.exp(np.einsum("rjk,rpk->rpj", power[rows], x)))
        return np.log(f), np.einsum("rjk,rpk->rpj", normal[rows], x) - limit[rows, None]

    found = minimise(function, np.full((ROWS, k), 1.5), scale)
    assert found.converged.all()
    assert found.feasible.all()
    for r in range(ROWS):
        one = np.array([r])

        def objective(x: NDArray[np.float64], one: NDArray[np.intp] = one) -> float:
            return float(function(x[None, None], one)[0][0, 0])

        def room(x: NDArray[np.float64], one: NDArray[np.intp] = one) -> NDArray[np.float64]:
            return -function(x[None, None], one)[1][0, 0]

        known = minimize(
            objective, inside[r], bounds=[(0, 3)] * k, constraints=[{"type": "ineq", "fun": room}], method="SLSQP",
            options={"ftol": 1e-12, "maxiter": 500},
        )  # fmt: skip
        assert found.objective[r] <= known.fun + 1e-6


def test_prices_are_zero_where_there_is_room() -> None:
    """x² from 1 under x <= 2 of which nothing is used, and under x >= 0.5, which binds."""

    def function(x: NDArray[np.float64], rows: NDArray[np.intp]) -> Values:
        return x[..., 0] ** 2, np.stack([x[..., 0] - 2, 0.5 - x[..., 0]], axis=-1)

    found = minimise(function, np.array([[1.0]]), np.array([3.0]))
    assert found.x[0, 0] == pytest.approx(0.5, abs=1e-7)
    assert found.price[0] == pytest.approx([0.0, 1.0], abs=1e-6)


def test_rows_do_not_touch_each_other() -> None:
    """A row that has no solution leaves the others as they are alone."""

    def function(x: NDArray[np.float64], rows: NDArray[np.intp]) -> Values:
        floor = np.array([0.5, 9.0])[rows][:, None]
        return (x[..., 0] - 1) ** 2, (floor - x[..., 0])[..., None]

    both = minimise(function, np.array([[1.5], [1.5]]), np.array([3.0]))
    alone = minimise(function, np.array([[1.5]]), np.array([3.0]))
    assert both.feasible.tolist() == [True, False]
    assert both.x[0, 0] == pytest.approx(alone.x[0, 0], abs=1e-12)
    assert both.x[0, 0] == pytest.approx(1.0, abs=1e-4)


def test_a_place_without_a_value_is_left() -> None:
    """A law that has no value in half of the box: the start lies where it has one."""

    def function(x: NDArray[np.float64], rows: NDArray[np.intp]) -> Values:
        with np.errstate(invalid="ignore"):
            return np.sqrt(x[..., 0] - 1) + (x[..., 0] - 2) ** 2, np.zeros((*x.shape[:-1], 0))

    found = minimise(function, np.array([[2.5]]), np.array([3.0]))
    x = found.x[0, 0]
    assert 0.5 / np.sqrt(x - 1) + 2 * (x - 2) == pytest.approx(0, abs=1e-5)
