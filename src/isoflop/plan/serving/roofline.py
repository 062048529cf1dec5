"""Serving by roofline: reading a prompt, writing an answer, the cache, the batch that fits, what a token costs."""

import math
from bisect import bisect_left
from dataclasses import dataclass
from typing import Final

import numpy as np

from isoflop.errors import InputError
from isoflop.plan.costs.hardware import Device, share
from isoflop.plan.costs.parallel import NODE
from isoflop.plan.costs.shapes import ModelShape
from isoflop.units import format_bytes, format_duration

FULL: Final = 0.9
"""Share of a device's memory that weights and cache may fill (assumption)."""

POINTS: Final = 129
"""Lengths of the cache at which decoding is timed; between them it is linear."""


@dataclass(frozen=True)
class Workload:
    """Requests, and how the model is stored.

    Args:
        prompt: tokens read per request.
        output: tokens written per request.
        batch: requests decoded together; None for as many as fit, and as are fast enough.
        token_seconds: longest time of a written token; None for any.
        weight_bits: bits per weight, scales included.
        kv_bits: bits per number of the cache.
        precision: of the products, which sets the peak.
        prefill_share: share of the peak reached when reading (1 is the roofline itself).
        decode_share: share of peak and bandwidth reached when writing.
        cached: share of prompt tokens whose cache is already there.
    """

    prompt: float
    output: float
    batch: int | None = None
    token_seconds: float | None = None
    weight_bits: float = 16.0
    kv_bits: float = 16.0
    precision: str = "bf16"
    prefill_share: float = 1.0
    decode_share: float = 1.0
    cached: float = 0.0

    def __post_init__(self) -> None:
        """Refuse impossible requests.

        Raises:
            InputError: a number is out of its range.
        """
        if not (self.prompt >= 0 and self.output >= 1):
            raise InputError(f"A request of {self.prompt} + {self.output} tokens cannot be served. Write at least one.")
        if self.batch is not None and self.batch < 1:
            raise InputError(f"A batch of {self.batch} serves nobody. Give at least 1.")
        if min(self.weight_bits, self.kv_bits) <= 0 or max(self.weight_bits, self.kv_bits) > 64:
            raise InputError(
                f"{self.weight_bits} and {self.kv_bits} bits are no format. Give bits such as 16, 8 or 4.5."
            )
        share(self.prefill_share, "prefill_share")
        share(self.decode_share, "decode_share")
        if not 0 <= self.cached < 1:
            raise InputError(f"cached = {self.cached} is no share from 0 up to, but not, 1. Write 0.5 for half.")


@dataclass(frozen=True)
class Serving:
    """What one group of devices serves.

    Args:
        devices: that share the model.
        batch: requests decoded together.
        most: requests whose cache fits.
        weights: bytes of the model.
        kv_per_token: bytes of the cache per token.
        prefill_seconds: to read one prompt.
        decode_seconds: per token of every request of the batch, on average over the answer.
        prefill_bound: `compute` or `memory`, whichever takes longer.
        decode_bound: the same at the middle of the answer.
        device_seconds: per request: reading it, and its part of the batch's decoding.
        output: tokens written per request.
    """

    devices: int
    batch: int
    most: int
    weights: float
    kv_per_token: float
    prefill_seconds: float
    decode_seconds: float
    prefill_bound: str
    decode_bound: str
    device_seconds: float
    output: float

    @property
    def tokens_per_device_second(self) -> float:
        """Tokens written per device and second, the reading of prompts included."""
        return self.output / self.device_seconds

    @property
    def latency(self) -> float:
        """Seconds of one request, without waiting."""
        return self.prefill_seconds + self.output * self.decode_seconds

    def price_per_million(self, price: float) -> float:
        """Dollars per million tokens written, at dollars per device and hour."""
        return price * self.device_seconds / 3600 / self.output * 1e6


def kv_bytes(shape: ModelShape, bits: float = 16.0) -> float:
    """Bytes of the cache per token, `2 L n_kv d_h` numbers, or `L (d_c + d_rope)` with latent attention.

    Args:
            shape: of the model.
            bits: per number.

    Returns:
            Bytes.

        >>> from isoflop.plan.costs.shapes import ModelShape
        >>> kv_bytes(ModelShape(4096, 32, 32, 8, 128, 14336, 128256, 8192))
        131072.0
    """
    return shape.kv_elements * bits / 8


def weights_read(shape: ModelShape, batch: float) -> float:
    """Parameters that one decoding step reads: all of a dense model, of experts those that some request needs.

    Of E experts with k active, `1 − (1 − k/E)^b` are touched by b tokens, if they spread evenly (assumption).

    >>> from isoflop.plan.costs.shapes import ModelShape, Experts
    >>> mixtral = ModelShape(4096, 32, 32, 8, 128, 14336, 32000, 4096, experts=Experts(8, 2, 14336))
    >>> round(weights_read(mixtral, 1) / 1e9, 1), round(weights_read(mixtral, 64) / 1e9, 1)
    (12.7, 46.6)
    """
    look_ups = shape.embedding_params - shape.vocabulary * shape.width
    read = shape.params - (0 if shape.tied else look_ups)
    if shape.experts is None:
        return float(read)
    e = shape.experts
    touched = e.total * -math.expm1(batch * math.log1p(-e.active / e.total)) if e.active < e.total else e.total
    idle = (shape.layers - e.dense_layers) * (3 if shape.gated else 2) * shape.width * (e.total - touched) * e.width
    return read - idle


def serve(shape: ModelShape, device: Device, work: Workload, *, devices: int | None = None) -> Serving:
    """Time and cost of requests on a group of devices that share a model, by roofline.

        Reading takes `max(FLOPs/peak, weights/bandwidth)` with `2 N + 2 L w p` FLOPs per token; writing a
        token for b requests takes `max(b (2 N + 4 L w c)/peak, (weights + b c kv)/bandwidth)` at a cache of c
        tokens, averaged over the answer. The exchange between the devices is not counted.

        Reference: Williams et al. 2009 for the roofline; Pope et al. 2022, arXiv:2211.05102, for both phases.

    Args:
            shape: of the model.
            device: the accelerator.
            work: requests, formats, shares of the roofline.
            devices: that share the model; when None, of 1, 2, 4 and so on up to a node those with the least time of a
                device per request.

    Returns:
            Times per request, and what fits.

    Raises:
            InputError: the model, or a batch of such requests, does not fit.

        >>> from isoflop.plan.costs.hardware import device
        >>> from isoflop.plan.costs.shapes import ModelShape
        >>> llama = ModelShape(4096, 32, 32, 8, 128, 14336, 128256, 8192)
        >>> alone = serve(llama, device("H100"), Workload(1000, 1000, batch=1))
        >>> alone.decode_bound, round(1 / alone.decode_seconds)
        ('memory', 220)
    """
    if devices is not None:
        return _group(shape, device, work, devices)
    each = shape.params * work.weight_bits / 8 + (work.prompt + work.output) * kv_bytes(shape, work.kv_bits)
    least = 1 << max(0, math.ceil(math.log2(each / (FULL * device.memory))))
    sizes = [least << k for k in range(NODE.bit_length()) if not k or least << k <= NODE]
    found: list[Serving] = []
    for size in sizes:
        try:
            found.append(_group(shape, device, work, size))
        except InputError:
            # Too slow or too small for the batch; more devices may do.
            if size == sizes[-1] and not found:
                raise
    return min(found, key=lambda one: one.device_seconds)


def _group(shape: ModelShape, device: Device, work: Workload, group: int) -> Serving:
    """What so many devices serve together."""
    weights, kv = shape.params * work.weight_bits / 8, kv_bytes(shape, work.kv_bits)
    each = (work.prompt + work.output) * kv
    room = group * FULL * device.memory
    most = math.floor((room - weights) / each)
    if most < (work.batch or 1):
        raise InputError(
            f"{group} × {device.title} hold {format_bytes(room)}; the weights take {format_bytes(weights)} and each "
            f"request {format_bytes(each)} of cache, so {max(most, 0)} requests fit. "
            "Give more devices, fewer bits, a smaller batch or shorter requests."
        )
    batch = work.batch or _fast_enough(shape, device, work, group, most)
    prefill, prefill_bound = _prefill(shape, device, work, group)
    decode, decode_bound = _decode(shape, device, work, group, batch)
    if work.token_seconds is not None and decode > work.token_seconds * (1 + 1e-9):
        raise InputError(
            f"{group} × {device.title} take {format_duration(decode)} a token for {batch} requests, longer than "
            f"the {format_duration(work.token_seconds)} asked for. Give more devices, fewer bits, a smaller batch or "
            "more time."
        )
    spent = group * (prefill + work.output * decode / batch)
    return Serving(
        group, batch, most, weights, kv, prefill, decode, prefill_bound, decode_bound, spent, work.output
    )  # fmt: skip


def _fast_enough(shape: ModelShape, device: Device, work: Workload, group: int, most: int) -> int:
    """The largest batch, up to the one that fits, whose tokens are in time; 1 where none is."""
    limit = work.token_seconds
    if limit is None:
        return most
    late = bisect_left(range(1, most + 1), 1, key=lambda b: int(_decode(shape, device, work, group, b)[0] > limit))
    return max(late, 1)


def _prefill(shape: ModelShape, device: Device, work: Workload, group: int) -> tuple[float, str]:
    """Seconds to read one prompt, and what bounds them."""
    fresh, before = work.prompt * (1 - work.cached), work.prompt * work.cached
    if not fresh:
        return 0.0, "compute"
    # A token sees those before it: the cached ones, and on average half of the fresh ones.
    flops = fresh * (2.0 * shape.linear_params + 4.0 * shape.layers * shape.score_width * (before + fresh / 2))
    compute = flops / (group * device.peak(work.precision) * work.prefill_share)
    read = weights_read(shape, fresh) * work.weight_bits / 8 + before * kv_bytes(shape, work.kv_bits)
    memory = read / (group * device.bandwidth * work.prefill_share)
    return max(compute, memory), "compute" if compute >= memory else "memory"


def _decode(shape: ModelShape, device: Device, work: Workload, group: int, batch: int) -> tuple[float, str]:
    """Seconds per step of the batch, averaged over the answer, and what bounds them in its middle."""
    cache = work.prompt + np.linspace(0.0, work.output - 1, POINTS)
    flops = batch * (2.0 * shape.linear_params + 4.0 * shape.layers * shape.cached_score_width * cache)
    read = weights_read(shape, batch) * work.weight_bits / 8 + batch * cache * kv_bytes(shape, work.kv_bits)
    compute = flops / (group * device.peak(work.precision) * work.decode_share)
    memory = read / (group * device.bandwidth * work.decode_share)
    seconds = float(np.trapezoid(np.maximum(compute, memory), dx=1 / (POINTS - 1)))
    middle = POINTS // 2
    return seconds, "compute" if compute[middle] >= memory[middle] else "memory"
