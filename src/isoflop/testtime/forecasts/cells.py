"""Likelihoods of counts over cells of log-odds, as fine as each count needs, and chances that more samples all fail."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

WIDTH: Final = 0.25
"""Width of a cell in log-odds; a distribution of rates is even inside."""
BELOW: Final = 6.0
"""Log of how far below one in the largest number of samples these cells begin: counts tell no rates apart there."""
WIDE: Final = 1.0
"""Width of the cells still farther below."""
FAR: Final = 24
"""How many of these there are: a power law of rates has hardly anything below them."""
ABOVE: Final = 6.0
"""The same at the largest rate."""
COARSE: Final = 4
"""Places in a cell at which a count is looked at that tells little."""
TOLD: Final = 64.0
"""Right answers, or wrong ones, up to which these are enough; sixteen times as many need four times the places."""
MOST: Final = TOLD * 16**2
"""A count tells no more than this: its rate is then known within a hundredth."""
CHUNK: Final = 1 << 18
"""Likelihoods that are worked out at once."""


@dataclass(frozen=True, eq=False)
class Cells:
    """Cells of t, the log-odds of u = p/scale.

    Args:
        n: samples, shape (rows,).
        c: correct ones.
        scale: largest pass rate.
        t: middles of the cells, shape (cells,).
        width: their widths, shape (cells,).
        chance: mean over each cell of the likelihood of every count over its largest, shape (rows, cells).
        height: log of the largest likelihood without the binomial coefficient, shape (rows,).
    """

    n: Array
    c: Array
    scale: float
    t: Array
    width: Array
    chance: Array
    height: Array

    @property
    def none(self) -> Array:
        """Likelihood of every count where the rate is 0, shape (rows,)."""
        return np.asarray(self.c == 0, dtype=float)

    def failing(self, k: Array) -> Iterator[tuple[Array, Array]]:
        """Give rows with the mean over each cell of likelihood times the chance that k further samples fail.

        Args:
            k: samples, shape (ks,).

        Yields:
            Rows, shape (some,), and means, shape (some, cells, ks).
        """
        for rows, fine, like in _likelihoods(self.n, self.c, self.scale, self.t, self.width):
            fails = np.exp(k * _log_wrong(fine, self.scale)[..., None])
            # A product of matrices for every cell: rows by places, places by k.
            means = np.matmul(like.transpose(1, 0, 2), fails) / fine.shape[1]
            yield rows, means.transpose(1, 0, 2)


def cells_for(n: Array, c: Array, scale: float, farthest: float) -> Cells:
    """Cells that reach from rates that no sample will show to rates that no sample can miss.

    Args:
        n: samples, shape (rows,).
        c: correct ones.
        scale: largest pass rate.
        farthest: largest number of samples that will be asked for.

    Returns:
        The cells.

    >>> cells = cells_for(np.array([2.0]), np.array([1.0]), 1.0, 100.0)
    >>> even = np.exp(cells.t) / (1 + np.exp(cells.t)) ** 2 * cells.width
    >>> round(float(cells.chance[0] @ even * np.exp(cells.height[0])), 3)
    0.167
    """
    samples, correct = np.asarray(n, float), np.asarray(c, float)
    most = float(samples.max())
    flat = 1.0 if scale == 1 else max(1.0, scale / (1 - scale))
    first, last = -np.log(max(most, farthest) * scale) - BELOW, np.log(most * flat) + ABOVE
    ends = first + WIDTH * np.arange(int(np.ceil((last - first) / WIDTH)) + 1)
    ends = np.concatenate([first - WIDE * np.arange(FAR, 0, -1), ends])
    t, width = (ends[1:] + ends[:-1]) / 2, np.diff(ends)
    chance = np.empty((len(samples), len(t)))
    for rows, _, like in _likelihoods(samples, correct, scale, t, width):
        chance[rows] = like.mean(axis=2)
    return Cells(samples, correct, scale, t, width, chance, _height(samples, correct, scale))


def _likelihoods(n: Array, c: Array, scale: float, t: Array, width: Array) -> Iterator[tuple[Array, Array, Array]]:
    """Rows that tell about as much: which, places, (cells, places), and likelihoods, (some, cells, places)."""
    told = np.maximum(c * (1 - c / n), 1.0)
    kept = np.minimum(1.0, MOST / told)
    level = np.ceil(np.maximum(np.log(told * kept / TOLD) / np.log(16), 0.0)).astype(int)
    height = _height(n * kept, c * kept, scale)
    for one in np.unique(level).tolist():
        places = COARSE * 4**one
        fine = t[:, None] + width[:, None] * ((np.arange(places) + 0.5) / places - 0.5)
        right, wrong = _log_right(fine, scale), _log_wrong(fine, scale)
        of_level = np.flatnonzero(level == one)
        step = max(CHUNK // fine.size, 1)
        for start in range(0, len(of_level), step):
            rows = of_level[start : start + step]
            yes, no, top = (x[rows][:, None, None] for x in (c * kept, (n - c) * kept, height))
            yield rows, fine, np.exp(yes * right + no * wrong - top)


def _log_right(t: Array, scale: float) -> Array:
    """Log of the rate."""
    from scipy.special import log_expit

    return np.asarray(np.log(scale) + log_expit(t))


def _log_wrong(t: Array, scale: float) -> Array:
    """Log of one less the rate."""
    from scipy.special import log_expit

    with np.errstate(divide="ignore"):
        return np.asarray(np.logaddexp(log_expit(-t), np.log1p(-scale) + log_expit(t)))


def _height(n: Array, c: Array, scale: float) -> Array:
    """Log of the largest likelihood of every count."""
    from scipy.special import xlogy

    best = np.minimum(c / n, scale)
    return np.asarray(xlogy(c, best) + xlogy(n - c, 1 - best))
