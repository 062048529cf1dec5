"""Evolutionary search for levels per unit (bits, sparsity, drops) under a total budget, for any objective."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import InputError

Array = NDArray[Any]
Levels = NDArray[np.intp]
Fitness = Callable[[Levels, int, np.random.Generator], float]
"""(levels, samples, rng) → what is minimised, measured on so many samples drawn with rng; all settings of a stage get
the same rng, so the same samples."""

TRIES: Final = 50
"""So many mutants in a row that have been seen: there are hardly others."""


@dataclass(frozen=True)
class Stage:
    """One step of selection.

    Args:
        survivors: how many stay.
        samples: how many samples the objective is measured on.
    """

    survivors: int
    samples: int


@dataclass(frozen=True)
class Units:
    """What is to be set: units with levels from cheap to dear, and what each level costs.

    Args:
        cost: cost of every level, rising; shape (levels,) for all units, or (units, levels).
        groups: group of every unit; only units of one group exchange levels, so that every exchange
            keeps the cost. One group when empty, where all costs are equal.
    """

    cost: Array
    groups: tuple[int, ...] = ()

    @classmethod
    def of(cls, count: int, cost: ArrayLike, groups: Sequence[int] | None = None) -> "Units":
        """Units with checked costs.

        Args:
            count: number of units.
            cost: cost of the levels, shape (levels,) or (count, levels).
            groups: group of every unit; units with the same costs when None.

        Returns:
            The units.

        Raises:
            InputError: costs do not rise, or a group holds units with different costs.
        """
        table = np.broadcast_to(np.asarray(cost, dtype=float), (count, np.shape(cost)[-1]))
        if count < 1 or table.shape[1] < 2 or not np.all(np.diff(table, axis=1) > 0):
            raise InputError("Levels need costs that rise, at least two of them. Give them from cheap to dear.")
        if groups is None:
            _, places = np.unique(table, axis=0, return_inverse=True)
            groups = np.ravel(places).tolist()
        if len(groups) != count:
            raise InputError(f"There are {count} units and {len(groups)} groups. Give one group per unit.")
        for group in set(groups):
            own = table[np.array(groups) == group]
            steps = np.diff(own, axis=1)
            if not np.allclose(steps, steps[0, 0]):
                raise InputError(
                    f"The units of group {group} have levels of different steps in cost, so exchanging levels would "
                    "not keep the budget. Put them into groups of their own, with even steps."
                )
        return cls(table, tuple(int(g) for g in groups))

    @property
    def count(self) -> int:
        """Number of units."""
        return len(self.cost)

    def total(self, levels: Levels) -> float:
        """Cost of a setting."""
        return float(self.cost[np.arange(self.count), levels].sum())


@dataclass(frozen=True)
class Evolved:
    """What the search found.

    Args:
        levels: best setting, shape (units,).
        fitness: its objective on the samples of the last stage.
        cost: its cost.
        history: best objective after every generation.
        evaluations: how often the objective was measured.
        samples: how many samples that took.
    """

    levels: Levels
    fitness: float
    cost: float
    history: tuple[float, ...]
    evaluations: int
    samples: int


def evolve(
    units: Units,
    budget: float,
    fitness: Fitness,
    *,
    rng: np.random.Generator,
    generations: int = 150,
    offspring: int = 128,
    stages: Sequence[Stage] = (Stage(16, 2048), Stage(4, 16384), Stage(1, 131072)),
    initial: int = 16,
) -> Evolved:
    """Search levels at a fixed cost by mutation and selection in stages.

    Every generation copies the parent, and 1 to 3 times (probabilities 5/9, 3/9, 1/9) lowers one random
    unit and raises another of its group, so that the cost stays as it is; offspring are measured on
    few samples, the survivors on more, and in the last stage the parent competes.

    Reference: Sieberling et al. 2025 (EvoPress), arXiv:2410.14649, algorithm 1.

    Args:
        units: units, levels and costs.
        budget: largest total cost.
        fitness: objective; need be neither separable nor monotone.
        rng: of everything random.
        generations: how many.
        offspring: how many a generation.
        stages: survivors and samples, from few to many samples; the last keeps one.
        initial: starts that are drawn where the budget lies between two uniform settings.

    Returns:
        The best setting.

    Raises:
        InputError: the budget holds no setting, or the stages do not end with one survivor.

    >>> target = np.array([0, 2, 1, 1])
    >>> units = Units.of(4, [2.0, 3.0, 4.0])
    >>> apart = lambda levels, samples, rng: float(np.abs(levels - target).sum())
    >>> found = evolve(units, 12.0, apart, rng=np.random.default_rng(0), generations=20, offspring=8)
    >>> found.levels.tolist(), found.cost
    ([0, 2, 1, 1], 12.0)
    """
    if not stages or stages[-1].survivors != 1:
        raise InputError("The last stage of selection must keep one survivor. End the stages with Stage(1, samples).")
    counter = _Counter(fitness, rng)
    parent = _start(units, budget, counter, (initial, stages[0].samples))
    history = []
    score = np.inf
    for _ in range(generations):
        pool = _offspring(units, parent, offspring, rng)
        for place, stage in enumerate(stages):
            if place == len(stages) - 1:
                pool.append(parent)
            scores = counter.measure(pool, stage.samples)
            order = np.argsort(scores, kind="stable")[: stage.survivors]
            pool, score = [pool[k] for k in order], scores[int(order[0])]
        parent = pool[0]
        history.append(score)
    return Evolved(parent, score, units.total(parent), tuple(history), counter.evaluations, counter.samples)


class _Counter:
    """Measures the objective and counts what it takes."""

    def __init__(self, fitness: Fitness, rng: np.random.Generator) -> None:
        self._fitness = fitness
        self._rng = rng
        self.evaluations = 0
        self.samples = 0

    def measure(self, pool: Sequence[Levels], samples: int) -> list[float]:
        """The objective of some settings, all on the same fresh samples; one without a value is the worst."""
        self.evaluations += len(pool)
        self.samples += samples * len(pool)
        seed = int(self._rng.integers(2**63))
        found = [float(self._fitness(one.copy(), samples, np.random.default_rng(seed))) for one in pool]
        return [value if np.isfinite(value) else np.inf for value in found]


def _start(units: Units, budget: float, counter: _Counter, many: tuple[int, int]) -> Levels:
    """The best of some settings that come down from the lowest uniform level above the budget."""
    high = units.cost.shape[1] - 1
    uniform = [np.full(units.count, level) for level in range(high + 1)]
    if units.total(uniform[0]) > budget * (1 + 1e-12):
        raise InputError(
            f"The cheapest setting costs {units.total(uniform[0]):g}, more than the budget of {budget:g}. Raise it."
        )
    above = next((levels for levels in uniform if units.total(levels) >= budget * (1 - 1e-12)), uniform[-1])
    if units.total(above) <= budget * (1 + 1e-12):
        return above
    made = [_lowered(units, above, budget, counter._rng) for _ in range(many[0])]
    return made[int(np.argmin(counter.measure(made, many[1])))]


def _lowered(units: Units, levels: Levels, budget: float, rng: np.random.Generator) -> Levels:
    """Lower random units until the budget holds."""
    found = levels.copy()
    while units.total(found) > budget * (1 + 1e-12):
        found[rng.choice(np.flatnonzero(found > 0))] -= 1
    return found


def _offspring(units: Units, parent: Levels, count: int, rng: np.random.Generator) -> list[Levels]:
    """Different mutants of a parent; fewer where there are not as many."""
    seen = {parent.tobytes()}
    found: list[Levels] = []
    missed = 0
    while len(found) < count and missed < TRIES:
        child = parent.copy()
        for _ in range(min(rng.integers(1, 4), rng.integers(1, 4))):
            _switch(units, child, rng)
        missed += 1
        if child.tobytes() not in seen:
            seen.add(child.tobytes())
            found.append(child)
            missed = 0
    return found


def _switch(units: Units, levels: Levels, rng: np.random.Generator) -> None:
    """Lower one random unit by a step and raise another of its group by a step, in place."""
    groups, top = np.array(units.groups), units.cost.shape[1] - 1
    own = np.flatnonzero(groups == groups[rng.integers(units.count)])
    lower, higher = own[levels[own] > 0], own[levels[own] < top]
    if not lower.size or not higher.size:
        return
    down, up = rng.choice(lower), rng.choice(higher)
    levels[down] -= 1
    levels[up] += 1


def greedy(units: Units, budget: float, fitness: Fitness, *, rng: np.random.Generator, samples: int = 1) -> Evolved:
    """Raise, one at a time, the unit whose step lowers the objective most per cost: the usual shortcut.

    Args:
        units: units, levels and costs.
        budget: largest total cost.
        fitness: objective.
        rng: passed to the objective.
        samples: of every measurement.

    Returns:
        Where no further step fits the budget; good for separable objectives with falling returns only.

    >>> units = Units.of(2, [1.0, 2.0, 3.0])
    >>> apart = lambda levels, samples, rng: float(4 * 2.0 ** -levels[0] + 2.0 ** -levels[1])
    >>> greedy(units, 4.0, apart, rng=np.random.default_rng(0)).levels.tolist()
    [2, 0]
    """
    counter = _Counter(fitness, rng)
    levels = np.zeros(units.count, dtype=np.intp)
    score, history = counter.measure([levels], samples)[0], []
    while True:
        best: tuple[float, float, int] | None = None
        for unit in np.flatnonzero(levels < units.cost.shape[1] - 1):
            trial = levels.copy()
            trial[unit] += 1
            if units.total(trial) > budget * (1 + 1e-12):
                continue
            found = counter.measure([trial], samples)[0]
            rate = (found - score) / (units.total(trial) - units.total(levels))
            if best is None or rate < best[0]:
                best = (rate, found, int(unit))
        if best is None:
            break
        levels[best[2]] += 1
        score = best[1]
        history.append(score)
    return Evolved(levels, score, units.total(levels), tuple(history), counter.evaluations, counter.samples)
