"""Intervals of budgets hold what they say: cost to match a larger model, gain by difficulty, saturation."""

import numpy as np
import pytest
from tests.testtime.budget_support import counts_of

from isoflop.testtime.budgets.budget import menu
from isoflop.testtime.budgets.by_difficulty import adapt
from isoflop.testtime.budgets.charge import charge_observed
from isoflop.testtime.budgets.compare import break_even, saturation_point
from isoflop.testtime.budgets.routes import Route, routes_from_counts

LEVEL = 0.9


def many(problems: int, rng: np.random.Generator) -> np.ndarray:
    """Rates of problems: many hard ones."""
    return rng.beta(0.4, 1.2, problems)


def better(rates: np.ndarray) -> np.ndarray:
    """Rates of the larger model."""
    return rates + 0.4 * (1 - rates) * np.sqrt(rates)


@pytest.mark.slow
def test_the_cost_to_match_a_larger_model_is_covered():
    """The truth is the same interpolation between the accuracies of 400,000 problems with known rates."""
    rng, count, problems, n = np.random.default_rng(12), 400, 100, 32
    names, price = [f"p{k}" for k in range(problems)], charge_observed(np.ones(problems))
    fresh = many(400_000, rng)
    hits = 0
    truth = None
    for _ in range(count):
        rates = many(problems, rng)
        small = routes_from_counts("small", counts_of(rates, n, rng), price, ["pass@k"])[0]
        large = routes_from_counts("large", counts_of(better(rates), n, rng), price, ["single"])[0]
        if truth is None:
            curve = np.array([(1 - (1 - fresh) ** k).mean() for k in small.ks])
            exact = [
                Route("small", "pass@k", small.ks, np.tile(curve, (4, 1)), small.cost[:4], "dollars"),
                Route("large", "single", large.ks, np.full((4, 1), better(fresh).mean()), large.cost[:4], "dollars"),
            ]
            truth = break_even(menu(exact, "abcd", rng=rng, draws=2), "small", "large").cost.value
        found = break_even(menu([small, large], names, rng=rng, draws=300, level=LEVEL), "small", "large").cost
        hits += found.interval[0] <= truth <= found.interval[1]
    assert abs(hits / count - LEVEL) <= 0.04, f"{hits / count:.1%}"


@pytest.mark.slow
def test_the_gain_by_difficulty_is_that_on_fresh_problems():
    """Choices tried on 200,000 fresh problems: the mean held-out gain is theirs, the one in the sample is more."""
    rng, count, problems, n, budget = np.random.default_rng(4), 60, 160, 24, 6.0
    names, price = [f"p{k}" for k in range(problems)], charge_observed(np.ones(problems))
    fresh = many(200_000, rng)
    fresh_groups = (fresh < 0.1).astype(int) + (fresh < 0.4)
    held, seen, real = [], [], []
    for _ in range(count):
        rates = many(problems, rng)
        groups = (rates < 0.1).astype(int) + (rates < 0.4)
        route = routes_from_counts("m", counts_of(rates, n, rng), price, ["pass@k"])[0]
        made = adapt(menu([route], names, rng=rng, draws=50), groups, budget)
        shares, alone = made.allocation.shares, adapt(menu([route], names, rng=rng, draws=50), groups * 0, budget)
        curve = [1 - (1 - fresh) ** k for k in route.ks]
        means = np.stack([[c[fresh_groups == g].mean() for c in curve] for g in range(3)])
        sizes = np.bincount(fresh_groups, minlength=3) / len(fresh)
        same = float(alone.allocation.shares[0] @ [c.mean() for c in curve])
        real.append(float((sizes[:, None] * shares * means).sum()) - same)
        held.append(made.gain.value)
        seen.append(made.gain_in_sample)
    error = np.std(np.array(held) - np.array(real)) / np.sqrt(count)
    assert abs(np.mean(held) - np.mean(real)) < 4 * error + 0.003
    assert np.mean(seen) > np.mean(held)


@pytest.mark.slow
def test_saturation_is_covered():
    rng, count, problems = np.random.default_rng(7), 300, 100
    names, price = [f"p{k}" for k in range(problems)], charge_observed(np.ones(problems))
    fresh = rng.beta(2, 4, 400_000)
    hits, truth = 0, None
    for _ in range(count):
        route = routes_from_counts("m", counts_of(rng.beta(2, 4, problems), 64, rng), price, ["pass@k"])[0]
        if truth is None:
            curve = np.array([(1 - (1 - fresh) ** k).mean() for k in route.ks])
            truth = route.ks[(curve >= curve.max() - 0.01).argmax()]
        found = saturation_point(menu([route], names, rng=rng, draws=300, level=LEVEL), 0).k
        hits += found.interval[0] <= truth <= found.interval[1]
    # Whole numbers of samples: the interval holds at least what it says.
    assert hits / count >= LEVEL - 0.04, f"{hits / count:.1%}"
