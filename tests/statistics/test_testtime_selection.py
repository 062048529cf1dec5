"""Selection rules and samplers do in simulation what they say."""

import math

import numpy as np
import pytest
from tests.testtime.support import TARGET, TOTAL, TOY, chi_square_excess, gibbs_from_target, score

from isoflop.testtime.samplers.adaptive import sweep_thresholds
from isoflop.testtime.samplers.particles import Filter, particle_filter, particle_gibbs
from isoflop.testtime.samplers.toy import distance
from isoflop.testtime.selection.plausible_model import PassModel, rule_accuracy
from isoflop.testtime.selection.risk import accuracy_at_coverage, risk_coverage


@pytest.mark.slow
def test_rules_in_the_simulation_of_b4_within_four_thousandths():
    """The reference's own means (17,831 trials) have standard errors up to .0034."""
    found = rule_accuracy(PassModel(), trials=120_000, rng=np.random.default_rng(1))
    for rule, printed in {"max-pass": 0.5946, "codet": 0.8255, "b4": 0.9854}.items():
        assert found[rule][0] == pytest.approx(printed, abs=0.004), rule


@pytest.mark.slow
@pytest.mark.parametrize(
    ("below", "scheme"), [(1.0, "multinomial"), (0.6, "multinomial"), (0.6, "systematic"), (0.0, "multinomial")]
)
def test_the_evidence_of_particles_is_unbiased(below, scheme, rng):
    settings = Filter(3, resample_below=below, scheme=scheme)
    found = np.exp([particle_filter(TOY, score, settings, rng=rng).log_evidence for _ in range(6000)])
    assert abs(found.mean() - TOTAL) < 4 * found.std() / math.sqrt(len(found))


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings", [Filter(2), Filter(4, resample_below=0.5), Filter(3, resample_below=0.0)], ids=["2", "half", "never"]
)
def test_particle_gibbs_leaves_its_target(settings, rng):
    assert chi_square_excess(gibbs_from_target(settings, 6000, rng), TARGET) < 4


@pytest.mark.slow
def test_particle_gibbs_reaches_its_target(rng):
    chain = particle_gibbs(TOY, score, Filter(3), iterations=12_000, rng=rng)
    assert distance({name: chain.count(name) for name in TARGET}, TARGET) < 0.03


def answered(rng, problems):
    """Return confidences that know something of the chance to be right, and what came out."""
    chance = rng.beta(2, 1, problems)
    return chance + 0.15 * rng.standard_normal(problems), rng.random(problems) < chance


@pytest.mark.slow
def test_intervals_of_risk_cover(rng):
    confidence, correct = answered(rng, 1_000_000)
    whole = risk_coverage(confidence, correct, rng=rng, draws=2)
    sure = confidence >= np.quantile(confidence, 0.6)
    count, hits = 800, np.zeros(3)
    for _ in range(count):
        pair = answered(rng, 150)
        found = risk_coverage(*pair, rng=rng, draws=400, level=0.95)
        accuracy = accuracy_at_coverage(*pair, 0.4, rng=rng, draws=400, level=0.95)
        for place, (estimate, truth) in enumerate(
            [(found.area, whole.area.value), (accuracy, correct[sure].mean()), (found.excess, whole.excess.value)]
        ):
            hits[place] += estimate.interval[0] <= truth <= estimate.interval[1]
    area, at, excess = hits / count
    assert abs(area - 0.95) < 0.025
    assert abs(at - 0.95) < 0.025
    assert abs(excess - 0.95) < 0.025


@pytest.mark.slow
def test_the_gain_of_a_blind_difficulty_is_covered(rng):
    """Thinking where a difficulty that knows nothing says so gains nothing: the interval of the gain holds 0."""
    count, items, hits = 600, 200, 0
    for _ in range(count):
        hard = rng.random(items)
        quick = rng.random(items) < 1 - 0.8 * hard, rng.integers(50, 150, items)
        think = rng.random(items) < 0.95, rng.integers(800, 3000, items)
        gain = sweep_thresholds(rng.random(items), quick, think, rng=rng, thresholds=[0.5], draws=400, level=0.95).gain
        hits += gain.interval[0][0] <= 0 <= gain.interval[1][0]
    assert abs(hits / count - 0.95) < 0.025
