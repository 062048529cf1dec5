"""Quantities that follow from several fits on runs of their own: what widens their intervals."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.fit.estimate import Correction
from isoflop.fit.leverage import Leverage
from isoflop.fit.objective import robust_scale
from isoflop.fit.result import Fit

Array = NDArray[Any]


def correction_of_several(fits: Sequence[Fit], value: ArrayLike, drawn: Array) -> Correction:
    """What widens the interval of a quantity whose k-th draw follows from the k-th draws of several fits.

    The fits' parameters vary independently, so that their covariances stand side by side, each times the variance of
    its own noise. Freedom and inflation are those of the fit whose interval widens most.

    Args:
        fits: each with draws, on runs of its own.
        value: of the quantities at the estimates, shape (…).
        drawn: of each draw, shape (draws, …), NaN where there is none; of the first draws of each fit.

    Returns:
        The correction, with the share of each quantity's spread that the draws show where leverages are known.
    """
    widest = max((fit.correction for fit in fits), key=lambda one: float(one.factor(0.9)))
    known = [fit.leverage for fit in fits if fit.leverage is not None]
    point = np.asarray(value, dtype=float)
    if len(known) < len(fits) or point.size == 0:
        return widest
    theta = np.concatenate([fit.theta[np.array(fit.free)] for fit in fits])
    draws = np.hstack([np.asarray(fit.draws)[: len(drawn), np.array(fit.free)] for fit in fits])
    flat = np.asarray(drawn, dtype=float).reshape(len(drawn), -1)
    found = _joint(fits, known).shares(theta, draws, point.reshape(-1), flat)
    shares = np.where(np.isfinite(found), found, widest.share).reshape(point.shape)
    return replace(widest, kept=float(shares) if shares.ndim == 0 else shares)


def _joint(fits: Sequence[Fit], known: Sequence[Leverage]) -> Leverage:
    """Leverages of all fits side by side."""
    size = sum(len(own.shown) for own in known)
    shown, whole, first = np.zeros((size, size)), np.zeros((size, size)), 0
    for fit, own in zip(fits, known, strict=True):
        place = slice(first, first + len(own.shown))
        noise = robust_scale(fit.residuals, sum(fit.free)) ** 2
        shown[place, place], whole[place, place] = noise * own.shown, noise * own.whole
        first = place.stop
    return Leverage(tuple(word for own in known for word in own.logarithmic), shown, whole)
