"""Designs of the laws of data: repeats, mixtures, filters, and what other data are worth."""

from tests.contracts.design import Design

_SHARES = (0.25, 0.375, 0.5, 0.625, 0.75)

DESIGNS = (
    Design(
        "data-constrained",
        {"params": (1e8, 8e9), "tokens": (1e9, 8e11), "unique_tokens": (1e9, 1e11)},
        "muennighoff-2023",
        points=6,
        open_units=("tokens", "unique_tokens"),
    ),
    Design(
        "repeat-overfit",
        {"params": (1e7, 8e9), "tokens": (1e9, 8e11), "unique_tokens": (1e8, 1e11)},
        truth={
            "E": 1.7,
            "L_0": 10.8,
            "a": 20.0,
            "alpha": 0.3,
            "b": 300.0,
            "beta": 0.35,
            "c": 0.02,
            "gamma": 0.5,
            "delta": 0.45,
        },
        points=7,
    ),
    Design("regularised-params", {"params": (3e8, 1.4e9)}, "kim-2025", points=30),
    Design("ensemble", {"ensemble_members": (1, 8)}, truth={"E": 3.27, "A": 0.2}, points=20),
    Design(
        "ensemble-params",
        {"params": (3e7, 1.4e10)},
        truth={"E": 3.17, "A": 1e4, "alpha": 0.6, "B": 50.0, "beta": 0.3},
        points=12,
        levels={"ensemble_members": (1.0, 2.0, 4.0, 8.0)},
    ),
    Design("regularised-tokens", {"unique_tokens": (2e8, 2e11)}, "kim-2025", points=30),
    Design("mixing-two", {}, "github-70m-30k", levels={"share": tuple(0.25 + 0.02 * k for k in range(26))}),
    Design(
        "qqt",
        {"samples": (3.2e7, 6.4e8)},
        truth={"a": 0.01, "b": -0.1, "d": 0.1, "tau": 3.0},
        points=12,
        levels={"pool_size": (3.2e6, 1.28e7, 5e7)},
        open_units=("samples", "pool_size"),
        doubted=True,  # a and the floor d make up for one another; the paper fixes d
    ),
    Design(
        "rate-multiplier",
        {"tokens": (1e3, 1e6)},
        truth={"E": 0.15, "B": 8.0, "m": 8.0, "beta": 0.4},
        points=20,
        levels={"treated": (0.0, 1.0)},
        open_units=("treated",),
    ),
    Design(
        "datastore",
        {"datastore_tokens": (1e9, 1.4e12)},
        truth={"a": -2.0, "b": 1.2},
        points=20,
        objective="ls",
        open_units=("datastore_tokens",),
    ),
    Design(
        "intrinsic-dimension",
        {"samples": (1e2, 1e5), "intrinsic_dimension": (8, 40), "label_sharpness": (0.05, 5)},
        truth={"A": 2.0, "s": 0.8, "k": 1.3},
        points=6,
        open_units=("samples", "label_sharpness"),
    ),
)
