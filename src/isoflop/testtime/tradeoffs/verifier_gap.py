"""Signs that learning with a verifier beats learning without: how unlike traces are, how often one excels.

The theory (Setlur et al. 2025, arXiv:2502.12118) was read in secondary sources, and the two measures below are what
its conditions suggest, not definitions of the authors: use them to compare models and benchmarks, not as constants.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import FitError
from isoflop.fit.estimate import Estimate
from isoflop.fit.fitting import fit_law
from isoflop.fit.result import Fit
from isoflop.laws.catalogue import from_text
from isoflop.runs.table import RunTable
from isoflop.testtime.estimators.ragged import checked_starts
from isoflop.testtime.estimators.resample import benchmark_mean

Array = NDArray[Any]

BOUND: Final = 0.5
"""Exponent of the token budget with which the gap grows at least, up to logarithms, where both conditions hold."""


@dataclass(frozen=True, eq=False)
class GapSigns:
    """Two measures of the base model on a benchmark.

    Args:
        heterogeneity: mean over problems of the variance of the reward between traces, `E_x Var(r | x)`.
        anti_concentration: mean over problems of the share of traces at least epsilon standard deviations above the
            problem's mean reward.
        epsilon: standard deviations.
        left_out: problems with fewer than two traces, which have no variance.
    """

    heterogeneity: Estimate
    anti_concentration: Estimate
    epsilon: float
    left_out: int


def gap_signs(
    rewards: ArrayLike, starts: ArrayLike, *, rng: np.random.Generator, epsilon: float = 0.5, level: float = 0.9
) -> GapSigns:
    """Heterogeneity and anti-concentration of a base model's rewards.

    The variance of each problem is without bias. The share above uses the problem's own mean and standard
    deviation: with a few traces it is rough. A problem whose traces all have the same reward has a share of 0.

    Reference: Setlur, Rajaraman, Levine, Kumar 2025, arXiv:2502.12118 (conditions, in secondary sources); measures
    from memory.

    Args:
        rewards: of every trace, sorted by problem, shape (traces,).
        starts: place of every problem's first trace, and the number of traces, shape (problems + 1,).
        rng: random state of the resampling of problems.
        epsilon: standard deviations above the mean, not negative.
        level: confidence level.

    Returns:
        Both measures.

    Raises:
        FitError: fewer than two problems with two traces, or a negative epsilon.

    >>> found = gap_signs([1, 0, 0, 0, 1, 1, 1, 1], [0, 4, 8], rng=np.random.default_rng(0))
    >>> found.heterogeneity.value, found.anti_concentration.value
    (0.125, 0.125)
    """
    r = np.asarray(rewards, float)
    begin = checked_starts(np.asarray(starts), len(r))
    size = np.diff(begin)
    enough = size >= 2
    if enough.sum() < 2 or not epsilon >= 0:
        raise FitError("Two problems with two traces each, and an epsilon of 0 or more, are needed. Draw more traces.")
    owner = np.repeat(np.arange(len(size)), size)
    mean = np.bincount(owner, r, len(size)) / np.maximum(size, 1)
    squares = np.bincount(owner, (r - mean[owner]) ** 2, len(size))
    spread = np.sqrt(squares / np.maximum(size, 1))
    # Equal rewards differ from their mean by rounding only.
    above = (r >= (mean + epsilon * spread)[owner]) & (spread > 1e-12 * np.abs(mean))[owner]
    share = np.bincount(owner, above, len(size)) / np.maximum(size, 1)
    variance = squares[enough] / (size[enough] - 1)
    return GapSigns(
        benchmark_mean(variance, rng=rng, level=level),
        benchmark_mean(share[enough], rng=rng, level=level),
        epsilon,
        int((~enough).sum()),
    )


def fit_gap(tokens: ArrayLike, verified: ArrayLike, free: ArrayLike) -> Fit:
    """Fit `gap = g H^e` to what a verifier-based method gains over a verifier-free one.

    Under the theory's conditions e is at least about 1/2 (`BOUND`) when data grow with the budget; a fit says what
    these runs do, not whether the conditions hold.

    Reference: Setlur et al. 2025, arXiv:2502.12118: a lower bound, `Omega~(sqrt(H))`, without constants.

    Args:
        tokens: token budgets H, shape (budgets,).
        verified: score of the verifier-based method.
        free: score of the verifier-free one.

    Returns:
        The fit, with parameters g and e.

    Raises:
        FitError: a gap that is not positive somewhere, which has no power law.
    """
    gap = np.asarray(verified, float) - np.asarray(free, float)
    if not np.all(gap > 0):
        raise FitError(f"{int((gap <= 0).sum())} of {gap.size} gaps are not positive, so they follow no power law. "
                       "Fit those budgets at which the verifier helps.")  # fmt: skip
    runs = RunTable.from_columns({"horizon": np.asarray(tokens, float), "gap": gap})
    return fit_law(from_text("gap = g*horizon^e", name="gap", columns=("horizon",)), runs, objective="log-ls")
