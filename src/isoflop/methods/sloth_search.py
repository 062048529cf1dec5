"""The search behind Sloth: damped Newton steps in which the families' own coefficients are eliminated.

A family's efficiencies touch the scores of that family alone. Given the loadings, offsets and
slopes that all share, each family is a small system of its own (Schur's complement), so a step
costs as much as the shared coefficients do, however many families there are.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

WIDTH: Final = 0.01
"""Width of the smooth L1 loss: beta of the source."""

RIDGE: Final = 1e-4
"""Weight of a penalty that only settles what the data leave open (families of one model, rotations)."""

STEPS: Final = 500
"""Most steps of one search."""

TOLERANCE: Final = 1e-9
"""A step that promises less than this share of the objective ends a search."""

ELEMENTS: Final = 4_000_000
"""Numbers in the slopes of all searches that are worked on at once."""


@dataclass(frozen=True)
class Shape:
    """How the coefficients lie in one vector: free loadings, offsets, slopes, efficiencies."""

    benchmarks: int
    families: int
    skills: int

    @property
    def shared(self) -> int:
        """Number of coefficients that all families share."""
        k = self.skills
        return (self.benchmarks - k) * k + self.benchmarks + 3 * k

    @property
    def size(self) -> int:
        """Number of coefficients."""
        return self.shared + self.families * self.skills

    def parts(self, v: Array) -> tuple[Array, Array, Array, Array]:
        """Loadings, offsets, slopes and efficiencies of vectors of shape (…, size)."""
        k, j, batch = self.skills, self.benchmarks, v.shape[:-1]
        free, offsets, slopes, efficiency = np.split(v, np.cumsum([(j - k) * k, j, 3 * k]), axis=-1)
        unit = np.broadcast_to(np.eye(k), (*batch, k, k))
        loadings = np.concatenate([unit, free.reshape(*batch, j - k, k)], axis=-2)
        return loadings, offsets, slopes.reshape(*batch, k, 3), efficiency.reshape(*batch, self.families, k)

    def start(self, rng: np.random.Generator) -> Array:
        """Random coefficients near what benchmarks usually do."""
        v = rng.normal(0.0, 0.1, self.size)
        free = (self.benchmarks - self.skills) * self.skills
        v[:free] += 1.0 / self.skills
        v[free + self.benchmarks : self.shared] += np.tile([0.4, 0.3, 0.0], self.skills)
        return v

    def model(self, v: Array, design: tuple[Array, Array], floor: Array) -> Array:
        """Scores of all models, shape (…, models, benchmarks)."""
        skills, share = self._skills(v, design)
        return np.asarray(floor + (1 - floor) * share(skills))

    def _skills(self, v: Array, design: tuple[Array, Array]) -> tuple[Array, Any]:
        """Skills of all models, (…, models, skills), and from them the share above guessing."""
        loadings, offsets, slopes, efficiency = self.parts(v)
        theta = efficiency[..., design[1], :] + design[0] @ slopes.swapaxes(-1, -2)
        return theta, lambda t: sigmoid(t @ loadings.swapaxes(-1, -2) + offsets[..., None, :])


@dataclass(frozen=True, eq=False)
class Task:
    """What is fitted: scores, NaN where missing, and the models that have them, sorted by family.

    Args:
        shape: of the coefficients.
        scores: shape (models, benchmarks).
        design: features of the models, (models, 3), and the places of their families, ascending.
        floor: scores of guessing, shape (benchmarks,).
    """

    shape: Shape
    scores: Array
    design: tuple[Array, Array]
    floor: Array

    def search(self, start: Array, weights: Array) -> tuple[Array, Array]:
        """Minimise the smooth L1 loss from each start, all at once.

        Args:
            start: coefficients, shape (batch, size).
            weights: weight of every model, shape (batch, models).

        Returns:
            Coefficients, shape (batch, size), and the objective there, shape (batch,).
        """
        if not len(start):
            return start, np.zeros(0)
        most = max(ELEMENTS // (self.scores.size * (self.shape.shared + self.shape.skills)), 1)
        parts = [self._search(start[k : k + most], weights[k : k + most]) for k in range(0, len(start), most)]
        return np.concatenate([v for v, _ in parts]), np.concatenate([value for _, value in parts])

    def _search(self, v: Array, weights: Array) -> tuple[Array, Array]:
        """Damped steps of a batch; those that have ended leave it."""
        end_v, end_value = v.copy(), self.value(v, weights)
        alive, value = np.arange(len(v)), end_value.copy()
        brake, growth = np.full(len(v), 1.0), np.full(len(v), 2.0)
        for _ in range(STEPS):
            if not len(alive):
                break
            step, promise = self._step(v, weights, brake)
            new = self.value(v + step, weights)
            better = new < value
            # The gain against its promise says how far the quadratic model may be trusted.
            ratio = (value - new) / np.maximum(promise, 1e-300)
            done = (promise <= TOLERANCE * value) & (brake < 1.0) | (brake > 1e12)
            v = np.where(better[:, None], v + step, v)
            value = np.where(better, new, value)
            end_v[alive], end_value[alive] = v, value
            factor = np.where(ratio > 0.75, 0.2, np.where(ratio > 0.25, 1.0, 3.0))
            brake = np.where(better, brake * factor, np.maximum(brake, 1e-3) * growth)
            growth = np.where(better, 2.0, np.minimum(2 * growth, 64.0))
            keep = ~done
            alive, v, value, weights = alive[keep], v[keep], value[keep], weights[keep]
            brake, growth = brake[keep], growth[keep]
        return end_v, end_value

    def value(self, v: Array, weights: Array) -> Array:
        """Objective, shape (batch,): quadratic within the width, straight beyond it."""
        gap = np.abs(self._gap(v))
        rho = np.where(gap <= WIDTH, 0.5 * gap**2, WIDTH * (gap - 0.5 * WIDTH))
        return np.asarray((weights[:, :, None] * rho).sum(axis=(1, 2)) + 0.5 * RIDGE**2 * (v**2).sum(axis=1))

    def _gap(self, v: Array) -> Array:
        """Fitted minus known scores, zero where one is missing, (batch, models, benchmarks)."""
        return np.where(np.isnan(self.scores), 0.0, self.shape.model(v, self.design, self.floor) - self.scores)

    def _step(self, v: Array, weights: Array, brake: Array) -> tuple[Array, Array]:
        """Steps `-(H + brake M)^-1 g`, and the decrease that they promise: H the curvature, M its secant."""
        gap = self._gap(v)
        known = weights[:, :, None] * ~np.isnan(self.scores)
        far = np.maximum(np.abs(gap) / WIDTH, 1.0)
        pull = known * gap / far
        metric = known * ((far <= 1.0) + brake[:, None, None] / far)
        ridge = RIDGE**2 * (1 + brake)[:, None, None]
        shared, own = self._slopes(v)
        batch, starts = len(v), np.flatnonzero(np.diff(self.design[1], prepend=-1))
        flat = shared.reshape(batch, -1, self.shape.shared)
        top = np.matmul((flat * metric.reshape(batch, -1, 1)).swapaxes(1, 2), flat)
        top += ridge * np.eye(self.shape.shared)
        weighed = own * metric[..., None]
        cross = np.add.reduceat(np.matmul(weighed.swapaxes(2, 3), shared), starts, axis=1)
        corner = np.add.reduceat(np.matmul(weighed.swapaxes(2, 3), own), starts, axis=1)
        corner += ridge[:, None] * np.eye(self.shape.skills)
        slope = np.matmul(flat.swapaxes(1, 2), pull.reshape(batch, -1, 1))[:, :, 0]
        slope += RIDGE**2 * v[:, : self.shape.shared]
        below = np.add.reduceat(np.matmul(own.swapaxes(2, 3), pull[..., None])[..., 0], starts, axis=1)
        below += RIDGE**2 * self.shape.parts(v)[3]
        return _eliminated(top, cross, corner, slope, below)

    def _slopes(self, v: Array) -> tuple[Array, Array]:
        """Slopes of all scores in the shared coefficients, (batch, models, benchmarks, shared), and in the family's."""
        theta, share = self.shape._skills(v, self.design)
        x, s = self.design[0], share(theta)
        rate = (1 - self.floor) * s * (1 - s)
        loadings = self.shape.parts(v)[0]
        k, j = self.shape.skills, self.shape.benchmarks
        own = rate[..., None] * loadings[:, None]
        # z_ij = sum_k Lambda_jk theta_ik + b_j: one block of columns per kind of coefficient.
        by_loading = np.einsum("bij,bik,jm->bijmk", rate, theta, np.eye(j)[:, k:])
        by_offset = rate[..., None] * np.eye(j)
        by_slope = own[..., None] * x[:, None, None, :]
        blocks = (by_loading, by_offset, by_slope)
        return np.concatenate([block.reshape(*rate.shape, -1) for block in blocks], axis=-1), own


def _eliminated(top: Array, cross: Array, corner: Array, slope: Array, below: Array) -> tuple[Array, Array]:
    """Solve the system of shared and family coefficients by Schur's complement of the families.

    Args:
        top: shared by shared, (batch, shared, shared).
        cross: family by shared, (batch, families, skills, shared).
        corner: family by family, (batch, families, skills, skills).
        slope: of the objective in the shared coefficients, (batch, shared).
        below: in the families' own, (batch, families, skills).

    Returns:
        The step, (batch, size), and the decrease that the quadratic model promises.
    """
    solved = np.linalg.solve(corner, np.concatenate([cross, below[..., None]], axis=-1))
    through, rest = solved[..., :-1], solved[..., -1]
    matrix = top - np.einsum("bfks,bfkt->bst", cross, through)
    right = slope - np.einsum("bfks,bfk->bs", cross, rest)
    shared = -np.linalg.solve(matrix, right[..., None])[..., 0]
    own = -rest - np.einsum("bfks,bs->bfk", through, shared)
    step = np.concatenate([shared, own.reshape(len(own), -1)], axis=1)
    whole = np.concatenate([slope, below.reshape(len(below), -1)], axis=1)
    return step, -0.5 * (step * whole).sum(axis=1)


def sigmoid(z: Array) -> Array:
    """The logistic function, without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * z)))
