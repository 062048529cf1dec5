"""Which forecast of coverage holds: least squares or a distribution, tried on fewer samples than there are."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import FitError, TableError
from isoflop.testtime.coverage import counted, pass_at_k
from isoflop.testtime.distributions import Scale, fit_difficulty
from isoflop.testtime.implied import fit_coverage, implied_power
from isoflop.testtime.mixtures import Shape
from isoflop.testtime.posterior import coverage_given_counts

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class HiddenForecast:
    """Forecasts from part of the samples against coverage by all of them.

    Args:
        kept: samples of every problem that the forecasts saw.
        ks: k, the seen ones too.
        truth: mean pass@k by all samples, shape (ks,).
        least_squares: by the power law fitted to the curve up to `kept`, shape (repeats, ks).
        distribution: by the distribution fitted to the kept counts, shape (repeats, ks).
        given_counts: by the same for these problems, each with its kept counts, shape (repeats, ks).
    """

    kept: int
    ks: Array
    truth: Array
    least_squares: Array
    distribution: Array
    given_counts: Array

    @property
    def errors(self) -> tuple[float, float, float]:
        """Root mean square error in coverage at the k above those seen, in the order of the three forecasts."""
        beyond = self.ks > self.kept
        forecasts = (self.least_squares, self.distribution, self.given_counts)
        gaps = [float(np.sqrt(np.mean((f[:, beyond] - self.truth[beyond]) ** 2))) for f in forecasts]
        return gaps[0], gaps[1], gaps[2]


@dataclass(frozen=True, eq=False)
class ExponentErrors:
    """Exponents from fewer samples against the exponent of the whole curve.

    Args:
        kept: samples per problem, shape (budgets,).
        whole: exponent by least squares over all samples.
        least_squares: exponents by least squares, shape (budgets, repeats).
        distribution: exponents implied by the distribution, shape (budgets, repeats).
    """

    kept: Array
    whole: float
    least_squares: Array
    distribution: Array

    @property
    def relative(self) -> Array:
        """Mean of `|b - b_whole|/b_whole` by least squares and by distribution, shape (2, budgets)."""
        both = np.stack([self.least_squares, self.distribution])
        return np.asarray(np.mean(np.abs(both / self.whole - 1), axis=2))


def thin(n: ArrayLike, c: ArrayLike, kept: int, *, rng: np.random.Generator) -> Array:
    """Correct ones among a random part of every problem's samples: hypergeometric draws.

    Args:
        n: samples, shape (problems,).
        c: correct ones.
        kept: samples that are kept of every problem.
        rng: random state.

    Returns:
        Correct ones among the kept, shape (problems,).

    Raises:
        TableError: a problem has fewer samples than are to be kept.
    """
    samples, correct = counted(n, c)
    if not 1 <= kept <= samples.min():
        raise TableError(f"{kept} of {int(samples.min())} samples cannot be kept. Give 1 up to the smallest n.")
    return np.asarray(rng.hypergeometric(correct, samples - correct, kept))


def hide_samples(
    n: ArrayLike,
    c: ArrayLike,
    kept: int,
    *,
    rng: np.random.Generator,
    ks: ArrayLike | None = None,
    repeats: int = 20,
    shape: Shape = "beta",
    scale: Scale = "max",
) -> HiddenForecast:
    """Forecast coverage from part of the samples, and compare with all of them.

    Args:
        n: samples of every problem, shape (problems,).
        c: correct ones.
        kept: samples that the forecasts see.
        rng: random state of what is hidden.
        ks: k up to the smallest n; twelve, even in the logarithm, when None.
        repeats: how often samples are hidden.
        shape: of the distribution.
        scale: of the distribution.

    Returns:
        Truth and forecasts.

    Raises:
        FitError: nothing is hidden.
    """
    samples, correct = counted(n, c)
    most = int(samples.min())
    if kept >= most:
        raise FitError(f"{kept} of {most} samples kept hides none. Keep fewer.")
    k = _even(most) if ks is None else np.unique(np.asarray(ks))
    truth = pass_at_k(samples, correct, k).mean(axis=0)
    lines, spreads, given = [], [], []
    for _ in range(repeats):
        few = thin(samples, correct, kept, rng=rng)
        size = np.full(len(few), kept)
        seen = _even(kept)
        lines.append(fit_coverage(seen, pass_at_k(size, few, seen)).predict(k))
        difficulty = fit_difficulty(size, few, shape=shape, scale=scale).difficulty
        spreads.append(difficulty.coverage(k))
        given.append(coverage_given_counts(difficulty, size, few, k).mean(axis=0))
    return HiddenForecast(kept, k, truth, np.array(lines), np.array(spreads), np.array(given))


def compare_exponents(
    n: ArrayLike,
    c: ArrayLike,
    kept: ArrayLike,
    *,
    rng: np.random.Generator,
    repeats: int = 20,
    shape: Shape = "beta",
    scale: Scale = "max",
) -> ExponentErrors:
    """Estimate the exponent of coverage from fewer samples, by least squares and by a distribution.

    Least squares see the curve up to the kept samples; the distribution's failure curve runs to all of them. The
    exponent of the whole curve, to which both are compared, is the source's yardstick.

    Reference: Schaeffer et al. 2025, arXiv:2502.17578.

    Args:
        n: samples of every problem, shape (problems,).
        c: correct ones.
        kept: samples per problem that the estimates see, shape (budgets,).
        rng: random state of what is hidden.
        repeats: how often samples are hidden.
        shape: of the distribution.
        scale: of the distribution.

    Returns:
        Exponents.
    """
    samples, correct = counted(n, c)
    k = _even(int(samples.min()))
    whole = fit_coverage(k, pass_at_k(samples, correct, k)).b
    budgets = np.atleast_1d(np.asarray(kept))
    lines, spreads = np.empty((2, len(budgets), repeats))
    for i, budget in enumerate(budgets.tolist()):
        size, seen = np.full(len(samples), budget), _even(budget)
        for j in range(repeats):
            few = thin(samples, correct, budget, rng=rng)
            lines[i, j] = fit_coverage(seen, pass_at_k(size, few, seen)).b
            spreads[i, j] = implied_power(fit_difficulty(size, few, shape=shape, scale=scale), k).b
    return ExponentErrors(budgets, whole, lines, spreads)


def _even(most: int) -> Array:
    """Twelve k up to the largest, even in the logarithm; fewer where they coincide."""
    return np.unique(np.round(np.geomspace(1, most, 12)).astype(int))
