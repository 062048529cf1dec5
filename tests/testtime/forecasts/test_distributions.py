"""Fits of difficulty: against SciPy's own optimum, recovery, intervals, scales, refusals."""

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize
from scipy.special import betaln, gammaln, log_expit, logit
from scipy.stats import betabinom

from isoflop.errors import FitError, TableError
from isoflop.testtime.forecasts.difficulty import Difficulty
from isoflop.testtime.forecasts.distributions import fit_difficulty
from isoflop.testtime.forecasts.mixtures import log_rise


def counts(rng: np.random.Generator, d: Difficulty, problems: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Counts of problems whose rates follow a distribution."""
    return np.full(problems, n), rng.binomial(n, d.draw(problems, rng=rng))


def test_the_plain_fit_is_scipy_s_optimum(rng: np.random.Generator) -> None:
    n, c = counts(rng, Difficulty(0.3, 1.5), 150, 40)
    n[::3] = 25
    c = np.minimum(c, n)
    found = fit_difficulty(n, c, scale=1.0)

    def cost(log_parameters: np.ndarray) -> float:
        return -float(betabinom.logpmf(c, n, *np.exp(log_parameters)).sum())

    other = minimize(cost, [0.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12})
    assert found.outcome == "interior"
    assert found.log_likelihood * 150 == pytest.approx(-other.fun, abs=1e-8)
    np.testing.assert_allclose([found.difficulty.alpha, found.difficulty.beta], np.exp(other.x), rtol=1e-6)


@pytest.mark.parametrize("shape", ["beta", "kumaraswamy"])
def test_a_scaled_fit_is_a_maximum(rng: np.random.Generator, shape: str) -> None:
    n, c = counts(rng, Difficulty(0.3, 1.5, 0.3, shape), 200, 300)
    found = fit_difficulty(n, c, shape=shape)
    d = found.difficulty
    assert d.scale == pytest.approx(201 / 200 * c.max() / 300)
    assert d.shape == shape
    for factor in (0.97, 1.03):
        for near in (
            Difficulty(d.alpha * factor, d.beta, d.scale, shape),
            Difficulty(d.alpha, d.beta * factor, d.scale, shape),
        ):
            assert near.log_chance(n, c).mean() < found.log_likelihood
    assert d.log_chance(n, c).mean() == pytest.approx(found.log_likelihood, rel=1e-10)


def test_the_likely_scale_is_the_best(rng: np.random.Generator) -> None:
    n, c = counts(rng, Difficulty(0.4, 1.2, 0.5), 120, 60)
    likely = fit_difficulty(n, c, scale="likelihood")
    others = [fit_difficulty(n, c, scale=s).log_likelihood for s in ("max", 1.0, 0.4, 0.5, 0.6)]
    assert likely.log_likelihood >= max(others) - 1e-9
    assert likely.difficulty.scale < 1


def test_the_truth_is_found_and_intervals_hold_it(rng: np.random.Generator) -> None:
    truth = Difficulty(0.25, 1.8, 0.3)
    n, c = counts(rng, truth, 1000, 1000)
    found = fit_difficulty(n, c, rng=rng)
    alpha = found.parameter("alpha", level=0.99)
    assert alpha.interval[0] < 0.25 < alpha.interval[1]
    assert alpha.interval[1] - alpha.interval[0] < 0.07
    ahead = found.coverage([1e4, 1e5], level=0.99)
    assert np.all((ahead.interval[0] < truth.coverage([1e4, 1e5])) & (truth.coverage([1e4, 1e5]) < ahead.interval[1]))
    assert found.coverage(10.0).value == pytest.approx(float(found.difficulty.coverage(10.0)))
    assert not any("scale" in text for text in ahead.leaves_out)


def test_draws_have_scales_by_their_likelihood_unless_one_is_given(rng: np.random.Generator) -> None:
    n, c = counts(rng, Difficulty(0.4, 1.2, 0.3), 120, 60)
    found = fit_difficulty(n, c, rng=rng, draws=60)
    assert found.scales is not None
    assert len(np.unique(found.scales)) > 2
    assert found.scales.min() < found.difficulty.scale < found.scales.max() <= 1
    given = fit_difficulty(n, c, scale=0.5, rng=rng, draws=60)
    assert given.scales is not None
    assert given.scales.tolist() == [0.5] * 60
    # A draw's own scale belongs to its curve.
    place = int(np.argmax(found.scales))
    assert found.draws is not None
    own = Difficulty(*found.draws[place], found.scales[place])
    curve = found.coverage([50.0])
    assert curve.draws is not None
    assert curve.draws[place, 0] == pytest.approx(float(own.coverage(50.0)))


def test_laws_share_weights(rng: np.random.Generator) -> None:
    n, c = counts(rng, Difficulty(0.5, 2.0), 40, 30)
    first, second = np.ones(40), np.ones(40)
    second[:20] = 2.0
    found = fit_difficulty(n, c, scale=1.0, weights=np.stack([first, second]))
    assert found.draws is not None
    assert found.draws[0, 0] == pytest.approx(found.difficulty.alpha, rel=1e-5)
    twice = fit_difficulty(np.append(n, n[:20]), np.append(c, c[:20]), scale=1.0)
    assert found.draws[1, 0] == pytest.approx(twice.difficulty.alpha, rel=1e-5)


def test_weights_of_problems_are_repeats(rng: np.random.Generator) -> None:
    n, c = counts(rng, Difficulty(0.5, 2.0), 60, 30)
    once, twice = fit_difficulty(n, c, scale=1.0), fit_difficulty(np.tile(n, 2), np.tile(c, 2), scale=1.0)
    assert twice.difficulty.alpha == pytest.approx(once.difficulty.alpha, rel=1e-6)
    assert twice.log_likelihood == pytest.approx(once.log_likelihood, rel=1e-9)


def test_problems_alike_end_at_a_bound() -> None:
    found = fit_difficulty([50] * 40, [25] * 40, scale=1.0)
    assert found.outcome == "at a bound"
    assert found.difficulty.alpha == pytest.approx(100.0)


def test_what_cannot_be_fitted_is_refused() -> None:
    with pytest.raises(FitError, match="No problem was ever solved"):
        fit_difficulty([10, 10], [0, 0])
    with pytest.raises(TableError, match="11 correct of 10 samples"):
        fit_difficulty([10, 10], [11, 0])
    with pytest.raises(FitError, match="no largest pass rate"):
        fit_difficulty([10, 10], [1, 0], scale=1.2)
    with pytest.raises(FitError, match="scale 'best' is not known"):
        fit_difficulty([10, 10], [1, 0], scale="best")  # type: ignore[arg-type]
    with pytest.raises(FitError, match="are empty"):
        fit_difficulty([10, 10], [1, 0], bounds=(2.0, 1.0))
    with pytest.raises(FitError, match="no draws"):
        fit_difficulty([10, 10], [1, 0]).coverage(5)


@pytest.mark.parametrize("shape", ["beta", "kumaraswamy"])
@pytest.mark.parametrize("seed", range(12))
def test_small_and_odd_tables_end_at_a_maximum(seed: int, shape: str) -> None:
    rng = np.random.default_rng(seed)
    problems = int(rng.integers(2, 40))
    n = rng.integers(1, (2, 10, 300)[seed % 3], problems)
    c = rng.binomial(n, rng.beta(*np.exp(rng.uniform(-3, 3, 2)), problems) * rng.choice([1.0, 0.1]))
    c[0] = max(c[0], 1)
    found = fit_difficulty(n, c, shape=shape, scale=("max", 1.0)[seed % 2], rng=rng, draws=10)
    assert found.outcome != "not converged"
    assert found.draws is not None
    assert np.all(np.isfinite(found.draws))
    d = found.difficulty
    assert d.log_chance(n, c).mean() == pytest.approx(found.log_likelihood, rel=1e-8)
    for other in (Difficulty(0.3, 3.0, d.scale, shape), Difficulty(1.0, 1.0, d.scale, shape)):
        assert other.log_chance(n, c).mean() <= found.log_likelihood + 1e-9


def test_coverage_stays_between_none_and_all() -> None:
    counts_ = [20] * 12, [0, 0, 1, 4, 20, 15, 3, 9, 12, 1, 2, 0]
    fit = fit_difficulty(*counts_, rng=np.random.default_rng(0))
    found = fit.coverage([1, 1000, 1e5])
    assert np.all((found.interval[0] > 0) & (found.interval[0] < found.value))
    assert np.all((found.value < found.interval[1]) & (found.interval[1] <= 1))
    one = fit.coverage(1000)
    assert one.interval == pytest.approx((found.interval[0][1], found.interval[1][1]))


def test_one_sample_per_problem_tells_the_mean_alone() -> None:
    fit = fit_difficulty([1] * 50, [1] * 20 + [0] * 30, rng=np.random.default_rng(0), draws=20)
    assert fit.outcome == "weakly identified"
    assert fit.difficulty.mean == pytest.approx(0.4)
    assert any("weakly identified" in said for said in fit.coverage(10).leaves_out)
    assert any("weakly identified" in said for said in fit.parameter("alpha").leaves_out)
    # A second sample tells how the rates are spread.
    told = fit_difficulty([2] * 50, [2] * 12 + [1] * 16 + [0] * 22)
    assert told.outcome == "interior"


def test_one_problem_has_no_interval() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(FitError, match="One problem has no interval"):
        fit_difficulty([10], [3], rng=rng)
    with pytest.raises(FitError, match="0 draws"):
        fit_difficulty([10, 10], [3, 4], rng=rng, draws=0)
    alike = fit_difficulty([10, 10], [3, 3], scale=1.0, bounds=(0.01, 5.0), rng=rng, draws=20)
    assert "draws do not differ" in alike.coverage([1, 100]).leaves_out[0]
    assert "draws do not differ" in alike.parameter("beta").leaves_out[0]


def test_unknown_parameters_and_no_k_are_refused() -> None:
    fit = fit_difficulty([10, 10, 10], [1, 3, 8], rng=np.random.default_rng(0), draws=10)
    with pytest.raises(FitError, match="no parameter 'gamma'"):
        fit.parameter("gamma")  # type: ignore[arg-type]
    with pytest.raises(FitError, match="k above 0"):
        fit.coverage([])


@pytest.mark.parametrize("shape", ["beta", "kumaraswamy"])
def test_huge_numbers_of_samples_are_as_exact(shape: str) -> None:
    n, c = [10**8] * 5, [0, 1, 100, 10**5, 10**7]
    fit = fit_difficulty(n, c, shape=shape, rng=np.random.default_rng(0))  # type: ignore[arg-type]
    found = fit.coverage([1, 1e5, 1e9])
    assert np.all(np.diff(found.value) > 0)
    # The chance of each count, by adaptive quadrature in the log-odds around its peak.
    chances = fit.difficulty.log_chance(n, c)
    for count, chance in zip(c, chances, strict=True):
        assert chance == pytest.approx(log_chance_by_quadrature(fit.difficulty, 10**8, count), abs=1e-8)


def log_chance_by_quadrature(d: Difficulty, n: int, c: int) -> float:
    """Log of the mean binomial chance, integrated over the log-odds t of u = p/scale."""

    def log_integrand(t: float) -> float:
        log_u, log_v = float(log_expit(t)), float(log_expit(-t))
        p = d.scale * float(np.exp(log_u))
        if d.shape == "beta":
            density = d.alpha * log_u + d.beta * log_v - float(betaln(d.alpha, d.beta))
        else:
            rest = float(np.log(-np.expm1(d.alpha * log_u)))
            density = np.log(d.alpha * d.beta) + d.alpha * log_u + log_v + (d.beta - 1) * rest
        return density + c * np.log(p) + (n - c) * np.log1p(-p)

    peak = float(logit(max(c, 0.5) / n / d.scale))
    top = log_integrand(peak)
    width = 1 / np.sqrt(max(c, 0.25)) / (1 - c / n / d.scale)
    ends = (peak - 12 * width, peak + 12 * width) if c > 20 else (peak - 400, peak + 12)
    value = quad(lambda t: np.exp(log_integrand(t) - top), *ends, points=[peak], limit=2000, epsabs=0, epsrel=1e-10)[0]
    choose = gammaln(n + 1) - gammaln(c + 1) - gammaln(n - c + 1)
    return float(choose + top + np.log(value))


@pytest.mark.parametrize("shape", ["beta", "kumaraswamy"])
def test_small_shares_of_many_samples_tell_as_much_as_they_do(shape: str) -> None:
    """All shares are below a thousandth, so that places for larger ones would be too far apart."""
    d = Difficulty(0.5, 3.0, 0.999, shape)  # type: ignore[arg-type]
    found = d.log_chance([10**6, 10**6, 10**6], [1000, 900, 30])
    expected = [log_chance_by_quadrature(d, 10**6, c) for c in (1000, 900, 30)]
    assert found == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("x", [0, 3, 9_999, 10_001, 10**6, 10**12])
def test_ratios_of_gamma_functions_keep_their_digits(x: int) -> None:
    a = np.array([[1.0], [2.0], [4.0], [60.0]])
    expected = [[math.fsum(math.log(x + j) for j in range(1, int(one)))] for one in a[:, 0]]
    np.testing.assert_allclose(log_rise(np.array([float(x)]), a), expected, rtol=1e-13, atol=1e-9 if x < 10**4 else 0)


def test_a_solved_problem_among_huge_counts_has_a_maximum() -> None:
    fit = fit_difficulty([10**8] * 5, [0, 1, 100, 10**5, 10**8])
    assert fit.outcome == "interior"
    near = [
        Difficulty(fit.difficulty.alpha * a, fit.difficulty.beta * b).log_chance([10**8] * 5, [0, 1, 100, 10**5, 10**8])
        for a, b in ((1.01, 1), (0.99, 1), (1, 1.01), (1, 0.99))
    ]
    assert all(one.mean() < fit.log_likelihood for one in near)
