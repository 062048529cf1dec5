"""Maximum likelihood of two positive parameters, for many weightings of the problems at once."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
LogChance = Callable[[Array, Array], Array]
"""From alpha and beta, each (batch,), to the log of the chance of every row, (batch, rows)."""

DELTA: Final = 3e-4
"""Step of the differences in log parameters: their error is below 1e-7 of a standard error."""
ENOUGH: Final = 1e-9
"""Log-likelihood that a Newton step still promises when the search ends."""
ROUNDS: Final = 60
LONGEST: Final = 1.5
"""Longest step in log parameters."""
SNAP: Final = 0.05
"""Distance in log parameters at which a bound is tried."""
BATCH: Final = 50
"""Weightings worked on at once."""

_STENCIL: Final = np.array([(0, 0), (1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, -1)], float) * DELTA
_SHORTER: Final = np.array([1.0, 0.5, 0.2, 0.05, 0.01])


@dataclass(frozen=True, eq=False)
class Summits:
    """Where the likelihood is largest.

    Args:
        parameters: alpha and beta, shape (weightings, 2).
        value: weighted log-likelihood, shape (weightings,).
        converged: whether the search ended at a maximum, inside or at a bound, shape (weightings,).
    """

    parameters: Array
    value: Array
    converged: Array


def climb(log_chance: LogChance, weights: Array, start: Array, bounds: tuple[float, float]) -> Summits:
    """Maximise weighted log-likelihoods by Newton's method in the logarithms of both parameters.

    Args:
        log_chance: of the rows.
        weights: how often each row counts, shape (weightings, rows).
        start: alpha and beta, shape (weightings, 2).
        bounds: smallest and largest value of both.

    Returns:
        The maxima.
    """
    parts = [
        _climb(log_chance, weights[k : k + BATCH], np.log(start[k : k + BATCH]), np.log(bounds))
        for k in range(0, len(weights), BATCH)
    ]
    joined = [np.concatenate(values) for values in zip(*parts, strict=True)]
    return Summits(np.exp(joined[0]), joined[1], joined[2])


def loosest(log_chance: LogChance, weights: Array, at: Array) -> float:
    """Standard error of the combination of both log parameters that the counts tell least about.

    Args:
        log_chance: of the rows.
        weights: how often each row counts, shape (rows,).
        at: alpha and beta at the maximum, shape (2,).

    Returns:
        One over the root of the least curvature there; infinite where the likelihood is flat.
    """
    _, bend = _slopes(log_chance, weights[None], np.log(at)[None])
    least = float(np.linalg.eigvalsh(-bend[0])[0])
    return 1 / float(np.sqrt(least)) if least > 0 else float("inf")


def _climb(log_chance: LogChance, weights: Array, at: Array, ends: Array) -> tuple[Array, Array, Array]:
    """Climb with one batch; log parameters, values and whether each ended at a maximum."""
    at, done = np.clip(at, *ends), np.zeros(len(at), bool)
    value = _values(log_chance, weights, at[:, None])[:, 0]
    for _ in range(ROUNDS):
        left = np.flatnonzero(~done)
        if not len(left):
            break
        at[left], value[left] = _snapped(log_chance, weights[left], at[left], value[left], ends)
        slope, bend = _slopes(log_chance, weights[left], at[left])
        # At an end that the likelihood pushes against, the other parameter moves alone.
        held = ((at[left] <= ends[0]) & (slope < 0)) | ((at[left] >= ends[1]) & (slope > 0))
        step = _newton(np.where(held, 0.0, slope), bend, held)
        done[left] = np.sum(slope * step, axis=1) < ENOUGH
        tried = np.clip(at[left, None] + _SHORTER[:, None] * step[:, None], *ends)
        found = _values(log_chance, weights[left], tried)
        best = np.argmax(found, axis=1)
        rows = np.arange(len(left))
        better = found[rows, best] > value[left]
        at[left] = np.where(better[:, None], tried[rows, best], at[left])
        value[left] = np.where(better, found[rows, best], value[left])
        done[left] |= ~better & (np.sum(slope * step, axis=1) < 1e-6)
        if not (better | done[left]).any():
            break
    return at, value, done


def _snapped(log_chance: LogChance, weights: Array, at: Array, value: Array, ends: Array) -> tuple[Array, Array]:
    """Parameters next to a bound moved onto it where that is higher, or they would creep up to it for ever."""
    onto = np.where(at > ends[1] - SNAP, ends[1], np.where(at < ends[0] + SNAP, ends[0], at))
    moved = np.flatnonzero(np.any(onto != at, axis=1))
    if not len(moved):
        return at, value
    found = _values(log_chance, weights[moved], onto[moved, None])[:, 0]
    higher = moved[found > value[moved]]
    at, value = at.copy(), value.copy()
    at[higher], value[higher] = onto[higher], found[found > value[moved]]
    return at, value


def _values(log_chance: LogChance, weights: Array, at: Array) -> Array:
    """Weighted log-likelihoods, shape (weightings, places), at log parameters of shape (weightings, places, 2)."""
    alpha, beta = np.exp(at.reshape(-1, 2)).T
    # A chance that underflows counts as the smallest there is: far from any maximum, but finite.
    logs = np.maximum(log_chance(alpha, beta), -700.0).reshape(*at.shape[:2], -1)
    return np.asarray(np.einsum("dpr,dr->dp", logs, weights))


def _slopes(log_chance: LogChance, weights: Array, at: Array) -> tuple[Array, Array]:
    """Gradient, shape (weightings, 2), and second derivatives, (weightings, 2, 2), by central differences."""
    f = _values(log_chance, weights, at[:, None] + _STENCIL)
    slope = np.stack([f[:, 1] - f[:, 2], f[:, 3] - f[:, 4]], axis=1) / (2 * DELTA)
    own = [(f[:, k] + f[:, k + 1] - 2 * f[:, 0]) / DELTA**2 for k in (1, 3)]
    cross = ((f[:, 5] + f[:, 6] - 2 * f[:, 0]) / DELTA**2 - own[0] - own[1]) / 2
    return slope, np.stack([np.stack([own[0], cross], -1), np.stack([cross, own[1]], -1)], axis=1)


def _newton(slope: Array, bend: Array, held: Array) -> Array:
    """Newton's step uphill, no longer than `LONGEST`; parameters that are held stay."""
    free = (~held).astype(float)
    curved = -bend * free[:, :, None] * free[:, None, :] + np.eye(2) * held[:, :, None]
    sizes, axes = np.linalg.eigh(curved)
    # Where the likelihood is not concave the step follows the slope at the same curvature.
    sizes = np.maximum(np.abs(sizes), 1e-6 * np.abs(sizes).max(axis=1, keepdims=True) + 1e-12)
    step = np.einsum("dij,dj->di", axes, np.einsum("dij,di->dj", axes, slope) / sizes)
    longest = np.abs(step).max(axis=1, keepdims=True)
    return np.asarray(step * np.minimum(1.0, LONGEST / np.maximum(longest, 1e-300)))
