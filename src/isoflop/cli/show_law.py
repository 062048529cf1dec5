"""Laws as tables and as JSON."""

from collections.abc import Sequence
from typing import Any

from isoflop.cli import output
from isoflop.laws.law import Law, Published


def summary(law: Law) -> dict[str, Any]:
    """Give a law's entry in the list."""
    return {
        "name": law.name,
        "formula": law.formula,
        "title": law.title,
        "family": law.family,
        "parameters": list(law.parameter_names),
        "columns": list(law.columns),
        "response": law.response,
        "source": None if law.source is None else str(law.source),
    }


def details(law: Law) -> dict[str, Any]:
    """Give everything about a law."""
    parameters = {
        name: {"domain": law.domain(name), "meaning": law.parameters[name].meaning if name in law.parameters else ""}
        for name in law.parameter_names
    }
    return summary(law) | {
        "parameters": parameters,
        "linear": list(law.linear),
        "latex": law.latex,
        "unit": law.unit,
        "counted": law.counted,
        "valid": law.valid,
        "ranges": law.ranges,
        "advice": law.advice,
        "published": [
            {key: getattr(p, key) for key in ("name", "values", "errors", "where", "evidence", "note")}
            for p in law.published
        ],
    }


def print_list(laws: Sequence[Law]) -> None:
    """Print one line a law."""
    rows = [(law.name, law.formula, " ".join(law.columns), law.title) for law in laws]
    output.grid(("law", "formula", "columns", "what it is"), rows)


def print_law(law: Law) -> None:
    """Print everything about a law."""
    output.say(f"{law.name}: {law.title}" if law.title else law.name, style="bold")
    output.say(f"  {law.formula}", "")
    rows = [
        (name, _domain(law, name), law.parameters[name].meaning if name in law.parameters else "")
        for name in law.parameter_names
    ]
    output.grid(("parameter", "domain", "meaning"), rows)
    facts = (
        ("columns", ", ".join(law.columns)),
        ("linear in", ", ".join(law.linear) or "no parameter"),
        ("unit", law.unit),
        ("counted", law.counted),
        ("valid", law.valid),
        ("advice", law.advice),
        ("source", str(law.source or "")),
    )
    output.say("", *(f"{name}: {text}" for name, text in facts if text))
    for published in law.published:
        output.say("", *_published(law, published))


def _domain(law: Law, name: str) -> str:
    """A domain in a word, or an interval."""
    domain = law.domain(name)
    return domain if isinstance(domain, str) else f"{domain[0]:g} to {domain[1]:g}"


def _published(law: Law, found: Published) -> list[str]:
    """Lines on one published set."""
    values = [
        f"{name} = {found.values[name]:g}" + (f" ± {found.errors[name]:g}" if name in found.errors else "")
        for name in law.parameter_names
    ]
    lines = [f"published as {found.name} ({found.where})", f"  {', '.join(values)}"]
    return [*lines, f"  {found.note}"] if found.note else lines
