"""Designs of the laws of architecture and other modalities."""

from tests.contracts.design import Design

_EXPERTS = {"experts": (1.0, 2.0, 4.0, 8.0, 32.0, 128.0, 512.0)}

DESIGNS = (
    Design(
        "vocabulary",
        {"nonvocab_params": (3.3e7, 3e9), "vocab_params": (1e6, 2e8), "tokens": (1e9, 1e11)},
        "tao-2024",
        points=5,
        objective="ls",
    ),
    Design(
        "parscale",
        {"params": (5e8, 4.4e9)},
        "chen-2025-stack",
        points=8,
        levels={"streams": (1.0, 2.0, 4.0, 8.0)},
        open_units=("streams",),
    ),
    Design(
        "looped",
        {"once_params": (1e7, 1e8), "looped_params": (1e7, 1e9), "tokens": (1e9, 1e11)},
        truth={"E": 1.7, "A": 400.0, "phi": 0.46, "alpha": 0.34, "B": 410.0, "beta": 0.28},
        points=5,
        levels={"loops": (1.0, 2.0, 4.0, 8.0)},
        open_units=("once_params", "looped_params", "loops"),
    ),
    Design(
        "merging",
        {"params": (5e8, 7e10)},
        truth={"L_inf": 0.3, "B": 60.0, "beta": 0.25, "A": 10.0, "gamma": 0.15, "b": 0.5},
        points=8,
        levels={"merged_experts": (1.0, 2.0, 3.0, 4.0, 6.0, 9.0)},
        open_units=("merged_experts",),
    ),
    Design("visual-tokens", {"params": (5e8, 7e9), "visual_tokens": (1, 576)}, "li-2024-grid", points=7),
    Design("growth-timing", {"params": (4e8, 7e9), "flops": (1e20, 1e22)}, "du-2024", points=6, open_units=("flops",)),
    Design("clip-flops", {"flops": (1e16, 1e21)}, "laion-2025-clip", points=30),
    Design(
        "routed-bilinear",
        {"params": (1.5e7, 1.3e9)},
        "clark-2022-hash",
        points=6,
        levels=_EXPERTS,
        open_units=("params", "experts"),
    ),
    Design(
        "routed",
        {"params": (1.5e7, 1.3e9)},
        "clark-2022-hash",
        points=6,
        levels=_EXPERTS,
        open_units=("params", "experts"),
    ),
    Design(
        "moe-sparsity",
        {"params": (1.5e7, 1e9), "total_over_active": (1, 12)},
        truth={"A": 90.0, "alpha": 0.29, "gamma": 0.01, "beta": 0.1, "E": 2.0},
        points=7,
        open_units=("params", "total_over_active"),
    ),
)
