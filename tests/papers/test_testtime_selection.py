"""Selection rules and samplers against printed or recomputed numbers (testtime_and_rl reference, sections named)."""

import numpy as np
import pytest
from tests.papers.support import assert_prints_as

from isoflop.testtime.samplers.metropolis import acceptance
from isoflop.testtime.samplers.resampling import effective_particles, normalised, step_weights
from isoflop.testtime.selection.conformal import conformal_p_values
from isoflop.testtime.selection.perplexity import (
    likely_paths,
    perplexity_consistency,
    pruned_consistency,
    self_consistency,
)
from isoflop.testtime.selection.plausible_model import PassModel, rule_accuracy
from isoflop.testtime.selection.plausible_tests import b4_scores, codet_scores

# Section 18: the small matrix of solutions and tests.
SMALL = [[1, 1, 0, 0, 1], [1, 1, 0, 0, 1], [1, 0, 1, 0, 0], [0, 0, 0, 1, 0]]


@pytest.mark.parametrize(
    ("beta0", "alpha", "expected"),
    [
        (10, 10, ("-24.9481", "-24.9481", "-33.5544", "-34.6126")),
        (1, 1, ("-14.6344", "-14.6344", "-18.8829", "-16.5527")),
    ],
)
def test_b4_on_the_small_matrix(beta0, alpha, expected) -> None:
    for score, text in zip(b4_scores(SMALL, beta0=beta0, alpha=alpha), expected, strict=True):
        assert_prints_as(score, text)


def test_codet_on_the_small_matrix() -> None:
    for score, text in zip(codet_scores(SMALL), ("4.2426", "4.2426", "2", "1"), strict=True):
        assert_prints_as(score, text)


PRINTED_RULES = {"random": 0.2236, "max-pass": 0.5946, "mbr-exec": 0.7251, "codet": 0.8255, "b4": 0.9854}


def test_rules_in_the_simulation_of_b4() -> None:
    """Section 18: means of 17,831 trials with standard errors up to .0034; ours are 20,000 drawn otherwise."""
    found = rule_accuracy(PassModel(), trials=20_000, rng=np.random.default_rng(0))
    for rule, printed in PRINTED_RULES.items():
        mean, error = found[rule]
        assert abs(mean - printed) < 3 * np.sqrt(2) * error, f"{rule}: {mean:.4f} ± {error:.4f}, printed {printed}"


@pytest.mark.parametrize(
    ("beta0", "alpha", "printed"),
    [(1, 10, 0.9853), (100, 10, 0.9841), (1e4, 10, 0.9548), (10, 1, 0.9860), (1e4, 1e3, 0.9368)],
)
def test_b4_under_other_priors(beta0, alpha, printed) -> None:
    found = rule_accuracy(PassModel(), trials=20_000, rng=np.random.default_rng(4), beta0=beta0, alpha=alpha)
    mean, error = found["b4"]
    assert abs(mean - printed) < 3 * np.sqrt(2) * error, f"{mean:.4f} ± {error:.4f}"


@pytest.mark.parametrize(
    ("proposed", "length", "beta", "expected"),
    [(1.2, 120, 1.0, "1"), (0.5, 80, 1.0, ".758163"), (0.5, 80, 0.5, ".459849")],
)
def test_acceptance_of_qalign(proposed, length, beta, expected) -> None:
    """Section 12."""
    assert_prints_as(acceptance(1.0, proposed, 100, length, beta=beta), expected)


@pytest.mark.parametrize(
    ("weight", "shares", "effective"),
    [
        ("odds", (".8196", ".1366", ".0390", ".0048"), "1.445"),
        ("score", (".4865", ".3243", ".1622", ".0270"), "2.711"),
    ],
)
def test_weights_of_particles(weight, shares, effective) -> None:
    """Section 13: the library's odds and the paper's scores."""
    logs = step_weights([0.9, 0.6, 0.3, 0.05], weight)
    for found, text in zip(normalised(logs), shares, strict=True):
        assert_prints_as(found, text)
    assert_prints_as(effective_particles(logs), effective)


# Section 19: ten samples.
LOGS = [-0.20, -0.25, -0.30, -0.35, -1.2, -1.4, -1.5, -1.6, -1.8, -2.0]
ANSWERS = list("AABABBBCBC")


def test_rpc_on_ten_samples() -> None:
    for found, expected in (
        (self_consistency(ANSWERS), {"B": ".5", "A": ".3", "C": ".2"}),
        (perplexity_consistency(ANSWERS, LOGS), {"A": ".5334", "B": ".3885", "C": ".0781"}),
        (pruned_consistency(ANSWERS, LOGS), {"A": ".7566", "B": ".2434", "C": "0"}),
    ):
        assert found.answers == tuple(expected)
        for value, text in zip(found.values, expected.values(), strict=True):
            assert_prints_as(value, text)
    assert likely_paths(LOGS).tolist() == [True] * 4 + [False] * 6


@pytest.mark.parametrize(("score", "elevenths"), [(-2.3, 9), (-1.1, 5), (-0.1, 1)])
def test_p_values_of_atts(score, elevenths) -> None:
    """Section 14."""
    pool = [-3, -2.5, -2.2, -1.9, -1.5, -1.2, -1, -0.8, -0.5, -0.2]
    assert float(conformal_p_values(score, pool)) == elevenths / 11
