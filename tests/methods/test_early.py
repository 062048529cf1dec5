"""Early checkpoints foretell the end: published learning curves, and made-up ones."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from isoflop import laws
from isoflop.errors import FitError
from isoflop.methods.early import early_part, predict_curves
from isoflop.runs.read import read_runs
from isoflop.runs.table import RunTable


def test_the_published_curves_are_extrapolated_as_recorded(data_directory: Path) -> None:
    """`y = E + c/x^k`, fitted where is_train = 1 and scored on the rest: the record's errors of every domain."""
    source = read_runs(data_directory / "learning_curves_lang.csv", response="y")
    columns = [source.labels(name) for name in ("domain", "task", "model")]
    run = ["|".join(levels[codes[row]] for levels, codes in columns) for row in range(len(source))]
    table = RunTable.from_columns({"run": run, "x": source.column("x"), "y": source.column("y")})
    train = source.column("is_train") == 1
    found = predict_curves(laws.from_text("y = E + c/x^k", columns=("x",)), table, train, late=~train)
    assert len(found.curves) == 20
    assert found.skipped == ()
    record = json.loads((data_directory / "learning_curves_lang.json").read_text("utf-8"))["check"]
    for domain, rmse in record["mean_rmse_by_domain"].items():
        own = [curve.rmse for curve in found.curves if curve.run.startswith(f"{domain}|")]
        assert float(np.mean(own)) == pytest.approx(rmse, rel=1e-4)


def curves(rng: np.random.Generator) -> RunTable:
    """Five runs of twenty checkpoints; the first tenth of each is warm-up, off the curve."""
    tokens = np.tile(np.linspace(5e8, 1e10, 20), 5)
    run = np.repeat(np.arange(5), 20)
    clean = (1.7 + 0.1 * run) + 3e3 * tokens**-0.36
    loss = clean * np.exp(rng.normal(0, 5e-4, 100))
    loss[tokens <= 1e9] += 0.7
    return RunTable.from_columns({"run": [f"r{k}" for k in run], "D": tokens, "loss": loss})


def test_the_early_part_leaves_out_the_warm_up(rng: np.random.Generator) -> None:
    table = curves(rng)
    early = early_part(table, share=0.5, skip=0.12)
    tokens = table.column("tokens")[early]
    assert tokens.min() == pytest.approx(1.5e9)
    assert tokens.max() == pytest.approx(5e9)
    found = predict_curves("power-tokens-floor", table, early)
    assert len(found.curves) == 5
    assert found.mean_abs_rel_error < 0.02
    assert found.mean_rmse < 0.05
    # With the warm-up in the fit the same forecast is worse.
    with_warmup = predict_curves("power-tokens-floor", table, early_part(table, share=0.5, skip=0.0))
    assert with_warmup.mean_abs_rel_error > 2 * found.mean_abs_rel_error


def test_a_run_without_late_checkpoints_is_skipped_and_named(rng: np.random.Generator) -> None:
    table = curves(rng)
    early = early_part(table, share=0.5)
    early |= np.array([name == 0 for name in table.labels("run")[1]])
    found = predict_curves("power-tokens-floor", table, early)
    assert [curve.run for curve in found.curves] == ["r1", "r2", "r3", "r4"]
    assert found.skipped == (("r0", "it has no early or no late checkpoints"),)


def test_too_few_early_checkpoints_for_every_run(rng: np.random.Generator) -> None:
    table = curves(rng)
    with pytest.raises(FitError, match=r"No run could be fitted: r0: .*3 free parameters"):
        predict_curves("power-tokens-floor", table, early_part(table, share=0.15))


def test_the_mean_error_has_an_interval_from_whole_runs() -> None:
    """Sixty sets of twelve errors made up around a known mean: the interval holds it about as often as it says."""
    table = curves(np.random.default_rng(1))
    found = predict_curves("power-tokens-floor", table, early_part(table, share=0.5, skip=0.12))
    model, hits = found.curves[0], 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        ends = 1 + rng.gamma(4.0, 0.0025, 12)  # mean error .01
        many = replace(found, curves=tuple(replace(model, end=float(end), actual_end=1.0) for end in ends))
        estimate = many.error_interval(rng=rng, draws=300)
        assert estimate.value == many.mean_abs_rel_error
        hits += estimate.interval[0] < 0.01 < estimate.interval[1]
    assert 47 <= hits <= 60
    with pytest.raises(FitError, match="2 curves show no spread"):
        replace(found, curves=found.curves[:2]).error_interval(rng=np.random.default_rng(0))
    with pytest.raises(FitError, match="is no early part"):
        early_part(table, share=0.1, skip=0.3)
