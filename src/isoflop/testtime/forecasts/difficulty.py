"""How pass rates are spread over problems: scaled beta and Kumaraswamy distributions, and coverage from them."""

from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import FitError
from isoflop.testtime.forecasts.ascent import LogChance
from isoflop.testtime.forecasts.mixtures import NEGLIGIBLE, Shape, kernel_for, log_beta_chance

Array = NDArray[Any]

DEEPEST: Final = -740.0
"""Log of the smallest number: a failure of all samples may be that rare."""


@dataclass(frozen=True)
class Difficulty:
    """A distribution of pass rates p over problems, `p = c u` with u between 0 and 1.

    beta: u has density `u^(alpha-1) (1-u)^(beta-1) / B(alpha, beta)`; kumaraswamy: `alpha beta u^(alpha-1)
    (1-u^alpha)^(beta-1)`. Small alpha: many problems that are hardly ever solved.

    Reference: Schaeffer et al. 2025, arXiv:2502.17578.

    Args:
        alpha: behaviour near 0, which sets the power law of many samples.
        beta: behaviour near the largest rate.
        scale: c, the largest pass rate.
        shape: beta or kumaraswamy.

    >>> round(float(Difficulty(0.25, 1.8).failure(100)), 6)
    0.345829
    """

    alpha: float
    beta: float
    scale: float = 1.0
    shape: Shape = "beta"

    def __post_init__(self) -> None:
        """Refuse what is no distribution."""
        if not (0 < self.alpha < np.inf and 0 < self.beta < np.inf and 0 < self.scale <= 1):
            raise FitError(
                f"alpha = {self.alpha:g}, beta = {self.beta:g}, scale = {self.scale:g} is no distribution of pass "
                "rates. Give positive alpha and beta, and a scale above 0 and at most 1."
            )
        if self.shape not in ("beta", "kumaraswamy"):
            raise FitError(f"The shape {self.shape!r} is not known. Choose beta or kumaraswamy.")

    @property
    def mean(self) -> float:
        """Mean pass rate: coverage of a single sample."""
        return 1 - float(self.failure(1))

    def failure(self, k: ArrayLike) -> Array:
        """Chance that k samples of a random problem all fail, `F(k) = E[(1-p)^k]`.

        Args:
            k: samples, above 0, any shape.

        Returns:
            Chances, of the shape of k.
        """
        return np.asarray(failures(self._parameters, self.scale, self.shape, k)[0].reshape(np.shape(k)))

    def coverage(self, k: ArrayLike) -> Array:
        """Share of problems that at least one of k samples solves, `1 - F(k)`."""
        return 1 - self.failure(k)

    def log_chance(self, n: ArrayLike, c: ArrayLike) -> Array:
        """Log of the chance of c correct of n samples of a random problem, shape (problems,)."""
        samples, correct = np.broadcast_arrays(np.atleast_1d(n).astype(float), np.asarray(c, float))
        return np.asarray(log_chances(samples, correct, self.scale, self.shape)(*self._parameters.T)[0])

    def leading(self, k: ArrayLike) -> Array:
        """Leading term of F(k) for many samples, a power of k with exponent alpha.

        `Gamma(alpha+beta)/Gamma(beta) (c k)^-alpha` for beta, `beta Gamma(1+alpha) (c k)^-alpha` for kumaraswamy, which
        comes close slowly: at alpha = .25, beta = 2.4, c = .3 it is still 5 % off at k = 1e5.

        Args:
            k: samples.

        Returns:
            The term, of the shape of k.
        """
        from scipy.special import gammaln

        if self.shape == "beta":
            log_factor = gammaln(self.alpha + self.beta) - gammaln(self.beta)
        else:
            log_factor = np.log(self.beta) + gammaln(1 + self.alpha)
        return np.asarray(np.exp(log_factor - self.alpha * np.log(self.scale * np.asarray(k, float))))

    def draw(self, size: int, *, rng: np.random.Generator) -> Array:
        """Pass rates of random problems, shape (size,)."""
        if self.shape == "beta":
            return np.asarray(self.scale * rng.beta(self.alpha, self.beta, size))
        return np.asarray(self.scale * (1 - rng.random(size) ** (1 / self.beta)) ** (1 / self.alpha))

    @property
    def _parameters(self) -> Array:
        """Alpha and beta as a batch of one."""
        return np.array([[self.alpha, self.beta]])


def log_chances(n: Array, c: Array, scale: float, shape: Shape, *, negligible: float = NEGLIGIBLE) -> LogChance:
    """Log of the chances of counts, as a function of alpha and beta.

    Args:
        n: samples, shape (rows,).
        c: successes, shape (rows,).
        scale: largest pass rate.
        shape: beta or kumaraswamy.
        negligible: log of the likelihood, over its largest, that is no part of a sum.

    Returns:
        From alpha and beta, each (batch,), to chances, (batch, rows).
    """
    if shape == "beta" and scale == 1:
        return partial(log_beta_chance, n, c)
    return partial(kernel_for(n, c, scale, negligible=negligible).log_chance, shape)


def failures(parameters: Array, scale: float, shape: Shape, k: ArrayLike) -> Array:
    """Chance that k samples of a random problem all fail, for many distributions.

    Args:
        parameters: alpha and beta, shape (batch, 2).
        scale: largest pass rate.
        shape: beta or kumaraswamy.
        k: samples, above 0.

    Returns:
        Chances, shape (batch, number of k).

    Raises:
        FitError: a k is not positive, or there is none.
    """
    samples = np.ravel(np.asarray(k, float))
    if not len(samples) or not np.all((samples > 0) & np.isfinite(samples)):
        raise FitError("The chance that all of k samples fail needs k above 0. Give positive numbers.")
    chances = log_chances(samples, np.zeros(len(samples)), scale, shape, negligible=DEEPEST)
    return np.asarray(np.exp(chances(parameters[:, 0], parameters[:, 1])))
