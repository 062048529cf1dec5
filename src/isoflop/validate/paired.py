"""Is one law's error on held-out runs smaller than another's, or could it be chance?"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import TableError
from isoflop.fit.quantiles import normal_quantile, normal_share
from isoflop.validate.outcome import Backtest

Array = NDArray[Any]

EXACT_RUNS: Final = 12
"""Up to this many held-out runs, all sign patterns are tried."""

SIGN_DRAWS: Final = 4000
"""Random sign patterns, and bootstrap draws of the difference, with more runs."""

MANY_RUNS: Final = 1000
"""With more held-out runs, the mean difference counts as Gaussian."""


@dataclass(frozen=True)
class Difference:
    """Mean absolute relative error of one candidate minus another's, on the same held-out runs.

    Attributes:
        mean: mean over held-out runs; a run above several cuts counts once, with its mean.
        interval: bootstrap interval over held-out runs.
        p_value: share of sign patterns with a mean difference at least as large, two-sided.
        ahead: cuts at which the first has the smaller mean error.
        cuts: cuts in all.
        distinguishable: whether p < (1 - level) / comparisons and one of the two is ahead at every cut.
    """

    mean: float
    interval: tuple[float, float]
    p_value: float
    ahead: int
    cuts: int
    distinguishable: bool

    def to_dict(self) -> dict[str, Any]:
        """Keys for JSON."""
        return {
            "mean": self.mean,
            "interval": list(self.interval),
            "p_value": self.p_value,
            "ahead": self.ahead,
            "cuts": self.cuts,
            "distinguishable": self.distinguishable,
        }


def p_words(p_value: float) -> str:
    """How surprising a difference is, with as many digits as say something.

    Args:
        p_value: share of sign patterns.

    >>> p_words(0.0531), p_words(0.0)
    ('p = 0.053', 'p < 0.001')
    """
    return f"p = {p_value:.3f}" if p_value >= 0.0005 else "p < 0.001"


def difference(
    first: Backtest, second: Backtest, *, level: float, rng: np.random.Generator, comparisons: int = 1
) -> Difference:
    """Compare two back-tests run by run.

    A paired randomisation test: under no difference, the sign of each run's difference is a coin
    flip. All predictions of one cut share one fit, which the test cannot see; a candidate must
    therefore also be ahead at every cut.

    Reference: Fisher 1935, section 21 (the test).

    Args:
        first: a back-test.
        second: another, on the same cuts.
        level: confidence level.
        rng: random state.
        comparisons: how many were made to find this one; p must be this much smaller (Bonferroni).

    Returns:
        The difference, first minus second.

    Raises:
        TableError: they have no prediction in common.
    """
    errors = [{(s.cut, p.row): abs(p.rel_error) for s in b.splits for p in s.predictions} for b in (first, second)]
    shared = [key for key in errors[0] if key in errors[1]]
    if not shared:
        raise TableError("The two back-tests have no held-out run in common. Use the same cuts for both.")
    gaps = np.array([errors[0][key] - errors[1][key] for key in shared])
    cuts = np.unique([cut for cut, _ in shared], return_inverse=True)[1]
    per_cut = np.bincount(cuts, gaps) / np.bincount(cuts)
    runs = np.unique([row for _, row in shared], return_inverse=True)[1]
    per_run = np.bincount(runs, gaps) / np.bincount(runs)
    mean = float(per_run.mean())
    p_value, (low, high) = _gaussian(per_run, level) if len(per_run) > MANY_RUNS else _resampled(per_run, level, rng)
    ahead, behind = int((per_cut < 0).sum()), int((per_cut > 0).sum())
    everywhere = ahead == len(per_cut) if mean < 0 else behind == len(per_cut)
    distinct = everywhere and p_value * comparisons < 1 - level
    return Difference(mean, (low, high), p_value, ahead, len(per_cut), distinct)


def _gaussian(gaps: Array, level: float) -> tuple[float, tuple[float, float]]:
    """P value of the sign test and interval of the mean, for many runs."""
    size = float(np.sqrt(np.square(gaps).sum()))
    p_value = 1.0 if size == 0 else 2 * normal_share(-abs(float(gaps.sum())) / size)
    half = normal_quantile((1 + level) / 2) * float(gaps.std(ddof=1)) / len(gaps) ** 0.5
    return p_value, (float(gaps.mean()) - half, float(gaps.mean()) + half)


def _resampled(gaps: Array, level: float, rng: np.random.Generator) -> tuple[float, tuple[float, float]]:
    """P value of the sign test and bootstrap interval of the mean."""
    p_value = _sign_test(gaps, rng)
    places = rng.integers(len(gaps), size=(SIGN_DRAWS, len(gaps)))
    low, high = np.quantile(gaps[places].mean(axis=1), [(1 - level) / 2, (1 + level) / 2])
    return p_value, (float(low), float(high))


def _sign_test(gaps: Array, rng: np.random.Generator) -> float:
    """Two-sided share of sign patterns that give as large a mean."""
    runs = len(gaps)
    if runs <= EXACT_RUNS:
        signs = 1 - 2 * ((np.arange(2**runs)[:, None] >> np.arange(runs)) & 1)
    else:
        # The pattern that was observed is one of the possible ones.
        signs = np.concatenate([np.ones((1, runs), dtype=int), rng.integers(2, size=(SIGN_DRAWS, runs)) * 2 - 1])
    sums = np.abs(signs @ gaps)
    return float((sums >= abs(gaps.sum()) * (1 - 1e-12)).mean())
