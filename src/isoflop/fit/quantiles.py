"""Quantiles of the normal and of Student's t; to import SciPy's takes a quarter of a second of every command."""

import math
from functools import lru_cache
from statistics import NormalDist
from typing import Final

import numpy as np

MANY: Final = 2000
"""Degrees of freedom beyond which four terms of the expansion around the normal are exact to rounding."""


def normal_quantile(share: float) -> float:
    """Quantile of the standard normal.

    >>> round(normal_quantile(0.975), 6)
    1.959964
    """
    return NormalDist().inv_cdf(share)


def normal_share(value: float) -> float:
    """Share of the standard normal below a value.

    >>> round(normal_share(1.959964), 6)
    0.975
    """
    return 0.5 * math.erfc(-value / math.sqrt(2))


@lru_cache(maxsize=256)
def student_quantile(freedom: int, share: float) -> float:
    """Quantile of Student's t distribution.

    `P(|T| < t)` is a finite sum in `cos(theta)` with `theta = arctan(t / sqrt(nu))`.

    Reference:
        Abramowitz and Stegun (1964), Handbook of Mathematical Functions, 26.7.3, 26.7.4; 26.7.5 for many.

    Args:
        freedom: degrees of freedom nu, at least 1.
        share: probability below the quantile, above one half.

    Returns:
        The quantile.

    >>> round(student_quantile(10, 0.975), 4)
    2.2281
    """
    if freedom > MANY:
        return _expansion(freedom, normal_quantile(share))
    low, high = 0.0, math.pi / 2
    terms = _terms(freedom)
    while True:
        middle = (low + high) / 2
        if middle in (low, high):
            return math.sqrt(freedom) * math.tan(middle)
        low, high = (middle, high) if _inside(freedom, middle, terms) < 2 * share - 1 else (low, middle)


def _terms(freedom: int) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients and powers of the finite sum."""
    odd = freedom % 2
    steps = np.arange(1, (freedom - odd) // 2)
    ratios = 2 * steps / (2 * steps + 1) if odd else (2 * steps - 1) / (2 * steps)
    count = (freedom - odd) // 2
    return np.concatenate([[1.0], np.cumprod(ratios)])[:count], 2 * np.arange(count) + odd


def _inside(freedom: int, theta: float, terms: tuple[np.ndarray, np.ndarray]) -> float:
    """Probability that |T| stays below sqrt(nu) tan(theta)."""
    coefficients, powers = terms
    total = math.sin(theta) * float(np.sum(coefficients * math.cos(theta) ** powers))
    return 2 / math.pi * (theta + total) if freedom % 2 else total


def _expansion(freedom: int, z: float) -> float:
    """Cornish and Fisher's expansion in 1/nu."""
    return (
        z
        + (z**3 + z) / (4 * freedom)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * freedom**3)
    )
