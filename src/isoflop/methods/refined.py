"""The refined schedule of Defazio et al.: the best decay for the gradient norms of a finished run."""

from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import LawError

Array = NDArray[Any]

TRIMMED: Final = 2
"""Norms at either end that are left out before the filter."""


def refined_schedule(norms: ArrayLike, *, power: float = 2.0) -> Array:
    """Learning rates that are optimal for the last iterate, given gradient norms: eta_t ~ w_t sum_{p>t} w_p.

    The weights are w_t = ||g_t||^-power: power 2 with L2 norms for SGD, power 1 with L1 norms for
    Adam. Equal norms give the linear decay, and norms that fall at first give a warm-up.

    Reference: Defazio, Cutkosky, Mehta, Mishchenko 2023, arXiv:2310.07831.

    Args:
        norms: norm of the gradient at every step, smoothed (see `smooth_norms`), shape (steps,).
        power: exponent of the weights.

    Returns:
        Rates relative to the largest, shape (steps,); the last one is 0.

    Raises:
        LawError: fewer than two norms, or one that is not positive.

    >>> [round(float(x), 6) for x in refined_schedule([4, 2, 1, 1, 1, 1, 1, 1, 1, 1])[:4]]
    [0.073661, 0.285714, 1.0, 0.857143]
    """
    g = _positive(norms)
    weights = (g / g.min()) ** -power
    after = np.cumsum(weights[::-1])[::-1] - weights
    after[-1] = 0.0
    rates = weights * after
    return np.asarray(rates / rates.max())


def smooth_norms(norms: ArrayLike, *, share: float = 0.1) -> Array:
    """Gradient norms by a running median, as the refined schedule wants them.

    The first and last two norms are dropped, and the window is 2 floor(share T/2) + 1 steps.

    Reference: Defazio, Cutkosky, Mehta, Mishchenko 2023, arXiv:2310.07831.

    Args:
        norms: norm of the gradient at every step, shape (steps,).
        share: width of the window as a share of the run, tau of the paper.

    Returns:
        Smoothed norms, shape (steps - 4,); the right end is continued by reflection.

    Raises:
        LawError: too few norms, or a share that is not between 0 and 1.

    >>> smooth_norms([9, 9, 1, 1, 8, 1, 1, 1, 9, 9], share=0.5).tolist()
    [1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    """
    from scipy.ndimage import median_filter

    g = _positive(norms)[TRIMMED:-TRIMMED]
    if not 0 < share < 1 or len(g) < 2:
        raise LawError(f"A window of {share:g} of {len(g)} steps is no window. Give more norms, and 0 < share < 1.")
    width = 2 * int(np.floor(share * len(g) / 2)) + 1
    padded = np.pad(g, (0, min(2 * width, len(g) - 1)), mode="reflect")
    return np.asarray(median_filter(padded, size=width, mode="nearest")[: len(g)])


def _positive(norms: ArrayLike) -> Array:
    """Norms as numbers, all positive."""
    g = np.asarray(norms, dtype=float)
    if g.ndim != 1 or len(g) < 2 or not np.all(np.isfinite(g) & (g > 0)):
        raise LawError("A refined schedule needs the gradient norm of every step, all positive. Repair the norms.")
    return g
