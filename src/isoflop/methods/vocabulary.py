"""The best vocabulary for a model: isoFLOP, derivative and parametric estimates."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

from isoflop.errors import InputError, RangeWarning
from isoflop.fit.estimate import Estimate
from isoflop.fit.result import Fit
from isoflop.laws.architecture import VOCABULARY
from isoflop.methods.answers import answer
from isoflop.units import FLOPS_PER_PARAM_TOKEN

PUBLISHED: Final[Mapping[str, float]] = MappingProxyType(dict(VOCABULARY.published_set("tao-2024").values))

_SIZE: Final = (-2.4846510161625193, 0.5)
_VOCABULARY: Final = (-1.589031299255507, 0.4163622634135234)
_ANCHOR: Final = (3145728.0, 33e6, 0.8353974035228025)
"""Vocabulary parameters that are best at 33e6 others, and the exponent from there."""

# Other parameters up to which a width is used.
_WIDTHS: Final = (
    (50e6, 512),
    (200e6, 768),
    (500e6, 1024),
    (1e9, 1536),
    (2e9, 2048),
    (5e9, 3200),
    (10e9, 4096),
    (20e9, 5120),
    (50e9, 6048),
    (100e9, 8192),
    (200e9, 12288),
    (500e9, 16384),
    (1e12, 20480),
)
_WIDEST: Final = 24576
_COMPRESSION: Final = (0.00639222, -0.15811069, 1.20470122)
_SMALLEST_FITTED: Final = 1_000
_LARGEST_FITTED: Final = 200_000
_SEARCHED: Final = (1e2, 1e9)


@dataclass(frozen=True)
class VocabularyEstimates:
    """Three estimates of the best vocabulary of one model, which differ by how far one may trust them.

    Args:
        nonvocab_params: parameters besides the vocabulary.
        width: embedding width d.
        flops: training compute F that the first and third estimate assume.
        isoflop: entries by power laws through isoFLOP optima.
        derivative: entries by the vanishing derivative of compute at equal loss.
        parametric: entries by the law of the loss.
        by_law: the same with its interval, where the law was fitted with draws; else None. The two power laws come
            without errors.
    """

    nonvocab_params: float
    width: int
    flops: float
    isoflop: int
    derivative: int
    parametric: int
    by_law: Estimate | None = None

    @property
    def range(self) -> tuple[int, int]:
        """Smallest and largest of the three."""
        found = (self.isoflop, self.derivative, self.parametric)
        return min(found), max(found)


def width_of(nonvocab_params: float) -> int:
    """Embedding width that the source pairs with a size.

    Reference: Tao et al. 2024, arXiv:2407.13623, official code.

    Args:
        nonvocab_params: parameters besides the vocabulary.

    Returns:
        Width d.

    >>> width_of(7e9)
    4096
    """
    return next((width for limit, width in _WIDTHS if nonvocab_params <= limit), _WIDEST)


def tokens_per_character(vocabulary: ArrayLike) -> NDArray[np.float64]:
    """Tokens that a byte-pair tokenizer makes of one character.

    `f(V) = 0.00639222 ln^2 V - 0.15811069 ln V + 1.20470122`, V capped at 200,000.

    Reference: Tao et al. 2024, arXiv:2407.13623, official code.

    Args:
        vocabulary: entries V, 1,000 and more.

    Returns:
        Tokens per character.

    Raises:
        InputError: fewer than 1,000 entries, where the fit was not made and soon gives more than one.

    Warns:
        RangeWarning: more than 200,000 entries, where the value of 200,000 stands in.

    >>> float(tokens_per_character(32_000))
    0.253
    """
    entries = np.asarray(vocabulary, dtype=float)
    if not np.all(entries >= _SMALLEST_FITTED):
        raise InputError(
            f"Vocabularies from {np.min(entries):g} entries: tokens per character are fitted from "
            f"{_SMALLEST_FITTED:,} to {_LARGEST_FITTED:,}. Count entries, not thousands of them."
        )
    if np.any(entries > _LARGEST_FITTED):
        warnings.warn(
            f"Tokens per character are fitted to {_LARGEST_FITTED:,} entries; {np.max(entries):,.0f} get that value.",
            RangeWarning,
            stacklevel=2,
        )
    log = np.log(np.minimum(entries, _LARGEST_FITTED))
    a, b, c = _COMPRESSION
    return np.asarray(a * log**2 + b * log + c)


def compute_for(nonvocab_params: float) -> float:
    """Training compute at which a size is compute-optimal, `N_nv = exp(-2.4847) F^0.5` solved for F.

    Reference: Tao et al. 2024, arXiv:2407.13623, approach 1.

    Args:
        nonvocab_params: parameters besides the vocabulary.

    Returns:
        FLOPs.

    >>> compute_for(7e9) / 1e21
    7.05
    """
    intercept, exponent = _SIZE
    return float(np.exp((np.log(nonvocab_params) - intercept) / exponent))


def best_vocabularies(
    nonvocab_params: float,
    *,
    flops: float | None = None,
    width: int | None = None,
    values: Mapping[str, float] = PUBLISHED,
    fit: Fit | None = None,
    level: float | None = None,
) -> VocabularyEstimates:
    """Estimate the best vocabulary in the source's three ways.

    `N_v = exp(-1.5890) F^0.4164`; `N_v = 3145728 (N_nv/33e6)^0.8354`; and the V at which
    `alpha_v A_2 d (V d)^-(alpha_v+1) = alpha B (F d/(6 (N_nv + V d)^2)) D^-(alpha+1)`,
    `D = F/(6 (N_nv + V d))`.

    Reference: Tao et al. 2024, arXiv:2407.13623, approaches 1 to 3.

    Args:
        nonvocab_params: parameters besides the vocabulary.
        flops: training compute; the compute-optimal one of this size when None.
        width: embedding width; the source's for this size when None.
        values: parameters of the law `vocabulary`, for the third way.
        fit: a fit of that law with draws, in place of the values; the third estimate then has an interval.
        level: confidence level of the interval; the fit's own when None.

    Returns:
        The three estimates; they ask for the same size of model in different ways, so report the range.

    Raises:
        InputError: a number is not positive, or no vocabulary is best.

    Warns:
        RangeWarning: the size, the compute or an answer lies outside the range of the source, with the distance.

    >>> found = best_vocabularies(7e9)
    >>> found.isoflop, found.derivative, found.parametric
    (62281, 67450, 59548)
    """
    d = width_of(nonvocab_params) if width is None else width
    if not (nonvocab_params > 0 and d > 0 and (flops is None or flops > 0)):
        raise InputError(
            f"{nonvocab_params:g} parameters, width {d} and compute {flops} cannot be. Give positive numbers."
        )
    budget = compute_for(nonvocab_params) if flops is None else flops
    intercept, exponent = _VOCABULARY
    anchor, size, power = _ANCHOR
    by_isoflop = np.exp(intercept) * budget**exponent
    by_derivative = anchor * (nonvocab_params / size) ** power
    by_law = _parametric(nonvocab_params, budget, d, values if fit is None else fit.parameters)
    entries = (by_isoflop / d, by_derivative / d, by_law)
    VOCABULARY.warn_outside({"nonvocab_params": nonvocab_params, "flops": budget, "vocabulary": entries})
    isoflop, derivative, parametric = (round(found) for found in entries)
    return VocabularyEstimates(
        nonvocab_params, d, budget, isoflop, derivative, parametric,
        None if fit is None else answer(
            fit, lambda p: _parametric(nonvocab_params, budget, d, p), level=level, unit="entries",
            leaves_out=("the compute and the width, which were given", "how flat the loss is near the best size"),
        ),
    )  # fmt: skip


def _parametric(nonvocab_params: float, flops: float, width: int, values: Mapping[str, float]) -> float:
    """Entries at which the law's loss at given compute is least."""
    v = values

    def slope(log_entries: float) -> float:
        """Log of what data are lost over what vocabulary gains, both per entry; it rises with entries."""
        vocabulary = width * np.exp(log_entries)
        tokens = flops / (FLOPS_PER_PARAM_TOKEN * (nonvocab_params + vocabulary))
        gain = np.log(v["alpha_v"] * v["A_2"]) - (v["alpha_v"] + 1) * np.log(vocabulary)
        lost = np.log(v["alpha"] * v["B"]) - v["alpha"] * np.log(tokens) - np.log(nonvocab_params + vocabulary)
        return float(lost - gain)

    ends = np.log(_SEARCHED)
    if slope(ends[0]) * slope(ends[1]) > 0:
        raise InputError(
            f"No vocabulary between {_SEARCHED[0]:g} and {_SEARCHED[1]:g} entries is best for {nonvocab_params:g} "
            f"parameters and {flops:g} FLOPs by this law. Check the units: plain parameters, tokens and FLOPs."
        )
    return float(np.exp(brentq(slope, ends[0], ends[1], xtol=1e-14, rtol=1e-14)))
