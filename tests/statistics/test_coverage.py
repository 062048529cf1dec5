"""Intervals cover what they claim: the kept result of the simulation, and a fresh piece of it."""

import json

import numpy as np
import pytest
from experiments.coverage import LEVELS, RESULT, one, simulate

KINDS = ("gaussian", "student-t 3")


def test_the_kept_simulation_covers_within_three_points():
    kept = json.loads(RESULT.read_text(encoding="utf-8"))
    assert kept["simulations"] >= 1000
    for kind in KINDS:
        for level in LEVELS:
            for name, share in kept["coverage"][kind][f"{level:.0%}"].items():
                assert abs(share - level) <= 0.03, f"{kind}, {level:.0%}, {name}: {share:.1%}"


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_fresh_piece_of_the_simulation_agrees_with_the_kept_one(kind):
    """Other seeds than the kept run; three Monte-Carlo standard errors of allowance."""
    count = 120
    fresh = simulate(kind, range(10_000, 10_000 + count), draws=500)
    for level in LEVELS:
        allowed = 0.03 + 3 * np.sqrt(level * (1 - level) / count)
        for name, share in fresh[level].items():
            assert abs(share - level) <= allowed, f"{kind}, {level:.0%}, {name}: {share:.1%}"


def test_one_study_is_repeatable():
    assert one("gaussian", 7, draws=50) == one("gaussian", 7, draws=50)
