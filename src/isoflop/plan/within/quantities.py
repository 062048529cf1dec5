"""Quantities of a plan by name: compute, money, time, memory, latency, each a formula over columns and prices."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from isoflop.plan.within.shape_rule import RULE
from isoflop.runs.columns import resolve
from isoflop.units import parse_measure, parse_quantity

_KAPLAN: Final = "Kaplan et al. 2020, section 2.1"


@dataclass(frozen=True)
class Quantity:
    """Something that a plan counts.

    Args:
        formulas: ways to have it; the first whose names are all known is used.
        kind: of its unit, one of `units.MEASURES`, or empty.
        text: what it is, in a sentence.
        source: where the formula comes from.
        assumption: whether it stands on something that has not been shown.
    """

    formulas: tuple[str, ...]
    kind: str
    text: str
    source: str = "definition"
    assumption: bool = False


QUANTITIES: Final[Mapping[str, Quantity]] = MappingProxyType({
    "flops": Quantity(("6*params*tokens",), "compute", "Training compute.", _KAPLAN, assumption=True),
    "tokens": Quantity(
        ("epochs*unique_tokens", "params*tokens_per_param", "fp_tokens + qat_tokens"), "tokens", "Training tokens."
    ),
    "fp_tokens": Quantity(("tokens*(1 - qat_fraction)",), "tokens", "Tokens before quantization-aware training."),
    "qat_tokens": Quantity(("tokens*qat_fraction",), "tokens", "Tokens of quantization-aware training."),
    "tokens_per_param": Quantity(("tokens/params",), "", "Tokens per parameter."),
    "epochs": Quantity(("tokens/unique_tokens",), "", "Passes over the distinct tokens."),
    "repeats": Quantity(("tokens/unique_tokens - 1",), "", "Passes beyond the first."),
    "steps": Quantity(("tokens/batch_tokens",), "", "Optimiser steps."),
    "serve_flops": Quantity(
        ("2*params*serve_tokens",), "compute", "Compute of serving: the forward pass alone.", _KAPLAN, assumption=True
    ),
    "total_flops": Quantity(("flops + serve_flops",), "compute", "Compute of training and serving.", "sum"),
    "gpu_hours": Quantity(
        ("flops/(peak*mfu)/3600",), "device-hours", "Device-hours at a constant share of the dense peak.",
        "definition of MFU", assumption=True,
    ),
    "serve_gpu_hours": Quantity(
        ("serve_flops/(peak*serve_mfu)/3600",), "device-hours", "Device-hours of serving at a constant share of "
        "the dense peak.", "definition of MFU", assumption=True,
    ),
    "money": Quantity(("gpu_hours*price",), "money", "Money for training: device-hours times their price."),
    "serve_money": Quantity(("serve_gpu_hours*price",), "money", "Money for serving."),
    "total_money": Quantity(("money + serve_money",), "money", "Money for training and serving.", "sum"),
    "time": Quantity(
        ("gpu_hours*3600/devices",), "time", "Time of training on so many devices, no loss from their number.",
        "definition", assumption=True,
    ),
    "shape_params": Quantity((), "parameters", "Parameters of the shape.", RULE, assumption=True),
    "kv_elements": Quantity((), "", "Numbers cached per token, all layers.", RULE, assumption=True),
    "linear_params": Quantity((), "parameters", "Parameters that multiply a token.", RULE, assumption=True),
    "read_params": Quantity((), "parameters", "Parameters that a step of decoding reads.", RULE, assumption=True),
    "score_width": Quantity((), "", "Width of scores, all layers.", RULE, assumption=True),
    "activations": Quantity(
        (), "memory", "Bytes that backward keeps of a sequence, selective recomputation, and its logits.",
        f"Korthikanti et al. 2022, table 2, at the {RULE}", assumption=True,
    ),
    "copies": Quantity(("devices/(tensor*pipeline)",), "", "Data-parallel copies."),
    "state_bytes": Quantity(
        ("shape_params/(tensor*pipeline)*(2/copies^min(1, max(0, zero - 2)) + 2/copies^min(1, max(0, zero - 1)) + "
         "12/copies^min(1, zero))",), "memory",
        "Weights, gradients and Adam's states of a device by ZeRO stage.", "Rajbhandari et al. 2020",
    ),
    "memory": Quantity(
        ("state_bytes + activations/tensor",), "memory", "Bytes a device in training: one sequence at a time, "
        "layers divided evenly, as many sequences in a pipeline as it has stages.", "isoflop.plan.costs.parallel",
        assumption=True,
    ),
    "serve_weights": Quantity(("shape_params*weight_bits/8",), "memory", "Bytes of the weights in serving."),
    "serve_cache": Quantity(
        ("serve_batch*(prompt + answer)*kv_elements*kv_bits/8",), "memory", "Bytes of the caches of all requests.",
    ),
    "serve_memory": Quantity(
        ("(serve_weights + serve_cache)/serve_devices",), "memory", "Bytes a device in serving.", "sum",
    ),
    "cache_tokens": Quantity(
        ("prompt + (answer - 1)/2",), "", "Tokens in the cache at the middle of an answer.",
    ),
    "decode_flops": Quantity(
        ("serve_batch*(2*linear_params + 4*score_width*cache_tokens)",), "compute",
        "FLOPs of a token for all requests.", "Pope et al. 2022",
    ),
    "decode_bytes": Quantity(
        ("read_params*weight_bits/8 + serve_batch*cache_tokens*kv_elements*kv_bits/8",), "memory",
        "Bytes read for a token of all requests: weights once, every cache.", "Pope et al. 2022",
    ),
    "latency": Quantity(
        ("max(decode_flops/peak, decode_bytes/bandwidth)/(serve_devices*decode_share)",), "time", "Time per token: "
        "what the roofline bounds, the exchange between devices not counted.", "Pope et al. 2022", assumption=True,
    ),
    "energy": Quantity(("gpu_hours*watts",), "energy", "Energy of the boards at full power.", assumption=True),
})  # fmt: skip

INPUTS: Final[Mapping[str, str]] = MappingProxyType({
    "price": "price", "peak": "speed", "bandwidth": "bandwidth", "watts": "power", "serve_tokens": "tokens",
    "devices": "devices", "unique_tokens": "tokens", "tokens": "tokens", "params": "parameters", "flops": "compute",
    "fp_tokens": "tokens", "qat_tokens": "tokens", "prompt": "tokens", "answer": "tokens", "serve_devices": "devices",
})  # fmt: skip
"""Inputs with a unit → its kind."""


def word_of(name: str) -> str:
    """The word that a name, letter or alias stands for; a quantity's own name first."""
    return name if name in QUANTITIES or name in INPUTS else resolve(name) or name


def kind_of(word: str) -> str:
    """Kind of a word's unit, empty where it has none."""
    return INPUTS.get(word) or (QUANTITIES[word].kind if word in QUANTITIES else "")


def read_value(word: str, value: float | str) -> float:
    """A number for a word, its unit checked."""
    kind = kind_of(word)
    if isinstance(value, str) and kind:
        return parse_measure(value, kind)
    return parse_quantity(value)
