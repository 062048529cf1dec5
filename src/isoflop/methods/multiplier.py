"""How many times its data or compute a method is worth: the rate multiplier between two fits."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import FitError
from isoflop.fit.estimate import Estimate, estimate_from_draws
from isoflop.fit.result import Fit
from isoflop.methods.several import correction_of_several

Array = NDArray[Any]

DECADES: Final = 12.0
"""How far from the given amount the equal amount of the baseline is looked for."""

STEPS: Final = 80
"""Halvings of the interval: more than double precision needs."""


def rate_multiplier(
    method: Fit,
    baseline: Fit,
    *,
    column: str,
    at: float,
    level: float = 0.9,
    others: Mapping[str, ArrayLike] | None = None,
) -> Estimate:
    """Factor by which the baseline needs more of a column to do as well as the method.

    `m` solves `L_baseline(m x) = L_method(x)`; with equal floors and exponents it is the same at
    every x, otherwise it must be quoted with x. Draws of the two fits are paired, as the fits stand
    on different runs.

    Reference: Setlur et al. 2024, arXiv:2406.14532 (2x and 8x); Kim et al. 2025, arXiv:2509.14786
    (data efficiency); Mizrahi et al. 2025, arXiv:2507.12466 (compute multiplier).

    Args:
        method: fit of the method's runs, with draws.
        baseline: fit of the baseline's runs, with draws.
        column: column that is multiplied, such as tokens or flops.
        at: amount x of it that the method has.
        level: confidence level.
        others: values of the laws' other columns.

    Returns:
        The multiplier with its interval; NaN where the baseline never gets as good.

    Raises:
        FitError: a fit has no draws.

    >>> from isoflop import laws
    >>> from isoflop.fit.fitting import fit_law
    >>> from isoflop.runs.table import RunTable
    >>> from isoflop.uncertainty.bootstrap import bootstrap
    >>> D, law, rng = np.geomspace(1e3, 1e6, 12), laws.get("power-tokens-floor"), np.random.default_rng(0)
    >>> def fitted(B):
    ...     loss = (0.2 + B * D**-0.4) * np.exp(rng.normal(0, 1e-4, 12))
    ...     runs = RunTable.from_columns({"tokens": D, "loss": loss})
    ...     return bootstrap(fit_law(law, runs, objective="log-ls"), runs, draws=20, rng=rng)
    >>> round(rate_multiplier(fitted(8.0), fitted(8.0 * 8**0.4), column="tokens", at=1e4).value, 1)
    8.0
    """
    if method.draws is None or baseline.draws is None:
        raise FitError("A multiplier needs the draws of both fits. Fit with bootstrap=1000.")
    count = min(len(method.draws), len(baseline.draws))
    fixed = {word: np.atleast_1d(np.asarray(value, dtype=float)) for word, value in (others or {}).items()}
    target = _values(method, {**fixed, column: np.array([at])})[: count + 1]
    factor = np.exp(_equal(baseline, column, at, target, fixed))
    left = [*method.leaves_out, *(text for text in baseline.leaves_out if text not in method.leaves_out)]
    missing = float(np.mean(~np.isfinite(factor[1:])))
    if missing:
        left.insert(0, f"{missing:.1%} of the draws, in which the baseline never gets as good")
    known = factor[1:][np.isfinite(factor[1:])]
    if not np.isfinite(factor[0]) or not len(known):
        return Estimate(float("nan"), (float("nan"), float("nan")), level, leaves_out=tuple(left))
    correction = correction_of_several((method, baseline), float(factor[0]), factor[1:])
    return estimate_from_draws(float(factor[0]), known, level=level, correction=correction, leaves_out=tuple(left))


def _values(fit: Fit, columns: Mapping[str, Array]) -> Array:
    """The law at one point for the fit and for all its draws, shape (draws + 1,)."""
    return np.concatenate([fit.evaluate(**columns)[:1], fit.evaluate_draws(**columns)[:, 0]])


def _equal(fit: Fit, column: str, at: float, target: Array, fixed: Mapping[str, Array]) -> Array:
    """Logarithm of the factor on `at` at which each draw reaches its target, by bisection; NaN where none does."""
    low = np.full(len(target), -DECADES * np.log(10))
    high = -low
    with np.errstate(all="ignore"):
        first, last = (_each(fit, column, at * np.exp(edge), fixed) - target for edge in (low, high))
        falls = first > last
        for _ in range(STEPS):
            middle = 0.5 * (low + high)
            beyond = (_each(fit, column, at * np.exp(middle), fixed) < target) == falls
            low, high = np.where(beyond, low, middle), np.where(beyond, middle, high)
    return np.where(first * last < 0, 0.5 * (low + high), np.nan)


def _each(fit: Fit, column: str, amounts: Array, fixed: Mapping[str, Array]) -> Array:
    """The law of every draw at that draw's own amount, shape (draws + 1,)."""
    given = {word: np.broadcast_to(value, amounts.shape) for word, value in fixed.items()}
    columns = {**given, column: amounts}
    own = fit.evaluate(**{word: values[:1] for word, values in columns.items()})
    draws = fit.evaluate_draws(**{word: values[1:] for word, values in columns.items()})
    rows = np.arange(len(amounts) - 1)
    return np.concatenate([own, draws[rows, rows]])
