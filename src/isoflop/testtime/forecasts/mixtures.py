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
CELLS: Final = 1 << 20
"""Likelihoods that are worked out at once."""
WIDTHS: Final = 16.0
"""Rows share a grid where what they tell differs by no more than this factor."""
LARGE: Final = 1e4
"""Counts from which on two terms of Stirling's series are exact to rounding, and differences of logs are not."""


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
class Part:
    """Likelihood of some counts at every place of a grid, for one scale.

    Args:
        rows: which counts.
        grid: the places; of those between its ends, the ones where some likelihood is no part of a sum are left out.
        values: likelihood over its largest, a sparse matrix of shape (rows, places).
    """

    rows: Array
    grid: Grid
    values: Any


@dataclass(frozen=True, eq=False)
class Kernel:
    """Likelihood of counts over pass rates, for one scale.

    Args:
        parts: rows that tell about as much, together.
        log_height: log of the largest likelihood with the binomial coefficient, shape (rows,).
    """

    parts: tuple[Part, ...]
    log_height: Array

    def log_chance(self, shape: Shape, alpha: ArrayLike, beta: ArrayLike) -> Array:
        """Log of the chance of every row's count, shape (batch, rows); -inf where it underflows."""
        a, b = np.atleast_1d(np.asarray(alpha, float)), np.atleast_1d(np.asarray(beta, float))
        found = np.empty((len(a), len(self.log_height)))
        for part in self.parts:
            with np.errstate(divide="ignore"):
                found[:, part.rows] = np.log(part.values @ part.grid.weights(shape, a, b)).T
        return found + self.log_height


def kernel_for(n: Array, c: Array, scale: float, *, negligible: float = NEGLIGIBLE) -> Kernel:
    """Likelihood of counts over pass rates up to a scale.

    A count that tells much needs places close together, but few of them; one that tells little needs places far
    out. So rows that tell about as much share a grid.

    Args:
        n: samples, shape (rows,).
        c: successes, shape (rows,).
        scale: largest pass rate, above 0 and at most 1.
        negligible: log of the likelihood, over its largest, that is no part of a sum.

    Returns:
        The kernel.
    """
    from scipy.special import gammaln, xlogy

    n, c = np.asarray(n, float), np.asarray(c, float)
    best = np.minimum(c / np.maximum(n, 1), scale)
    peak = xlogy(c, best) + xlogy(n - c, 1 - best)
    told = _told(n, c, scale) + PRIOR_WIDTH
    level = np.floor(np.log(told / PRIOR_WIDTH) / np.log(WIDTHS)).astype(int)
    parts = []
    for one in np.unique(level).tolist():
        rows = np.flatnonzero(level == one)
        like = _Likelihood(n[rows], c[rows], peak[rows], scale, negligible)
        ends = _ends(n, scale)
        # Few rows tell so much that their own places are close together: only these are looked at.
        ends = ends if one == 0 else like.within(*ends)
        parts.append(_part(rows, like, ends, STEPS / np.sqrt(float(told[rows].max()))))
    choose = gammaln(n + 1) - gammaln(c + 1) - gammaln(n - c + 1)
    return Kernel(tuple(parts), peak + choose)


def _told(n: Array, c: Array, scale: float) -> Array:
    """Information about the log-odds of u in every count, at rates of up to twice its share, shape (rows,)."""

    def each(u: Array) -> Array:
        """Information of one sample."""
        return np.asarray(scale * u * (1 - u) ** 2 / (1 - scale * u))

    grid = np.linspace(0, 1, 401)[1:-1]
    most = grid[np.argmax(each(grid))]
    # It rises up to there, and falls beyond.
    return n * each(np.minimum(2 * np.maximum(c, 1) / np.maximum(n, 1) / scale, most))


def _ends(n: Array, scale: float) -> tuple[float, float]:
    """Log-odds of u beyond which counts tell no rates apart."""
    most = float(n.max())
    flat = 1.0 if scale == 1 else max(1.0, scale / (1 - scale))
    return float(-REACH - np.log1p(most * scale)), float(REACH + np.log1p(most * flat))


@dataclass(frozen=True, eq=False)
class _Likelihood:
    """Log of the likelihood of counts over its largest, as a function of the log-odds t of u."""

    n: Array
    c: Array
    peak: Array
    scale: float
    negligible: float

    def at(self, t: Array) -> Array:
        """At one place for all rows or one per row, shape (rows,), or many, shape (rows, places)."""
        from scipy.special import log_expit

        n, c, peak = (x[(...,) + (None,) * (np.ndim(t) - 1)] for x in (self.n, self.c, self.peak))
        log_u = log_expit(t)
        with np.errstate(divide="ignore"):
            log_q = np.logaddexp(log_expit(-t), np.log1p(-self.scale) + log_u)
        return np.asarray(c * (np.log(self.scale) + log_u) + (n - c) * log_q - peak)

    def within(self, first: float, last: float) -> tuple[float, float]:
        """Ends inside which the likelihood of any row is more than negligible, by halving."""
        from scipy.special import logit

        share = np.minimum(self.c / self.n / self.scale, 1.0)
        with np.errstate(divide="ignore"):
            top = np.clip(logit(share), first, last)
        found = []
        for end in (first, last):
            out, inside = np.full(len(top), end), top
            out = np.where(self.at(out) > self.negligible, top, out)
            reached = out == top
            for _ in range(40):
                middle = (out + inside) / 2
                seen = self.at(middle) > self.negligible
                out, inside = np.where(seen, out, middle), np.where(seen, middle, inside)
            found.append(np.where(reached, end, out))
        return float(found[0].min()), float(found[1].max())


def _part(rows: Array, like: _Likelihood, ends: tuple[float, float], step: float) -> Part:
    """Likelihood of some rows over places between two ends."""
    from scipy.sparse import csr_matrix, vstack
    from scipy.special import log_expit

    first, last = ends
    t = np.linspace(first, last, max(int(np.ceil((last - first) / step)), 1) + 1)
    made = []
    chunk = max(CELLS // len(t), 1)
    for start in range(0, len(rows), chunk):
        some = slice(start, start + chunk)
        one = _Likelihood(like.n[some], like.c[some], like.peak[some], like.scale, like.negligible)
        logs = one.at(t[None])
        made.append(csr_matrix(np.where(logs > like.negligible, np.exp(np.maximum(logs, like.negligible)), 0.0)))
    values = vstack(made, format="csc")
    used = np.diff(values.indptr) > 0
    used[[0, -1]] = True
    grid = Grid(float(t[1] - t[0]), np.asarray(log_expit(t[used])), np.asarray(log_expit(-t[used])))
    return Part(rows, grid, values[:, used].tocsr())


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
    a, b = np.atleast_1d(alpha)[:, None], np.atleast_1d(beta)[:, None]
    return np.asarray(log_rise(c, a) + log_rise(n - c, b) - log_rise(n, a + b) - _log_beta(a, b))


def log_rise(x: Array, a: Array) -> Array:
    """Log of `Gamma(x + a)/Gamma(x + 1)`, which keeps its digits where x is large.

    Args:
        x: counts, above -1; broadcast with a.
        a: positive.

    Returns:
        Of the shape of both.

    >>> round(float(log_rise(np.array([3.0]), np.array([[2.0]]))[0, 0]), 6)
    1.386294
    """
    from scipy.special import gammaln

    found = np.asarray(gammaln(x + a) - gammaln(x + 1))
    if not np.any(x > LARGE):
        return found
    z, d = np.maximum(x, LARGE) + 1, a - 1
    series = (1 / (z + d) - 1 / z) / 12
    return np.where(x > LARGE, (z - 0.5) * np.log1p(d / z) + d * (np.log(z + d) - 1) + series, found)


def _log_beta(a: Array, b: Array) -> Array:
    """Log of Euler's beta function."""
    from scipy.special import betaln

    return np.asarray(betaln(a, b))


def _beyond(slope: Array, step: float) -> Array:
    """Trapezoid sum minus integral beyond an end, per height there: Euler and Maclaurin's series."""
    x = slope * step
    return np.asarray(step * (-0.5 + x / 12 - x**3 / 720 + x**5 / 30240))
