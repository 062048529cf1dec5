"""Distributions of difficulty: chances of counts against quadrature, the power law they end in."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import betaln, gammaln, hyp2f1
from scipy.stats import betabinom

from isoflop.errors import FitError
from isoflop.testtime.forecasts.difficulty import Difficulty
from isoflop.testtime.forecasts.difficulty_sets import PUBLISHED


def exact_beta(n: int, c: int, d: Difficulty) -> float:
    """The source's formula after Pfaff's transformation, whose terms are all positive."""
    a, b, scale = d.alpha, d.beta, d.scale
    j = np.arange(n - c + 1)
    terms = gammaln(n - c + 1) - gammaln(j + 1) - gammaln(n - c - j + 1)
    terms += j * np.log(scale / (1 - scale)) + gammaln(b + j) - gammaln(b)
    terms -= gammaln(c + a + b + j) - gammaln(c + a + b)
    total = np.logaddexp.reduce(terms) + (n - c) * np.log1p(-scale) + c * np.log(scale)
    return float(total + gammaln(n + 1) - gammaln(c + 1) - gammaln(n - c + 1) + betaln(c + a, b) - betaln(a, b))


@pytest.mark.parametrize("scale", [0.02, 0.24, 0.9])
@pytest.mark.parametrize(("alpha", "beta"), [(0.05, 2.0), (0.01, 0.01), (0.25, 1.8), (3.0, 0.4), (20.0, 30.0)])
@pytest.mark.parametrize("n", [1, 5, 200, 3000])
def test_chances_of_counts_are_exact(scale: float, alpha: float, beta: float, n: int) -> None:
    d = Difficulty(alpha, beta, scale)
    c = np.unique([0, min(1, n), int(n * scale * 0.3), min(n, int(n * scale * 0.8) + 1)])
    expected = np.array([exact_beta(n, int(v), d) for v in c])
    likely = expected > -60
    np.testing.assert_allclose(d.log_chance(n, c)[likely], expected[likely], atol=1e-9)


def test_the_formula_of_the_source_is_the_same() -> None:
    d, n, c = Difficulty(0.4, 2.5, 0.6), 12, 3
    hyper = hyp2f1(-(n - c), c + 0.4, c + 2.9, 0.6)
    chosen = gammaln(n + 1) - gammaln(c + 1) - gammaln(n - c + 1)
    printed = chosen + c * np.log(0.6) + betaln(c + 0.4, 2.5) - betaln(0.4, 2.5) + np.log(hyper)
    assert float(d.log_chance(n, c)[0]) == pytest.approx(printed, rel=1e-9)


def test_a_scale_of_one_is_the_beta_binomial() -> None:
    c = np.arange(21)
    np.testing.assert_allclose(Difficulty(0.3, 1.7).log_chance(20, c), betabinom.logpmf(c, 20, 0.3, 1.7), rtol=1e-10)
    # The grid, close to that scale, meets the closed form.
    near = Difficulty(0.3, 1.7, 1 - 1e-12).log_chance(20, c)
    np.testing.assert_allclose(near, betabinom.logpmf(c, 20, 0.3, 1.7), rtol=1e-9)


@pytest.mark.parametrize("scale", [0.3, 1.0])
@pytest.mark.parametrize(("alpha", "beta"), [(0.4, 2.0), (1.0, 1.0), (2.0, 0.6), (0.02, 20.0)])
def test_kumaraswamy_chances_against_quadrature(scale: float, alpha: float, beta: float) -> None:
    d, n = Difficulty(alpha, beta, scale, "kumaraswamy"), 6
    chances = np.exp(d.log_chance(n, np.arange(n + 1)))
    assert chances.sum() == pytest.approx(1.0, rel=1e-10)
    for c in (0, 2, n):
        choose = np.exp(gammaln(n + 1) - gammaln(c + 1) - gammaln(n - c + 1))

        # In w = (1 - u^alpha)^beta the density is even.
        def likelihood(w: float, c: int = c) -> float:
            p = scale * (1 - w ** (1 / beta)) ** (1 / alpha)
            return p**c * (1 - p) ** (n - c)

        expected = choose * quad(likelihood, 0, 1, epsabs=1e-14, limit=500)[0]
        assert chances[c] == pytest.approx(expected, rel=1e-6, abs=1e-12)


def test_beta_and_kumaraswamy_meet_at_the_uniform() -> None:
    k = [1, 7, 300]
    uniform = 1 / (np.array(k) + 1)
    np.testing.assert_allclose(Difficulty(1, 1).failure(k), uniform, rtol=1e-12)
    np.testing.assert_allclose(Difficulty(1, 1, 1.0, "kumaraswamy").failure(k), uniform, rtol=1e-9)


def test_failure_far_beyond_any_table() -> None:
    d = Difficulty(0.2, 2.0, 0.4)
    k = 10.0 ** np.arange(9)
    failed = d.failure(k)
    assert np.all(np.diff(failed) < 0)
    np.testing.assert_allclose(failed[4:], d.leading(k[4:]), rtol=1e-3)
    # A high alpha: all but certain success, still to many digits.
    assert float(Difficulty(50, 50, 0.999).failure(400)) == pytest.approx(
        quad(lambda p: (1 - 0.999 * p) ** 400 * np.exp(49 * np.log(p * (1 - p)) - betaln(50, 50)), 0, 1)[0], rel=1e-6
    )


def test_means_and_draws(rng: np.random.Generator) -> None:
    for shape in ("beta", "kumaraswamy"):
        d = Difficulty(0.6, 2.0, 0.5, shape)
        drawn = d.draw(40_000, rng=rng)
        assert drawn.max() <= 0.5
        assert d.mean == pytest.approx(float(drawn.mean()), abs=4 * float(drawn.std()) / 200)
    assert Difficulty(0.6, 2.0, 0.5).mean == pytest.approx(0.5 * 0.6 / 2.6, rel=1e-9)


def test_published_distributions_are_there() -> None:
    assert len(PUBLISHED) == 21
    assert PUBLISHED["pythia-12b-math"].difficulty == Difficulty(0.254311, 2.014420, 0.2328)
    assert PUBLISHED["gpt-4o-jailbreaks-kumaraswamy"].difficulty.shape == "kumaraswamy"


@pytest.mark.parametrize("wrong", [(0.0, 1.0, 1.0), (1.0, -1.0, 1.0), (1.0, 1.0, 1.5), (1.0, 1.0, 0.0)])
def test_what_is_no_distribution_is_refused(wrong: tuple[float, float, float]) -> None:
    with pytest.raises(FitError, match="is no distribution of pass rates"):
        Difficulty(*wrong)
    with pytest.raises(FitError, match="Choose beta or kumaraswamy"):
        Difficulty(1.0, 1.0, 1.0, "normal")  # type: ignore[arg-type]
    with pytest.raises(FitError, match="needs k above 0"):
        Difficulty(1.0, 1.0).failure([1, 0])
