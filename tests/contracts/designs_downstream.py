"""Designs of the downstream laws and of reinforcement learning."""

from tests.contracts.design import Design

_COMPONENTS = (0.1, 0.4, 0.8, 1.3, 2.0)

DESIGNS = (
    Design("gadre-error", {"loss": (1.5, 6.0)}, "gadre-2024-redpajama-17", points=40),
    Design("task-loss", {"params": (1.9e8, 1.3e10), "tokens": (3.8e9, 5e12)}, "olmo-ladder-hellaswag", points=8),
    # The middle of a sigmoid is no factor: another unit of the loss is another law.
    Design("task-sigmoid", {"task_loss": (0.3, 2.0)}, "olmo-ladder-hellaswag", points=60, open_units=("task_loss",)),
    Design("cod", {"flops": (1e18, 1e26)}, truth={"g": 0.25, "a": 3e6, "b": 0.3, "c": 0.1}, points=60),
    Design(
        "observational",
        {},
        truth={"b": 0.2, "a": 0.7, "w1": 1.5, "w2": -0.6, "w3": 0.4, "c": -2.0},
        levels={"pc1": (0.1, 0.5, 1.0, 2.0, 4.0, 7.0), "pc2": _COMPONENTS, "pc3": _COMPONENTS},
    ),
    Design(
        "sloth",
        {"params": (1e8, 1e11), "tokens": (1e11, 1.5e13)},
        truth={"alpha": -1.2, "b_N": 0.5, "b_D": 0.3, "b_ND": 0.05},
        points=6,
        levels={"chance": (0.0, 0.25)},
        open_units=("params", "tokens", "chance"),
    ),
    Design("densing", {"days": (10, 900)}, truth={"A": 0.0073, "B": -3.0}, points=30),
    Design("passuntil", {"params": (3e7, 2.4e9)}, truth={"c": 3e4, "alpha": 0.5}, points=30),
    Design(
        "scalerl",
        {"gpu_hours": (1.5e3, 1e5)},
        "scalerl-2025-base",
        points=40,
        levels={"initial_reward": (0.2, 0.3)},
        open_units=("initial_reward",),
    ),
    Design("rl-power", {"gpu_hours": (1.5e3, 1e5)}, truth={"A": 0.61, "D_0": 100.0, "B": 0.9}, points=40),
)
