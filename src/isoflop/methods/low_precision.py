"""Precision laws put to use: parameters left at given bits, best bits, damage after training, speed of FP4."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar

from isoflop.errors import InputError
from isoflop.fit.estimate import Estimate
from isoflop.fit.result import Fit
from isoflop.laws.precision import FP4_TRAINING, KUMAR_PRECISION, KUMAR_PTQ
from isoflop.methods.answers import answer

Array = NDArray[Any]

KUMAR: Final[Mapping[str, float]] = MappingProxyType(dict(KUMAR_PRECISION.published_set().values))
KUMAR_POST: Final[Mapping[str, float]] = MappingProxyType(dict(KUMAR_PTQ.published_set().values))
SEARCHED: Final = (1.0, 32.0)
"""Bits between which the best precision is looked for."""
FORWARD_SHARE: Final = 1.0 / 3.0
"""Share of the operations of training that the forward pass takes."""

_TENSORS: Final = (("weight", "w"), ("activation", "a"), ("kv", "kv"))


def effective_share(
    weight_bits: ArrayLike, activation_bits: ArrayLike, kv_bits: ArrayLike, *, values: Mapping[str, float] = KUMAR
) -> Array:
    """Share of the parameters that training with few bits leaves effective.

    `N_eff/N = prod_x (1 - exp(n_x - P_x/gamma_x))` over weights, activations and keys and values.

    Reference: Kumar et al. 2024, arXiv:2411.04330, section 4 and appendix K.

    Args:
        weight_bits: bits of the weights.
        activation_bits: bits of the activations.
        kv_bits: bits of keys and values.
        values: gamma_x and n_x of the law `kumar-precision`.

    Returns:
        The share; NaN where the law has none, because a factor is not positive.

    Warns:
        RangeWarning: bits lie outside the range of the source, with the distance.

    >>> float(effective_share(4, 4, 4)), float(effective_share(8, 8, 8))
    (0.191, 0.828)
    """
    bits = (weight_bits, activation_bits, kv_bits)
    KUMAR_PRECISION.warn_outside({f"{tensor}_bits": given for (tensor, _), given in zip(_TENSORS, bits, strict=True)})
    return _share(bits, values)


def _share(bits: tuple[ArrayLike, ArrayLike, ArrayLike], values: Mapping[str, float]) -> Array:
    """The law's share, at any bits of weights, activations and cache."""
    shares = [
        1 - np.exp(values[f"n_{letter}"] - np.asarray(own, dtype=float) / values[f"gamma_{letter}"])
        for (_, letter), own in zip(_TENSORS, bits, strict=True)
    ]
    valid = np.all(np.stack(np.broadcast_arrays(*shares)) > 0, axis=0)
    return np.where(valid, shares[0] * shares[1] * shares[2], np.nan)


def best_training_bits(*, values: Mapping[str, float] = KUMAR) -> float:
    """Bits of all tensors alike at which a parameter does most for its cost, at any budget.

    `P* = argmax_P f(P)/P` for `C = (6/16) N D P` and equal exponents of size and data.

    Reference: Kumar et al. 2024, arXiv:2411.04330, section 4.3.2.

    Args:
        values: gamma_x and n_x of the law `kumar-precision`.

    Returns:
        Bits, not rounded.

    Raises:
        InputError: the shares have no best precision between 1 and 32 bits.

    Warns:
        RangeWarning: the answer lies outside the range of the source, with the distance.

    >>> best_training_bits()
    7.00
    """
    grid = np.linspace(*SEARCHED, 621)
    worth = _share((grid, grid, grid), values) / grid
    best = int(np.nanargmax(worth)) if np.isfinite(worth).any() else 0
    if best in (0, len(grid) - 1):
        raise InputError(
            f"With these sensitivities no precision between {SEARCHED[0]:g} and {SEARCHED[1]:g} bits is best. "
            "Check gamma and n, and that they count bits."
        )
    found = minimize_scalar(
        lambda p: -float(_share((p, p, p), values)) / p, bounds=(grid[best - 1], grid[best + 1]),
        method="bounded", options={"xatol": 1e-10},
    )  # fmt: skip
    KUMAR_PRECISION.warn_outside({f"{tensor}_bits": found.x for tensor, _ in _TENSORS})
    return float(found.x)


def training_bits(fit: Fit, *, level: float | None = None) -> Estimate:
    """Best bits of `best_training_bits` under a fit, with the interval of its draws.

    The published constants come without errors, so their answer has no interval.

    Args:
        fit: a fit of the law `kumar-precision` with draws.
        level: confidence level; the fit's own when None.

    Returns:
        Bits; draws without a best precision between 1 and 32 bits are named.

    Raises:
        LawError: the fit has no draws.
    """
    left = ("how little the loss changes near the best bits", "that bits are whole, and formats few")
    return answer(fit, lambda p: best_training_bits(values=p), level=level, unit="bits", leaves_out=left)


def allocation_shift(bits: ArrayLike, *, values: Mapping[str, float] = KUMAR, reference: float = 16.0) -> Array:
    """How the best size and data of a budget change when all of training runs in other bits.

    For `C = (6/16) N D P` and tied exponents: `N* ~ (f P)^(-1/2)`, `D* ~ (f/P)^(1/2)`, with f the share
    of the parameters that is left.

    Reference: Kumar et al. 2024, arXiv:2411.04330, section 4.3.1.

    Args:
        bits: P of weights, activations and cache, shape (…).
        values: gamma_x and n_x of the law `kumar-precision`.
        reference: bits that the factors compare with.

    Returns:
        Factors of size and of data, shape (2, …); NaN where `effective_share` has no value.

    Warns:
        RangeWarning: bits lie outside the range of the source, with the distance.

    >>> [float(x) for x in allocation_shift(8)]
    [1.55, 1.29]
    """
    given = np.asarray(bits, dtype=float)
    asked = np.append(given.ravel(), reference)
    KUMAR_PRECISION.warn_outside({f"{tensor}_bits": asked for tensor, _ in _TENSORS})
    share = _share((given, given, given), values) / _share((reference, reference, reference), values)
    relative = given / reference
    return np.stack([(share * relative) ** -0.5, (share / relative) ** 0.5])


def critical_tokens_post(
    params: ArrayLike,
    post_bits: ArrayLike,
    *,
    base: Mapping[str, float] = KUMAR,
    damage: Mapping[str, float] = KUMAR_POST,
) -> Array:
    """Training tokens beyond which a model is worse once its weights are quantized after training.

    `D_crit = (beta B N^gamma_N exp(P/gamma_post)/(gamma_D C_T))^(1/(gamma_D + beta))`, where the data
    term of the base law falls as fast as the damage grows.

    Reference: derived from Kumar et al. 2024, arXiv:2411.04330, section 3.

    Args:
        params: N.
        post_bits: bits of the weights after training.
        base: B and alpha (the exponent of data) of the law `kumar-precision`.
        damage: parameters of the law `kumar-ptq`.

    Returns:
        Tokens.

    Raises:
        InputError: a size is not positive.

    Warns:
        RangeWarning: a size or the answer lies outside the range of the source, with the distance.

    >>> float(critical_tokens_post(220e6, 4) / 1e11)
    1.75
    """
    n, bits = np.asarray(params, dtype=float), np.asarray(post_bits, dtype=float)
    if not np.all(n > 0):
        raise InputError(f"{n} parameters cannot be quantized. Give numbers above 0.")
    gain = base["alpha"] * base["B"] * n ** damage["gamma_N"] * np.exp(bits / damage["gamma_post"])
    power = 1 / (damage["gamma_D"] + base["alpha"])
    tokens = np.asarray((gain / (damage["gamma_D"] * damage["C_T"])) ** power)
    KUMAR_PTQ.warn_outside({"params": n, "tokens": tokens})
    return tokens


@dataclass(frozen=True)
class FormatSpeed:
    """How much faster a format runs than the baseline.

    Args:
        forward: speed-up of the forward pass, and so of inference.
        backward: speed-up of the backward pass.
    """

    forward: float
    backward: float

    def __post_init__(self) -> None:
        """Refuse what is no speed."""
        if not min(self.forward, self.backward) > 0:
            raise InputError(f"Speed-ups of {self.forward} and {self.backward} cannot be. Give factors above 0.")

    @property
    def training(self) -> float:
        """Speed-up of a training step: one third of the work is forward, two thirds backward.

        >>> FormatSpeed(2.0, 1.0).training, FormatSpeed(1.0, 2.0).training
        (1.2, 1.5)
        """
        return 1 / (FORWARD_SHARE / self.forward + (1 - FORWARD_SHARE) / self.backward)


FP4_SPEEDS: Final[Mapping[str, FormatSpeed]] = MappingProxyType(
    {
        "fp8-fp8": FormatSpeed(1.0, 1.0),
        "fp4-fp8": FormatSpeed(2.0, 1.0),
        "fp8-fp4": FormatSpeed(1.0, 2.0),
        "fp4-fp4": FormatSpeed(2.0, 2.0),
    }
)
"""Forward and backward format → speed-up over FP8 in both, by operations per second."""


def loss_at_equal_time(params: ArrayLike, tokens: ArrayLike, speed: FormatSpeed, values: Mapping[str, float]) -> Array:
    """Loss that a format reaches within the inference and training time of the baseline.

    `L(N s_fw, D s_tr/s_fw)`: a faster forward pass pays for a larger model, the rest of the speed for data.

    Reference: Castro et al. 2025, arXiv:2505.14669, section 4.

    Args:
        params: N of the baseline.
        tokens: D of the baseline.
        speed: the format's speed-ups.
        values: parameters of the law `quartet`, with the format's eff_N and eff_D.

    Returns:
        Loss, nats/token.

    Warns:
        RangeWarning: sizes or tokens that the format reaches lie outside the range of the source, with the distance.

    >>> quartet = FP4_TRAINING.published_set("quartet").values
    >>> fp8 = {**quartet, "eff_N": 1.0, "eff_D": 1.0}
    >>> fast = loss_at_equal_time(3e7, 3e9, FP4_SPEEDS["fp4-fp4"], quartet)
    >>> slow = loss_at_equal_time(3e7, 3e9, FP4_SPEEDS["fp8-fp8"], fp8)
    >>> bool(fast < slow)
    True
    """
    n = np.asarray(params, dtype=float) * speed.forward
    d = np.asarray(tokens, dtype=float) * speed.training / speed.forward
    columns: dict[str, ArrayLike] = {"params": n, "tokens": d, "low_forward": 1.0, "low_backward": 1.0}
    FP4_TRAINING.warn_outside(columns)
    theta = [values[name] for name in FP4_TRAINING.parameter_names]
    return np.asarray(FP4_TRAINING.evaluate(theta, columns).reshape(np.broadcast_shapes(n.shape, d.shape)))
