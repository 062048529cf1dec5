"""What the certificate must flag, and what it must let pass."""

import numpy as np
import pytest
from scipy.optimize import minimize
from tests.fit.synthetic import TRUTH, chinchilla_runs

import isoflop as iso
from isoflop.fit import fit_law
from isoflop.laws import as_law, get
from isoflop.runs.read import read_runs
from isoflop.runs.table import RunTable

START = {"E": 1.0, "A": 100.0, "B": 100.0, "alpha": 0.5, "beta": 0.5}


def reasons(certificate):
    return " ".join(certificate.reasons)


def test_a_start_returned_as_a_fit_is_flagged():
    certificate = iso.certify("chinchilla", chinchilla_runs(noise=0.005), START)
    assert certificate.verdict == "not converged"
    assert "not the optimum" in reasons(certificate)


def test_the_optimum_itself_passes():
    runs = chinchilla_runs(noise=0.005)
    fit = fit_law(get("chinchilla"), runs, objective="log-huber:1e-3")
    assert iso.certify("chinchilla", runs, fit.parameters).verdict == "certified"


def test_one_percent_off_the_optimum_is_flagged():
    runs = chinchilla_runs(noise=0.005)
    fit = fit_law(get("chinchilla"), runs, objective="log-huber:1e-3")
    moved = {**fit.parameters, "alpha": fit.parameters["alpha"] * 1.01}
    assert iso.certify("chinchilla", runs, moved).verdict == "not converged"


def test_the_mean_huber_early_stop_is_flagged(data_directory):
    """Reference D2 and F2: the mean instead of the sum, with the optimiser's default tolerances."""
    runs = read_runs(data_directory / "chinchilla_epoch.csv", where="outlier = 0")
    n, d, y = (np.log(runs.column(c)) for c in ("params", "tokens", "loss"))

    def mean_huber(p):
        a, b, e, alpha, beta = p
        r = np.abs(y - np.logaddexp(np.logaddexp(a - alpha * n, b - beta * d), e))
        return float(np.mean(np.where(r <= 1e-3, r**2 / 2, 1e-3 * (r - 5e-4))))

    ends = [minimize(mean_huber, [a, b, 0.0, 0.5, 0.5], method="L-BFGS-B") for a in (5, 10) for b in (5, 10, 20)]
    best = min(ends, key=lambda end: end.fun)
    assert best.success
    a, b, e, alpha, beta = best.x
    stopped = {"E": np.exp(e), "A": np.exp(a), "B": np.exp(b), "alpha": alpha, "beta": beta}
    certificate = iso.certify("chinchilla", runs, stopped, objective="log-huber:1e-3")
    assert certificate.verdict == "not converged"


def test_tokens_proportional_to_params_are_flagged():
    """Reference F9: N = geomspace(10^7.5, 1e10, 12), D = 20 N."""
    law, params = get("chinchilla"), np.geomspace(10**7.5, 1e10, 12)
    for seed in range(3):
        loss = law.predict(TRUTH, params=params, tokens=20 * params)
        loss = loss * np.exp(np.random.default_rng(seed).normal(0, 0.003, 12))
        fit = fit_law(law, RunTable.from_columns({"params": params, "tokens": 20 * params, "loss": loss}))
        assert fit.certificate.verdict != "certified"
        assert "collinear" in reasons(fit.certificate)


def test_the_spread_design_of_the_same_size_passes():
    fit = fit_law(get("chinchilla"), chinchilla_runs(noise=0.003, sizes=12))
    assert fit.certificate.verdict == "certified"


def test_more_parameters_than_sizes_are_flagged():
    fit = fit_law(get("chinchilla"), chinchilla_runs(noise=0.003, sizes=2, ratios=(5.0, 10.0, 20.0, 40.0)))
    assert fit.certificate.verdict != "certified"
    assert "distinct values of params" in reasons(fit.certificate)


def test_a_law_that_passes_through_every_run_is_flagged():
    fit = fit_law(get("chinchilla"), chinchilla_runs(noise=0.003, sizes=5, ratios=(20.0,)))
    assert fit.certificate.verdict != "certified"
    assert "5 distinct runs for 5 parameters" in reasons(fit.certificate)


def test_runs_of_several_recipes_at_one_size_are_distinct():
    flops = np.tile(np.geomspace(1e17, 1e20, 5), 4)
    recipe = np.repeat(["a", "b", "c", "d"], 5)
    loss = 1.5 + np.repeat([2.0, 2.2, 2.5, 3.0], 5) * (flops / 1e17) ** -0.2
    loss = loss * np.exp(0.002 * np.random.default_rng(0).standard_normal(20))
    table = RunTable.from_columns({"flops": flops, "recipe": recipe, "loss": loss})
    fit = fit_law(as_law("E + A[recipe]/C^a", ["recipe"]), table)
    (found,) = [check for check in fit.certificate.checks if check.name == "distinct runs"]
    assert (found.value, found.threshold, found.passed) == (20, 6, True)


def test_a_vanished_term_is_flagged():
    params, tokens = np.geomspace(1e7, 1e10, 8), np.geomspace(1e9, 1e11, 8)
    grid = {"params": np.repeat(params, 4), "tokens": np.tile(tokens[::2], 8)}
    # A pure power law: the floor E has nothing to explain.
    loss = 20.0 * grid["params"] ** -0.1
    fit = fit_law(get("power-params-floor"), RunTable.from_columns({**grid, "loss": loss}))
    assert "vanished" in reasons(fit.certificate) or fit.parameters["E"] < 1e-6


def test_a_vanished_term_is_weakly_identified_not_unconverged():
    # Concave in log-log: the best floor is none at all, and the objective still falls towards it.
    flops = np.geomspace(1e9, 1e13, 30)
    noise = np.exp(0.005 * np.random.default_rng(0).standard_normal(30))
    loss = 3.0 * np.exp(-0.05 * np.log(flops / 1e9) - 0.006 * np.log(flops / 1e9) ** 2) * noise
    fit = fit_law(get("power-flops-floor"), RunTable.from_columns({"flops": flops, "loss": loss}))
    assert fit.certificate.verdict == "weakly identified"
    assert "E → 0 (its term has vanished)" in reasons(fit.certificate)


def test_every_check_says_a_number_and_its_threshold():
    certificate = fit_law(get("chinchilla"), chinchilla_runs(noise=0.003)).certificate
    names = {check.name for check in certificate.checks}
    assert {"agreeing seeds", "scaled gradient", "condition number", "sloppiest direction", "bounds"} <= names
    assert "unit invariance" in names
    assert all(check.text for check in certificate.checks)
    assert certificate.reasons == ()


@pytest.mark.parametrize("name", ["chinchilla", "skaling", "gadre", "kaplan-tokens"])
def test_fits_of_smooth_laws_to_their_own_kind_of_data_are_no_saddles(name):
    fit = fit_law(get(name), chinchilla_runs(noise=0.003, sizes=12))
    assert fit.certificate.verdict in ("certified", "weakly identified")
