"""Least-squares polynomials of loss in ln N, for many weightings of the runs at once, and their minima."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Valley:
    """Minima of a batch of polynomials; arrays of shape (weightings,), NaN where there is none.

    Args:
        x: ln N of the minimum.
        loss: value there.
        bend: second derivative in ln N there.
    """

    x: Array
    loss: Array
    bend: Array


@dataclass(frozen=True)
class Polynomials:
    """A batch of polynomials in `t = (x - middle)/half`.

    Args:
        coefficients: from the constant upwards, shape (weightings, degree + 1).
        middle: x at t = 0.
        half: x per t.
    """

    coefficients: Array
    middle: float
    half: float

    def at(self, x: Array) -> Array:
        """Values, shape (weightings, n)."""
        t = (x - self.middle) / self.half
        return np.asarray(self.coefficients @ (t[:, None] ** np.arange(self.coefficients.shape[1])).T)

    def valley(self) -> Valley:
        """Minimum of each parabola or cubic."""
        b, c = self.coefficients[:, 1], self.coefficients[:, 2]
        d = self.coefficients[:, 3] if self.coefficients.shape[1] > 3 else np.zeros_like(b)
        with np.errstate(all="ignore"):
            root = np.sqrt(c * c - 3 * d * b)
            # The root at which the bend is +2 root, written so that d = 0 is the parabola's vertex.
            t = -b / (c + root)
            bend = 2 * c + 6 * d * t
            t = np.where((bend > 0) & np.isfinite(t), t, np.nan)
            loss = np.sum(self.coefficients * t[:, None] ** np.arange(self.coefficients.shape[1]), axis=1)
        return Valley(self.middle + self.half * t, loss, bend / self.half**2)


def fit_polynomials(x: Array, y: Array, weights: Array, degree: int) -> Polynomials:
    """Weighted least squares of y on powers of x.

    The abscissa is mapped to [-1, 1] and the basis made orthogonal, so that the normal equations
    are well conditioned.

    Args:
        x: abscissae ln N, shape (n,), at least two of them different.
        y: ordinates, shape (n,).
        weights: shape (weightings, n).
        degree: 2 or 3.

    Returns:
        One polynomial per weighting; NaN where the weights leave it undetermined.
    """
    middle, half = 0.5 * float(x.max() + x.min()), 0.5 * float(x.max() - x.min())
    powers = ((x - middle) / half)[:, None] ** np.arange(degree + 1)
    q, r = np.linalg.qr(powers)
    weighted = weights[..., None] * q
    left = q.T @ weighted
    right = np.swapaxes(weighted, -1, -2) @ (y - y.mean())
    undetermined = np.linalg.cond(left) > 1e12
    safe = np.where(undetermined[:, None, None], np.eye(degree + 1), left)
    solution = np.where(undetermined[:, None], np.nan, np.linalg.solve(safe, right[..., None])[..., 0])
    coefficients = np.linalg.solve(r, solution.T).T
    coefficients[:, 0] += y.mean()
    return Polynomials(coefficients, middle, half)
