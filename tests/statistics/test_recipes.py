"""Intervals of recipe comparisons cover what they claim, and the best is as likely to be it as is said."""

import math

import numpy as np
import pytest
from tests.recipes.support import compared, power_runs

from isoflop.recipes.paired import paired_trend
from isoflop.runs.table import RunTable

LEVEL = 0.9
FLOPS = np.geomspace(1e18, 1e21, 20)
OLD, NEW = {"E": 1.7, "K": 1.2, "a": 0.15}, {"E": 1.7, "K": 1.1, "a": 0.15}
CROSSING = {"a": {"E": 0.0, "K": 3.0, "a": 0.05}, "b": {"E": 0.0, "K": 3.1, "a": 0.055}}


def allowed(count: int, slack: float) -> float:
    """Return the slack and three standard errors of a simulated share."""
    return slack + 3 * math.sqrt(LEVEL * (1 - LEVEL) / count)


def test_paired_runs_cover_the_gap_and_the_crossing():
    """Student's t is exact here, so that no slack is needed; the line of the truth passes 0 at 1e20."""
    rng, count, noise, slope = np.random.default_rng(11), 500, 2e-3, 1e-3
    flops = np.geomspace(1e18, 1e21, 10)
    truth = slope * np.log(flops / 1e20)
    gap = crossing = 0
    for _ in range(count):
        rows = {
            "recipe": np.repeat(["a", "b"], 10),
            "flops": np.tile(flops, 2),
            "params": np.tile(np.sqrt(flops / 120), 2),
            "loss": 3 * np.exp(np.concatenate([truth + noise * rng.standard_normal(10), np.zeros(10)])),
        }
        found = paired_trend(RunTable.from_columns(rows), "a", "b", at=1e22, level=LEVEL)
        low, high = found.gap_at.interval
        gap += low < slope * math.log(100) < high
        crossing += math.log(1e20) in found.crossing
    assert abs(gap / count - LEVEL) <= allowed(count, 0.0)
    assert abs(crossing / count - LEVEL) <= allowed(count, 0.0)


@pytest.mark.slow
@pytest.mark.parametrize("way", ["shared", "separate"])
def test_differences_and_multipliers_cover(way):
    """Ten times beyond 20 runs a recipe; the draws allow three points, as elsewhere."""
    count, hits = 120, {"difference": 0, "multiplier": 0}
    truth = {"difference": (1.1 - 1.2) * 1e4**-0.15, "multiplier": (1.2 / 1.1) ** (1 / 0.15)}
    for seed in range(500, 500 + count):
        table = power_runs({"old": OLD, "new": NEW}, noise=3e-3, seed=seed, flops=FLOPS)
        entry = compared("E + K/(C/1e18)^a", table, flops=1e22, way=way, draws=300, seed=seed)["new"]
        for name, value in truth.items():
            low, high = getattr(entry, name).interval
            hits[name] += low < value < high
    for name, hit in hits.items():
        assert abs(hit / count - LEVEL) <= allowed(count, 0.03), f"{way}, {name}: {hit / count:.1%}"


@pytest.mark.slow
def test_crossings_cover():
    count, truth, hits = 150, math.log(1e18 * (3.1 / 3.0) ** (1 / 0.005)), 0
    for seed in range(500, 500 + count):
        table = power_runs(CROSSING, noise=3e-3, seed=seed, flops=FLOPS)
        found = compared("K/(C/1e18)^a", table, flops=1e22, way="separate", draws=300, seed=seed)
        hits += truth in found.crossings[0].region
    assert abs(hits / count - LEVEL) <= allowed(count, 0.03), f"{hits / count:.1%}"


@pytest.mark.slow
def test_the_probability_of_the_best_is_calibrated_and_the_winner_corrected():
    """Three near recipes: over many tables the mean probability of the chosen one is how often it is the best.

    The naive winner looks too good, the corrected one less so.
    """
    recipes = {"x": OLD, "y": {**OLD, "K": 1.201}, "z": {**OLD, "K": 1.202}}
    best = OLD["E"] + OLD["K"] * 1e3**-0.15
    said, right, naive, corrected = [], [], [], []
    for seed in range(60):
        table = power_runs(recipes, noise=3e-3, seed=seed, flops=FLOPS)
        found = compared("E + K/(C/1e18)^a", table, flops=1e21, draws=200, seed=seed).winner
        true = OLD["E"] + recipes[found.name]["K"] * 1e3**-0.15
        said.append(found.probability)
        right.append(true == best)
        naive.append(found.response.value - true)
        corrected.append(found.corrected - true)
    assert abs(np.mean(said) - np.mean(right)) < 0.2
    assert np.mean(naive) < 0
    assert abs(np.mean(corrected)) < abs(np.mean(naive))
