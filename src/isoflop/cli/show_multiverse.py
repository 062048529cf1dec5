"""Multiverses as tables."""

from typing import TYPE_CHECKING

from isoflop.cli import output
from isoflop.units import format_quantity

if TYPE_CHECKING:
    from isoflop.validate.spread import Multiverse


def print_multiverse(found: "Multiverse") -> None:
    """Print the range of each answer, what moves it, and which universes have none."""
    from isoflop.validate.spread import CHOICES

    asked = [f"{format_quantity(found.flops)} FLOPs"] if found.flops is not None else []
    asked += [
        f"{word} = {value if isinstance(value, str) else format_quantity(value)}"
        for word, value in (found.target or {}).items()
    ]
    output.say(
        f"{len(found.universes)} universes, {len(found.counted)} with a converged fit; {', '.join(asked)}", style="bold"
    )
    headers = ("answer", "lowest", "median", "highest", "factor", *(f"by {choice}" for choice in CHOICES))
    rows = [
        (
            name.replace("_", " "),
            *(_value(value) for value in (span.low, span.median, span.high)),
            f"{span.factor:.3g}",
            *(f"{found.influence[name][choice]:.3g}" for choice in CHOICES),
        )
        for name, span in found.ranges.items()
    ]
    output.grid(headers, rows, numbers=range(1, len(headers)))
    output.say("", "by …: the factor between the options of that choice, on average over the other choices")
    missing = {u.reason for u in found.universes if u.reason}
    output.say(*(f"without an answer: {reason}" for reason in sorted(missing)))
    output.say(*(f"note: {note}" for note in found.notes))


def _value(value: float) -> str:
    """A size in words, a ratio or a loss in digits."""
    return format_quantity(value) if abs(value) >= 1e3 else f"{value:.4g}"
