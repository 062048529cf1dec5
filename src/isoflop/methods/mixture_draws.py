"""RegMix with intervals: the regression and the best mixture done again on runs drawn with replacement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import FitError
from isoflop.fit.estimate import Correction, Estimate
from isoflop.methods.answers import from_answers
from isoflop.methods.regmix import BestMixture, Kind, MixtureModel, best_mixture, fit_mixtures
from isoflop.runs.table import RunTable

Array = NDArray[Any]

NOT_IN: Final = (
    "that the order of mixtures may change with the size of the model",
    "the error of the regression's form",
    "mixtures that were not simulated",
)
"""What the intervals of a best mixture do not contain."""


@dataclass(frozen=True)
class MixtureForecast:
    """A best mixture with what the small runs leave open.

    Args:
        model: the regression on all runs.
        best: its best mixture.
        shares: domain → share, with the interval of the best mixtures of redrawn runs.
        gain: predicted loss of the prior minus that of the mixture, both by the same regression, with its interval.
    """

    model: MixtureModel
    best: BestMixture
    shares: Mapping[str, Estimate]
    gain: Estimate


def forecast_mixture(
    runs: RunTable,
    domains: Sequence[str],
    response: str,
    prior: Mapping[str, float],
    *,
    rng: np.random.Generator,
    kind: Kind = "lightgbm",
    draws: int = 50,
    samples: int = 20_000,
    top: int = 128,
    level: float = 0.9,
) -> MixtureForecast:
    """Fit RegMix and choose a mixture, and do both again on runs drawn with replacement.

    Trees stop on the runs that were not drawn. All fits choose from the same simulated mixtures.

    Reference: Liu et al. 2024, RegMix, arXiv:2407.01492; Efron and Tibshirani 1993 (pairs).

    Args:
        runs: small runs with random mixtures.
        domains: columns of shares.
        response: column of the target loss.
        prior: domain → share of the available tokens.
        rng: draws the mixtures, the held-out runs and the resampled ones.
        kind: `lightgbm` or `linear`.
        draws: refits behind the intervals; each costs a whole fit.
        samples: mixtures to simulate.
        top: mixtures to average.
        level: confidence level.

    Returns:
        The mixture with intervals.

    Raises:
        FitError: fewer than two draws; and as `fit_mixtures` and `best_mixture` do.
    """
    if draws < 2:
        raise FitError(f"{draws} draws give no interval. Ask for at least 2; 50 is a start.")
    names = tuple(domains)
    base = np.array([prior[name] for name in names if name in prior], dtype=float)
    model = fit_mixtures(runs, names, response, rng=rng, kind=kind)
    candidates = rng.dirichlet(base / base.sum(), samples) if len(base) == len(names) else None
    best = best_mixture(model, prior, rng=rng, top=top, candidates=candidates)
    found = np.full((draws, len(names) + 1), np.nan)
    for k in range(draws):
        pick = rng.integers(len(runs), size=len(runs))
        rest = np.setdiff1d(np.arange(len(runs)), pick)
        stop = runs.take(rest) if kind == "lightgbm" else None
        own = fit_mixtures(runs.take(pick), names, response, rng=rng, kind=kind, stop_on=stop)
        chosen = best_mixture(own, prior, rng=rng, top=top, candidates=candidates)
        # The mixture of all runs, judged by the regression of these.
        fixed, before = own.predict(np.array([list(best.shares.values()), base / base.sum()]))
        found[k] = [*chosen.shares.values(), before - fixed]
    correction = Correction(len(runs), len(names), lost=False)

    def estimate(point: float, column: int, unit: str) -> Estimate:
        return from_answers(np.asarray(point), found[:, column], level, correction, leaves_out=NOT_IN, unit=unit)

    shares = {name: estimate(best.shares[name], k, "share") for k, name in enumerate(names)}
    gain = estimate(best.prior_loss - best.loss, len(names), f"of {response}")
    return MixtureForecast(model, best, MappingProxyType(shares), gain)
