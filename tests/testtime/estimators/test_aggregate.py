"""Aggregates of runs × tasks."""

import numpy as np
import pytest
from scipy.stats import mannwhitneyu, trim_mean

from isoflop.errors import FitError, TableError
from isoflop.testtime.estimators.aggregate import chance_of_improvement, interquartile_mean, optimality_gap, over_runs


def test_against_scipy(rng):
    x, y = rng.normal(size=(7, 5)).round(1), rng.normal(size=(4, 5)).round(1)
    assert float(interquartile_mean(x)) == pytest.approx(trim_mean(x, 0.25, axis=None))
    u = [mannwhitneyu(x[:, task], y[:, task]).statistic for task in range(5)]
    assert float(chance_of_improvement(x, y)) == pytest.approx(np.mean(u) / 28)
    assert float(chance_of_improvement(x, x)) == pytest.approx(0.5)


def test_many_tables_at_once(rng):
    x = rng.random((6, 4, 3))
    for measure in (interquartile_mean, optimality_gap):
        assert measure(x) == pytest.approx([float(measure(one)) for one in x])


def test_runs_are_drawn_within_their_task(rng):
    # Every task has a constant of its own, so that no draw differs.
    x = np.tile([0.1, 0.7, 0.9], (5, 1))
    found = over_runs(optimality_gap, x, rng=rng, draws=50)
    assert np.ptp(found.draws) < 1e-12


def test_the_interval_of_a_chance(rng):
    x, y = rng.normal(0.8, 1, (20, 6)), rng.normal(0, 1, (20, 6))
    found = over_runs(chance_of_improvement, x, y, rng=rng)
    assert 0.5 < found.interval[0] < found.value < found.interval[1] < 1


def test_what_cannot_be(rng):
    with pytest.raises(TableError, match="no table of runs"):
        over_runs(optimality_gap, [[0.1, 0.2]], rng=rng)
    with pytest.raises(TableError, match="no table of runs"):
        over_runs(optimality_gap, [[0.1, np.nan], [1, 2]], rng=rng)
    with pytest.raises(TableError, match="different tasks"):
        over_runs(chance_of_improvement, [[1, 2], [3, 4]], [[1], [2]], rng=rng)
    with pytest.raises(FitError, match="level"):
        over_runs(optimality_gap, [[1, 2], [3, 4]], rng=rng, level=2)
