"""Coverage beyond the samples: three ways, their intervals, and what hiding the larger k shows."""

import numpy as np
import pytest

from isoflop.errors import FitError, TableError
from isoflop.fit.estimate import Correction, Estimate
from isoflop.testtime.estimators.coverage import pass_at_k
from isoflop.testtime.forecasts.forecast import METHODS, even_ks, forecast, hide_larger, inflated, within_bounds


def counts(problems: int = 120, n: int = 256, seed: int = 0, alpha: float = 0.3, beta: float = 2.0):
    rng = np.random.default_rng(seed)
    rates = rng.beta(alpha, beta, problems)
    return np.full(problems, n), rng.binomial(n, rates), rates


def test_forecasts_hold_the_coverage_that_the_rates_give() -> None:
    n, c, rates = counts()
    far = np.array([256, 1000, 10_000])
    truth = (1 - (1 - rates[:, None]) ** far).mean(axis=0)
    found = forecast(n, c, far, rng=np.random.default_rng(1))
    assert tuple(found.by) == tuple(METHODS)
    for name in ("given counts", "distribution"):
        one = found.by[name]
        np.testing.assert_allclose(one.value, truth, atol=0.03)
        assert np.all(one.interval[0] < truth)
        assert np.all(truth < one.interval[1])
    # The power law has no such model behind it; it is off by more, and still near.
    np.testing.assert_allclose(found.by["power law"].value, truth, atol=0.08)
    assert found.power is not None
    assert found.power.fit.certificate.ok


def test_intervals_of_coverage_stay_between_none_and_all() -> None:
    n, c, _ = counts(problems=40, n=64, alpha=0.8, beta=0.4)
    found = forecast(n, c, [64, 640, 64_000], rng=np.random.default_rng(2))
    for one in found.by.values():
        assert np.all((one.interval[0] >= 0) & (one.interval[1] <= 1))
        assert np.all((one.interval[0] <= one.value) & (one.value <= one.interval[1]))


def test_odds_intervals_are_wider_with_inflation() -> None:
    draws = np.random.default_rng(0).beta(90, 10, 2000)
    plain = Estimate(0.9, (0.0, 0.0), 0.9, draws)
    once, twice = (within_bounds(plain, Correction(10**6, 0, inflation)) for inflation in (1.0, 2.0))
    # Without small-sample correction these are the percentiles of the draws themselves.
    np.testing.assert_allclose(once.interval, np.quantile(draws, [0.05, 0.95], method="weibull"), rtol=1e-6)
    odds = [np.log(np.array(one.interval) / (1 - np.array(one.interval))) - np.log(9) for one in (once, twice)]
    np.testing.assert_allclose(odds[1], 2 * odds[0], rtol=1e-9)


def test_the_back_test_hides_the_larger_k_and_compares_with_all_samples() -> None:
    n, c, _ = counts(n=128)
    found = hide_larger(n, c, rng=np.random.default_rng(3), repeats=2, draws=30)
    assert found.kept == (32, 8)
    assert found.samples == 128
    errors = [one.rms_error for one in found.methods]
    assert errors == sorted(errors)
    assert found.best == found.methods[0].method
    for one in found.methods:
        rows = {(p.row, p.columns["k"]) for p in one.predictions}
        assert all(k > kept for kept, k in rows)
        gaps = np.array([p.predicted - p.observed for p in one.predictions])
        assert one.rms_error == pytest.approx(np.sqrt(np.mean(gaps**2)))
        assert one.mean_error == pytest.approx(gaps.mean())
        top = next(p for p in one.predictions if p.columns["k"] == 128)
        assert top.observed == pytest.approx(float(pass_at_k(n, c, 128).mean()))
        assert one.scores.inflation is not None
        assert one.scores.inflation >= 1
    assert found.of("distribution").rms_error < 0.05


def test_forecasts_carry_the_inflation_of_the_back_test() -> None:
    n, c, _ = counts(n=64)
    made = forecast(n, c, [64, 640], rng=np.random.default_rng(4), draws=50)
    tested = hide_larger(n, c, rng=np.random.default_rng(5), repeats=1, draws=20)
    wide = inflated(made, tested)
    assert inflated(made, None) is made
    for name, one in made.by.items():
        factor = tested.of(name).scores.inflation
        assert factor is not None
        widened = wide.by[name].interval[1] - wide.by[name].interval[0]
        assert np.all(widened >= one.interval[1] - one.interval[0] - 1e-12)
        assert (widened > one.interval[1] - one.interval[0] + 1e-6).all() == (factor > 1)
        assert "back-test" in wide.by[name].leaves_out[-1]


def test_the_same_state_gives_the_same_bits() -> None:
    n, c, _ = counts(n=32)
    one, two = (hide_larger(n, c, rng=np.random.default_rng(6), repeats=1, draws=20) for _ in range(2))
    assert one == two


@pytest.mark.parametrize(
    ("n", "c", "error", "said"),
    [
        ([1, 4], [0, 1], FitError, "a single sample"),
        ([4, 4], [4, 4], FitError, "Every sample is correct"),
        ([4, 4], [0, 0], FitError, "No problem was ever solved"),
        ([4, 4], [5, 0], TableError, "5 correct of 4"),
    ],
)
def test_what_cannot_be_forecast(n: list[int], c: list[int], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        forecast(n, c, [10], rng=np.random.default_rng(0))


def test_too_few_samples_cannot_be_hidden() -> None:
    with pytest.raises(FitError, match="7 samples of a problem are too few to hide"):
        hide_larger([7, 7], [1, 2], rng=np.random.default_rng(0))


def test_rare_successes_that_vanish_when_samples_are_hidden_are_reported() -> None:
    n, c = np.full(40, 64), np.r_[np.zeros(39, dtype=int), 1]
    with pytest.raises(FitError, match="No forecast from fewer samples could be fitted"):
        hide_larger(n, c, rng=np.random.default_rng(8), repeats=1, draws=20)


def test_ks_are_even_in_the_logarithm_and_distinct() -> None:
    assert even_ks(1).tolist() == [1]
    assert even_ks(4).tolist() == [1, 2, 3, 4]
    found = even_ks(10_000)
    assert (found[0], found[-1], len(found)) == (1, 10_000, 13)
    assert np.ptp(np.diff(np.log(found[3:]))) < 0.1
