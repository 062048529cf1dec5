"""Architecture laws put to use: what streams and loops are worth, and how many visual tokens to keep."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import InputError
from isoflop.laws.architecture import PARSCALE, RECURSION, VISUAL_TOKENS

Array = NDArray[Any]


def stream_factor(streams: ArrayLike, k: ArrayLike) -> Array:
    """What P parallel streams are worth in parameters, `k ln P + 1`.

    Reference: Chen et al. 2025, arXiv:2505.10475 (ParScale).

    Args:
        streams: P, 1 and more; the form was tested to 8.
        k: constant of the law `parscale`.

    Returns:
        Factor on the parameters.

    Raises:
        InputError: fewer than one stream.

    Warns:
        RangeWarning: the streams lie outside the range of the source, with the distance.

    >>> float(stream_factor(8, 0.39345))
    1.818
    """
    count = np.asarray(streams, dtype=float)
    if not np.all(count >= 1):
        raise InputError(f"A model cannot run {count} streams. Give 1 or more; 1 is the plain model.")
    PARSCALE.warn_outside({"streams": count})
    return np.asarray(np.asarray(k, dtype=float) * np.log(count) + 1)


def looped_params(once: ArrayLike, looped: ArrayLike, loops: ArrayLike, *, phi: ArrayLike = 0.46) -> Array:
    """Unique parameters of the model without loops that learns as well, `N_once + r^phi N_rec`.

    Reference: Schwethelm, Rueckert, Kaissis 2026, arXiv:2604.21106.

    Args:
        once: parameters used once in a pass.
        looped: parameters used several times.
        loops: r, how often.
        phi: constant of the law `looped`.

    Returns:
        Parameters; the compute is that of `N_once + r N_rec`.

    Warns:
        RangeWarning: the loops lie outside the range of the source, with the distance.

    >>> float(looped_params(1e8, 3e8, 4) / 1e8)
    6.676
    """
    RECURSION.warn_outside({"loops": loops})
    n, m, r = (np.asarray(x, dtype=float) for x in (once, looped, loops))
    return np.asarray(n + r ** np.asarray(phi, dtype=float) * m)


def best_visual_tokens(text_tokens: ArrayLike, values: Mapping[str, ArrayLike]) -> Array:
    """Visual tokens at which a given cost of inference makes the least error.

    `V* = Q beta/(alpha - beta)`, the optimum of `A/(N^alpha V^beta)` at fixed `N (Q + V)`.

    Reference: Li et al. 2024, arXiv:2411.03312.

    Args:
        text_tokens: Q, text tokens read beside the image; 0 when they are cached.
        values: alpha and beta of the law `visual-tokens`, or draws of them.

    Returns:
        Tokens, at least 1: without text one token and the largest model are best.

    Raises:
        InputError: beta is not below alpha, so that more tokens are always better.

    Warns:
        RangeWarning: the answer lies outside the range of the source, with the distance.

    >>> float(best_visual_tokens(50, {"alpha": 0.077, "beta": 0.015}))
    12.1
    """
    alpha, beta = (np.asarray(values[name], dtype=float) for name in ("alpha", "beta"))
    if not np.all(alpha > beta):
        raise InputError(
            f"With alpha {alpha} and beta {beta} more visual tokens always beat a larger model, as in reading text in "
            "images. Keep all tokens, and choose the size by the budget."
        )
    best = np.maximum(np.asarray(text_tokens, dtype=float) * beta / (alpha - beta), 1.0)
    VISUAL_TOKENS.warn_outside({"visual_tokens": best})
    return np.asarray(best)
