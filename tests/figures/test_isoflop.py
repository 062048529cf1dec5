import numpy as np
import pytest
from tests.figures.support import marks, rows_with, said

from isoflop import figures, laws
from isoflop.errors import LawError
from isoflop.figures.isoflop import budgets
from isoflop.fit import fit_law
from isoflop.plan.profiles.isoflops import isoflop_profiles


def test_minima_are_the_compute_optimal_sizes(fitted, runs):
    chart = figures.isoflop_figure(fitted, runs)
    minima = [row for row in rows_with(chart, "text", "low") if "FLOP" in row["text"]]
    assert len(minima) == 5
    p = fitted.parameters
    ratio = p["beta"] / (p["alpha"] + p["beta"])
    scale = (p["alpha"] * p["A"] / (p["beta"] * p["B"])) ** (1 / (p["alpha"] + p["beta"]))
    # Hoffmann et al. 2022, eq. 4.
    expected = scale * (np.array([1e18, 3e18, 1e19, 3e19, 1e20]) / 6) ** ratio
    np.testing.assert_allclose([row["x"] for row in minima], expected, rtol=1e-5)
    assert all(row["low"] < row["x"] < row["high"] for row in minima)


def test_each_budget_has_a_curve_and_its_runs(fitted, runs):
    chart = figures.isoflop_figure(fitted, runs)
    assert len({row["curve"] for row in rows_with(chart, "curve")}) == 5
    assert len(rows_with(chart, "row")) == 40


def test_runs_of_a_budget_may_scatter_a_little():
    flops = np.concatenate([1e18 * np.linspace(0.95, 1.05, 6), 1e19 * np.linspace(0.95, 1.05, 6), [5e20]])
    found = budgets(flops, np.geomspace(1e7, 1e9, 13))
    assert [len(b.rows) for b in found] == [6, 6]
    assert [b.flops for b in found] == pytest.approx([1e18, 1e19], rel=0.01)


def test_a_law_without_sizes_has_no_isoflops(runs):
    fit = fit_law(laws.from_text("E + K/C^a"), runs)
    assert not figures.has_isoflops(fit)
    with pytest.raises(LawError, match="isoFLOP"):
        figures.isoflop_figure(fit, runs)


def test_profiles_show_every_budget_and_the_minima_that_count(runs):
    profiles = isoflop_profiles(runs, draws=20)
    chart = figures.profile_figure(profiles)
    assert len(rows_with(chart, "text", "low")) == len(profiles.used)
    assert f"{len(profiles.used)} of 5 budgets" in said(chart)
    assert marks(chart).count("line") == (2 if len(profiles.used) < 5 else 1)
