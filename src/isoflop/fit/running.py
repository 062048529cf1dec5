"""Searches under way: what belongs to each, from its start until it leaves the batch."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoflop.fit.evaluate import Evaluator, Local

Array = NDArray[Any]


@dataclass
class Running:
    """Searches under way, one entry of every array each; the search itself moves them.

    Args:
        place: which start each came from.
        u: search coordinates.
        local: the objective there.
        held: coordinates that stay, or None.
        ceiling: value to come below, or None.
        brake: weight of the metric in the next step.
        growth: by how much that rises when a step fails.
        age: steps taken.
        promise: decrease that the last step promised.
        small: whether that was as good as none.
    """

    place: Array
    u: Array
    local: Local
    held: Array | None
    ceiling: Array | None
    brake: Array
    growth: Array
    age: Array
    promise: Array
    small: Array

    def take(self, where: Array) -> "Running":
        """Some of them."""
        local = Local(*(part[where] for part in _parts(self.local)))
        return Running(
            self.place[where], self.u[where], local, _some(self.held, where), _some(self.ceiling, where),
            self.brake[where], self.growth[where], self.age[where], self.promise[where], self.small[where],
        )  # fmt: skip

    def join(self, other: "Running") -> "Running":
        """These and others."""
        local = Local(*(np.concatenate(pair) for pair in zip(_parts(self.local), _parts(other.local), strict=True)))
        own, new = ((x.place, x.u, x.brake, x.growth, x.age, x.promise, x.small) for x in (self, other))
        place, u, *rest = (np.concatenate(pair) for pair in zip(own, new, strict=True))
        return Running(place, u, local, _both(self.held, other.held), _both(self.ceiling, other.ceiling), *rest)


@dataclass(frozen=True)
class Task:
    """Searches to be made: as the arguments of `minimise`."""

    evaluator: Evaluator
    start: Array
    weights: Array | None
    held: Array | None
    ceiling: Array | None
    damping: float
    exact: bool

    def weights_of(self, place: Array) -> Array | None:
        """Weights of the runs in some searches."""
        return _some(self.weights, place)

    def look(self, u: Array, weights: Array | None, held: Array | None) -> Local:
        """The objective at some points as searches see it: without coordinates that are held, and bent up at floors."""
        local = self.evaluator.local(u, weights, exact=self.exact)
        for k in np.flatnonzero(self.evaluator.problem.floored):
            # The objective is even in such a coordinate: Newton's step would lead to its top at the floor.
            local.curvature[:, k, k] = np.abs(local.curvature[:, k, k])
        return hold(local, held)

    def begin(self, place: Array) -> Running:
        """The objective at some starts; searches where it is infinite are not begun."""
        held, ceiling = _some(self.held, place), _some(self.ceiling, place)
        u = self.evaluator.problem.off_floors(self.start[place], held)
        weights = self.weights_of(place)
        # Replicates that start at one point share what the law gives there.
        alike = weights is not None and not self.evaluator.problem.priors and bool((u == u[:1]).all())
        local = self.look(u[:1] if alike else u, weights, held)
        every = np.full(len(place), self.damping)
        begun = Running(
            place, u, local, held, ceiling, every, np.full_like(every, 2.0),
            np.zeros(len(place), dtype=int), np.full_like(every, np.inf), np.zeros(len(place), dtype=bool),
        )  # fmt: skip
        return begun.take(np.isfinite(local.value))


def hold(local: Local, held: Array | None) -> Local:
    """The objective as a function of the other coordinates: the held ones have no slope and mix with none."""
    if held is None:
        return local
    crossed = held[:, :, None] | held[:, None, :]
    own = np.eye(held.shape[1])
    metric, curvature = (np.where(crossed, own, m) for m in (local.metric, local.curvature))
    return Local(local.value, np.where(held, 0.0, local.slope), metric, curvature)


def merge(old: Local, new: Local, accept: Array) -> Local:
    """The new ones where accepted."""
    pick = np.where
    return Local(
        pick(accept, new.value, old.value),
        pick(accept[:, None], new.slope, old.slope),
        pick(accept[:, None, None], new.metric, old.metric),
        pick(accept[:, None, None], new.curvature, old.curvature),
    )


def _parts(local: Local) -> tuple[Array, ...]:
    return local.value, local.slope, local.metric, local.curvature


def _some(values: Array | None, where: Array) -> Array | None:
    return None if values is None else values[where]


def _both(one: Array | None, two: Array | None) -> Array | None:
    return None if one is None or two is None else np.concatenate([one, two])
