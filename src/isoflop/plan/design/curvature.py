"""What the law may miss in second order, and how a fit to chosen runs would carry that to the target."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.fit.result import Fit
from isoflop.plan.design.aim import Aim
from isoflop.plan.design.candidates import Candidates
from isoflop.plan.design.linear import Linear
from isoflop.runs.table import RunTable

Array = NDArray[Any]

TYPICAL: Final = 0.0025
"""Standard deviation of second derivatives of ln L in ln N and ln D that a law gets wrong.

Those of Chinchilla's, Skaling's and Farseer's laws, all fitted to Epoch's points, differ by .0013 to .0050
between 1B and 70B parameters at 20 tokens per parameter.
"""
SIZES: Final = np.geomspace(1e-4, 5e-2, 61)
"""Values over which the runs' own evidence is weighed."""
SPARE: Final = 3
"""Degrees of freedom beyond law and second order from which the runs have a say."""


@dataclass(frozen=True)
class Bias:
    """A random quadratic form around the target, which the law lacks, `d(x) = z' H z/2` with `z = ln x - ln x0`.

    Args:
        features: its terms at every candidate, shape (m, r).
        wanted: the same at what is wanted, shape (t, r).
        taken: what the runs so far make of it, `sum J phi'/sigma^2`, shape (k, r).
        size: standard deviation of the entries of H.
    """

    features: Array
    wanted: Array
    taken: Array
    size: float


@dataclass(frozen=True)
class Wanted:
    """Means over what is wanted, with slopes g and missed part phi_0.

    Args:
        gram: mean of `g g'`, shape (k, k).
        cross: mean of `g phi_0'`, shape (k, r).
        own: mean of `|phi_0|^2`.
    """

    gram: Array
    cross: Array
    own: float

    @classmethod
    def of(cls, targets: Array, missed: Array) -> "Wanted":
        """The means over rows of slopes, shape (t, k), and of missed parts, shape (t, r)."""
        count = len(targets)
        return cls(targets.T @ targets / count, targets.T @ missed / count, float(np.sum(missed**2)) / count)


@dataclass(frozen=True)
class Carried:
    """How the missed part reaches what is wanted through a fit.

    Args:
        wanted: what is wanted.
        spread: covariance S of the directions, shape (k, k).
        pull: `P = sum J phi'/sigma^2` of all runs, shape (k, r).
        features: terms at the candidates, shape (m, r).
    """

    wanted: Wanted
    spread: Array
    pull: Array
    features: Array

    def value(self) -> float:
        """Mean squared bias `|phi_0 - g' S P|^2`."""
        moved = self.spread @ self.pull
        total = self.wanted.own - 2 * np.sum(moved * self.wanted.cross) + np.sum(moved * (self.wanted.gram @ moved))
        return max(float(total), 0.0)

    def gains(self, slopes: Array, weight: Array) -> Array:
        """How much one run of some information at each candidate lowers it; negative where it adds bias.

        One run turns `A = S P` into `A + u v'` with `u = S J` and `v = w (phi - P' u)/(1 + w J' u)`.

        Args:
            slopes: of the candidates, shape (m, k).
            weight: information of the run, shape (m,).

        Returns:
            The decrease, shape (m,).
        """
        moved = slopes @ self.spread
        size = 1 + weight * np.einsum("mk,mk->m", moved, slopes)
        turned = (self.features - moved @ self.pull) * (weight / size)[:, None]
        missed = self.wanted.cross - self.wanted.gram @ (self.spread @ self.pull)
        along = np.einsum("mr,mr->m", moved @ missed, turned)
        reached = np.einsum("mk,mk->m", moved @ self.wanted.gram, moved)
        return np.asarray(2 * along - reached * np.einsum("mr,mr->m", turned, turned))


def bias_of(fit: Fit, table: RunTable, pool: Candidates, aim: Aim, own: Linear, *, size: float | None) -> Bias | None:
    """What the law may miss, as large as its runs say.

    A law that is right to first order around the target and wrong in second order biases the forecast
    by what a fit to the chosen runs makes of `z' H z/2`; no number of small runs averages that out.

    Reference: Box and Draper 1959, Journal of the American Statistical Association 54, 622.

    Args:
        fit: the fit.
        table: its runs.
        pool: the candidates.
        aim: what is wanted.
        own: the linear problem with the fit's own runs as candidates.
        size: standard deviation of the second derivatives that are missed; from the runs when None.

    Returns:
        The bias; None where no column holds positive numbers, or the size is 0.
    """
    words = [
        w for w, v in aim.points.items()
        if v.dtype != object and np.all(v > 0) and np.all(pool.columns[w].astype(float) > 0)
        and np.all(table.column(w) > 0)
    ]  # fmt: skip
    if not words or size == 0:
        return None
    centre = np.array([np.log(aim.points[w].astype(float)).mean() for w in words])

    def features(columns: Any) -> Array:  # noqa: ANN401 - mapping of columns
        return _quadratic(np.stack([np.log(np.asarray(columns[w], dtype=float)) for w in words], axis=1) - centre)

    seen = features({w: table.column(w) for w in words})
    if size is None:
        residuals = fit.residuals if fit.objective.log else fit.residuals / _fitted(fit, table)
        size = learned(residuals, own.runs, seen)
    taken = (own.runs / own.noise[:, None] ** 2).T @ seen
    return Bias(size * features(pool.columns), size * (aim.combine @ features(aim.points)), size * taken, size)


def _fitted(fit: Fit, table: RunTable) -> Array:
    """Fitted values of the runs."""
    return np.asarray(table.column(fit.response) - fit.residuals)


def _quadratic(z: Array) -> Array:
    """Terms of `z' H z/2` with independent entries of H, shape (n, d (d + 1)/2)."""
    d = z.shape[1]
    terms = [(0.5 if i == j else 1.0) * z[:, i] * z[:, j] for i in range(d) for j in range(i, d)]
    return np.stack(terms, axis=1)


def learned(residuals: Array, slopes: Array, features: Array) -> float:
    """Size of the missed part by the residuals of the runs.

    Restricted likelihood of `r = (I - H)(Phi h + e)` with `h ~ N(0, size^2)` and the noise of what neither the
    law nor the second order explains, under a half-Cauchy prior of scale `TYPICAL`; the root of the posterior
    mean of `size^2`.

    Args:
        residuals: of ln L, shape (n,).
        slopes: of the runs in the law's directions, shape (n, k).
        features: terms of second order, shape (n, r).

    Returns:
        The size; `TYPICAL` where the runs are too few to have a say.
    """
    n = len(residuals)
    left, held, _ = np.linalg.svd(slopes, full_matrices=True)
    rest = left[:, int(np.sum(held > 1e-9 * held.max(initial=0.0))) :]
    axes, scale, _ = np.linalg.svd(rest.T @ features, full_matrices=False)
    kept = scale > 1e-9 * scale.max(initial=0.0)
    axes, scale, freedom = axes[:, kept], scale[kept], rest.shape[1] - int(kept.sum())
    if freedom < SPARE or n <= slopes.shape[1]:
        return TYPICAL
    seen = rest.T @ residuals
    parts = axes.T @ seen
    noise = max(float(seen @ seen - parts @ parts), 0.0) / freedom
    variance = noise + np.square(SIZES)[:, None] * scale**2
    if not (variance > 0).all():
        return TYPICAL
    evidence = -0.5 * np.sum(np.log(variance) + parts**2 / variance, axis=1)
    # On a grid of equal steps in ln size the prior is density times size.
    weight = np.exp(evidence - evidence.max()) * SIZES / (1 + (SIZES / TYPICAL) ** 2)
    return float(np.sqrt(np.sum(weight * SIZES**2) / np.sum(weight)))
