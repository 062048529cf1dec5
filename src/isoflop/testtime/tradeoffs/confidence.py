"""Training for pass@N: its loss, how it holds confidence back, and the answers that a best policy spreads over."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import FitError

Array = NDArray[Any]


def pass_n_loss(log_p: ArrayLike, samples: ArrayLike) -> Array:
    """Loss of direct coverage optimisation, `l_N = -log(1 - (1-p)^N)`.

    Reference: Chen, Raventós, Cheng, Ganguli, Druckmann 2025, arXiv:2502.07154, and the authors' code.

    Args:
        log_p: log of the chance of the right answer, the sum over its tokens, at most 0.
        samples: N.

    Returns:
        Nats per example, of the common shape; exact where p is far below the smallest float.

    Raises:
        FitError: a log chance above 0, or no samples.

    >>> round(float(pass_n_loss(np.log(0.01), 16)), 6), float(pass_n_loss(-2000.0, 1))
    (1.906886, 2000.0)
    """
    return -_log_pass(*_checked(log_p, samples))


def overconfidence_factor(log_p: ArrayLike, samples: ArrayLike) -> Array:
    """Factor that turns the gradient of cross-entropy into that of the pass@N loss.

    `F(N, p) = N p (1-p)^(N-1) / (1 - (1-p)^N)`: 1 for a single sample, falling in p, and next to 0 where p is
    well above 1/N, so that examples which N samples solve anyway teach nothing more.

    Reference: Chen et al. 2025, arXiv:2502.07154. The authors' code has a series for small p N; here logarithms do.

    Args:
        log_p: log of the chance of the right answer, the sum over its tokens.
        samples: N.

    Returns:
        Factors between 0 and 1, of the common shape.

    Raises:
        FitError: a log chance above 0, or no samples.

    >>> [round(float(overconfidence_factor(np.log(p), n)), 6) for n, p in ((16, 0.01), (16, 0.1), (256, 0.01))]
    [0.926399, 0.404353, 0.213644]
    """
    lp, n = _checked(log_p, samples)
    with np.errstate(divide="ignore"):
        log_fail = np.log1p(-np.exp(lp))
    # At N = 1 the factor is 1, also where p is 1 and the power of nothing would be lost.
    rest = np.where(n == 1, 0.0, np.where(n > 1, n - 1, 1.0) * log_fail)
    return np.asarray(np.exp(np.log(n) + lp + rest - _log_pass(lp, n)))


def best_policy(beliefs: ArrayLike, samples: float) -> Array:
    """Chances of answers that maximise pass@N, where each answer is right with a known chance.

    Maximise `sum_a q_a (1 - (1-p_a)^N)` over chances p that sum to 1: `p_a = max(0, 1 - (lambda/q_a)^(1/(N-1)))`. A
    single sample bets all on the likeliest answer; with more, confidence in it falls. Derived here, for what
    the source bounds: it has no formula.

    Reference: Chen et al. 2025, arXiv:2502.07154 (that confidence must fall with N); the solution is derived here.

    Args:
        beliefs: q, chance that each answer is right, not negative, some positive.
        samples: N, at least 1.

    Returns:
        Chances p, which sum to 1.

    Raises:
        FitError: beliefs that are none, or fewer than one sample.

    >>> best_policy([0.6, 0.3, 0.1], 1).tolist(), best_policy([0.6, 0.3, 0.1], 4).round(3).tolist()
    ([1.0, 0.0, 0.0], [0.509, 0.382, 0.109])
    """
    q = np.asarray(beliefs, float)
    if q.ndim != 1 or not np.all(np.isfinite(q) & (q >= 0)) or not q.any() or not samples >= 1:
        raise FitError("A policy needs chances of the answers, not negative, and at least one sample. Correct them.")
    order = np.argsort(-q, kind="stable")
    if samples == 1:
        best = q == q.max()
        return np.asarray(best / best.sum())
    power = 1 / (samples - 1)
    sorted_q = q[order][q[order] > 0]
    # With the first m answers in play, lambda^power = (m - 1) / sum q^-power; scaled, so that nothing overflows.
    m = np.arange(1, len(sorted_q) + 1)
    with np.errstate(over="ignore", invalid="ignore"):
        inverse = (sorted_q / sorted_q[0]) ** -power
        level = (m - 1) / np.cumsum(inverse)
        inside = level * inverse < 1
    last = int(np.flatnonzero(inside)[-1])
    chances = np.zeros(len(q))
    chances[order[: last + 1]] = 1 - level[last] * inverse[: last + 1]
    return chances


def _checked(log_p: ArrayLike, samples: ArrayLike) -> tuple[Array, Array]:
    """Arrays of a common shape."""
    lp, n = np.broadcast_arrays(np.asarray(log_p, float), np.asarray(samples, float))
    if not (np.all(lp <= 0) and np.all(n >= 1)):
        raise FitError("The loss of pass@N needs log chances of at most 0 and at least one sample. Correct them.")
    return lp, n


def _log_pass(lp: Array, n: Array) -> Array:
    """`log(1 - (1-p)^N)`; where p is too small for a float, `log N + log p`, to which it tends."""
    with np.errstate(divide="ignore"):
        fail = n * np.log1p(-np.exp(lp))
        exact = np.log(-np.expm1(fail))
    return np.asarray(np.where(lp < -700, np.minimum(np.log(n) + lp, 0.0), exact))
