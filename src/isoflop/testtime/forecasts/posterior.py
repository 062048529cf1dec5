"""Coverage of these very problems by more samples: each problem's own counts, the distribution for the rest."""

from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import FitError
from isoflop.fit.estimate import Estimate
from isoflop.testtime.estimators.bounded import share_from_draws
from isoflop.testtime.estimators.coverage import counted
from isoflop.testtime.forecasts.difficulty import DEEPEST, Difficulty, log_chances
from isoflop.testtime.forecasts.distributions import DifficultyFit
from isoflop.testtime.forecasts.mixtures import log_rise

Array = NDArray[Any]

LEAVES_OUT: Final = (
    "that rates may follow another distribution, above all near 0, where problems that were never solved lie",
    "other problems than these",
)


def coverage_given_counts(difficulty: Difficulty, n: ArrayLike, c: ArrayLike, k: ArrayLike) -> Array:
    """Chance that one of k further samples of each problem is right, given its counts.

    `1 - E[(1-p)^k | c of n]`: the distribution of rates is the prior, each problem's counts are the data (empirical
    Bayes). A problem that is often solved keeps its own rate; one that was never solved gets the rates
    near 0 that the distribution holds.

    Args:
        difficulty: distribution of the rates.
        n: samples of every problem, shape (problems,).
        c: correct ones.
        k: further samples, shape (ks,).

    Returns:
        Chances, shape (problems, ks).

    >>> coverage_given_counts(Difficulty(1, 1), [8, 8], [0, 6], [1]).ravel().round(12).tolist()
    [0.1, 0.7]
    """
    pairs, place = _pairs(n, c)
    failed = _failed(np.array([[difficulty.alpha, difficulty.beta]]), difficulty, pairs, np.atleast_1d(k))
    return np.asarray(1 - failed[0][place])


def forecast_coverage(
    fit: DifficultyFit,
    n: ArrayLike,
    c: ArrayLike,
    k: ArrayLike,
    *,
    rng: np.random.Generator,
    level: float = 0.9,
) -> Estimate:
    """Coverage of these very problems by k samples, also far above those at hand, with its interval.

    The mean of `coverage_given_counts`. The interval holds what the distribution's draws and the unknown
    rates of the problems themselves leave open.

    Args:
        fit: distribution of their difficulty, with draws.
        n: samples of every problem, shape (problems,).
        c: correct ones.
        k: samples, shape (ks,) or a number.
        rng: random state.
        level: confidence level.

    Returns:
        Coverage and interval, of the shape of k.

    Raises:
        FitError: the fit has no draws.
    """
    if fit.draws is None:
        raise FitError("The distribution has no draws, so there is no interval. Give rng to fit_difficulty.")
    d, ks = fit.difficulty, np.atleast_1d(np.asarray(k, float))
    pairs, place = _pairs(n, c)
    share = np.bincount(place) / len(place)
    value = 1 - share @ _failed(np.array([[d.alpha, d.beta]]), d, pairs, ks)[0]
    # The square of a chance to fail is the chance of twice as many samples.
    both = np.empty((len(fit.draws), pairs.shape[1], 2 * len(ks)))
    for scale, places in fit.by_scale():
        both[places] = _failed(fit.draws[places], replace(d, scale=scale), pairs, np.concatenate([ks, 2 * ks]))
    once, twice = both[..., : len(ks)], both[..., len(ks) :]
    spread = np.sqrt(np.maximum(np.einsum("r,drk->dk", share, twice - once**2), 0.0) / len(place))
    # One normal number per draw: coverages at several k move together.
    drawn = 1 - np.einsum("r,drk->dk", share, once) + spread * rng.standard_normal((len(spread), 1))
    drawn = np.clip(drawn, 0.0, 1.0)
    shaped = drawn.reshape(-1, *np.shape(k))
    return share_from_draws(
        value if np.ndim(k) else float(value[0]), shaped, level=level, correction=fit.correction, leaves_out=LEAVES_OUT
    )


def _pairs(n: ArrayLike, c: ArrayLike) -> tuple[Array, Array]:
    """Distinct counts, shape (2, rows), and the row of every problem."""
    pairs, place = np.unique(np.stack(counted(n, c)), axis=1, return_inverse=True)
    return pairs.astype(float), place.ravel()


def _failed(parameters: Array, d: Difficulty, pairs: Array, ks: Array) -> Array:
    """Chances that k further samples all fail, given counts, shape (batch, rows, ks)."""
    from scipy.special import gammaln

    if not ks.size or not np.all((ks > 0) & np.isfinite(ks)):
        raise FitError("The chance that all of k further samples fail needs k above 0. Give positive numbers.")
    if d.shape == "beta" and d.scale == 1:
        return _failed_beta(parameters, pairs, ks)
    n, c = pairs[0][:, None] + np.concatenate([[0.0], ks]), np.repeat(pairs[1][:, None], len(ks) + 1, axis=1)
    chances = log_chances(n.ravel(), c.ravel(), d.scale, d.shape, negligible=DEEPEST)
    logs = chances(parameters[:, 0], parameters[:, 1]).reshape(len(parameters), *n.shape)
    # Without the binomial coefficients these are the integrals whose ratio is wanted.
    logs = logs - (gammaln(n + 1) - gammaln(n - c + 1) - gammaln(c + 1))
    return np.asarray(np.exp(logs[..., 1:] - logs[..., :1]))


def _failed_beta(parameters: Array, pairs: Array, ks: Array) -> Array:
    """The same where rates are beta given the counts, as they were before: `Γ(z+k) Γ(z+s)/(Γ(z) Γ(z+k+s))`."""
    alpha, beta = parameters.T[:, :, None, None]
    s, z = alpha + pairs[1][:, None], beta + (pairs[0] - pairs[1])[:, None]
    # Of two ways to pair the four, the one whose steps are shorter keeps more digits.
    by_k = log_rise(z - 1, ks + 1) - log_rise(z + s - 1, ks + 1)
    by_s = log_rise(z - 1, s + 1) - log_rise(z + ks - 1, s + 1)
    return np.asarray(np.exp(np.where(ks < s, by_k, by_s)))
