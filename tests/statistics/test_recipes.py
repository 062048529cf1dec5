"""Intervals of recipe comparisons cover what they claim, and the best is as likely to be it as is said."""

import json
import math

import numpy as np
import pytest
from experiments import partial
from experiments.recipes import LEVELS, RESULT, line, simulate
from tests.recipes.support import compared, power_runs

from isoflop.recipes.paired import paired_trend
from isoflop.recipes.pool import WAYS
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


def test_the_kept_simulation_covers_within_three_points():
    kept = json.loads(RESULT.read_text(encoding="utf-8"))
    assert kept["simulations"] >= 300
    assert {case["way"] for case in kept["cases"]} == {"shared", "separate"}
    for case in kept["cases"]:
        for level in LEVELS:
            for name, share in case["coverage"][str(level)].items():
                assert abs(share - level) <= 0.03 + 1e-9, f"{case['design']}, {name}: {share:.1%} of {level:.0%}"


@pytest.mark.slow
def test_a_fresh_piece_of_the_simulation_agrees_with_the_kept_one():
    """Other seeds than the kept run; three Monte-Carlo standard errors of allowance."""
    count = 60
    fresh = simulate((line(), "separate", "log-huber"), range(10_000, 10_000 + count))
    for level in LEVELS:
        bound = 0.03 + 3 * math.sqrt(level * (1 - level) / count)
        for name, share in fresh[level].items():
            assert abs(share - level) <= bound, f"{level:.0%}, {name}: {share:.1%}"


@pytest.mark.slow
@pytest.mark.parametrize("way", ["shared", "separate"])
def test_differences_and_multipliers_cover(way):
    """Ten times beyond 20 runs a recipe; the draws allow three points, as elsewhere."""
    count, hits = 100, {"difference": 0, "multiplier": 0}
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
    count, truth, hits = 120, math.log(1e18 * (3.1 / 3.0) ** (1 / 0.005)), 0
    for seed in range(500, 500 + count):
        table = power_runs(CROSSING, noise=3e-3, seed=seed, flops=FLOPS)
        found = compared("K/(C/1e18)^a", table, flops=1e22, way="separate", draws=300, seed=seed)
        hits += truth in found.crossings[0].region
    assert abs(hits / count - LEVEL) <= allowed(count, 0.03), f"{hits / count:.1%}"


@pytest.mark.slow
def test_the_probability_of_the_best_is_calibrated_where_recipes_differ():
    """Over recipes that differ by more than the noise, the mean probability of the chosen one is how often it is best.

    The probability is that of a flat prior on the differences: over nearly equal recipes it says too much.
    """
    said, right, rng = [], [], np.random.default_rng(3)
    for seed in range(40):
        scales = dict(zip("xyz", 1.2 * (1 + 0.01 * rng.standard_normal(3)), strict=True))
        recipes = {name: {**OLD, "K": scale} for name, scale in scales.items()}
        table = power_runs(recipes, noise=3e-3, seed=seed, flops=FLOPS)
        found = compared("E + K/(C/1e18)^a", table, flops=1e21, draws=100, seed=seed).winner
        said.append(found.probability)
        right.append(scales[found.name] == min(scales.values()))
    assert abs(np.mean(said) - np.mean(right)) < 0.2


@pytest.mark.slow
def test_the_winner_of_equal_recipes_looks_too_good_and_the_correction_takes_some_of_it_back():
    truth, naive, corrected = OLD["E"] + OLD["K"] * 1e3**-0.15, [], []
    for seed in range(40):
        table = power_runs(dict.fromkeys("xyz", OLD), noise=3e-3, seed=seed, flops=FLOPS)
        found = compared("E + K/(C/1e18)^a", table, flops=1e21, draws=100, seed=seed).winner
        naive.append(found.response.value - truth)
        corrected.append(found.corrected - truth)
    assert np.mean(naive) < 0
    assert abs(np.mean(corrected)) < abs(np.mean(naive))


def test_partial_pooling_keeps_up_with_the_better_of_the_two_others():
    kept = json.loads(partial.RESULT.read_text(encoding="utf-8"))
    assert kept["simulations"] >= 100
    for spread, errors in kept["errors"].items():
        better = min(errors["separate"], errors["shared"])
        assert errors["partial"] <= partial.MARGIN * better, f"spread {spread}: {errors}"
    # Where exponents vary a little, each of the two others loses somewhere.
    worst = {way: max(e[way] / min(e["separate"], e["shared"]) for e in kept["errors"].values()) for way in WAYS}
    assert worst["partial"] < min(worst["shared"], worst["separate"])


@pytest.mark.slow
def test_a_fresh_piece_of_the_simulation_of_partial_pooling_agrees():
    for spread in (0.0, 0.03):
        errors = partial.simulate(spread, range(10_000, 10_030))
        assert errors["partial"] <= 1.3 * min(errors["separate"], errors["shared"])
