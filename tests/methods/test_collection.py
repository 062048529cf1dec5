"""Budgets over groups: the closed form, its conditions, brute force, steps without known curves."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from isoflop.errors import FitError
from isoflop.methods.allocation import allocate_fitted
from isoflop.methods.collection import GroupCurve, allocate, curve_of, fit_group
from isoflop.runs.table import RunTable
from isoflop.uncertainty.bootstrap import bootstrap

CURVES = {
    "many": GroupCurve(scale=1.0, power=0.5, floor=0.05),
    "few": GroupCurve(scale=3.0, power=0.4, floor=0.10, cost=2.0, weight=2.0),
    "rare": GroupCurve(scale=2.0, power=0.7, floor=0.02, cost=5.0),
}


def mean_error(examples: dict[str, float]) -> float:
    return sum(curve.weight * curve.error(examples[name]) for name, curve in CURVES.items())


def test_the_conditions_of_the_closed_form_hold() -> None:
    # Sheet D11: n_g = (w s p/(lambda c))^(1/(p+1)), so one more unit of budget is worth lambda everywhere.
    found = allocate(CURVES, 1e4)
    assert found.spent == pytest.approx(1e4, rel=1e-12)
    for name, c in CURVES.items():
        n = found.examples[name]
        assert n == pytest.approx((c.weight * c.scale * c.power / (found.price * c.cost)) ** (1 / (c.power + 1)))
        assert c.weight * c.scale * c.power * n ** -(c.power + 1) / c.cost == pytest.approx(found.price, rel=1e-9)
        assert found.errors[name] == pytest.approx(c.error(n))


def test_no_other_split_is_better(rng: np.random.Generator) -> None:
    best = mean_error(dict(allocate(CURVES, 1e4).examples))
    for shares in rng.dirichlet([1.0, 1.0, 1.0], 2000):
        other = {name: 1e4 * s / c.cost for s, (name, c) in zip(shares, CURVES.items(), strict=True)}
        assert mean_error(other) >= best


def test_the_worst_group_decides() -> None:
    found = allocate(CURVES, 1e4, goal="worst")
    assert found.spent == pytest.approx(1e4, rel=1e-9)
    errors = list(found.errors.values())
    assert max(errors) == pytest.approx(min(errors), rel=1e-9)
    more = allocate(CURVES, 1e4 + 1.0, goal="worst")
    assert max(errors) - max(more.errors.values()) == pytest.approx(found.price, rel=1e-3)


def test_what_is_at_hand_is_not_given_away() -> None:
    found = allocate(CURVES, 100.0, have={"many": 1e6})
    assert found.examples["many"] == 1e6
    spent = 2.0 * found.examples["few"] + 5.0 * found.examples["rare"]
    assert spent == pytest.approx(100.0, rel=1e-9)
    assert found.spent == pytest.approx(100.0, rel=1e-9)


def test_curves_need_not_be_known(rng: np.random.Generator) -> None:
    # Allocate a fifth of the budget at a time, fit again after each: near the optimum of the true curves.
    have = dict.fromkeys(CURVES, 40.0)
    budget = 2e4
    for _ in range(5):
        fitted = {}
        for name, curve in CURVES.items():
            n = np.geomspace(5, have[name], 12)
            error = [curve.error(x) for x in n] * np.exp(rng.normal(0.0, 0.01, 12))
            fit = fit_group(RunTable.from_columns({"group_examples": n, "error": error}))
            fitted[name] = curve_of(fit, cost=curve.cost, weight=curve.weight)
        have = dict(allocate(fitted, budget / 5, have=have).examples)
    best = allocate(CURVES, budget, have=dict.fromkeys(CURVES, 40.0))
    assert mean_error(have) == pytest.approx(mean_error(dict(best.examples)), rel=0.02)


def test_a_curve_with_help_from_other_groups_is_fitted_but_not_allocated() -> None:
    own, every = (grid.ravel() for grid in np.meshgrid(np.geomspace(10, 1e4, 8), np.geomspace(1e3, 1e6, 8)))
    error = 0.05 + 2.0 * own**-0.5 + 5.0 * every**-0.3
    runs = RunTable.from_columns({"group_examples": own, "all_examples": every, "error": error})
    fit = fit_group(runs, shared=True)
    assert fit.parameters["p"] == pytest.approx(0.5, rel=1e-3)
    assert fit.parameters["q"] == pytest.approx(0.3, rel=1e-3)
    with pytest.raises(FitError, match="shared=False"):
        curve_of(fit)


@pytest.mark.parametrize(
    ("curves", "budget", "found"),
    [
        ({}, 10.0, "0 groups"),
        (CURVES, 0.0, "budget of 0"),
        ({"flat": GroupCurve(1.0, 0.0)}, 10.0, "of flat must be positive"),
    ],
)
def test_what_has_no_allocation_is_refused(curves: dict[str, GroupCurve], budget: float, found: str) -> None:
    with pytest.raises(FitError, match=found):
        allocate(curves, budget)


@pytest.mark.parametrize(
    ("request_", "found"),
    [
        ({"goal": "wrost"}, "no goal 'wrost'. Choose mean or worst"),
        ({"have": {"nobody": 5.0}}, "of nobody are negative or of a group without a curve"),
        ({"have": {next(iter(CURVES)): -1.0}}, "counts from 0 up"),
        ({"have": {next(iter(CURVES)): float("nan")}}, "counts from 0 up"),
    ],
)
def test_what_cannot_be_asked_is_refused(request_: dict[str, Any], found: str) -> None:
    with pytest.raises(FitError, match=found):
        allocate(CURVES, 10.0, **request_)


def test_an_allocation_by_fits_has_intervals() -> None:
    truth = {"a": GroupCurve(2.0, 0.4, 0.05), "b": GroupCurve(4.0, 0.5, 0.1, cost=2.0)}
    rng = np.random.default_rng(5)
    fits = {}
    for name, curve in truth.items():
        n = np.geomspace(30, 3e4, 14)
        error = np.array([curve.error(x) for x in n]) * np.exp(rng.normal(0, 0.02, 14))
        runs = RunTable.from_columns({"group_examples": n, "error": error})
        fits[name] = bootstrap(fit_group(runs), runs, rng=rng, draws=60)
    found = allocate_fitted(fits, 2e4, costs={"b": 2.0})
    best = allocate(truth, 2e4)
    assert found.allocation.examples["a"] == found.examples["a"].value
    for name in truth:
        low, high = found.examples[name].interval
        assert low < best.examples[name] < high
        assert found.errors[name].interval[0] < truth[name].error(found.examples[name].value)
        assert found.errors[name].interval[1] > truth[name].error(found.examples[name].value)
        assert found.errors[name].value == pytest.approx(found.allocation.errors[name], rel=1e-12)
    assert any("help another" in text for text in found.examples["a"].leaves_out)
    with pytest.raises(FitError, match="fits of a have no draws"):
        allocate_fitted({**fits, "a": replace(fits["a"], draws=None)}, 2e4)
