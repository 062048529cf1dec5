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

Array = NDArray[Any]

MAX_STEP: Final = 2.0
"""Longest step in any search coordinate of size up to 1, longer in proportion beyond."""

GRACE: Final = 1.5
"""Two searches that have met end the others after this many times their own steps."""

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


def _take(local: Local, index: Array) -> Local:
    return Local(local.value[index], local.slope[index], local.metric[index], local.curvature[index])


def _hold(local: Local, held: Array | None) -> Local:
    """The objective as a function of the other coordinates: the held ones have no slope and mix with none."""
    if held is None:
        return local
    crossed = held[:, :, None] | held[:, None, :]
    own = np.eye(held.shape[1])
    metric, curvature = (np.where(crossed, own, m) for m in (local.metric, local.curvature))
    return Local(local.value, np.where(held, 0.0, local.slope), metric, curvature)


def _merge(old: Local, new: Local, accept: Array) -> Local:
    pick = np.where
    return Local(
        pick(accept, new.value, old.value),
        pick(accept[:, None], new.slope, old.slope),
        pick(accept[:, None, None], new.metric, old.metric),
        pick(accept[:, None, None], new.curvature, old.curvature),
    )


def _direction(local: Local, damping: Array) -> tuple[Array, Array]:
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
    linear = (local.slope * step).sum(axis=1)
    bent = (np.matmul(matrix, step[:, :, None])[:, :, 0] * step).sum(axis=1)
    good = (linear < 0) & (bent > 0) & np.isfinite(step).all(axis=1)
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
        tolerance: a step that promises less than this share of the objective ends a search.

    Returns:
        The end points; compare `converged`.
    """
    u = np.array(start, dtype=float)
    search = _Search(
        evaluator, u, weights, damping=damping, exact=exact, held=held, ceiling=ceiling, tolerance=tolerance
    )
    with np.errstate(all="ignore"):
        for _ in range(max_steps):
            if not len(search.alive) or (enough is not None and search.settled(enough)):
                break
            search.step()
        search.finish(np.ones(len(search.alive), dtype=bool))
    return Solution(search.end_u, search.end_value, search.end_promise, search.end_steps, search.end_converged)


class _Search:
    """State of a batch of searches; those that have ended leave the batch."""

    def __init__(
        self, evaluator: Evaluator, u: Array, weights: Array | None, *,
        damping: float, exact: bool, held: Array | None, ceiling: Array | None, tolerance: float,
    ) -> None:  # fmt: skip
        batch = len(u)
        self.evaluator, self.exact = evaluator, exact
        self.rounding = 1e-4 * evaluator.problem.rounding
        # Replicates that start at one point share what the law gives there.
        alike = weights is not None and not evaluator.problem.priors and bool((u == u[:1]).all())
        local = _hold(evaluator.local(u[:1] if alike else u, weights, exact=exact), held)
        self.end_u, self.end_value = u.copy(), local.value.copy()
        self.end_promise = np.full(batch, np.inf)
        self.end_steps = np.zeros(batch, dtype=int)
        self.end_converged = np.zeros(batch, dtype=bool)
        self.alive = np.flatnonzero(np.isfinite(local.value))
        self.u, self.local = u[self.alive], _take(local, self.alive)
        self.weights = None if weights is None else weights[self.alive]
        self.held = None if held is None else held[self.alive]
        self.ceiling = None if ceiling is None else ceiling[self.alive]
        self.brake = np.full(len(self.alive), damping)
        self.growth = np.full(len(self.alive), 2.0)
        self.promise = np.full(len(self.alive), np.inf)
        self.small = np.zeros(len(self.alive), dtype=bool)
        self.tolerance = tolerance
        self.count = 0
        self.met_at = 0

    def agreeing(self) -> int:
        """Searches that have ended at the best value so far, none still running below it."""
        if not self.end_converged.any():
            return 0
        best = self.end_value[self.end_converged].min()
        if len(self.alive) and self.local.value.min() < best * (1 - 1e-9):
            return 0
        return int((self.end_converged & (self.end_value <= best * (1 + 1e-9) + self.rounding)).sum())

    def settled(self, enough: int) -> bool:
        """Whether so many searches have met, or two have and the others have had as many steps again."""
        met = self.agreeing()
        if met < 2:
            self.met_at = 0
        elif not self.met_at:
            self.met_at = self.count
        return met >= enough or (met >= 2 and self.count >= GRACE * self.met_at)

    def step(self) -> None:
        """One damped step of every running search."""
        self.count += 1
        local = self.local
        step, promise = _direction(local, self.brake)
        invalid = np.isnan(step[:, 0])
        step = np.where(invalid[:, None], 0.0, step)
        longest = (np.abs(step) / np.maximum(np.abs(self.u), 1.0)).max(axis=1)
        step *= np.minimum(1.0, MAX_STEP / np.maximum(longest, 1e-300))[:, None]
        new = _hold(self.evaluator.local(self.u + step, self.weights, exact=self.exact), self.held)
        gain = local.value - new.value
        bent = np.matmul(local.curvature, step[:, :, None])[:, :, 0]
        model = -((local.slope + 0.5 * bent) * step).sum(axis=1)
        small = ~invalid & (promise <= self.tolerance * local.value + self.rounding)
        accept = ~invalid & np.isfinite(new.value) & ((gain > 0) | (small & (gain >= -1e-13 * local.value)))
        ratio = np.where(model > 0, gain / np.maximum(model, 1e-300), np.where(gain > 0, 1.0, -1.0))
        if accept.all():
            self.u, self.local = self.u + step, new
        else:
            self.u = np.where(accept[:, None], self.u + step, self.u)
            self.local = _merge(local, new, accept)
        factor = np.where(ratio > 0.75, 0.1, np.where(ratio > 0.25, 1.0, 3.0))
        self.brake = np.where(accept, self.brake * factor, np.maximum(self.brake, 1e-2) * self.growth * 2)
        self.growth = np.where(accept, 2.0, np.minimum(self.growth * 2, 64.0))
        self.promise, self.small = promise, small
        done = (small & (self.brake < 1e-2)) | (self.brake > 1e14) | (small & ~accept)
        if self.ceiling is not None:
            # A full step promises half of `promise`; four times as much is allowed for.
            done |= local.value - 2 * promise > self.ceiling
        self.finish(done)

    def finish(self, done: Array) -> None:
        """Write down the searches that have ended and drop them from the batch."""
        if not done.any():
            return
        where = self.alive[done]
        self.end_u[where], self.end_value[where] = self.u[done], self.local.value[done]
        self.end_promise[where] = (self.promise / np.maximum(self.local.value, 1e-300))[done]
        self.end_steps[where], self.end_converged[where] = self.count, self.small[done]
        keep = ~done
        self.alive, self.u, self.local = self.alive[keep], self.u[keep], _take(self.local, keep)
        self.brake, self.growth = self.brake[keep], self.growth[keep]
        self.promise, self.small = self.promise[keep], self.small[keep]
        self.weights = None if self.weights is None else self.weights[keep]
        self.held = None if self.held is None else self.held[keep]
        self.ceiling = None if self.ceiling is None else self.ceiling[keep]
