"""Imperfect verifiers: utilities by brute force over all orders, the best number, the model of types."""

from itertools import permutations

import numpy as np
import pytest

from isoflop.errors import FitError, TableError
from isoflop.testtime.tradeoffs.verifier import best_number, ceiling, false_positives, utility
from isoflop.testtime.tradeoffs.verifier_types import Types, types_of


def by_orders(n: int, b: int, g: int, samples: int, price: float) -> float:
    """Mean over all orders of the samples of what the first pass among K is worth."""
    worth = [1.0] * g + [-price] * (b - g) + [None] * (n - b)
    total = count = 0.0
    for order in permutations(worth):
        passed = [v for v in order[:samples] if v is not None]
        total += passed[0] if passed else 0.0
        count += 1
    return total / count


@pytest.mark.parametrize(("n", "b", "g"), [(6, 4, 3), (6, 2, 0), (6, 6, 1), (5, 0, 0), (7, 3, 3)])
def test_utilities_are_means_over_all_orders(n: int, b: int, g: int) -> None:
    ks = np.arange(n + 1)
    expected = [by_orders(n, b, g, int(k), 1.5) for k in ks]
    np.testing.assert_allclose(utility([n], [b], [g], ks, price=1.5)[0], expected, atol=1e-12)


def test_each_problem_is_monotone_and_only_the_mean_bends() -> None:
    each = utility([50] * 3, [40, 10, 4], [39, 6, 1], np.arange(1, 51), price=1.0)
    steps = np.diff(each, axis=1)
    assert np.all((steps[:2] >= 0) & (steps[2:] <= 1e-15))
    best = best_number([50] * 3, [40, 10, 4], [39, 6, 1], price=2.0, rng=np.random.default_rng(0))
    assert 1 < best.samples < 50
    assert best.curve[best.samples - 1] == best.utility == best.curve.max()


def test_where_every_number_loses_none_is_best(rng: np.random.Generator) -> None:
    found = best_number([20, 20], [10, 8], [1, 1], price=5.0, rng=rng)
    assert found.samples == 0
    assert found.utility == 0.0
    free = best_number([20, 20], [10, 8], [1, 1], price=0.0, rng=rng)
    assert free.samples >= 13


def test_the_band_says_how_flat_it_is(rng: np.random.Generator) -> None:
    n = np.full(60, 100)
    b = rng.binomial(100, rng.beta(0.5, 0.5, 60))
    g = rng.binomial(b, 0.5 + 0.5 * b / 100)
    found = best_number(n, b, g, price=2.0, rng=rng)
    assert found.band[0] <= found.samples <= found.band[1]
    assert np.all((found.ends[0] <= found.curve) & (found.curve <= found.ends[1]))


def test_wrong_answers_grow_with_samples() -> None:
    found = false_positives([50] * 3, [40, 10, 4], [39, 6, 1], np.arange(51))
    assert np.isnan(found[0])
    assert np.all(np.diff(found[1:40]) > 0)
    # All answers given: the mean of the shares that are wrong.
    assert found[-1] == pytest.approx(np.mean([1 / 40, 4 / 10, 3 / 4]))


def test_the_ceiling_leaves_out_what_never_passes(rng: np.random.Generator) -> None:
    found = ceiling([10, 4, 0], [9, 2, 0], rng=rng)
    assert found.value == pytest.approx(0.7)
    assert found.interval[0] <= 0.7 <= found.interval[1]
    with pytest.raises(FitError, match="No sample passes"):
        ceiling([0, 0], [0, 0], rng=rng)
    with pytest.raises(TableError, match="11 right of 10"):
        ceiling([10], [11], rng=rng)
    with pytest.raises(TableError, match="1 right of 0"):
        ceiling([10, 4, 0], [9, 2, 1], rng=rng)
    with pytest.raises(TableError, match="do not fit"):
        ceiling([5, 3, 2], [2], rng=rng)


def test_the_model_of_types_against_simulation(rng: np.random.Generator) -> None:
    model = Types((0.8, 0.1), (0.6, 0.4), soundness=0.7, completeness=0.9)
    kinds = rng.random(200_000) < 0.6
    rates = np.where(kinds, 0.8, 0.1)
    total = np.zeros(len(rates))
    open_ = np.ones(len(rates), bool)
    for _ in range(4):
        right = rng.random(len(rates)) < rates
        accepted = rng.random(len(rates)) < np.where(right, 0.9, 0.3)
        total += np.where(open_ & accepted, np.where(right, 1.0, -1.5), 0.0)
        open_ &= ~accepted
    error = float(total.std()) / np.sqrt(len(total))
    assert float(model.value(4, wrong=-1.5)) == pytest.approx(float(total.mean()), abs=4 * error)
    np.testing.assert_allclose(model.value([1, 2], wrong=-1.5).shape, (2,))


def test_a_type_that_is_never_accepted_adds_nothing() -> None:
    sure = Types((1.0, 0.0), (0.5, 0.5), soundness=1.0)
    assert float(sure.value(1000, wrong=-1.0)) == pytest.approx(0.5)
    assert sure.best(wrong=-1.0) == (1, 0.5)
    assert Types((0.1,), (1.0,), soundness=0.0).best(wrong=-1.0) == (0, 0.0)


def test_types_from_counts() -> None:
    n = np.full(4, 100)
    b, g = np.array([92, 88, 32, 28]), np.array([90, 86, 12, 8])
    found = types_of(n, b, g)
    assert found.rates == pytest.approx((0.88, 0.10))
    assert found.shares == (0.5, 0.5)
    base, plus, given = 0.6, 0.49, np.mean(g / b)
    assert found.soundness == pytest.approx((1 - base - plus + given * base) / (1 - plus))
    with pytest.raises(FitError, match="of one type"):
        types_of([10, 10], [9, 8], [9, 8])


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(TableError, match="3 right of 2 that pass"):
        utility([10], [2], [3], [1], price=1.0)
    with pytest.raises(TableError, match="K of 11 to 11"):
        utility([10], [2], [1], [11], price=1.0)
    for price in (-1.0, np.inf, np.nan):
        with pytest.raises(FitError, match="rewards wrong answers or is no number"):
            utility([10], [2], [1], [1], price=price)
    with pytest.raises(TableError, match="do not fit"):
        utility([10, 10], [2, 2], [1], [1], price=1.0)
    with pytest.raises(FitError, match="sum to 0"):
        Types((0.5, 0.2), (0.5, 0.4), soundness=0.5)
    with pytest.raises(FitError, match="between 0 and 1"):
        Types((1.5,), (1.0,), soundness=0.5)


def test_where_nothing_is_gained_none_is_best(rng: np.random.Generator) -> None:
    found = best_number([10, 10], [0, 0], [0, 0], price=1.0, rng=rng)
    assert (found.samples, found.utility, found.band) == (0, 0.0, (0, 0))
    # Half of those that pass are right, and a wrong one costs what a right one gains.
    assert best_number([10, 10], [4, 6], [2, 3], price=1.0, rng=rng).samples == 0
    assert Types((0.0,), (1.0,), 1.0).best(wrong=-1) == (0, 0.0)
    # However small the unit of the values is.
    model = Types((0.87, 0.13), (0.58, 0.42), soundness=0.75)
    assert model.best(wrong=-0.7e-15, right=1e-15)[0] == model.best(wrong=-0.7)[0] == 3


def test_the_curve_of_the_best_number_is_the_utility(rng: np.random.Generator) -> None:
    n = rng.integers(30, 60, 20)
    b = rng.binomial(n, 0.3)
    g = rng.binomial(b, 0.6)
    found = best_number(n, b, g, price=0.5, rng=rng)
    assert found.curve == pytest.approx(utility(n, b, g, found.ks, price=0.5).mean(axis=0), abs=1e-14)


def test_questions_that_have_no_answer(rng: np.random.Generator) -> None:
    with pytest.raises(FitError, match="level 2"):
        best_number([10, 10], [4, 4], [2, 2], price=1.0, rng=rng, level=2)
    with pytest.raises(FitError, match="0 draws"):
        best_number([10, 10], [4, 4], [2, 2], price=1.0, rng=rng, draws=0)
    model = Types((0.5,), (1.0,), soundness=0.5)
    with pytest.raises(FitError, match="Of 0 numbers"):
        model.best(wrong=-1.0, most=0)
    for samples in (-3, np.nan, [1, -1]):
        with pytest.raises(FitError, match="0 or more"):
            model.value(samples, wrong=-1.0)
    with pytest.raises(FitError, match="values numbers"):
        model.value(1, wrong=-np.inf)
    assert float(model.value(0, wrong=-1.0)) == 0.0
