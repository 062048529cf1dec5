"""Menus: frontiers, the best choice of a budget, what holds on other problems, shared draws."""

import numpy as np
import pytest
from tests.testtime.budget_support import counts_of, two_models

from isoflop.errors import InputError
from isoflop.fit.estimate import Estimate
from isoflop.testtime.budgets.budget import LAWS_APART, best_within, frontier, menu
from isoflop.testtime.budgets.charge import charge_observed
from isoflop.testtime.budgets.routes import Route, route_from_law, routes_from_counts


def test_the_frontier_is_what_nothing_cheaper_matches():
    found = two_models()
    line = frontier(found)
    costs, accuracies = [c.cost.value for c in line], [c.accuracy.value for c in line]
    assert costs == sorted(costs)
    assert np.all(np.diff(accuracies) > 0)
    on = {(c.route.name, c.k) for c in line}
    for option, (r, j) in enumerate(found.of):
        route = found.routes[r]
        if (route.name, int(route.ks[j])) not in on:
            beaten = [a >= found.accuracy[0, option] for c, a in zip(costs, accuracies, strict=True)
                      if c <= found.cost[0, option] + 1e-12]  # fmt: skip
            assert any(beaten)
    assert all(c.accuracy.interval[0] <= c.accuracy.value <= c.accuracy.interval[1] for c in line)
    assert line[0].share > 0.9


def test_the_best_of_a_budget_is_the_frontier_at_that_cost():
    found = two_models()
    line = frontier(found)
    for budget in (0.01, 0.05, 0.3, 100.0):
        chosen = best_within(found, budget)[0]
        assert chosen is not None
        affordable = [c for c in line if c.cost.value <= budget + 1e-12]
        assert (chosen.route.name, chosen.k) == (affordable[-1].route.name, affordable[-1].k)
        assert 0 < chosen.share <= 1
    assert best_within(found, [0.001]) == (None,)


def test_choices_hold_up_worse_on_other_problems():
    """Many options alike but for noise: the best looks better than what such choices reach elsewhere."""
    rng = np.random.default_rng(5)
    problems = [f"p{k}" for k in range(60)]
    routes = []
    for place in range(30):
        counts = counts_of(np.full(60, 0.5), 4, rng)
        routes += routes_from_counts(f"m{place:02}", counts, charge_observed(np.ones(60)), ["single"])
    chosen = best_within(menu(routes, problems, rng=rng, draws=200), 1.0)[0]
    assert chosen is not None
    assert chosen.held_out is not None
    assert chosen.accuracy.value > 0.54
    assert chosen.held_out.value == pytest.approx(0.5, abs=0.04)
    assert chosen.share < 0.6


def test_routes_share_their_draws():
    """The difference of two models on the same problems is far surer than either."""
    found = two_models()
    small, large = (np.flatnonzero(found.of[:, 0] == r)[0] for r in (0, 1))
    gap = (found.accuracy[1:, large] - found.accuracy[1:, small]).std()
    apart = np.hypot(found.accuracy[1:, large].std(), found.accuracy[1:, small].std())
    assert gap < 0.5 * apart


def test_laws_stand_beside_problems():
    problems = ["a", "b", "c", "d"]
    rng = np.random.default_rng(1)
    one = routes_from_counts("m", counts_of(np.full(4, 0.5), 8, rng), charge_observed(np.ones(4)), ["single"])
    draws = np.linspace(0.5, 0.9, 40)[:, None] + np.array([0.0, 0.05])
    curve = Estimate(draws.mean(axis=0), (draws[0], draws[-1]), 0.9, draws)
    law = route_from_law("big", "saturation", [1, 4], curve, fixed=0.0, each=2.0)
    found = menu([*one, law], problems, rng=rng, draws=100)
    chosen = best_within(found, 8.0)[0]
    assert chosen is not None
    assert (chosen.route.name, chosen.k, chosen.held_out, chosen.forecast) == ("big · saturation", 4, None, True)
    assert chosen.accuracy.interval[0] == pytest.approx(0.57, abs=0.03)
    assert LAWS_APART not in chosen.accuracy.leaves_out


def test_the_same_state_gives_the_same_bits():
    a, b, c = two_models(seed=3), two_models(seed=3), two_models(seed=4)
    assert np.array_equal(a.accuracy, b.accuracy)
    assert not np.array_equal(a.accuracy, c.accuracy)


def test_what_is_no_menu(rng):
    one = Route("m", "single", np.array([1]), np.ones((3, 1)), np.ones((3, 1)), "dollars")
    other = Route("m", "single", np.array([1]), np.ones((3, 1)), np.ones((3, 1)), "eFLOPs")
    with pytest.raises(InputError, match="dollars and eFLOPs"):
        menu([one, other], "abc", rng=rng)
    with pytest.raises(InputError, match="m · single: other problems than these 2"):
        menu([one], "ab", rng=rng)
    with pytest.raises(InputError, match="nothing"):
        menu([], "ab", rng=rng)
    with pytest.raises(InputError, match="positive dollars"):
        best_within(menu([one], "abc", rng=rng), [0.0])
