"""One page per law of the catalogue, and a list of them all."""

from collections.abc import Iterator

from latex2mathml.converter import convert

from isoflop import laws
from isoflop.laws import Law, Published
from isoflop.runs.columns import VOCABULARY

_EVIDENCE = {"V": "read in the source", "R": "recomputed from the source's data or formula"}


def pages() -> dict[str, str]:
    """Return the pages by their path below docs/."""
    every = [laws.get(name) for name in laws.names()]
    return {"laws/index.md": _index(every)} | {f"laws/{law.name}.md": _page(law) for law in every}


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Return a Markdown table."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") or " " for cell in line) + " |" for line in lines)


def _index(every: list[Law]) -> str:
    """Return the list of laws."""
    rows = [(f"[{law.name}]({law.name}.md)", law.title, f"`{law.formula}`", str(law.source or "")) for law in every]
    return (
        "# Laws\n\n"
        "Every law that isoflop ships. A law is a formula over columns of a run table; "
        "the parameters are what a fit finds. `isoflop laws` prints this list, `isoflop show NAME` one of them, "
        "and [How it works](../how-it-works.md) says how to write your own in one line.\n\n"
        + table(("Name", "What", "Formula", "Source"), rows)
        + "\n"
    )


def _page(law: Law) -> str:
    """Return the page of one law."""
    return "\n\n".join(_parts(law)) + "\n"


def _parts(law: Law) -> Iterator[str]:
    """Yield the paragraphs of a law's page."""
    yield f"# {law.name}\n\n{law.title}."
    yield convert(law.latex, display="block")
    yield f"```text\n{law.formula}\n```"
    if law.source:
        yield f"**Source.** {law.source}"
    yield f"**Predicts** {law.response}, in {law.unit}."
    for label, text in (("What is counted", law.counted), ("Valid", law.valid), ("Advice", law.advice)):
        if text:
            yield f"**{label}.** {text}"
    yield "## Columns\n\n" + table(
        ("Column", "Letter", "Unit", "What is counted"),
        [
            (f"`{w}`", VOCABULARY[w].letter, VOCABULARY[w].unit, VOCABULARY[w].counted)
            for w in law.columns
            if w in VOCABULARY
        ],
    )
    yield "## Parameters\n\n" + table(
        ("Parameter", "Domain", "Linear", "Meaning"), [_parameter(law, name) for name in law.parameter_names]
    )
    if law.published:
        yield "## Published coefficients"
        yield from (_published(law, each) for each in law.published)


def _parameter(law: Law, name: str) -> tuple[str, str, str, str]:
    """Return a parameter's row."""
    domain = law.domain(name)
    text = domain if isinstance(domain, str) else f"({domain[0]:g}, {domain[1]:g})"
    meaning = law.parameters[name].meaning if name in law.parameters else ""
    return f"`{name}`", text, "yes" if name in law.linear else "", meaning


def _published(law: Law, each: Published) -> str:
    """Return one coefficient set."""
    values = [
        (f"`{name}`", f"{each.values[name]:.6g}", f"{each.errors[name]:.4g}" if name in each.errors else "")
        for name in law.parameter_names
    ]
    head: tuple[str, ...] = ("Parameter", "Value", "Standard error")
    if not each.errors:
        head, values = head[:2], [row[:2] for row in values]  # type: ignore[misc]
    note = f"\n\n{each.note}" if each.note else ""
    return f"### {each.name}\n\n{each.where} ({_EVIDENCE[each.evidence]}).{note}\n\n" + table(head, list(values))
