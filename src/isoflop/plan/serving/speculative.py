"""Speculative decoding: tokens per round, speed-up, goodput under load, when to stop drafting."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import InputError

Array = NDArray[np.float64]


def tokens_per_round(alpha: ArrayLike, drafted: ArrayLike) -> Array:
    """Expected tokens per call of the target, the one it adds itself included, `(1 − α^(γ+1))/(1 − α)`.

    Reference: Leviathan, Kalman, Matias 2023, arXiv:2211.17192, equation 1.

    Args:
        alpha: chance that a drafted token is accepted, 0 to 1.
        drafted: γ, tokens drafted a round.

    Returns:
        Tokens, from 1 to γ + 1.

    Raises:
        InputError: α is no probability, or γ is negative.

    >>> round(float(tokens_per_round(0.8, 5)), 5)
    3.68928
    """
    a, g = np.asarray(alpha, dtype=float), np.asarray(drafted, dtype=float)
    if np.any((a < 0) | (a > 1)) or np.any(g < 0):
        raise InputError(f"α = {a} must lie between 0 and 1, γ = {g} from 0 up. Correct them.")
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(a == 1, g + 1, (1 - a ** (g + 1)) / (1 - a))


def speed_up(alpha: ArrayLike, drafted: ArrayLike, cost: ArrayLike) -> Array:
    """Speed over plain decoding, `(1 − α^(γ+1))/((1 − α)(γ c + 1))`; above 1 for some γ only if α > c.

    Reference: Leviathan, Kalman, Matias 2023, arXiv:2211.17192, theorem 3.8.

    Args:
        alpha: chance of acceptance.
        drafted: γ.
        cost: c, time of the draft over that of the target.

    Returns:
        Factor.

    >>> round(float(speed_up(0.8, 5, 0.05)), 3)
    2.951
    """
    g = np.asarray(drafted, dtype=float)
    return np.asarray(tokens_per_round(alpha, g) / (g * np.asarray(cost, dtype=float) + 1))


def operations_factor(alpha: ArrayLike, drafted: ArrayLike, cost: ArrayLike) -> Array:
    """Arithmetic over that of plain decoding, `(1 − α)(γ ĉ + γ + 1)/(1 − α^(γ+1))`.

    Reference: Leviathan, Kalman, Matias 2023, arXiv:2211.17192, theorem 3.11.

    Args:
        alpha: chance of acceptance.
        drafted: γ.
        cost: ĉ, arithmetic of the draft over that of the target.

    Returns:
        Factor, above 1.

    >>> round(float(operations_factor(0.8, 5, 0.05)), 3)
    1.694
    """
    g = np.asarray(drafted, dtype=float)
    return np.asarray((g * np.asarray(cost, dtype=float) + g + 1) / tokens_per_round(alpha, g))


def best_draft(alpha: float, cost: float, most: int = 64) -> tuple[int, float]:
    """The number of drafted tokens that is fastest, and its speed-up; 0 and 1 where drafting never pays.

    >>> best_draft(0.8, 0.05)
    (8, 3.0920...)
    """
    found = speed_up(alpha, np.arange(most + 1), cost)
    place = int(found.argmax())
    return place, float(found[place])


@dataclass(frozen=True)
class StepTime:
    """Seconds of one pass of a model over a batch, `a·context + g·batched + d`, measured on the system.

    Args:
        per_context: a, seconds per token in the caches of the batch.
        per_token: g, seconds per token that goes through the model.
        fixed: d.
    """

    per_context: float
    per_token: float
    fixed: float

    def seconds(self, context: ArrayLike, tokens: ArrayLike) -> Array:
        """Time of a pass.

        >>> float(StepTime(1e-7, 1e-5, 0.01).seconds(10_000, 100))
        0.012
        """
        c, n = np.asarray(context, dtype=float), np.asarray(tokens, dtype=float)
        return np.asarray(self.per_context * c + self.per_token * n + self.fixed)


def goodput(alpha: ArrayLike, drafted: int, context: ArrayLike, target: StepTime, draft: StepTime) -> float:
    """Tokens per second of a batch that drafts so many tokens per request.

    `Σ (1 − α_i^(γ+1))/(1 − α_i) / (γ T_draft + T_target)`: the draft passes every request γ times, the
    target checks γ + 1 tokens of each at once. Acceptance hardly changes with load while this falls
    below plain decoding, so that acceptance alone must not decide.

    Reference: Liu et al. 2024 (SmartSpec), arXiv:2406.14066.

    Args:
        alpha: chance of acceptance per request, shape (batch,).
        drafted: γ; 0 is plain decoding.
        context: tokens in the cache of each request.
        target: times of the target.
        draft: times of the draft.

    Returns:
        Tokens per second.

    >>> slow, fast = StepTime(2e-8, 2e-4, 0.02), StepTime(2e-9, 2e-5, 0.001)
    >>> [best_goodput([0.6] * batch, [1000] * batch, slow, fast)[0] for batch in (1, 32, 512)]
    [4, 1, 0]
    """
    a = np.atleast_1d(np.asarray(alpha, dtype=float))
    cached = float(np.broadcast_to(np.asarray(context, dtype=float), a.shape).sum())
    drafting = drafted * float(draft.seconds(cached, a.size)) if drafted else 0.0
    checking = float(target.seconds(cached, a.size * (drafted + 1)))
    return float(tokens_per_round(a, drafted).sum()) / (drafting + checking)


def best_goodput(
    alpha: ArrayLike, context: ArrayLike, target: StepTime, draft: StepTime, most: int = 16
) -> tuple[int, float]:
    """The γ with the most goodput, 0 allowed, and the goodput.

    Args:
        alpha: chance of acceptance per request.
        context: tokens in the cache of each request.
        target: times of the target.
        draft: times of the draft.
        most: largest γ to try.

    Returns:
        γ, and tokens per second.

    >>> best_goodput([0.3], [100], StepTime(0, 0, 0.01), StepTime(0, 0, 0.009))[0]
    0
    """
    found = [goodput(alpha, gamma, context, target, draft) for gamma in range(most + 1)]
    place = int(np.argmax(found))
    return place, found[place]


def stop_drafting(accepted: ArrayLike, *, discard: float, call: float, delta: float = 0.0) -> int:
    """How many tokens to draft when each one's chance of acceptance is predicted.

    Stop when the chance that some drafted token is rejected, `1 − Π p_i`, reaches `(c2 + Δ)/(c1 + c2 + Δ)`.

    Reference: Huang, Guo, Wang 2025 (SpecDec++), arXiv:2405.19715, theorem 3.1.

    Args:
        accepted: predicted chances p_i in order, shape (tokens,).
        discard: c1, cost of a token that is drafted and discarded.
        call: c2, cost of a call of the target above it.
        delta: Δ of the theorem.

    Returns:
        Tokens drafted before stopping; all of them when the threshold is never reached.

    >>> stop_drafting([0.9, 0.9, 0.5, 0.9], discard=1.0, call=1.0)
    3
    """
    p = np.asarray(accepted, dtype=float)
    if np.any((p < 0) | (p > 1)) or min(discard, call) <= 0 or delta < 0:
        raise InputError("Chances must lie between 0 and 1, both costs above 0 and delta from 0 up. Correct them.")
    rejected = 1 - np.cumprod(p)
    reached = np.nonzero(rejected >= (call + delta) / (discard + call + delta))[0]
    return int(reached[0]) + 1 if len(reached) else len(p)
