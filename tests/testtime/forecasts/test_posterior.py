"""Coverage of these very problems: posterior means by brute force, limits, intervals."""

import numpy as np
import pytest
from scipy.integrate import quad

from isoflop.errors import FitError
from isoflop.testtime.forecasts.difficulty import Difficulty
from isoflop.testtime.forecasts.distributions import DifficultyFit, fit_difficulty
from isoflop.testtime.forecasts.posterior import coverage_given_counts, forecast_coverage


@pytest.mark.parametrize(
    "d", [Difficulty(0.4, 1.5, 0.6), Difficulty(0.4, 1.5), Difficulty(0.7, 2.0, 0.5, "kumaraswamy")]
)
def test_posterior_means_are_integrals(d: Difficulty) -> None:
    n, c, k = 9, [0, 2, 5], [1, 30]
    found = coverage_given_counts(d, [n] * 3, c, k)

    def integral(correct: int, failed: int) -> float:
        # In w = u^alpha the density of u has no pole at 0.
        def part(w: float) -> float:
            u = w ** (1 / d.alpha)
            density = (1 - u) ** (d.beta - 1) if d.shape == "beta" else (1 - w) ** (d.beta - 1)
            return (d.scale * u) ** correct * (1 - d.scale * u) ** failed * density

        return float(quad(part, 0, 1, epsabs=1e-15, epsrel=1e-10, limit=500)[0])

    for i, correct in enumerate(c):
        for j, more in enumerate(k):
            expected = 1 - integral(correct, n - correct + more) / integral(correct, n - correct)
            assert found[i, j] == pytest.approx(expected, rel=1e-6)


def test_a_prior_that_is_even_gives_laplace_s_rule() -> None:
    found = coverage_given_counts(Difficulty(1, 1), [10, 10], [0, 10], [1])
    np.testing.assert_allclose(found.ravel(), [1 / 12, 11 / 12], rtol=1e-10)


def test_forecasts_hold_the_truth(rng: np.random.Generator) -> None:
    d = Difficulty(0.3, 2.0, 0.4)
    p = d.draw(300, rng=rng)
    n, c = np.full(300, 200), rng.binomial(200, p)
    k = np.array([100.0, 2000, 20000])
    fit = fit_difficulty(n, c, rng=rng)
    found = forecast_coverage(fit, n, c, k, rng=rng, level=0.99)
    truth = (1 - (1 - p[:, None]) ** k).mean(axis=0)
    assert np.all((found.interval[0] < truth) & (truth < found.interval[1]))
    widths = np.asarray(found.interval[1]) - np.asarray(found.interval[0])
    whole = fit.coverage(k, level=0.99)
    # The problems at hand are known better than the distribution that they come from.
    assert np.all(widths < np.asarray(whole.interval[1]) - np.asarray(whole.interval[0]))
    one = forecast_coverage(fit, n, c, 2000.0, rng=rng)
    assert one.value == pytest.approx(found.value[1])
    np.testing.assert_allclose(found.value, coverage_given_counts(fit.difficulty, n, c, k).mean(axis=0))


def test_what_is_missing_is_named(rng: np.random.Generator) -> None:
    fit = fit_difficulty([10, 10], [1, 3])
    with pytest.raises(FitError, match="no draws"):
        forecast_coverage(fit, [10, 10], [1, 3], 100, rng=rng)
    with pytest.raises(FitError, match="needs k above 0"):
        coverage_given_counts(fit.difficulty, [10], [1], [0])


def test_forecasts_stay_between_none_and_all() -> None:
    n, c = [20] * 12, [0, 0, 1, 4, 20, 15, 3, 9, 12, 1, 2, 0]
    rng = np.random.default_rng(0)
    found = forecast_coverage(fit_difficulty(n, c, rng=rng), n, c, [1, 1000, 1e5], rng=rng)
    assert np.all((found.interval[0] > 0) & (found.interval[0] < found.value))
    assert np.all((found.value < found.interval[1]) & (found.interval[1] <= 1))
    with pytest.raises(FitError, match="k above 0"):
        forecast_coverage(fit_difficulty(n, c, rng=rng, draws=5), n, c, [], rng=rng)


@pytest.mark.parametrize("n", [10**3, 10**6, 10**9, 10**12])
@pytest.mark.parametrize("share", [0.0, 0.1, 1.0])
def test_huge_counts_keep_their_digits(n: int, share: float) -> None:
    """An even prior gives Laplace's rule for one sample, and `(n+1)/(n+k+1)` for k failures after n."""
    c = int(n * share)
    one = coverage_given_counts(Difficulty(1, 1), [n], [c], [1])[0, 0]
    assert one == pytest.approx((c + 1) / (n + 2), rel=1e-9, abs=1e-14)
    many = coverage_given_counts(Difficulty(1, 1), [n], [0], [1e3, 1e9, 1e12])[0]
    assert 1 - many == pytest.approx((n + 1) / (n + np.array([1e3, 1e9, 1e12]) + 1), rel=1e-9)


def test_every_draw_keeps_its_own_scale() -> None:
    n, c = np.full(4000, 2), np.zeros(4000, dtype=int)
    n[0], c[0] = 2, 1
    fit = DifficultyFit(
        Difficulty(1.0, 1.0, 0.9), 0.0, 4000, (2, 2), "interior", (0.01, 100.0), np.ones((40, 2)),
        np.repeat([0.2, 0.9], 20),
    )  # fmt: skip
    found = forecast_coverage(fit, n, c, [5.0], rng=np.random.default_rng(0))
    assert found.draws is not None
    for scale, draws in ((0.2, found.draws[:20]), (0.9, found.draws[20:])):
        own = coverage_given_counts(Difficulty(1.0, 1.0, scale), n, c, [5.0]).mean()
        assert draws.mean() == pytest.approx(own, abs=0.01)
