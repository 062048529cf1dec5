"""The usual shapes of learning-rate schedules, as the rate of every step."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import LawError

Array = NDArray[Any]

SHAPES: Final[Mapping[str, Callable[[Array], Array]]] = MappingProxyType(
    {
        "constant": np.ones_like,
        "fall": lambda x: np.where(x > 0, 0.0, 1.0),
        "cosine": lambda x: 0.5 * (1 + np.cos(np.pi * x)),
        "linear": lambda x: 1 - x,
        "sqrt": lambda x: 1 - np.sqrt(x),
        "rex": lambda x: (1 - x) / (0.5 + 0.5 * (1 - x)),
        "exponential": np.ones_like,
    }
)
"""Shape → share of the way from the end rate to the peak, by share x of the decay; exponential is geometric."""


def rates(shape: str, steps: int, ends: tuple[float, float], *, warmup: int = 0, stable: int | None = None) -> Array:
    """Rate of every step: linear warm-up, a stable stage at the peak, and a decay of a given shape.

    Args:
        shape: a name in `SHAPES`.
        steps: last step.
        ends: highest rate, and rate at the last step.
        warmup: steps in which the rate rises from 0 to the peak.
        stable: step at which the decay begins; the end of warm-up when None.

    Returns:
        Rates, shape (steps + 1,).

    Raises:
        LawError: an unknown shape, or steps and rates that do not fit.

    >>> rates("linear", 4, (1.0, 0.0)).tolist()
    [1.0, 0.75, 0.5, 0.25, 0.0]
    """
    (peak, end), start = ends, warmup if stable is None else stable
    if shape not in SHAPES:
        raise LawError(f"There is no schedule of shape {shape!r}. Choose {', '.join(SHAPES)}.")
    if not 0 <= warmup <= start < steps:
        raise LawError(
            f"Warm-up of {warmup} steps, decay from step {start} and {steps} steps do not fit. "
            "Give 0 <= warmup <= stable < steps."
        )
    if not 0 <= end <= peak or (shape == "exponential" and end == 0):
        raise LawError(f"A decay from {peak:g} to {end:g} is not {shape}. Give 0 < end <= peak.")
    share = np.arange(steps - start + 1) / (steps - start)
    if shape == "exponential":
        decay = peak * (end / peak) ** share
    else:
        decay = end + (peak - end) * SHAPES[shape](share) if shape != "fall" else np.full(len(share), end)
    return np.concatenate([np.linspace(0, peak, warmup), np.full(start - warmup, peak), decay])
