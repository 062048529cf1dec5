"""How a run is spread over devices: tensor, pipeline and data parallelism, and the fewest devices that hold it."""

import math
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from isoflop.errors import InputError
from isoflop.plan.costs.hardware import Device
from isoflop.plan.costs.memory import States, TrainingMemory, activation_bytes, zero_states, zero_traffic
from isoflop.plan.costs.shapes import ModelShape
from isoflop.units import format_bytes

FULL: Final = 0.9
"""Share of a device's memory that a run may fill; the rest is for buffers and fragments (assumption)."""

NODE: Final = 8
"""Devices with fast links to each other; tensor parallelism stays inside."""

NETWORK: Final = 50e9
"""Bytes/s between nodes, per device and direction: one 400 Gb/s adapter each (assumption)."""

MOST: Final = 1 << 20
"""No more devices than this are tried."""


@dataclass(frozen=True)
class Training:
    """What a layout must hold.

    Args:
        shape: of the model.
        batch_tokens: tokens of an optimiser step.
        stage: ZeRO stage.
        recompute: `none`, `selective` or `full`.
        offload: `none`, `optimizer` or `states`.
        micro_batch: sequences that a pipeline takes at a time.
        node: devices of a node.
        network: bytes/s between nodes, per device and direction.
        context: tokens of a training sequence where it is not the shape's own; `cost` puts it into the shape.
    """

    shape: ModelShape
    batch_tokens: float = 4e6
    stage: int = 1
    recompute: str = "selective"
    offload: str = "none"
    micro_batch: int = 1
    node: int = NODE
    network: float = NETWORK
    context: int | None = None

    @property
    def sequences(self) -> int:
        """Sequences of a step, at least one micro-batch."""
        return max(round(self.batch_tokens / self.shape.context), self.micro_batch)


@dataclass(frozen=True)
class Layout:
    """A way to spread a run.

    Args:
        tensor: devices that share every product.
        pipeline: groups of layers.
        data: copies of the model.
        microbatches: of a pipeline in a step.
        memory: what one device holds.
        tensor_efficiency: compute over compute and the exchange inside a layer, none of it hidden.
        pipeline_efficiency: m/(m + p − 1), less where the layers do not divide evenly.
        data_efficiency: 1 where the exchange of gradients hides behind a step's compute, else its share.
    """

    tensor: int
    pipeline: int
    data: int
    microbatches: int
    memory: TrainingMemory
    tensor_efficiency: float
    pipeline_efficiency: float
    data_efficiency: float

    @property
    def devices(self) -> int:
        """Devices in all."""
        return self.tensor * self.pipeline * self.data

    @property
    def efficiency(self) -> float:
        """Share of the speed of one device that is left, by the three factors (an assumption)."""
        return self.tensor_efficiency * self.pipeline_efficiency * self.data_efficiency

    def __str__(self) -> str:
        """The three degrees on one line."""
        return f"tensor {self.tensor} × pipeline {self.pipeline} × data {self.data}"


def layout(run: Training, device: Device, devices: int, *, precision: str = "bf16", mfu: float = 0.4) -> Layout:
    """The most efficient way to spread a run over so many devices that its memory holds.

    Divisions of the devices into tensor (within a node, dividing the heads), pipeline (a divisor of the
    layers or a power of two) and data parallelism are tried. Its efficiency is an assumption, the product of
    `compute/(compute + exchange)` of tensor parallelism with four all-reduces of `2 b s d` bytes per layer
    over the links, `m/(m + p − 1)` of the pipeline, and the exchange of gradients over the network where
    it takes longer than the compute behind which it hides.

    Reference: Korthikanti et al. 2022 for the all-reduces; Narayanan et al. 2021 for the bubble `(p − 1)/m`;
    Rajbhandari et al. 2020 for the traffic of gradients. Dash et al. 2023 measured 32–38 % of peak on
    MI250X by such layouts.

    Args:
        run: what must be held.
        device: the accelerator.
        devices: how many.
        precision: of the products.
        mfu: share of the peak that one device reaches alone, for the balance of compute and exchange.

    Returns:
        The layout.

    Raises:
        InputError: no layout holds the run; the message names the fewest devices that would.

    >>> from isoflop.plan.costs.hardware import device
    >>> from isoflop.plan.costs.shapes import shape_for
    >>> print(layout(Training(shape_for(7e9)), device("H100"), 64))
    tensor 1 × pipeline 1 × data 64
    """
    if devices < 1:
        raise InputError(f"{devices} devices cannot run anything. Give at least 1.")
    found = []
    for tensor, pipeline in _degrees(run):
        data, rest = divmod(devices, tensor * pipeline)
        if rest or not data or data * run.micro_batch > run.sequences:
            continue
        held = _memory(run, tensor, pipeline, data)
        if held.total <= FULL * device.memory:
            found.append(_layout(run, device, (tensor, pipeline, data), held, device.peak(precision) * mfu))
    if not found:
        raise InputError(_too_few(run, device, devices))
    return max(found, key=lambda one: (round(one.efficiency, 9), -one.tensor * one.pipeline))


def smallest(run: Training, device: Device) -> int:
    """The fewest devices that hold a run, whole nodes once one is not enough.

    Args:
        run: what must be held.
        device: the accelerator.

    Returns:
        How many.

    Raises:
        InputError: no number up to a million does.

    >>> from isoflop.plan.costs.hardware import device
    >>> from isoflop.plan.costs.shapes import shape_for
    >>> smallest(Training(shape_for(7e9), stage=3), device("H100"))
    2
    """
    counts = sorted({count for degrees in _degrees(run) for count in _counts(run, device, degrees)})
    if not counts:
        raise InputError(
            f"No number of {device.title} holds this run with ZeRO stage {run.stage}, {run.recompute} recomputation "
            f"and {run.sequences} sequences a step. Raise the stage, recompute more, offload, or give a larger batch."
        )
    return counts[0]


def _counts(run: Training, device: Device, degrees: tuple[int, int]) -> Iterator[int]:
    """The fewest devices with these degrees, if any hold the run: within a node, then in whole nodes."""
    model, most = math.prod(degrees), run.sequences // run.micro_batch

    def holds(data: int) -> bool:
        return _memory(run, *degrees, data).total <= FULL * device.memory

    inside = next((data for data in range(1, min(most, run.node // model) + 1) if holds(data)), None)
    if inside is not None:
        yield inside * model
        return
    step = run.node // math.gcd(model, run.node)
    copies = range(step, min(most, MOST // model) + 1, step)
    # More copies never take more memory each.
    place = bisect_left(copies, 1, key=lambda data: int(holds(data)))
    if place < len(copies):
        yield copies[place] * model


def _degrees(run: Training) -> Iterator[tuple[int, int]]:
    """Degrees of tensor and pipeline parallelism that the shape allows."""
    layers = run.shape.layers
    powers = (1 << k for k in range(layers.bit_length()))
    pipelines = sorted({p for p in range(1, layers + 1) if layers % p == 0} | {p for p in powers if p <= layers})
    for tensor in (t for t in (1, 2, 4, 8, 16, 32, 64) if t <= run.node and run.shape.heads % t == 0):
        for pipeline in pipelines:
            yield tensor, pipeline


def held(run: Training, spread: Layout) -> TrainingMemory:
    """What the fullest device holds in a given layout.

    Args:
        run: what must be held, another size of the same run perhaps.
        spread: the layout.

    Returns:
        Bytes.
    """
    return _memory(run, spread.tensor, spread.pipeline, spread.data)


def _memory(run: Training, tensor: int, pipeline: int, data: int) -> TrainingMemory:
    """What the fullest device holds: the first stage of a pipeline has the most micro-batches in flight."""
    shape, layers = run.shape, math.ceil(run.shape.layers / pipeline)
    states: States = zero_states(
        shape.params * layers / shape.layers / tensor, stage=run.stage, data_parallel=data, offload=run.offload
    )
    flying = min(pipeline, _microbatches(run, data))
    layer = activation_bytes(shape, run.micro_batch, tensor_parallel=tensor, recompute=run.recompute)
    # A layer that is being made again needs its activations whole.
    again = activation_bytes(shape, run.micro_batch, tensor_parallel=tensor) if run.recompute == "full" else 0.0
    logits = 4.0 * run.micro_batch * shape.context * shape.vocabulary / tensor
    return TrainingMemory(states, layer * layers * flying + again, logits)


def _microbatches(run: Training, data: int) -> int:
    """Micro-batches of a pipeline in a step."""
    return max(1, run.sequences // (data * run.micro_batch))


def _layout(run: Training, device: Device, degrees: tuple[int, int, int], held: TrainingMemory, speed: float) -> Layout:
    """A layout with its efficiency; `speed` is what one device reaches, FLOP/s."""
    tensor, pipeline, data = degrees
    shape, m = run.shape, _microbatches(run, data)
    tokens = run.micro_batch * shape.context
    matrices = (shape.attention_params + shape.ffn_active_params) / shape.layers
    compute = 6.0 * matrices * tokens / tensor / speed
    # An all-reduce moves 2 (t − 1)/t of its bytes each way; forward and backward have two each.
    moved = 4 * 2 * (tensor - 1) / tensor * 2.0 * tokens * shape.width
    exchange = moved / ((device.link or run.network * 2) / 2)
    step = compute * shape.layers / pipeline * m
    sent = 2.0 * zero_traffic(shape.params / (tensor * pipeline), run.stage) * (data - 1) / data
    gradients = sent / ((device.link or run.network * 2) / 2 if data * tensor * pipeline <= run.node else run.network)
    return Layout(
        tensor, pipeline, data, m, held,
        tensor_efficiency=compute / (compute + exchange),
        pipeline_efficiency=m / (m + pipeline - 1) * shape.layers / (pipeline * math.ceil(shape.layers / pipeline)),
        data_efficiency=min(1.0, step / gradients) if gradients > 0 else 1.0,
    )  # fmt: skip


def _too_few(run: Training, device: Device, devices: int) -> str:
    """Why no layout was found, and what would do."""
    least = smallest(run, device)
    if least > devices:
        alone = _memory(run, 1, 1, devices).total
        return (
            f"{devices} × {device.title} ({format_bytes(device.memory)} each, {FULL:.0%} of it used) cannot hold this "
            f"run: plain data parallelism takes {format_bytes(alone)} a device. "
            f"Give at least {least}, or a higher ZeRO stage, more recomputation or offloading."
        )
    return (
        f"{devices} devices cannot be divided into tensor × pipeline × data parallelism for {run.shape.layers} layers, "
        f"{run.shape.heads} heads and {run.sequences} sequences a step. Give a multiple of {least}, or a larger batch."
    )
