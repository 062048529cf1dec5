"""Every replicate at its own optimum: from the fit, from ends already found, and again where those disagree."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.engine import Progress, map_tasks
from isoflop.fit.evaluate import Evaluator
from isoflop.fit.objective import Objective
from isoflop.fit.penalty import penalties
from isoflop.fit.problem import Problem
from isoflop.fit.seeds import make_seeds
from isoflop.fit.solve import TOLERANCE, Solution, minimise

Array = NDArray[Any]
Starts = Callable[[Array, Array], Array]
"""From replicates and their weights to starts, shape (starts, replicates, q)."""

ELEMENTS: Final = 30_000
"""Replicates times rows worked on at once: what stays in the cache."""

LEADERS: Final = 500
"""Replicates that start from the fit; the others start from the best of their ends."""

FEWEST_DONORS: Final = 25
"""With room for fewer (large tables), all start from the fit: their optima are close to it."""

STEPS: Final = 10
"""Steps in a batch; the few searches that need more go on together."""

ENDLESS: Final = 1e-10
"""Those end when a step promises less than this share of their objective: some creep along a flat valley."""

SMALL_PRODUCT: Final = 200_000
"""Multiplications that BLAS does on one thread: its own threads would wait for each other beside ours."""

ROUNDS: Final = 4
"""Searches from other ends, at most, while they still find lower ones."""

BETTER: Final = 1e-9
"""Share of the objective by which a lower end is another one."""

CLOSE: Final = 1e-3
"""A replicate counts when a Newton step promises less than this share of its objective.

Nearly all end at 1e-13; where the data leave a direction flat, searches creep along it for ever.
"""


@dataclass(frozen=True)
class Replicates:
    """Resampled runs, drawn block by block whenever they are needed: no more are held than those worked on.

    Args:
        count: replicates in all.
        size: replicates in a block.
        draw: block → weights of the runs (and shifts of the priors' means), the same in every call.
    """

    count: int
    size: int
    draw: Callable[[int], Array]

    def weights(self, index: Array) -> Array:
        """Weights of some replicates in rising order, shape (len(index), n)."""
        blocks = index // self.size
        return np.concatenate([self.draw(int(b))[index[blocks == b] - b * self.size] for b in np.unique(blocks)])


@dataclass(frozen=True)
class _Donors:
    """Ends from which other replicates may start.

    Args:
        u: search coordinates, shape (donors, q).
        rho: what every run adds to the objective there, shape (donors, n).
    """

    u: Array
    rho: Array

    def values(self, problem: Problem, weights: Array) -> Array:
        """Objective of every donor under the weights of every replicate, shape (replicates, donors)."""
        weights_of_runs = np.ascontiguousarray(weights[:, : problem.rows])
        step = max(SMALL_PRODUCT // weights_of_runs.size, 1)
        parts = [weights_of_runs @ self.rho[k : k + step].T for k in range(0, len(self.rho), step)]
        found = np.concatenate(parts, axis=1)
        # A run without weight may have no finite value.
        found[np.isnan(found)] = np.inf
        return found + penalties(problem, self.u, weights) if problem.priors else found


def refit_all(
    problem: Problem,
    objective: Objective,
    starts: Array,
    replicates: Replicates,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Array:
    """Search coordinates of every replicate's own optimum.

    Some replicates start from the fit, the others from the best of their ends. Then those that started
    from the fit are tried from another end; if that finds lower optima, all are, until it finds none.

    Args:
        problem: the bound law.
        objective: what is minimised, its scale set.
        starts: the fit's optimum and, in small tables, points around it, shape (starts, q).
        replicates: the resampled runs.
        workers: threads; all cores when None.
        progress: called with (replicates done, replicates).

    Returns:
        Ends, shape (replicates, q); NaN where no search came close.
    """
    search = _Searches(problem, objective, replicates, workers)
    everyone = np.arange(replicates.count)
    leaders = everyone[:LEADERS]
    search.polish(leaders, _from(starts), progress=progress)
    donors = search.donors(leaders, starts[:1])
    ahead = _from(starts) if donors is None else search.nearest(donors, starts[1:])
    search.polish(everyone[LEADERS:], ahead, progress=progress)
    search.go_on()
    if donors is not None and search.polish(leaders, search.elsewhere(donors, starts[0]), beat=True):
        search.polish(everyone[LEADERS:], _from(starts[:1]), beat=True)
        for _ in range(ROUNDS):
            donors = search.donors(leaders, starts[:1])
            lower = 0 if donors is None else search.polish(everyone, search.elsewhere(donors, starts[0]), beat=True)
            search.go_on()
            if lower <= replicates.count // 1000:
                break
    search.rescue()
    return search.ends()


def _from(starts: Array) -> Starts:
    """The same starts for every replicate."""
    return lambda index, _: np.repeat(starts[:, None], len(index), axis=1)


class _Searches:
    """Best ends of all replicates, while they are searched for."""

    def __init__(self, problem: Problem, objective: Objective, replicates: Replicates, workers: int | None) -> None:
        count = replicates.count
        self.problem, self.objective, self.replicates, self.workers = problem, objective, replicates, workers
        self.u = np.full((count, problem.size), np.nan)
        self.value, self.promise = np.full(count, np.inf), np.full(count, np.inf)
        self.converged = np.zeros(count, dtype=bool)

    def ends(self) -> Array:
        """Ends, NaN where no search came close."""
        return np.where((self.promise < CLOSE)[:, None], self.u, np.nan)

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
        size = self.replicates.size
        parts = [index[k : k + size] for k in range(0, len(index), size)]

        def work(part: Array) -> Solution:
            weights = self.replicates.weights(part)
            given = starts(part, weights)
            many = len(given)
            found = minimise(
                Evaluator(self.problem, self.objective), given.reshape(-1, self.problem.size),
                np.tile(weights, (many, 1)), damping=0.01 if beat else 0.3, max_steps=10 * STEPS if patient else STEPS,
                tolerance=ENDLESS if patient else TOLERANCE,
                ceiling=np.tile(self.value[part] * (1 - BETTER), many) if beat else None,
            )  # fmt: skip
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

    def go_on(self) -> None:
        """End the searches that were cut short, together."""
        index = np.flatnonzero(~self.converged & np.isfinite(self.value))
        self.polish(index, lambda part, _: self.u[part][None], patient=True)

    def rescue(self) -> None:
        """Search anew for replicates that came close to no optimum."""
        lost = np.flatnonzero(~(self.promise < CLOSE))
        seeds = make_seeds(Evaluator(self.problem, self.objective)) if len(lost) else self.u[:0]
        for k in lost:
            self.polish(np.array([k]), _from(seeds), patient=True)

    def donors(self, index: Array, optimum: Array) -> _Donors | None:
        """The fit's optimum and ends of some replicates; None where the table is too large for them to pay."""
        room = min(len(index), 4 * ELEMENTS // self.problem.rows)
        if room < FEWEST_DONORS:
            return None
        known = self.u[index[self.promise[index] < CLOSE][:room]]
        u = np.concatenate([optimum, known])
        return _Donors(u, Evaluator(self.problem, self.objective).contributions(u))

    def nearest(self, donors: _Donors, more: Array) -> Starts:
        """The donor at which a replicate's objective is least, and further starts."""

        def starts(index: Array, weights: Array) -> Array:
            best = donors.u[donors.values(self.problem, weights).argmin(axis=1)]
            return np.concatenate([best[None], np.repeat(more[:, None], len(index), axis=1)])

        return starts

    def elsewhere(self, donors: _Donors, optimum: Array) -> Starts:
        """The donor whose objective lies furthest below what a parabola around the replicate's end says."""
        metric = Evaluator(self.problem, self.objective).local(optimum[None]).metric[0]
        # A coordinate that the runs do not feel has no length, and a sum of squares may be singular.
        squares, axes = np.linalg.eigh(metric)
        root = axes * np.sqrt(np.maximum(squares, 0.0))
        places = donors.u @ root

        def starts(index: Array, weights: Array) -> Array:
            value, own = self.value[index][:, None], self.u[index] @ root
            away = 0.5 * ((own[:, None] - places[None]) ** 2).sum(axis=2)
            rise = donors.values(self.problem, weights) - value
            ratio = np.where(away > 1e-3 * value, rise / np.maximum(away, 1e-300), np.inf)
            return np.asarray(donors.u[ratio.argmin(axis=1)][None])

        return starts


def _best(found: Solution, many: int) -> Solution:
    """The lowest of several ends of each replicate, one that came close first."""
    rank = np.where(found.promise < CLOSE, found.value, np.inf).reshape(many, -1)
    rank = np.where(np.isfinite(rank).any(axis=0), rank, found.value.reshape(many, -1))
    place = rank.argmin(axis=0) * rank.shape[1] + np.arange(rank.shape[1])
    return Solution(
        found.u[place], found.value[place], found.promise[place], found.steps[place], found.converged[place]
    )
