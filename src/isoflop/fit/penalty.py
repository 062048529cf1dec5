"""What the priors add to the objective."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoflop.fit.problem import Problem

Array = NDArray[Any]


def penalty(problem: Problem, u: Array, weights: Array | None) -> tuple[Array, Array, Array, Array]:
    """Contribution of the priors; columns of `weights` beyond the runs move their means.

    Args:
        problem: the bound law with its priors.
        u: search coordinates, shape (batch, q).
        weights: weights of the runs and shifts of the means, shape (batch, n + priors), or None.

    Returns:
        Value (batch,), slope (batch, q), metric and curvature (batch, q, q).
    """
    batch, q = len(u), problem.size
    value, slope = np.zeros(batch), np.zeros((batch, q))
    metric, curvature = np.zeros((batch, q, q)), np.zeros((batch, q, q))
    place = _places(problem)
    for number, prior in enumerate(problem.priors):
        k = place[prior.slot]
        theta, first, second = problem.slots[prior.slot].chain(u[:, k])
        gap = theta - prior.mean - _moved(problem, weights, number)
        weight = problem.prior_weight / prior.sd**2
        value += 0.5 * weight * gap**2
        slope[:, k] += weight * gap * first
        metric[:, k, k] += weight * first**2
        curvature[:, k, k] += weight * (first**2 + gap * second)
    return value, slope, metric, curvature


def penalties(problem: Problem, u: Array, weights: Array) -> Array:
    """Value of every point under the shifted means of every replicate, shape (replicates, points)."""
    value = np.zeros((len(weights), len(u)))
    place = _places(problem)
    for number, prior in enumerate(problem.priors):
        theta = problem.slots[prior.slot].natural(u[:, place[prior.slot]])
        gap = theta - prior.mean - np.reshape(_moved(problem, weights, number), (-1, 1))
        value += 0.5 * problem.prior_weight / prior.sd**2 * gap**2
    return value


def _places(problem: Problem) -> dict[int, int]:
    """Search coordinate of every free slot."""
    return {int(i): k for k, i in enumerate(problem.free)}


def _moved(problem: Problem, weights: Array | None, number: int) -> Array:
    """How far a prior's mean is moved in each replicate."""
    if weights is None or weights.shape[1] == problem.rows:
        return np.zeros(1)
    return np.asarray(weights[:, problem.rows + number])
