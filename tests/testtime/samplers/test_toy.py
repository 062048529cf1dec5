"""The toy models are what they list."""

import math
from collections import Counter

import pytest

from isoflop.errors import InputError
from isoflop.testtime.samplers.protocol import complete
from isoflop.testtime.samplers.toy import ToyModel, distance, stepwise, tilted

TOY = ToyModel({"a": 0.6, "b": 0.3, ".": 0.1}, {"a": {"b": 0.7, ".": 0.3}, "b": {"a": 0.2, "b": 0.3, ".": 0.5}})


def test_the_list_is_a_distribution_of_finished_texts():
    texts = TOY.texts()
    assert math.fsum(texts.values()) == pytest.approx(1, abs=1e-12)
    assert all(TOY.finished(text) for text in texts)
    assert not any(TOY.finished(text[:i]) for text in texts for i in range(len(text)))


def test_draws_follow_the_list(rng):
    short = ToyModel(TOY.first, TOY.after, longest=4)
    texts, count = short.texts(), 4000
    drawn = Counter(complete(short, (), rng=rng) for _ in range(count))
    assert set(drawn) <= set(texts)
    chi = sum((drawn[t] - count * p) ** 2 / (count * p) for t, p in texts.items())
    freedom = len(texts) - 1
    assert chi < freedom + 4 * math.sqrt(2 * freedom)


def test_no_tilt_at_constant_reward():
    texts = TOY.texts()
    assert tilted(texts, lambda text: 3.0, 0.5) == pytest.approx(texts)
    assert stepwise(texts, lambda text: 1.0)[0] == pytest.approx(texts)


def test_large_rewards_do_not_overflow():
    target = tilted({("a",): 0.5, ("b",): 0.5}, lambda text: 1e6 * (text == ("a",)), 1.0)
    assert target == {("a",): 1.0, ("b",): 0.0}


def test_distance_counts_what_the_target_lacks():
    assert distance({("x",): 5}, {("a",): 1.0}) == 1.0
    assert distance({("a",): 2, ("b",): 2}, {("a",): 0.5, ("b",): 0.5}) == 0.0


@pytest.mark.parametrize(
    ("first", "after"),
    [({"a": 0.5}, {"a": {".": 1.0}}), ({"a": 1.5, ".": -0.5}, {"a": {".": 1.0}}), ({".": math.nan}, {}), ({}, {})],
)
def test_rows_add_to_one(first, after):
    with pytest.raises(InputError, match=r"Make it add to 1"):
        ToyModel(first, after)


def test_every_step_has_a_row():
    with pytest.raises(InputError, match="no row in after"):
        ToyModel({"a": 1.0}, {})


def test_texts_have_a_length():
    with pytest.raises(InputError, match="at least 1"):
        ToyModel({".": 1.0}, {}, longest=0)


def test_nothing_to_aim_at():
    with pytest.raises(InputError, match="weight 0"):
        stepwise({("a",): 1.0}, lambda text: 0.0)
