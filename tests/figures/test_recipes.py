"""The figures of a comparison: what the comparison says, drawn."""

import numpy as np
import pytest
from tests.figures.support import marks, rows_with, said
from tests.recipes.support import compared, power_runs

from isoflop import figures
from isoflop.figures.save import spec_of

CROSSING = {"a": {"E": 1.7, "K": 1.2, "a": 0.15}, "b": {"E": 1.7, "K": 1.23, "a": 0.16}}


@pytest.fixture(scope="module")
def found():
    return compared("E + K/(C/1e18)^a", power_runs(CROSSING), flops=1e22, way="separate", draws=60)


def test_the_curves_pass_through_what_the_comparison_says(found):
    rows = rows_with(figures.recipes_figure(found), "x", "low", "name")
    for name in ("a", "b"):
        own = [row for row in rows if row["name"] == name]
        assert all(row["low"] <= row["y"] <= row["high"] for row in own)
        x, y = (np.array([row[key] for row in own]) for key in ("x", "y"))
        assert np.interp(np.log(1e22), np.log(x), y) == pytest.approx(found[name].response.value, rel=1e-3)


def test_every_run_and_the_crossing_are_there(found):
    chart = figures.recipes_figure(found)
    assert len(rows_with(chart, "text", "name")) == 24
    crossing = found.crossings[0]
    lines = [row["x"] for row in rows_with(chart, "x") if set(row) == {"x"}]
    assert crossing.values[0] == pytest.approx(min(lines), rel=1e-4)
    shades = rows_with(chart, "x", "end")
    assert any(row["x"] <= crossing.values[0] <= row["end"] for row in shades)
    assert "where two curves cross" in said(chart)


def test_recipes_that_do_not_cross_have_no_crossing_drawn():
    apart = {"a": CROSSING["a"], "b": {**CROSSING["a"], "K": 1.0}}
    chart = figures.recipes_figure(compared("E + K/(C/1e18)^a", power_runs(apart), flops=1e22, draws=30))
    assert "rect" not in marks(chart)
    assert "cross" not in said(chart)


def test_the_multiplier_is_the_comparisons_at_its_scale(found):
    chart = figures.multiplier_figure(found)
    rows = rows_with(chart, "low", "name")
    assert {row["name"] for row in rows} == {"b"}
    x, y = (np.array([row[key] for row in rows]) for key in ("x", "y"))
    expected = found["b"].multiplier.value
    assert np.exp(np.interp(np.log(1e22), np.log(x), np.log(y))) == pytest.approx(expected, rel=1e-3)
    legend = [layer["encoding"]["color"]["scale"] for layer in spec_of(chart)["layer"] if "color" in layer["encoding"]]
    drawn = [
        layer["encoding"]["color"]["scale"]
        for layer in spec_of(figures.recipes_figure(found))["layer"]
        if "color" in layer["encoding"]
    ]
    # The same colour as in the other figure.
    assert legend[0]["range"][0] == drawn[0]["range"][drawn[0]["domain"].index("b")]


def test_a_baseline_that_never_does_as_well_leaves_a_gap():
    never = {"a": CROSSING["a"], "b": {"E": 1.2, "K": 1.2, "a": 0.15}}
    found = compared("E + K/(C/1e18)^a", power_runs(never), flops=1e23, way="separate", draws=30)
    assert "a never does as well" in said(figures.multiplier_figure(found))
