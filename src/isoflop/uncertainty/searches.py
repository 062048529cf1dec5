"""Searches for the optima of many replicates at once, of which the best ends are kept."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.engine import Progress, map_tasks
from isoflop.fit.evaluate import Evaluator
from isoflop.fit.objective import Objective
from isoflop.fit.problem import ABOVE_FLOOR, Problem
from isoflop.fit.seeds import make_seeds
from isoflop.fit.solve import Solution, minimise

Array = NDArray[Any]
Starts = Callable[[Array, Array], Array]
"""From replicates and their weights to starts, shape (starts, replicates, q)."""

ELEMENTS: Final = 30_000
"""Replicates times rows worked on at once: what stays in the cache."""

QUEUE: Final = 4
"""Blocks in a task: as searches end, others take their place, so that few are made in small batches."""

STEPS: Final = 10
"""Steps in a batch; the few searches that need more go on together."""

DAMPING: Final = 0.1
"""Weight of the re-weighting metric in the first step of a search, which starts close to its end."""

ENOUGH: Final = 1e-9
"""A search ends when a step promises less than this share of its objective; that step is taken, and ends far closer."""

ENDLESS: Final = 1e-10
"""Those end when a step promises less than this share of their objective: some creep along a flat valley."""

ROUGH_STEPS: Final = 4
"""Their first steps, by sums of squares alone: they cost half as much, and most searches are then given up."""

LOOK: Final = 2
"""Steps after which the objective tells who may have an end there: more cost more, one tells less."""

BETTER: Final = 1e-9
"""Share of the objective by which a lower end is another one."""

CLOSE: Final = 1e-3
"""A replicate counts when a Newton step promises less than this share of its objective.

Nearly all end at 1e-13; where the data leave a direction flat, searches creep along it for ever.
"""


HELD: Final = 2_000_000
"""Weights that are kept between searches, so that memory does not grow with the replicates."""


@dataclass(frozen=True)
class Replicates:
    """Resampled runs, drawn block by block when they are needed, and again once there are too many to hold.

    Args:
        count: replicates in all.
        size: replicates in a block.
        draw: block → weights of the runs (and shifts of the priors' means), the same in every call.
        held: blocks that are kept.
    """

    count: int
    size: int
    draw: Callable[[int], Array]
    held: dict[int, Array] = field(default_factory=dict, repr=False, compare=False)

    def weights(self, index: Array) -> Array:
        """Weights of some replicates in rising order, shape (len(index), n)."""
        blocks = index // self.size
        return np.concatenate([self._block(int(b))[index[blocks == b] - b * self.size] for b in np.unique(blocks)])

    def _block(self, number: int) -> Array:
        """Weights of a block: suspects lie scattered over all of them."""
        weights = self.held.get(number)
        if weights is None:
            weights = self.draw(number)
            if (number + 1) * weights.size <= HELD:
                self.held[number] = weights
        return weights


def from_all(starts: Array) -> Starts:
    """The same starts for every replicate."""
    return lambda index, _: np.repeat(starts[:, None], len(index), axis=1)


class Searches:
    """Best ends of all replicates, while they are searched for."""

    def __init__(self, problem: Problem, objective: Objective, replicates: Replicates, workers: int | None) -> None:
        count = replicates.count
        self.problem, self.objective, self.replicates, self.workers = problem, objective, replicates, workers
        # An evaluator owns its work space: each thread takes one that no other uses.
        self.spare: list[Evaluator] = []
        self.u = np.full((count, problem.size), np.nan)
        self.value, self.promise = np.full(count, np.inf), np.full(count, np.inf)
        self.converged = np.zeros(count, dtype=bool)

    def ends(self) -> Array:
        """Ends, NaN where no search came close."""
        return np.where((self.promise < CLOSE)[:, None], self.u, np.nan)

    def _evaluator(self) -> Evaluator:
        """One that no other thread uses; to be put back."""
        return self.spare.pop() if self.spare else Evaluator(self.problem, self.objective)

    def polish(
        self,
        index: Array,
        starts: Starts,
        *,
        patient: bool = False,
        beat: bool = False,
        progress: Progress | None = None,
    ) -> int:
        """Search from some starts and keep what is lower.

        Args:
            index: replicates.
            starts: where they start.
            patient: whether to go on for long where steps promise little.
            beat: whether to give up what will not become lower than the end known.
            progress: called with (replicates done, replicates).

        Returns:
            How many replicates have another, lower end now.
        """
        size = QUEUE * self.replicates.size
        parts = parts_of(index, size)

        def work(part: Array) -> Solution:
            weights = self.replicates.weights(part)
            given = starts(part, weights)
            many = len(given)
            evaluator = self._evaluator()
            begin = given.reshape(-1, self.problem.size)
            repeated = weights if many == 1 else np.tile(weights, (many, 1))
            if beat:
                below = np.tile(self.value[part] * (1 - BETTER), many)
                found = _overtake(evaluator, begin, repeated, below, together=self.replicates.size)
            else:
                steps, tolerance = (10 * STEPS, ENDLESS) if patient else (STEPS, ENOUGH)
                found = minimise(
                    evaluator, begin, repeated,
                    damping=DAMPING, max_steps=steps, tolerance=tolerance, together=self.replicates.size,
                )  # fmt: skip
            self.spare.append(evaluator)
            # A term may vanish with an exponent so large that its scale overflows: that is no end.
            lost = ~self.problem.writable(found.u)
            found.value[lost], found.promise[lost] = np.inf, np.inf
            return _best(found, many)

        before = int(index[0]) if len(index) else 0
        told = None if progress is None else lambda n, _: progress(
            min(before + n * size, self.replicates.count), self.replicates.count
        )  # fmt: skip
        results = map_tasks(work, parts, workers=self.workers, progress=told)
        return sum(self._keep(part, found, beat=beat) for part, found in zip(parts, results, strict=True))

    def _keep(self, index: Array, found: Solution, *, beat: bool) -> int:
        """Keep what is lower, and count what is so by more than rounding."""
        known = self.promise[index] < CLOSE
        close = found.promise < CLOSE
        better = np.where(known, close & (found.value < self.value[index]), close | (found.value < self.value[index]))
        gained = better & known & (found.value < self.value[index] * (1 - BETTER))
        better = gained if beat else better
        place = index[better]
        self.u[place], self.value[place] = found.u[better], found.value[better]
        self.promise[place], self.converged[place] = found.promise[better], found.converged[better]
        return int(gained.sum())

    def approach(self, index: Array, point: Array) -> tuple[Array, Array]:
        """Where a few steps from one point lead some replicates, and their objective there."""

        def work(part: Array) -> Solution:
            evaluator, weights = self._evaluator(), self.replicates.weights(part)
            found = minimise(
                evaluator, np.repeat(point[None], len(part), axis=0), weights,
                damping=DAMPING, max_steps=LOOK, together=self.replicates.size,
            )  # fmt: skip
            self.spare.append(evaluator)
            return found

        found = map_tasks(work, parts_of(index, QUEUE * self.replicates.size), workers=self.workers)
        return np.concatenate([f.u for f in found]), np.concatenate([f.value for f in found])

    def go_on(self) -> None:
        """End the searches that were cut short, together."""
        index = np.flatnonzero(~self.converged & np.isfinite(self.value))
        self.polish(index, lambda part, _: self.u[part][None], patient=True)

    def leave_floors(self) -> None:
        """Search anew a little above least values where searches ended at them: there may be a lower end."""
        at_floor = (np.abs(self.u) < ABOVE_FLOOR) & self.problem.floored
        self.polish(np.flatnonzero(at_floor.any(axis=1)), lambda part, _: self.u[part][None])

    def rescue(self) -> None:
        """Search anew for replicates that came close to no optimum."""
        lost = np.flatnonzero(~(self.promise < CLOSE))
        seeds = make_seeds(Evaluator(self.problem, self.objective)) if len(lost) else self.u[:0]
        for k in lost:
            self.polish(np.array([k]), from_all(seeds), patient=True)


def parts_of(index: Array, size: int) -> list[Array]:
    """Replicates in parts of a size."""
    return [index[k : k + size] for k in range(0, len(index), size)]


def _overtake(evaluator: Evaluator, begin: Array, weights: Array, below: Array, *, together: int) -> Solution:
    """Search for ends below given values; what will not come there is given up."""
    search = partial(minimise, evaluator, damping=0.01, together=together)
    rough = search(begin, weights, max_steps=ROUGH_STEPS, exact=False, ceiling=below)
    kept = np.flatnonzero(rough.value * (1 - 2 * rough.promise) <= below)
    if not len(kept):
        return rough
    ends = search(rough.u[kept], weights[kept], max_steps=STEPS, tolerance=ENOUGH, ceiling=below[kept])
    for name in ("u", "value", "promise", "steps", "converged"):
        getattr(rough, name)[kept] = getattr(ends, name)
    return rough


def _best(found: Solution, many: int) -> Solution:
    """The lowest of several ends of each replicate, one that came close first."""
    rank = np.where(found.promise < CLOSE, found.value, np.inf).reshape(many, -1)
    rank = np.where(np.isfinite(rank).any(axis=0), rank, found.value.reshape(many, -1))
    place = rank.argmin(axis=0) * rank.shape[1] + np.arange(rank.shape[1])
    return Solution(
        found.u[place], found.value[place], found.promise[place], found.steps[place], found.converged[place]
    )
