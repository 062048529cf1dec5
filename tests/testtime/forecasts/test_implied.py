"""The power law of coverage: two kinds of residuals, its k, intervals over problems, what a distribution implies."""

import numpy as np
import pytest

from isoflop import laws
from isoflop.errors import FitError
from isoflop.testtime.estimators.coverage import pass_at_k
from isoflop.testtime.forecasts.difficulty import Difficulty
from isoflop.testtime.forecasts.distributions import fit_difficulty
from isoflop.testtime.forecasts.implied import SOURCE_KS, fit_coverage, implied_power

KS = np.array([1, 3, 10, 30, 100, 300, 1000])


@pytest.mark.parametrize("space", ["log", "coverage"])
def test_the_law_is_found_again(space: str) -> None:
    curve = laws.get("coverage").predict({"a": 4.1, "b": 0.37}, k=KS)
    found = fit_coverage(KS, curve, space=space)
    assert (found.a, found.b) == pytest.approx((4.1, 0.37), rel=1e-6)
    assert found.ks == tuple(KS)
    np.testing.assert_allclose(found.predict(KS), curve, rtol=1e-6)


def test_logs_are_an_ordinary_line() -> None:
    curve = Difficulty(0.3, 2.0, 0.5).coverage(KS)
    slope, intercept = np.polyfit(np.log(KS), np.log(-np.log(curve)), 1)
    found = fit_coverage(KS, curve)
    assert (found.a, found.b) == pytest.approx((np.exp(intercept), -slope), rel=1e-9)
    # The two ways differ where the law does not hold exactly.
    assert abs(fit_coverage(KS, curve, space="coverage").b - found.b) > 1e-3


def test_k_without_a_logarithm_are_left_out_and_named() -> None:
    found = fit_coverage([1, 2, 4, 8, 16], [0.0, 0.1, 0.2, 0.35, 1.0])
    assert found.left_out == (1.0, 16.0)
    assert found.ks == (2.0, 4.0, 8.0)


def test_draws_are_refits_of_weighted_problems(rng: np.random.Generator) -> None:
    d = Difficulty(0.3, 1.5)
    n, c = np.full(80, 300), rng.binomial(300, d.draw(80, rng=rng))
    table = pass_at_k(n, c, KS[:6])
    found = fit_coverage(KS[:6], table, rng=np.random.default_rng(3), draws=50)
    assert found.problems == 80
    gaps = np.random.default_rng(3).standard_exponential((50, 80))
    weights = gaps * (80 / gaps.sum(axis=1, keepdims=True))
    again = fit_coverage(KS[:6], weights[7] @ table / 80)
    assert found.draws is not None
    np.testing.assert_allclose(found.draws[7], (again.a, again.b), rtol=1e-9)
    low, high = found.parameter("b").interval
    assert low < found.b < high
    ahead = found.coverage([1e3, 1e4])
    assert np.all(ahead.interval[0] < ahead.value)
    assert found.coverage(10.0).value == pytest.approx(float(found.predict(10.0)))


def test_residuals_in_coverage_have_draws_too(rng: np.random.Generator) -> None:
    table = pass_at_k(np.full(30, 50), rng.integers(0, 40, 30), [1, 5, 20, 50])
    found = fit_coverage([1, 5, 20, 50], table, space="coverage", rng=rng, draws=10)
    assert found.draws is not None
    assert found.draws.shape == (10, 2)


def test_the_implied_exponent_is_above_alpha_over_few_samples() -> None:
    d = Difficulty(0.25, 1.82, 0.235)
    near, far = implied_power(d), implied_power(d, np.geomspace(1e8, 1e12, 10))
    assert near.ks == tuple(map(float, SOURCE_KS))
    assert near.b > 0.3
    assert far.b == pytest.approx(0.25, rel=0.01)


def test_rates_bounded_away_from_zero_have_no_power_law() -> None:
    uniform = implied_power(Difficulty(1.0, 1.0), np.geomspace(1e3, 1e6, 10))
    assert uniform.b == pytest.approx(1.0, rel=1e-3)


def test_intervals_of_the_implied_law_come_from_the_fit(rng: np.random.Generator) -> None:
    truth = Difficulty(0.3, 1.5, 0.4)
    n, c = np.full(300, 500), rng.binomial(500, truth.draw(300, rng=rng))
    fit = fit_difficulty(n, c, rng=rng)
    found, exact = implied_power(fit), implied_power(truth)
    low, high = found.parameter("b", level=0.99).interval
    assert low < exact.b < high
    assert implied_power(fit_difficulty(n, c)).draws is None


def test_what_is_no_curve_is_refused(rng: np.random.Generator) -> None:
    with pytest.raises(FitError, match="is no curve"):
        fit_coverage([1, 2], [0.1, 0.2, 0.3])
    with pytest.raises(FitError, match="is no curve"):
        fit_coverage([1, 2], [0.1, 1.2])
    with pytest.raises(FitError, match="no problems to resample"):
        fit_coverage([1, 2], [0.1, 0.2], rng=rng)
    with pytest.raises(FitError, match="a line needs two"):
        fit_coverage([1, 2, 3], [0.0, 0.2, 1.0])
    with pytest.raises(FitError, match="no draws"):
        fit_coverage([1, 2], [0.1, 0.2]).parameter("a")


def test_coverage_stays_between_none_and_all_and_needs_problems() -> None:
    n, c, ks = [20] * 12, [0, 0, 1, 4, 20, 15, 3, 9, 12, 1, 2, 0], [1, 2, 5, 10, 20]
    table = pass_at_k(n, c, ks)
    law = fit_coverage(ks, table, rng=np.random.default_rng(0))
    found = law.coverage([1, 1e5, 1e8])
    assert np.all((found.interval[0] > 0) & (found.interval[0] <= found.value))
    assert np.all((found.value <= found.interval[1]) & (found.interval[1] <= 1))
    with pytest.raises(FitError, match="One problem has no interval"):
        fit_coverage(ks, table[3:4], rng=np.random.default_rng(0))
    with pytest.raises(FitError, match="0 draws"):
        fit_coverage(ks, table, rng=np.random.default_rng(0), draws=0)
    with pytest.raises(FitError, match="no constant 'c'"):
        law.parameter("c")  # type: ignore[arg-type]
    for k in ([], [0], [-1.0]):
        with pytest.raises(FitError, match="k above 0"):
            law.coverage(k)
    alike = fit_coverage(ks, np.repeat(table[3:4], 3, axis=0), rng=np.random.default_rng(0), draws=20)
    assert "draws do not differ" in alike.coverage(100).leaves_out[0]
