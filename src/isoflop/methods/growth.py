"""Growth by stacking: when to stack a small model into the target, and what it saves."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import InputError
from isoflop.laws.architecture import GROWTH
from isoflop.units import FLOPS_PER_PARAM_TOKEN

PUBLISHED: Final[Mapping[str, float]] = MappingProxyType(dict(GROWTH.published_set("du-2024").values))
FACTOR: Final = 4
"""How often the small model is stacked; the source finds 2 to 4 best."""


@dataclass(frozen=True)
class GrowthPlan:
    """Two stages of training by growth in depth.

    Args:
        small_params: parameters of the small model, without embeddings.
        small_tokens: tokens that train it.
        params: parameters of the target.
        tokens: tokens that train the target after stacking.
        flops: compute of both stages.
    """

    small_params: float
    small_tokens: float
    params: float
    tokens: float
    flops: float


def growth_tokens(params: ArrayLike, flops: ArrayLike, values: Mapping[str, float] = PUBLISHED) -> NDArray[np.float64]:
    """Tokens after which the small model is stacked.

    `log10 d = a log10 N + b/log10 C + c`

    Reference: Du et al. 2024, arXiv:2405.15319, growth timing.

    Args:
        params: N of the target, without embeddings.
        flops: C of both stages.
        values: parameters of the law `growth-timing`.

    Returns:
        Tokens of the small model.

    Raises:
        InputError: the budget is less than one token would cost, 6 N FLOPs.

    Warns:
        RangeWarning: a size lies outside the range of the source, with the distance.

    >>> float(growth_tokens(7e9, 1e22) / 1e10)
    2.213
    """
    GROWTH.warn_outside({"params": params})
    return _timing(params, flops, values)


def _timing(params: ArrayLike, flops: ArrayLike, values: Mapping[str, float]) -> NDArray[np.float64]:
    """The law's tokens, of any size."""
    n, c = np.asarray(params, dtype=float), np.asarray(flops, dtype=float)
    if not (np.all(n > 0) and np.all(c > FLOPS_PER_PARAM_TOKEN * n)):
        raise InputError(
            f"{c} FLOPs train {n} parameters on less than a token. Give a positive size and the compute in FLOPs, "
            "not in PF-days."
        )
    return np.asarray(values["K"] * n ** values["a"] * 10 ** (values["b"] / np.log10(c)))


def plan_growth(
    params: float, flops: float, *, factor: int = FACTOR, values: Mapping[str, float] = PUBLISHED
) -> GrowthPlan:
    """Split a budget between a small model and the target that it is stacked into.

    `C = 6 n d + 6 N D` with n = N/g, d by the law, and D what is left.

    Reference: Du et al. 2024, arXiv:2405.15319.

    Args:
        params: N of the target, without embeddings.
        flops: C of both stages.
        factor: g, how often the small model is stacked.
        values: parameters of the law `growth-timing`.

    Returns:
        The plan.

    Raises:
        InputError: the factor is below 2, or the small model alone would take the whole budget.

    Warns:
        RangeWarning: the size lies outside the range of the source, with the distance.

    >>> plan = plan_growth(7e9, 1e22)
    >>> plan.small_tokens / 1e9, plan.tokens / 1e9
    (22.13, 232.56)
    """
    if factor < 2:
        raise InputError(f"Stacking {factor} times does not grow a model. Give 2 to 4.")
    GROWTH.warn_outside({"params": params})
    small = params / factor
    tokens = float(_timing(params, flops, values))
    left = flops - FLOPS_PER_PARAM_TOKEN * small * tokens
    if left <= 0:
        raise InputError(
            f"The small model would take {FLOPS_PER_PARAM_TOKEN * small * tokens:.3g} of {flops:.3g} FLOPs. "
            "The law is not meant for so small a budget: train from scratch, or give more compute."
        )
    return GrowthPlan(small, tokens, params, left / (FLOPS_PER_PARAM_TOKEN * params), flops)


def speed_up(scratch: ArrayLike, grown: ArrayLike) -> NDArray[Any]:
    """Compute that growth saves at equal loss, `C_scratch/C_grown - 1`, the small model's cost counted.

    Reference: Du et al. 2024, arXiv:2405.15319.

    Args:
        scratch: compute, or tokens of the same model, from scratch.
        grown: the same with growth.

    Returns:
        The speed-up; 0.5 says that half as much again is needed from scratch.

    >>> float(speed_up(300e9, 194e9))
    0.546
    """
    return np.asarray(np.asarray(scratch, dtype=float) / np.asarray(grown, dtype=float) - 1)
