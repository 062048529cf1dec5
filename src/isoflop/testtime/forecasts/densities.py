"""Densities of pass rates on cells of log-odds, with or without impossible problems, by penalised likelihood."""

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from isoflop.testtime.forecasts.cells import Cells

Array = NDArray[Any]
Kind = Literal["scaled beta", "normal log-odds", "free form"]

KINDS: Final[tuple[Kind, ...]] = ("scaled beta", "normal log-odds", "free form")

BUMPS: Final = 5
"""Bumps by which a free form differs from a scaled beta."""
TOP: Final = 3.0
"""Log-odds of the highest bump; the lowest lies where a problem is solved once in e times its samples."""
OVERLAP: Final = 0.75
"""Width of a bump in distances between them."""
HEIGHT: Final = 1.5
"""Standard deviation of a bump's height in the log of the density, before any count is seen."""
LOOSE: Final = 0.02
"""Curvature of the penalty on the two other coefficients, far below what a few dozen problems say of them."""
ROUNDS: Final = 60
ENOUGH: Final = 1e-3
"""Log-likelihood that a Newton step still promises when the search ends: a twentieth of a standard error."""
LONGEST: Final = 3.0
"""Longest step of a coefficient."""
TINY: Final = 1e-300

_SHORTER: Final = (1.0, 0.5, 0.2, 0.05, 0.01, 0.001)


@dataclass(frozen=True, eq=False)
class Density:
    """Log of the density of t is linear in some functions of it: an exponential family.

    Args:
        cells: where it is, and what the counts say there.
        basis: the functions, shape (cells, coefficients).
        start: coefficients where searches start and the penalty is 0.
        stiff: curvature of the penalty, shape (coefficients,).
    """

    cells: Cells
    basis: Array
    start: Array
    stiff: Array

    def weights(self, at: Array) -> Array:
        """Shares of the cells, shape (batch, cells), for coefficients of shape (batch, coefficients)."""
        logs = at @ self.basis.T + np.log(self.cells.width)
        found = np.exp(logs - logs.max(axis=1, keepdims=True))
        return np.asarray(found / found.sum(axis=1, keepdims=True))

    def climb(self, at: Array, impossible: Array, counted: Array) -> "Peaks":
        """Maximise penalised log-likelihoods by Newton's method, many at once.

        Args:
            at: coefficients to start from, shape (batch, coefficients).
            impossible: share of the problems whose rate is 0, shape (batch,).
            counted: how often each count is there, shape (batch, rows).

        Returns:
            Where they are largest.
        """
        at, done = np.array(at, dtype=float), np.zeros(len(at), bool)
        value, bend = np.empty(len(at)), np.empty((len(at), at.shape[1], at.shape[1]))
        ended = np.zeros(len(at), bool)
        for _ in range(ROUNDS):
            left = np.flatnonzero(~done)
            if not len(left):
                break
            value[left], slope, bend[left] = self.slopes(at[left], impossible[left], counted[left])
            step = _uphill(slope, bend[left])
            promised = np.einsum("dm,dm->d", slope, step)
            moved = self._along(at[left], step, value[left], impossible[left], counted[left])
            ended[left] = promised < ENOUGH
            done[left] = ended[left] | np.all(moved == at[left], axis=1)
            at[left] = moved
        return Peaks(at, value, bend, ended)

    def slopes(self, at: Array, impossible: Array, counted: Array) -> tuple[Array, Array, Array]:
        """Penalised log-likelihood, its gradient and its second derivatives in the coefficients.

        Returns:
            Shapes (batch,), (batch, coefficients) and (batch, coefficients, coefficients).
        """
        share, chance = self.weights(at), self.cells.chance
        solved, pi = share @ chance.T, impossible[:, None]
        whole = np.maximum((1 - pi) * solved + pi * self.cells.none, TINY)
        # Of every count, how much of it is problems that can be solved; and where these lie.
        able = counted * (1 - pi) * solved / whole
        where = share * ((able / np.maximum(solved, TINY)) @ chance)
        off = self.basis - (share @ self.basis)[:, None]
        slope = np.einsum("dj,djm->dm", where, off) - self.stiff * (at - self.start)
        excess = where - able.sum(axis=1)[:, None] * share
        bend = np.matmul(off.transpose(0, 2, 1), excess[..., None] * off) - np.diag(self.stiff)
        centre = np.matmul(chance, share[..., None] * off) / np.maximum(solved, TINY)[..., None]
        seen = able * (1 - pi) * solved / whole
        bend -= np.matmul(centre.transpose(0, 2, 1), seen[..., None] * centre)
        return self._value(at, whole, counted), slope, bend

    def _value(self, at: Array, chance: Array, counted: Array) -> Array:
        """Penalised log-likelihood of counts of such chances."""
        return np.asarray((counted * np.log(chance)).sum(1) - (self.stiff * (at - self.start) ** 2).sum(1) / 2)

    def _along(self, at: Array, step: Array, value: Array, impossible: Array, counted: Array) -> Array:
        """The first of ever shorter steps that does not go down, or none."""
        at, left = at.copy(), np.arange(len(at))
        for shorter in _SHORTER:
            tried, pi = at[left] + shorter * step[left], impossible[left, None]
            chance = (1 - pi) * (self.weights(tried) @ self.cells.chance.T) + pi * self.cells.none
            higher = self._value(tried, np.maximum(chance, TINY), counted[left]) >= value[left]
            at[left[higher]] = tried[higher]
            left = left[~higher]
            if not len(left):
                break
        return at


@dataclass(frozen=True, eq=False)
class Peaks:
    """Where penalised likelihoods are largest.

    Args:
        at: coefficients, shape (batch, coefficients).
        value: penalised log-likelihood, counts over their largest, shape (batch,).
        bend: its second derivatives, shape (batch, coefficients, coefficients).
        converged: whether the search ended at a maximum, shape (batch,).
    """

    at: Array
    value: Array
    bend: Array
    converged: Array

    def evidence(self, density: Density) -> Array:
        """Log-likelihood with the heights of bumps integrated out (Laplace), shape (batch,).

        Two coefficients belong to every kind and are left at their best: likelihoods of kinds compare as they are.
        """
        free = len(density.stiff) - 2
        if not free:
            return self.value
        first, both, rest = -self.bend[:, :2, :2], -self.bend[:, :2, 2:], -self.bend[:, 2:, 2:]
        inner = rest - np.matmul(both.transpose(0, 2, 1), np.linalg.solve(first, both))
        return np.asarray(self.value - (np.linalg.slogdet(inner)[1] - np.log(density.stiff[2:]).sum()) / 2)


def density_of(kind: Kind, cells: Cells) -> Density:
    """A kind of density on cells.

    `scaled beta`: log density `a log u + b log(1-u)`; `normal log-odds`: a square of t; `free form`: a scaled beta
    times the exponential of bumps between the rates that the counts can tell apart.

    Args:
        kind: which.
        cells: where.

    Returns:
        The density.

    >>> from isoflop.testtime.forecasts.cells import cells_for
    >>> cells = cells_for(np.array([8.0]), np.array([2.0]), 1.0, 8.0)
    >>> flat = density_of("scaled beta", cells).weights(np.array([[1.0, 1.0]]))[0]
    >>> round(float(flat @ (1 / (1 + np.exp(-cells.t)))), 3)
    0.5
    """
    from scipy.special import log_expit

    t = cells.t
    if kind == "normal log-odds":
        # In thirds, so that both coefficients are of the order of one.
        return Density(cells, np.stack([t / 3, -(t**2) / 18], axis=1), np.array([-2.0, 2.0]), np.full(2, LOOSE / 2))
    pair = np.stack([log_expit(t), log_expit(-t)], axis=1)
    start = np.array([0.5, 1.5])
    if kind == "scaled beta":
        return Density(cells, pair, start, np.full(2, LOOSE))
    middles = np.linspace(-np.log(cells.n.max()) - 1, TOP, BUMPS)
    bumps = np.exp(-(((t[:, None] - middles) / (OVERLAP * (middles[1] - middles[0]))) ** 2) / 2)
    stiff = np.concatenate([np.full(2, LOOSE), np.full(BUMPS, HEIGHT**-2)])
    return Density(cells, np.concatenate([pair, bumps], axis=1), np.concatenate([start, np.zeros(BUMPS)]), stiff)


def _uphill(slope: Array, bend: Array) -> Array:
    """Newton's step, along the slope where the likelihood is not concave, none longer than `LONGEST`."""
    sizes, axes = np.linalg.eigh(-bend)
    sizes = np.maximum(np.abs(sizes), 1e-6 * np.abs(sizes).max(axis=1, keepdims=True) + 1e-12)
    step = np.einsum("dij,dj->di", axes, np.einsum("dij,di->dj", axes, slope) / sizes)
    longest = np.abs(step).max(axis=1, keepdims=True)
    return np.asarray(step * np.minimum(1.0, LONGEST / np.maximum(longest, TINY)))
