"""The sections on costs and on plans under limits: every number with its interval, its limit, its derivation."""

import numpy as np
import pytest
from tests.plan.fits import EPOCH, fitted, grid
from tests.report.support import elements_of, text_of

from isoflop import laws
from isoflop.errors import InputError
from isoflop.plan.costs.cost import cost
from isoflop.plan.costs.thresholds import CAVEAT
from isoflop.plan.optimum.plan import plan
from isoflop.plan.within.within import plan_within
from isoflop.report import render_report
from isoflop.report.about_cost import cost_section
from isoflop.report.about_within import within_section
from isoflop.report.words import tidy


@pytest.fixture(scope="module")
def runs():
    return grid(laws.get("chinchilla"), EPOCH, 0.003)


@pytest.fixture(scope="module")
def spent():
    return cost(plan(fitted(), flops=1e23), site="H100", serve_tokens=1e12)


@pytest.fixture(scope="module")
def within():
    return plan_within(
        fitted(), choose={"params": None, "tokens": None, "devices": [64, 128]},
        limits=["money <= $2M", "time <= 400 days", "loss <= 2.5"], device="H100", given={"price": "$2/h"},
    )  # fmt: skip


def tables(section):
    return [block for block in section.blocks if block.kind == "table"]


def test_costs_stand_with_intervals_conventions_thresholds_and_steps(spent):
    section = cost_section(spent)
    facts = dict(next(block for block in section.blocks if block.kind == "facts").pairs)
    assert len(facts) == len(spent.rows())
    assert " [" in facts["Parameters"]
    assert facts["Serving money"].startswith("$")
    conventions = tables(section)[0].rows
    assert {row[0] for row in conventions} == set(spent.by_convention)
    assert [row[0] for row in conventions if row[2] == "used"] == ["6nd"]
    said = [block.text for block in section.blocks if block.kind == "text"]
    assert CAVEAT in said
    assert [text for text in said if "share of peak is an assumption" in text]
    listed = next(block for block in section.blocks if block.kind == "items").items
    assert [item[:11] for item in listed] == ["Below 1e25 ", "Below 1e26 "]
    steps = next(block for block in section.blocks if block.kind == "steps").steps
    assert len(steps) == len(spent.steps)
    assert any("assumption" in source for _, _, source in steps)


def test_a_cost_that_cannot_be_given_says_why():
    section = cost_section(InputError("No shape has about 12 parameters."))
    assert section.blocks[0].tone == "warning"
    assert "No shape has about 12 parameters." in section.blocks[0].text


def test_a_plan_under_limits_shows_what_binds_and_what_is_as_good(within):
    section = within_section(within)
    values, limits, flat, moved = tables(section)
    rows = {row[0]: row for row in values.rows}
    assert {word for word, row in rows.items() if row[1] == "decided"} == {"params", "tokens", "devices"}
    assert " to " in rows["params"][3]
    assert rows["flops"][3] == "the same in all draws"
    away = within.distance_decades
    assert away
    assert all(rows[word][4] == f"{far:.2f} decades" for word, far in away.items() if word in rows)
    binding = {row[0]: row for row in limits.rows}
    assert binding["money <= $2M"][2] == "yes"
    assert binding["money <= $2M"][5].endswith("per dollar")
    price = float(within.limits[0].shadow_price.value)
    assert binding["money <= $2M"][5] == tidy(f"{price:.4g} per dollar")
    assert binding["loss <= 2.5"][2:] == ("no", "0%", "–", "–")
    assert {row[0] for row in flat.rows} == {"params", "tokens", "devices"}
    assert any("nearest run with a shape" in block.text.lower() for block in section.blocks if block.kind == "text")
    assert {row[0] for row in moved.rows} >= {"peak", "price", "mfu", "money <= $2M"}
    unmoved = next(row for row in moved.rows if row[0] == "loss <= 2.5")
    assert set(unmoved[1:]) == {"–"}
    items = [item for block in section.blocks if block.kind == "items" for item in block.items]
    assert any(item.startswith("devices: 128 in ") for item in items)
    assert "The noise of a single run." in items


def test_the_page_has_both_after_the_plan_and_only_when_given(runs, spent, within):
    page = render_report(fitted(), runs, plan=plan(fitted(), flops=1e23), cost=spent, within=within)
    keys = [names["id"] for tag, names in elements_of(page) if tag == "section"]
    place = keys.index("plan")
    assert keys[place + 1 : place + 3] == ["within", "cost"]
    text = text_of(page)
    for warning in (*within.warnings, *spent.warnings):
        assert warning[:60] in text
    assert np.isfinite(float(spent.flops.value))
    bare = render_report(fitted(), runs)
    assert 'id="within"' not in bare
    assert 'id="cost"' not in bare
