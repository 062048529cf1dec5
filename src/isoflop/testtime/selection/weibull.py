"""A mixture of two Weibull distributions, by which unlikely reasoning paths are told from likely ones."""

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import InputError

Array = NDArray[Any]

START: Final = (0.5, 1.0, 1.0, 1.5, 2.0)
"""Weight, shape and scale of one part, shape and scale of the other: where the source's code starts."""

SHAPE_LIMIT: Final = 100.0
"""Largest shape: the likelihood has no maximum as a part closes in on one value. The source sets no limit."""

BOUNDS: Final = ((0.2, 0.8), (0.01, SHAPE_LIMIT), (0.01, None), (0.01, SHAPE_LIMIT), (0.01, None))
"""Bounds of the source's code, the shapes bounded above too."""


@dataclass(frozen=True)
class WeibullMixture:
    """A fitted mixture `w W(k1, λ1) + (1 − w) W(k2, λ2)`.

    Args:
        weight: w.
        shapes: k1 and k2.
        scales: λ1 and λ2.
        objective: negative log likelihood at the fit.
        converged: whether the search says that it ended at a minimum; a local one, from one start.
        at_bounds: names of the parameters that ended at a bound.
    """

    weight: float
    shapes: tuple[float, float]
    scales: tuple[float, float]
    objective: float
    converged: bool
    at_bounds: tuple[str, ...]

    @property
    def means(self) -> tuple[float, float]:
        """Mean of each part, `λ Γ(1 + 1/k)`."""
        first, second = (
            scale * math.exp(math.lgamma(1 + 1 / k)) for k, scale in zip(self.shapes, self.scales, strict=True)
        )
        return first, second

    def high(self, values: ArrayLike) -> Array:
        """Chance that a value belongs to the part with the larger mean."""
        theta = np.array([self.weight, self.shapes[0], self.scales[0], self.shapes[1], self.scales[1]])
        first, second, both, _ = _parts(np.log(np.asarray(values, dtype=float)), theta)
        part = first if self.means[0] > self.means[1] else second
        return np.asarray(np.exp(part - both))


def _parts(logs: Array, theta: Array) -> tuple[Array, Array, Array, tuple[Array, Array]]:
    """Log of both weighted densities and of their sum at `ln x`, and `(ln x − ln λ, (x/λ)^k)` stacked for both."""
    w = theta[0]
    k, scale = theta[1::2, None], theta[2::2, None]
    ratio = logs - np.log(scale)
    # Beyond e^700 a density is 0 in any case.
    power = np.exp(np.minimum(k * ratio, 700.0))
    density = np.log(k) - np.log(scale) + (k - 1) * ratio - power
    first, second = math.log(w) + density[0], math.log1p(-w) + density[1]
    return first, second, np.logaddexp(first, second), (ratio, power)


def _objective(theta: Array, logs: Array) -> tuple[float, Array]:
    """Negative log likelihood and its gradient."""
    first, second, both, (ratio, power) = _parts(logs, theta)
    share = np.exp(np.stack([first, second]) - both)
    k, scale = theta[1::2, None], theta[2::2, None]
    to_shape = (share * (1 / k + ratio - power * ratio)).sum(axis=1)
    to_scale = (share * k * (power - 1) / scale).sum(axis=1)
    to_weight = share[0].sum() / theta[0] - share[1].sum() / (1 - theta[0])
    return -float(both.sum()), -np.array([to_weight, to_shape[0], to_scale[0], to_shape[1], to_scale[1]])


def fit_weibull_mixture(values: ArrayLike) -> WeibullMixture:
    """The mixture of largest likelihood near the source's start.

    L-BFGS-B from (.5, 1, 1, 1.5, 2) with w in [.2, .8] and shapes and scales of at least .01. The source
    leaves the shapes unbounded above; here they end at 100, and `at_bounds` says so.

    Reference: Zhou et al. 2025 (RPC), arXiv:2510.15444, and its code.

    Args:
        values: numbers above 0, shape (samples,), at least two different ones.

    Returns:
        The mixture.

    Raises:
        InputError: a value is not above 0, or all are equal.

    >>> fit = fit_weibull_mixture(np.exp([-0.2, -0.25, -0.3, -0.35, -1.2, -1.4, -1.5, -1.6, -1.8, -2.0]))
    >>> round(fit.weight, 3), [round(k, 2) for k in fit.shapes], fit.at_bounds
    (0.4, [20.09, 4.36], ())
    """
    from scipy.optimize import minimize

    x = np.asarray(values, dtype=float)
    if x.ndim != 1 or not (np.isfinite(x) & (x > 0)).all():
        raise InputError(f"Values of shape {x.shape} must be a list of finite numbers above 0. Correct them.")
    if len(x) < 2 or x.min() == x.max():
        raise InputError(f"{len(x)} values with no difference cannot be told apart. Give at least two different ones.")
    found = minimize(_objective, START, args=(np.log(x),), jac=True, method="L-BFGS-B", bounds=BOUNDS)
    w, k1, s1, k2, s2 = (float(v) for v in found.x)
    names = ("weight", "shape 1", "scale 1", "shape 2", "scale 2")
    at = tuple(name for name, v, ends in zip(names, found.x, BOUNDS, strict=True) if v in ends)
    return WeibullMixture(w, (k1, k2), (s1, s2), float(found.fun), bool(found.success), at)
