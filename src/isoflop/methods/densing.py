"""Capability density: how large a reference model would have to be, and how fast the best density doubles."""

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop import laws
from isoflop.errors import FitError
from isoflop.fit.estimate import Estimate
from isoflop.fit.fitting import fit_law
from isoflop.fit.result import Fit
from isoflop.methods.answers import answer
from isoflop.runs.table import RunTable
from isoflop.uncertainty.bootstrap import bootstrap

Array = NDArray[Any]

NOT_IN: Final = (
    "that the densest models so far were chosen by their densities, noise included",
    "the errors of the effective sizes",
)
"""What the interval of a doubling time does not contain."""


def effective_params(
    score: ArrayLike, loss: Mapping[str, float], accuracy: Mapping[str, float], *, tokens: float
) -> Array:
    """Size at which the reference recipe reaches a score, `N = f^-1(S)` at the reference's tokens.

    The reference is a two-step ladder: `L = E + A/N^alpha + B/D^beta`, `S = b + a sigma(k (L - L0))`.

    Reference: Xiao et al. 2024, arXiv:2412.04315.

    Args:
        score: accuracies of the models, fractions.
        loss: parameters of the law `task-loss`.
        accuracy: parameters of the law `task-sigmoid`.
        tokens: training tokens D of the reference.

    Returns:
        Effective parameters; NaN where the reference cannot reach the score at these tokens, or is never so bad.

    Raises:
        FitError: an accuracy is no fraction.

    Warns:
        RangeWarning: a size that comes out, or the tokens, lie outside the range of the source, with the distance.

    >>> first = laws.get("task-loss").published_set("olmo-ladder-hellaswag").values
    >>> second = laws.get("task-sigmoid").published_set("olmo-ladder-hellaswag").values
    >>> print(f"{effective_params(0.8, first, second, tokens=4e12):.3g}")
    4.03e+09
    """
    given = np.asarray(score, dtype=float)
    if np.any((given < 0) | (given > 1)):
        raise FitError("Accuracies are fractions, but there are some below 0 or above 1. Divide percent by 100.")
    share = (given - accuracy["b"]) / accuracy["a"]
    with np.errstate(invalid="ignore", divide="ignore"):
        wanted = accuracy["L0"] + np.log(share / (1 - share)) / accuracy["k"]
        rest = wanted - loss["E"] - loss["B"] / tokens ** loss["beta"]
        size = (loss["A"] / rest) ** (1 / loss["alpha"])
    found = np.asarray(np.where((rest > 0) & (size > 0), size, np.nan))
    laws.get("task-loss").warn_outside({"params": found, "tokens": tokens})
    laws.get("task-sigmoid").warn_outside({"task_loss": np.where(np.isfinite(found), wanted, np.nan)})
    return found


def doubling_days(rate: float) -> float:
    """Days in which a density doubles that grows as `exp(A t)`, `ln 2 / A`.

    Args:
        rate: A, per day.

    Returns:
        Days.

    Raises:
        FitError: the density does not grow.

    >>> round(doubling_days(0.0073))
    95
    """
    if not rate > 0:
        raise FitError(f"A density with rate {rate:g} does not grow, so it never doubles. Give a positive rate.")
    return math.log(2) / rate


def frontier(days: ArrayLike, density: ArrayLike) -> Array:
    """Places of the models that were the densest so far, in the order of time.

    Args:
        days: release days, shape (models,).
        density: effective over actual parameters, shape (models,).

    Returns:
        Indices.

    Raises:
        FitError: a day is missing, or a density is not a positive number.
    """
    when, value = np.asarray(days, dtype=float), np.asarray(density, dtype=float)
    wrong = np.flatnonzero(~(np.isfinite(when) & np.isfinite(value) & (value > 0)))
    if len(wrong):
        raise FitError(
            f"Model {wrong[0]} has day {when[wrong[0]]:g} and density {value[wrong[0]]:g}. Leave out models that "
            "the reference cannot reach, or without a day."
        )
    best, places = -np.inf, []
    for place in np.lexsort((-value, when)):
        if value[place] > best:
            best = value[place]
            places.append(place)
    return np.array(places, dtype=np.intp)


def fit_trend(days: ArrayLike, density: ArrayLike, *, rng: np.random.Generator | None = None, draws: int = 1000) -> Fit:
    """Fit `ln density_max = A t + B` to the densest models so far.

    Args:
        days: release days, counted from the first model, shape (models,).
        density: effective over actual parameters, shape (models,).
        rng: random state of the resampling of these models; no draws when None.
        draws: refits behind the intervals.

    Returns:
        The law `densing`, fitted by least squares of the logarithms; see `doubling`.

    Raises:
        FitError: fewer than three models were the densest so far.
    """
    places = frontier(days, density)
    if len(places) < 3:
        raise FitError(f"Only {len(places)} models were the densest so far; a trend needs three. Add models.")
    table = {"days": np.asarray(days, float)[places], "density": np.asarray(density, float)[places]}
    runs = RunTable.from_columns(table)
    fit = fit_law(laws.get("densing"), runs, objective="log-ls")
    return fit if rng is None else bootstrap(fit, runs, rng=rng, draws=draws)


def doubling(fit: Fit, *, level: float | None = None) -> Estimate:
    """Days in which the best density doubles, with the interval of a fitted trend.

    Args:
        fit: a trend with draws.
        level: confidence level; the fit's own when None.

    Returns:
        Days.

    Raises:
        LawError: the fit has no draws.
    """
    return answer(fit, lambda p: doubling_days(p["A"]), level=level, unit="days", leaves_out=NOT_IN)
