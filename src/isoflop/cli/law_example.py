"""One line that uses a law: what a reader may paste and run."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import numpy as np

from isoflop.laws.law import Law

PLACES: Final[Mapping[str, float]] = MappingProxyType(
    {
        "params": 1e9,
        "tokens": 2e10,
        "unique_tokens": 5e9,
        "flops": 1e20,
        "steps": 1e5,
        "loss": 3.0,
        "task_loss": 0.8,
        "nonvocab_params": 1e9,
        "vocab_params": 5e7,
        "weight_bits": 4.0,
        "activation_bits": 8.0,
        "kv_bits": 8.0,
        "post_bits": 4.0,
        "exponent_bits": 4.0,
        "mantissa_bits": 3.0,
        "block_elements": 128.0,
        "group_size": 128.0,
        "low_forward": 1.0,
        "low_backward": 0.0,
        "weight_sparsity": 0.5,
        "share": 0.5,
        "streams": 4.0,
        "experts": 32.0,
        "visual_tokens": 64.0,
        "gpu_hours": 1e4,
        "initial_reward": 0.3,
        "S1": 5.0,
        "S2": 0.1,
        "lr_fall": 2e-4,
        "lr_after": 1e-4,
        "area_after": 0.5,
        "k": 16.0,
        "accuracy": 0.5,
        "documents": 50.0,
        "i_doc": 0.1,
        "shots": 16.0,
        "i_shot": 0.05,
        "rounds": 5.0,
        "curve": 1.0,
        "checkpoint_step": 24000.0,
    }
)
"""Column → a usual value, taken where the source of a law supports it."""


def example(law: Law) -> str:
    """Give one line that uses a law: Python where coefficients are published, else the command that fits it."""
    if law.published and all(word in PLACES for word in law.columns):
        given = ", ".join(f"{word}={_text(value)}" for word, value in places(law).items())
        return f'law = iso.laws.get("{law.name}"); law.predict(law.published_set().values, {given})'
    if law.family == "user":
        return f"isoflop fit runs.csv --law '{law.formula}'"
    return f"isoflop fit runs.csv --law {law.name}"


def outcome(law: Law) -> str:
    """Say what the example gives, or what it needs."""
    if law.published and all(word in PLACES for word in law.columns):
        value = float(law.predict(law.published_set().values, **places(law)))
        return f"{value:.5g} {law.unit}, with the constants {law.published_set().name}"
    return f"runs.csv: one row a run, columns {', '.join((*law.columns, law.response))}"


def places(law: Law) -> dict[str, float]:
    """Give usual values of the columns that lie within the ranges of the law's source."""
    return {word: _within(law, word) for word in law.columns}


def _within(law: Law, word: str) -> float:
    """A column's usual value, or the middle of the range where that lies outside."""
    low, high = law.ranges.get(word, (-np.inf, np.inf))
    usual = PLACES[word]
    return usual if low <= usual <= high else float(f"{np.sqrt(low * high):.2g}")


def _text(value: float) -> str:
    """A number as one types it."""
    return f"{value:g}".replace("e+", "e").replace("e0", "e").replace("e-0", "e-")
