"""One solver for all laws: batched damped Newton on the true objective.

Each step solves `(H + lambda M) p = -g`, where H is the Hessian of the objective and M the
re-weighted least-squares metric. The gain ratio sets lambda, with no floor: far from the
optimum the step is a safe re-weighting step, close to it a Newton step.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.fit.evaluate import Evaluator, Local
from isoflop.fit.running import Task, merge

Array = NDArray[Any]

MAX_STEP: Final = 2.0
"""Longest step in any search coordinate of size up to 1, longer in proportion beyond."""

GRACE: Final = 1.5
"""Two searches that have met end the others after this many times their own steps."""

LEVEL: Final = 1e-13
"""Share of the objective that is rounding: a last step may rise by so much."""

UNDAMPED: Final = 1e-2
"""Weight of the metric below which a step is Newton's."""

FAST: Final = 0.01
"""Share of the promise before below which steps shrink fast, as Newton's do close to an optimum."""

TOLERANCE: Final = 1e-13
"""A step that promises less than this share of the objective ends the search."""


@dataclass(frozen=True)
class Solution:
    """Where a batch of searches ended.

    Args:
        u: search coordinates, shape (batch, q).
        value: objective, shape (batch,).
        promise: decrease that a Newton step still promises, relative to the objective, (batch,).
        steps: steps taken, shape (batch,).
        converged: whether the promise fell below the tolerance, shape (batch,).
    """

    u: Array
    value: Array
    promise: Array
    steps: Array
    converged: Array


def direction(local: Local, damping: Array) -> tuple[Array, Array]:
    """Damped Newton direction and the decrease that the quadratic model promises."""
    batch, q = local.slope.shape
    metric = local.metric.copy()
    diagonal = metric.reshape(batch, -1)[:, :: q + 1]
    ridge = 1e-12 * diagonal + 1e-280
    diagonal += ridge
    matrix = local.curvature + damping[:, None, None] * metric
    matrix.reshape(batch, -1)[:, :: q + 1] += ridge
    scale = 1 / np.sqrt(diagonal)
    scaled = matrix * scale[:, :, None] * scale[:, None, :]
    # A tiny shift keeps an exactly singular member from stopping the whole batch.
    scaled.reshape(batch, -1)[:, :: q + 1] += 1e-15
    try:
        step = np.linalg.solve(scaled, -(local.slope * scale)[:, :, None])[:, :, 0] * scale
    except np.linalg.LinAlgError:
        step = np.stack(
            [np.linalg.lstsq(a, -b, rcond=None)[0] for a, b in zip(scaled, local.slope * scale, strict=True)]
        )
        step = step * scale
    # The matrix times the step is minus the slope: along a step that goes down the model bends up.
    linear = (local.slope * step).sum(axis=1)
    good = (linear < 0) & np.isfinite(step).all(axis=1)
    return np.where(good[:, None], step, np.nan), -linear


def minimise(
    evaluator: Evaluator,
    start: Array,
    weights: Array | None = None,
    *,
    max_steps: int = 200,
    damping: float = 1.0,
    exact: bool = True,
    enough: int | None = None,
    held: Array | None = None,
    ceiling: Array | None = None,
    tolerance: float = TOLERANCE,
    together: int | None = None,
) -> Solution:
    """Minimise the objective from each start, all at once.

    Args:
        evaluator: the bound problem.
        start: search coordinates, shape (batch, q).
        weights: weight of each run in each replicate, shape (batch, n), or None.
        max_steps: steps after which a search is given up.
        damping: weight of the re-weighting metric in the first step; small close to an optimum.
        exact: whether to use the true Hessian; the metric alone is cheaper far from an optimum.
        enough: stop all searches once so many have ended at the same best value.
        held: which coordinates of each search stay where they start, shape (batch, q), or None.
        ceiling: value that each search must come below, shape (batch,), or None; one that promises too little is given
            up.
        tolerance: a step that promises less than this share of the objective ends a search, a hundredth of it where
            steps shrink slowly.
        together: searches under way at a time; others take the place of those that end. None for all.

    Returns:
        The end points; compare `converged`.
    """
    task = Task(evaluator, np.array(start, dtype=float), weights, held, ceiling, damping, exact)
    with np.errstate(all="ignore"):
        search = _Search(task, together or len(task.start), max_steps, tolerance)
        while search.go_on():
            if enough is not None and search.settled(enough):
                break
            search.step()
        search.finish(np.ones(len(search.running.place), dtype=bool))
    return search.end


class _Search:
    """State of a batch of searches; those that have ended leave it, and others come in."""

    def __init__(self, task: Task, together: int, max_steps: int, tolerance: float) -> None:
        batch = len(task.start)
        self.task, self.evaluator = task, task.evaluator
        self.rounding = 1e-4 * task.evaluator.problem.rounding
        self.max_steps, self.tolerance = max_steps, tolerance
        nowhere, none = np.full(batch, np.inf), np.zeros(batch, dtype=bool)
        self.end = Solution(task.start.copy(), nowhere, nowhere.copy(), np.zeros(batch, dtype=int), none)
        self.together, self.begun = together, min(together, batch)
        self.running = task.begin(np.arange(self.begun))
        self.met_at = 0

    def go_on(self) -> bool:
        """Let searches in once half of the room is free; whether any is under way."""
        batch = len(self.task.start)
        while self.begun < batch and len(self.running.place) <= self.together // 2:
            last = min(self.begun + self.together - len(self.running.place), batch)
            self.running = self.running.join(self.task.begin(np.arange(self.begun, last)))
            self.begun = last
        return len(self.running.place) > 0

    def agreeing(self) -> int:
        """Searches that have ended at the best value so far, none still running below it."""
        end, running = self.end, self.running
        if not end.converged.any():
            return 0
        best = end.value[end.converged].min()
        if len(running.place) and running.local.value.min() < best * (1 - 1e-9):
            return 0
        return int((end.converged & (end.value <= best * (1 + 1e-9) + self.rounding)).sum())

    def settled(self, enough: int) -> bool:
        """Whether so many searches have met, or two have and the others have had as many steps again."""
        met, count = self.agreeing(), int(self.running.age.max())
        if met < 2:
            self.met_at = 0
        elif not self.met_at:
            self.met_at = count
        return met >= enough or (met >= 2 and count >= GRACE * self.met_at)

    def step(self) -> None:
        """One damped step of every running search."""
        now = self.running
        step, promise = direction(now.local, now.brake)
        # Where steps shrink slowly what is left is more than what the next one promises.
        fast = (not self.task.exact) | (promise < FAST * now.promise) & np.isfinite(now.promise)
        now.promise = promise
        invalid = np.isnan(step[:, 0])
        step = np.where(invalid[:, None], 0.0, step)
        longest = (np.abs(step) / np.maximum(np.abs(now.u), 1.0)).max(axis=1)
        step *= np.minimum(1.0, MAX_STEP / np.maximum(longest, 1e-300))[:, None]
        now.age += 1
        tolerance = np.where(fast, self.tolerance, max(FAST * self.tolerance, TOLERANCE))
        now.small = ~invalid & (promise <= tolerance * now.local.value + self.rounding)
        last = (now.small & (now.brake < UNDAMPED)) | (now.age >= self.max_steps)
        if last.any():
            self._take_last(last, step)
            step, invalid = step[~last], invalid[~last]
        if len(step):
            self._take_step(step, invalid)

    def _take_last(self, last: Array, step: Array) -> None:
        """End searches that are all but there, or out of steps, with one more step: its value alone is looked at."""
        now = self.running
        ahead, before = now.u[last] + step[last], now.local.value[last]
        value = self.evaluator.value(ahead, self.task.weights_of(now.place[last]))
        accept = value <= before * (1 + LEVEL)
        now.u[last] = np.where(accept[:, None], ahead, now.u[last])
        now.local.value[last] = np.where(accept, value, before)
        self.finish(last)

    def _take_step(self, step: Array, invalid: Array) -> None:
        """Take the steps that lower the objective, and set the brakes of the next by how well they were foreseen."""
        now, local = self.running, self.running.local
        weights = self.task.weights_of(now.place)
        new = self.task.look(now.u + step, weights, now.held)
        gain = local.value - new.value
        bent = np.matmul(local.curvature, step[:, :, None])[:, :, 0]
        model = -((local.slope + 0.5 * bent) * step).sum(axis=1)
        accept = ~invalid & np.isfinite(new.value) & ((gain > 0) | (now.small & (gain >= -LEVEL * local.value)))
        ratio = np.where(model > 0, gain / np.maximum(model, 1e-300), np.where(gain > 0, 1.0, -1.0))
        now.u = np.where(accept[:, None], now.u + step, now.u)
        now.local = new if accept.all() else merge(local, new, accept)
        factor = np.where(ratio > 0.75, 0.1, np.where(ratio > 0.25, 1.0, 3.0))
        now.brake = np.where(accept, now.brake * factor, np.maximum(now.brake, 1e-2) * now.growth * 2)
        now.growth = np.where(accept, 2.0, np.minimum(now.growth * 2, 64.0))
        done = (now.small & (now.brake < UNDAMPED)) | (now.brake > 1e14) | (now.small & ~accept)
        if now.ceiling is not None:
            # A full step promises half of `promise`; four times as much is allowed for.
            done |= local.value - 2 * now.promise > now.ceiling
        self.finish(done)

    def finish(self, done: Array) -> None:
        """Write down the searches that have ended and drop them from the batch."""
        if not done.any():
            return
        end, gone = self.end, self.running.take(done)
        end.u[gone.place], end.value[gone.place] = gone.u, gone.local.value
        end.promise[gone.place] = gone.promise / np.maximum(gone.local.value, 1e-300)
        end.steps[gone.place], end.converged[gone.place] = gone.age, gone.small
        self.running = self.running.take(~done)
