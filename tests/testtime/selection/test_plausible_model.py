"""The simulated truth behind the comparison of rules."""

import numpy as np
import pytest

from isoflop.errors import InputError
from isoflop.testtime.selection.plausible_model import RULES, PassModel, rule_accuracy


def test_correct_solutions_pass_exactly_the_correct_tests(rng):
    passes, right = PassModel(solution=0.5, lucky=0.0, misled=1.0).draw(200, rng)
    for matrix, truth in zip(passes, right, strict=True):
        if truth.any() and not truth.all():
            sound = matrix[truth][0]
            assert (matrix[truth] == sound).all()
            assert (matrix[~truth] == ~sound).all()


def test_chances_are_those_asked_for(rng):
    model = PassModel(solution=0.3, test=0.6, lucky=0.4, misled=0.1, solutions=5, tests=6)
    passes, right = model.draw(20_000, rng)
    assert right.mean() == pytest.approx(0.3, abs=0.006)
    wrong = passes[~right].mean()
    assert wrong == pytest.approx(0.6 * 0.4 + 0.4 * 0.1, abs=0.006)


def test_same_generator_same_numbers_other_generator_other_numbers():
    first, again, other = (rule_accuracy(PassModel(), trials=300, rng=np.random.default_rng(s)) for s in (1, 1, 2))
    assert first == again
    assert first != other
    assert set(first) == set(RULES)


def test_random_choice_is_the_mean_of_correctness():
    found = rule_accuracy(PassModel(solution=0.5), trials=4000, rng=np.random.default_rng(3))
    # Half by symmetry: dropping trials with all or none correct keeps it.
    mean, error = found["random"]
    assert abs(mean - 0.5) < 4 * error


def test_no_trial_leaves_a_choice(rng):
    with pytest.raises(InputError, match="fewer than two"):
        rule_accuracy(PassModel(solution=0.0), trials=50, rng=rng)
