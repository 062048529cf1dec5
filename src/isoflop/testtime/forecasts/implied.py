"""The power law of coverage: fitted to a curve by least squares, or implied by a distribution of difficulty."""

from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop import laws
from isoflop.errors import FitError
from isoflop.fit.estimate import Correction, Estimate, estimate_from_draws
from isoflop.fit.fitting import fit_law
from isoflop.fit.result import Fit
from isoflop.laws.catalogue import from_text
from isoflop.runs.table import RunTable
from isoflop.testtime.estimators.bounded import check_resampled, share_from_draws, without_spread
from isoflop.testtime.forecasts.difficulty import Difficulty
from isoflop.testtime.forecasts.distributions import DifficultyFit
from isoflop.uncertainty.bootstrap import draw_weights

Array = NDArray[Any]
Space = Literal["log", "coverage"]

SOURCE_KS: Final[tuple[int, ...]] = tuple(int(k) for k in np.unique(np.logspace(0, 4, 20).astype(int)))
"""The k at which Schaeffer et al. refit the failure curve of a distribution: 1 to 10,000."""

LEAVES_OUT: Final = (
    "that the curve may bend beyond the largest k: the law tends to 1, and problems that cannot be solved do not",
    "the choice of the k, which moves both constants",
)


@dataclass(frozen=True, eq=False)
class CoveragePower:
    """`coverage = exp(-a k^-b)` with the k that it was fitted to, which belong to its constants.

    Args:
        a: -ln coverage of a single sample; -a of Brown et al.
        b: exponent; -b of Brown et al.
        ks: the k of the fit.
        left_out: k at which coverage is 0 or 1, where ln(-ln coverage) is none.
        space: `log`: least squares of ln(-ln coverage) in ln k; `coverage`: of coverage itself.
        fit: the certified fit.
        problems: behind the curve; 0 where it was given as a mean.
        draws: a and b under resampled problems, shape (draws, 2); None when none were asked for.
    """

    a: float
    b: float
    ks: tuple[float, ...]
    left_out: tuple[float, ...]
    space: Space
    fit: Fit = field(repr=False)
    problems: int = 0
    draws: Array | None = field(default=None, repr=False)

    def predict(self, k: ArrayLike) -> Array:
        """Coverage at k, of the shape of k."""
        return np.asarray(np.exp(-self.a * np.asarray(k, float) ** -self.b))

    def parameter(self, name: Literal["a", "b"], *, level: float = 0.9) -> Estimate:
        """One constant with its interval under resampled problems.

        Raises:
            FitError: the law has no such constant, or no draws.
        """
        if name not in ("a", "b"):
            raise FitError(f"The law has no constant {name!r}. Ask for a or b.")
        value, drawn = float(getattr(self, name)), self._drawn[:, ("a", "b").index(name)]
        left = without_spread(value, drawn, LEAVES_OUT)
        return estimate_from_draws(value, drawn, level=level, correction=self.correction, leaves_out=left)

    def coverage(self, k: ArrayLike, *, level: float = 0.9) -> Estimate:
        """Coverage at k with its interval under resampled problems, of the shape of k.

        Raises:
            FitError: the law has no draws, or there is no k above 0.
        """
        if not np.size(k) or not np.all(np.asarray(k, float) > 0):
            raise FitError("Coverage needs k above 0. Give positive numbers.")
        a, b = self._drawn.T.reshape(2, -1, *[1] * np.ndim(k))
        value = self.predict(k)
        drawn = np.exp(-a * np.asarray(k, float) ** -b)
        point = value if np.ndim(value) else float(value)
        return share_from_draws(point, drawn, level=level, correction=self.correction, leaves_out=LEAVES_OUT)

    @property
    def correction(self) -> Correction:
        """Small-sample correction of the intervals: problems are what is resampled."""
        return Correction(self.problems, 2)

    @property
    def _drawn(self) -> Array:
        """The draws, which must be there."""
        if self.draws is None:
            raise FitError("The law has no draws, so there is no interval. Fit it per problem, with rng.")
        return self.draws


def fit_coverage(
    ks: ArrayLike,
    coverage: ArrayLike,
    *,
    space: Space = "log",
    rng: np.random.Generator | None = None,
    draws: int = 200,
    weights: Array | None = None,
) -> CoveragePower:
    """Fit the exponentiated power law `coverage = exp(-a k^-b)` to a curve.

    Brown et al. write `exp(a k^b)` with both negative, Schaeffer et al. `-log coverage = a k^-b`, as here. Neither
    prints which points and which residuals it fits; the default is what the code of Schaeffer et al. minimises.

    Reference: Brown et al. 2024, arXiv:2407.21787; Schaeffer et al. 2025, arXiv:2502.17578.

    Args:
        ks: samples, shape (ks,).
        coverage: mean coverage, shape (ks,), or pass@k of every problem, shape (problems, ks).
        space: residuals in ln(-ln coverage), or in coverage.
        rng: random state of the resampling of problems (Bayesian weights), which needs pass@k of every problem.
        draws: refits behind the intervals.
        weights: of the problems, shape (draws, problems), instead of `rng` and `draws`, for laws that share them.

    Returns:
        The law.

    Raises:
        FitError: shapes that do not fit, coverage outside 0 to 1, fewer than two usable k, or an interval without
            problems to resample, of one problem, or without draws.

    >>> k = [1, 10, 100, 1000]
    >>> law = fit_coverage(k, [0.02, 0.17, 0.47, 0.73])
    >>> round(law.a, 3), round(law.b, 3)
    (4.002, 0.365)
    """
    x, table = np.asarray(ks, float), np.asarray(coverage, float)
    if x.ndim != 1 or table.shape[-1:] != x.shape or table.ndim > 2 or not np.all((table >= 0) & (table <= 1)):
        raise FitError(
            f"Coverage of shape {table.shape} at {x.shape} k is no curve. Give fractions from 0 to 1, one per k, or "
            "one row per problem."
        )
    if (rng is not None or weights is not None) and table.ndim == 1:
        raise FitError("A mean curve has no problems to resample. Give pass@k of every problem, shape (problems, ks).")
    if rng is not None and weights is None:
        check_resampled(len(table), draws)
        weights = draw_weights(rng, draws, len(table), "bayes", None)
    mean = table if table.ndim == 1 else table.mean(axis=0)
    usable = (mean > 0) & (mean < 1) if space == "log" else np.ones(len(x), dtype=bool)
    if usable.sum() < 2:
        raise FitError(f"{int(usable.sum())} of {len(x)} k have a coverage between 0 and 1; a line needs two. Add k.")
    fit = _fitted(x[usable], mean[usable], space)
    drawn = None if weights is None else _drawn(x[usable], table[:, usable], space, weights)
    problems = 0 if table.ndim == 1 else len(table)
    p = fit.parameters
    return CoveragePower(
        p["a"], p["b"], tuple(x[usable].tolist()), tuple(x[~usable].tolist()), space, fit, problems, drawn
    )


def implied_power(difficulty: Difficulty | DifficultyFit, ks: ArrayLike = SOURCE_KS) -> CoveragePower:
    """Refit the power law to the failure curve of a distribution, as the source reports its exponent.

    The exponent is not alpha, which rules for k without end: over k up to 10,000 it is larger.

    Reference: Schaeffer et al. 2025, arXiv:2502.17578, and the authors' code.

    Args:
        difficulty: the distribution, or its fit, whose draws then give the interval.
        ks: samples.

    Returns:
        The law.

    >>> law = implied_power(Difficulty(0.25, 1.8209, 0.2346))
    >>> round(law.a, 2), round(law.b, 3)
    (3.46, 0.337)
    """
    x = np.asarray(ks, float)
    one = difficulty.difficulty if isinstance(difficulty, DifficultyFit) else difficulty
    fit = _fitted(x, one.coverage(x), "log")
    drawn, problems = None, 0
    if isinstance(difficulty, DifficultyFit):
        problems = difficulty.problems
        if difficulty.draws is not None:
            drawn = difficulty.implied(x, lambda failed: lines(x, 1 - failed))
    p = fit.parameters
    return CoveragePower(p["a"], p["b"], tuple(x.tolist()), (), "log", fit, problems, drawn)


def _fitted(ks: Array, coverage: Array, space: Space) -> Fit:
    """Fit through the core: -ln coverage by log least squares, or coverage by least squares."""
    if space == "coverage":
        return fit_law(laws.get("coverage"), RunTable.from_columns({"k": ks, "coverage": coverage}), objective="ls")
    runs = RunTable.from_columns({"k": ks, "surprisal": -np.log(coverage)})
    return fit_law(from_text("surprisal = a/k^b", name="surprisal", columns=("k",)), runs, objective="log-ls")


def _drawn(ks: Array, table: Array, space: Space, weights: Array) -> Array:
    """Constants under weights of the problems, shape (draws, 2)."""
    curves = np.clip(weights @ table / len(table), 0.0, 1.0)
    if space == "log":
        return lines(ks, curves)
    fits = [_fitted(ks, curve, space).parameters for curve in curves]
    return np.array([(p["a"], p["b"]) for p in fits])


def lines(ks: Array, curves: Array) -> Array:
    """Least squares of ln(-ln coverage) in ln k for many curves: a line's closed form.

    Args:
        ks: samples, shape (ks,).
        curves: coverage, shape (curves, ks).

    Returns:
        a and b of every curve, shape (curves, 2).
    """
    x = np.log(ks)
    with np.errstate(divide="ignore"):
        y = np.log(-np.log(curves))
    slope = (y - y.mean(axis=1, keepdims=True)) @ (x - x.mean()) / np.sum((x - x.mean()) ** 2)
    return np.stack([np.exp(y.mean(axis=1) - slope * x.mean()), -slope], axis=1)
