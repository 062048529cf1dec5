"""Greedy on hulls is the optimum of the linear program."""

import numpy as np
import pytest

from isoflop.errors import InputError
from isoflop.testtime.budgets.allocation import allocate, concave_hull


@pytest.mark.parametrize("seed", range(12))
def test_greedy_is_the_optimum_of_the_linear_program(seed):
    from scipy.optimize import linprog

    rng = np.random.default_rng(seed)
    groups, options = int(rng.integers(1, 6)), int(rng.integers(1, 8))
    cost, value = rng.uniform(0.1, 5, (groups, options)), rng.uniform(-0.2, 1, (groups, options))
    sizes = rng.integers(1, 30, groups)
    weights = sizes / sizes.sum()
    budget = float(rng.uniform(0, 4))
    found = allocate(cost, value, budget, sizes=sizes)
    rows = np.vstack([(weights[:, None] * cost).ravel(), np.kron(np.eye(groups), np.ones(options))])
    best = linprog(-(weights[:, None] * value).ravel(), A_ub=rows, b_ub=[budget, *np.ones(groups)], bounds=(0, None))
    assert found.value == pytest.approx(-best.fun, abs=1e-9)
    assert found.cost <= budget * (1 + 1e-12)
    assert np.all(found.shares.sum(axis=1) <= 1 + 1e-12)
    assert np.all(found.shares >= 0)
    assert found.price == pytest.approx(-best.ineqlin.marginals[0], abs=1e-9)


def test_the_hull_leaves_out_what_a_mixture_beats(rng):
    cost, value = rng.uniform(0.1, 5, 40), rng.uniform(0, 1, 40)
    places = concave_hull(cost, value)
    x, y = np.concatenate([[0.0], cost[places]]), np.concatenate([[0.0], value[places]])
    slopes = np.diff(y) / np.diff(x)
    assert np.all(np.diff(slopes) < 0)
    assert np.all(slopes > 0)
    # No option lies above the hull.
    assert np.all(value <= np.interp(cost, x, y) + 1e-12)


def test_hopeless_groups_get_nothing_and_a_large_budget_buys_the_best():
    found = allocate([[1.0, 2.0], [1.0, 2.0]], [[0.5, 0.9], [0.0, 0.0]], budget=10.0)
    assert found.shares.tolist() == [[0.0, 1.0], [0.0, 0.0]]
    assert (found.cost, found.value, found.price) == (1.0, 0.45, 0.0)
    assert allocate([[1.0]], [[0.5]], budget=0.0).shares.tolist() == [[0.0]]


def test_what_cannot_be_allocated():
    with pytest.raises(InputError, match="positive cost"):
        concave_hull([0.0], [1.0])
    with pytest.raises(InputError, match="budget -1"):
        allocate([[1.0]], [[1.0]], budget=-1)
