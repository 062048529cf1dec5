"""Several drafts for one token: the best acceptance that any rule can reach, and that of sequential rejection."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import InputError

Array = NDArray[np.float64]


def _distributions(target: ArrayLike, draft: ArrayLike, drafts: int) -> tuple[Array, Array]:
    """Both distributions, checked."""
    p, q = (np.asarray(x, dtype=float) for x in (target, draft))
    if p.ndim != 1 or p.shape != q.shape or np.any(p < 0) or np.any(q < 0):
        raise InputError(
            f"Target {p.shape} and draft {q.shape} must be probabilities of the same tokens. Correct them."
        )
    if abs(p.sum() - 1) > 1e-6 or abs(q.sum() - 1) > 1e-6:
        raise InputError(f"Target and draft add up to {p.sum():.6g} and {q.sum():.6g}, not 1. Divide by their sums.")
    if drafts < 1:
        raise InputError(f"{drafts} drafts propose nothing. Give at least 1.")
    return p, q


def best_acceptance(target: ArrayLike, draft: ArrayLike, drafts: int) -> float:
    """The largest chance that one of K independent drafts is accepted while the target's distribution is kept.

    `α* = 1 + min over G of P(G) − Q(G)^K`, the minimum cut of the transport problem; for independent
    drafts the best set G is a prefix of the tokens in falling order of q/p.

    Reference: Hu et al. 2025, arXiv:2502.18779; Sun et al. 2023 (SpecTr), arXiv:2310.15141, for the transport.

    Args:
        target: p, shape (tokens,).
        draft: q.
        drafts: K.

    Returns:
        Acceptance.

    Raises:
        InputError: these are no distributions over the same tokens, or there is no draft.

    >>> round(best_acceptance([0.5, 0.3, 0.2], [0.2, 0.3, 0.5], 2), 2)
    0.86
    """
    p, q = _distributions(target, draft, drafts)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(p > 0, q / p, np.where(q > 0, np.inf, 0.0))
    order = np.argsort(-ratio, kind="stable")
    cut = np.cumsum(p[order]) - np.minimum(np.cumsum(q[order]), 1.0) ** drafts
    return float(1 + min(cut.min(), 0.0))


def sequential_acceptance(target: ArrayLike, draft: ArrayLike, drafts: int) -> tuple[float, float]:
    """Acceptance of K-SEQ, which takes the drafts in turn with chance `min(1, p/(ρ q))`, at its best ρ.

    `1 − (1 − β)^K` with `β(ρ) = Σ min(q, p/ρ)`, where ρ in [1, K] solves `1 − (1 − β)^K = ρ β`. It reaches at
    least 1 − 1/e of the best.

    Reference: Sun et al. 2023 (SpecTr), arXiv:2310.15141.

    Args:
        target: p, shape (tokens,).
        draft: q.
        drafts: K.

    Returns:
        Acceptance and ρ.

    Raises:
        InputError: these are no distributions over the same tokens, or there is no draft.

    >>> [round(x, 4) for x in sequential_acceptance([0.5, 0.3, 0.2], [0.2, 0.3, 0.5], 2)]
    [0.7914, 1.4568]
    """
    p, q = _distributions(target, draft, drafts)
    low, high = 1.0, float(drafts)
    for _ in range(200):
        rho = (low + high) / 2
        beta = float(np.minimum(q, p / rho).sum())
        # Above the root the residual is a distribution already; below it some token would get less than nothing.
        if 1 - (1 - beta) ** drafts > rho * beta:
            low = rho
        else:
            high = rho
    rho = (low + high) / 2
    beta = float(np.minimum(q, p / rho).sum())
    return 1 - (1 - beta) ** drafts, rho
