"""The section on recipes: there when a comparison is given, with its numbers, its doubts and its pairs."""

import pytest
from tests.recipes.support import compared, plane_runs, power_runs
from tests.report.support import text_of

from isoflop.report import render_report
from isoflop.report.about_recipes import answer, recipes_section
from isoflop.report.blocks import Items, Table, Text
from isoflop.report.words import with_interval
from isoflop.runs.table import RunTable

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


def test_the_page_begins_with_the_winner_and_by_how_much(found):
    page = text_of(render_report(found.fits["new"], found.table, recipes=found))
    said = answer(found)
    assert said in page
    assert "describes 50 runs with" not in page
    assert said.startswith("At flops 1e22, each recipe at its own best size, new is best: loss ")
    assert f", {with_interval(found.winner.lead)} below old; old needs " in said
    assert said.endswith("times the compute for the same loss (90% intervals), 2.0 decades outside the runs.")


def test_the_compute_of_a_winning_baseline_is_the_share_that_it_needs(found):
    turned = compared("chinchilla", found.table, flops=1e20, draws=40, baseline="new")
    assert turned.baseline == turned.winner.name == "new"
    said = answer(turned)
    assert f"; it needs {with_interval(turned['old'].multiplier)} of the compute for the loss of old" in said
    assert float(turned["old"].multiplier.value) < 1
    assert said.endswith("within the range of the runs.")


def test_recipes_that_cannot_be_told_apart_are_named():
    laws = {name: {"E": 1.7, "K": k, "a": 0.15} for name, k in (("a", 1.0), ("b", 1.0005), ("c", 1.0005), ("d", 1.4))}
    found = compared("E + K/(C/1e18)^a", power_runs(laws, noise=5e-3), flops=1e22, draws=100)
    said, best = answer(found), found.winner
    assert set(best.tied) == {"a", "b", "c"} - {best.name}
    assert not best.resolved
    assert f"{best.name}, {best.tied[0]} and {best.tied[1]} cannot be told apart: {best.name} is " in said
    assert best.lead.interval[0] < 0 < best.lead.value
    assert f"below {best.second}, and the best with a probability of {best.probability:.0%}" in said


def test_where_higher_is_better_the_winner_stands_above(found):
    names, codes = found.table.labels("recipe")
    columns = {word: found.table.column(word) for word in ("params", "tokens")}
    accuracy = 1 - found.table.column("loss") / 10
    scores = RunTable.from_columns({"recipe": [names[k] for k in codes], **columns, "accuracy": accuracy})
    turned = compared("accuracy = G - A/N^alpha - B/D^beta", scores, flops=1e21, draws=20, objective="ls")
    assert answer(turned).count(f" above {turned.winner.second}") == 1
    assert turned.winner.lead.value > 0


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
