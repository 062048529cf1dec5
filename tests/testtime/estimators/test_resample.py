"""Draws over problems and samples: shapes, sharing, variances, and errors."""

import numpy as np
import pytest

from isoflop.errors import FitError, TableError
from isoflop.testtime.estimators.best_of import best_of_k
from isoflop.testtime.estimators.coverage import pass_at_k, pass_at_k_variance
from isoflop.testtime.estimators.resample import (
    NO_SPREAD,
    benchmark_mean,
    fixed_mean,
    problem_weights,
    ratio_of_means,
    redraw_counts,
    redraw_samples,
)


def test_weights_are_shares_of_drawn_problems(rng):
    weights = problem_weights(50, 4000, rng)
    assert weights.sum(axis=1) == pytest.approx(1.0)
    assert np.allclose(weights * 50, np.round(weights * 50))
    assert weights.mean(axis=0) == pytest.approx(0.02, abs=0.002)


def test_problem_draws_have_the_variance_of_the_mean(rng):
    values = rng.beta(0.5, 1, (80, 3))
    found = benchmark_mean(values, rng=rng, draws=8000)
    assert found.draws.shape == (8000, 3)
    assert found.value == pytest.approx(values.mean(axis=0))
    assert found.draws.std(axis=0) == pytest.approx(values.std(axis=0) / np.sqrt(80), rel=0.04)


def test_curves_share_their_draws(rng):
    """The columns of a table are drawn together: a curve that never falls never falls in any draw."""
    values = pass_at_k(np.full(40, 20), rng.binomial(20, 0.1, 40), np.arange(1, 21))
    assert np.all(np.diff(benchmark_mean(values, rng=rng).draws, axis=1) >= -1e-12)


def test_ends_stay_within_the_draws_and_widen_for_few_problems(rng):
    few = benchmark_mean(np.array([0.0, 1.0, 1.0, 1.0, 1.0]), rng=rng, level=0.95)
    assert few.draws.min() <= few.interval[0]
    assert few.interval[1] <= 1.0
    plain = np.quantile(few.draws, 0.025)
    assert few.interval[0] < plain


def test_fixed_problems_have_the_variance_of_the_samples(rng):
    n, p = np.full(60, 50), rng.beta(1, 1, 60)
    c = rng.binomial(n, p)
    again = redraw_counts(lambda n, c: pass_at_k(n, c, [1]), n, c)
    found = benchmark_mean(pass_at_k(n, c, [1]), rng=rng, draws=2000, again=again, fixed_problems=True)
    share = c / n
    assert found.draws.std() == pytest.approx(np.sqrt((share * (1 - share) / 50).sum()) / 60, rel=0.08)
    assert found.draws.mean() == pytest.approx(found.value, abs=1e-12)
    both = benchmark_mean(pass_at_k(n, c, [1]), rng=rng, draws=2000, again=again)
    assert both.draws.std() > 3 * found.draws.std()


def test_samples_drawn_again_stay_in_their_problem(rng):
    starts = np.array([0, 4, 10])
    values = np.array([1.0] * 4 + [5.0] * 6)
    again = redraw_samples(lambda places: best_of_k(values[places], starts, [1, 3]), starts)
    assert again(rng, 3) == pytest.approx(np.array([[[1.0, 1.0], [5.0, 5.0]]] * 3))


def test_the_bias_of_drawing_samples_again_is_taken_out(rng):
    """pass@8 from resampled counts is too low on average; draws are moved back to the estimate."""
    n, c = np.full(50, 10), rng.binomial(10, 0.2, 50)
    value = pass_at_k(n, c, [8])
    again = redraw_counts(lambda n, c: pass_at_k(n, c, [8]), n, c)
    raw = again(rng, 400).mean()
    found = benchmark_mean(value, rng=rng, again=again, fixed_problems=True, draws=400)
    assert raw < value.mean() - 0.01
    assert found.draws.mean() == pytest.approx(value.mean(), abs=1e-12)


def test_variances_give_the_same_ends_as_draws_where_k_is_small(rng):
    n, c = np.full(200, 100), rng.binomial(100, rng.random(200))
    value = pass_at_k(n, c, [1])
    again = redraw_counts(lambda n, c: pass_at_k(n, c, [1]), n, c)
    drawn = benchmark_mean(value, rng=rng, draws=4000, again=again, fixed_problems=True)
    exact = fixed_mean(value, pass_at_k_variance(n, c, [1]))
    assert np.diff(exact.interval, axis=0) == pytest.approx(np.diff(drawn.interval, axis=0), rel=0.06)
    with pytest.raises(TableError, match="do not fit"):
        fixed_mean(value, np.ones(100))
    with pytest.raises(TableError, match=r"k = 51 needs 2 k = 102 samples.*give k up to 50"):
        pass_at_k_variance(n, c, 51)


def test_ratios_share_the_drawn_problems(rng):
    above = rng.uniform(1, 2, 30)
    found = ratio_of_means(above, above / 3, rng=rng)
    assert found.draws == pytest.approx(3.0)


def test_no_spread_is_said(rng):
    found = benchmark_mean(np.zeros(20), rng=rng)
    assert found.interval == (0.0, 0.0)
    assert found.leaves_out == (NO_SPREAD,)


def test_the_same_state_gives_the_same_bits(rng):
    values = rng.random((30, 2))
    runs = [benchmark_mean(values, rng=np.random.default_rng(s)).draws for s in (1, 1, 2)]
    assert np.array_equal(runs[0], runs[1])
    assert not np.array_equal(runs[0], runs[2])


@pytest.mark.parametrize(("values", "said"), [
    (np.array([0.1]), "two problems"), (np.array([0.1, np.nan]), "1 of 2 problems"), (np.zeros((2, 2, 2)), "shape"),
])  # fmt: skip
def test_what_has_no_interval(values, said, rng):
    with pytest.raises(TableError, match=said):
        benchmark_mean(values, rng=rng)


def test_fixed_problems_need_samples_to_draw(rng):
    with pytest.raises(FitError, match="redraw_counts"):
        benchmark_mean(np.array([0.1, 0.2]), rng=rng, fixed_problems=True)
    with pytest.raises(FitError, match="level"):
        benchmark_mean(np.array([0.1, 0.2]), rng=rng, level=1.5)


@pytest.mark.parametrize("draws", [0, -1])
def test_no_draws_give_no_interval(draws, rng):
    values = np.array([0.1, 0.2])
    again = redraw_counts(lambda n, c: c / n, np.array([4, 8]), np.array([4, 0]))
    with pytest.raises(FitError, match="draws give no interval"):
        benchmark_mean(values, rng=rng, draws=draws)
    with pytest.raises(FitError, match="draws give no interval"):
        benchmark_mean(values, rng=rng, draws=draws, again=again)
    with pytest.raises(FitError, match="draws give no interval"):
        ratio_of_means(values, values, rng=rng, draws=draws)
