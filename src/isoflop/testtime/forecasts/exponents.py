"""Which estimate of the exponent of coverage holds with fewer samples: least squares, or a distribution's."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.testtime.estimators.coverage import counted, pass_at_k
from isoflop.testtime.forecasts.distributions import Scale, fit_difficulty
from isoflop.testtime.forecasts.extrapolation import thin
from isoflop.testtime.forecasts.forecast import even_ks
from isoflop.testtime.forecasts.implied import fit_coverage, implied_power
from isoflop.testtime.forecasts.mixtures import Shape

Array = NDArray[Any]


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
    k = even_ks(int(samples.min()))
    whole = fit_coverage(k, pass_at_k(samples, correct, k)).b
    budgets = np.atleast_1d(np.asarray(kept))
    lines, spreads = np.empty((2, len(budgets), repeats))
    for i, budget in enumerate(budgets.tolist()):
        size, seen = np.full(len(samples), budget), even_ks(budget)
        for j in range(repeats):
            few = thin(samples, correct, budget, rng=rng)
            lines[i, j] = fit_coverage(seen, pass_at_k(size, few, seen)).b
            spreads[i, j] = implied_power(fit_difficulty(size, few, shape=shape, scale=scale), k).b
    return ExponentErrors(budgets, whole, lines, spreads)
