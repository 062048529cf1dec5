"""Leverages of a fit's runs, summed into what intervals need of them."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.fit.evaluate import Evaluator
from isoflop.fit.leverage import Leverage
from isoflop.fit.objective import Objective
from isoflop.fit.problem import Problem

Array = NDArray[Any]

STEP: Final = 1e-5
"""Step of the central differences, in search coordinates of order one."""


def leverage_of(problem: Problem, objective: Objective, u: Array, draws: Array) -> Leverage | None:
    """Covariances of the estimated parameters as weighted refits show them, and whole.

    `c_i = (X' X)^-1 x_i` and `h_i = x_i' (X' X)^-1 x_i`, with `x_i` the slopes of run i's residual
    times the root of its weight.

    Reference: Cook and Weisberg 1982, Residuals and influence in regression, chapters 2 and 3.

    Args:
        problem: the bound law.
        objective: what was minimised.
        u: search coordinates of the optimum, shape (q,).
        draws: natural parameters of the refits, shape (draws, slots).

    Returns:
        Both; None with priors, which are drawn again whole, and where slopes are not finite.
    """
    if problem.priors:
        return None
    evaluator, size, free = Evaluator(problem, objective), len(u), list(problem.free)
    steps = STEP * np.eye(size)
    ends = problem.natural(np.stack([u + steps, u - steps]))[..., free]
    logarithmic: Array = np.all(draws[:, free] > 0, axis=0) & np.all(ends > 0, axis=(0, 1))
    with np.errstate(all="ignore"):
        entered = np.where(logarithmic, np.log(np.abs(ends)), ends)
        moved = np.concatenate([evaluator.residuals(row[None]) for row in (*(u + steps), *(u - steps))])
    slopes = ((moved[:size] - moved[size:]) / (2 * STEP)) * np.sqrt(problem.weights)
    rates = (entered[0] - entered[1]).T / (2 * STEP)
    if not (np.isfinite(slopes).all() and np.isfinite(rates).all()):
        return None
    pulls = inverse(slopes @ slopes.T) @ slopes
    left = np.clip(1 - np.einsum("ki,ki->i", slopes, pulls), 0.0, 1.0)
    pulls = rates @ pulls
    return Leverage(tuple(bool(x) for x in logarithmic), (pulls * left) @ pulls.T, pulls @ pulls.T)


def inverse(matrix: Array) -> Array:
    """Inverse of a symmetric matrix, scaled first, without its flat directions."""
    scale = 1 / np.sqrt(np.maximum(np.diag(matrix), 1e-300))
    inner = np.linalg.pinv(matrix * scale[:, None] * scale[None, :], rcond=1e-13, hermitian=True)
    return np.asarray(inner * scale[:, None] * scale[None, :])
