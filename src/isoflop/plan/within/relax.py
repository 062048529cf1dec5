"""Limits that contradict each other: which ones, and the smallest change that makes a plan possible."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import InfeasibleError
from isoflop.plan.within.interior import CLOSE, Solved, Values, minimise
from isoflop.plan.within.problem import Batch, Problem, spread_starts

Array = NDArray[Any]


@dataclass(frozen=True)
class Relaxation:
    """What one limit would have to become while the others stay.

    Args:
        limit: its text.
        now: its right side now.
        needed: its right side that makes a plan possible; NaN where it alone cannot.
        factor: needed over now.
    """

    limit: str
    now: float
    needed: float
    factor: float


@dataclass(frozen=True)
class Conflict:
    """Why there is no plan.

    Args:
        limits: texts of limits that cannot hold together; without any one of them the others can.
        relaxations: what each of them would have to become alone, smallest change first.
        common: by which factor all limits of the plan would have to be relaxed together.
        message: all of it in words.
    """

    limits: tuple[str, ...]
    relaxations: tuple[Relaxation, ...]
    common: float
    message: str

    def error(self, where: str = "") -> InfeasibleError:
        """The conflict as an error that carries its facts.

        Args:
            where: words before the message, such as the listed values that it holds for.
        """
        alone = next((r for r in self.relaxations if np.isfinite(r.needed)), None)
        message = f"{where}{self.message}"
        if alone is None:
            return InfeasibleError(message, self.limits, factor=self.common if np.isfinite(self.common) else None)
        return InfeasibleError(message, self.limits, relaxed=alone.limit, needed=alone.needed, factor=alone.factor)


def conflict(problem: Problem, batch: Batch) -> Conflict | None:
    """Find limits of one row that contradict each other.

    Args:
        problem: the plan.
        batch: one row.

    Returns:
        The conflict; None where all limits can hold.
    """
    everything = range(len(problem.limits))
    excess = _excess(problem, batch, everything)
    if excess <= 10 * CLOSE:
        return None
    kept = list(everything)
    for j in everything:
        without = [i for i in kept if i != j]
        if without and _excess(problem, batch, without) > 10 * CLOSE:
            kept = without
    found = tuple(
        sorted((_alone(problem, batch, j) for j in kept), key=lambda r: (np.isnan(r.factor), _change(r.factor)))
    )
    texts = tuple(problem.limits[j].text for j in kept)
    common = float(np.exp(excess))
    return Conflict(texts, found, common, _words(problem, texts, found, common))


def _change(factor: float) -> float:
    """Size of a change by a factor."""
    return abs(float(np.log(factor))) if factor > 0 else np.inf


def _some(problem: Problem, places: Sequence[int]) -> Problem:
    """The problem with some of its limits."""
    limits, logs = tuple(problem.limits[j] for j in places), tuple(problem.logs[j + 1] for j in places)
    return replace(problem, limits=limits, logs=(problem.logs[0], *logs))


def _excess(problem: Problem, batch: Batch, places: Sequence[int]) -> float:
    """By how much the worst of some limits must be missed, in logarithms where they are taken so."""
    part, k = _some(problem, places), len(problem.variables)
    starts = spread_starts(problem)
    many = batch.take(np.zeros(len(starts), dtype=int))
    worst = part.at(many, starts[:, None])[1][:, 0].max(axis=1)
    worst = np.where(np.isfinite(worst), worst, np.nanmax(np.where(np.isfinite(worst), worst, np.nan), initial=1.0))
    room = np.maximum(worst, 0.0) + 1.0
    top = float(2 * room.max())

    def elastic(x: Array, rows: Array) -> Values:
        c = part.at(many.take(rows), x[..., :k])[1]
        return x[..., k], c - x[..., k, None]

    scale = np.append(problem.scale, top)
    solved = minimise(elastic, np.column_stack([starts, room]), scale)
    good = solved.feasible
    return float(solved.objective[good].min()) if good.any() else np.inf


def _alone(problem: Problem, batch: Batch, place: int) -> Relaxation:
    """The least that one limit could be while all others hold."""
    others = [j for j in range(len(problem.limits)) if j != place]
    rest, one = _some(problem, others), _some(problem, [place])
    starts = spread_starts(problem)
    many = batch.take(np.zeros(len(starts), dtype=int))

    def function(x: Array, rows: Array) -> Values:
        some = many.take(rows)
        return one.at(some, x)[1][..., 0], rest.at(some, x)[1]

    limit = problem.limits[place]
    solved = _solve(function, problem, starts)
    good = solved.feasible
    if not good.any():
        return Relaxation(limit.text, np.nan, np.nan, np.nan)
    best = int(np.argmin(np.where(good, solved.objective, np.inf)))
    values = problem.values(many.take(np.array([best])), solved.x[best][None, None])
    now, needed = (float(np.ravel(problem.side(side, values))[0]) for side in (limit.right, limit.left))
    return Relaxation(limit.text, now, needed, needed / now if now else np.nan)


def _solve(function: Any, problem: Problem, starts: Array) -> Solved:  # noqa: ANN401 - a solver's function
    """Solve from all starts."""
    return minimise(function, starts, problem.scale)


def _words(problem: Problem, texts: tuple[str, ...], found: tuple[Relaxation, ...], common: float) -> str:
    """The conflict in one message."""
    show = {limit.text: limit.show for limit in problem.limits}
    named = [
        f"{r.limit} would have to be {show[r.limit](r.needed)} (now {show[r.limit](r.now)}, times {r.factor:.3g})"
        for r in found
        if np.isfinite(r.needed)
    ]
    if len(texts) == 1:
        box = ", ".join(f"{v.word} {v.low:.3g} to {v.high:.3g}" for v in problem.variables)
        why = f"No plan keeps {texts[0]} anywhere in {box}"
    else:
        why = f"No plan keeps {', '.join(texts[:-1])} and {texts[-1]} together: they contradict each other"
    if named:
        return f"{why}. The smallest change of one limit: {'; or '.join(named)}. Change one of them."
    step = f"Relax all limits by a factor of {common:.3g}" if np.isfinite(common) else "Widen the ranges"
    return f"{why}, and no change of one limit is enough. {step}."
