"""The best mixture by fitted mixing laws: several validation domains weighed, or a critical share."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import FitError, LawError
from isoflop.fit.result import Fit

Array = NDArray[Any]

TOLERANCE: Final = 1e-12


@dataclass(frozen=True)
class BestShares:
    """Shares with the least predicted validation loss.

    Args:
        shares: domain → share.
        loss: predicted loss of the weighed validation domains there.
        losses: validation domain → predicted loss there.
    """

    shares: Mapping[str, float]
    loss: float
    losses: Mapping[str, float]


def best_shares(fits: Mapping[str, Fit], weights: Mapping[str, float], domains: Sequence[str]) -> BestShares:
    """Minimise a weighed sum of fitted mixing laws over the mixtures.

    `L(r) = sum_i s_i L_i(r)`, `L_i = c_i + exp(sum_j t_ij r_j)`: convex in the shares, so that the
    minimum found is the minimum. A single validation domain always asks for a single training
    domain; weigh several.

    Reference: Ye et al. 2024, arXiv:2403.16952, eq. 8 with known proportions of the validation set.

    Args:
        fits: validation domain → fit of `mixing_law(domains)` to its loss.
        weights: validation domain → its share s_i of the validation set.
        domains: training domains.

    Returns:
        The best shares.

    Raises:
        FitError: a fit has no weight, or is not of a mixing law over these domains.
    """
    from scipy.optimize import minimize

    names = tuple(domains)
    if set(fits) != set(weights) or not fits:
        have, want = (", ".join(side) or "nothing" for side in (fits, weights))
        raise FitError(f"There are fits of {have} and weights of {want}. Give one weight for every fit.")
    strange = [name for name, fit in fits.items() if any(f"t_{d}" not in fit.parameters for d in names)]
    if strange:
        raise FitError(f"The fit of {strange[0]} is no mixing law over {', '.join(names)}. Fit mixing_law to it.")
    slopes = np.array([[fit.parameters[f"t_{d}"] for d in names] for fit in fits.values()])
    floors = np.array([fit.parameters["c"] for fit in fits.values()])
    s = np.array([weights[name] for name in fits])

    def objective(r: Array) -> tuple[float, Array]:
        parts = s * np.exp(slopes @ r)
        return float(np.sum(s * floors) + parts.sum()), parts @ slopes

    count = len(names)
    found = minimize(
        objective,
        np.full(count, 1 / count),
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
    losses = dict(zip(fits, (floors + np.exp(slopes @ shares)).tolist(), strict=True))
    return BestShares(
        MappingProxyType(dict(zip(names, shares.tolist(), strict=True))),
        objective(shares)[0],
        MappingProxyType(losses),
    )


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

    >>> from isoflop import laws
    >>> law = laws.get("mixing-two")
    >>> values = law.published_set("github-70m-30k").values
    >>> round(critical_share(values, float(law.predict(values, share=0.4))), 12)
    0.4
    """
    if not loss > values["c"] or values["k"] == 0:
        raise LawError(f"No share gives a loss of {loss:g}: the law's floor is {values['c']:g}. Ask for more.")
    return (math.log(loss - values["c"]) - values["b"]) / values["k"]
