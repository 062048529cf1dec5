"""Loss of training in low precision: floating-point layouts, bits per tensor, and FP4 by format."""

from typing import Final

from isoflop.laws.law import Law, Parameter, Published, Source

SUN: Final = Source(
    authors="Sun, Li, Xie, et al.",
    year=2025,
    title="Scaling Laws for Floating-Point Quantization Training",
    where="arXiv:2501.02423",
)
KUMAR: Final = Source(
    authors="Kumar, Ankner, Spector, et al.",
    year=2024,
    title="Scaling Laws for Precision",
    where="arXiv:2411.04330",
)
QUARTET: Final = Source(
    authors="Castro, Panferov, Tabesh, et al.",
    year=2025,
    title="Quartet: Native FP4 Training Can Be Optimal for Large Language Models",
    where="arXiv:2505.14669v4",
)

FP_TRAINING: Final = Law(
    name="fp-training",
    formula=(
        "L = n/N^alpha + d/D^beta + epsilon"
        " + D^beta/N^alpha*log2(block_elements)/(gamma*(exponent_bits + 0.5)^delta*(mantissa_bits + 0.5)^nu)"
    ),
    title="Training with floating-point inputs of E exponent and M mantissa bits, one scale per block",
    family="precision",
    parameters={
        "n": Parameter(meaning="size term; carries the unit of N^alpha"),
        "alpha": Parameter(meaning="exponent of parameters, in the size term and in the cost of rounding"),
        "d": Parameter(meaning="data term; carries the unit of D^beta"),
        "beta": Parameter(meaning="exponent of tokens, in the data term and in the cost of rounding"),
        "epsilon": Parameter(meaning="irreducible loss"),
        "gamma": Parameter(meaning="how little rounding costs at one half of an exponent bit"),
        "delta": Parameter(meaning="exponent of exponent bits"),
        "nu": Parameter(meaning="exponent of mantissa bits"),
    },
    variables=("block_elements", "exponent_bits", "mantissa_bits"),
    source=SUN,
    counted=(
        "exponent_bits E and mantissa_bits M without the sign bit, so P = E + M + 1; block_elements is the number of "
        "elements that share one high-precision scale; N, D training tokens"
    ),
    valid=(
        "4.1e7 to 6.8e8 parameters, 1.05e10 to 1.05e11 tokens, 3 to 10 bits (E0 to E6, M1 to M7), 32 elements to a "
        "channel per scale; scales themselves in high precision"
    ),
    ranges={
        "params": (4.08e7, 6.8e8),
        "tokens": (1.04e10, 1.05e11),
        "block_elements": (32, 9.2e3),
        "exponent_bits": (0, 6),
        "mantissa_bits": (1, 7),
    },
    advice=(
        "Inputs of the three matrix products are rounded, not the gradient of the output. Says nothing about the "
        "error of E8M0 or E4M3 scales (MXFP4 against NVFP4). Layouts, critical data and best bits: bit_budget."
    ),
    published=(
        Published(
            name="sun-2025",
            values={
                "n": 69.2343,
                "alpha": 0.2368,
                "d": 68973.0621,
                "beta": 0.5162,
                "epsilon": 1.9061,
                "gamma": 11334.5197,
                "delta": 3.1926,
                "nu": 2.9543,
            },
            where="arXiv:2501.02423v3, table of the joint law",
            evidence="V",
            note="Nats/token on Dolma; 358 runs. A scale per channel counts as log2 of the block size 13.1567.",
        ),
    ),
)


def _share(bits: str, gamma: str, offset: str) -> str:
    """Share of the parameters that is left at these bits."""
    return f"(1 - exp({offset} - {bits}/{gamma}))"


# A power for each share: where two shares are negative, the power of their product would have a value.
_KUMAR_SHARES: Final = "*".join(
    _share(f"{tensor}_bits", f"gamma_{letter}", f"n_{letter}") + "^alpha"
    for tensor, letter in (("weight", "w"), ("activation", "a"), ("kv", "kv"))
)

_KUMAR_INTEGER: Final = {
    "A": 4.299e3,
    "alpha": 0.4965,
    "B": 1.806e4,
    "E": 2.7648,
    "gamma_w": 2.6745,
    "n_w": 0.3037,
    "gamma_a": 2.2102,
    "n_a": 1.4072,
    "gamma_kv": 0.9578,
    "n_kv": 2.4185,
}
"""Table 2 of appendix K: weights, activations and cache as integers."""

KUMAR_PRECISION: Final = Law(
    name="kumar-precision",
    formula=f"L = A/(N^alpha*{_KUMAR_SHARES}) + B/D^alpha + E",
    title="Effective parameters in training with few bits for weights, activations and KV cache",
    family="precision",
    parameters={
        "A": Parameter(meaning="size term; carries the unit of N^alpha"),
        "alpha": Parameter(meaning="exponent of parameters and of tokens"),
        "B": Parameter(meaning="data term; carries the unit of D^alpha"),
        "E": Parameter(meaning="irreducible loss"),
        "gamma_w": Parameter(meaning="sensitivity of weights, bits"),
        "n_w": Parameter("real", "offset of the exponent of weights"),
        "gamma_a": Parameter(meaning="sensitivity of activations, bits"),
        "n_a": Parameter("real", "offset of the exponent of activations"),
        "gamma_kv": Parameter(meaning="sensitivity of keys and values, bits"),
        "n_kv": Parameter("real", "offset of the exponent of keys and values"),
    },
    variables=("weight_bits", "activation_bits", "kv_bits"),
    source=KUMAR,
    counted="N non-embedding; D training tokens; integer bits of the forward pass, 16 where a tensor is not quantized",
    valid="3e7 to 2.2e8 parameters, 1.5e9 to 2.6e10 tokens, 3 to 16 bits; checked to 1.7e9 parameters",
    ranges={
        "params": (3e7, 1.7e9),
        "tokens": (1.5e9, 2.6e10),
        "weight_bits": (3, 16),
        "activation_bits": (3, 16),
        "kv_bits": (3, 16),
    },
    advice=(
        "Has no value where a share is not positive: with the published offsets below 3.1 activation bits, where the "
        "authors' runs diverge. Constants do not carry over to other recipes. Vary the three bit widths apart."
    ),
    published=(
        Published(
            name="kumar-2024",
            values=_KUMAR_INTEGER,
            where="arXiv:2411.04330, appendix K, table 2",
            evidence="V",
            note=(
                "Nats/token on Dolma. The paper does not write out where the offset n stands; exp(n - P/gamma) is the "
                "one reading of five that gives its best precision of 7 to 8 bits."
            ),
        ),
        Published(
            name="kumar-2024-float-weights",
            values=_KUMAR_INTEGER | {"gamma_w": 2.8111, "n_w": 0.1240},
            where="arXiv:2411.04330, appendix K",
            evidence="V",
            note=(
                "Nats/token on Dolma. Weights in floating point, 140 runs: the paper's bias b stands as n_w, which is "
                "our reading; all else as in kumar-2024, whose activations and cache are integers."
            ),
        ),
    ),
)

KUMAR_PTQ: Final = Law(
    name="kumar-ptq",
    formula="loss_increase = C_T*D^gamma_D/N^gamma_N*exp(-post_bits/gamma_post)",
    title="Loss added by quantizing weights after training: more data, more damage",
    family="precision",
    parameters={
        "C_T": Parameter(meaning="scale; carries the units of the other columns"),
        "gamma_D": Parameter(meaning="exponent of tokens"),
        "gamma_N": Parameter(meaning="exponent of parameters"),
        "gamma_post": Parameter(meaning="sensitivity to the bits after training, bits"),
    },
    variables=("post_bits",),
    source=KUMAR,
    counted="loss_increase is quantized minus unquantized loss; post_bits of the weights; N non-embedding; D tokens",
    valid="3e7 to 2.2e8 parameters, 1.5e9 to 2.6e10 tokens, weights by GPTQ per channel, trained in high precision",
    ranges={"params": (3e7, 2.2e8), "tokens": (1.5e9, 2.6e10)},
    advice="Fit it anew for another rounding method: AWQ and plain rounding keep the form with other constants.",
    published=(
        Published(
            name="kumar-2024",
            values={"C_T": 0.0598, "gamma_D": 0.5068, "gamma_N": 0.3439, "gamma_post": 0.5907},
            where="arXiv:2411.04330, appendix K, table 2",
            evidence="V",
            note=(
                "Nats/token. The table also has b = 1.1277, whose place in the exponent the paper leaves open; it "
                "is left out here: exponents and ratios hold, absolute values do not."
            ),
        ),
    ),
)


_LEFT: Final = f"N*{_share('weight_bits', 'gamma_w', 'n_w')}"

KUMAR_UNIFIED: Final = Law(
    name="kumar-unified",
    formula=(
        f"L = A/({_LEFT})^alpha + B/D^alpha + E"
        f" + C_T*exp(-post_bits/gamma_post)*D^gamma_D/({_LEFT})^gamma_N*(1 - exp(-C_w*max(weight_bits - post_bits, 0)))"
    ),
    title="Weights trained in few bits and then quantized to fewer",
    family="precision",
    parameters={
        "A": Parameter(meaning="size term; carries the unit of N^alpha"),
        "n_w": Parameter("real", "offset of the exponent of training bits"),
        "gamma_w": Parameter(meaning="sensitivity to training bits, bits"),
        "alpha": Parameter(meaning="exponent of parameters and of tokens"),
        "B": Parameter(meaning="data term; carries the unit of D^alpha"),
        "E": Parameter(meaning="irreducible loss"),
        "C_T": Parameter(meaning="scale of the damage; carries the units of the other columns"),
        "gamma_post": Parameter(meaning="sensitivity to the bits after training, bits"),
        "gamma_D": Parameter(meaning="exponent of tokens in the damage"),
        "gamma_N": Parameter(meaning="exponent of effective parameters in the damage"),
        "C_w": Parameter(meaning="how fast the damage vanishes as the bits after training near those in it, per bit"),
    },
    variables=("weight_bits", "post_bits"),
    source=KUMAR,
    counted=(
        "weight_bits in training, post_bits after it; as many or more do no damage; N non-embedding; D training tokens"
    ),
    valid="3e7 to 2.2e8 parameters, 1.5e9 to 2.6e10 tokens, 3 to 16 bits",
    ranges={"params": (3e7, 2.2e8), "tokens": (1.5e9, 2.6e10), "weight_bits": (3, 16), "post_bits": (3, 16)},
    advice=(
        "No published constants: the paper's C_w was not found. Needs runs in several training precisions, each "
        "quantized to several below. Activations and cache in high precision."
    ),
)


def _quartet(name: str, eff_n: float, eff_d: float, where: str) -> Published:
    """The base constants with the efficiencies of one format."""
    base = {"A": 1.52e5, "alpha": 0.589, "B": 5.25e5, "beta": 0.544, "gamma": 0.274, "E": 1.35}
    note = "Nats/token on C4; N non-embedding; base fitted on BF16 runs of 3e7 to 2e8 parameters."
    return Published(name, {**base, "eff_N": eff_n, "eff_D": eff_d}, f"arXiv:2505.14669v4, {where}", "V", note=note)


FP4_TRAINING: Final = Law(
    name="quartet",
    formula="L = (A/(N*eff_N^low_forward)^alpha + B/(D*eff_D^low_backward)^beta)^gamma + E",
    title="Low-precision training as fewer effective parameters (forward) and tokens (backward)",
    family="precision",
    parameters={
        "A": Parameter(meaning="size term; carries the unit of N^alpha"),
        "alpha": Parameter(meaning="inner exponent of parameters"),
        "B": Parameter(meaning="data term; carries the unit of D^beta"),
        "beta": Parameter(meaning="inner exponent of tokens"),
        "gamma": Parameter(meaning="outer exponent"),
        "E": Parameter(meaning="irreducible loss"),
        "eff_N": Parameter((0.0, 2.0), "parameters that one parameter is worth in the format of the forward pass"),
        "eff_D": Parameter((0.0, 2.0), "tokens that one token is worth in the format of the backward pass"),
    },
    variables=("low_forward", "low_backward"),
    source=QUARTET,
    counted=(
        "low_forward and low_backward are 1 where that pass runs in the format, 0 in the baseline; N non-embedding; "
        "D training tokens"
    ),
    valid="3e7 to 2e8 parameters, 25 to 800 tokens per parameter; poor for formats with an efficiency below 0.5",
    ranges={"params": (3e7, 2e8), "tokens_per_param": (25.0, 800.0), "low_forward": (0, 1), "low_backward": (0, 1)},
    advice=(
        "Needs baseline runs beside the format's. The paper fits the baseline first and keeps it: fix A to E and fit "
        "eff_N and eff_D. For several formats at once write eff_N[format] and eff_D[format]."
    ),
    published=(
        _quartet("quartet", 0.65, 0.95, "table 2, MXFP4 in both passes"),
        _quartet("luq-int4", 0.49, 0.15, "table 2, LUQ in INT4"),
        _quartet("luq-fp4", 0.01, 0.07, "table 2, LUQ in FP4"),
        _quartet("sr-absmax", 0.42, 0.88, "rounding schemes, stochastic"),
        _quartet("rtn-absmax", 0.59, 0.93, "rounding schemes, to nearest"),
        _quartet("quest", 0.64, 0.83, "rounding schemes, QuEST"),
    ),
)

LAWS: Final = (FP_TRAINING, KUMAR_PRECISION, KUMAR_PTQ, KUMAR_UNIFIED, FP4_TRAINING)
