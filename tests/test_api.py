"""The public names and the verbs: what goes in, what comes out, the same bits for the same seed."""

import importlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import isoflop as iso

TRUTH = {"E": 1.69, "A": 406.4, "B": 410.7, "alpha": 0.34, "beta": 0.28}


@pytest.fixture(scope="module")
def runs() -> dict[str, np.ndarray]:
    """Return 25 runs of Chinchilla's law with noise."""
    flops, ratio = (x.ravel() for x in np.meshgrid(np.geomspace(1e18, 1e20, 5), np.geomspace(5, 120, 5)))
    params = np.sqrt(flops / 6 / ratio)
    tokens = flops / 6 / params
    loss = iso.laws.get("chinchilla").predict(TRUTH, params=params, tokens=tokens)
    return {"N": params, "D": tokens, "loss": loss * np.exp(0.003 * np.random.default_rng(1).standard_normal(25))}


@pytest.mark.parametrize("name", iso.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(iso, name) is not None
    assert name in dir(iso)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(AttributeError, match=r"no attribute 'fti'; it has .*fit"):
        _ = iso.fti


def test_verbs_stay_functions_though_folders_have_their_names() -> None:
    code = (
        "import isoflop.fit, isoflop.plan, isoflop.report, isoflop.validate.backtest, isoflop.validate.compare\n"
        "import isoflop as iso\n"
        "print(*[callable(getattr(iso, name)) for name in ('fit', 'plan', 'report', 'backtest', 'compare')])"
    )
    shown = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.split() == ["True"] * 5
    assert importlib.import_module("isoflop.fit").fit_law is not None


def test_runs_come_as_columns_path_frame_or_table(runs: dict[str, np.ndarray], tmp_path: Path) -> None:
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    path = tmp_path / "runs.csv"
    pandas.DataFrame(runs).to_csv(path, index=False)
    forms = (runs, path, str(path), pandas.DataFrame(runs), polars.DataFrame(runs), iso.as_runs(runs))
    found = [iso.fit("chinchilla", form, bootstrap=0) for form in forms]
    for fit in found:
        assert fit.theta == pytest.approx(found[0].theta, rel=1e-9)


def test_a_table_is_passed_through(runs: dict[str, np.ndarray]) -> None:
    table = iso.as_runs(runs)
    assert iso.as_runs(table) is table


def test_where_and_mapping_reach_the_reader(runs: dict[str, np.ndarray]) -> None:
    renamed = {"N": runs["N"], "D": runs["D"], "c4": runs["loss"]}
    fit = iso.fit("chinchilla", renamed, mapping={"loss": "c4"}, where="N > 5e7", bootstrap=0)
    assert fit.rows == int((runs["N"] > 5e7).sum())
    assert fit.data.where == "N > 5e7"


@pytest.mark.parametrize("resample", ["pairs", "bayes"])
def test_the_same_seed_gives_the_same_bits_and_another_seed_others(runs: dict[str, np.ndarray], resample: str) -> None:
    first, again, other = (
        iso.fit("chinchilla", runs, bootstrap=20, resample=resample, seed=seed) for seed in (0, 0, 1)
    )
    assert first.draws is not None
    assert np.array_equal(first.draws, again.draws)
    assert np.array_equal(first.theta, other.theta)
    assert not np.array_equal(first.draws, other.draws)


def test_a_fit_remembers_level_and_seed(runs: dict[str, np.ndarray]) -> None:
    fit = iso.fit("chinchilla", runs, bootstrap=20, level=0.5, seed=3)
    assert fit.level == 0.5
    assert fit.settings["seed"] == 3
    assert fit.settings["bootstrap"] == 20


@pytest.mark.parametrize("level", [0, 1, 90, -0.1, float("nan")])
def test_a_level_is_a_probability(runs: dict[str, np.ndarray], level: float) -> None:
    with pytest.raises(iso.InputError, match="is not between 0 and 1"):
        iso.fit("chinchilla", runs, bootstrap=0, level=level)


def test_predict_is_the_method_of_the_fit(runs: dict[str, np.ndarray]) -> None:
    fit = iso.fit("chinchilla", runs, bootstrap=20)
    by_verb, by_method = iso.predict(fit, params=1e9, tokens=2e10), fit.predict(params=1e9, tokens=2e10)
    assert by_verb.value == by_method.value
    assert by_verb.interval == by_method.interval
    letters = iso.predict(fit, N=[1e9, 2e9], D=[2e10, 2e10])
    assert letters.value[0] == pytest.approx(by_verb.value)


def test_predict_refuses_places_where_the_law_has_no_value(runs: dict[str, np.ndarray]) -> None:
    fit = iso.fit("chinchilla", runs, bootstrap=20)
    with pytest.raises(iso.InputError, match="no finite value at params = -1"), np.errstate(all="ignore"):
        fit.predict(params=-1.0, tokens=2e10)


def test_an_objective_can_be_chosen_by_backtest(runs: dict[str, np.ndarray]) -> None:
    fit = iso.fit("chinchilla", runs, objective="auto", bootstrap=0)
    assert fit.objective.name in {"log-huber", "log-huber:1e-3", "log-ls", "ls", "student-t"}
    assert fit.settings["auto"]["objective"] == fit.objective.name


def test_a_formula_may_name_the_tables_own_columns() -> None:
    size = np.geomspace(1, 100, 12)
    noise = np.exp(1e-4 * np.random.default_rng(4).standard_normal(12))
    own = {"my_size": size, "loss": (1.7 + 2.0 / size**0.4) * noise, "my_error": 0.2 + 0.5 / size**0.3}
    fit = iso.fit("E + A/my_size^a", own, bootstrap=20, objective="log-ls")
    assert fit.parameters["a"] == pytest.approx(0.4, abs=1e-3)
    error = iso.fit("my_error = E + A/my_size^a", own, bootstrap=0)
    assert (error.response, round(error.parameters["a"], 4)) == ("my_error", 0.3)
    assert iso.certify("E + A/my_size^a", own, fit.parameters, objective="log-ls").ok
    assert iso.backtest("my_error = E + A/my_size^a", own, by="my_size", bootstrap=0).mean_abs_rel_error < 1e-3


def test_certify_tells_an_optimum_from_a_start(runs: dict[str, np.ndarray]) -> None:
    fit = iso.fit("chinchilla", runs, objective="log-huber:1e-3", bootstrap=0)
    assert iso.certify("chinchilla", runs, fit.parameters).verdict == "certified"
    start = iso.certify("chinchilla", runs, TRUTH)
    assert start.verdict == "not converged"
    assert "this is not the optimum" in start.reasons[0]


def test_costs_and_plans_under_limits_are_verbs(runs: dict[str, np.ndarray]) -> None:
    fit = iso.fit("chinchilla", runs, bootstrap=20)
    found = iso.plan_within(fit, choose={"params": None, "tokens": None}, limits=["flops <= 1e20"])
    assert found.value("params") == pytest.approx(float(iso.plan(fit, flops=1e20).params.value), rel=1e-4)
    spent = iso.cost("7B", "1.4e11 tokens", site="A100", by="6nd")
    assert float(spent.flops.value) == pytest.approx(6 * 7e9 * 1.4e11)
