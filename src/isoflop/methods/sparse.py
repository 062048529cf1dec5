"""Weight sparsity put to use: what it is worth in size, and the sparsity of N:M patterns."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import InputError
from isoflop.laws.sparsity import SPARSE_PRETRAINING

Array = NDArray[Any]

T5: Final[Mapping[str, float]] = MappingProxyType(dict(SPARSE_PRETRAINING.published_set("frantar-2023-t5").values))


def sparse_size_multiplier(sparsity: ArrayLike, values: Mapping[str, float] = T5) -> Array:
    """How many times larger a dense model with the same loss is than the non-zero part of a sparse one.

    `m(S) = ((a_S + c_S)/(a_S (1 - S)^b_S + c_S))^(1/b_N)`, at any size and amount of data.

    Reference: Frantar et al. 2023, arXiv:2309.08520, effective parameters.

    Args:
        sparsity: share S of the weights that are zero, 0 to below 1.
        values: parameters of the law `sparse-pretraining`.

    Returns:
        The multiplier; a dense model of `m` times the non-zero parameters has the same loss.

    Raises:
        InputError: a sparsity outside [0, 1).

    Warns:
        RangeWarning: a sparsity lies outside the range of the source, with the distance.

    >>> [float(sparse_size_multiplier(s)) for s in (0.5, 0.75, 0.875)]
    [1.59, 2.16, 2.63]
    """
    share = _checked(sparsity)
    SPARSE_PRETRAINING.warn_outside({"weight_sparsity": share})
    sparse = values["a_S"] * (1 - share) ** values["b_S"] + values["c_S"]
    return np.asarray(((values["a_S"] + values["c_S"]) / sparse) ** (1 / values["b_N"]))


def n_of_m_sparsity(kept: int, group: int) -> float:
    """Sparsity of a pattern that keeps N of every M weights, `S = 1 - N/M`.

    Args:
        kept: N, weights kept in a group.
        group: M, weights in a group.

    Returns:
        The share of zeros.

    Raises:
        InputError: the pattern keeps no weight, or more than there are.

    >>> n_of_m_sparsity(2, 4)
    0.5
    """
    if not 1 <= kept <= group:
        raise InputError(f"A pattern of {kept}:{group} keeps {kept} of {group} weights. Give 1 up to {group} kept.")
    return 1 - kept / group


def _checked(sparsity: ArrayLike) -> Array:
    """Sparsity as an array, refused outside [0, 1)."""
    share = np.asarray(sparsity, dtype=float)
    if not np.all((share >= 0) & (share < 1)):
        raise InputError(f"Sparsity {share} is not a share of zeros. Give numbers from 0 to below 1, such as 0.75.")
    return share
