import json
from dataclasses import replace

import numpy as np
import pytest
from tests.validate.designs import bent_runs, chinchilla_runs

from isoflop import laws
from isoflop.errors import FitError, LawError, TableError
from isoflop.fit import fit_law
from isoflop.runs.table import RunTable
from isoflop.uncertainty import bootstrap
from isoflop.validate.backtest import backtest, with_backtest

CHINCHILLA = laws.get("chinchilla")


def test_the_right_law_predicts_what_it_has_not_seen(rng: np.random.Generator) -> None:
    found = backtest(CHINCHILLA, chinchilla_runs(rng), by="params", resample="bayes", bootstrap=40, rng=rng)
    assert len(found.splits) == 3
    assert found.mean_abs_rel_error < 0.01
    assert found.coverage is not None
    assert found.coverage > 0.75


def test_a_law_without_the_floor_is_found_too_hopeful(rng: np.random.Generator) -> None:
    runs = bent_runs(rng)
    straight = backtest(laws.as_law("A/C^a"), runs, rng=rng)
    right = backtest(laws.as_law("E + A/C^a"), runs, rng=rng)
    assert straight.mean_signed_rel_error < -0.01
    assert straight.mean_abs_rel_error > 5 * right.mean_abs_rel_error
    assert straight.inflation is not None
    assert right.inflation is not None
    assert straight.inflation > 2 > right.inflation


def test_a_cut_never_sees_what_it_predicts(rng: np.random.Generator) -> None:
    runs = chinchilla_runs(rng)
    largest = runs.column("params") == runs.column("params").max()
    loss = np.where(largest, 7.0, runs.column("loss"))
    other = RunTable.from_columns({"N": runs.column("params"), "D": runs.column("tokens"), "loss": loss})
    tests = [backtest(CHINCHILLA, t, by="params", hold_out=1, bootstrap=0, rng=rng) for t in (runs, other)]
    first, second = ([p.predicted for p in test.predictions] for test in tests)
    assert first == second
    assert [p.observed for p in tests[1].predictions] == [7.0] * 4


def test_rows_and_distances_are_those_of_the_source(rng: np.random.Generator) -> None:
    runs = chinchilla_runs(rng).select(np.arange(24) != 3, "left out by hand")
    (split,) = backtest(CHINCHILLA, runs, by="params", hold_out=1, bootstrap=0, rng=rng).splits
    assert set(split.test_rows) == {21, 22, 23, 24}
    assert set(split.train_rows) == set(range(1, 21)) - {4}
    assert [p.row for p in split.predictions] == list(split.test_rows)
    assert split.distance_decades == pytest.approx(np.log10(30) / 5)
    assert split.predictions[0].columns["params"] == pytest.approx(3e9)


def test_same_generator_same_bits_on_any_number_of_threads(rng: np.random.Generator) -> None:
    runs, law = bent_runs(rng), laws.as_law("E + A/C^a")
    tests = [
        backtest(law, runs, rng=np.random.default_rng(seed), workers=workers, bootstrap=50).to_dict()
        for seed, workers in ((1, 1), (1, 3), (2, 1))
    ]
    assert tests[0] == tests[1] != tests[2]


def test_the_json_keys_are_those_that_are_promised(rng: np.random.Generator) -> None:
    found = backtest(CHINCHILLA, chinchilla_runs(rng), by="params", hold_out=2, bootstrap=5, rng=rng)
    read = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert {"splits", "mean_abs_rel_error", "mean_signed_rel_error", "coverage", "inflation"} <= set(read)
    assert [s["test_rows"] for s in read["splits"]] == [8, 4]
    assert {"cut", "train_rows", "distance_decades", "mean_abs_rel_error", "coverage"} <= set(read["splits"][0])
    assert len(read["splits"][1]["predictions"]) == 4


def test_fixed_parameters_leave_room_for_more_cuts(rng: np.random.Generator) -> None:
    runs = chinchilla_runs(rng, sizes=4, ratios=3)
    cut = float(np.unique(runs.column("params"))[2])
    with pytest.raises(TableError, match="5 free parameters and needs 8"):
        backtest(CHINCHILLA, runs, by="params", cuts=[cut], bootstrap=0, rng=rng)
    fixed = backtest(CHINCHILLA, runs, by="params", cuts=[cut], bootstrap=0, rng=rng, fix={"E": 1.69, "alpha": 0.34})
    assert fixed.splits[0].fit.parameters["E"] == pytest.approx(1.69)


def test_auto_chooses_on_the_fitted_runs_alone(rng: np.random.Generator) -> None:
    found = backtest(CHINCHILLA, chinchilla_runs(rng), by="params", hold_out=1, objective="auto", bootstrap=0, rng=rng)
    assert found.objective == "auto"
    assert found.splits[0].objective != "auto"


def test_a_level_that_no_smaller_run_has_is_not_predicted(rng: np.random.Generator) -> None:
    runs = chinchilla_runs(rng)
    labels = np.where(np.arange(24) % 2, "muon", "adamw").astype(object)
    labels[20:22] = "new"
    table = RunTable.from_columns(
        {"N": runs.column("params"), "D": runs.column("tokens"), "loss": runs.column("loss"), "recipe": labels}
    )
    law = laws.as_law("E + A[recipe]/N^alpha + B/D^beta")
    (split,) = backtest(law, table, by="params", hold_out=1, bootstrap=0, rng=rng).splits
    assert split.test_rows == (23, 24)
    assert split.mean_abs_rel_error < 0.02
    assert [p.columns["recipe"] for p in split.predictions] == ["adamw", "muon"]


def test_the_inflation_widens_the_forecasts_of_a_fit(rng: np.random.Generator) -> None:
    runs = bent_runs(rng)
    law = laws.as_law("A/C^a")
    fit = bootstrap(fit_law(law, runs), runs, draws=50, rng=rng)
    wide = with_backtest(fit, backtest(law, runs, rng=rng))
    low, high = fit.predict(flops=1e24).interval
    lower, higher = wide.predict(flops=1e24).interval
    assert wide.inflation is not None
    assert np.log(higher / lower) == pytest.approx(wide.inflation * np.log(high / low))
    assert wide.interval("a") == fit.interval("a")


def test_a_back_test_of_something_else_is_refused(rng: np.random.Generator) -> None:
    runs = bent_runs(rng)
    law = laws.as_law("A/C^a")
    fit = fit_law(law, runs)
    bare = backtest(law, runs, hold_out=1, bootstrap=0, rng=rng)
    with pytest.raises(FitError, match="no intervals"):
        with_backtest(fit, bare)
    with pytest.raises(FitError, match="The back-test is of law"):
        with_backtest(fit, replace(bare, formula="E + A/C^a"))
    with pytest.raises(FitError, match="minimised log-ls"):
        with_backtest(fit, replace(bare, objective="log-ls"))


def test_a_wrong_setting_is_an_error_and_not_a_skipped_cut(rng: np.random.Generator) -> None:
    runs = bent_runs(rng)
    law = laws.as_law("A/C^a")
    with pytest.raises(FitError, match="not known"):
        backtest(law, runs, objective="lad", rng=rng)
    with pytest.raises(LawError, match="no parameter"):
        backtest(law, runs, fix={"E": 1.0}, rng=rng)


def test_it_prints_cut_by_cut(rng: np.random.Generator) -> None:
    shown = str(backtest(laws.as_law("E + A/C^a"), bent_runs(rng), hold_out=2, bootstrap=20, rng=rng))
    assert "3.16e+21" in shown
    assert "intervals must grow by" in shown
