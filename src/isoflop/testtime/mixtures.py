"""Chances of counts where the pass rate varies between problems: sums over one grid, exact to a dozen digits."""

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]
Shape = Literal["beta", "kumaraswamy"]

REACH: Final = 28.0
"""Log of how far beyond the last place where a count tells rates apart the grid goes: tails of 1e-12."""
STEPS: Final = 0.8
"""Step of the grid in widths of the narrowest peak; the trapezoid rule then errs by exp(-2 pi^2/0.64)."""
NEGLIGIBLE: Final = -100.0
"""Log of the likelihood, over its largest, that is no part of a sum."""
PRIOR_WIDTH: Final = 50.0
"""Curvature of the narrowest density that is asked for, alpha = beta = 100."""
CHUNK: Final = 256
"""Rows whose likelihoods are worked out at once."""


@dataclass(frozen=True, eq=False)
class Grid:
    """Places of u = p/c, evenly spaced in its log-odds.

    Args:
        step: distance h of the places in log-odds.
        log_u: log u, shape (places,).
        log_v: log(1 - u), shape (places,).
    """

    step: float
    log_u: Array
    log_v: Array

    def weights(self, shape: Shape, alpha: Array, beta: Array) -> Array:
        """Weights of the places under a density of u; what lies beyond both ends sits on the end places.

        Sums of the trapezoid rule beyond an end are geometric series: the density is a power of u there, and of 1 - u.

        Args:
            shape: of the density.
            alpha: shape (batch,).
            beta: shape (batch,).

        Returns:
            Weights, shape (places, batch).
        """
        a, b, lu, lv = alpha[None], beta[None], self.log_u[:, None], self.log_v[:, None]
        if shape == "beta":
            density = np.exp(a * lu + b * lv - _log_beta(a, b))
            below, slope = density[0] / alpha, alpha
        else:
            log_rest = np.log(-np.expm1(a * lu))
            density = a * b * np.exp(a * lu + lv + (b - 1) * log_rest)
            below = -np.expm1(beta * log_rest[0])
            slope = alpha - (beta - 1) * alpha * np.exp(alpha * self.log_u[0] - log_rest[0])
        weights = self.step * density
        weights[0] += below + density[0] * _beyond(slope, self.step)
        weights[-1] += density[-1] * self.step / np.expm1(beta * self.step)
        return np.asarray(weights)


@dataclass(frozen=True, eq=False)
class Kernel:
    """Likelihood of counts at every place of a grid, for one scale.

    Args:
        grid: the places.
        values: likelihood over its largest, a sparse matrix of shape (rows, places).
        log_height: log of that largest one with the binomial coefficient, shape (rows,).
    """

    grid: Grid
    values: Any
    log_height: Array

    def log_chance(self, shape: Shape, alpha: ArrayLike, beta: ArrayLike) -> Array:
        """Log of the chance of every row's count, shape (batch, rows); -inf where it underflows."""
        weights = self.grid.weights(shape, np.atleast_1d(np.asarray(alpha, float)), np.atleast_1d(beta))
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self.values @ weights).T + self.log_height)


def grid_for(n: Array, c: Array, scale: float) -> Grid:
    """The places that counts and scale need.

    Args:
        n: samples, shape (rows,).
        c: successes, shape (rows,).
        scale: largest pass rate.

    Returns:
        The grid.
    """
    from scipy.special import log_expit

    most = float(n.max())
    u = np.linspace(0, 1, 401)[1:-1]
    # Information about the log-odds of u in so many samples, up to twice the largest share seen.
    told = most * scale * u * (1 - u) ** 2 / (1 - scale * u)
    seen = u <= 2 * max(float((c / np.maximum(n, 1)).max()), 1 / most) / scale
    width = 1 / np.sqrt(float(told[seen].max(initial=0.0)) + PRIOR_WIDTH)
    first = -REACH - np.log1p(most * scale)
    flat = 1.0 if scale == 1 else max(1.0, scale / (1 - scale))
    last = REACH + np.log1p(most * flat)
    t = np.linspace(first, last, int(np.ceil((last - first) / (STEPS * width))) + 1)
    return Grid(float(t[1] - t[0]), np.asarray(log_expit(t)), np.asarray(log_expit(-t)))


def kernel_for(n: Array, c: Array, scale: float, *, negligible: float = NEGLIGIBLE) -> Kernel:
    """Likelihood of counts over a grid of pass rates up to a scale.

    Args:
        n: samples, shape (rows,).
        c: successes, shape (rows,).
        scale: largest pass rate, above 0 and at most 1.
        negligible: log of the likelihood, over its largest, that is no part of a sum.

    Returns:
        The kernel.
    """
    from scipy.sparse import csr_matrix, vstack
    from scipy.special import gammaln, xlogy

    n, c = np.asarray(n, float), np.asarray(c, float)
    grid = grid_for(n, c, scale)
    log_p = np.log(scale) + grid.log_u
    with np.errstate(divide="ignore"):
        log_q = np.logaddexp(grid.log_v, np.log1p(-scale) + grid.log_u)
    best = np.minimum(c / np.maximum(n, 1), scale)
    peak = xlogy(c, best) + xlogy(n - c, 1 - best)
    parts = []
    for some in np.array_split(np.arange(len(n)), len(n) // CHUNK + 1):
        logs = c[some, None] * log_p + (n - c)[some, None] * log_q - peak[some, None]
        parts.append(csr_matrix(np.where(logs > negligible, np.exp(np.maximum(logs, negligible)), 0.0)))
    choose = gammaln(n + 1) - gammaln(c + 1) - gammaln(n - c + 1)
    return Kernel(grid, vstack(parts, format="csr"), peak + choose)


def log_beta_chance(n: Array, c: Array, alpha: Array, beta: Array) -> Array:
    """Log of the beta-binomial chance of every count, in closed form, for a scale of 1.

    Args:
        n: samples, shape (rows,).
        c: successes, shape (rows,).
        alpha: shape (batch,).
        beta: shape (batch,).

    Returns:
        Shape (batch, rows).
    """
    from scipy.special import gammaln

    a, b = np.atleast_1d(alpha)[:, None], np.atleast_1d(beta)[:, None]
    choose = gammaln(n + 1) - gammaln(c + 1) - gammaln(n - c + 1)
    return np.asarray(choose + _log_beta(a + c, b + (n - c)) - _log_beta(a, b))


def _log_beta(a: Array, b: Array) -> Array:
    """Log of Euler's beta function."""
    from scipy.special import betaln

    return np.asarray(betaln(a, b))


def _beyond(slope: Array, step: float) -> Array:
    """Trapezoid sum minus integral beyond an end, per height there: Euler and Maclaurin's series."""
    x = slope * step
    return np.asarray(step * (-0.5 + x / 12 - x**3 / 720 + x**5 / 30240))
