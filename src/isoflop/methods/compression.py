"""Compression after and during training: bits per weight of a code, published points, and the Pareto front."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import InputError


@dataclass(frozen=True)
class QualityPoint:
    """One compressed model as its source reports it.

    Args:
        model: its name.
        params: parameters by that name, where it states them.
        method: how it was compressed.
        weight_bits: bits per weight, codebooks and scales not counted.
        activation_bits: bits per activation.
        metric: what was measured, and on what.
        value: the result.
        source: paper.
        larger_is_better: whether a larger value is better.
    """

    model: str
    params: float | None
    method: str
    weight_bits: float
    activation_bits: float
    metric: str
    value: float
    source: str
    larger_is_better: bool

    @property
    def weight_bytes(self) -> float:
        """Bytes of the weights.

        Raises:
            InputError: the model's name states no size.
        """
        if self.params is None:
            raise InputError(f"{self.model} comes without a number of parameters. Compare its points by bits.")
        return self.params * self.weight_bits / 8


def codebook_bits(codebooks: int, code_bits: int, group: int) -> float:
    """Bits per weight of additive codebooks, `n b/g`, the codebooks themselves not counted.

    Reference: Malinovskii et al. 2024, arXiv:2405.14852 (AQLM's names such as 1x16g8).

    Args:
        codebooks: how many codes a group has.
        code_bits: bits of a code.
        group: weights in a group.

    Returns:
        Bits per weight.

    Raises:
        InputError: a number is not positive.

    >>> codebook_bits(1, 16, 8), codebook_bits(2, 8, 8), codebook_bits(1, 16, 16)
    (2.0, 2.0, 1.0)
    """
    if min(codebooks, code_bits, group) < 1:
        raise InputError(f"{codebooks}x{code_bits}g{group} is no code. Give 1 or more codes, bits and weights.")
    return codebooks * code_bits / group


def vector_bits(vector: int, centroids: int, residual_centroids: int = 0) -> float:
    """Bits per weight of vector quantization with a residual, `log2(k)/v + log2(k_res)/v`.

    Reference: Liu et al. 2024, arXiv:2409.17066 (VPTQ).

    Args:
        vector: weights v in a vector.
        centroids: centroids k.
        residual_centroids: centroids of the residual; 0 for none.

    Returns:
        Bits per weight, codebooks not counted.

    Raises:
        InputError: a vector without weights, or no centroid.

    >>> vector_bits(8, 65536, 256), vector_bits(8, 65536), vector_bits(16, 65536, 1024)
    (3.0, 2.0, 1.625)
    """
    if vector < 1 or centroids < 1 or residual_centroids < 0:
        raise InputError(
            f"{vector} weights with {centroids} and {residual_centroids} centroids are no code. "
            "Give at least 1 weight and 1 centroid."
        )
    residual = math.log2(residual_centroids) if residual_centroids else 0.0
    return (math.log2(centroids) + residual) / vector


def ternary_entropy(zeros: float) -> float:
    """Bits per weight of ternary weights with a share of zeros, at the limit of compression.

    `H = -p log2 p - (1 - p) log2((1 - p)/2)`

    Reference: Frantar, Alistarh 2023, arXiv:2310.16795 (QMoE).

    Args:
        zeros: share p of the weights that are zero.

    Returns:
        Bits per weight.

    Raises:
        InputError: the share is not between 0 and 1.

    >>> ternary_entropy(0.885)
    0.63
    """
    if not 0 < zeros < 1:
        raise InputError(f"{zeros} is not a share of zeros. Give a number between 0 and 1.")
    return -zeros * math.log2(zeros) - (1 - zeros) * math.log2((1 - zeros) / 2)


def pareto_front(cost: ArrayLike, quality: ArrayLike, *, larger_is_better: bool) -> NDArray[np.intp]:
    """Points that no other point beats at equal or lower cost.

    Args:
        cost: shape (points,), less is better.
        quality: shape (points,).
        larger_is_better: whether more quality is better, as accuracy; not so for perplexity.

    Returns:
        Indices by rising cost; of equal points the first.

    Raises:
        InputError: the two differ in length, or hold NaN.

    >>> pareto_front([4, 2, 3, 2], [5.5, 6.0, 6.2, 5.9], larger_is_better=False).tolist()
    [3, 0]
    """
    price, value = np.asarray(cost, dtype=float), np.asarray(quality, dtype=float)
    if price.ndim != 1 or price.shape != value.shape or np.isnan(price).any() or np.isnan(value).any():
        raise InputError(
            f"A front needs one cost and one quality a point, all numbers; there are {price.shape} and {value.shape}. "
            "Drop what was not measured."
        )
    worse = -value if larger_is_better else value
    order = np.lexsort((np.arange(price.size), worse, price))
    best = np.minimum.accumulate(np.concatenate([[np.inf], worse[order]]))[:-1]
    return np.asarray(order[worse[order] < best], dtype=np.intp)


def front_of(points: Sequence[QualityPoint], *, by: str = "weight_bits") -> tuple[QualityPoint, ...]:
    """Points of one metric that no other point beats at equal or lower cost.

    Args:
        points: of one metric.
        by: the cost: `weight_bits`, `activation_bits` or `weight_bytes`.

    Returns:
        The front, by rising cost.

    Raises:
        InputError: there is no point, several metrics are mixed, or the cost is unknown.

    >>> [p.model for p in front_of(PV_TUNING, by="weight_bytes")]
    ['Llama-2-7B', 'Llama-2-7B', 'Llama-2-13B', 'Llama-2-70B']
    """
    metrics = {(p.metric, p.larger_is_better) for p in points}
    if len(metrics) != 1 or by not in ("weight_bits", "activation_bits", "weight_bytes"):
        raise InputError(
            f"A front is of one metric and by weight_bits, activation_bits or weight_bytes; here are {len(metrics)} "
            f"metrics, by {by!r}. Choose the points of one metric."
        )
    ((_, larger),) = metrics
    cost = [float(getattr(p, by)) for p in points]
    return tuple(points[i] for i in pareto_front(cost, [p.value for p in points], larger_is_better=larger))


def _pv(model: str, params: float, code: tuple[int, int, int], method: str, value: float) -> QualityPoint:
    """A row of PV-Tuning's table, named as there."""
    name = f"{method} {code[0]}x{code[1]}g{code[2]}"
    metric = "WikiText-2 perplexity, 4k context"
    return QualityPoint(
        model, params, name, codebook_bits(*code), 16.0, metric, value, "arXiv:2405.14852", larger_is_better=False
    )


def _top1(model: str, bits: float, method: str, value: float, source: str) -> QualityPoint:
    """An ImageNet result with equal bits for weights and activations."""
    metric = f"ImageNet top-1, {model}"
    return QualityPoint(model, None, method, bits, bits, metric, value, source, larger_is_better=True)


PV_TUNING: Final = (
    _pv("Llama-2-7B", 7e9, (1, 16, 8), "AQLM", 5.92),
    _pv("Llama-2-7B", 7e9, (1, 16, 8), "PV-Tuning", 5.68),
    _pv("Llama-2-7B", 7e9, (2, 8, 8), "AQLM", 6.69),
    _pv("Llama-2-7B", 7e9, (2, 8, 8), "PV-Tuning", 5.90),
    _pv("Llama-2-7B", 7e9, (1, 16, 16), "PV-Tuning", 9.21),
    _pv("Llama-2-7B", 7e9, (1, 8, 8), "PV-Tuning", 7.85),
    _pv("Llama-2-13B", 13e9, (1, 16, 8), "AQLM", 5.22),
    _pv("Llama-2-13B", 13e9, (1, 16, 8), "PV-Tuning", 5.05),
    _pv("Llama-2-70B", 70e9, (1, 16, 8), "AQLM", 3.83),
    _pv("Llama-2-70B", 70e9, (1, 16, 8), "PV-Tuning", 3.78),
)
"""Llama-2 at one and two bits (Malinovskii et al. 2024, official tables)."""

VISION: Final = (
    _top1("ResNet-50", 16, "bfloat16", 76.65, "arXiv:2105.03536"),
    _top1("ResNet-50", 8, "quantization-aware training", 77.43, "arXiv:2105.03536"),
    _top1("ResNet-50", 4, "quantization-aware training, ends in 8 bits", 77.09, "arXiv:2105.03536"),
    *(
        _top1(model, bits, "oscillation-free quantization" if bits < 32 else "float32", value, "arXiv:2302.02210")
        for model, row in (
            ("DeiT-T", (72.02, 64.33, 72.72, 75.46)),
            ("DeiT-S", (79.9, 75.72, 79.57, 81.10)),
            ("Swin-T", (81.2, 78.52, 81.09, 81.88)),
        )
        for bits, value in zip((32, 2, 3, 4), row, strict=True)
    ),
)
"""ImageNet accuracy by bits (Abdolrashidi et al. 2021; Liu et al. 2023; official repositories)."""
