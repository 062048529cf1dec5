"""Laws as tables and as JSON."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from isoflop.cli import output
from isoflop.cli.law_example import example, outcome
from isoflop.fit.stored_law import stored_domain
from isoflop.laws.law import Law, Published
from isoflop.laws.parts import domain_words
from isoflop.runs.columns import VOCABULARY


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
        name: {"domain": stored_domain(law.domain(name)), "meaning": law.meaning(name)} for name in law.parameter_names
    }
    return summary(law) | {
        "parameters": parameters,
        "linear": list(law.linear),
        "latex": law.latex,
        "unit": law.unit,
        "counted": law.counted,
        "valid": law.valid,
        "ranges": law.ranges,
        "schedules": None if law.schedules is None else list(law.schedules.names),
        "fitted_by": None if law.schedules is None else law.schedules.command,
        "advice": law.advice,
        "example": example(law),
        "published": [
            {key: getattr(p, key) for key in ("name", "values", "errors", "where", "evidence", "note")}
            for p in law.published
        ],
    }


def print_list(laws: Sequence[Law]) -> None:
    """Print one line a law, under the names of the families."""
    rows: list[tuple[str, str, str, str]] = []
    for family, members in groupby(laws, lambda law: law.family):
        rows.append((family, "", "", ""))
        rows += [(f"  {law.name}", law.formula, " ".join(law.columns), law.title) for law in members]
    output.grid(("law", "formula", "columns", "what it is"), rows)


def print_law(law: Law) -> None:
    """Print everything about a law."""
    output.say(f"{law.name}: {law.title}" if law.title else law.name, style="bold")
    output.say(f"  {law.formula}", f"  {law.latex}", "")
    rows = [(name, domain_words(law.domain(name)), law.meaning(name)) for name in law.parameter_names]
    output.grid(("parameter", "domain", "meaning"), rows)
    output.say("")
    output.grid(("column", "unit", "what is counted"), [_column(word) for word in law.columns])
    facts = (
        ("predicts", f"{law.response}, in {law.unit}"),
        ("linear in", ", ".join(law.linear) or "no parameter"),
        ("counted", law.counted),
        ("valid", law.valid),
        ("advice", law.advice),
        ("schedules", schedules(law)),
        ("source", str(law.source or "")),
    )
    output.say("", *(f"{name}: {text}" for name, text in facts if text))
    for published in law.published:
        output.say("", *_published(law, published))
    if law.source is not None and not law.published:
        output.say("published: none; no set of the source was found that could be read or recomputed")
    output.say("", "example (Python after: import isoflop as iso)" if "iso." in example(law) else "example")
    output.say(f"  {example(law)}", f"  {outcome(law)}")


def schedules(law: Law) -> str:
    """Say which schedules a law knows, and how to have others; nothing of a law without them."""
    if law.schedules is None:
        return ""
    known = ", ".join(f"{place} {name}" for place, name in enumerate(law.schedules.names))
    columns = ", ".join(law.schedules.columns)
    return f"{known}; over those of your runs: {law.schedules.command}, one row a checkpoint, columns {columns}"


def _column(word: str) -> tuple[str, str, str]:
    """A column's row; what a law names besides the vocabulary, its own text explains."""
    known = VOCABULARY.get(word)
    return (word, known.unit, known.counted) if known else (word, "", "this law's own column: see what is counted")


def _published(law: Law, found: Published) -> list[str]:
    """Lines on one published set."""
    values = [
        f"{name} = {found.values[name]:g}" + (f" ± {found.errors[name]:g}" if name in found.errors else "")
        for name in law.parameter_names
    ]
    lines = [f"published as {found.name} ({found.where})", f"  {', '.join(values)}"]
    return [*lines, f"  {found.note}"] if found.note else lines
