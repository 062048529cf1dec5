"""Around the best plan: what is as good within a share, and what a change of every input would do."""

from collections.abc import Mapping, Sequence
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

EQUAL: Final = 1e-7
"""Share of the objective by which combinations of listed values must differ to count as different."""


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
    problem: Problem,
    row: tuple[Batch, Array],
    words: Sequence[str],
    labels: Sequence[str],
    options: Sequence[Mapping[str, float]],
) -> tuple[Sensitivity, ...]:
    """Solve again with every input a tenth larger, all in one batch; listed values are chosen again too.

    Args:
        problem: the plan.
        row: one row, and the coordinates of its best point, shape (k,).
        words: inputs among the batch's numbers.
        labels: what to call them.
        options: combinations of listed values, at least one, the one of the plan among them.

    Returns:
        One per input.
    """
    if not words:
        return ()
    batch, x = row
    cases, count = len(words) + 1, len(options)
    many = batch.take(np.zeros(cases * count, dtype=int))
    many = many.setting(**{w: np.tile([option[w] for option in options], cases) for w in options[0]})
    for place, word in enumerate(words, 1):
        raised = many.numbers[word][:, 0].copy()
        raised[place * count : (place + 1) * count] *= 1 + RISE
        many = many.setting(**{word: raised})
    solved = problem.solve(many, np.tile(x, (cases * count, 1)))
    worth = np.where(solved.feasible, solved.objective, np.inf).reshape(cases, count)
    best = np.arange(cases) * count + first_best(worth.T)
    values = problem.values(many, solved.x[:, None])
    side = np.broadcast_to(problem.side(problem.objective, values), (cases * count, 1))
    own, good = side[best, 0], np.isfinite(worth.min(axis=1))
    chosen = {w: np.broadcast_to(values[w], side.shape)[best, 0] for w in (*_words(problem), *options[0])}
    return tuple(
        Sensitivity(
            label, RISE, _share(own, place, good=bool(good[place])),
            {w: _share(v, place, good=bool(good[place])) for w, v in chosen.items()},
        )
        for place, label in enumerate(labels, 1)
    )  # fmt: skip


def _words(problem: Problem) -> tuple[str, ...]:
    """Words of what is decided in a range."""
    return tuple(variable.word for variable in problem.variables)


def first_best(worth: Array) -> Array:
    """Of every column the first row that is as good as the best one.

    Args:
        worth: objective, infinite where there is none, shape (options, columns).

    Returns:
        Places, shape (columns,).
    """
    least = worth.min(axis=0)
    with np.errstate(invalid="ignore"):
        return np.asarray((worth <= least + EQUAL * np.maximum(np.abs(least), 1.0)).argmax(axis=0))


def _share(values: Array, place: int, *, good: bool) -> float:
    """Relative change from the first row."""
    return float(values[place] / values[0] - 1) if good else float("nan")
