"""Failure counts as survival: problems unsolved after k attempts, attempts until the first success."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import InputError, TableError
from isoflop.fit.estimate import check_level
from isoflop.fit.quantiles import normal_quantile
from isoflop.testtime.counts import marks, whole
from isoflop.testtime.estimators.coverage import UNSEEN, counted, subset_shares
from isoflop.testtime.estimators.ragged import allowed_ks

Array = NDArray[Any]


def unsolved_after(n: ArrayLike, c: ArrayLike, ks: ArrayLike, *, names: Sequence[str] | None = None) -> Array:
    """Chance that k samples of a problem all fail, `C(n−c, k)/C(n, k)`, without bias for `(1 − p)^k`.

    Reference: the complement of pass@k, Chen et al. 2021, arXiv:2107.03374.

    Args:
        n: samples of every problem, shape (problems,).
        c: correct ones among them.
        ks: values of k.
        names: of the problems, for errors.

    Returns:
        Estimates, shape (problems, ks); their mean is the share of problems still unsolved after k.

    Raises:
        TableError: k is above n of some problems, which are named; or counts that cannot be.

    >>> unsolved_after(50, 5, [1, 10]).round(6).tolist()
    [[0.9, 0.310563]]
    """
    samples, correct = counted(n, c, names)
    asked = allowed_ks(ks, samples, names)
    return subset_shares(samples[:, None], correct[:, None], asked).none


def attempts_within(n: ArrayLike, c: ArrayLike, ks: ArrayLike, *, names: Sequence[str] | None = None) -> Array:
    """Expected attempts when sampling stops at the first success, or after k: `E min(T, k) = Σ_(j<k) (1−p)^j`.

    `(n + 1 − (n + 1 − k) C(n−c, k)/C(n, k))/(c + 1)`, without bias. Without the limit the mean is 1/p, which no
    number of samples estimates without bias: it is infinite where no sample is correct.

    Reference: the sum of the unbiased estimates of `(1 − p)^j`, in closed form; checked against the sum.

    Args:
        n: samples of every problem, shape (problems,).
        c: correct ones among them.
        ks: limits k.
        names: of the problems, for errors.

    Returns:
        Attempts, from 1 to k, shape (problems, ks).

    Raises:
        TableError: k is above n of some problems, which are named; or counts that cannot be.

    >>> attempts_within(4, [0, 2], [1, 4]).round(6).tolist()
    [[1.0, 4.0], [1.0, 1.666667]]
    """
    samples, correct = counted(n, c, names)
    asked = allowed_ks(ks, samples, names)
    none = subset_shares(samples[:, None], correct[:, None], asked, least=UNSEEN).none
    more = samples[:, None] + 1
    return np.asarray((more - (more - asked) * none) / (correct[:, None] + 1))


def median_attempts(n: ArrayLike, c: ArrayLike, *, share: float = 0.5, names: Sequence[str] | None = None) -> float:
    """Attempts after which a share of the problems is expected to be solved, infinite where n does not get there.

    Args:
        n: samples of every problem, shape (problems,).
        c: correct ones among them.
        share: of the problems; one half for the median.
        names: of the problems, for errors.

    Returns:
        The least k whose mean pass@k reaches the share, k up to the least n.

    Raises:
        InputError: the share is not between 0 and 1.
        TableError: counts that cannot be.

    >>> median_attempts([10, 10, 10], [9, 3, 0])
    2.0
    """
    if not 0 < share < 1:
        raise InputError(f"A share of {share:g} is no part of the problems. Write 0.5 for the median.")
    samples, correct = counted(n, c, names)
    low, high = 0, int(samples.min()) + 1
    # pass@k never falls with k, so that halving finds the first that reaches the share.
    while high - low > 1:
        middle = (low + high) // 2
        mean = float(unsolved_after(samples, correct, middle, names=names).mean())
        low, high = (low, middle) if mean <= 1 - share + 1e-12 else (middle, high)
    return float(high) if high <= int(samples.min()) else float("inf")


@dataclass(frozen=True, eq=False)
class Survival:
    """Share of problems unsolved after each attempt, from sequences that end at the first success.

    Args:
        attempts: numbers of attempts at which some problem was solved, rising.
        unsolved: share after each of them.
        interval: ends for each, shape (2, attempts).
        at_risk: problems that were still tried at each.
        level: confidence level.
        solved: problems solved in all.
        given_up: problems whose sequence ended without a success.
        longest: attempts of the longest sequence.
    """

    attempts: Array
    unsolved: Array
    interval: Array
    at_risk: Array
    level: float
    solved: int
    given_up: int
    longest: int

    def after(self, k: int) -> float:
        """Share unsolved after k attempts; NaN beyond the longest sequence, of which nothing is known.

        >>> failure_curve([1, 3, 3], [True, True, False]).after(2)
        0.6666666666666667
        """
        if k < 1 or k > self.longest:
            return float("nan")
        place = int(np.searchsorted(self.attempts, k, side="right"))
        return float(self.unsolved[place - 1]) if place else 1.0

    @property
    def median(self) -> float:
        """Attempts after which half of the problems are solved; infinite where they never are."""
        reached = np.flatnonzero(self.unsolved <= 0.5 + 1e-12)
        return float(self.attempts[reached[0]]) if len(reached) else float("inf")


def failure_curve(attempts: ArrayLike, solved: ArrayLike, *, level: float = 0.9) -> Survival:
    """Share of problems unsolved after k attempts where every problem was tried until solved or given up.

    `S(k) = Π_(j ≤ k) (1 − d_j/r_j)` with d_j problems solved at attempt j of the r_j that got there. pass@k from counts
    is biased on such sequences, because their length depends on the outcome. Ends on the scale of
    `log(−log S)` with Greenwood's variance; giving up must not depend on how near a problem is to be solved.

    Reference: Kaplan and Meier 1958; Greenwood 1926; Kalbfleisch and Prentice 1980 (scale of the ends).

    Args:
        attempts: made for every problem, the successful one included, shape (problems,).
        solved: whether the last one succeeded, shape (problems,).
        level: confidence level.

    Returns:
        The curve.

    Raises:
        TableError: attempts that are no numbers from 1, or outcomes that are missing or of another shape.

    >>> found = failure_curve([1, 2, 2, 5, 9], [True, True, False, True, False])
    >>> found.attempts.tolist(), found.unsolved.round(3).tolist(), found.median
    ([1, 2, 5], [0.8, 0.6, 0.3], 5.0)
    """
    check_level(level)
    times = np.atleast_1d(whole(attempts, "attempts"))
    if times.ndim != 1 or not len(times) or times.min() < 1:
        raise TableError(f"Attempts of shape {times.shape} must be numbers from 1. Give one per problem.")
    done = marks(np.atleast_1d(solved), len(times), "solved")
    at, events = np.unique(times[done], return_counts=True)
    risk = len(times) - np.searchsorted(np.sort(times), at, side="left")
    curve = np.cumprod(1 - events / risk)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.cumsum(events / (risk * (risk - events)))
        spread = normal_quantile(0.5 + level / 2) * np.sqrt(variance) / np.abs(np.log(curve))
        ends = np.stack([curve ** np.exp(spread), curve ** np.exp(-spread)])
    # Where all are solved the scale has no ends: none of r problems left bounds it as an exact binomial does.
    gone = curve == 0
    before = np.concatenate([[1.0], ends[1]])[:-1][gone]
    ends[:, gone] = np.stack([np.zeros(int(gone.sum())), before * (1 - ((1 - level) / 2) ** (1 / risk[gone]))])
    return Survival(at, curve, ends, risk, level, int(done.sum()), int((~done).sum()), int(times.max()))
