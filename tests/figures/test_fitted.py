import numpy as np
import pytest
from tests.figures.conftest import make_runs
from tests.figures.support import marks, rows_with, said

from isoflop import figures, laws
from isoflop.errors import FitError
from isoflop.figures.save import spec_of
from isoflop.fit import fit_law
from isoflop.fit.objective import robust_scale
from isoflop.runs import RunTable, read_runs
from isoflop.uncertainty.bootstrap import bootstrap


def test_every_run_is_a_point_at_its_compute_and_loss(fitted, runs):
    points = rows_with(figures.fit_figure(fitted, runs), "row")
    assert sorted(p["row"] for p in points) == list(range(1, 41))
    by_row = {p["row"]: p for p in points}
    assert by_row[7]["x"] == pytest.approx(runs.column("flops")[6], rel=1e-5)
    assert by_row[7]["y"] == pytest.approx(runs.column("loss")[6], rel=1e-5)


def test_bands_hold_the_fitted_law(fitted, runs):
    band = rows_with(figures.fit_figure(fitted, runs), "low", "high", "curve")
    assert len({row["curve"] for row in band}) == 6
    assert all(row["low"] < row["y"] < row["high"] for row in band)
    at = band[17]
    value = fitted.evaluate(params=at["size"], tokens=at["x"] / 6 / at["size"])[0]
    assert at["y"] == pytest.approx(value, rel=1e-4)


def test_without_draws_there_are_lines_and_no_bands(runs):
    chart = figures.fit_figure(fit_law(laws.get("chinchilla"), runs), runs)
    assert marks(chart) == ["line", "circle"]
    assert not rows_with(chart, "low")


def test_a_law_of_one_column_has_one_curve_and_one_colour(runs):
    chart = figures.fit_figure(fit_law(laws.from_text("E + K/C^a"), runs), runs)
    assert {row["curve"] for row in rows_with(chart, "curve")} == {"0"}


def test_a_law_of_other_columns_shows_the_fitted_value_of_each_run(rng):
    lr = np.tile(np.geomspace(1e-4, 1e-2, 6), 4)
    params = np.repeat(np.geomspace(1e7, 1e9, 4), 6)
    loss = (2 + 30 / params**0.2) * np.exp(0.05 * np.log(lr / 1e-3) ** 2 + 0.001 * rng.standard_normal(24))
    runs = RunTable.from_columns({"params": params, "lr": lr, "loss": loss})
    fit = fit_law(laws.from_text("(E + A/N^alpha) * exp(k*(log(lr) + m)^2)"), runs)
    chart = figures.fit_figure(fit, runs, against="lr")
    assert marks(chart) == ["circle", "tick"]
    assert "fitted value of each run" in said(chart)


def test_other_runs_are_refused(fitted):
    with pytest.raises(FitError, match="not the ones"):
        figures.fit_figure(fitted, make_runs(noise=0.01))


def test_a_column_that_is_not_there_is_refused(fitted, runs):
    with pytest.raises(FitError, match="params, tokens, flops"):
        figures.residual_figure(fitted, runs, against="width")


@pytest.mark.parametrize("against", ["flops", "params", "tokens"])
def test_residuals_are_in_percent_between_two_robust_scales(fitted, runs, against):
    chart = figures.residual_figure(fitted, runs, against=against)
    points = sorted(rows_with(chart, "row"), key=lambda row: row["row"])
    np.testing.assert_allclose([p["residual"] for p in points], 100 * fitted.residuals, rtol=1e-4, atol=1e-8)
    np.testing.assert_allclose([p["x"] for p in points], runs.column(against), rtol=1e-5)
    scale = 100 * robust_scale(fitted.residuals, 5)
    assert sorted(row["at"] for row in rows_with(chart, "at")) == pytest.approx([-2 * scale, 0, 2 * scale], rel=1e-4)


def test_residuals_of_raw_loss_are_in_its_unit(runs):
    fit = fit_law(laws.get("chinchilla"), runs, objective="ls")
    points = sorted(rows_with(figures.residual_figure(fit, runs), "row"), key=lambda row: row["row"])
    np.testing.assert_allclose([p["residual"] for p in points], fit.residuals, rtol=1e-4, atol=1e-8)


def test_many_runs_are_thinned_evenly_and_it_is_said(rng):
    flops = np.geomspace(1e17, 1e22, 3000)
    loss = 2 + 1e3 * flops**-0.16 * np.exp(0.01 * rng.standard_normal(3000))
    runs = RunTable.from_columns({"flops": flops, "loss": loss})
    chart = figures.fit_figure(fit_law(laws.from_text("E + K/C^a"), runs), runs)
    rows = [row["row"] for row in rows_with(chart, "row")]
    assert len(rows) == 600
    assert {1, 3000} <= set(rows)
    assert np.diff(sorted(rows)).max() <= 6
    assert "600 of 3,000 runs are drawn" in said(chart)


def test_the_axis_names_the_unit_that_these_runs_have(runs):
    columns = {word: runs.column(word) for word in ("params", "tokens")}
    table = read_runs({**columns, "val_bpb": runs.column("loss") / 4})
    fit = bootstrap(fit_law(laws.get("chinchilla"), table), table, draws=20, rng=np.random.default_rng(0))
    charts = figures.fit_figure, figures.isoflop_figure, figures.forecast_figure
    titles = {str(spec_of(make(fit, table))).count("Loss L (bits/byte)") > 0 for make in charts}
    assert titles == {True}
    assert "nats" not in str(spec_of(figures.fit_figure(fit, table)))
