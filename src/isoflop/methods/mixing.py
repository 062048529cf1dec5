"""The best mixture by fitted mixing laws: several validation domains weighed, or a critical share."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import FitError, LawError
from isoflop.fit.estimate import interval_from_draws
from isoflop.fit.result import Fit
from isoflop.laws.mixing import TWO_DOMAINS
from isoflop.methods.several import correction_of_several

Array = NDArray[Any]

TOLERANCE: Final = 1e-12


@dataclass(frozen=True)
class BestShares:
    """Shares with the least predicted validation loss.

    Args:
        shares: domain → share.
        intervals: domain → interval of its share over draws of the fits, cut to 0 to 1; empty where a
            fit has no draws.
        level: confidence level of the intervals.
        loss: predicted loss of the weighed validation domains there.
        losses: validation domain → predicted loss there.
    """

    shares: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]]
    level: float
    loss: float
    losses: Mapping[str, float]


def best_shares(
    fits: Mapping[str, Fit],
    weights: Mapping[str, float],
    domains: Sequence[str],
    *,
    level: float = 0.9,
    draws: int = 200,
) -> BestShares:
    """Minimise a weighed sum of fitted mixing laws over the mixtures.

    `L(r) = sum_i s_i L_i(r)`, `L_i = c_i + exp(sum_j t_ij r_j)`: convex in the shares, so that the
    minimum found is the minimum. A single validation domain always asks for a single training
    domain; weigh several.

    Reference: Ye et al. 2024, arXiv:2403.16952, eq. 8 with known proportions of the validation set.

    Args:
        fits: validation domain → fit of `mixing_law(domains)` to its loss; with draws for intervals.
        weights: validation domain → its share s_i of the validation set.
        domains: training domains.
        level: confidence level of the intervals.
        draws: draws of the fits for which the best shares are looked for, at most.

    Returns:
        The best shares.

    Raises:
        FitError: a fit has no weight, a weight is not positive, or a fit is not of a mixing law over
            these domains.
    """
    names = tuple(domains)
    _check(fits, weights, names)
    s = np.array([weights[name] for name in fits])
    slopes = np.stack([_slopes(fit, names, fit.theta[None])[0] for fit in fits.values()])
    floors = np.array([fit.parameters["c"] for fit in fits.values()])
    shares = _minimum(slopes, s, np.full(len(names), 1 / len(names)))
    known = all(len(_drawn(fit)) for fit in fits.values())
    intervals = _intervals(fits, names, s, shares, level=level, draws=draws) if known else {}
    values = floors + np.exp(slopes @ shares)
    return BestShares(
        MappingProxyType(dict(zip(names, shares.tolist(), strict=True))),
        MappingProxyType(intervals),
        level,
        float(s @ values),
        MappingProxyType(dict(zip(fits, values.tolist(), strict=True))),
    )


def _check(fits: Mapping[str, Fit], weights: Mapping[str, float], names: tuple[str, ...]) -> None:
    """Refuse fits and weights that do not belong together."""
    if set(fits) != set(weights) or not fits:
        have, want = (", ".join(side) or "nothing" for side in (fits, weights))
        raise FitError(f"There are fits of {have} and weights of {want}. Give one weight for every fit.")
    wrong = [name for name, weight in weights.items() if not 0 < weight < math.inf]
    if wrong:
        raise FitError(f"The weight of {wrong[0]} is {weights[wrong[0]]:g}. Give positive weights, or leave it out.")
    strange = [name for name, fit in fits.items() if any(f"t_{d}" not in fit.parameters for d in names)]
    if strange:
        raise FitError(f"The fit of {strange[0]} is no mixing law over {', '.join(names)}. Fit mixing_law to it.")


def _drawn(fit: Fit) -> Array:
    """Draws of a fit that found an optimum, shape (draws, parameters); none where it has no draws."""
    draws = np.empty((0, len(fit.names))) if fit.draws is None else fit.draws
    return np.asarray(draws[np.isfinite(draws).all(axis=1)])


def _slopes(fit: Fit, names: tuple[str, ...], theta: Array) -> Array:
    """Slopes t of the domains in rows of parameters, shape (rows, domains)."""
    return theta[:, [fit.names.index(f"t_{name}") for name in names]]


def _minimum(slopes: Array, s: Array, start: Array) -> Array:
    """Shares with the least `sum_i s_i exp(t_i r)`; the floors do not move them."""
    from scipy.optimize import minimize

    def objective(r: Array) -> tuple[float, Array]:
        parts = s * np.exp(slopes @ r)
        return float(parts.sum()), parts @ slopes

    count = len(start)
    found = minimize(
        objective,
        start,
        jac=True,
        method="SLSQP",
        bounds=[(0.0, 1.0)] * count,
        constraints={"type": "eq", "fun": lambda r: r.sum() - 1, "jac": lambda _: np.ones(count)},
        options={"ftol": TOLERANCE, "maxiter": 1000},
    )
    shares = np.maximum(found.x, 0.0) / np.maximum(found.x, 0.0).sum()
    if not _is_optimal(shares, objective(shares)[1]):
        raise FitError(
            f"The search for the best shares stopped early ({found.message}). Scale the weights to sum to one."
        )
    return np.asarray(shares)


def _intervals(
    fits: Mapping[str, Fit], names: tuple[str, ...], s: Array, shares: Array, *, level: float, draws: int
) -> dict[str, tuple[float, float]]:
    """Interval of every share over paired draws of the fits, which may end at 0 and 1."""
    drawn = [_slopes(fit, names, _drawn(fit)) for fit in fits.values()]
    count = min(draws, *(len(rows) for rows in drawn))
    equal = np.full(len(names), 1 / len(names))
    found = np.stack([_minimum(np.stack([rows[k] for rows in drawn]), s, equal) for k in range(count)])
    low, high = interval_from_draws(shares, found, level, correction_of_several(list(fits.values()), shares, found))
    ends = np.clip([low, high], 0.0, 1.0)
    return {name: (float(a), float(b)) for name, a, b in zip(names, *ends, strict=True)}


def _is_optimal(shares: Array, slope: Array) -> bool:
    """Whether no domain in use could be traded for a better one."""
    used = shares > 1e-6
    return bool(np.all(slope[used] - slope.min() <= 1e-4 * np.abs(slope).max()))


def critical_share(values: Mapping[str, float], loss: float) -> float:
    """Share at which a two-domain law reaches a loss: `r = (ln(L - c) - b)/k`.

    In continual pre-training it is the least share of the old data that keeps its loss.

    Reference: Ye et al. 2024, arXiv:2403.16952, sec. 5.

    Args:
        values: c, b and k of the law `mixing-two`.
        loss: the loss to keep.

    Returns:
        The share, which may lie outside 0 to 1.

    Raises:
        LawError: no share gives this loss.

    Warns:
        RangeWarning: the share lies outside the range of the source, with the distance.

    >>> from isoflop import laws
    >>> law = laws.get("mixing-two")
    >>> values = law.published_set("github-70m-30k").values
    >>> round(critical_share(values, float(law.predict(values, share=0.4))), 12)
    0.4
    """
    if not loss > values["c"] or values["k"] == 0:
        raise LawError(f"No share gives a loss of {loss:g}: the law's floor is {values['c']:g}. Ask for more.")
    share = (math.log(loss - values["c"]) - values["b"]) / values["k"]
    TWO_DOMAINS.warn_outside({"share": max(share, 0.0)})
    return share
