"""A design keeps its promise: the interval that it expects is about the one that comes, and holds the truth."""

import json

import pytest
from experiments.design_promise import RESULT, simulate


def broken(found: dict[str, float], slack: float) -> list[str]:
    """Return which promises are not kept."""
    kept = {
        "ratio_median": abs(found["ratio_median"] - 1) <= 0.15 + slack,
        "coverage": abs(found["coverage"] - 0.9) <= 0.05 + slack,
        "surprise_rms": 0.7 - slack <= found["surprise_rms"] <= 1.3 + slack,
    }
    return [f"{name}: {found[name]:.3g}" for name, good in kept.items() if not good]


def test_the_kept_simulation_keeps_the_promise():
    kept = json.loads(RESULT.read_text(encoding="utf-8"))
    assert kept["simulations"] >= 100
    assert not broken(kept, 0.0)


@pytest.mark.slow
def test_a_fresh_piece_of_the_simulation_agrees():
    assert not broken(simulate(range(10_000, 10_040)), 0.15)
