"""Studentised intervals."""

import numpy as np
import pytest

from isoflop.errors import FitError
from isoflop.testtime.estimators.resample import NO_SPREAD
from isoflop.testtime.estimators.studentised import studentised


def test_ends_are_the_percentiles_of_t_turned_round() -> None:
    t = np.linspace(-3, 1, 101)
    error = np.full(101, 0.1)
    found = studentised((0.5, 0.02), (0.5 + t * error, error), level=0.9, bounds=(0, 1))
    assert found.interval == pytest.approx((0.5 - 0.8 * 0.02, 0.5 + 2.8 * 0.02), abs=0.001)


def test_ends_stay_within_the_bounds() -> None:
    t = np.linspace(-3, 3, 101)
    found = studentised((0.01, 0.1), (t, np.ones(101)), level=0.9, bounds=(0, 0.2))
    assert found.interval == (0, 0.2)


def test_draws_without_an_error_take_no_part() -> None:
    t = np.linspace(-1, 1, 101)
    drawn, errors = np.concatenate([t, np.full(30, -50.0)]), np.concatenate([np.ones(101), np.zeros(30)])
    with_them = studentised((0.0, 1.0), (drawn, errors), level=0.9, bounds=(-9, 9))
    assert with_them.interval == studentised((0.0, 1.0), (t, np.ones(101)), level=0.9, bounds=(-9, 9)).interval


def test_no_error_is_no_interval() -> None:
    found = studentised((0.2, 0.0), (np.full(50, 0.2), np.zeros(50)), level=0.9, bounds=(0, 1))
    assert found.leaves_out == (NO_SPREAD,)
    assert found.interval == (0.2, 0.2)


def test_a_level_that_is_none() -> None:
    with pytest.raises(FitError, match="level"):
        studentised((0.2, 0.1), (np.ones(50), np.ones(50)), level=1.5, bounds=(0, 1))
