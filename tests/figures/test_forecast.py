import numpy as np
import pytest
from tests.figures.support import marks, rows_with, said

from isoflop import figures, laws
from isoflop.errors import LawError
from isoflop.fit import fit_law
from isoflop.laws.optimum import compute_optimum
from isoflop.uncertainty.bootstrap import bootstrap


def test_the_line_runs_along_the_compute_optimal_sizes(fitted, runs):
    chart = figures.forecast_figure(fitted, runs, target=1e22)
    line = rows_with(chart, "new_low")
    assert line[-1]["x"] == pytest.approx(1.6e22)
    best = compute_optimum(fitted.law, fitted.theta, line[40]["x"])
    assert line[40]["y"] == pytest.approx(float(best.loss), rel=1e-4)


def test_a_new_run_is_less_sure_than_the_mean(fitted, runs):
    line = rows_with(figures.forecast_figure(fitted, runs), "new_low")
    assert all(row["new_low"] < row["y"] < row["new_high"] for row in line)
    width = np.array([row["high"] - row["low"] for row in line])
    wider = np.array([row["new_high"] - row["new_low"] for row in line])
    assert (wider[:30] > width[:30]).all()


def test_decades_beyond_the_runs_are_marked(fitted, runs):
    rows = [row for row in rows_with(figures.forecast_figure(fitted, runs), "text") if "decade" in row["text"]]
    assert [row["text"] for row in rows] == ["+1 decade", "+2 decades"]
    assert [row["x"] for row in rows] == pytest.approx([1e21, 1e22])


def test_the_target_shows_what_predict_says(fitted, runs):
    target = [r for r in rows_with(figures.forecast_figure(fitted, runs, target=1e22), "text") if " at " in r["text"]]
    best = compute_optimum(fitted.law, fitted.theta, 1e22)
    forecast = fitted.predict(params=float(best.params), tokens=float(best.tokens))
    assert target[0]["y"] == pytest.approx(forecast.value, rel=1e-5)
    assert (target[0]["low"], target[0]["high"]) == pytest.approx(forecast.interval, rel=1e-3)


def test_held_out_runs_stand_beside_what_was_forecast(runs):
    large = runs.column("flops") > 5e19
    small = runs.select(~large, "held out")
    fit = bootstrap(fit_law(laws.get("chinchilla"), small), small, draws=40, rng=np.random.default_rng(0))
    chart = figures.forecast_figure(fit, small, held_out=runs.select(large, "fitted"))
    rows = rows_with(chart, "forecast")
    assert [row["y"] for row in rows] == pytest.approx(runs.column("loss")[large].tolist(), rel=1e-5)
    assert all(row["low"] < row["forecast"] < row["high"] for row in rows)
    assert "held-out runs" in said(chart)


def test_a_law_of_compute_is_forecast_along_it(runs):
    fit = bootstrap(fit_law(laws.from_text("E + K/C^a"), runs), runs, draws=20, rng=np.random.default_rng(0))
    line = rows_with(figures.forecast_figure(fit, runs), "new_low")
    assert line[-1]["x"] == pytest.approx(1e22)
    assert line[-1]["y"] == pytest.approx(fit.evaluate(flops=1e22)[0], rel=1e-5)


def test_no_single_line_leads_beyond_runs_of_other_laws(runs):
    fit = fit_law(laws.from_text("E + A/N^alpha + B/D^beta"), runs)
    with pytest.raises(LawError, match="no draws"):
        figures.forecast_figure(fit, runs)
    steps = laws.from_text("E + A/N^alpha + B/S^beta")
    assert not figures.can_forecast(fit_law(steps, with_steps(runs)))


def with_steps(runs):
    from isoflop.runs import RunTable

    columns = {word: runs.column(word) for word in ("params", "tokens", "loss")}
    return RunTable.from_columns({**columns, "steps": columns["tokens"] / 5e5})


def test_the_forecast_has_two_bands_under_its_line(fitted, runs):
    kinds = marks(figures.forecast_figure(fitted, runs))
    assert kinds.index("line") > max(k for k, kind in enumerate(kinds) if kind == "area")
    assert kinds.count("area") == 2
