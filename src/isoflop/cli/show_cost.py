"""Costs as tables."""

from typing import TYPE_CHECKING

from isoflop.cli import output
from isoflop.plan.costs.thresholds import CAVEAT

if TYPE_CHECKING:
    from isoflop.plan.costs.result import Cost


def print_cost(found: "Cost", *, steps: bool) -> None:
    """Print what was counted, how conventions differ, thresholds, and on request the derivation."""
    output.say(found.question, style="bold")
    output.grid(("", "value"), found.rows())
    output.say("")
    chosen = found.by_convention[found.convention]
    output.grid(
        ("FLOPs by convention", "value", "against the one used"),
        [(name, f"{value:.3g}", f"{value / chosen - 1:+.1%}") for name, value in found.by_convention.items()],
        numbers=(1, 2),
    )
    output.say("", *(str(item) for item in found.thresholds), CAVEAT)
    if steps:
        output.say("", *(f"{number}. {step}" for number, step in enumerate(found.steps, 1)))
    output.say("", *(f"warning: {text}" for text in found.warnings), style="yellow")
    output.say(*(f"not in the intervals: {text}" for text in found.leaves_out))
