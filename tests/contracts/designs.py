"""For every law of the catalogue: a design. A family's designs stand in `designs_<family>.py` beside this file."""

from importlib import import_module
from pathlib import Path

from tests.contracts.design import Design

_SIZES = (7e7, 1.6e10)
_TOKENS = (5e9, 5e11)
_ONE_BREAK = {"a": 1.5, "b": 60.0, "c0": 0.1, "c1": 0.12, "f1": 0.4}

_CORE = (
    Design("power-params", {"params": (768, 1.5e9)}, "kaplan-2020"),
    Design("power-tokens", {"tokens": (2e7, 2.29e10)}, "kaplan-2020"),
    Design("power-flops", {"flops": (1e15, 1e21)}, "kaplan-2020"),
    Design("power-params-floor", {"params": (1e5, 3e9)}, "henighan-image-32x32", points=20),
    Design("power-tokens-floor", {"tokens": (1e5, 1e9)}, "hestness-translation-512", points=20),
    Design("power-flops-floor", {"flops": (1e16, 1e20)}, "porian-frontier-3", points=20),
    Design("chinchilla", {"params": _SIZES, "tokens": _TOKENS}, "hoffmann-2022-tex", points=8),
    Design("kaplan-tokens", {"params": (1e5, 1.5e9), "tokens": (2e7, 2.29e10)}, "kaplan-2020", points=8),
    Design("kaplan-steps", {"params": (1e5, 1.5e9), "steps": (1e3, 1e6)}, "kaplan-2020", points=8),
    Design("gadre", {"params": (1e7, 6.9e9), "tokens": (2e8, 1e12)}, "gadre-2024-redpajama", points=8),
    Design("skaling", {"params": _SIZES, "tokens": _TOKENS}, "epoch-2024-refit", points=8),
    Design(
        "farseer",
        {"params": (1e8, 2.5e10), "tokens": (1e9, 5e11)},
        "scalebench-2026",
        points=12,
        open_units=("params", "tokens"),
    ),
    Design("bnsl-1-params", {"params": (1e5, 1e11)}, truth=_ONE_BREAK | {"d1": 1e8}, points=40),
    Design("bnsl-1-tokens", {"tokens": (1e2, 4e3)}, "addition-4-digit", points=40),
    Design("bnsl-1-flops", {"flops": (1e15, 1e25)}, truth=_ONE_BREAK | {"d1": 1e20}, points=40),
    Design(
        "bnsl-2-flops",
        {"flops": (1e12, 1e26)},
        truth=_ONE_BREAK | {"d1": 1e16, "c2": -0.1, "d2": 1e21, "f2": 0.3},
        points=60,
        doubted=True,
    ),
    Design("bnsl-3-flops", {"flops": (1e0, 1e24)}, "decomposition", points=100, doubted=True),
)

_FAMILIES = sorted(path.stem for path in Path(__file__).parent.glob("designs_*.py"))

DESIGNS: tuple[Design, ...] = (
    *_CORE,
    *(design for family in _FAMILIES for design in import_module(f"tests.contracts.{family}").DESIGNS),
)
