"""What the floating-point training law says of a budget of bits: layout, critical data, cheapest precision."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import InputError
from isoflop.laws.precision import FP_TRAINING

Array = NDArray[Any]
Values = Mapping[str, ArrayLike]

PUBLISHED: Final[Mapping[str, float]] = MappingProxyType(dict(FP_TRAINING.published_set("sun-2025").values))
"""Constants of Sun et al. 2025; every function here takes those of a fit instead, or draws of them."""

FLOPS_PER_BIT: Final = 6.0 / 16.0
"""Training FLOPs of 16 bits are 6 per parameter and token, so a bit costs 6/16 of one."""

CHANNEL_BLOCK: Final = 2.0**13.1567
"""Elements per scale that a scale per channel counts as."""


@dataclass(frozen=True)
class Layout:
    """Exponent and mantissa bits of a floating-point number with one sign bit."""

    exponent_bits: int
    mantissa_bits: int

    def __post_init__(self) -> None:
        """Refuse negative bits, for which the law has no value."""
        if min(self.exponent_bits, self.mantissa_bits) < 0:
            raise InputError(f"There is no number {self}. Give exponent and mantissa bits from 0 up.")

    @property
    def bits(self) -> int:
        """All bits: sign, exponent and mantissa."""
        return self.exponent_bits + self.mantissa_bits + 1

    def __str__(self) -> str:
        """As the field writes it."""
        return f"E{self.exponent_bits}M{self.mantissa_bits}"


def best_layout(bits: int, values: Mapping[str, float] = PUBLISHED) -> Layout:
    """Split a number of bits between exponent and mantissa so that training loses least.

    `E = delta P/(delta + nu) - 1/2`, `M = nu P/(delta + nu) - 1/2`; of the whole numbers with
    E + M = P - 1 the pair with the largest `(E + 1/2)^delta (M + 1/2)^nu`.

    Reference: Sun et al. 2025, arXiv:2501.02423, section 4.

    Args:
        bits: P, sign included, at least 2.
        values: delta and nu of the law `fp-training`.

    Returns:
        The layout.

    Raises:
        InputError: fewer than 2 bits.

    Warns:
        RangeWarning: the layout lies outside the range of the source, with the distance.

    >>> [str(best_layout(bits)) for bits in (4, 8)]
    ['E2M1', 'E4M3']
    """
    if bits < 2:
        raise InputError(f"A floating-point number of {bits} bits has no exponent or mantissa. Give at least 2 bits.")
    delta, nu = values["delta"], values["nu"]

    def worth(exponent: int) -> float:
        return delta * np.log(exponent + 0.5) + nu * np.log(bits - 1 - exponent + 0.5)  # type: ignore[no-any-return]

    exponent = max(range(bits), key=worth)
    FP_TRAINING.warn_outside({"exponent_bits": exponent, "mantissa_bits": bits - 1 - exponent})
    return Layout(exponent, bits - 1 - exponent)


def critical_tokens(
    params: ArrayLike, layout: Layout, *, block_elements: ArrayLike = CHANNEL_BLOCK, values: Values = PUBLISHED
) -> Array:
    """Training tokens beyond which more data make a low-precision model worse.

    `D_crit = (d gamma N^alpha (E + 1/2)^delta (M + 1/2)^nu / log2 B)^(1/(2 beta))`

    Reference: Sun et al. 2025, arXiv:2501.02423, eq. 21.

    Args:
        params: N.
        layout: exponent and mantissa bits.
        block_elements: elements B that share one high-precision scale, above 1.
        values: parameters of the law `fp-training`, or draws of them.

    Returns:
        Tokens; the published constants put them decades beyond the runs that were fitted.

    Raises:
        InputError: a size is not positive, or a block is of one element or fewer.

    Warns:
        RangeWarning: an input or the answer lies outside the range of the source, with the distance.

    >>> float(critical_tokens(1e9, Layout(2, 1), block_elements=128) / 1e12)
    0.393
    """
    v = _arrays(values)
    digits = (layout.exponent_bits + 0.5) ** v["delta"] * (layout.mantissa_bits + 0.5) ** v["nu"]
    scale = v["d"] * v["gamma"] * _positive("params", params) ** v["alpha"] * digits / _log_block(block_elements)
    tokens = np.asarray(scale ** (0.5 / v["beta"]))
    FP_TRAINING.warn_outside({
        "params": params, "tokens": tokens, "block_elements": block_elements,
        "exponent_bits": layout.exponent_bits, "mantissa_bits": layout.mantissa_bits,
    })  # fmt: skip
    return tokens


def effective_params(
    params: ArrayLike,
    tokens: ArrayLike,
    bits: ArrayLike,
    *,
    block_elements: ArrayLike = CHANNEL_BLOCK,
    values: Values = PUBLISHED,
) -> Array:
    """Parameters of the unquantized model that learns as well, with the best layout of the bits.

    `N_eff = N / (1 + D^beta log2 B/(gamma_rho n P^(delta + nu)))^(1/alpha)`

    Reference: Sun et al. 2025, arXiv:2501.02423, effective model size.

    Args:
        params: N.
        tokens: D.
        bits: P, fractions allowed.
        block_elements: elements B that share one scale.
        values: parameters of the law `fp-training`, or draws of them.

    Returns:
        Parameters, below N.

    Raises:
        InputError: a number is not positive, or a block is of one element or fewer.

    Warns:
        RangeWarning: a size, the tokens or a block lie outside the range of the source, with the distance.

    >>> float(effective_params(1e9, 1e11, 8, block_elements=128) / 1e9)
    0.996
    """
    v = _arrays(values)
    n, d, p = (_positive(w, x) for w, x in (("params", params), ("tokens", tokens), ("bits", bits)))
    FP_TRAINING.warn_outside({"params": n, "tokens": d, "block_elements": block_elements})
    cost = d ** v["beta"] * _log_block(block_elements) / (_gamma_rho(v) * v["n"] * p ** (v["delta"] + v["nu"]))
    return np.asarray(n / (1 + cost) ** (1 / v["alpha"]))


def best_bits(
    *,
    flops: ArrayLike | None = None,
    params: ArrayLike | None = None,
    tokens: ArrayLike | None = None,
    block_elements: ArrayLike = CHANNEL_BLOCK,
    values: Values = PUBLISHED,
) -> Array:
    """Bits at which a budget of `C = (6/16) N P D` buys the least loss.

    Given `tokens` alone (size free): `P^(delta+nu) = gamma_D D^beta log2 B`, with
    `gamma_D = (delta+nu-alpha)/(alpha n gamma_rho)`, at any budget.
    Given `flops` and `params`: `P^(delta+nu+2 beta) = gamma_N (C/k)^(2 beta) N^-(alpha+2 beta) log2 B`, with
    `gamma_N = (beta+delta+nu)/(d beta gamma_rho)`.
    Given `flops` alone (size and data free):
    `P^((delta+nu)(alpha+beta)/beta + alpha) = (gamma_D log2 B)^((alpha+beta)/beta) lambda (C/k)^alpha`, with
    `lambda = (beta d/(alpha n)) (delta+nu-alpha)/(delta+nu+beta)`.

    Reference: Sun et al. 2025, arXiv:2501.02423, compute-optimal precision.

    Args:
        flops: training compute C of which 16-bit training takes 6 N D.
        params: N, when the size is given.
        tokens: D, when the data are given.
        block_elements: elements B that share one scale.
        values: parameters of the law `fp-training`, or draws of them.

    Returns:
        Bits P, not rounded.

    Raises:
        InputError: the three are given in another combination, or one is not positive.

    Warns:
        RangeWarning: the size, the tokens or a block lie outside the range of the source, with the distance.

    >>> float(best_bits(flops=1e21, block_elements=128)), float(best_bits(tokens=1e12, block_elements=128))
    (4.19, 5.18)
    """
    v, log_block = _arrays(values), _log_block(block_elements)
    given = (("params", params), ("tokens", tokens), ("block_elements", block_elements))
    FP_TRAINING.warn_outside({word: value for word, value in given if value is not None})
    digits, rho = v["delta"] + v["nu"], _gamma_rho(v)
    gamma_d = (digits - v["alpha"]) / (v["alpha"] * v["n"] * rho)
    match flops is not None, params is not None, tokens is not None:
        case False, False, True:
            return np.asarray((gamma_d * _positive("tokens", tokens) ** v["beta"] * log_block) ** (1 / digits))
        case True, True, False:
            gamma_n = (v["beta"] + digits) / (v["d"] * v["beta"] * rho)
            n, c = _positive("params", params), _positive("flops", flops) / FLOPS_PER_BIT
            power = gamma_n * c ** (2 * v["beta"]) * n ** -(v["alpha"] + 2 * v["beta"]) * log_block
            return np.asarray(power ** (1 / (digits + 2 * v["beta"])))
        case True, False, False:
            c = _positive("flops", flops) / FLOPS_PER_BIT
            both = (v["alpha"] + v["beta"]) / v["beta"]
            ratio = v["beta"] * v["d"] / (v["alpha"] * v["n"]) * (digits - v["alpha"]) / (digits + v["beta"])
            power = (gamma_d * log_block) ** both * ratio * c ** v["alpha"]
            return np.asarray(power ** (1 / (digits * both + v["alpha"])))
    raise InputError("The best bits follow from flops, from flops with params, or from tokens. Give one of these.")


def _gamma_rho(v: Mapping[str, Array]) -> Array:
    """`gamma delta^delta nu^nu/(delta + nu)^(delta + nu)`: gamma with the best layout put in."""
    delta, nu = v["delta"], v["nu"]
    return np.asarray(v["gamma"] * delta**delta * nu**nu / (delta + nu) ** (delta + nu))


def _arrays(values: Values) -> dict[str, Array]:
    """Parameters as arrays, so that draws of them give draws of the answer."""
    return {name: np.asarray(value, dtype=float) for name, value in values.items()}


def _positive(word: str, values: ArrayLike | None) -> Array:
    """Numbers as an array, refused where one is not above zero."""
    array = np.asarray(values, dtype=float)
    if not np.all(array > 0):
        raise InputError(f"{word} of {array} has no answer. Give numbers above 0, as plain counts.")
    return array


def _log_block(block_elements: ArrayLike) -> Array:
    """Base-2 logarithm of the elements per scale."""
    block = np.asarray(block_elements, dtype=float)
    if not np.all(block > 1):
        raise InputError(
            f"A scale is shared by {block} elements, but at 1 rounding costs nothing in this law. Give more than 1."
        )
    return np.asarray(np.log2(block))
