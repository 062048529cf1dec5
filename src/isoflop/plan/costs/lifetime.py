"""What a model costs over its life: training once, and serving every token after."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import InputError
from isoflop.units import FLOPS_PER_PARAM_TOKEN

Array = NDArray[np.float64]

FLOPS_PER_SERVED: float = 2.0
"""FLOPs per parameter and token that is read or written: one forward pass."""


def lifetime_flops(params: ArrayLike, tokens: ArrayLike, served: ArrayLike) -> Array:
    """FLOPs of training and of all inference, `6 N D + 2 N D_inf`.

    Reference: Sardana et al. 2024, arXiv:2401.00448, equation 2.

    Args:
        params: N, or draws of it.
        tokens: training tokens D.
        served: D_inf, tokens read and written over the model's life.

    Returns:
        FLOPs.

    >>> f"{float(lifetime_flops(13e9, 5.765e11, 2e12)):.4g}"
    '9.697e+22'
    """
    n, d, s = (np.asarray(x, dtype=float) for x in (params, tokens, served))
    return np.asarray(n * (FLOPS_PER_PARAM_TOKEN * d + FLOPS_PER_SERVED * s))


def lifetime_price(
    params: ArrayLike,
    tokens: ArrayLike,
    *,
    read: ArrayLike,
    written: ArrayLike,
    train_price: float,
    serve_price: float,
    train_mfu: float,
    read_mfu: float,
    write_mfu: float,
) -> Array:
    """Dollars of training and of all inference, each at its own price and use of the hardware.

    `6 N D p_tr/MFU_tr + 2 N (D_in p_inf/MFU_in + D_out p_inf/MFU_out)`.

    Reference: Sardana et al. 2024, arXiv:2401.00448, equation 5.

    Args:
        params: N.
        tokens: training tokens D.
        read: D_in, prompt tokens over the model's life.
        written: D_out, tokens written.
        train_price: dollars per FLOP at peak, hourly price/3600/peak.
        serve_price: the same of the devices that serve, in their precision.
        train_mfu: share of the peak in training.
        read_mfu: share of the peak when reading prompts.
        write_mfu: share of the peak when writing.

    Returns:
        Dollars.

    Raises:
        InputError: a share or price is not positive.

    >>> dollars = 2 / 3600 / 312e12
    >>> price = lifetime_price(7e9, 1.2e12, read=1e12, written=2e11, train_price=dollars, serve_price=dollars,
    ...     train_mfu=0.5, read_mfu=0.5, write_mfu=0.01)
    >>> round(float(price))
    727920
    """
    if min(train_price, serve_price, train_mfu, read_mfu, write_mfu) <= 0:
        raise InputError("Prices and shares of the peak must lie above 0. Correct the one that does not.")
    n, d, i, o = (np.asarray(x, dtype=float) for x in (params, tokens, read, written))
    serving = FLOPS_PER_SERVED * n * serve_price * (i / read_mfu + o / write_mfu)
    return np.asarray(FLOPS_PER_PARAM_TOKEN * n * d * train_price / train_mfu + serving)
