"""A design keeps its promise: the interval that it expects is about the one that comes, and holds the truth."""

import json

import pytest
from experiments.design_promise import RESULT, simulate


def check(found: dict[str, float], slack: float) -> None:
    assert abs(found["ratio_median"] - 1) <= 0.15 + slack
    assert abs(found["coverage"] - 0.9) <= 0.05 + slack
    assert 0.7 - slack <= found["surprise_rms"] <= 1.3 + slack


def test_the_kept_simulation_keeps_the_promise():
    kept = json.loads(RESULT.read_text(encoding="utf-8"))
    assert kept["simulations"] >= 100
    check(kept, 0.0)


@pytest.mark.slow
def test_a_fresh_piece_of_the_simulation_agrees():
    check(simulate(range(10_000, 10_040)), 0.15)
