"""PassUntil: the unbiased estimator, its interval, and laws per instance (testtime_and_rl reference, section 31)."""

import numpy as np
import pytest
from tests.papers.support import assert_prints_as

from isoflop import laws
from isoflop.errors import FitError
from isoflop.methods import passuntil


def samples_needed(rng: np.random.Generator, passes: int, rate: float, repeats: int) -> np.ndarray:
    """K of many experiments that stop at the r-th pass."""
    return rng.negative_binomial(passes, rate, repeats) + passes


@pytest.mark.parametrize(("passes", "rate", "mean"), [(1, 0.01, ".0465"), (1, 0.1, ".2558")])
def test_the_ratio_is_too_large(passes: int, rate: float, mean: str) -> None:
    assert_prints_as(passuntil.bias_of_ratio(passes, rate), mean)


def test_the_ratio_after_two_passes_in_closed_form() -> None:
    """E[2/K] = 2p - 2p^2 (-ln p - q)/q^2 = .019262; the reference's simulated .0191 is one of its last digits low."""
    p, q = 0.01, 0.99
    exact = 2 * p - 2 * p**2 * (-np.log(p) - q) / q**2
    assert_prints_as(exact, ".01926")
    assert passuntil.bias_of_ratio(2, p) == pytest.approx(exact, rel=1e-9)


def test_one_less_above_and_below_is_unbiased(rng: np.random.Generator) -> None:
    k = samples_needed(rng, 2, 0.01, 400_000)
    # Four standard errors of 400 000 experiments are about 1 %.
    assert float(np.mean(2 / k)) == pytest.approx(0.019262, rel=0.01)
    assert float(np.mean(1 / (k - 1))) == pytest.approx(0.01, rel=0.012)
    assert passuntil.pass_rate(2, 101).value == 0.01


@pytest.mark.parametrize(("passes", "variance"), [(3, "9.26e-5"), (5, "3.28e-5"), (10, "1.23e-5")])
def test_the_variance_falls_with_the_passes(rng: np.random.Generator, passes: int, variance: str) -> None:
    # At r = 3 the closed form is p^2 - 2p^3 (-ln p - q)/q^2 = 9.26e-5; the reference rounds its simulation to 9.0e-5.
    k = samples_needed(rng, passes, 0.01, 1_000_000)
    assert float(np.var((passes - 1) / (k - 1))) == pytest.approx(float(variance), rel=0.02)


@pytest.mark.parametrize("rate", [0.003, 0.05, 0.4])
def test_intervals_cover(rng: np.random.Generator, rate: float) -> None:
    inverse = [passuntil.pass_rate(3, int(k)).interval for k in samples_needed(rng, 3, rate, 400)]
    capped = [passuntil.pass_rate(int(s), 200, stopped="cap").interval for s in rng.binomial(200, rate, 400)]
    for intervals in (inverse, capped):
        # Exact intervals cover at least as often as they say; 3 standard errors of 400 trials are .045.
        assert np.mean([low <= rate <= high for low, high in intervals]) > 0.9 - 0.045


def test_sampling_stops_at_the_passes_or_at_the_cap(rng: np.random.Generator) -> None:
    outcomes = iter([False, True, False, True, True])
    assert passuntil.sample_until(lambda _: next(outcomes), rng=rng, passes=2) == (2, 4)
    assert passuntil.sample_until(lambda _: False, rng=rng, passes=2, cap=50) == (0, 50)
    found = passuntil.pass_rate(0, 50, stopped="cap")
    assert found.value == 0.0
    assert found.interval[0] == 0.0
    assert found.interval[1] == pytest.approx(1 - 0.05 ** (1 / 50))  # 0 of n: 1 - tail^(1/n)


def test_bad_counts_are_refused(rng: np.random.Generator) -> None:
    with pytest.raises(FitError, match="1 passes give no unbiased estimate"):
        passuntil.pass_rate(1, 10)
    with pytest.raises(FitError, match="5 passes of 3 samples are impossible"):
        passuntil.pass_rate(5, 3)
    with pytest.raises(FitError, match="needs r of at least 2"):
        passuntil.sample_until(lambda _: True, rng=rng, passes=1)


SIZES = np.geomspace(3e7, 1.5e9, 6)


def test_instances_are_extrapolated_one_by_one() -> None:
    law = laws.get("passuntil")
    truths = [{"c": 3e4, "alpha": 0.5}, {"c": 2e3, "alpha": 0.35}, {"c": 5e6, "alpha": 0.75}]
    rates = np.stack([law.predict(truth, params=SIZES) for truth in truths])
    hopeless = np.zeros_like(SIZES)
    found = passuntil.fit_instances(SIZES, np.vstack([rates, hopeless]))
    assert found.left_out == (3,)
    expected = np.mean([law.predict(truth, params=2.4e9) for truth in truths])
    assert found.predict(2.4e9) == pytest.approx(expected, rel=1e-6)
    # The mean of unlike instances is no such law: the fit of the whole task misses.
    whole = passuntil.fit_instances(SIZES, rates.mean(axis=0)[None])
    assert abs(whole.predict(2.4e9) / expected - 1) > 0.01
    with pytest.raises(FitError, match="No instance has a rate between 0 and 1 at 3 sizes"):
        passuntil.fit_instances(SIZES, hopeless[None])


def test_the_type_of_a_curve() -> None:
    x = np.log(SIZES)
    standard = np.exp(-np.exp(10 - 0.5 * x))
    assert passuntil.curve_type(SIZES, standard) == pytest.approx(0.0, abs=1e-9)
    concave = np.exp(-np.exp(1.0 - 0.2 * (x - x[0]) - 0.1 * (x - x[0]) ** 2))
    assert passuntil.curve_type(SIZES, concave) == pytest.approx(-0.1)
    with pytest.raises(FitError, match="needs three sizes"):
        passuntil.curve_type(SIZES[:2], standard[:2])


def test_rates_that_are_none_are_refused() -> None:
    with pytest.raises(FitError, match="have no bias"):
        passuntil.bias_of_ratio(2, 1.5)
    with pytest.raises(FitError, match="rates between 0 and 1"):
        passuntil.curve_type([1e8, 1e9, 1e10], [0.1, float("nan"), 0.3])
    with pytest.raises(FitError, match="confidence level"):
        passuntil.pass_rate(3, 100, level=90)


def test_the_intervals_of_forecasts_hold_the_truth_about_as_often_as_they_say() -> None:
    """Thirty tables of twelve instances whose rates at five sizes come from a thousand samples each."""
    sizes, hits = np.geomspace(3e7, 1.5e9, 5), []
    for rng in np.random.default_rng(3).spawn(30):
        scale, power = rng.uniform(2e3, 6e3, 12), rng.uniform(0.40, 0.46, 12)
        rates = np.exp(-scale[:, None] / sizes ** power[:, None])
        found = passuntil.fit_instances(sizes, rng.binomial(1000, rates) / 1000)
        kept = [k for k in range(12) if k not in found.left_out]
        truth = np.exp(-scale / 2.4e9**power)[kept].mean()
        forecast = found.forecast(2.4e9)
        assert forecast.value == found.predict(2.4e9)
        low, high = forecast.interval
        hits.append(low < truth < high)
        assert high - low < 0.2
    assert np.mean(hits) >= 0.76
    assert any("first order" in text for text in forecast.leaves_out)


def test_two_rates_leave_no_error() -> None:
    sizes = np.array([1e8, 1e9])
    found = passuntil.fit_instances(sizes, np.array([[0.1, 0.4]]), fewest=2)
    with pytest.raises(FitError, match="leave no error"):
        found.forecast(2e9)
