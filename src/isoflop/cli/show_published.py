"""Forecasts from published coefficients, `LAW:SET`, which have a distance but no interval."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isoflop.cli import output

if TYPE_CHECKING:
    from isoflop.laws.law import Law, Published

NO_INTERVAL = "everything: published coefficients come without draws; fit the law to runs for an interval"


def find(text: str) -> "tuple[Law, Published] | None":
    """Read `LAW:SET` or the name of a law that has published sets; None for anything else, such as a file.

    Raises:
        LawError: the law has no such set.
    """
    from isoflop.laws.catalogue import catalogue

    name, _, chosen = text.partition(":")
    law = None if Path(text).exists() else catalogue().get(name)
    return None if law is None else (law, law.published_set(chosen or None))


def forecast(law: "Law", published: "Published", columns: Mapping[str, Any]) -> dict[str, Any]:
    """Evaluate a published set.

    Args:
        law: the law.
        published: one of its sets.
        columns: word → value or quantity such as 7B.

    Returns:
        The forecast, in the keys of `isoflop predict --json`.
    """
    import numpy as np

    from isoflop.fit.values import evaluate_slots, inputs_of

    given = inputs_of(law, {}, columns)
    theta = np.array([[published.values[name] for name in law.parameter_names]])
    value = float(evaluate_slots(law, {}, theta, given)[0, 0])
    return {
        law.response: {"value": value, "interval": None},
        "level": None,
        "unit": law.unit,
        "columns": given,
        "new_run": None,
        "distance_decades": {},
        "source_decades": {word: decades for word, decades in law.distance(given).items() if decades > 0},
        "inflation": None,
        "leaves_out": [NO_INTERVAL],
        "law": law.name,
        "published": published.name,
        "certificate": {"verdict": "published", "reasons": [published.where, published.note]},
    }


def print_forecast(law: "Law", found: Mapping[str, Any]) -> None:
    """Print the value, where it comes from, and how far it is from what the source supports."""
    from isoflop.units import format_quantity

    at = ", ".join(f"{word} = {format_quantity(value)}" for word, value in found["columns"].items())
    output.say(f"{law.response} at {at}")
    output.say(f"  {found[law.response]['value']:.5g} {found['unit']}, no interval", style="bold")
    output.say(f"  published as {found['published']}: {'; '.join(found['certificate']['reasons'])}")
    said = ", ".join(f"{decades:.1f} decades in {word}" for word, decades in found["source_decades"].items())
    if said:
        output.warn(f"beyond what the source of {law.name} supports by {said} (valid: {law.valid}).")
    output.say(*(f"  not in the interval: {text}" for text in found["leaves_out"]))
