"""How large the largest pass rate may be: scales by their likelihood, one for every draw of a distribution."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

SPREAD: Final = (0.6, 3.0)
"""Scales looked at, as multiples of the fitted one."""
POINTS: Final = 7
LEAST: Final = 0.02
"""Share of the draws below which a scale is left out."""


def plausible_scales(scale: float, log_likelihood: Callable[[float], float]) -> tuple[Array, Array]:
    """Scales around a fitted one with their shares of the likelihood, even in the logarithm.

    Args:
        scale: the fitted one.
        log_likelihood: of a scale, at the alpha and beta that suit it best.

    Returns:
        Scales, at most 1, and shares that sum to 1.

    >>> scales, shares = plausible_scales(0.5, lambda s: -200 * (s - 0.5) ** 2)
    >>> scales.round(2).tolist(), shares.round(2).tolist()
    ([0.42, 0.5, 0.63], [0.19, 0.78, 0.03])
    """
    below = np.geomspace(scale * SPREAD[0], scale, POINTS // 2 + 1)
    above = np.geomspace(scale, min(scale * SPREAD[1], 1.0), POINTS - POINTS // 2)
    tried = np.unique(np.concatenate([below, above]))
    value = np.array([log_likelihood(float(one)) for one in tried])
    # Each stands for the scales around it.
    width = np.gradient(np.log(tried)) if len(tried) > 1 else np.ones(1)
    share = width * np.exp(value - value.max())
    share /= share.sum()
    kept = share >= LEAST
    return tried[kept], share[kept] / share[kept].sum()


def spread_out(scales: Array, shares: Array, draws: int) -> Array:
    """Give every draw a scale, each as often as its share says, in an order that knows nothing of the draws.

    >>> spread_out(np.array([0.4, 0.5]), np.array([0.25, 0.75]), 4).tolist()
    [0.4, 0.5, 0.5, 0.5]
    """
    # Draws are in random order already.
    places = np.searchsorted(np.cumsum(shares), (np.arange(draws) + 0.5) / draws)
    return np.asarray(scales[np.minimum(places, len(scales) - 1)])
