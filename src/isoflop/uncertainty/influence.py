"""How far each run pulls a derived quantity: what a small-sample correction must know of the design."""

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.fit.estimate import Correction
from isoflop.fit.evaluate import Evaluator
from isoflop.fit.result import Fit
from isoflop.runs.table import RunTable
from isoflop.uncertainty.delta import STEP, Covariance, covariance

Array = NDArray[Any]

NUDGE: Final = 0.05
"""A run is moved by this share of its noise: small against the law's curvature, large against rounding."""
LEAST: Final = 1e-6
"""Noise that is assumed where the fit leaves none."""
ALONE: Final = 1e-6
"""Share of its own noise that a run must keep as residual; else a parameter is its alone."""


@dataclass(frozen=True)
class Influence:
    """What the fit becomes when one run moves, for every run.

    Args:
        theta: parameters after run i has moved a little, shape (n, slots).
        maker: residuals per unit of noise, I - H, shape (n, n).
    """

    theta: Array
    maker: Array


def influence(fit: Fit, table: RunTable) -> Influence:
    """Parameters after each run has moved a little, and how residuals follow noise.

    `du_i = (J' W J)^-1 J_i w_i dy_i` and `H = W^(1/2) J (J' W J)^-1 J' W^(1/2)`.

    Reference: Cook and Weisberg 1982, Residuals and influence in regression, chapters 2 and 3.

    Args:
        fit: the fit.
        table: its runs.

    Returns:
        One parameter vector per run, and I - H.

    Raises:
        FitError: these are not the runs of the fit.

    >>> import isoflop as iso
    >>> runs = iso.as_runs({"C": [1e18, 1e19, 1e20, 1e21], "loss": [3.1, 2.71, 2.4, 2.2]})
    >>> fit = iso.fit("K*C^-a", runs, bootstrap=0, objective="log-ls")
    >>> leverage = 1 - np.diag(influence(fit, runs).maker)
    >>> leverage.round(3).tolist()
    [0.7, 0.3, 0.3, 0.7]
    """
    found = covariance(fit, table)
    problem, q = found.problem, len(found.u)
    moved = found.u + STEP * np.concatenate([np.eye(q), -np.eye(q)])
    residuals = Evaluator(problem, fit.objective).residuals(moved)
    slopes = ((residuals[q:] - residuals[:q]) / (2 * STEP)).T * np.sqrt(problem.weights)[:, None]
    solved = found.matrix / _variance(fit, found)
    hat = slopes @ solved @ slopes.T
    size = NUDGE * max(found.noise, LEAST)
    steps = (slopes * np.sqrt(problem.weights)[:, None]) @ solved * size
    return Influence(problem.natural(found.u + steps), np.eye(len(hat)) - hat)


def _variance(fit: Fit, found: Covariance) -> float:
    """What the covariance was multiplied by; without priors H is then a projection."""
    weights = found.problem.weights
    pull = float(np.sum(weights * fit.objective.slopes(fit.residuals)[0] ** 2)) / found.freedom
    return max(pull / fit.objective.stiffness(fit.residuals, weights) ** 2, LEAST**4)


def corrected(base: Correction, pull: Array, maker: Array) -> Correction:
    """A correction for the quantity that runs pull with `pull`.

    Weighted refits spread by `v = sum c_i^2 r_i^2` with `r = (I - H) e`, whose mean is
    `sigma^2 sum c_i^2 (1 - h_i)`. It is brought to the jackknife's, `sigma^2 sum c_i^2/(1 - h_i)`:
    what a fit without run i would miss it by, which counts where a few runs at the end of the range decide.

    Reference: MacKinnon and White 1985, Journal of Econometrics 29, 305.

    Args:
        base: the fit's correction.
        pull: change c_i of the quantity when run i moves, shape (n,), in any unit.
        maker: I - H, shape (n, n).

    Returns:
        The correction; the fit's own where its draws do not lack the noise that the parameters took
        up, where no run moves the quantity, or where a run decides it alone.

    >>> corrected(Correction(4, 1), np.ones(4), np.eye(4) - 0.25).kept
    0.5625
    """
    largest = float(np.max(np.abs(pull), initial=0.0))
    left = np.diag(maker)
    if not (base.lost and np.isfinite(largest) and largest > 0 and (left > ALONE).all()):
        return base
    squares = (pull / largest) ** 2
    mean = float(squares @ np.diag(maker @ maker))
    return replace(base, kept=mean / float(np.sum(squares / left)))
