"""Strategies chosen per difficulty on one half and judged on the other."""

import numpy as np
import pytest

from isoflop.errors import InputError, TableError
from isoflop.testtime.samplers.compute_optimal import compute_optimal

BUDGETS = np.array([4.0, 16, 64, 256])


def world(rng, problems=300):
    """Return true accuracies of two strategies: sequential is better where it is easy, parallel where it is hard."""
    ease = rng.random(problems)
    grown = np.log2(BUDGETS)[:, None] / 10
    parallel = np.clip(0.2 + 0.4 * ease + grown * (1 - ease), 0, 1)
    sequential = np.clip(0.2 + 0.3 * ease + grown * ease, 0, 1)
    return np.stack([parallel, sequential]), ease


def test_choosing_by_difficulty_beats_one_strategy(rng):
    table, ease = world(rng)
    found = compute_optimal(table, ease, BUDGETS, ["parallel", "sequential"], rng=rng)
    assert (found.gain.interval[0][1:] > 0).all()
    assert found.gain.value == pytest.approx(found.accuracy.value - found.uniform.value, abs=1e-12)
    # The hardest bin takes the parallel way, the easiest the other, at the largest budget.
    assert found.choices[0, :, 4, 3].tolist() == [0, 0]
    assert found.choices[0, :, 0, 3].tolist() == [1, 1]


def test_judging_on_other_problems_is_not_too_good():
    """Strategies that differ by noise alone: the held-out accuracy is their mean, the one in the sample above it."""
    rng, held, same = np.random.default_rng(2), [], []
    for _ in range(150):
        table = (rng.random((6, 1, 60)) < 0.4).astype(float)
        found = compute_optimal(table, rng.random(60), [8], list("abcdef"), rng=rng, draws=2)
        held.append(found.accuracy.value[0])
        same.append(found.in_sample[0])
    assert abs(np.mean(held) - 0.4) < 4 * np.std(held) / np.sqrt(150)
    assert np.mean(same) > 0.5


def test_every_problem_is_judged_by_the_other_half(rng):
    """Two problems a bin: each is judged by the strategy that is best on the other."""
    table = np.array([[[1.0, 0.0, 0.5, 0.5]], [[0.0, 1.0, 0.0, 0.0]]])
    found = compute_optimal(table, [0.9, 0.8, 0.2, 0.1], [8], ["a", "b"], rng=rng, bins=2)
    assert found.accuracy.value == pytest.approx([(0 + 0 + 0.5 + 0.5) / 4])
    assert found.in_sample == pytest.approx([(1 + 0 + 0.5 + 0.5) / 4])


def test_one_bin_is_one_strategy(rng):
    table, ease = world(rng)
    found = compute_optimal(table, ease, BUDGETS, ["p", "s"], rng=rng, bins=1, splits=3)
    assert found.accuracy.value == pytest.approx(found.uniform.value, abs=1e-12)
    assert found.choices.shape == (3, 2, 1, 4)


def test_splits_average(rng):
    table = (rng.random((3, 2, 40)) < 0.5).astype(float)
    ease = rng.random(40)
    found = [
        compute_optimal(table, ease, [1, 2], list("abc"), rng=np.random.default_rng(s), splits=40).accuracy.value
        for s in (1, 2)
    ]
    once = [
        compute_optimal(table, ease, [1, 2], list("abc"), rng=np.random.default_rng(s)).accuracy.value
        for s in range(20)
    ]
    assert np.abs(found[0] - found[1]).max() < 4 * np.std(once, axis=0).max() / np.sqrt(20)


def test_a_strategy_may_lack_a_budget(rng):
    table, ease = world(rng)
    table[1, 0] = np.nan
    found = compute_optimal(table, ease, BUDGETS, ["p", "s"], rng=rng)
    assert (found.choices[..., 0] == 0).all()
    assert np.isnan(found.alone[1, 0])
    assert np.isfinite(found.accuracy.value).all()


def test_savings_are_read_off_the_rising_curve(rng):
    table, ease = world(rng)
    found = compute_optimal(table, ease, BUDGETS, ["p", "s"], rng=rng)
    assert found.saving(found.accuracy.value) == pytest.approx(np.ones(4))
    low, high = found.accuracy.value[1:3]
    # Half of the way between 16 and 64 in accuracy is budget 32.
    assert found.saving([low, low, (low + high) / 2, high + 0.0])[2] == pytest.approx(2)
    assert found.saving([0.0, 0, 0, 0]).tolist() == [np.inf] * 4
    assert np.isnan(found.saving([1.1] * 4)).all()


def test_same_generator_same_choice(rng):
    table, ease = world(rng, 40)
    first, again = (compute_optimal(table, ease, BUDGETS, ["p", "s"], rng=np.random.default_rng(1)) for _ in range(2))
    assert (first.choices == again.choices).all()
    assert first.accuracy.interval[0].tolist() == again.accuracy.interval[0].tolist()


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"budgets": [4, 16, 64]}, "Reorder"),
        ({"budgets": [4, 64, 16, 256]}, "must be above 0 and rise"),
        ({"budgets": [0, 16, 64, 256]}, "must be above 0 and rise"),
        ({"strategies": ["a"]}, "Reorder"),
        ({"bins": 20}, "two problems or more"),
        ({"splits": 0}, "two problems or more"),
    ],
)
def test_shapes_that_disagree(change, word, rng):
    table, ease = world(rng, 30)
    given = {"budgets": BUDGETS, "strategies": ["a", "b"], **change}
    with pytest.raises(InputError, match=word):
        compute_optimal(table, ease, given.pop("budgets"), given.pop("strategies"), rng=rng, **given)


def test_missing_results_are_named(rng):
    table, ease = world(rng, 30)
    table[1, 2, 5] = np.nan
    with pytest.raises(InputError, match="'b' at budget 64 lacks 1 of 30"):
        compute_optimal(table, ease, BUDGETS, ["a", "b"], rng=rng)
    table[:, 2] = np.nan
    with pytest.raises(InputError, match="no strategy has results"):
        compute_optimal(table, ease, BUDGETS, ["a", "b"], rng=rng)
    table, ease = world(rng, 30)
    ease[3] = np.nan
    with pytest.raises(TableError, match="1 problems have no value"):
        compute_optimal(table, ease, BUDGETS, ["a", "b"], rng=rng)
