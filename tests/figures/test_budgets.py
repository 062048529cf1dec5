"""The figure of budgets: what is drawn of which route."""

import numpy as np
import pytest
from tests.figures.support import marks, rows_with, said
from tests.testtime.sample_files import write_prices, write_samples

from isoflop.figures.budgets import budget_figure
from isoflop.figures.save import to_svg
from isoflop.testtime.budgets.build import Asked, build
from isoflop.testtime.budgets.file import read_prices
from isoflop.testtime.budgets.report import BudgetReport, report_budget


def reported(folder, asked: Asked) -> BudgetReport:
    models = read_prices(write_prices(folder / "prices.toml"))
    source = write_samples(folder / "samples.csv")
    return report_budget(build(models, source, asked, {"by": ["model"]}, rng=np.random.default_rng(0)), bins=0)


def test_every_option_is_a_point_and_the_frontier_a_line(tmp_path):
    found = reported(tmp_path, Asked(draws=100))
    chart = budget_figure(found)
    points = rows_with(chart, "model", "rule", "k")
    assert {(row["model"], row["rule"], row["k"]) for row in points} == {
        (route.model, route.rule, int(k)) for route in found.menu.routes for k in route.ks
    }
    assert all(row["low"] <= row["y"] + 1e-9 and row["y"] <= row["high"] + 1e-9 for row in points)
    assert marks(chart) == ["line", "area", "line", "point"]
    line = [row for row in rows_with(chart, "x", "y") if set(row) == {"x", "y"}]
    assert [row["y"] for row in line] == pytest.approx([100 * c.accuracy.value for c in found.frontier])
    assert "small" in to_svg(chart)


def test_forecasts_are_hollow_and_said_to_be(tmp_path):
    chart = budget_figure(reported(tmp_path, Asked(("pass@k",), beyond=10, draws=100)))
    assert marks(chart) == ["line", "area", "line", "point", "point"]
    assert "Hollow points: forecasts" in said(chart)
    hollow = {row["k"] for row in rows_with(chart, "forecast") if row["forecast"] and row["model"] == "small"}
    assert min(hollow) > 12
