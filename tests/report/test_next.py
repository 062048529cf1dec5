"""The section on the runs to buy next."""

import numpy as np
import pytest
from tests.plan.fits import EPOCH, fitted, grid
from tests.report.support import text_of

from isoflop import laws
from isoflop.plan.design.design import next_runs
from isoflop.report.about_next import next_section
from isoflop.report.page import render_report


@pytest.fixture(scope="module")
def design():
    return next_runs(fitted(), {"params": 7e10, "tokens": 1.4e12}, budget=1e23, most=4)


def test_the_section_lists_runs_and_expected_interval(design) -> None:
    tables = [block for block in next_section(design).blocks if block.kind == "table"]
    assert len(tables[0].rows) == len(design.runs)
    assert all(f"{run.half_width:.2%}" in row[-2] for run, row in zip(design.runs, tables[0].rows, strict=True))
    low, high = design.after[0].interval
    assert f"[{low:.4f}, {high:.4f}]" in tables[1].rows[0][2]


def test_the_page_has_the_section_with_warnings_and_steps(design) -> None:
    runs = grid(laws.get("chinchilla"), EPOCH, 0.003)
    page = text_of(render_report(fitted(), runs, design=design))
    for warning in design.warnings:
        assert warning.split(";")[0][:40] in page
    assert "How they were chosen" in page
    assert "assumption" in page
    assert np.isfinite(design.half_width_after)
    assert "Which runs next" not in text_of(render_report(fitted(), runs))
