"""The evolutionary search: budget kept, separable optimum, and a non-monotone objective where greedy fails."""

import itertools

import numpy as np
import pytest

from isoflop.errors import InputError
from isoflop.plan.evolution import Levels, Stage, Units, evolve, greedy

QUICK = (Stage(4, 1), Stage(1, 1))


def cheapest(units: Units, budget: float, value: object) -> float:
    """The least objective over all settings that cost as much as the budget allows."""
    every = (np.array(s) for s in itertools.product(range(units.cost.shape[1]), repeat=units.count))
    return min(value(s, 1, None) for s in every if units.total(s) <= budget)


def test_separable_optimum_is_found() -> None:
    """Sensitivities times errors that halve per bit: the optimum by trying all 5^6 settings."""
    units = Units.of(6, [2.0, 3.0, 4.0, 5.0, 6.0])
    weight = np.array([32.0, 1.0, 8.0, 1.0, 2.0, 16.0])

    def error(levels: Levels, samples: int, rng: object) -> float:
        return float((weight * 4.0**-levels).sum())

    found = evolve(units, 24.0, error, rng=np.random.default_rng(0), generations=40, offspring=16, stages=QUICK)
    assert found.cost == 24.0
    assert found.fitness == pytest.approx(cheapest(units, 24.0, error))
    # Falling returns: here the shortcut is right as well.
    assert greedy(units, 24.0, error, rng=np.random.default_rng(0)).fitness == pytest.approx(found.fitness)


def paired(levels: Levels, samples: int, rng: object) -> float:
    """Two pairs of units that only help together; single steps in them hurt, so error is not monotone."""
    joint = 10.0 * (2 - sum(bool(levels[i] >= 1 and levels[i + 1] >= 1) for i in (0, 2)))
    alone = sum(bool((levels[i] >= 1) != (levels[i + 1] >= 1)) for i in (0, 2))
    return float(joint + 3.0 * alone + (1.0 - 0.3 * levels[4:]).sum())


def test_non_monotone_objective_beats_greedy() -> None:
    """Greedy spends the budget on the units that help alone; the search finds the pairs."""
    units = Units.of(8, [0.0, 1.0])
    found = evolve(units, 4.0, paired, rng=np.random.default_rng(1), generations=30, offspring=16, stages=QUICK)
    best = cheapest(units, 4.0, paired)
    assert found.fitness == pytest.approx(best)
    assert found.levels.tolist() == [1, 1, 1, 1, 0, 0, 0, 0]
    shortcut = greedy(units, 4.0, paired, rng=np.random.default_rng(1))
    assert shortcut.levels.tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    assert shortcut.fitness > best + 10


def test_every_exchange_keeps_the_cost_of_its_group() -> None:
    """Attention and feed-forward units differ in size: levels move inside a group only."""
    cost = np.array([[2.0, 3.0, 4.0]] * 4 + [[6.0, 9.0, 12.0]] * 4)
    units = Units.of(8, cost)
    seen: set[float] = set()
    groups: set[tuple[int, int]] = set()

    def watched(levels: Levels, samples: int, rng: object) -> float:
        seen.add(units.total(levels))
        groups.add((int(levels[:4].sum()), int(levels[4:].sum())))
        return float((levels * np.arange(8)).sum())

    found = evolve(units, 48.0, watched, rng=np.random.default_rng(2), generations=10, offspring=8, stages=QUICK)
    assert seen == {48.0}
    assert groups == {(4, 4)}
    assert found.levels.tolist() == [2, 2, 0, 0, 2, 2, 0, 0]


def test_a_budget_between_uniform_levels() -> None:
    """The start is lowered at random until the budget holds."""
    units = Units.of(5, [2.0, 3.0, 4.0])
    found = evolve(
        units, 12.9, lambda s, n, r: float(s @ np.arange(5)), rng=np.random.default_rng(0), generations=20, stages=QUICK
    )
    assert found.cost == 12.0
    assert found.levels.tolist() == [2, 0, 0, 0, 0]


def test_mutations_come_in_the_papers_shares() -> None:
    """min of two uniform draws from 1 to 3: 5/9, 3/9, 1/9; switches of 40 units hardly undo each other."""
    from isoflop.plan.evolution import _offspring

    units, parent = Units.of(400, [0.0, 1.0, 2.0]), np.ones(400, dtype=np.intp)
    made = _offspring(units, parent, 3000, np.random.default_rng(0))
    switches = np.array([np.abs(child - parent).sum() / 2 for child in made])
    shares = [float(np.mean(switches == k)) for k in (1, 2, 3)]
    assert shares == pytest.approx([5 / 9, 3 / 9, 1 / 9], abs=0.03)


def test_noise_is_met_by_more_samples() -> None:
    """Selection in stages finds the optimum of a noisy objective whose noise falls with samples."""
    target = np.array([2, 0, 1, 1, 2, 0, 1, 1])
    units = Units.of(8, [2.0, 3.0, 4.0])

    def noisy(levels: Levels, samples: int, rng: np.random.Generator) -> float:
        return float(((levels - target) ** 2).sum() + rng.normal(0, 4 / np.sqrt(samples), 8) @ levels)

    stages = (Stage(8, 4), Stage(3, 64), Stage(1, 1024))
    found = evolve(units, 24.0, noisy, rng=np.random.default_rng(3), generations=40, offspring=24, stages=stages)
    assert found.levels.tolist() == target.tolist()
    per_generation = 24 * 4 + 8 * 64 + 4 * 1024
    assert found.samples == 40 * per_generation
    assert found.evaluations == 40 * (24 + 8 + 4)


def test_a_setting_without_a_value_is_never_kept() -> None:
    """NaN counts as the worst."""
    units = Units.of(4, [0.0, 1.0])
    found = evolve(
        units, 2.0, lambda s, n, r: float("nan") if s[0] else float(s[1]), rng=np.random.default_rng(0),
        generations=10, offspring=5, stages=QUICK,
    )  # fmt: skip
    assert found.levels.tolist() == [0, 0, 1, 1]


def test_the_same_seed_gives_the_same_search() -> None:
    """Everything random comes from rng."""
    units = Units.of(8, [0.0, 1.0])
    runs = [
        evolve(units, 4.0, paired, rng=np.random.default_rng(5), generations=5, offspring=6, stages=QUICK)
        for _ in range(2)
    ]
    assert runs[0].history == runs[1].history
    assert runs[0].levels.tolist() == runs[1].levels.tolist()


@pytest.mark.parametrize(
    ("make", "part"),
    [
        (lambda: Units.of(3, [2.0, 2.0]), "rise"),
        (lambda: Units.of(3, [1.0, 2.0], [0, 1]), "one group per unit"),
        (lambda: Units.of(2, [[1.0, 2.0], [1.0, 3.0]], [0, 0]), "groups of their own"),
        (lambda: evolve(Units.of(2, [1.0, 2.0]), 1.0, paired, rng=np.random.default_rng(0)), "more than the budget"),
        (
            lambda: evolve(Units.of(2, [1.0, 2.0]), 3.0, paired, rng=np.random.default_rng(0), stages=(Stage(2, 1),)),
            "one survivor",
        ),
    ],
)
def test_what_cannot_be_searched_is_refused(make: object, part: str) -> None:
    """Each message says what to do."""
    with pytest.raises(InputError, match=part):
        make()


def test_all_settings_of_a_stage_meet_the_same_samples() -> None:
    """A fresh minibatch a stage, one for all of its settings."""
    drawn: list[int] = []

    def watched(levels: Levels, samples: int, rng: np.random.Generator) -> float:
        drawn.append(int(rng.integers(2**40)))
        return float(levels[0])

    stages = (Stage(2, 1), Stage(1, 2))
    evolve(
        Units.of(8, [0.0, 1.0, 2.0]),
        8.0,
        watched,
        rng=np.random.default_rng(0),
        generations=2,
        offspring=5,
        stages=stages,
    )
    assert [len(set(drawn[k : k + n])) for k, n in ((0, 5), (5, 3), (8, 5), (13, 3))] == [1, 1, 1, 1]
    assert len(set(drawn)) == 4
