"""The figures of a design: its runs, its order, and what it promises."""

import numpy as np
import pytest
from tests.figures.support import rows_with, said
from tests.plan.fits import fitted

from isoflop import figures
from isoflop.plan.design.design import next_runs


@pytest.fixture(scope="module")
def design():
    return next_runs(fitted(), {"params": 7e10, "tokens": 1.4e12}, budget=1e23, most=4)


def test_every_chosen_run_is_drawn_in_its_order(design):
    chart = figures.design_figure(design)
    rows = rows_with(chart, "text", "then")
    assert [row["x"] for row in rows] == pytest.approx([run.columns["params"] for run in design.runs], rel=1e-5)
    assert [row["text"].split(".")[0] for row in rows] == [str(k) for k in range(1, len(design.runs) + 1)]
    labels = ", ".join(row["order"] for row in rows_with(chart, "order") if "text" not in row)
    assert sorted(labels.split(", ")) == [str(k) for k in range(1, len(design.runs) + 1)]
    offered = [row for row in rows_with(chart, "x", "y") if set(row) == {"x", "y"}]
    assert len(offered) == len(design.pool) + 1
    assert any(row["x"] == pytest.approx(7e10) for row in offered)


def test_the_promise_starts_today_and_ends_with_the_last_run(design):
    chart = figures.promise_figure(design)
    rows = [row for row in rows_with(chart, "money") if "text" in row]
    steps = rows[: len(design.runs) + 1]
    assert steps[0]["x"] == 0
    assert steps[0]["y"] == pytest.approx(100 * design.half_width_before, rel=1e-4)
    assert steps[-1]["y"] == pytest.approx(100 * design.half_width_after, rel=1e-4)
    assert steps[-1]["x"] == pytest.approx(100 * design.spent / design.budget, rel=1e-4)
    assert (np.diff([row["y"] for row in steps]) <= 0).all()
    assert "if the law holds" in said(chart)


def test_many_runs_carry_a_number_up_to_twelve():
    many = next_runs(fitted(), {"params": 7e10, "tokens": 1.4e12}, budget=1e23, most=20)
    assert len(many.runs) > 12
    assert "the first 12" in said(figures.design_figure(many))
