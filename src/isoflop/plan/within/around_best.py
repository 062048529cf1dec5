"""Around the best plan: what is as good within a share, and what a change of every input would do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.plan.within.interior import Values, minimise
from isoflop.plan.within.problem import Batch, Problem
from isoflop.plan.within.variables import Variable

Array = NDArray[Any]

WITHIN: Final = 0.01
RISE: Final = 0.10


@dataclass(frozen=True)
class FlatRange:
    """Values of a variable with which the objective stays near the best, the others following.

    Args:
        word: the variable.
        within: by which share the objective may be worse.
        low: least such value.
        high: largest such value.
    """

    word: str
    within: float
    low: float
    high: float


@dataclass(frozen=True)
class Sensitivity:
    """What the best plan becomes when an input rises.

    Args:
        word: the input: a number that was given, or the text of a limit.
        rise: by which share it rises.
        objective: share by which the best objective changes; NaN where there is then no plan.
        variables: word → share by which the best value changes.
    """

    word: str
    rise: float
    objective: float
    variables: dict[str, float]


def flat_ranges(
    problem: Problem,
    batch: Batch,
    x: Array,
    best: float,
    *,
    followed: Sequence[Variable] = (),
    within: float = WITHIN,
) -> tuple[FlatRange, ...]:
    """Ends of the region that is as good within a share, one variable at a time.

    Args:
        problem: the plan.
        batch: one row.
        x: coordinates of the best point, shape (k,).
        best: the objective there, as `Problem.at` gives it.
        followed: variables that follow from the others, whose ends are wanted too.
        within: the share.

    Returns:
        One range per variable.
    """
    wanted = (*problem.variables, *followed)
    k = len(wanted)
    if not problem.variables:
        return ()
    allowed = best + (np.log1p(within) if problem.logs[0] else within * abs(best))
    many = batch.take(np.zeros(2 * k, dtype=int))
    direction = np.repeat(np.array([1.0, -1.0]), k)
    which = np.tile(np.arange(k), 2)

    def places(z: Array, rows: Array) -> Array:
        values = problem.values(many.take(rows), z)
        more = [one.coordinate(problem.scope.value(one.word, values))[..., None] for one in followed]
        every = np.concatenate([z, *(np.broadcast_to(row, (*z.shape[:-1], 1)) for row in more)], axis=2)
        return np.take_along_axis(every, which[rows][:, None, None], axis=2)[..., 0]

    def function(z: Array, rows: Array) -> Values:
        f, c = problem.at(many.take(rows), z)
        own = places(z, rows)
        return direction[rows][:, None] * own, np.concatenate([c, (f - allowed)[..., None]], axis=2)

    solved = minimise(function, np.tile(x, (2 * k, 1)), problem.scale)
    reached = places(solved.x[:, None], np.arange(2 * k))[:, 0]
    ends = np.where(solved.feasible, reached, np.nan)
    return tuple(
        FlatRange(one.word, within, *(float(one.value(ends[place + shift])) for shift in (0, k)))
        for place, one in enumerate(wanted)
    )


def sensitivities(
    problem: Problem, batch: Batch, x: Array, words: Sequence[str], labels: Sequence[str]
) -> tuple[Sensitivity, ...]:
    """Solve again with every input a tenth larger, all in one batch.

    Args:
        problem: the plan.
        batch: one row.
        x: coordinates of the best point, shape (k,).
        words: inputs among the batch's numbers.
        labels: what to call them.

    Returns:
        One per input.
    """
    if not words:
        return ()
    count = len(words) + 1
    many = batch.take(np.zeros(count, dtype=int))
    for place, word in enumerate(words):
        raised = many.numbers[word][:, 0].copy()
        raised[place + 1] *= 1 + RISE
        many = many.setting(**{word: raised})
    solved = problem.solve(many, np.tile(x, (count, 1)))
    values = problem.values(many, solved.x[:, None])
    worth = np.where(
        solved.feasible, np.broadcast_to(problem.side(problem.objective, values), (count, 1))[:, 0], np.nan
    )
    found = []
    for place, label in enumerate(labels, 1):
        moved = {
            v.word: _share(values[v.word][:, 0], place, good=bool(solved.feasible[place])) for v in problem.variables
        }
        found.append(Sensitivity(label, RISE, _share(worth, place, good=True), moved))
    return tuple(found)


def _share(values: Array, place: int, *, good: bool) -> float:
    """Relative change from the first row."""
    return float(values[place] / values[0] - 1) if good else float("nan")
