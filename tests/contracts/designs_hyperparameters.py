"""Designs of the laws of hyper-parameters."""

from tests.contracts.design import Design

_SIZES = (6e7, 1e9)
_TOKENS = (2e9, 1e11)
_BATCHES = (3e4, 8e6)

DESIGNS = (
    Design("steplaw-lr", {"params": _SIZES, "tokens": _TOKENS}, "li-2025", points=6),
    Design("steplaw-batch", {"tokens": _TOKENS}, "li-2025"),
    Design(
        "steplaw-bowl",
        {"params": _SIZES, "tokens": _TOKENS, "lr": (5e-4, 1e-2), "batch_tokens": _BATCHES},
        truth={"k": 0.999, "p": 0.01, "c": 1.79, "a": -0.713, "b": 0.307, "s": 0.005, "g": 0.58, "d": 0.571},
        points=5,
    ),
    Design("critical-batch", {"loss": (2.0, 6.0)}, "kaplan-2020"),
    Design("batch-steps", {"batch_tokens": _BATCHES}, truth={"S_min": 4000.0, "B_crit": 5e5}),
    Design("lr-batch-saturating", {"batch_tokens": _BATCHES}, truth={"lr_max": 0.1, "B_noise": 5e5}),
    Design("lr-batch-power", {"batch_tokens": _BATCHES}, truth={"c": 2e-6, "k": 0.5}),
    Design(
        "optimal-hyperparameter",
        {"params": _SIZES, "tokens": _TOKENS},
        truth={"a": 300.0, "u": 0.4, "v": 0.2, "b": 0.001},
        points=8,
    ),
)  # fmt: skip
