"""Every replicate at its own optimum: from the fit, from ends already found, and again where those disagree."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.engine import Progress
from isoflop.fit.evaluate import Evaluator
from isoflop.fit.objective import Objective
from isoflop.fit.problem import Problem
from isoflop.uncertainty.donors import Donors, donors_at, donors_of, elsewhere, nearest
from isoflop.uncertainty.searches import Replicates, Searches, Starts, from_all, parts_of

Array = NDArray[Any]

LEADERS: Final = 500
"""Replicates that start from the fit; the others start from the best of their ends."""

ROUNDS: Final = 4
"""Searches of the leaders from other ends, at most, as long as enough of them still find lower ones."""

SUSPECTS: Final = 150
"""Replicates tried from another end at a time, the most suspect first."""

OTHER: Final = 1e-6
"""Share of the objective by which an end is lower that belongs to another optimum, not to a search gone on."""

FEWEST_MOVED: Final = 3
"""Replicates led to another optimum from which on all look there."""

LIKING: Final = 0.5
"""Share of the replicates that look there: those for which it lies lowest against the fit's optimum."""

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
    and from other ends, the most suspect first, until too few of them have a lower one. At last all take a few steps
    from the middle of those other ends, and go on from there where that looks best.

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
    usual = search.value[leaders]
    several = _settle(search, leaders, starts[0])
    moved = leaders[search.value[leaders] < usual * (1 - OTHER)]
    donors = donors_of(search, leaders, starts[0])
    search.polish(
        others, from_all(starts) if donors is None else nearest(search, donors, starts[1:]), progress=progress
    )
    search.go_on()
    if several and len(others):
        _leave(search, others, donors, starts[0])
    if len(moved) >= FEWEST_MOVED:
        _visit(search, everyone, _middle(search, moved, starts[0]), starts[0])
    search.leave_floors()
    search.go_on()
    search.rescue()
    return search.ends()


def _settle(search: Searches, leaders: Array, optimum: Array) -> bool:
    """Try replicates from each other's ends until that finds hardly any lower one; whether it found any."""
    for rounds in range(ROUNDS):
        gained = _leave(search, leaders, donors_of(search, leaders, optimum), optimum)
        if gained < FEW * SUSPECTS:
            return rounds > 0 or gained > 0
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
    parts = parts_of(index, search.replicates.size)
    picked = [choose(part, search.replicates.weights(part)) for part in parts]
    donor, doubt = (np.concatenate(column) for column in zip(*picked, strict=True))
    order = np.argsort(doubt, kind="stable")[: int(np.isfinite(doubt).sum())]
    return _while_they_gain(search, index, order, donors.u[donor])


def _while_they_gain(search: Searches, index: Array, order: Array, starts: Array) -> int:
    """Search from a start of each, in an order, as long as enough have a lower end there; how many had."""
    total = 0
    for k in range(0, len(order), SUSPECTS):
        now = np.sort(order[k : k + SUSPECTS])
        gained = search.polish(index[now], _of_each(index[now], starts[now]), beat=True)
        total += gained
        if gained < FEW * len(now):
            break
    return total


def _middle(search: Searches, moved: Array, optimum: Array) -> Array:
    """The end of one of some replicates that is nearest to those of the others."""
    metric = Evaluator(search.problem, search.objective).local(optimum[None]).metric[0]
    gaps = search.u[moved][:, None] - search.u[moved][None]
    away = np.einsum("ijk,kl,ijl->ij", gaps, metric, gaps)
    return np.asarray(search.u[moved[int(np.sqrt(np.maximum(away, 0.0)).sum(axis=1).argmin())]])


def _visit(search: Searches, index: Array, point: Array, optimum: Array) -> None:
    """Let those that like a point best take a few steps from it, and those go on that come lowest against their ends.

    Args:
        search: the searches so far.
        index: replicates in rising order.
        point: the point.
        optimum: the fit's optimum, with which the point is compared.
    """
    pair = donors_at(search, np.stack([point, optimum]))
    parts = parts_of(index, search.replicates.size)
    liking = np.concatenate([pair.values(search.problem, search.replicates.weights(part)) for part in parts])
    first = np.argsort(liking[:, 0] - liking[:, 1], kind="stable")[: round(LIKING * len(index))]
    index = np.sort(index[first])
    there, value = search.approach(index, point)
    _while_they_gain(search, index, np.argsort(value / search.value[index], kind="stable"), there)
    search.go_on()


def _of_each(index: Array, starts: Array) -> Starts:
    """A start of its own for every replicate; the replicates are in rising order."""
    return lambda part, _: starts[np.searchsorted(index, part)][None]
