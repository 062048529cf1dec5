"""The serial x parallel surface of votes by tests."""

from itertools import combinations

import numpy as np
import pytest

from isoflop.errors import InputError
from isoflop.testtime.selection import serial_parallel
from isoflop.testtime.selection.plausible_tests import expected_correct, max_pass_scores
from isoflop.testtime.selection.serial_parallel import vote_surface


def table(rng, rounds=3, attempts=5, tests=12):
    owner = rng.integers(0, attempts, tests)
    return rng.integers(0, 2, (rounds, attempts, tests)), rng.integers(0, 2, (rounds, attempts)), owner


def test_brute_force_over_subsets(rng):
    passes, correct, owner = table(rng)
    found = vote_surface(passes, correct, owner, rng=rng)
    for t in range(3):
        for m in range(1, 6):
            each = []
            for subset in combinations(range(5), m):
                kept = np.isin(owner, subset)
                scores = max_pass_scores(passes[t][list(subset)][:, kept]) if kept.any() else np.zeros(m)
                each.append(float(expected_correct(scores, correct[t][list(subset)])))
            assert found[t, m - 1] == pytest.approx(np.mean(each))


def test_one_attempt_is_the_mean_of_all(rng):
    passes, correct, owner = table(rng)
    assert vote_surface(passes, correct, owner, rng=rng)[:, 0] == pytest.approx(correct.mean(axis=1))


def test_random_subsets_agree_with_all(rng, monkeypatch):
    passes, correct, owner = table(rng, attempts=8, tests=30)
    exact = vote_surface(passes, correct, owner, rng=rng)
    monkeypatch.setattr(serial_parallel, "SUBSETS", 20)
    few = np.mean([vote_surface(passes, correct, owner, rng=rng) for _ in range(40)], axis=0)
    np.testing.assert_allclose(few, exact, atol=0.06)


def test_shapes_and_marks(rng):
    passes, correct, owner = table(rng)
    with pytest.raises(InputError, match="do not match"):
        vote_surface(passes, correct[:2], owner, rng=rng)
    with pytest.raises(InputError, match="beyond the 5"):
        vote_surface(passes, correct, owner + 5, rng=rng)
    with pytest.raises(InputError, match="neither 1 nor 0"):
        vote_surface(passes * 2, correct, owner, rng=rng)
