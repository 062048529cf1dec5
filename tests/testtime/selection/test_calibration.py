"""Calibration error by plain bins, and the area under the curve by pairs."""

import numpy as np
import pytest

from isoflop.errors import InputError
from isoflop.testtime.selection.calibration import auroc, calibration


def test_the_error_is_its_sum(rng):
    p, correct = np.round(rng.random(80), 2), rng.integers(0, 2, 80)
    total = 0.0
    for place in range(5):
        low, high = place / 5, (place + 1) / 5
        own = (p > low) & (p <= high) if place else p <= high
        if own.any():
            total += own.sum() * abs(correct[own].mean() - p[own].mean())
    found = calibration(p, correct, bins=5)
    assert found.error == pytest.approx(total / 80)
    assert found.problems.sum() == 80


def test_ends_and_empty_bins():
    found = calibration([0.0, 1.0], [0, 1])
    assert found.error == 0
    assert found.problems.tolist() == [1] + [0] * 8 + [1]
    assert np.isnan(found.accuracy[1:9]).all()
    assert calibration([1.0], [0]).error == 1.0


def test_the_bias_of_few_problems(rng):
    """A confidence that says the truth has an error above 0 that shrinks with the problems."""
    errors = []
    for problems in (50, 5000):
        p = rng.random(problems)
        errors.append(calibration(p, rng.random(problems) < p).error)
    assert errors[0] > errors[1] > 0


def test_scores_that_are_no_probabilities():
    with pytest.raises(InputError, match="risk_coverage"):
        calibration([0.5, 3.0], [1, 0])
    with pytest.raises(InputError, match="1 bin or more"):
        calibration([0.5], [1], bins=0)
    with pytest.raises(InputError, match="at least 1"):
        calibration([], [])


def test_the_area_counts_pairs(rng):
    scores, correct = rng.integers(0, 5, 40), rng.integers(0, 2, 40)
    right, wrong = scores[correct == 1], scores[correct == 0]
    pairs = np.mean([(a > b) + 0.5 * (a == b) for a in right for b in wrong])
    assert auroc(scores, correct) == pytest.approx(pairs)
    assert auroc(-scores, correct) == pytest.approx(1 - pairs)


def test_shares_of_samples_are_samples():
    written_out = auroc([0.9, 0.9, 0.9, 0.9, 0.2, 0.2, 0.2, 0.2], [1, 1, 1, 0, 0, 0, 0, 1])
    assert auroc([0.9, 0.2], [0.75, 0.25]) == pytest.approx(written_out)


def test_nothing_to_compare():
    assert np.isnan(auroc([0.1, 0.2], [1, 1]))
    with pytest.raises(InputError, match="missing"):
        auroc([np.nan], [1])
