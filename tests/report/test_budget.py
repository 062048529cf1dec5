"""The page on budgets of inference."""

from pathlib import Path

import numpy as np
import pytest
from tests.report.support import elements_of, text_of
from tests.testtime.sample_files import write_prices, write_samples

from isoflop.report.about_budget import render_budget
from isoflop.report.sheet import write_sheet
from isoflop.testtime.budgets.build import Asked, build
from isoflop.testtime.budgets.file import read_prices
from isoflop.testtime.budgets.report import BudgetReport, report_budget
from isoflop.testtime.budgets.tables import grids


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> BudgetReport:
    folder: Path = tmp_path_factory.mktemp("budget")
    models, source = read_prices(write_prices(folder / "prices.toml")), write_samples(folder / "samples.csv")
    built = build(models, source, Asked(draws=100), {"by": ["model"]}, rng=np.random.default_rng(0))
    return report_budget(built, bins=3)


def test_the_page_holds_every_table_the_figure_and_what_intervals_leave_out(
    found: BudgetReport, tmp_path: Path
) -> None:
    made = render_budget(found, command="isoflop budget s.csv --prices p.toml")
    page = write_sheet(tmp_path / "page.html", made).read_text("utf-8")
    assert page == made
    text = text_of(page)
    tables = [tag for tag, _ in elements_of(page) if tag == "table"]
    assert len(tables) == len(grids(found)) >= 5
    for part in grids(found):
        assert part.title[1:] in text
    for said in (*found.warnings, *found.leaves_out):
        assert said[1:] in text
    assert f"{found.frontier[-1].accuracy.value:.1%}" in text
    assert "isoflop budget s.csv --prices p.toml" in text
    assert "Level of intervals 90%" in text
    assert [facts["id"] for tag, facts in elements_of(page) if tag == "section"][-1] == "reproduce"
    assert any(tag == "img" and facts["class"] == "still" for tag, facts in elements_of(page))
