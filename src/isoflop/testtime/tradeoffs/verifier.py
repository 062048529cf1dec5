"""Resampling until an imperfect test passes: its ceiling, its utility, the number of samples after which to give up."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import FitError, TableError
from isoflop.fit.estimate import Estimate, check_level
from isoflop.testtime.counts import whole
from isoflop.testtime.estimators.coverage import counted, one_each, running_shares, subset_shares
from isoflop.testtime.estimators.resample import benchmark_mean, problem_weights

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class BestNumber:
    """The number of samples after which to give up, with what blurs it.

    Args:
        samples: K, where the mean utility is largest; 0 where no number gains, so that abstaining is best.
        utility: at K.
        band: smallest and largest K that are best when problems are drawn again, at `level`.
        level: confidence level.
        ks: 1 to the smallest n.
        curve: mean utility at each of them.
        ends: interval of the mean utility at each, lower and upper.
    """

    samples: int
    utility: float
    band: tuple[int, int]
    level: float
    ks: Array
    curve: Array
    ends: tuple[Array, Array]


def ceiling(b: ArrayLike, g: ArrayLike, *, rng: np.random.Generator, level: float = 0.9) -> Estimate:
    """Accuracy that no number of samples exceeds: mean over problems of the share right among those that pass.

    Reference: Stroebl, Kapoor, Narayanan 2024, arXiv:2411.17501.

    Args:
        b: samples that pass the test at hand, shape (problems,); problems where none passes have no share.
        g: those of them that are right.
        rng: random state of the resampling of problems.
        level: confidence level.

    Returns:
        The ceiling and its interval.

    Raises:
        TableError: more right ones than pass, or columns of unlike length.
        FitError: no sample of any problem passes.

    >>> round(ceiling([180, 60, 10, 0], [178, 45, 3, 0], rng=np.random.default_rng(0)).value, 4)
    0.6796
    """
    passed, right = one_each(whole(b, "samples that pass b"), whole(g, "right samples g"))
    _check_right(passed, right)
    some = passed > 0
    if not some.any():
        raise FitError("No sample passes the test, so nothing can be said of those that do. Draw more samples.")
    return benchmark_mean(right[some] / passed[some], rng=rng, level=level)


def utility(n: ArrayLike, b: ArrayLike, g: ArrayLike, ks: ArrayLike, *, price: float) -> Array:
    """Expected utility of each problem when sampling stops at the first pass, or after K samples.

    `U(K) = [1 - C(n-b, K)/C(n, K)] [g/b - rho (1 - g/b)]`: an answer that is right counts 1, a wrong one that passes
    counts -rho, no answer 0. This is the mean over all orders of the samples, which the source draws at random.

    Reference: Stroebl, Kapoor, Narayanan 2024, arXiv:2411.17501; the closed form is recomputed in the tests.

    Args:
        n: samples of every problem, shape (problems,).
        b: those that pass the test at hand.
        g: those of them that are right.
        ks: K, at most the smallest n, shape (ks,).
        price: rho, cost of a wrong answer that passes in units of the worth of a right one.

    Returns:
        Utilities, shape (problems, ks).

    Raises:
        TableError: counts that cannot be, or a K above n.
        FitError: a price that is negative or no number.

    >>> utility([200], [60], [45], [1, 200], price=1.0).round(3).tolist()
    [[0.15, 0.5]]
    """
    _check_price(price)
    reached, share = _answers(n, b, g, ks)
    return np.asarray(reached * (share - price * (1 - share))[:, None])


def false_positives(n: ArrayLike, b: ArrayLike, g: ArrayLike, ks: ArrayLike) -> Array:
    """Share of wrong answers among those given, when sampling stops at the first pass or after K samples.

    It rises with K: the harder a problem, the later its first pass, and the likelier that this is a wrong one.

    Args:
        n: samples of every problem, shape (problems,).
        b: those that pass the test at hand.
        g: those of them that are right.
        ks: K, from 1 to the smallest n, shape (ks,).

    Returns:
        Shares, shape (ks,); NaN where no answer is given.

    >>> false_positives([10, 10], [8, 1], [8, 0], [1, 10]).round(3).tolist()
    [0.111, 0.5]
    """
    reached, share = _answers(n, b, g, ks)
    given = reached.sum(axis=0)
    wrong = (reached * (1 - share)[:, None]).sum(axis=0)
    return np.where(given > 0, wrong / np.where(given > 0, given, 1.0), np.nan)


def _answers(n: ArrayLike, b: ArrayLike, g: ArrayLike, ks: ArrayLike) -> tuple[Array, Array]:
    """Chance that K samples give an answer, shape (problems, ks), and that it is right, (problems,)."""
    samples, passed, share = _passing(n, b, g)
    k = np.atleast_1d(whole(ks, "samples K"))
    if not np.all((k >= 0) & (k <= samples.min())):
        raise TableError(
            f"K of {k.min()} to {k.max()} is outside 0 to the smallest n, {samples.min()}. Choose it inside."
        )
    return subset_shares(samples[:, None], passed[:, None], k[None]).some, share


def _passing(n: ArrayLike, b: ArrayLike, g: ArrayLike) -> tuple[Array, Array, Array]:
    """Samples, those that pass, and the share of these that is right, shape (problems,) each."""
    samples, passed = counted(n, b)
    _, right = one_each(passed, whole(g, "right samples g"))
    _check_right(passed, right)
    return samples, passed, right / np.maximum(passed, 1)


def _check_right(passed: Array, right: Array) -> None:
    """Refuse right samples that are more than pass, or less than none."""
    bad = np.flatnonzero((right < 0) | (right > passed))
    if len(bad):
        at = int(bad[0])
        raise TableError(f"Problem {at}: {right[at]} right of {passed[at]} that pass. Give g between 0 and b.")


def _check_price(price: float) -> None:
    """Refuse a price that rewards wrong answers, or is none."""
    if not 0 <= price < np.inf:
        raise FitError(f"A price of {price:g} rewards wrong answers or is no number. Give 0 or more.")


def best_number(
    n: ArrayLike,
    b: ArrayLike,
    g: ArrayLike,
    *,
    price: float,
    rng: np.random.Generator,
    level: float = 0.9,
    draws: int = 1000,
) -> BestNumber:
    """Number of samples after which to give up, for the largest mean utility.

    Each problem's utility rises or falls throughout; the best number comes from their mean, and its maximum is flat, so
    the number says little without its band.

    Reference: Stroebl, Kapoor, Narayanan 2024, arXiv:2411.17501.

    Args:
        n: samples of every problem, shape (problems,).
        b: those that pass the test at hand.
        g: those of them that are right.
        price: rho, cost of a wrong answer that passes.
        rng: random state of the resampling of problems.
        level: confidence level of the band.
        draws: of problems.

    Returns:
        The number, its utility, and the band.

    Raises:
        TableError: counts that cannot be, or fewer than two problems.
        FitError: a price, level or number of draws that cannot be.

    >>> found = best_number([200] * 4, [180, 60, 10, 0], [178, 45, 3, 0], price=1.0, rng=np.random.default_rng(0))
    >>> found.samples, round(found.utility, 4)
    (7, 0.3291)
    """
    check_level(level)
    _check_price(price)
    samples, passed, share = _passing(n, b, g)
    k = np.arange(1, int(samples.min()) + 1)
    # For every K the running product itself, where `utility` works each of a few out to its last digit.
    reached = 1 - running_shares(samples, passed, len(k))
    each = reached * (share - price * (1 - share))[:, None]
    curve = each.mean(axis=0)
    best = first_best(curve[None])[0]
    drawn = problem_weights(len(each), draws, rng) @ each
    numbers = first_best(drawn)
    tails = ((1 - level) / 2, (1 + level) / 2)
    low, high = np.quantile(numbers, tails, method="closest_observation")
    around = benchmark_mean(each, rng=rng, draws=draws, level=level).interval
    value = float(curve[best - 1]) if best else 0.0
    return BestNumber(int(best), value, (int(low), int(high)), level, k, curve, around)


def first_best(curves: Array, worth: float = 1.0) -> Array:
    """Give the smallest K with the largest utility; 0 where it is no gain next to what an answer is worth.

    Args:
        curves: utility of 1, 2, … samples, shape (curves, ks).
        worth: of an answer, in the unit of the curves.

    Returns:
        Numbers of samples, shape (curves,).
    """
    # Of values that differ by rounding only, the first counts.
    top = curves.max(axis=1, keepdims=True)
    first = np.argmax(curves >= top - 1e-12 * np.abs(top), axis=1) + 1
    return np.where(top[:, 0] <= 1e-12 * worth, 0, first)
