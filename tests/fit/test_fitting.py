"""One solver for all laws: what it finds, with every option of a fit."""

import numpy as np
import pytest
from tests.fit.synthetic import TRUTH, chinchilla_runs, grid

import isoflop as iso
from isoflop.errors import FitError, InputError, LawError
from isoflop.fit import fit_law
from isoflop.fit.evaluate import Evaluator
from isoflop.fit.noise import seed_noise
from isoflop.fit.objective import parse_objective
from isoflop.fit.problem import bind
from isoflop.fit.search import SEED_ROWS, sample_rows, search
from isoflop.fit.seeds import make_seeds
from isoflop.fit.solve import minimise
from isoflop.laws import as_law, get
from isoflop.runs.table import RunTable

OBJECTIVES = ["log-huber", "log-huber:1e-3", "log-ls", "ls", "asymmetric:3", "student-t:5"]


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_noise_free_runs_give_their_own_parameters(objective):
    fit = fit_law(get("chinchilla"), chinchilla_runs(), objective=objective)
    for name, value in TRUTH.items():
        assert fit.parameters[name] == pytest.approx(value, rel=1e-6)
    assert fit.certificate.verdict == "certified"


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_no_objective_is_fooled_by_units(objective):
    runs = chinchilla_runs(noise=0.005)
    scaled = RunTable.from_columns(
        {"params": runs.column("params") / 1e6, "tokens": runs.column("tokens") / 1e9, "loss": runs.column("loss")}
    )
    here = fit_law(get("chinchilla"), runs, objective=objective)
    there = fit_law(get("chinchilla"), scaled, objective=objective)
    value = here.evaluate(params=1e12, tokens=2e13)[0]
    assert there.evaluate(params=1e6, tokens=2e4)[0] == pytest.approx(value, rel=1e-8)


@pytest.mark.parametrize("objective", ["log-huber:1e-3", "ls"])
@pytest.mark.parametrize("name", ["chinchilla", "skaling", "power-tokens-floor"])
def test_seeds_are_ranked_by_the_objective(name, objective):
    """Their values come from what their linear coefficients multiply, not from the law again."""
    parsed, law = parse_objective(objective), get(name)
    problem = bind(law, chinchilla_runs(noise=0.01), response="loss", log=parsed.log, fix={}, prior={})
    evaluator = Evaluator(problem, parsed)
    seeds = make_seeds(evaluator, thorough=True)
    value = evaluator.value(seeds)
    assert len(value) > 20
    assert (np.diff(value) >= -1e-9 * value[1:]).all()
    np.testing.assert_allclose(evaluator.value_of(seeds, evaluator.model(seeds)), value, rtol=1e-13)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_slopes_and_curvature_agree_with_differences(objective):
    runs = chinchilla_runs(noise=0.01)
    chosen = parse_objective(objective).with_scale(0.02)
    problem = bind(get("chinchilla"), runs, response="loss", log=chosen.log, fix={}, prior={})
    evaluator = Evaluator(problem, chosen)
    u = problem.search(np.array([[1.7, 380.0, 0.33, 420.0, 0.285]]))
    local = evaluator.local(u)
    assert local.value[0] == pytest.approx(evaluator.value(u)[0], rel=1e-14)
    for k in range(problem.size):
        step = np.zeros_like(u)
        step[0, k] = 1e-6
        up, down = evaluator.local(u + step), evaluator.local(u - step)
        assert (up.value - down.value)[0] / 2e-6 == pytest.approx(local.slope[0, k], rel=1e-5)
        if objective != "log-huber:1e-3":
            np.testing.assert_allclose((up.slope - down.slope)[0] / 2e-6, local.curvature[0, k], rtol=2e-4)


def test_the_search_beats_a_hundred_random_starts():
    runs = chinchilla_runs(noise=0.02, seed=3)
    objective = parse_objective("log-huber:1e-3")
    problem = bind(get("chinchilla"), runs, response="loss", log=True, fix={}, prior={})
    found = search(problem, objective)
    starts = np.random.default_rng(0).uniform(-3, 1, (100, problem.size))
    ends = minimise(Evaluator(problem, objective), starts)
    assert found.value <= ends.value.min() * (1 + 1e-9)


def test_fixed_parameters_stay_and_are_said():
    fit = fit_law(get("chinchilla"), chinchilla_runs(noise=0.002), fix={"E": 1.69, "alpha": 0.34})
    assert fit.parameters["E"] == 1.69
    assert fit.parameters["alpha"] == pytest.approx(0.34, rel=1e-14)
    assert set(fit.fixed) == {"E", "alpha"}
    assert fit.parameters["A"] == pytest.approx(406.4, rel=0.02)


def test_a_fixed_coefficient_is_taken_in_the_users_units():
    fit = fit_law(get("chinchilla"), chinchilla_runs(), fix={"A": 406.4})
    assert fit.parameters["A"] == 406.4
    assert fit.parameters["alpha"] == pytest.approx(0.34, rel=1e-6)


def test_a_tight_prior_pulls_and_a_wide_one_does_not():
    runs = chinchilla_runs(noise=0.01)
    free = fit_law(get("chinchilla"), runs, objective="log-ls").parameters["beta"]
    tight = fit_law(get("chinchilla"), runs, objective="log-ls", prior={"beta": (0.40, 1e-4)}).parameters["beta"]
    wide = fit_law(get("chinchilla"), runs, objective="log-ls", prior={"beta": (0.40, 1e3)}).parameters["beta"]
    assert tight == pytest.approx(0.40, abs=1e-3)
    assert wide == pytest.approx(free, rel=1e-5)
    assert abs(free - 0.40) > 0.01


def test_exponents_are_shared_across_recipes():
    params, tokens = grid(sizes=6)
    floors = {"adamw": 1.6, "muon": 1.75}
    columns = {"params": [], "tokens": [], "loss": [], "recipe": []}
    for recipe, floor in floors.items():
        columns["params"] += params.tolist()
        columns["tokens"] += tokens.tolist()
        columns["loss"] += get("chinchilla").predict({**TRUTH, "E": floor}, params=params, tokens=tokens).tolist()
        columns["recipe"] += [recipe] * len(params)
    fit = iso.fit("E[recipe] + A/N^alpha + B/D^beta", columns, bootstrap=20)
    assert fit.parameters["E[recipe=adamw]"] == pytest.approx(1.6, rel=1e-6)
    assert fit.parameters["E[recipe=muon]"] == pytest.approx(1.75, rel=1e-6)
    forecast = fit.predict(params=7e9, tokens=1.4e11, recipe="muon")
    expected = get("chinchilla").predict({**TRUTH, "E": 1.75}, params=7e9, tokens=1.4e11)
    assert forecast.value == pytest.approx(float(expected), rel=1e-6)
    with pytest.raises(InputError, match="adamw, muon"):
        fit.predict(params=7e9, tokens=1.4e11, recipe="sgd")


def test_indexed_exponents_are_found_too():
    params, tokens = grid(sizes=6)
    columns = {"C": [], "loss": [], "recipe": []}
    for recipe, gamma in {"a": 0.10, "b": 0.15}.items():
        flops = 6 * params * tokens
        columns["C"] += flops.tolist()
        columns["loss"] += (1.5 + 100 * (flops / 1e15) ** -gamma).tolist()
        columns["recipe"] += [recipe] * len(params)
    fit = fit_law(as_law("E + K[recipe]*C^-gamma[recipe]"), iso.as_runs(columns), objective="log-ls")
    assert fit.parameters["gamma[recipe=a]"] == pytest.approx(0.10, rel=1e-5)
    assert fit.parameters["gamma[recipe=b]"] == pytest.approx(0.15, rel=1e-5)


def test_weights_of_zero_take_a_run_out():
    runs = chinchilla_runs(noise=0.002)
    loss = runs.column("loss").copy()
    loss[0] *= 1.5
    weights = np.ones(len(loss))
    weights[0] = 0
    columns = {"params": runs.column("params"), "tokens": runs.column("tokens"), "loss": loss, "trust": weights}
    weighted = fit_law(get("chinchilla"), iso.as_runs(columns), objective="log-ls", weights="trust")
    without = fit_law(get("chinchilla"), iso.as_runs(columns).select(weights > 0, "test"), objective="log-ls")
    for name in TRUTH:
        assert weighted.parameters[name] == pytest.approx(without.parameters[name], rel=1e-6)


def test_noise_from_seeds_weighs_the_noisy_runs_down():
    params, tokens = grid(sizes=6)
    rng = np.random.default_rng(0)
    repeated = {"params": np.repeat(params, 3), "tokens": np.repeat(tokens, 3)}
    spread = np.where(repeated["params"] < 3e8, 0.03, 0.001)
    loss = get("chinchilla").predict(TRUTH, **repeated) * np.exp(rng.normal(0, spread))
    runs = iso.as_runs({**repeated, "loss": loss, "seed": np.tile([0, 1, 2], len(params))})
    plain = fit_law(get("chinchilla"), runs, objective="log-ls")
    known = fit_law(get("chinchilla"), runs, objective="log-ls", noise="seeds")
    exact = float(get("chinchilla").predict(TRUTH, params=1e11, tokens=2e12))
    errors = [abs(f.evaluate(params=1e11, tokens=2e12)[0] / exact - 1) for f in (plain, known)]
    assert errors[1] < errors[0]


@pytest.mark.parametrize("law", ["E + A*exp(-N/d)", "E + A*exp(-k*N)", "E + A*exp(-(N/d)^b)", "E - A*tanh(N^2/d^2)"])
@pytest.mark.parametrize("unit", [1.0, 1e9])
def test_a_scale_inside_a_function_is_found_in_any_unit(law, unit):
    truth = {"E": 2.0, "A": 1.5, "d": 2e8 / unit, "k": 5e-9 * unit, "b": 0.7}
    wanted = {name: truth[name] for name in as_law(law).parameter_names}
    params = np.geomspace(1e7, 1e9, 14) / unit
    runs = iso.as_runs({"params": params, "loss": as_law(law).predict(wanted, params=params)})
    assert fit_law(as_law(law), runs).parameters == pytest.approx(wanted, rel=1e-6)


def test_a_level_may_be_fixed_apart_from_the_others():
    runs = iso.as_runs({"N": [1e8, 2e8, 4e8, 8e8] * 2, "recipe": ["a"] * 4 + ["b"] * 4, "loss": np.linspace(4, 3, 8)})
    law = as_law("E + A[recipe]/N^alpha")
    both = fit_law(law, runs, fix={"A[recipe=a]": 300.0, "A": 400.0})
    assert both.fixed == {"A[recipe=a]": 300.0, "A[recipe=b]": 400.0}
    informed = fit_law(law, runs, fix={"A[recipe=a]": 300.0}, prior={"A": (400.0, 1.0)})
    assert informed.priors == {"A[recipe=b]": (400.0, 1.0)}


def test_negative_weights_are_refused():
    runs = chinchilla_runs(noise=0.01)
    columns = {name: runs.column(name) for name in ("params", "tokens", "loss")}
    with pytest.raises(FitError, match="negative weights"):
        fit_law(get("chinchilla"), iso.as_runs({**columns, "trust": -np.ones(len(runs))}), weights="trust")


def test_recipes_are_no_seeds_of_each_other():
    params, _ = grid(sizes=6)
    rng = np.random.default_rng(1)
    recipe = np.tile(["a", "a", "b", "b"], len(params))
    size = np.repeat(params, 4)
    loss = (2 + np.where(recipe == "a", 1.0, 1.5) * (size / 1e8) ** -0.3) * np.exp(rng.normal(0, 0.001, len(size)))
    runs = iso.as_runs({"params": size, "recipe": recipe, "loss": loss})
    assert seed_noise(runs, as_law("E + A[recipe]/N^alpha"), "loss").max() < 0.005
    assert seed_noise(runs, as_law("E + A/N^alpha"), "loss").max() > 0.05


def test_large_tables_are_searched_on_a_sample_and_polished_on_all():
    rng = np.random.default_rng(0)
    params, tokens = np.exp(rng.uniform(17, 23, 30_000)), np.exp(rng.uniform(20, 26, 30_000))
    loss = get("chinchilla").predict(TRUTH, params=params, tokens=tokens) * np.exp(rng.normal(0, 0.01, 30_000))
    fit = fit_law(get("chinchilla"), iso.as_runs({"params": params, "tokens": tokens, "loss": loss}))
    assert fit.certificate.verdict == "certified"
    assert fit.parameters["alpha"] == pytest.approx(0.34, rel=0.01)


def test_a_sample_spreads_over_the_rows():
    runs = chinchilla_runs(sizes=100)
    problem = bind(get("chinchilla"), runs, response="loss", log=True, fix={}, prior={})
    sketch = sample_rows(problem, SEED_ROWS)
    assert sketch.rows == SEED_ROWS
    assert sketch.response.min() == problem.response.min()
    assert sketch.response.max() == problem.response.max()


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"fix": {"gamma": 1.0}}, LawError, "gamma is no parameter"),
        ({"fix": {"alpha": -1.0}}, LawError, "outside its domain"),
        ({"prior": {"alpha": (0.3, 0.0)}}, LawError, "positive"),
        ({"fix": {"E": 1.7}, "prior": {"E": (1.7, 0.1)}}, LawError, "both a fixed value and a prior"),
        ({"prior": {"E": 1.7}}, LawError, "mean, standard deviation"),
        ({"prior": {"E": (float("nan"), 0.1)}}, LawError, "mean, standard deviation"),
        ({"fix": TRUTH}, FitError, "nothing is left"),
        ({"objective": "huber"}, FitError, "log-huber"),
        ({"objective": "log-huber:-1"}, FitError, "positive"),
        ({"objective": "log-ls:3"}, FitError, "takes no number"),
        ({"noise": "seeds"}, FitError, "seed"),
        ({"level": 1.5}, FitError, "between 0 and 1"),
        ({"resample": "wild"}, FitError, "pairs"),
        ({"bootstrap": 1}, FitError, "at least 2"),
        ({"weights": "trust"}, InputError, "trust"),
    ],
)
def test_a_wrong_option_is_named_with_the_next_step(options, error, words):
    with pytest.raises(error, match=words):
        iso.fit("chinchilla", chinchilla_runs(noise=0.01), **options)


def test_fewer_runs_than_parameters_are_refused():
    runs = chinchilla_runs(sizes=4, ratios=(20.0,))
    with pytest.raises(InputError, match="4 usable runs"):
        iso.fit("chinchilla", runs)


def test_agreement_on_a_large_table_counts_independent_searches_only():
    rng = np.random.default_rng(0)
    params, tokens = np.exp(rng.uniform(17, 23, 3000)), np.exp(rng.uniform(20, 26, 3000))
    loss = get("chinchilla").predict(TRUTH, params=params, tokens=tokens) * np.exp(rng.normal(0, 0.01, 3000))
    runs = iso.as_runs({"params": params, "tokens": tokens, "loss": loss})
    problem = bind(get("chinchilla"), runs, response="loss", log=True, fix={}, prior={})
    found = search(problem, parse_objective("log-ls"))
    again = search(problem, parse_objective("log-ls"), found.u[None])
    assert found.searches >= 5
    assert found.agree >= 2
    assert again.searches == found.searches
