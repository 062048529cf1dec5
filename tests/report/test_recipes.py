"""The section on recipes: there when a comparison is given, with its numbers, its doubts and its pairs."""

import pytest
from tests.recipes.support import compared, plane_runs, power_runs
from tests.report.support import text_of

from isoflop.report import render_report
from isoflop.report.about_recipes import recipes_section
from isoflop.report.blocks import Items, Table, Text

DENSE = {"E": 1.69, "A": 406.4, "alpha": 0.34, "B": 410.7, "beta": 0.28}


@pytest.fixture(scope="module")
def found():
    table = plane_runs({"old": DENSE, "new": {**DENSE, "A": 380.0, "B": 385.0}})
    return compared("chinchilla", table, flops=1e22, draws=40)


def test_the_page_has_the_section_only_with_a_comparison(found):
    fit = found.fits["new"]
    page = render_report(fit, found.table, recipes=found)
    assert '<section id="recipes">' in page
    assert '<a href="#recipes">' in page
    assert "Best: new, with a probability of" in text_of(page)
    assert 'id="recipes"' not in render_report(fit, found.table)


def test_numbers_stand_with_intervals_and_distance(found):
    blocks = recipes_section(found).blocks
    table = next(block for block in blocks if isinstance(block, Table))
    assert [row[0] for row in table.rows] == ["new", "old"]
    new, old = table.rows
    assert new[2].startswith(f"{found['new'].response.value:.4f} [")
    assert (old[3], old[4], old[5]) == ("baseline", "1", "–")
    assert "[" in new[3]
    assert "[" in new[4]
    assert new[7] == "2.0"
    warnings = [block.text for block in blocks if isinstance(block, Text) and block.tone == "warning"]
    assert any("2.0 decades outside the runs of new" in text for text in warnings)


def test_pairs_and_crossings_are_told(found):
    blocks = recipes_section(found).blocks
    pairs = [block for block in blocks if isinstance(block, Table)][1]
    assert pairs.rows[0][:2] == ("new", "25")
    assert "Runs that agree in params, tokens" in pairs.caption
    said = [item for block in blocks if isinstance(block, Items) for item in block.items]
    assert any(item.startswith("Crossing: ") for item in said)
    assert any(item.startswith("Common exponents: F(2, 40)") for item in said)


def test_runs_that_form_no_pairs_are_explained():
    runs = {"old": {"E": 1.7, "K": 1.2, "a": 0.15}, "new": {"E": 1.7, "K": 1.1, "a": 0.15}}
    section = recipes_section(compared("E + K/(C/1e18)^a", power_runs(runs), flops=1e20, draws=20))
    said = [item for block in section.blocks if isinstance(block, Items) for item in block.items]
    assert any("none of the columns" in item for item in said)
    assert len([block for block in section.blocks if isinstance(block, Table)]) == 1
