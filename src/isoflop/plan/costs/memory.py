"""Memory of training: model states by ZeRO stage, activations, recomputation, offloading."""

from dataclasses import dataclass
from typing import Final

from isoflop.errors import InputError
from isoflop.plan.costs.shapes import ModelShape

STAGES: Final = (0, 1, 2, 3)
RECOMPUTE: Final = ("none", "selective", "full")
OFFLOAD: Final = ("none", "optimizer", "states")

ADAM_BYTES: Final = 12.0
"""Per parameter: weights, momentum and variance in 32 bits."""


@dataclass(frozen=True)
class States:
    """Model states on one device, bytes.

    Args:
        weights: in the precision of the products.
        gradients: of these weights.
        optimizer: what the optimiser keeps.
        host: what lies in the host's memory instead, for this device.
    """

    weights: float
    gradients: float
    optimizer: float
    host: float = 0.0

    @property
    def total(self) -> float:
        """Bytes on the device."""
        return self.weights + self.gradients + self.optimizer


def zero_states(
    params: float,
    *,
    stage: int = 0,
    data_parallel: float = 1,
    weight_bytes: float = 2.0,
    gradient_bytes: float = 2.0,
    optimizer_bytes: float = ADAM_BYTES,
    offload: str = "none",
) -> States:
    """Model states per device under ZeRO.

    Stage 1 divides the optimiser's states by the data-parallel devices, stage 2 the gradients too,
    stage 3 the weights too: `16 Ψ`, `4 Ψ + 12 Ψ/N_d`, `2 Ψ + 14 Ψ/N_d`, `16 Ψ/N_d`.

    Reference: Rajbhandari et al. 2020, arXiv:1910.02054, figure 1.

    Args:
        params: Ψ on this model-parallel rank: all of them over tensor times pipeline ranks.
        stage: 0 (none) to 3.
        data_parallel: N_d.
        weight_bytes: 2 for BF16.
        gradient_bytes: 2, or 4 in stacks that keep them in 32 bits.
        optimizer_bytes: 12 for Adam with 32-bit weights, momentum and variance.
        offload: `optimizer` moves the optimiser's states to the host, `states` all of them; what is
            then needed at a time on the device is not counted.

    Returns:
        Bytes on the device, and on the host.

    Raises:
        InputError: the stage or the kind of offloading is not known.

    >>> [round(zero_states(7.5e9, stage=k, data_parallel=64).total / 1e9, 1) for k in (0, 1, 2, 3)]
    [120.0, 31.4, 16.6, 1.9]
    """
    if stage not in STAGES:
        raise InputError(f"There is no ZeRO stage {stage}. Give 0, 1, 2 or 3.")
    if offload not in OFFLOAD:
        raise InputError(f"{offload!r} is no kind of offloading. Give one of {', '.join(OFFLOAD)}.")
    weights = params * weight_bytes / (data_parallel if stage >= 3 else 1)
    gradients = params * gradient_bytes / (data_parallel if stage >= 2 else 1)
    optimizer = params * optimizer_bytes / (data_parallel if stage >= 1 else 1)
    if offload == "optimizer":
        return States(weights, gradients, 0.0, optimizer)
    if offload == "states":
        return States(0.0, 0.0, 0.0, weights + gradients + optimizer)
    return States(weights, gradients, optimizer)


def zero_traffic(params: float, stage: int) -> float:
    """Elements that a device sends in a step: 2 Ψ, and 3 Ψ in stage 3.

    Reference: Rajbhandari et al. 2020, arXiv:1910.02054, section 7.

    >>> zero_traffic(7.5e9, 3) / 7.5e9
    3.0
    """
    return (3.0 if stage == 3 else 2.0) * params


def activation_bytes(
    shape: ModelShape, sequences: float, *, tensor_parallel: int = 1, recompute: str = "selective"
) -> float:
    """Activations of one layer that backward needs, per device, 16-bit.

    `s b h (34 + 5 a s/h)` bytes; over t tensor-parallel devices with sequence parallelism all of it
    divided by t; `34 s b h/t` when attention's scores are made again (selective, as fused attention
    does), `2 s b h` when all is made again (full).

    Reference: Korthikanti et al. 2022, arXiv:2205.05198, table 2. The 34 is for a feed-forward layer of
    four widths, two matrices and as many key as query heads; gates and experts are taken to need as
    much per hidden unit.

    Args:
        shape: of the model; s is its context, a its heads, h its width.
        sequences: b of a micro-batch.
        tensor_parallel: t, with sequence parallelism.
        recompute: `none`, `selective` or `full`.

    Returns:
        Bytes per layer and device.

    Raises:
        InputError: the kind of recomputation is not known.

    >>> gpt3 = ModelShape(12288, 96, 96, 96, 128, 49152, 50257, 2048, gated=False)
    >>> round(96 * activation_bytes(gpt3, 1, recompute="none") / 1e9)
    275
    >>> round(96 * activation_bytes(gpt3, 1, tensor_parallel=8) / 1e9, 1)
    10.3
    """
    if recompute not in RECOMPUTE:
        raise InputError(f"{recompute!r} is no kind of recomputation. Give one of {', '.join(RECOMPUTE)}.")
    block = shape.context * sequences * shape.width
    if recompute == "full":
        return 2.0 * block
    hidden, plain = _hidden(shape), 4.0 * shape.width
    # 19 of the 34 belong to the feed-forward layer, 16 of these to its hidden units.
    kept = 18.0 + 16.0 * hidden / plain
    scores = 5.0 * shape.heads * shape.context / shape.width if recompute == "none" else 0.0
    return block * (kept + scores) / tensor_parallel


def _hidden(shape: ModelShape) -> float:
    """Hidden units that one token passes through, a gate's counted as half more."""
    units = float(shape.ffn)
    if shape.experts is not None:
        units = shape.experts.active * shape.experts.width + shape.experts.shared
    return 1.5 * units if shape.gated else units


@dataclass(frozen=True)
class TrainingMemory:
    """What one device holds in training, bytes.

    Args:
        states: model states.
        activations: of the micro-batches in flight.
        logits: of one micro-batch, in 32 bits.
    """

    states: States
    activations: float
    logits: float

    @property
    def total(self) -> float:
        """Bytes on the device."""
        return self.states.total + self.activations + self.logits


def offload_efficiency(intensity: float, bandwidth: float, *, achievable: float = 70e12) -> float:
    """Share of speed that is kept when data comes over a link, `ait bw/(ait bw + peak)`.

    Reference: Rajbhandari et al. 2021 (ZeRO-Infinity), arXiv:2104.07857, section 4.

    Args:
        intensity: FLOPs per byte moved: `seq·bsz` for weights and gradients, `seq·bsz/4` for the
            optimiser's states, `24·width·interval` for activation checkpoints.
        bandwidth: of the link, bytes/s.
        achievable: speed without it, FLOP/s; 70e12 is theirs for a V100.

    Returns:
        Efficiency between 0 and 1.

    >>> round(offload_efficiency(1024 * 1, 70e9), 3), round(offload_efficiency(1024 * 2 / 4, 1.5e12), 3)
    (0.506, 0.916)
    """
    return intensity * bandwidth / (intensity * bandwidth + achievable)
