"""Sparsity: weights that are zero from pre-training on, and activations that are zero by themselves."""

from typing import Final

from isoflop.laws.law import Law, Parameter, Published, Source

FRANTAR: Final = Source(
    authors="Frantar, Riquelme, Houlsby, Alistarh, Evci",
    year=2023,
    title="Scaling Laws for Sparsely-Connected Foundation Models",
    where="arXiv:2309.08520",
)
LUO: Final = Source(
    authors="Luo, Song, Han, et al.",
    year=2024,
    title="Sparsing Law: Towards Large Language Models with Greater Activation Sparsity",
    where="arXiv:2411.02335",
)


def _notebook(task: str, numbers: tuple[float, ...], data_unit: float, note: str) -> Published:
    """A fit of the authors' notebook, brought from N in 1e6 and D in its own unit to plain counts."""
    a_s, b_s, c_s, b_n, d, b_d, c = numbers
    values = {"a_S": a_s * 1e6**b_n, "b_S": b_s, "c_S": c_s * 1e6**b_n, "b_N": b_n}
    values |= {"a_D": d ** (1 / b_d) * data_unit, "b_D": b_d, "c": c}
    where = "code of arXiv:2309.08520, brought to plain counts"
    return Published(
        f"frantar-2023-{task}-notebook", values, where, "R", note=f"{note} The table's fit in more digits."
    )


SPARSE_PRETRAINING: Final = Law(
    name="sparse-pretraining",
    formula="L = a_S*(1 - weight_sparsity)^b_S/N^b_N + c_S/N^b_N + (a_D/D)^b_D + c",
    title="Pre-training with a share of the weights at zero",
    family="sparsity",
    parameters={
        "a_S": Parameter(meaning="part of the size term that sparsity lowers"),
        "b_S": Parameter(meaning="exponent of the density 1 - S"),
        "c_S": Parameter(meaning="part of the size term that is left at full sparsity"),
        "b_N": Parameter(meaning="exponent of non-zero parameters"),
        "a_D": Parameter(meaning="tokens (or images) at which the data term is one"),
        "b_D": Parameter(meaning="exponent of data"),
        "c": Parameter(meaning="irreducible loss"),
    },
    variables=("weight_sparsity",),
    source=FRANTAR,
    counted=(
        "N counts the non-zero, non-embedding parameters; weight_sparsity is the share of zeros, 0 to below 1; "
        "D training tokens (T5) or images seen (ViT)"
    ),
    valid="sparsity 0 to 0.875; gradual magnitude pruning from a quarter to three quarters of training",
    ranges={"weight_sparsity": (0.0, 0.875)},
    advice=(
        "For N:M sparsity use 1 - N/M. On the T5 runs b_D and c are soft: optima with a lower objective lie at very "
        "different values. What sparsity is worth is stable: see sparse_size_multiplier in isoflop.methods.sparse."
    ),
    published=(
        Published(
            name="frantar-2023-t5",
            values={
                "a_S": 16.79,
                "b_S": 0.722,
                "c_S": 45.02,
                "b_N": 0.245,
                "a_D": 6.90e8,
                "b_D": 0.203,
                "c": 0.651,
            },
            where="arXiv:2309.08520, table of coefficients",
            evidence="V",
            note="T5 on C4, nats/token; D in tokens.",
        ),
        _notebook(
            "t5",
            (0.567785, 0.721613, 1.522650, 0.245132, 0.633615, 0.202708, 0.650742),
            1e5 * 65536,
            "T5 on C4, nats/token; D in tokens (the code counts 1e5 steps of 65,536).",
        ),
        Published(
            name="frantar-2023-vit",
            values={
                "a_S": 294.4,
                "b_S": 0.821,
                "c_S": 468.2,
                "b_N": 0.392,
                "a_D": 2.37e8,
                "b_D": 0.890,
                "c": 4.517,
            },
            where="arXiv:2309.08520, table of coefficients",
            evidence="V",
            note="ViT on JFT, the loss of that set; D counts images seen.",
        ),
        _notebook(
            "vit",
            (1.30485, 0.82101, 2.07506, 0.39223, 0.27818, 0.88979, 4.51669),
            1e9,
            "ViT on JFT, the loss of that set; D counts images seen (the code counts 1e9).",
        ),
    ),
)

_RELU: Final = (
    ("0.1b", 0.101, -0.0151, 3.20, 0.0614),
    ("0.2b", 0.449, -3.05, 0.286, 0.0674),
    ("0.4b", 0.683, -3.46, 0.0790, 0.0690),
    ("0.8b", 1.01, -3.49, 7.97e-3, 0.0721),
    ("1.2b", 1.33, -3.89, 9.03e-4, 0.0782),
    ("2.4b", 1.53, -3.46, 1.56e-4, 0.0648),
)
_SILU: Final = (
    ("0.1b", 0.479, 0.102, 0.409),
    ("0.2b", 0.844, 0.208, 0.390),
    ("0.4b", 1.03, 0.420, 0.385),
    ("0.8b", 0.995, 0.562, 0.383),
    ("1.2b", 0.967, 0.538, 0.382),
)
_RATIO_COUNTED: Final = (
    "activation_ratio is the share of feed-forward neurons that fire, one minus the sparsity, measured by CETT at 1 % "
    "higher perplexity; D training tokens"
)
_RATIO_WHERE: Final = "arXiv:2411.02335, table of fitted curves"

ACTIVATION_RATIO_RELU: Final = Law(
    name="activation-ratio-relu",
    formula="activation_ratio = exp(b - (D/D_c)^alpha) + A_0",
    title="Share of neurons that fire in a ReLU model: it falls with data",
    family="sparsity",
    parameters={
        "b": Parameter("real", "log of the excess over the limit at the start"),
        "D_c": Parameter(meaning="tokens at which the excess has fallen to 1/e; the paper's c is D_c^-alpha"),
        "alpha": Parameter(meaning="exponent of tokens inside the exponential"),
        "A_0": Parameter(meaning="limit with unlimited data"),
    },
    source=LUO,
    counted=_RATIO_COUNTED,
    valid="1e8 to 2.4e9 parameters; points after warm-up",
    advice="Leave out the points of the warm-up. Below D_c the curve is a power law and b, D_c and alpha trade off.",
    published=tuple(
        Published(
            f"luo-2024-{size}",
            {"b": b, "D_c": 1e9 * c ** (-1 / alpha), "alpha": alpha, "A_0": a_0},
            _RATIO_WHERE,
            "V",
            note="Fraction; the paper has c and D in 1e9 tokens.",
        )
        for size, alpha, b, c, a_0 in _RELU
    ),
    unit="fraction of the neurons",
)

ACTIVATION_RATIO_SILU: Final = Law(
    name="activation-ratio-silu",
    formula="activation_ratio = A_0 - (D_c/D)^alpha",
    title="Share of neurons that fire in a SiLU model: it rises with data",
    family="sparsity",
    parameters={
        "A_0": Parameter(meaning="limit with unlimited data"),
        "D_c": Parameter(meaning="tokens that set the distance from the limit; the paper's c is D_c^alpha"),
        "alpha": Parameter(meaning="exponent of tokens"),
    },
    source=LUO,
    counted=_RATIO_COUNTED,
    valid="1e8 to 1.2e9 parameters; points after warm-up",
    advice="Leave out the points of the warm-up.",
    published=tuple(
        Published(
            f"luo-2024-{size}",
            {"A_0": a_0, "D_c": 1e9 * c ** (1 / alpha), "alpha": alpha},
            _RATIO_WHERE,
            "V",
            note="Fraction; the paper has c and D in 1e9 tokens.",
        )
        for size, alpha, c, a_0 in _SILU
    ),
    unit="fraction of the neurons",
)

LAWS: Final = (SPARSE_PRETRAINING, ACTIVATION_RATIO_RELU, ACTIVATION_RATIO_SILU)
