"""How much the learning rate matters, and at what size training turns unstable, from small runs."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import LawError
from isoflop.fit.estimate import Estimate, estimate_from_draws
from isoflop.fit.fitting import fit_law
from isoflop.fit.result import Fit
from isoflop.laws.law import Law, Parameter
from isoflop.runs.table import RunTable
from isoflop.uncertainty.bootstrap import bootstrap

Array = NDArray[Any]


def lr_sensitivity(losses: ArrayLike, initial: float) -> float:
    """Learning-rate sensitivity: mean over a log-even grid of rates of min(loss, initial) - least loss.

    Reference: Wortsman et al. 2023, arXiv:2309.14322.

    Args:
        losses: final loss at each rate of the grid, shape (rates,); NaN or infinite where the run diverged.
        initial: loss at initialisation, at which every run is capped.

    Returns:
        Sensitivity in nats/token. It depends on the ends and the spacing of the grid: compare equal grids only.

    Raises:
        LawError: no run ended below the initial loss.

    >>> round(lr_sensitivity([4.5, 4.0, 9.0], 7.0), 4)
    1.1667
    """
    values = np.asarray(losses, dtype=float)
    capped = np.where(np.isfinite(values), np.minimum(values, initial), initial)
    if values.ndim != 1 or not len(values) or not capped.min() < initial:
        raise LawError(
            f"None of {values.size} runs ended below the loss at initialisation, {initial:g}. "
            "Give the losses of a sweep of learning rates, one of which trains."
        )
    return float(np.mean(capped - capped.min()))


@dataclass(frozen=True)
class Instability:
    """Where a measured quantity is expected to pass its limit.

    Args:
        fit: the power law quantity = K N^k on the small runs.
        params: size at which it reaches the limit.
        limit: the limit.
        grows: whether the quantity grows with size; if not, no size reaches the limit.
    """

    fit: Fit
    params: Estimate
    limit: float
    grows: bool


def predict_instability(
    table: RunTable,
    quantity: str,
    limit: float,
    *,
    rng: np.random.Generator,
    draws: int = 500,
) -> Instability:
    """Extrapolate a quantity that precedes divergence, quantity = K N^k, to the size at which it reaches a limit.

    Such quantities are the largest attention logit and the norm of the output logits, at a fixed
    learning rate.

    Reference: Wortsman et al. 2023, arXiv:2309.14322.

    Args:
        table: small runs at one learning rate, with params and the quantity.
        quantity: column to extrapolate, positive.
        limit: value at which runs of this kind become unstable.
        rng: random state.
        draws: refits for the interval.

    Returns:
        The size with its interval, beyond which the runs themselves say nothing.

    Raises:
        LawError: the limit is not positive.
    """
    if not limit > 0:
        raise LawError(f"The limit of {quantity} is {limit:g}. Give a positive one.")
    law = Law(f"{quantity} in size", "K*N^k", parameters={"K": Parameter(), "k": Parameter("real")})
    fit = bootstrap(
        fit_law(law, table, objective="log-ls", response=quantity), table, rng=rng, draws=draws, resample="bayes"
    )
    place = {name: fit.names.index(name) for name in ("K", "k")}

    def reach(theta: Array) -> Array:
        exponent = theta[..., place["k"]]
        with np.errstate(all="ignore"):
            return np.where(exponent > 0, (limit / theta[..., place["K"]]) ** (1 / exponent), np.inf)

    value, drawn = float(reach(fit.theta)), reach(np.asarray(fit.draws))
    if np.isfinite(value) and np.isfinite(drawn).all():
        found = estimate_from_draws(
            value, drawn, level=fit.level, correction=fit.correction_of(value, drawn), leaves_out=fit.leaves_out,
            unit="parameters",
        )  # fmt: skip
    else:
        # Some refits, or the fit itself, reach the limit at no size: plain percentiles can say so.
        tails = (0.5 * (1 - fit.level), 0.5 * (1 + fit.level))
        low, high = (float(np.quantile(drawn, tail, method="inverted_cdf")) for tail in tails)
        left = ("the correction for few runs", *fit.leaves_out)
        found = Estimate(value, (low, high), fit.level, drawn, left, "parameters")
    return Instability(fit, found, limit, bool(np.isfinite(value)))
