"""Quantization-aware training put to use: how to split the tokens, and what the quantized model is worth."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import InputError
from isoflop.fit.estimate import Estimate, check_level
from isoflop.fit.quantiles import normal_quantile
from isoflop.fit.result import Fit
from isoflop.laws.qat import QAT_ERROR, QAT_FRACTION, QAT_LOSS
from isoflop.methods.answers import answer

Array = NDArray[Any]

SPLIT_FACTOR: Final = 0.906
"""What the joint error of weights and activations is of the sum of the two apart (Chen et al. 2025)."""

MEAN_ERROR: Final = 0.091
"""Mean absolute error of the published law in the share itself (Dremov et al. 2025, as two summaries print it)."""

FLAT: Final = "how little the loss changes near the best share"


@dataclass(frozen=True)
class TokenSplit:
    """Tokens in full precision, then in quantization-aware training.

    Args:
        fraction: share of all tokens for quantization-aware training.
        full_precision: tokens before it.
        quantized: tokens in it.
        tokens_per_byte: all tokens per byte of quantized weights, what the share depends on.
        share: the fraction with its interval, cut to 0 to 1.
    """

    fraction: float
    full_precision: float
    quantized: float
    tokens_per_byte: float
    share: Estimate


def tokens_per_parameter_byte(params: ArrayLike, tokens: ArrayLike, weight_bits: ArrayLike) -> Array:
    """Tokens per byte of quantized weights, `S = D/(N B/8)`.

    Reference: Dremov et al. 2025, arXiv:2509.22935.

    Args:
        params: N.
        tokens: D.
        weight_bits: bits B of a weight in quantization-aware training.

    Returns:
        Tokens per byte.

    Raises:
        InputError: a number is not positive.

    >>> round(float(tokens_per_parameter_byte(396e6, 100e9, 2)))
    1010
    """
    n, d, b = (np.asarray(x, dtype=float) for x in (params, tokens, weight_bits))
    if not (np.all(n > 0) and np.all(d > 0) and np.all(b > 0)):
        raise InputError(f"{d} tokens, {n} parameters and {b} bits cannot be. Give positive numbers.")
    return np.asarray(8 * d / (n * b))


def split_tokens(
    params: float,
    tokens: float,
    weight_bits: float,
    *,
    a: float | None = None,
    fit: Fit | None = None,
    level: float = 0.9,
) -> TokenSplit:
    """Split the tokens between full precision and quantization-aware training for the least final loss.

    `f* = exp(ln S - a/ln S)/S = exp(-a/ln S)`, with S the tokens per parameter-byte.

    Reference: Dremov et al. 2025, arXiv:2509.22935.

    Args:
        params: N.
        tokens: D, all of them.
        weight_bits: bits of a weight in quantization-aware training.
        a: constant of the law `qat-fraction`; the published 6.7297 when None.
        fit: a fit of that law with draws, in place of a constant.
        level: confidence level of the interval.

    Returns:
        The split. With the published constant, the interval of the share stands on its printed mean absolute
        error of 0.091, taken to be that of normal errors; a constant of yours has none.

    Raises:
        InputError: a number is not positive, or there is at most one token per parameter-byte, where the
            law has no value.

    Warns:
        RangeWarning: the size, the tokens or the bits lie outside the range of the source, with the distance.

    >>> split_tokens(396e6, 100e9, 2).fraction
    0.378
    """
    ratio = float(tokens_per_parameter_byte(params, tokens, weight_bits))
    if not ratio > 1:
        raise InputError(
            f"{tokens:g} tokens for {params:g} parameters of {weight_bits:g} bits are {ratio:.3g} per byte, but the "
            "best share is only known above 1. Give more tokens or fewer parameters."
        )
    QAT_FRACTION.warn_outside({"params": params, "tokens": tokens, "weight_bits": weight_bits})
    share = _share(ratio, a, fit, level)
    fraction = float(share.value)
    return TokenSplit(fraction, (1 - fraction) * tokens, fraction * tokens, ratio, share)


def _share(ratio: float, a: float | None, fit: Fit | None, level: float) -> Estimate:
    """The best share, with what is known of its error."""

    def fraction(values: Mapping[str, float]) -> float:
        return float(np.exp(-values["a"] / np.log(ratio)))

    if fit is not None:
        found = answer(fit, fraction, level=level, unit=QAT_FRACTION.unit, leaves_out=(FLAT,))
        return replace(found, interval=(max(found.interval[0], 0.0), min(found.interval[1], 1.0)))
    check_level(level)
    if a is not None:
        nothing = ("everything: the constant was given",)
        return Estimate(fraction({"a": a}), (np.nan, np.nan), level, None, nothing, QAT_FRACTION.unit)
    value = fraction(QAT_FRACTION.published_set().values)
    reach = float(normal_quantile(0.5 + level / 2) * MEAN_ERROR * np.sqrt(np.pi / 2))
    left = (FLAT, "that the error may differ between models and bits", "the error of the constant itself")
    return Estimate(value, (max(value - reach, 0.0), min(value + reach, 1.0)), level, None, left, QAT_FRACTION.unit)


def joint_error(weights: ArrayLike, activations: ArrayLike) -> Array:
    """Loss added by quantizing weights and activations, from the two apart.

    `delta_W4A4 = 0.906 (delta_W4A16 + delta_W16A4)`

    Reference: Chen et al. 2025, arXiv:2505.14302, decomposition of the error.

    Args:
        weights: loss added by the weights alone.
        activations: loss added by the activations alone.

    Returns:
        Loss added by both.

    >>> float(joint_error(0.02, 0.03))
    0.0453
    """
    return np.asarray(SPLIT_FACTOR * (np.asarray(weights, dtype=float) + np.asarray(activations, dtype=float)))


def effective_share(params: ArrayLike, tokens: ArrayLike, group_size: ArrayLike, values: Mapping[str, float]) -> Array:
    """Share of the parameters that a model without quantization would need for the same loss.

    `eff = (A/(A + k D^gamma_D (log2 G)^gamma_G N^(alpha - gamma_N)))^(1/alpha)`

    Reference: Chen et al. 2025, arXiv:2505.14302, effective parameters.

    Args:
        params: N.
        tokens: D.
        group_size: elements G that share a scale.
        values: parameters of the law `qat-loss`.

    Returns:
        The share, below one.

    Warns:
        RangeWarning: a size, the tokens or a group lie outside the range of the source, with the distance.

    >>> from isoflop.laws.qat import QAT_LOSS
    >>> w4a4 = QAT_LOSS.published_set("chen-2025-w4a4").values
    >>> share = effective_share(594e6, 100e9, 128, w4a4)
    >>> theta = [w4a4[name] for name in QAT_LOSS.parameter_names]
    >>> quantized = QAT_LOSS.evaluate(theta, {"params": 594e6, "tokens": 100e9, "group_size": 128})
    >>> plain = w4a4["A"] / (share * 594e6) ** w4a4["alpha"] + w4a4["B"] / 100e9 ** w4a4["alpha"] + w4a4["E"]
    >>> bool(abs(quantized[0] - plain) < 1e-12)
    True
    """
    n, d, g = (np.asarray(x, dtype=float) for x in (params, tokens, group_size))
    columns: dict[str, ArrayLike] = {"params": n, "tokens": d, "group_size": g}
    QAT_LOSS.warn_outside(columns)
    error = QAT_ERROR.evaluate([values[name] for name in QAT_ERROR.parameter_names], columns)
    size_term = values["A"] / n ** values["alpha"]
    shape = np.broadcast_shapes(n.shape, d.shape, g.shape)
    return np.asarray(((size_term / (size_term + error)) ** (1 / values["alpha"])).reshape(shape))
