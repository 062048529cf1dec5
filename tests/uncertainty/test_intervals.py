"""Delta and profile intervals against each other, against theory, and in sloppy designs."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from tests.fit.synthetic import TRUTH, chinchilla_runs

import isoflop as iso
from isoflop.errors import FitError, LawError
from isoflop.fit import fit_law
from isoflop.laws import as_law, get
from isoflop.laws.law import Law, Parameter
from isoflop.runs.table import RunTable
from isoflop.uncertainty import delta, profile

RUNS = chinchilla_runs(noise=0.004, sizes=14)
TARGET = {"params": 1e11, "tokens": 2e12}


@pytest.fixture(scope="module")
def fit():
    return iso.fit("chinchilla", RUNS, objective="log-ls", bootstrap=1500)


def test_a_straight_line_in_logarithms_has_the_textbook_interval():
    rng = np.random.default_rng(2)
    x = np.linspace(0, 3, 15)
    y = 1.0 - 0.2 * x + rng.normal(0, 0.01, 15)
    runs = RunTable.from_columns({"C": np.exp(x), "loss": np.exp(y)})
    made = fit_law(as_law("K*C^-a"), runs, objective="log-ls")
    slope, _ = np.polyfit(x, y, 1)
    rss = np.sum((y - np.polyval(np.polyfit(x, y, 1), x)) ** 2)
    error = np.sqrt(rss / 13 / np.sum((x - x.mean()) ** 2))
    found = delta(made, runs, lambda p: p["a"], level=0.95)
    assert made.parameters["a"] == pytest.approx(-slope, rel=1e-9)
    assert np.log(found.interval[1] / found.value) == pytest.approx(2.160369 * error / -slope, rel=1e-4)


@pytest.mark.parametrize("name", ["alpha", "beta", "E"])
def test_three_ways_agree_where_the_law_is_well_identified(fit, name):
    ways = [fit.interval(name), delta(fit, RUNS, lambda p: p[name]).interval, profile(fit, RUNS, name).interval]
    widths = [np.log(high / low) for low, high in ways]
    assert max(widths) < 1.6 * min(widths)


def test_profile_and_delta_agree_on_a_prediction(fit):
    first, second = profile(fit, RUNS, **TARGET), delta(fit, RUNS, **TARGET)
    assert first.value == pytest.approx(second.value, rel=1e-12)
    assert np.log(first.interval[1] / first.interval[0]) == pytest.approx(
        np.log(second.interval[1] / second.interval[0]), rel=0.15
    )


def test_a_new_run_is_less_certain_than_the_mean(fit):
    mean, single = delta(fit, RUNS, **TARGET), delta(fit, RUNS, new_run=True, **TARGET)
    assert single.interval[1] > mean.interval[1]


def test_the_sandwich_sees_noise_that_differs():
    rng = np.random.default_rng(0)
    base = chinchilla_runs(sizes=40)
    params, tokens = base.column("params"), base.column("tokens")
    loss = base.column("loss") * np.exp(rng.normal(0, np.where(params > 5e9, 0.03, 0.001)))
    runs = iso.as_runs({"params": params, "tokens": tokens, "loss": loss})
    made = fit_law(get("chinchilla"), runs, objective="log-ls")
    plain, sandwich = (delta(made, runs, lambda p: p["E"], sandwich=s).interval for s in (False, True))
    assert np.log(sandwich[1] / sandwich[0]) > 1.2 * np.log(plain[1] / plain[0])


def test_spread_and_collinear_designs_have_the_standard_errors_of_the_reference():
    """Reference D6 and F9: per unit of relative noise, alpha 6.6 spread and 5676 collinear."""
    law = get("chinchilla")
    for ratios, expected in (((5.0, 20.0, 80.0), 6.6), ((20.0,), 5676.0)):
        sizes = np.geomspace(10**7.5, 1e10, 12)
        params = sizes if len(ratios) == 1 else np.concatenate([sizes[k::3] for k in range(3)])
        tokens = params * (ratios[0] if len(ratios) == 1 else np.repeat(ratios, 4))
        theta = np.array([TRUTH[n] for n in law.parameter_names])
        slope = (
            law.gradient(theta, {"params": params, "tokens": tokens})
            / law.evaluate(theta, {"params": params, "tokens": tokens})[:, None]
        )
        slope = slope * np.where([n in ("alpha", "beta") for n in law.parameter_names], 1.0, theta)
        scale = np.sqrt((slope**2).sum(axis=0))
        inverse = np.linalg.inv((slope / scale).T @ (slope / scale)) / np.outer(scale, scale)
        error = np.sqrt(inverse[2, 2])
        assert error == pytest.approx(expected, rel=0.35 if len(ratios) > 1 else 0.01)


@pytest.mark.parametrize("width", [0.4, 1e-3])
def test_profile_and_delta_agree_beyond_a_break(width):
    # The width is at its least value where the break is sharper than that.
    flops, noise = np.geomspace(1e17, 1e24, 60), np.exp(0.001 * np.random.default_rng(1).standard_normal(60))
    broken = {"a": 0.5, "b": 60.0, "c0": 0.05, "c1": 0.2, "d1": 2.3e20, "f1": width}
    runs = RunTable.from_columns({"flops": flops, "loss": get("bnsl-1-flops").predict(broken, flops=flops) * noise})
    made = fit_law(get("bnsl-1-flops"), runs, objective="log-ls")
    first, second = profile(made, runs, flops=1e25), delta(made, runs, flops=1e25)
    np.testing.assert_allclose(first.interval, second.interval, rtol=1e-4)
    assert second.interval[1] / second.interval[0] - 1 > 3e-3


def test_a_profile_that_does_not_come_back_to_the_fit_says_so(fit):
    with pytest.raises(FitError, match="ends above the fit"):
        profile(replace(fit, value=0.5 * fit.value), RUNS, "alpha")


def test_an_open_profile_has_no_end():
    params = np.geomspace(10**7.5, 1e10, 12)
    loss = get("chinchilla").predict(TRUTH, params=params, tokens=20 * params)
    loss = loss * np.exp(np.random.default_rng(1).normal(0, 0.003, 12))
    runs = iso.as_runs({"params": params, "tokens": 20 * params, "loss": loss})
    made = fit_law(get("chinchilla"), runs, objective="log-ls")
    low, high = profile(made, runs, "A").interval
    assert low == 0 or np.isinf(high) or high / low > 1e3


def test_profiles_need_an_additive_constant_or_a_parameter():
    made = fit_law(as_law("K*C^-a"), RUNS, objective="log-ls")
    with pytest.raises(LawError, match="additive constant"):
        profile(made, RUNS, flops=1e24)
    with pytest.raises(LawError, match="gamma"):
        profile(made, RUNS, "gamma")


def weighted(scale):
    """Runs whose noise is a tenth in the larger half, with weights of one over the variance."""
    params, tokens = RUNS.column("params"), RUNS.column("tokens")
    spread = np.where(params > np.median(params), 0.001, 0.01)
    loss = get("chinchilla").predict(TRUTH, params=params, tokens=tokens)
    loss = loss * np.exp(np.random.default_rng(4).normal(0, 1, len(loss)) * spread)
    columns = {"params": params, "tokens": tokens, "loss": loss, "weight": scale / spread**2, "sd": spread}
    return RunTable.from_columns(columns)


@pytest.mark.parametrize("sandwich", [False, True])
def test_the_scale_of_the_weights_changes_no_interval(sandwich):
    small, large = (
        delta(fit_law(get("chinchilla"), runs, weights="weight"), runs, sandwich=sandwich, **TARGET).interval
        for runs in (weighted(1e-4), weighted(1.0))
    )
    assert small == pytest.approx(large, rel=1e-7)


def test_weights_of_one_over_the_variance_say_the_same_as_the_noise():
    runs = weighted(1e-4)
    by_weight = fit_law(get("chinchilla"), runs, objective="log-ls", weights="weight")
    by_noise = fit_law(get("chinchilla"), runs, objective="log-ls", noise="sd")
    for way in (lambda made: delta(made, runs, **TARGET), lambda made: profile(made, runs, "alpha")):
        assert way(by_weight).interval == pytest.approx(way(by_noise).interval, rel=1e-5)


@pytest.mark.parametrize("objective", ["log-huber:1e-3", "log-huber:1e-5"])
def test_a_huber_threshold_far_below_the_noise_keeps_an_honest_interval(objective):
    # Least absolute deviations under Gaussian noise have sqrt(pi / 2) times the error of least squares.
    rng = np.random.default_rng(11)
    size = np.geomspace(1e18, 1e22, 2000)
    runs = RunTable.from_columns({"C": size, "loss": 60 * size**-0.07 * np.exp(rng.normal(0, 0.05, 2000))})
    plain, tight = (
        delta(fit_law(as_law("K*C^-a"), runs, objective=name), runs, lambda p: p["a"]) for name in ("log-ls", objective)
    )
    errors = [np.log(found.interval[1] / found.value) * found.value for found in (plain, tight)]
    assert errors[1] / errors[0] == pytest.approx(np.sqrt(np.pi / 2), rel=0.15)


def test_a_prior_inside_an_interval_informs_as_much_as_outside():
    law = get("chinchilla")
    inside = Law("inside", law.formula, parameters={"alpha": Parameter((0.0, 1.0))})
    first, second = (
        delta(fit_law(x, RUNS, prior={"alpha": (0.34, 0.002)}), RUNS, lambda p: p["alpha"]).interval
        for x in (law, inside)
    )
    assert first == pytest.approx(second, rel=1e-4)


def test_a_profile_of_other_runs_is_refused(fit):
    with pytest.raises(FitError, match="not the ones"):
        profile(fit, chinchilla_runs(noise=0.1, sizes=14), "alpha")


def test_a_fixed_parameter_has_no_profile_and_a_prior_is_refused():
    fixed = fit_law(get("chinchilla"), RUNS, fix={"E": 1.7})
    assert profile(fixed, RUNS, "E").interval == (1.7, 1.7)
    informed = fit_law(get("chinchilla"), RUNS, prior={"E": (1.7, 0.1)})
    with pytest.raises(LawError, match="delta"):
        profile(informed, RUNS, "alpha")


def test_the_profile_of_a_real_parameter_crosses_zero():
    """A straight line: the profile of its slope is the textbook's interval with t."""
    rng = np.random.default_rng(4)
    x = np.linspace(1, 5, 12)
    y = 3 + 0.01 * x + 0.05 * rng.standard_normal(12)
    law = Law("line", "L = b + a*x", variables=("x",), parameters={"a": Parameter("real"), "b": Parameter("real")})
    runs = RunTable.from_columns({"x": x, "loss": y})
    fit = fit_law(law, runs, objective="ls")
    line = stats.linregress(x, y)
    half = stats.t.ppf(0.95, 10) * line.stderr
    low, high = profile(fit, runs, "a", level=0.9).interval
    assert low < 0 < high
    np.testing.assert_allclose([low, high], [line.slope - half, line.slope + half], atol=1e-4 * half)
