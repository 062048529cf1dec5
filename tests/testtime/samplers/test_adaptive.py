"""Thresholds of difficulty: the sweep against loops, its gain over random thinking, and the solver."""

import numpy as np
import pytest

from isoflop.errors import FitError, InputError
from isoflop.testtime.samplers.adaptive import solve_by_difficulty, sweep_thresholds


def table(rng, items=200):
    """Return difficulty and both ways; thinking helps where it is hard."""
    d = rng.random(items)
    quick = (rng.random(items) < 1 - 0.8 * d).astype(float), rng.integers(50, 150, items).astype(float)
    think = (rng.random(items) < 0.95).astype(float), rng.integers(800, 3000, items).astype(float)
    return d, quick, think


def test_the_sweep_is_its_rule(rng):
    d, quick, think = table(rng, 30)
    found = sweep_thresholds(d, quick, think, rng=rng, draws=50)
    assert len(found.thresholds) == 31
    for place, tau in enumerate(found.thresholds):
        slow = d > tau
        assert found.thinking[place] == pytest.approx(slow.mean())
        assert found.accuracy.value[place] == pytest.approx(np.where(slow, think[0], quick[0]).mean())
        assert found.tokens.value[place] == pytest.approx(np.where(slow, think[1], quick[1]).mean())


def test_difficulty_that_knows_something_gains(rng):
    d, quick, think = table(rng)
    found = sweep_thresholds(d, quick, think, rng=rng, thresholds=[-np.inf, 0.5, 2.0])
    assert found.gain.interval[0][1] > 0
    assert found.gain.value[[0, 2]] == pytest.approx([0, 0], abs=1e-12)


def test_random_thinking_gains_nothing_on_average():
    """The gain of a difficulty that knows nothing is 0 on average, whatever it spends."""
    rng, found = np.random.default_rng(4), []
    d, quick, think = table(rng, 400)
    flat = (quick[0], np.full(400, 100.0)), (think[0], np.full(400, 1000.0))
    for _ in range(300):
        found.append(sweep_thresholds(rng.permutation(d), *flat, rng=rng, thresholds=[0.3, 0.7], draws=2).gain.value)
    mean, error = np.mean(found, axis=0), np.std(found, axis=0) / np.sqrt(300)
    assert (np.abs(mean) < 4 * error).all()


def test_efficient_points_rise(rng):
    found = sweep_thresholds(*table(rng), rng=rng)
    assert len(found.thresholds) == 101
    order = np.argsort(found.tokens.value[found.efficient])
    assert (np.diff(found.accuracy.value[found.efficient][order]) > 0).all()
    for place in np.flatnonzero(~found.efficient):
        cheaper = found.tokens.value <= found.tokens.value[place]
        assert found.accuracy.value[cheaper & found.efficient].max() >= found.accuracy.value[place]


def test_the_threshold_within_a_budget(rng):
    found = sweep_thresholds(*table(rng), rng=rng)
    tau = found.within(900)
    place = np.flatnonzero(found.thresholds == tau)[0]
    allowed = found.tokens.value <= 900
    assert found.tokens.value[place] <= 900
    assert found.accuracy.value[place] == found.accuracy.value[allowed].max()
    assert found.within(1) is None
    assert found.within(1e9) is not None


def test_ties_in_difficulty_go_together():
    d = [0.5, 0.5, 0.5, 0.9]
    found = sweep_thresholds(d, ([0] * 4, [1] * 4), ([1] * 4, [9] * 4), rng=np.random.default_rng(0), draws=10)
    assert found.thresholds.tolist() == [-np.inf, 0.5, 0.9]
    assert found.thinking.tolist() == [1.0, 0.25, 0.0]


def test_ways_of_one_cost_have_no_gain_to_speak_of():
    found = sweep_thresholds([0, 1], ([0, 1], [5, 5]), ([1, 1], [5, 5]), rng=np.random.default_rng(0), draws=10)
    assert np.isnan(found.gain.value).all()
    assert np.isnan(found.gain.interval).all()


def test_infinite_difficulty_is_always_thought_about():
    found = sweep_thresholds([np.inf, 0.1], ([0, 1], [1, 1]), ([1, 1], [9, 9]), rng=np.random.default_rng(0), draws=10)
    assert found.thresholds.tolist() == [-np.inf, 0.1]
    assert found.thinking.tolist() == [1.0, 0.5]


@pytest.mark.parametrize(
    ("difficulty", "marks", "word"),
    [
        ([0.1], [1], "two or more"),
        ([], [], "two or more"),
        ([0.1, 0.2], [1], "one length"),
        ([0.1, np.nan], [1, 0], "missing"),
        ([0.1, 0.2], [1, np.nan], "missing"),
    ],
)
def test_tables_that_cannot_be_swept(difficulty, marks, word, rng):
    way = (marks, np.ones(len(marks)))
    with pytest.raises(InputError, match=word):
        sweep_thresholds(difficulty, way, way, rng=rng)


def test_thresholds_and_levels(rng):
    way = ([1, 0], [1, 2])
    with pytest.raises(InputError, match="no threshold"):
        sweep_thresholds([0, 1], way, way, rng=rng, thresholds=[])
    with pytest.raises(InputError, match="NaN"):
        sweep_thresholds([0, 1], way, way, rng=rng, thresholds=[np.nan])
    with pytest.raises(InputError, match="0 draws"):
        sweep_thresholds([0, 1], way, way, rng=rng, draws=0)
    with pytest.raises(FitError, match="between 0 and 1"):
        sweep_thresholds([0, 1], way, way, rng=rng, level=1)


def test_solvers_see_the_answers_before():
    def way(name):
        return lambda step, before: ((name, step, before), len(before))

    found = solve_by_difficulty([0.2, 0.5, 0.8], lambda step: step, way("quick"), way("think"))
    assert [answer[0] for answer in found.answers] == ["quick", "quick", "think"]
    assert found.answers[2][2] == found.answers[:2]
    assert found.thought == (False, False, True)
    assert found.tokens == (0, 1, 2)
    assert solve_by_difficulty([], lambda s: s, way("quick"), way("think")).answers == ()


def test_a_difficulty_that_is_no_number():
    with pytest.raises(InputError, match="must be numbers"):
        solve_by_difficulty([1], lambda step: np.nan, lambda s, b: (0, 0), lambda s, b: (0, 0))
