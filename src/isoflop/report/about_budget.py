"""The page on budgets of inference: accuracy against cost, the best choices, where samples stop paying."""

from pathlib import Path
from typing import Final

from isoflop.figures.budgets import budget_figure
from isoflop.fit.storage import current_versions, write_text
from isoflop.report.blocks import Block, Code, Facts, Items, Section, Table, Text
from isoflop.report.drawings import drawing
from isoflop.report.sheet import render_sheet
from isoflop.report.words import percent, sentence, tidy
from isoflop.testtime.budgets.report import BudgetReport
from isoflop.testtime.budgets.tables import Grid, amount, grids, subject

TABLES: Final = 2
"""Tables that stand beside the figure: the frontier and the best of each budget."""


def write_budget(path: str | Path, found: BudgetReport, *, command: str = "") -> Path:
    """Write a page on budgets of inference to a file, whole or not at all.

    Args:
        path: the file.
        found: what inference buys.
        command: what made the page.

    Returns:
        The path.

    Raises:
        FileError: the file cannot be written.
    """
    file = Path(path)
    write_text(file, render_budget(found, command=command))
    return file


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
        _again(command),
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


def _again(command: str) -> Section:
    """The command, and the versions behind the page."""
    versions = ", ".join(f"{name} {number}" for name, number in current_versions().items())
    code: list[Block] = [Code(command)] if command else []
    return Section("again", "How to make this again", [*code, Facts([("Versions", versions)])])
