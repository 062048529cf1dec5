import numpy as np
import pytest
from tests.figures.support import marks, rows_with, said

from isoflop.errors import InputError
from isoflop.figures import samples as figures
from isoflop.figures.save import to_svg
from isoflop.testtime.counts import Counts
from isoflop.testtime.forecasts.summary import SampleSummary, summarise


def summary(name: str = "", shape: float = 0.4, **settings) -> SampleSummary:
    rng = np.random.default_rng(1)
    names = tuple(f"p{k}" for k in range(40))
    counts = Counts(names, np.full(40, 32), rng.binomial(32, rng.beta(shape, 1.0, 40)), group=name)
    return summarise(counts, rng=rng, draws=200, **settings)


@pytest.fixture(scope="module")
def found() -> SampleSummary:
    return summary("one")


def test_curves_and_forecast_are_drawn_as_they_are(found):
    chart = figures.coverage_figure(found)
    rows = rows_with(chart, "series", "low")
    passed = [row for row in rows if row["series"] == figures.PASS]
    np.testing.assert_allclose([row["y"] for row in passed], found.pass_at_k.value, rtol=1e-5)
    np.testing.assert_allclose([row["high"] for row in passed], found.pass_at_k.interval[1], rtol=1e-5)
    ahead = [row for row in rows if row["series"] == figures.AHEAD]
    assert ahead[-1]["x"] == 3200
    assert ahead[-1]["y"] == pytest.approx(found.at(3200).value, rel=1e-5)
    assert f"Forecast: given counts; smallest error in the back-test: {found.best}." in said(chart)
    assert "<svg" in to_svg(chart, width=330)


def test_without_a_forecast_there_are_two_curves():
    counts = Counts(("a", "b", "c"), np.full(3, 8), np.full(3, 8))
    alone = summarise(counts, rng=np.random.default_rng(0), draws=100)
    chart = figures.coverage_figure(alone)
    assert {row["series"] for row in rows_with(chart, "series")} == {figures.PASS, figures.HAT}
    assert marks(chart).count("line") == 1


def test_parts_are_compared_and_some_left_out_by_rank(found):
    parts = [summary(f"m{k}", 0.3 + 0.1 * k, backtest=False) for k in range(9)]
    chart = figures.comparison_of_samples(parts)
    drawn = {row["series"] for row in rows_with(chart, "series")}
    assert len(drawn) == 7
    assert {"m0", "m8"} <= drawn
    assert "7 of 9 are drawn, evenly by rank of pass@1." in said(chart)
    assert "are drawn" not in said(figures.comparison_of_samples(parts[:2]))
    beyond = [row["x"] for row in rows_with(chart, "series") if row["part"] == "forecast"]
    assert min(beyond) >= 32
    with pytest.raises(InputError, match="two parts"):
        figures.comparison_of_samples([found])


def test_errors_of_the_back_test_are_drawn_by_method(found):
    rows = rows_with(figures.hidden_figure(found), "method")
    assert len(rows) == sum(len(one.predictions) for one in found.tested.methods)
    worst = max(rows, key=lambda row: abs(row["y"]))
    gaps = [100 * (p.predicted - p.observed) for one in found.tested.methods for p in one.predictions]
    assert abs(worst["y"]) == pytest.approx(max(map(abs, gaps)), rel=1e-4)
    with pytest.raises(InputError, match="no back-test"):
        figures.hidden_figure(summary(backtest=False))


def test_every_problem_is_in_one_bar():
    counts = Counts(tuple("abcdef"), np.full(6, 10), np.array([0, 1, 5, 9, 10, 10]))
    chart = figures.rates_figure(counts)
    bars = {row["rate"]: row["problems"] for row in rows_with(chart, "rate")}
    assert sum(bars.values()) == 6
    assert (bars["never"], bars["always"], bars["10–20 %"], bars["50–60 %"], bars["90–100 %"]) == (1, 2, 1, 1, 1)
    assert "10 samples of each problem" in said(chart)
