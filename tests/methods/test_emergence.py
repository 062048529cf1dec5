"""Linearity and breakthroughness (reference A9), by hand and against random orders."""

import math

import numpy as np
import pytest

from isoflop.errors import FitError
from isoflop.methods.emergence import permutation_p, suddenness


def test_a_straight_line_is_as_linear_as_it_has_steps() -> None:
    found = suddenness(np.linspace(0, 80, 9))
    assert found.linearity == pytest.approx(8.0)
    assert found.breakthroughness == pytest.approx(8.0)
    assert found.improvement == 80.0


def test_a_late_jump_by_hand() -> None:
    # Steps 1, -1, 1, 29: the median square is 1, the mean square (1 + 1 + 1 + 841)/4 = 211.
    found = suddenness([10, 11, 10, 11, 40])
    assert found.improvement == 30.0
    assert found.breakthroughness == pytest.approx(30.0)
    assert found.linearity == pytest.approx(30 / math.sqrt(211))


def test_a_fall_is_negative_and_a_flat_curve_is_zero() -> None:
    assert suddenness([5, 4, 2]).improvement == -3.0
    assert suddenness([5, 4, 2]).breakthroughness < 0
    flat = suddenness([7, 7, 7])
    assert (flat.improvement, flat.linearity, flat.breakthroughness) == (0.0, 0.0, 0.0)


def test_a_task_at_the_floor_has_no_finite_breakthroughness() -> None:
    assert suddenness([0, 0, 0, 0, 50]).breakthroughness == math.inf


def test_units_do_not_matter() -> None:
    y = np.array([10, 11, 10, 12, 40.0])
    first, second = suddenness(y), suddenness(0.01 * y)
    assert second.linearity == pytest.approx(first.linearity)
    assert second.breakthroughness == pytest.approx(first.breakthroughness)


def test_random_orders_are_no_breakthrough(rng: np.random.Generator) -> None:
    rising = np.sort(rng.normal(0, 1, 10))
    assert permutation_p(rising, rng=rng, draws=200) < 0.05
    noise = [permutation_p(rng.normal(0, 1, 10), rng=rng, draws=100) for _ in range(60)]
    assert 0.35 < float(np.mean(noise)) < 0.65


def test_no_curve() -> None:
    with pytest.raises(FitError, match=r"shape \(1,\) are no curve"):
        suddenness([1.0])
