"""The law's own error far from the target, and the tokens per parameter that keep it small."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import LawError
from isoflop.fit.result import Fit
from isoflop.plan.design.aim import Aim
from isoflop.plan.design.candidates import Candidates
from isoflop.plan.design.linear import Linear

Array = NDArray[Any]

BRACKET: Final = 4.0
"""Candidates have at least a quarter and at most four times the target's tokens per parameter."""


def bracket(aim: Aim, wanted: tuple[float, float] | str | None) -> tuple[float, float] | None:
    """Limits of tokens per parameter.

    An additive law that is fitted at extreme ratios of D to N is wrong in between when the truth has an
    interaction; a bracket around the target's ratio keeps that error below the noise.

    Args:
        aim: the target.
        wanted: "bracket", two limits, or None for none.

    Returns:
        The limits, or None where the law has no tokens and params.

    Raises:
        LawError: the limits are not two positive numbers in order.
    """
    if wanted is None:
        return None
    if isinstance(wanted, str):
        if wanted != "bracket":
            raise LawError(f"tokens_per_param is {wanted!r}. Write bracket, two limits, or None for no limits.")
        ratio = aim.ratio
        return None if ratio is None else (ratio[0] / BRACKET, ratio[1] * BRACKET)
    low, high = wanted
    if not 0 < low <= high:
        raise LawError(f"tokens_per_param runs from {low:g} to {high:g}. Give a positive lower and a higher limit.")
    return float(low), float(high)


def away(aim: Aim, pool: Candidates) -> Array:
    """Distance h of every candidate from the nearest target point: the sum of |Δ ln x| over the columns.

    A run there counts with variance `sigma^2/n + tau^2 h`: the law's own error grows away from the target,
    and the n seeds of one run share it.

    Args:
        aim: the target.
        pool: the candidates.

    Returns:
        Distances, shape (m,); 0 where no column holds positive numbers.
    """
    words = [
        w for w, v in aim.points.items()
        if v.dtype != object and np.all(v > 0) and np.all(pool.columns[w].astype(float) > 0)
    ]  # fmt: skip
    here = np.zeros((len(pool), 1))
    for word in words:
        gap = np.log(pool.columns[word].astype(float))[:, None] - np.log(aim.points[word].astype(float))
        here = here + np.abs(gap)
    return np.asarray(here.min(axis=1))


def from_inflation(fit: Fit, aim: Aim, linear: Linear) -> float:
    """Tau that the back-test's inflation asks for; 0 without a back-test.

    If forecasts are off by `kappa` standard errors where the noise alone explains one, the law's own error has
    variance `(kappa^2 - 1) se^2` at the distance between the runs and the target.

    Args:
        fit: the fit with its inflation.
        aim: the target.
        linear: the linear problem.

    Returns:
        Standard deviation per root of a unit of |Δ ln x|.
    """
    kappa = fit.correction.inflation
    ranges = fit.data.ranges
    words = [
        w for w, v in aim.points.items() if v.dtype != object and w in ranges and ranges[w][0] > 0 and np.all(v > 0)
    ]
    if kappa <= 1 or not words:
        return 0.0
    middle = {w: np.sqrt(ranges[w][0] * ranges[w][1]) for w in words}
    distance = float(np.mean(sum(np.abs(np.log(aim.points[w].astype(float) / middle[w])) for w in words)))
    variance = float(np.mean(np.einsum("tk,tk->t", linear.targets, linear.targets)))
    return float(np.sqrt((kappa**2 - 1) * variance / max(distance, 1.0)))
