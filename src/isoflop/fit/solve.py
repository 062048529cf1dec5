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
"""Longest step in any search coordinate: a factor e^2 in a positive parameter."""

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


def _take(local: Local, index: Any) -> Local:
    return Local(local.value[index], local.slope[index], local.metric[index], local.curvature[index])


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
    q = local.slope.shape[1]
    diagonal = np.arange(q)
    metric = local.metric.copy()
    ridge = 1e-12 * metric[:, diagonal, diagonal] + 1e-280
    metric[:, diagonal, diagonal] += ridge
    matrix = local.curvature + damping[:, None, None] * metric
    matrix[:, diagonal, diagonal] += ridge
    scale = 1 / np.sqrt(metric[:, diagonal, diagonal])
    scaled = matrix * scale[:, :, None] * scale[:, None, :]
    # A tiny shift keeps an exactly singular member from stopping the whole batch.
    scaled[:, diagonal, diagonal] += 1e-15
    try:
        step = np.linalg.solve(scaled, -(local.slope * scale)[:, :, None])[:, :, 0] * scale
    except np.linalg.LinAlgError:
        step = np.stack([np.linalg.lstsq(a, -b, rcond=None)[0] for a, b in zip(scaled, local.slope * scale, strict=True)])
        step = step * scale
    linear = np.einsum("bi,bi->b", local.slope, step)
    bent = np.einsum("bi,bij,bj->b", step, matrix, step)
    good = (linear < 0) & (bent > 0) & np.isfinite(step).all(axis=1)
    return np.where(good[:, None], step, np.nan), -linear


def minimise(
    evaluator: Evaluator, start: Array, weights: Array | None = None, *, max_steps: int = 200, damping: float = 1.0
) -> Solution:
    """Minimise the objective from each start, all at once.

    Args:
        evaluator: the bound problem.
        start: search coordinates, shape (batch, q).
        weights: weight of each run in each replicate, shape (batch, n), or None.
        damping: weight of the re-weighting metric in the first step; small close to an optimum.
        max_steps: steps after which a search is given up.

    Returns:
        The end points; compare `converged`.
    """
    u = np.array(start, dtype=float)
    batch = len(u)
    with np.errstate(all="ignore"):
        local = evaluator.local(u, weights)
    final = Solution(u.copy(), local.value.copy(), np.full(batch, np.inf), np.zeros(batch, int), np.zeros(batch, bool))
    alive = np.flatnonzero(np.isfinite(local.value))
    u, local = u[alive], _take(local, alive)
    own = None if weights is None else weights[alive]
    brake, growth = np.full(len(alive), damping), np.full(len(alive), 2.0)
    with np.errstate(all="ignore"):
        for step_number in range(1, max_steps + 1):
            if not len(alive):
                break
            step, promise = _direction(local, brake)
            invalid = np.isnan(step[:, 0])
            step = np.where(invalid[:, None], 0.0, step)
            longest = np.abs(step).max(axis=1)
            step *= np.minimum(1.0, MAX_STEP / np.maximum(longest, 1e-300))[:, None]
            new = evaluator.local(u + step, own)
            gain = local.value - new.value
            model = -np.einsum("bi,bi->b", local.slope, step) - 0.5 * np.einsum("bi,bij,bj->b", step, local.curvature, step)
            small = ~invalid & (promise <= TOLERANCE * local.value + 1e-300)
            accept = ~invalid & np.isfinite(new.value) & ((gain > 0) | (small & (gain >= -1e-13 * local.value)))
            ratio = np.where(model > 0, gain / np.maximum(model, 1e-300), np.where(gain > 0, 1.0, -1.0))
            u = np.where(accept[:, None], u + step, u)
            local = _merge(local, new, accept)
            factor = np.where(ratio > 0.75, 0.1, np.where(ratio > 0.25, 1.0, 3.0))
            brake = np.where(accept, brake * factor, np.maximum(brake, 1e-10) * growth * 2)
            growth = np.where(accept, 2.0, np.minimum(growth * 2, 64.0))
            done = (small & (brake < 1e-2)) | (brake > 1e14) | (small & ~accept)
            if done.any() or step_number == max_steps:
                ended = done | (step_number == max_steps)
                where = alive[ended]
                final.u[where], final.value[where] = u[ended], local.value[ended]
                final.promise[where] = (promise / np.maximum(local.value, 1e-300))[ended]
                final.steps[where] = step_number
                final.converged[where] = small[ended]
                keep = ~ended
                alive, u, local = alive[keep], u[keep], _take(local, keep)
                brake, growth = brake[keep], growth[keep]
                own = None if own is None else own[keep]
    return final
