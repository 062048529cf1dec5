"""Every replicate at its own optimum: from the fit, from ends already found, and again where those disagree."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.engine import Progress
from isoflop.fit.objective import Objective
from isoflop.fit.problem import Problem
from isoflop.uncertainty.donors import Donors, donors_of, elsewhere, nearest
from isoflop.uncertainty.searches import Replicates, Searches, Starts, from_all

Array = NDArray[Any]

LEADERS: Final = 500
"""Replicates that start from the fit; the others start from the best of their ends."""

ROUNDS: Final = 4
"""Searches of the leaders from other ends, at most, while they still find lower ones; later ones gain by one only."""

SUSPECTS: Final = 250
"""Replicates tried from another end at a time, the most suspect first."""

FEW: Final = 0.02
"""Share of them that must gain by it, else the less suspect ones are not tried."""


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

    Some replicates start from the fit, and are tried from each other's ends. The others start from the
    best of these. If any of the first had a lower optimum elsewhere, these too are tried from the fit's optimum
    and from other ends, the most suspect first, until too few of them have a lower one.

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
    search = Searches(problem, objective, replicates, workers)
    everyone = np.arange(replicates.count)
    leaders, others = everyone[:LEADERS], everyone[LEADERS:]
    search.polish(leaders, from_all(starts), progress=progress)
    several = _settle(search, leaders, starts[0])
    donors = donors_of(search, leaders, starts[0])
    search.polish(
        others, from_all(starts) if donors is None else nearest(search, donors, starts[1:]), progress=progress
    )
    search.go_on()
    if several and len(others):
        _leave(search, others, donors, starts[0])
    search.rescue()
    return search.ends()


def _settle(search: Searches, leaders: Array, optimum: Array) -> bool:
    """Try replicates from each other's ends until that finds nothing lower; whether any had a lower end."""
    for rounds in range(ROUNDS):
        if not _leave(search, leaders, donors_of(search, leaders, optimum), optimum):
            return rounds > 0
    return True


def _leave(search: Searches, index: Array, donors: Donors | None, optimum: Array) -> int:
    """Try replicates from ends of others, the most suspect first; how many had a lower end.

    Args:
        search: the searches so far.
        index: replicates to try.
        donors: ends that are tried.
        optimum: the fit's optimum.
    """
    if donors is None:
        return 0
    # The fit's own optimum is the other end that most often is the lower one; the leaders started there.
    lower = _try(search, index, donors.first(), optimum) if index[0] >= LEADERS else 0
    lower += _try(search, index, donors, optimum)
    search.go_on()
    return lower


def _try(search: Searches, index: Array, donors: Donors, optimum: Array) -> int:
    """One round: the most suspect replicates first, as long as enough of them have a lower end."""
    choose = elsewhere(search, donors, optimum)
    parts = [index[k : k + search.replicates.size] for k in range(0, len(index), search.replicates.size)]
    picked = [choose(part, search.replicates.weights(part)) for part in parts]
    donor, doubt = (np.concatenate(column) for column in zip(*picked, strict=True))
    order, total = np.argsort(doubt, kind="stable")[: int(np.isfinite(doubt).sum())], 0
    for k in range(0, len(order), SUSPECTS):
        now = np.sort(order[k : k + SUSPECTS])
        gained = search.polish(index[now], _of_each(index[now], donors.u[donor[now]]), beat=True)
        total += gained
        if gained < FEW * len(now):
            break
    return total


def _of_each(index: Array, starts: Array) -> Starts:
    """A start of its own for every replicate; the replicates are in rising order."""
    return lambda part, _: starts[np.searchsorted(index, part)][None]
