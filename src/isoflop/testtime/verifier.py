"""Resampling until an imperfect test passes: its ceiling, its utility, the number of samples after which to give up."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import FitError, TableError
from isoflop.fit.estimate import Estimate
from isoflop.testtime.counts import whole
from isoflop.testtime.coverage import counted, subset_shares
from isoflop.testtime.resample import benchmark_mean, problem_weights

Array = NDArray[Any]

LONGEST: Final = 10_000
"""Samples up to which the best number is looked for in a model of types."""


@dataclass(frozen=True, eq=False)
class BestNumber:
    """The number of samples after which to give up, with what blurs it.

    Args:
        samples: K, where the mean utility is largest; 0 where every number loses, so that abstaining is best.
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
        TableError: more right ones than pass.
        FitError: no sample of any problem passes.

    >>> round(ceiling([180, 60, 10, 0], [178, 45, 3, 0], rng=np.random.default_rng(0)).value, 4)
    0.6796
    """
    passed, right = np.broadcast_arrays(whole(b, "samples that pass b"), whole(g, "right samples g"))
    some = passed > 0
    if not some.any():
        raise FitError("No sample passes the test, so nothing can be said of those that do. Draw more samples.")
    counted(passed[some], right[some])
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
        FitError: a negative price.

    >>> utility([200], [60], [45], [1, 200], price=1.0).round(3).tolist()
    [[0.15, 0.5]]
    """
    if not price >= 0:
        raise FitError(f"A price of {price:g} rewards wrong answers. Give 0 or more.")
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
    samples, passed = counted(n, b)
    right = np.broadcast_to(whole(g, "right samples g"), passed.shape)
    if np.any((right < 0) | (right > passed)):
        at = int(np.flatnonzero((right < 0) | (right > passed))[0])
        raise TableError(f"Problem {at}: {right[at]} right of {passed[at]} that pass. Give g between 0 and b.")
    k = np.atleast_1d(whole(ks, "samples K"))
    if not np.all((k >= 0) & (k <= samples.min())):
        raise TableError(
            f"K of {k.min()} to {k.max()} is outside 0 to the smallest n, {samples.min()}. Choose it inside."
        )
    return subset_shares(samples[:, None], passed[:, None], k[None]).some, right / np.maximum(passed, 1)


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

    >>> found = best_number([200] * 4, [180, 60, 10, 0], [178, 45, 3, 0], price=1.0, rng=np.random.default_rng(0))
    >>> found.samples, round(found.utility, 4)
    (7, 0.3291)
    """
    k = np.arange(1, int(np.min(n)) + 1)
    each = utility(n, b, g, k, price=price)
    curve = each.mean(axis=0)
    best = _first_best(curve[None])[0]
    drawn = problem_weights(len(each), draws, rng) @ each
    numbers = _first_best(drawn)
    tails = ((1 - level) / 2, (1 + level) / 2)
    low, high = np.quantile(numbers, tails, method="closest_observation")
    around = benchmark_mean(each, rng=rng, draws=draws, level=level).interval
    value = float(curve[best - 1]) if best else 0.0
    return BestNumber(int(best), value, (int(low), int(high)), level, k, curve, around)


def _first_best(curves: Array) -> Array:
    """Smallest K with the largest utility of each curve; 0 where it is negative."""
    # Of values that differ by rounding only, the first counts.
    top = curves.max(axis=1, keepdims=True)
    first = np.argmax(curves >= top - 1e-12 * np.abs(top), axis=1) + 1
    return np.where(top[:, 0] < 0, 0, first)


@dataclass(frozen=True)
class Types:
    """Problems of a few types, each with one solve rate, under a test that errs.

    Args:
        rates: chance r that a sample is right, per type.
        shares: share p of the problems, per type; they sum to 1.
        soundness: s, chance that the test rejects a wrong sample.
        completeness: c, chance that it accepts a right one.

    >>> model = Types((0.87, 0.13), (0.58, 0.42), soundness=0.75)
    >>> [model.best(wrong=-cost)[0] for cost in (0.7, 1, 2)]
    [3, 2, 1]
    """

    rates: tuple[float, ...]
    shares: tuple[float, ...]
    soundness: float
    completeness: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what are no chances."""
        chances = (*self.rates, *self.shares, self.soundness, self.completeness)
        if len(self.rates) != len(self.shares) or not all(0 <= v <= 1 for v in chances):
            raise FitError("Types need one rate and one share each, all chances between 0 and 1. Correct them.")
        if abs(sum(self.shares) - 1) > 1e-6:
            raise FitError(f"The shares of the types sum to {sum(self.shares):g}, not to 1. Correct them.")

    def value(self, samples: ArrayLike, *, wrong: float, right: float = 1.0) -> Array:
        """Expected value of sampling until the first pass, or up to K samples.

        `EV(K) = sum_{k<=K} sum_t p_t beta_t^(k-1) [c r_t V_right + (1-r_t)(1-s) V_wrong]`, with the chance of a
        rejection `beta_t = (1-c) r_t + s (1-r_t)`. The authors' notebook multiplies gains and survival that are both
        weighed by what was seen; its values are a little too high, its best K here the same.

        Reference: Stroebl, Kapoor, Narayanan 2024, arXiv:2411.17501; this sum is recomputed.

        Args:
            samples: K, any shape.
            wrong: value of a wrong sample that passes, negative.
            right: value of a right one.

        Returns:
            Values, of the shape of K.
        """
        r, share = np.array(self.rates), np.array(self.shares)
        rejected = (1 - self.completeness) * r + self.soundness * (1 - r)
        gain = self.completeness * r * right + (1 - r) * (1 - self.soundness) * wrong
        k = np.asarray(samples, float)[..., None]
        # The geometric series; a type that is always rejected adds the same each time.
        always = rejected == 1
        tries = np.where(always, k, (1 - rejected**k) / np.where(always, 1.0, 1 - rejected))
        return np.asarray((share * gain * tries).sum(axis=-1))

    def best(self, *, wrong: float, right: float = 1.0, most: int = LONGEST) -> tuple[int, float]:
        """Number of samples with the largest value, and that value; (0, 0.0) where every number loses."""
        values = self.value(np.arange(1, most + 1), wrong=wrong, right=right)
        best = int(_first_best(values[None])[0])
        return best, float(values[best - 1]) if best else 0.0


def types_of(n: ArrayLike, b: ArrayLike, g: ArrayLike) -> Types:
    """Two types of problems from counts: those that more than half of the samples solve, and the rest.

    The soundness is `s = (1 - B - P + G B)/(1 - P)`, with B the mean share that passes, P the mean share that is right,
    G the mean share right among those that pass.

    Reference: Stroebl, Kapoor, Narayanan 2024, arXiv:2411.17501, the authors' notebook.

    Args:
        n: samples of every problem, shape (problems,).
        b: those that pass the test at hand.
        g: those of them that are right.

    Returns:
        The model.

    Raises:
        FitError: all problems are of one type, or no sample passes.
    """
    samples, passed = counted(n, b)
    _, right = counted(samples, g)
    rate = right / samples
    easy = rate > 0.5
    if easy.all() or not easy.any() or not passed.any():
        raise FitError("The problems are of one type, or none passes. Two types need some above and some below half.")
    base, plus = float(np.mean(passed / samples)), float(rate.mean())
    given = float(np.mean(right[passed > 0] / passed[passed > 0]))
    soundness = (1 - base - plus + given * base) / (1 - plus)
    rates = (float(rate[easy].mean()), float(rate[~easy].mean()))
    return Types(rates, (float(easy.mean()), float((~easy).mean())), soundness)
