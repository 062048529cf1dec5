"""Budgets of inference as tables."""

from typing import TYPE_CHECKING

from isoflop.cli import output

if TYPE_CHECKING:
    from isoflop.testtime.budgets.report import BudgetReport


def print_budget(found: "BudgetReport") -> None:
    """Print the frontier, the best choices, what difficulty gains, where it saturates and breaks even."""
    from isoflop.testtime.budgets.tables import grids, subject

    output.say(subject(found), style="bold")
    for part in grids(found):
        output.say("", part.title)
        output.grid(part.head, part.rows, numbers=part.numbers)
        if part.note:
            output.say(part.note)
    output.say("", *(f"warning: {text}" for text in found.warnings), style="yellow")
    output.say(*(f"not in the intervals: {text}" for text in found.leaves_out))
