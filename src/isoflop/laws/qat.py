"""Quantization-aware training: its loss by group size and tensors, and the share of tokens it deserves."""

import math
from typing import Final

from isoflop.laws.law import Law, Parameter, Published, Source

CHEN: Final = Source(
    authors="Chen, Zhang, Liu, et al.",
    year=2025,
    title="Scaling Law for Quantization-Aware Training",
    where="arXiv:2505.14302",
)
DREMOV: Final = Source(
    authors="Dremov, Grangier, Katharopoulos, Hannun",
    year=2025,
    title="Compute-Optimal Quantization-Aware Training",
    where="arXiv:2509.22935",
)

_ERROR: Final = "k*D^gamma_D*log2(group_size)^gamma_G/N^gamma_N"
_COUNTED: Final = "group_size is the number of elements that share one scale (the channel's length if per channel)"
_VALID: Final = "7.4e7 to 6e8 parameters, 1e10 to 1e11 tokens, groups of 32 to a channel; checked to 9.7e8 and 2e11"
_RANGES: Final = {"params": (7.4e7, 9.73e8), "tokens": (1e10, 2e11), "group_size": (32, math.inf)}
_BF16: Final = {"E": 1.9279, "A": 237.7042, "B": 596.2490, "alpha": 0.3022}

# Which bits, k, exponent of N, of D, of log2 G.
_CHEN_TABLE: Final = (
    ("w4a4", 0.1582, 0.2186, 0.0745, 0.7779),
    ("w4a16", 0.2522, 0.3589, 0.1610, 0.3533),
    ("w16a4", 0.1004, 0.1816, 0.0331, 0.9812),
    ("w4a4-fc2-8bit", 0.3519, 0.2637, 0.0964, 0.3407),
    ("w16a4-fc2-8bit", 0.1273, 0.2347, 0.0827, 0.4491),
)

_PARAMETERS: Final = {
    "k": Parameter(meaning="scale of the quantization error; carries the units of the columns"),
    "gamma_D": Parameter(meaning="exponent of tokens: the error grows with data"),
    "gamma_G": Parameter(meaning="exponent of log2 of the group size"),
    "gamma_N": Parameter(meaning="exponent of parameters: the error falls with size"),
}


def _chen(base: dict[str, float]) -> tuple[Published, ...]:
    """The rows of the table, with the BF16 constants where the law needs them."""
    note = "Nats/token on OLMo2 data, INT4."
    typo = " The text gives another gamma_G in the last digits."
    placed = " Its gamma_G stood in a part of the table without row names and was placed by position."
    return tuple(
        Published(
            name=f"chen-2025-{bits}",
            values={**base, "k": k, "gamma_D": gamma_d, "gamma_G": gamma_g, "gamma_N": gamma_n},
            where="arXiv:2505.14302, table of fitted constants",
            evidence="V",
            note=note + typo * bits.startswith("w16") + placed * bits.endswith("fc2-8bit"),
        )
        for bits, k, gamma_n, gamma_d, gamma_g in _CHEN_TABLE
    )


QAT_ERROR: Final = Law(
    name="qat-error",
    formula=f"loss_increase = {_ERROR}",
    title="Loss added by quantization-aware training, by size, tokens and group",
    family="precision",
    parameters=_PARAMETERS,
    variables=("group_size",),
    source=CHEN,
    counted=f"loss_increase is quantized minus BF16 loss at equal N and D; {_COUNTED}",
    valid=_VALID,
    ranges=_RANGES,
    advice=(
        "Fit weights-only and activations-only runs apart: the two errors grow differently, and their sum times 0.906 "
        "is about the joint one. Activations of the second feed-forward layer dominate at large groups."
    ),
    published=_chen({}),
)

QAT_LOSS: Final = Law(
    name="qat-loss",
    formula=f"L = A/N^alpha + B/D^alpha + E + {_ERROR}",
    title="Loss after quantization-aware training, with the unquantized law beneath",
    family="precision",
    parameters={
        "A": Parameter(meaning="size term; carries the unit of N^alpha"),
        "alpha": Parameter(meaning="exponent of parameters and of tokens"),
        "B": Parameter(meaning="data term; carries the unit of D^alpha"),
        "E": Parameter(meaning="irreducible loss"),
        **_PARAMETERS,
    },
    variables=("group_size",),
    source=CHEN,
    counted=f"N, D training tokens, all of them quantized; {_COUNTED}",
    valid=_VALID,
    ranges=_RANGES,
    advice="Where BF16 runs of the same N and D exist, fit qat-error to the differences: far fewer runs are needed.",
    published=_chen(_BF16),
)

QAT_FRACTION: Final = Law(
    name="qat-fraction",
    formula="qat_fraction = exp(-a/log(8*D/(N*weight_bits)))",
    title="Best share of the tokens for quantization-aware training after full-precision training",
    family="precision",
    parameters={"a": Parameter(meaning="how slowly the share grows with tokens per parameter-byte")},
    variables=("weight_bits",),
    source=DREMOV,
    counted="D all tokens, full precision and quantized together; 8 D/(N weight_bits) is tokens per parameter-byte",
    valid="8.6e7 to 2.2e9 parameters, 2.3e9 to 1.4e12 tokens, weights of 1 to 6 bits; above one token per byte",
    ranges={"params": (8.6e7, 2.2e9), "tokens": (2.3e9, 1.4e12), "weight_bits": (1.0, 6.0)},
    limits=(0.0, 1.0),
    advice="The published error is 0.091 in the share itself. Loss as a function of the share is flat near the best.",
    published=(
        Published(
            name="dremov-2025",
            values={"a": 6.7297},
            where="arXiv:2509.22935, law of the optimal fraction",
            evidence="S",
            note="From 757 runs. The constant was read in two agreeing summaries of the paper, not in the paper.",
        ),
    ),
    unit="fraction of the tokens",
)

_FP_RATIO: Final = "(8*fp_tokens/(N*weight_bits))"
_QAT_RATIO: Final = "(8*qat_tokens/(N*weight_bits))"

QAT_SPLIT: Final = Law(
    name="qat-split",
    formula=(
        "L = E + B/(fp_tokens + qat_tokens)^gamma + A/N^eta + theta*2^(-kappa*weight_bits)"
        f" + phi*2^(-chi*weight_bits)/(N^psi*{_QAT_RATIO}^omega)"
        f" + zeta*2^(-mu*weight_bits)/(N^nu*{_FP_RATIO}^xi*{_QAT_RATIO}^rho)"
    ),
    title="Loss after full-precision training and then quantization-aware training",
    family="precision",
    parameters={
        "E": Parameter(meaning="irreducible loss"),
        "B": Parameter(meaning="data term, over all tokens"),
        "gamma": Parameter(meaning="exponent of all tokens"),
        "A": Parameter(meaning="size term; carries the unit of N^eta"),
        "eta": Parameter(meaning="exponent of parameters"),
        "theta": Parameter(meaning="cost of bits that no training removes, at zero bits"),
        "kappa": Parameter(meaning="how fast it halves with bits"),
        "phi": Parameter(meaning="cost that quantized tokens remove"),
        "chi": Parameter(meaning="how fast it halves with bits"),
        "psi": Parameter("real", "its exponent of parameters"),
        "omega": Parameter(meaning="its exponent of quantized tokens per parameter-byte"),
        "zeta": Parameter(meaning="cost of going over from full precision"),
        "mu": Parameter(meaning="how fast it halves with bits"),
        "nu": Parameter("real", "its exponent of parameters"),
        "xi": Parameter("real", "its exponent of full-precision tokens per parameter-byte"),
        "rho": Parameter(meaning="its exponent of quantized tokens per parameter-byte"),
    },
    variables=("fp_tokens", "qat_tokens", "weight_bits"),
    source=DREMOV,
    counted="fp_tokens in full precision, then qat_tokens in quantization-aware training; N; bits of a weight",
    valid="8.6e7 to 2.2e9 parameters, 2.3e9 to 1.4e12 tokens, weights of 1 to 6 bits",
    ranges={"params": (8.6e7, 2.2e9), "weight_bits": (1.0, 6.0)},
    advice=(
        "No published constants were found; the size and data terms are written as in Chinchilla's law. Sixteen "
        "constants need hundreds of runs over all four columns; for the best share alone use qat-fraction."
    ),
)

LAWS: Final = (QAT_ERROR, QAT_LOSS, QAT_FRACTION, QAT_SPLIT)
