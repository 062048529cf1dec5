"""Saturation and break-even on curves whose answers are known."""

import numpy as np
import pytest
from tests.testtime.budget_support import two_models

from isoflop.errors import InputError
from isoflop.testtime.budgets.budget import menu
from isoflop.testtime.budgets.compare import break_even, saturation_point
from isoflop.testtime.budgets.routes import Route


def curves(**accuracy):
    """A menu of models without noise: every problem alike, a cost of k (times 10 for `large`)."""
    routes = []
    for name, values in accuracy.items():
        ks = 2 ** np.arange(len(values))
        table = np.tile(np.array(values, dtype=float), (6, 1))
        price = 10.0 if name == "large" else 1.0
        routes.append(Route(name, "pass@k", ks, table, np.tile(price * ks, (6, 1)), "dollars", seen=int(ks[-1])))
    return menu(routes, list("abcdef"), rng=np.random.default_rng(0), draws=50)


def test_saturation_is_the_first_k_near_the_best():
    found = saturation_point(curves(m=[0.2, 0.5, 0.695, 0.7]), 0)
    assert (found.k.value, found.cost.value) == (4.0, 4.0)
    assert found.ceiling.value == pytest.approx(0.7)
    assert found.k.interval == (4.0, 4.0)
    assert found.last_gain.value == pytest.approx(0.005)
    assert not found.rising


def test_a_curve_that_still_rises_says_so():
    found = saturation_point(curves(m=[0.2, 0.4, 0.6, 0.8]), 0)
    assert (found.k.value, found.rising) == (8.0, True)
    assert found.last_gain.value == pytest.approx(0.2)


def test_a_curve_may_fall_again():
    """Best-of-k with a bad verifier: the best is in the middle, and the last doubling loses."""
    found = saturation_point(curves(m=[0.2, 0.6, 0.5, 0.4]), 0)
    assert (found.k.value, found.ceiling.value, found.rising) == (2.0, 0.6, False)
    assert found.last_gain.value == pytest.approx(-0.1)


def test_samples_that_match_a_larger_model():
    """Half way from .4 at 2 to .6 at 4, in the logarithm: 2√2 against 10."""
    found = break_even(curves(small=[0.2, 0.4, 0.6, 0.61], large=[0.5, 0.7, 0.8]), "small", "large")
    assert found.cost.value == pytest.approx(2 * np.sqrt(2))
    assert found.ratio.value == pytest.approx(np.sqrt(2) / 5)
    assert found.reached == 1.0
    # The small model ends at .61, which the large one has between 10 and 20.
    assert found.crossing.value == pytest.approx(10 * 2**0.55, rel=0.02)
    assert found.crosses == 1.0


def test_samples_that_never_match():
    found = break_even(curves(small=[0.2, 0.4], large=[0.5, 0.7]), "small", "large")
    assert found.cost.value == np.inf
    assert found.reached == 0.0
    assert found.crossing.value == pytest.approx(10, rel=0.02)


def test_a_larger_model_that_never_pays():
    found = break_even(curves(small=[0.5, 0.6, 0.7, 0.9, 0.95], large=[0.5, 0.55]), "small", "large")
    assert found.crossing.value == np.inf
    assert found.crosses == 0.0
    assert found.cost.value == 1.0


def test_extra_training_pays_after_so_many_questions():
    """Matching .9 takes 16 instead of 10: 6 saved a question."""
    one = curves(small=[0.1, 0.2, 0.3, 0.5, 0.9], large=[0.9])
    assert break_even(one, "small", "large", extra_training=6e6).questions.value == pytest.approx(1e6)
    other = curves(small=[0.9], large=[0.9])
    assert break_even(other, "small", "large", extra_training=6e6).questions.value == np.inf


def test_pre_training_is_exchanged_for_samples():
    """Four samples match a model three times as large: R = 3 (3 − 1)/(4 − 3); of half the length, two do."""
    found = curves(small=[0.2, 0.4, 0.6], large=[0.6])
    assert break_even(found, "small", "large", size_factor=3.0).inference_share.value == pytest.approx(6.0)
    short = break_even(found, "small", "large", size_factor=3.0, tokens_factor=0.5)
    assert short.inference_share.value == np.inf
    never = break_even(curves(small=[0.2, 0.4], large=[0.6]), "small", "large", size_factor=3.0)
    assert never.inference_share.value == 0.0
    assert break_even(found, "small", "large").inference_share is None


def test_intervals_come_from_the_shared_draws():
    found = break_even(two_models(), "small", "large")
    low, high = found.cost.interval
    assert 0.01 < low < found.cost.value < high
    assert len(found.cost.draws) == 300


def test_what_cannot_be_compared():
    found = curves(small=[0.1, 0.2], large=[0.9])
    with pytest.raises(InputError, match=r"no model .huge.\. Choose among small, large"):
        break_even(found, "small", "huge")
    with pytest.raises(InputError, match="against itself"):
        break_even(found, "small", "small")
    with pytest.raises(InputError, match=r"no option of 7 samples. Choose among \[1\]"):
        break_even(found, "small", "large", k=7)
    with pytest.raises(InputError, match="saturates nowhere"):
        saturation_point(found, 1)
