"""How much of the spread of a derived quantity refits show: runs that decide it leave small residuals to weigh."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

LEAST: Final = 0.05
"""Smallest share that is believed: below it a run decides the quantity alone, and nothing shows its noise."""
EXPLAINED: Final = 0.5
"""Share of a quantity's variance over draws that its slope must explain for the slope to count."""


@dataclass(frozen=True, eq=False)
class Leverage:
    """Covariances of the estimated parameters, up to a common factor: as weighted refits show it, and whole.

    When run i moves by its noise the parameters move by c_i. Refits under weights move by c_i times
    the residual, whose variance is (1 - h_i) times that of the noise, h_i being the run's leverage.

    Reference: MacKinnon and White 1985, Journal of Econometrics 29, 305 (HC2); Cook and Weisberg 1982.

    Args:
        logarithmic: which parameters enter as logarithms, shape (q,).
        shown: sum over runs of `(1 - h_i) c_i c_i'`, shape (q, q).
        whole: sum over runs of `c_i c_i'`, shape (q, q).
    """

    logarithmic: tuple[bool, ...]
    shown: Array
    whole: Array

    def coordinates(self, theta: Array) -> Array:
        """Parameters as they enter, logarithms where they do, shape (…, q)."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(self.logarithmic, np.log(np.abs(theta)), theta)

    def shares(self, theta: Array, draws: Array, value: Array, values: Array) -> Array:
        """Share of each quantity's variance that draws show.

        The quantity's slope in the parameters is that of a regression over the draws.

        Args:
            theta: estimated parameters, shape (q,).
            draws: of them, shape (draws, q).
            value: quantities at the estimate, shape (k,).
            values: quantities of each draw, shape (draws, k).

        Returns:
            Shares between 0 and 1, shape (k,); NaN where the parameters do not explain the quantity.

        >>> even = Leverage((False,), np.array([[0.5]]), np.array([[1.0]]))
        >>> draws = np.array([[1.0], [2.0], [3.0]])
        >>> even.shares(np.array([2.0]), draws, np.array([20.0]), 10 * draws)
        array([0.5])
        """
        steps = self.coordinates(draws) - self.coordinates(theta)
        with np.errstate(invalid="ignore", divide="ignore"):
            positive = (value > 0) & ~np.any(values <= 0, axis=0)
            moves = np.where(positive, np.log(values / value), values - value)
        whole = np.isfinite(steps).all(axis=1)
        found = np.full(len(value), np.nan)
        complete = np.isfinite(moves[whole]).all(axis=0)
        if complete.any():
            found[complete] = self._explained(steps[whole], moves[whole][:, complete])
        for k in np.flatnonzero(~complete):
            rows = whole & np.isfinite(moves[:, k])
            found[k] = self._explained(steps[rows], moves[rows][:, [k]])[0]
        return found

    def _explained(self, steps: Array, moves: Array) -> Array:
        """Shares by regression of moves on steps."""
        scale = steps.std(axis=0) if len(steps) else np.zeros(steps.shape[1])
        if len(steps) <= 2 * steps.shape[1] or not np.all(scale > 0):
            return np.full(moves.shape[1], np.nan)
        design = steps / scale
        slopes = np.linalg.lstsq(design, moves, rcond=1e-8)[0]
        rest, total = np.sum((moves - design @ slopes) ** 2, axis=0), np.sum(moves**2, axis=0)
        slopes = slopes / scale[:, None]
        shown, whole = (np.einsum("ak,ab,bk->k", slopes, m, slopes) for m in (self.shown, self.whole))
        with np.errstate(invalid="ignore", divide="ignore"):
            good = (rest < (1 - EXPLAINED) * total) & (whole > 0)
            return np.where(good, np.clip(shown / whole, LEAST, 1.0), np.nan)
