"""Resampling until an imperfect test passes, in a model of a few types of problems."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import FitError
from isoflop.testtime.estimators.coverage import counted
from isoflop.testtime.tradeoffs.verifier import first_best

Array = NDArray[Any]

LONGEST: Final = 10_000
"""Samples up to which the best number is looked for."""


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

        Raises:
            FitError: a K below 0, or values that are no numbers.
        """
        r, share = np.array(self.rates), np.array(self.shares)
        rejected = (1 - self.completeness) * r + self.soundness * (1 - r)
        gain = self.completeness * r * right + (1 - r) * (1 - self.soundness) * wrong
        k = np.asarray(samples, float)[..., None]
        if not np.all((k >= 0) & np.isfinite(k)) or not np.isfinite(wrong) or not np.isfinite(right):
            raise FitError("Samples must be 0 or more, and values numbers. Correct them.")
        # The geometric series; a type that is always rejected adds the same each time.
        always = rejected == 1
        tries = np.where(always, k, (1 - rejected**k) / np.where(always, 1.0, 1 - rejected))
        return np.asarray((share * gain * tries).sum(axis=-1))

    def best(self, *, wrong: float, right: float = 1.0, most: int = LONGEST) -> tuple[int, float]:
        """Number of samples with the largest value, and that value; (0, 0.0) where no number gains.

        Args:
            wrong: value of a wrong sample that passes, negative.
            right: value of a right one.
            most: largest number that is looked at.

        Returns:
            The number and its value.

        Raises:
            FitError: no number is to be looked at, or values that are no numbers.
        """
        if most < 1:
            raise FitError(f"Of {most} numbers of samples none can be best. Give most of 1 or more.")
        values = self.value(np.arange(1, most + 1), wrong=wrong, right=right)
        best = int(first_best(values[None], max(abs(right), abs(wrong)))[0])
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
