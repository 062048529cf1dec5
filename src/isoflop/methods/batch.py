"""Batch size: the critical batch, what other batches cost, the loss they reach, and the rules for the learning rate."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import LawError
from isoflop.laws.hyperparameters import CRITICAL_BATCH

Array = NDArray[Any]

KAPLAN_STEPS: Final[Mapping[str, float]] = MappingProxyType(
    {"N_c": 6.5e13, "alpha_N": 0.077, "S_c": 2.1e3, "alpha_S": 0.76, "B_star": 2.0e8, "alpha_B": 0.21}
)
"""Constants of L(N, S_min) and B_crit(L) on WebText2, arXiv:2001.08361."""

LOW_LOSS, HIGH_LOSS = 1.0, 40.0


@dataclass(frozen=True)
class Tradeoff:
    """Steps against tokens at one loss: (S/S_min - 1)(E/E_min - 1) = 1.

    Reference: McCandlish et al. 2018, arXiv:1812.06162; Kaplan et al. 2020, arXiv:2001.08361.

    Args:
        least_steps: S_min, steps at an endless batch.
        critical_batch: B_crit = E_min/S_min, tokens (or examples).

    >>> float(Tradeoff(1e4, 5e5).steps(5e5)), float(Tradeoff(1e4, 5e5).tokens(5e5))
    (20000.0, 10000000000.0)
    """

    least_steps: float
    critical_batch: float

    def __post_init__(self) -> None:
        """Refuse what is no trade-off.

        Raises:
            LawError: a number is not positive.
        """
        if not (self.least_steps > 0 and self.critical_batch > 0):
            raise LawError(
                f"{self.least_steps:g} least steps and a critical batch of {self.critical_batch:g} are no trade-off. "
                "Give two positive numbers."
            )

    def steps(self, batch: ArrayLike) -> Array:
        """Steps S = S_min (1 + B_crit/B) at a batch of B."""
        return np.asarray(self.least_steps * (1 + self.critical_batch / np.asarray(batch, dtype=float)))

    def tokens(self, batch: ArrayLike) -> Array:
        """Tokens E = E_min (1 + B/B_crit) at a batch of B."""
        return np.asarray(self.least_steps * (self.critical_batch + np.asarray(batch, dtype=float)))

    def extra_tokens(self, batch: ArrayLike) -> Array:
        """Factor E/E_min = 1 + B/B_crit by which tokens, and so FLOPs, exceed their least."""
        return np.asarray(1 + np.asarray(batch, dtype=float) / self.critical_batch)


def critical_batch(loss: ArrayLike, constants: Mapping[str, float] = KAPLAN_STEPS) -> Array:
    """Critical batch B_crit(L) = B*/L^(1/alpha_B).

    Reference: Kaplan et al. 2020, arXiv:2001.08361.

    Args:
        loss: loss in nats/token.
        constants: B_star in tokens and alpha_B.

    Returns:
        Tokens per step.

    Raises:
        LawError: a loss is not positive.

    Warns:
        RangeWarning: a loss lies outside the range of the source, with the distance.

    >>> round(float(critical_batch(3.0)), -2)
    1069100.0
    """
    nats = np.asarray(loss, dtype=float)
    if not np.all(nats > 0):
        raise LawError("The critical batch needs losses above zero, in nats/token. Correct them.")
    CRITICAL_BATCH.warn_outside({"loss": nats})
    return _critical(nats, constants)


def _critical(nats: Array, constants: Mapping[str, float]) -> Array:
    """The law's batch, at any loss."""
    return np.asarray(constants["B_star"] / nats ** (1 / constants["alpha_B"]))


def loss_at_batch(
    params: ArrayLike, steps: ArrayLike, batch_tokens: ArrayLike, constants: Mapping[str, float] = KAPLAN_STEPS
) -> Array:
    """Loss after S steps at any batch: the root L of L = (N_c/N)^aN + [S_c/S (1 + B*/(B L^(1/aB)))]^aS.

    Reference: Kaplan et al. 2020, arXiv:2001.08361; Su et al. 2024, arXiv:2403.06563, which refits the constants.

    Args:
        params: parameters N without embeddings.
        steps: steps S so far; an array gives the whole trajectory.
        batch_tokens: tokens per step B.
        constants: N_c, alpha_N, S_c, alpha_S, B_star, alpha_B.

    Returns:
        Loss in nats/token, of the broadcast shape of the inputs.

    Raises:
        LawError: an input is not positive, or the loss would lie outside (1, 40) nats.

    Warns:
        RangeWarning: a loss that comes out lies outside the range of the source, with the distance.

    >>> round(float(loss_at_batch(1e9, 1e5, 5e5)), 4)
    2.5459
    """
    n, s, b = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (params, steps, batch_tokens)))
    if not np.all((n > 0) & (s > 0) & (b > 0)):
        raise LawError("The loss at a batch needs positive params, steps and batch_tokens. Correct them.")

    def excess(loss: Array) -> Array:
        least = s / (1 + _critical(loss, constants) / b)
        size = (constants["N_c"] / n) ** constants["alpha_N"]
        return np.asarray(loss - size - (constants["S_c"] / least) ** constants["alpha_S"])

    low, high = np.full(n.shape, LOW_LOSS), np.full(n.shape, HIGH_LOSS)
    if np.any(excess(low) > 0) or np.any(excess(high) < 0):
        raise LawError(
            f"The loss would lie outside {LOW_LOSS:g} to {HIGH_LOSS:g} nats/token, where the law means nothing. "
            "Ask for more steps, or for sizes as in the source."
        )
    # The left side rises and the right side falls with the loss: halving the bracket cannot fail.
    for _ in range(60):
        middle = 0.5 * (low + high)
        above = excess(middle) > 0
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    found = np.asarray(0.5 * (low + high))
    CRITICAL_BATCH.warn_outside({"loss": found})
    return found


def least_steps(steps: ArrayLike, batch_tokens: ArrayLike, loss: ArrayLike) -> Array:
    """Steps that an endless batch would have needed: S_min = S/(1 + B_crit(L)/B).

    Reference: Kaplan et al. 2020, arXiv:2001.08361.

    Args:
        steps: steps S of runs at batch B.
        batch_tokens: tokens per step B.
        loss: loss reached, nats/token.

    Returns:
        S_min, for the law `kaplan-steps`.

    Raises:
        LawError: an input is not positive.

    Warns:
        RangeWarning: a loss lies outside the range of the source, with the distance.

    >>> round(float(least_steps(1e5, 5e5, loss_at_batch(1e9, 1e5, 5e5))))
    17632
    """
    s, b = np.asarray(steps, dtype=float), np.asarray(batch_tokens, dtype=float)
    if not (np.all(s > 0) and np.all(b > 0)):
        raise LawError("Least steps need positive steps and batch_tokens. Correct them.")
    nats = np.asarray(loss, dtype=float)
    if not np.all(nats > 0):
        raise LawError("Least steps need losses above zero, in nats/token. Correct them.")
    CRITICAL_BATCH.warn_outside({"loss": nats})
    return np.asarray(s / (1 + _critical(nats, KAPLAN_STEPS) / b))


def noise_scale(norms: tuple[float, float], batches: tuple[float, float]) -> float:
    """Simple noise scale tr(Sigma)/|G|^2 from mean squared gradient norms at two batch sizes.

    With E|G_B|^2 = |G|^2 + tr(Sigma)/B: |G|^2 = (B2 n2 - B1 n1)/(B2 - B1) and
    tr(Sigma) = (n1 - n2)/(1/B1 - 1/B2). Average the squared norms over many steps first.

    Reference: McCandlish et al. 2018, arXiv:1812.06162, appendix A.

    Args:
        norms: mean squared norm of the gradient at each batch size.
        batches: the batch sizes, in the unit in which the noise scale is wanted.

    Returns:
        Noise scale, in the unit of the batches.

    Raises:
        LawError: equal batches, or norms that leave no positive signal or noise.

    >>> noise_scale((1 + 300 / 10, 1 + 300 / 100), (10, 100))
    300.0
    """
    (n1, n2), (b1, b2) = norms, batches
    if b1 == b2 or min(b1, b2) <= 0:
        raise LawError(f"The noise scale needs two different batch sizes, not {b1:g} and {b2:g}. Measure another.")
    signal = (b2 * n2 - b1 * n1) / (b2 - b1)
    noise = (n1 - n2) / (1 / b1 - 1 / b2)
    if not (signal > 0 and noise > 0):
        raise LawError(
            f"Squared norms {n1:g} at batch {b1:g} and {n2:g} at {b2:g} leave a signal of {signal:g} and a noise of "
            f"{noise:g}: one is not positive. Average over more steps, or take batches further apart."
        )
    return noise / signal


def rescaled_lr(
    lr: float,
    batch: float,
    new_batch: ArrayLike,
    *,
    rule: Literal["linear", "sqrt"],
    threshold: float = float("inf"),
) -> Array:
    """Learning rate for another batch size: linear (SGD) or square root (Adam), constant beyond a threshold.

    Reference: Granziol, Zohren, Roberts 2020, arXiv:2006.09092.

    Args:
        lr: tuned rate at `batch`.
        batch: batch size of that rate.
        new_batch: other batch sizes, in the same unit.
        rule: `linear` or `sqrt`.
        threshold: batch beyond which the rate grows no more, such as the noise scale.

    Returns:
        Rates at the new batch sizes.

    Raises:
        LawError: an unknown rule, or a number that is not positive.

    >>> rescaled_lr(1e-3, 256, 1024, rule="sqrt").item(), rescaled_lr(0.1, 256, 1024, rule="linear").item()
    (0.002, 0.4)
    """
    powers = {"linear": 1.0, "sqrt": 0.5}
    new = np.asarray(new_batch, dtype=float)
    if rule not in powers:
        raise LawError(f"There is no rule {rule!r} for the learning rate. Choose linear (SGD) or sqrt (Adam).")
    if not (lr > 0 and batch > 0 and threshold > 0 and np.all(new > 0)):
        raise LawError("The learning rate, the batch sizes and the threshold must be positive. Correct them.")
    return np.asarray(lr * (np.minimum(new, threshold) / min(batch, threshold)) ** powers[rule])
