"""Designs of the laws of precision and compression."""

from tests.contracts.design import Design

_SIZES = (4e7, 7e8)
_TOKENS = (1e10, 1e11)

DESIGNS = (
    Design(
        "kumar-unified",
        {"params": (3e7, 2.2e8), "tokens": (1.5e9, 2.6e10)},
        truth={
            "A": 4.299e3,
            "n_w": 0.3037,
            "gamma_w": 2.6745,
            "alpha": 0.4965,
            "B": 1.806e4,
            "E": 2.7648,
            "C_T": 0.18,
            "gamma_post": 0.5907,
            "gamma_D": 0.5068,
            "gamma_N": 0.3439,
            "C_w": 0.5,
        },
        points=4,
        levels={"weight_bits": (6.0, 8.0, 12.0, 16.0), "post_bits": (3.0, 4.0, 5.0)},
        open_units=("weight_bits", "post_bits"),
    ),
    Design(
        "qat-split",
        {"params": (8.6e7, 2.2e9)},
        truth={
            "E": 1.7,
            "B": 500.0,
            "gamma": 0.3,
            "A": 400.0,
            "eta": 0.33,
            "theta": 0.3,
            "kappa": 1.0,
            "phi": 5.0,
            "chi": 0.5,
            "psi": 0.1,
            "omega": 0.4,
            "zeta": 2.0,
            "mu": 0.4,
            "nu": 0.1,
            "xi": -0.3,
            "rho": 0.5,
        },
        points=3,
        levels={
            "fp_tokens": (2e9, 2e10, 2e11),
            "qat_tokens": (1e9, 1e10, 1e11),
            "weight_bits": (1.0, 2.0, 4.0, 6.0),
        },
        open_units=("params", "fp_tokens", "qat_tokens"),
        doubted=True,  # its two quantization terms differ by little but their exponents
    ),
    Design(
        "fp-training",
        {"params": _SIZES, "tokens": _TOKENS},
        "sun-2025",
        points=4,
        levels={
            "exponent_bits": (1.0, 2.0, 4.0),
            "mantissa_bits": (1.0, 2.0, 3.0),
            "block_elements": (32.0, 128.0, 512.0),
        },
        open_units=("exponent_bits", "mantissa_bits", "block_elements"),
    ),
    Design(
        "kumar-precision",
        {"params": (3e7, 2.2e8), "tokens": (1.5e9, 2.6e10)},
        "kumar-2024",
        points=3,
        levels={bits: (4.0, 6.0, 8.0, 16.0) for bits in ("weight_bits", "activation_bits", "kv_bits")},
    ),
    Design(
        "kumar-ptq", {"params": (3e7, 2.2e8), "tokens": (1.5e9, 2.6e10), "post_bits": (3, 6)}, "kumar-2024", points=4
    ),
    Design(
        "quartet",
        {"params": (3e7, 2e8), "tokens": (1e9, 1e11)},
        "quartet",
        points=6,
        levels={"low_forward": (0.0, 1.0), "low_backward": (0.0, 1.0)},
        open_units=("low_forward", "low_backward"),
        doubted=True,  # a share of N or D can be moved far while A or B make up for it
    ),
    Design(
        "qat-error",
        {"params": (7.4e7, 6e8), "tokens": (1e10, 1e11)},
        "chen-2025-w4a4",
        points=4,
        levels={"group_size": (32.0, 64.0, 128.0, 256.0, 1024.0)},
        open_units=("group_size",),
    ),
    Design(
        "qat-loss",
        {"params": (7.4e7, 1e10), "tokens": (1e10, 1e12)},
        "chen-2025-w4a4",
        points=9,
        levels={"group_size": (32.0, 64.0, 128.0, 256.0, 1024.0)},
        open_units=("group_size",),
        doubted=True,  # half a percent of noise hides much of an error that is a few percent of the loss
    ),
    Design(
        "qat-fraction",
        {"params": (8.6e7, 2.2e9), "tokens": (2e10, 1.4e12)},
        "dremov-2025",
        points=4,
        levels={"weight_bits": (1.0, 2.0, 4.0, 6.0)},
        open_units=("params", "tokens", "weight_bits"),
    ),
    Design(
        "sparse-pretraining",
        {"params": (1e6, 1e8), "tokens": (1e9, 6e10)},
        "frantar-2023-t5",
        points=5,
        levels={"weight_sparsity": (0.0, 0.25, 0.5, 0.75, 0.875)},
        open_units=("weight_sparsity",),
    ),
    Design("activation-ratio-relu", {"tokens": (1e9, 1e12)}, "luo-2024-0.4b", points=30),
    Design("activation-ratio-silu", {"tokens": (5e9, 2e11)}, "luo-2024-0.4b", points=30),
)
