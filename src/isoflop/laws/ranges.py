"""Where a law holds: how far inputs lie outside what its source supports, and responses that cannot be."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.units import decades_beyond, format_quantity, training_flops

Array = NDArray[Any]
Ranges = Mapping[str, tuple[float, float]]


def decades_outside(ranges: Ranges, columns: Mapping[str, ArrayLike]) -> dict[str, float]:
    """How far beyond ranges inputs lie, in decades; 0 inside, and nothing for words without a range.

    Tokens per parameter and compute follow from params and tokens where the ranges are of them.

    Args:
        ranges: word → smallest and largest value.
        columns: word → values.

    Returns:
        Word → largest distance.
    """
    given = dict(columns)
    if {"params", "tokens"} <= set(given) and "tokens_per_param" in ranges:
        given["tokens_per_param"] = np.asarray(given["tokens"], float) / np.asarray(given["params"], float)
    if {"params", "tokens"} <= set(given) and "flops" in ranges and "flops" not in given:
        given["flops"] = training_flops(np.asarray(given["params"], float), np.asarray(given["tokens"], float))
    return {w: decades_beyond(given[w], r) for w, r in ranges.items() if w in given}


def outside_sentence(law: str, ranges: Ranges, decades: Mapping[str, float]) -> str:
    """A sentence on distances above 0; empty where there are none."""
    beyond = [
        f"{word} by {far:.2g} decades (it supports {' to '.join(map(format_quantity, ranges[word]))})"
        for word, far in decades.items()
        if far > 0
    ]
    return f"Outside the range of the source of law {law!r}: {', '.join(beyond)}." if beyond else ""


def impossible(response: Array, limits: tuple[float, float] | None) -> Array:
    """Responses that lie outside the values that they can have."""
    low, high = limits or (-np.inf, np.inf)
    return np.asarray(response[(response < low) | (response > high)])
