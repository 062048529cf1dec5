"""The pruned perceptron: power law at random, beyond it with a good probe, and back to it with a poor one."""

from typing import Literal

import numpy as np
import pytest
from scipy.optimize import minimize

from isoflop.errors import FitError
from isoflop.methods.pruning import (
    PrunedError,
    fit_exponent,
    fit_exponents,
    max_margin,
    pareto,
    pruning_curve,
    simulate_pruning,
)

ALPHAS = (4.0, 8.0, 16.0, 32.0)


def test_random_data_follow_the_inverse_law(rng: np.random.Generator) -> None:
    # Sheet D4: eps ~ 1/alpha without pruning.
    curve = pruning_curve((16.0, 32.0, 64.0), 1.0, rng=rng, keep="random", dimension=40, repeats=16)
    assert fit_exponent(curve).parameters["nu"] == pytest.approx(1.0, abs=0.15)


def test_harder_pruning_falls_faster(rng: np.random.Generator) -> None:
    curves = [pruning_curve(ALPHAS, f, rng=rng, dimension=40, repeats=16) for f in (1.0, 0.3, 0.15)]
    exponents = [fit_exponent(curve).parameters["nu"] for curve in curves]
    assert exponents == sorted(exponents)
    assert exponents[-1] > exponents[0] + 0.3


def test_exponents_against_the_kept_fraction_have_intervals(rng: np.random.Generator) -> None:
    # Sheet D4: 1 without pruning; keeping few hard examples is steeper.
    whole = pruning_curve((16.0, 32.0, 64.0), 1.0, rng=rng, keep="random", dimension=40, repeats=8)
    pruned = pruning_curve((8.0, 16.0, 32.0), 0.15, rng=rng, dimension=40, repeats=8)
    fit, names = fit_exponents([whole, pruned], rng=rng, draws=100)
    assert fit.rows == 2 * 3 * 8
    plain, steep = (fit.estimate(names[fraction]) for fraction in (1.0, 0.15))
    assert plain.value == pytest.approx(1.0, abs=0.2)
    assert 0.02 < plain.interval[1] - plain.interval[0] < 0.5
    assert steep.interval[0] > plain.interval[1]
    bare = PrunedError(1.0, 8.0, 0.1, 0.01, 5)
    with pytest.raises(FitError, match="1 of 1 points come without"):
        fit_exponents([[bare]], rng=rng)


def test_keep_hard_where_data_abound_and_easy_where_they_are_few(rng: np.random.Generator) -> None:
    for total, better, worse in ((2.0, "easy", "hard"), (32.0, "hard", "easy")):
        one, other = (
            simulate_pruning(total, 0.25, rng=rng, keep=keep, dimension=40, repeats=10)  # type: ignore[arg-type]
            for keep in (better, worse)
        )
        assert one.error + 2 * one.spread < other.error


def test_a_poor_probe_costs_the_gain(rng: np.random.Generator) -> None:
    perfect, poor = (
        simulate_pruning(32.0, 0.25, rng=rng, dimension=40, angle=angle, repeats=10) for angle in (0.0, np.radians(40))
    )
    assert poor.error > 1.5 * perfect.error
    assert perfect.alpha == poor.alpha == 8.0


def test_the_margin_is_the_largest(rng: np.random.Generator) -> None:
    teacher = rng.standard_normal(5)
    inputs = rng.standard_normal((30, 5))
    signed = inputs * np.sign(inputs @ teacher)[:, None]
    direction = max_margin(signed)
    assert (signed @ direction).min() == pytest.approx(1.0, rel=1e-9)
    other = minimize(
        lambda j: 0.5 * j @ j,
        direction * 1.5,
        jac=lambda j: j,
        constraints={"type": "ineq", "fun": lambda j: signed @ j - 1, "jac": lambda _: signed},
        method="SLSQP",
        options={"ftol": 1e-12, "maxiter": 500},
    )
    np.testing.assert_allclose(direction, other.x, rtol=1e-4, atol=1e-6)


def test_the_frontier_leaves_out_what_is_beaten() -> None:
    points = [PrunedError(f, a, e, 0.0, 2) for f, a, e in ((1, 8, 0.1), (0.5, 4, 0.2), (0.5, 4, 0.3), (0.2, 9, 0.15))]
    assert [(p.alpha, p.error) for p in pareto(points)] == [(4, 0.2), (8, 0.1)]


def test_the_same_generator_gives_the_same_error() -> None:
    one, other = (simulate_pruning(4.0, 0.5, rng=np.random.default_rng(5), dimension=20, repeats=3) for _ in range(2))
    assert one == other
    assert one != simulate_pruning(4.0, 0.5, rng=np.random.default_rng(6), dimension=20, repeats=3)


@pytest.mark.parametrize(("fraction", "repeats"), [(0.0, 5), (1.2, 5), (0.001, 5), (0.5, 1)])
def test_what_leaves_nothing_is_refused(fraction: float, repeats: int, rng: np.random.Generator) -> None:
    with pytest.raises(FitError, match="Give a fraction"):
        simulate_pruning(4.0, fraction, rng=rng, dimension=20, repeats=repeats)


def test_examples_without_a_margin_are_refused() -> None:
    with pytest.raises(FitError, match="No direction has all 3 signed examples"):
        max_margin(np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0]]))
    thin = max_margin(np.array([[1.0, 1e-4], [-1.0, 1e-4]]))
    np.testing.assert_allclose(thin, [0.0, 1e4], atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize(("keep", "dimension"), [("harder", 40), ("hard", 1)])
def test_rules_and_dimensions_that_cannot_be_are_refused(
    keep: Literal["hard"], dimension: int, rng: np.random.Generator
) -> None:
    with pytest.raises(FitError, match="choose hard, easy, random"):
        simulate_pruning(8.0, 0.5, rng=rng, keep=keep, dimension=dimension)
