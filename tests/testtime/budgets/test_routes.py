"""Routes from counts, samples and laws: accuracies are the estimators', costs follow the rule."""

import numpy as np
import pytest
from tests.testtime.budget_support import counts_of

from isoflop.errors import ColumnError, InputError
from isoflop.fit.estimate import Estimate
from isoflop.testtime.budgets.charge import charge_observed
from isoflop.testtime.budgets.routes import (
    RULES,
    route_from_law,
    routes_from_counts,
    routes_from_samples,
    rules_for,
)
from isoflop.testtime.counts import Counts
from isoflop.testtime.estimators.best_of import best_of_k
from isoflop.testtime.estimators.coverage import pass_at_k
from isoflop.testtime.estimators.survival import attempts_within
from isoflop.testtime.estimators.votes import majority_at_k
from isoflop.testtime.samples import Samples


@pytest.fixture
def samples(rng) -> Samples:
    """Return 8 samples of each of 6 problems, with answers and scores."""
    answer = rng.integers(0, 3, 48)
    return Samples.from_columns(
        [f"p{k // 8}" for k in range(48)], answer=[str(a) for a in answer], correct=answer == 0,
        score=rng.random(48) + (answer == 0),
    )  # fmt: skip


def test_every_rule_has_its_accuracy_and_its_cost(samples, rng):
    charge = charge_observed(np.arange(1.0, 7.0)).with_verifier(0.5)
    found = {r.rule: r for r in routes_from_samples("m", samples, charge, tuple(RULES), rng=rng)}
    right, starts, n, c = samples.column("correct"), samples.starts, samples.sizes, samples.counts().c
    ks = found["majority"].ks
    assert ks[[0, -1]].tolist() == [1, 8]
    assert found["single"].accuracy == pytest.approx((c / n)[:, None])
    assert found["pass@k"].accuracy == pytest.approx(pass_at_k(n, c, ks))
    assert found["retry"].accuracy == pytest.approx(pass_at_k(n, c, ks))
    assert found["majority"].accuracy == pytest.approx(majority_at_k(samples.answer.codes, right, starts, ks))
    assert found["best-of-k"].accuracy == pytest.approx(best_of_k(right, starts, ks, by=samples.column("score")))
    each = np.arange(1.0, 7.0)[:, None]
    assert found["majority"].cost == pytest.approx(each * ks)
    assert found["best-of-k"].cost == pytest.approx((each + 0.5) * ks)
    assert found["retry"].cost == pytest.approx(each * attempts_within(n, c, ks))
    # Stopping early costs no more samples, and decides nearly as a vote of all.
    assert np.all(found["adaptive"].cost <= found["majority"].cost + 1e-12)
    assert found["adaptive"].cost[:, 0] == pytest.approx(each[:, 0])
    assert np.all(np.abs(found["adaptive"].accuracy - found["majority"].accuracy) < 0.3)
    assert np.all(found["retry"].cost <= found["pass@k"].cost + 1e-12)


def test_beyond_the_samples_a_forecast_goes_on(rng):
    counts = counts_of(rng.beta(0.5, 2, 80), 32, rng)
    route = routes_from_counts("m", counts, charge_observed(np.ones(80)), ["pass@k"], beyond=100)[0]
    mean = route.accuracy.mean(axis=0)
    assert route.ks[-1] == 3200
    assert route.seen == 32
    assert np.all(np.diff(mean) >= 0)
    assert mean[-1] > mean[route.ks == 32][0] + 0.02
    assert route.cost[0, -1] == 3200
    # What was solved stays solved, and what never was goes on from nothing.
    beyond = route.ks > 32
    assert np.all(route.accuracy[counts.c > 0][:, beyond] == 1)
    first = route.accuracy[counts.c == 0][:, beyond][:, 0]
    assert np.all((first > 0) & (first < 0.5))


def test_a_forecast_is_right_on_average(rng):
    """Counts of 40 samples against the coverage of 400 that the rates of the same problems give."""
    missed = []
    for _ in range(12):
        rates = rng.beta(0.4, 2, 200)
        route = routes_from_counts("m", counts_of(rates, 40, rng), charge_observed(np.ones(200)), ["pass@k"], beyond=10)
        missed.append(route[0].accuracy[:, -1].mean() - (1 - (1 - rates) ** 400).mean())
    assert abs(np.mean(missed)) < 0.01
    assert np.std(missed) < 0.03


def test_samples_of_unequal_number_are_used_up_before_a_forecast(rng):
    problems, n = ("a", "b", "c"), np.array([10, 100, 40])
    counts = Counts(problems, n, np.array([0, 3, 8]))
    route = routes_from_counts("m", counts, charge_observed(np.ones(3)), ["pass@k"], beyond=8)[0]
    place = int(np.flatnonzero((route.ks > 40) & (route.ks < 100))[0])
    k = int(route.ks[place])
    assert route.accuracy[1, place] == pytest.approx(pass_at_k(100, 3, k)[0, 0])
    assert route.accuracy[2, place] == 1.0
    assert 0 < route.accuracy[0, place] < 1


def test_what_columns_allow():
    assert rules_for(("correct",)) == ("single", "pass@k")
    assert rules_for(("correct", "score")) == ("single", "best-of-k")
    assert set(rules_for(("correct", "score", "answer"))) == {"single", "majority", "adaptive", "best-of-k", "weighted"}


def test_rules_that_cannot_be_followed(samples, rng):
    charge = charge_observed(np.ones(6))
    with pytest.raises(InputError, match="'vote' is not known"):
        routes_from_samples("m", samples, charge, ["vote"], rng=rng)
    with pytest.raises(InputError, match="majority needs the samples' answer, and there are counts only"):
        routes_from_counts("m", samples.counts(), charge, ["majority"])
    bare = Samples.from_columns(["a", "a"], correct=[1, 0])
    with pytest.raises(ColumnError, match="score"):
        routes_from_samples("m", bare, charge_observed([1.0]), ["best-of-k"], rng=rng)


def test_a_law_needs_rising_k():
    curve = Estimate(np.array([0.3, 0.5]), (np.zeros(2), np.ones(2)), 0.9)
    with pytest.raises(InputError, match="rising"):
        route_from_law("m", "law", [2, 1], curve, fixed=0, each=1)
    assert route_from_law("m", "law", [1, 2], curve, fixed=1, each=2).cost.tolist() == [3.0, 5.0]
