"""Designs of the laws of schedules."""

from tests.contracts.design import Design

_AREAS = (0.5, 20.0)

DESIGNS = (
    Design("lr-annealing", {"S1": _AREAS, "S2": (0.01, 0.3)}, "luo-curves-400m"),
    Design(
        "lr-annealing-params",
        {"S1": _AREAS, "S2": (0.01, 0.3), "params": (2e7, 1e9)},
        truth={"L0": 1.8, "A": 0.6, "alpha": 0.45, "B": 300.0, "beta": 0.33, "K": 0.5},
        points=7,
    ),
    Design(
        "multi-power-two-stage",
        {"S1": (1.0, 8.0), "lr_fall": (1e-4, 2.8e-4), "area_after": (1e-4, 2.0), "lr_after": (2e-5, 2e-4)},
        "luo-2025-400m",
        points=6,
        doubted=True,
    ),
    Design(
        "multi-power",
        {},
        "luo-2025-400m",
        levels={
            "curve": (0.0, 1.0, 2.0, 5.0),
            "checkpoint_step": (2500.0, 3500.0, 5000.0, 7000.0, 8200.0, 8800.0, 10000.0, 12000.0, 14000.0, 16000.0),
        },
        open_units=("curve", "checkpoint_step"),
        doubted=True,
    ),
)
