"""The page on budgets of inference: accuracy against cost, the best choices, where samples stop paying."""

from typing import Final

from isoflop.figures.budgets import budget_figure
from isoflop.fit.storage import current_versions
from isoflop.report.blocks import Block, Items, Section, Table, Text
from isoflop.report.drawings import drawing
from isoflop.report.reproduce import again_section
from isoflop.report.sheet import render_sheet
from isoflop.report.words import percent, sentence, tidy
from isoflop.testtime.budgets.report import BudgetReport
from isoflop.testtime.budgets.tables import Grid, amount, grids, subject

TABLES: Final = 2
"""Tables that stand beside the figure: the frontier and the best of each budget."""


def render_budget(found: BudgetReport, *, command: str = "") -> str:
    """Give a page on budgets of inference as HTML.

    Args:
        found: what inference buys.
        command: what made the page.

    Returns:
        One page that needs nothing else.
    """
    parts = grids(found)
    sections = [
        Section("frontier", "Accuracy against cost", [drawing(budget_figure(found)), *map(_table, parts[:TABLES])]),
        Section("beyond", "By difficulty, saturation, break-even", [_table(part) for part in parts[TABLES:]]),
        Section("leaves-out", "What the intervals leave out", [Items([sentence(text) for text in found.leaves_out])]),
        again_section(command, [("Level of intervals", f"{found.menu.level:.0%}")], current_versions()),
    ]
    top: list[Block] = [Text(tidy(said), "headline") for said in _headline(found)]
    top += [Text(sentence(text), "warning") for text in found.warnings]
    shown = [section for section in sections if section.blocks]
    return render_sheet("Budgets of inference", top, shown, version=current_versions()["isoflop"])


def _headline(found: BudgetReport) -> list[str]:
    """Subject, and the ends of the frontier, in two sentences."""
    first, last = found.frontier[0], found.frontier[-1]
    said = [
        f"{one.route.model} by {one.route.rule} with k = {one.k:,} reaches "
        f"{percent(float(one.accuracy.value), digits=1)} for {amount(one.cost.value)} {found.menu.unit}"
        for one in (first, last)
    ]
    return [f"{subject(found)}. The cheapest option, {said[0]}; the most accurate, {said[1]}."]


def _table(part: Grid) -> Table:
    """A table of the page; its note joins the words above it."""
    caption = sentence(part.title) + (f" {sentence(part.note)}" if part.note else "")
    rows = [tuple(tidy(cell) for cell in row) for row in part.rows]
    return Table(part.head, rows, part.numbers, tidy(caption))
