"""A fit as a linear problem around its optimum: how candidates and targets move with what is not known."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import LawError
from isoflop.fit.coordinates import Slot
from isoflop.fit.objective import Objective
from isoflop.fit.result import Fit
from isoflop.fit.values import evaluate_slots
from isoflop.plan.design.aim import Aim
from isoflop.plan.design.candidates import Candidates
from isoflop.runs.table import RunTable
from isoflop.uncertainty.delta import STEP, covariance

Array = NDArray[Any]

VAGUE: Final = 4.0
"""Standard deviation of the prior of every search coordinate: a factor of 55 for a positive parameter."""
SMALLEST: Final = 1e-4
"""Directions whose spread is below this share of the largest are left out."""
SAMPLE: Final = 200
"""Candidates whose draws span the directions that are kept."""


@dataclass(frozen=True)
class Linear:
    """Slopes of ln L in directions of unit prior variance.

    Args:
        runs: slopes at the candidates, shape (m, k).
        targets: slopes of what is wanted, shape (t, k).
        parameters: slopes of the search coordinates, shape (q, k).
        value: the fit's own ln L at what is wanted (or difference of them), shape (t,).
        noise: standard deviation of ln L of one run at each candidate, as the objective counts it, shape (m,).
    """

    runs: Array
    targets: Array
    parameters: Array
    value: Array
    noise: Array

    @cached_property
    def pressed(self) -> Array:
        """At most k rows with the same mean of `g g'` as the targets: many targets cost no more than a few."""
        count, k = self.targets.shape
        if count <= k:
            return self.targets
        _, size, axes = np.linalg.svd(self.targets, full_matrices=False)
        return np.asarray(np.sqrt(k / count) * size[:, None] * axes)


def from_delta(fit: Fit, table: RunTable, candidates: Candidates, aim: Aim) -> Linear:
    """Slopes at the optimum, in units of the curvature's covariance.

    Reference: D-, A-, c- and V-optimality as in Atkinson, Donev and Tobias 2007, chapters 10 and 17.

    Args:
        fit: the fit; draws are not needed.
        table: its runs.
        candidates: runs that could be bought.
        aim: what is wanted.

    Returns:
        The linear problem; a vague prior keeps directions bounded that the runs leave open.
    """
    found = covariance(fit, table)
    slots = [found.problem.slots[i] for i in found.problem.free]
    bounded = [slot.low == 0 or np.isfinite(slot.high) for slot in slots]
    wide = np.where(bounded, VAGUE, 1e6 * (1 + np.abs(found.u)))
    scaled = found.matrix / np.outer(wide, wide)
    spread, axes = np.linalg.eigh((scaled + scaled.T) / 2)
    spread = np.clip(spread, 0.0, None)
    root = wide[:, None] * axes * np.sqrt(spread / (1 + spread))
    q = len(found.u)
    moved = np.concatenate([[found.u], found.u + STEP * np.eye(q), found.u - STEP * np.eye(q)])
    theta = found.problem.natural(moved)

    def slopes(values: Array) -> Array:
        return np.asarray((values[1 : q + 1] - values[q + 1 :]).T / (2 * STEP) @ root)

    at_runs = _log_values(fit, theta, candidates)
    at_targets = aim.log_values(fit, theta)
    noise = effective_noise(fit.objective, fit.residuals, found.freedom, found.problem.weights)
    return _checked(Linear(slopes(at_runs), slopes(at_targets), root, at_targets[0], _relative(fit, noise, at_runs[0])))


def from_draws(fit: Fit, candidates: Candidates, aim: Aim) -> Linear:
    """Slopes along the draws: every draw is a direction, and the many are pressed into the few that matter.

    What a run would teach is the regression of the target's draws on the run's draws; nothing is
    linearised at the optimum.

    Args:
        fit: a fit with draws.
        candidates: runs that could be bought.
        aim: what is wanted.

    Returns:
        The linear problem.

    Raises:
        LawError: the fit has no draws.
    """
    if fit.draws is None:
        raise LawError(
            "This fit has no draws. Fit with bootstrap=1000, or give its runs for the curvature's covariance."
        )
    draws = fit.draws[np.isfinite(fit.draws).all(axis=1)]
    theta = np.concatenate([fit.theta[None], draws])
    at_runs, at_targets = _log_values(fit, theta, candidates), aim.log_values(fit, theta)
    good = np.isfinite(at_runs[1:]).all(axis=1) & np.isfinite(at_targets[1:]).all(axis=1)
    small = fit.correction
    factor = np.sqrt(small.rows / small.freedom if small.lost else 1.0) / np.sqrt(max(good.sum() - 1, 1))
    parts = [at_runs[1:][good], at_targets[1:][good], _search(fit, draws[good])]
    rows = [(part - part.mean(axis=0)).T * factor for part in parts]
    # Candidates move together: an even sample of them spans what all of them do.
    sample = rows[0][np.unique(np.linspace(0, len(candidates) - 1, SAMPLE).astype(int))]
    axes, power, _ = np.linalg.svd(np.concatenate([sample, rows[1]]).T, full_matrices=False)
    kept = axes[:, power > SMALLEST * power[0]]
    freedom = max(fit.rows - sum(fit.free), 1)
    noise = effective_noise(fit.objective, fit.residuals, freedom, np.ones(len(fit.residuals)))
    runs, targets, parameters = (row @ kept for row in rows)
    return _checked(Linear(runs, targets, parameters, at_targets[0], _relative(fit, noise, at_runs[0])))


def effective_noise(objective: Objective, residuals: Array, freedom: int, weights: Array) -> float:
    """Noise of one run as an M-estimator feels it: `sqrt(sum w psi^2/(n-p)) / mean(w psi')`.

    Args:
        objective: what was minimised.
        residuals: of the fitted runs, shape (n,).
        freedom: degrees of freedom n - p.
        weights: of the runs, shape (n,).

    Returns:
        Standard deviation; that of least squares is the residuals' own.
    """
    slope = objective.slopes(residuals)[0]
    pull = float(np.sum(weights * slope**2)) / freedom
    return float(np.sqrt(pull) / objective.stiffness(residuals, weights))


def _log_values(fit: Fit, theta: Array, candidates: Candidates) -> Array:
    """Ln L of every candidate for a batch of parameter vectors."""
    with np.errstate(all="ignore"):
        return np.asarray(np.log(evaluate_slots(fit.law, fit.levels, theta, candidates.columns)))


def _relative(fit: Fit, noise: float, log_values: Array) -> Array:
    """Noise of ln L at every candidate."""
    return np.full(len(log_values), noise) if fit.objective.log else noise / np.exp(log_values)


def _search(fit: Fit, draws: Array) -> Array:
    """Draws of the free parameters in unbounded coordinates: logarithms of positive ones."""
    columns = []
    for k, name in enumerate(fit.names):
        if fit.free[k]:
            domain = fit.law.domain(name.partition("[")[0])
            low, high = {"positive": (0.0, np.inf), "real": (-np.inf, np.inf)}.get(domain, domain)  # type: ignore[arg-type]
            columns.append(Slot(name, 0, None, float(low), float(high), tape_log=False).outer(draws[:, k]))
    return np.stack(columns, axis=1)


def _checked(found: Linear) -> Linear:
    """Refuse a problem whose slopes are no numbers."""
    if not (np.isfinite(found.runs).all() and np.isfinite(found.targets).all() and np.isfinite(found.value).all()):
        raise LawError(
            "The law has no positive finite value at some candidates or targets, or hardly any draw has one. "
            "Choose candidates and a target nearer to the runs."
        )
    return found
