"""One page per law of the catalogue, and a list of them all by family."""

import re
from collections.abc import Iterator
from itertools import groupby

from docs.generators.tested import Tested, tested
from latex2mathml.converter import convert

from isoflop import laws
from isoflop.cli.law_example import example, outcome
from isoflop.cli.show_law import schedules
from isoflop.laws import Law, Published
from isoflop.laws.parts import domain_words
from isoflop.runs.columns import VOCABULARY

_EVIDENCE = {
    "V": "read in the source",
    "R": "recomputed from the source's data or formula",
    "S": "read in other texts that agree on what the source prints",
}
FAMILIES = {
    "pretraining": "Loss in parameters, tokens, compute or steps.",
    "precision": "Training and quantizing in few bits.",
    "sparsity": "Weights or activations at zero.",
    "downstream": "From loss or compute to errors and accuracies of tasks.",
    "testtime": "Coverage and accuracy in what is spent on an answer: samples, retries, documents.",
    "reinforcement": "Reward in the compute of reinforcement learning.",
    "data": "Repeated, filtered, limited and other data.",
    "mixing": "Shares of domains in the training data.",
    "architecture": "Vocabulary, streams, loops, experts, growth, visual tokens.",
    "modalities": "The same forms with other units.",
    "schedule": "Learning-rate schedules and whole loss curves.",
    "hyperparameters": "Learning rate and batch size.",
}
"""Family → what its laws are about."""


def pages() -> dict[str, str]:
    """Return the pages by their path below docs/."""
    every = list(laws.catalogue().values())
    known = tested()
    return {"laws/index.md": _index(every)} | {f"laws/{law.name}.md": _page(law, known[law.name]) for law in every}


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Return a Markdown table."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") or " " for cell in line) + " |" for line in lines)


def authors(law: Law) -> str:
    """Return a source in a few words: `Hoffmann et al. (2022)`."""
    if law.source is None:
        return ""
    names = [name for name in re.split(r", | and |,", law.source.authors) if name and name != "et al."]
    first = names[0].removesuffix(" et al.")
    alone = len(names) == 1 and "et al" not in law.source.authors
    return f"{first} ({law.source.year})" if alone else f"{first} et al. ({law.source.year})"


def _index(every: list[Law]) -> str:
    """Return the list of laws."""
    text = (
        "# Laws\n\n"
        f"The {len(every)} laws that isoflop ships, by family. A law is a formula over columns of a run table; "
        "the parameters are what a fit finds. `isoflop laws` prints this list, `isoflop show NAME` one of them, "
        "and [How it works](../how-it-works.md) says how to write your own in one line. "
        "[The catalogue, tested](../catalogue.md) says what each was checked against; "
        "what takes more than one formula is among the [methods](../methods/index.md).\n"
    )
    for family, members in groupby(every, lambda law: law.family):
        rows = [
            (f"[{law.name}]({law.name}.md)", law.title, " ".join(f"`{c}`" for c in law.columns), authors(law))
            for law in members
        ]
        text += f"\n## {family.capitalize()}\n\n{FAMILIES[family]}\n\n"
        text += table(("Name", "What", "Columns", "Source"), rows) + "\n"
    return text


def _page(law: Law, known: Tested) -> str:
    """Return the page of one law."""
    return "\n\n".join(_parts(law, known)) + "\n"


def _parts(law: Law, known: Tested) -> Iterator[str]:
    """Yield the paragraphs of a law's page."""
    yield f"# {law.name}\n\n{law.title}. Family: [{law.family}](index.md#{law.family})."
    yield f'<div class="formula">{convert(law.latex, display="block")}</div>'
    yield f"```text\n{law.formula}\n```"
    if law.function is not None:
        yield "No formula that isoflop reads can say this law: it is a Python function, and the text describes it."
    yield f"![{law.title}: {law.response} against its columns](../figures/laws/{law.name}.svg)"
    if law.source:
        yield f"**Source.** {law.source}"
    yield f"**Predicts** `{law.response}`, in {law.unit}."
    texts = (
        ("What is counted", law.counted),
        ("Valid", law.valid),
        ("Schedules", schedules(law)),
        ("Advice", law.advice),
    )
    for label, text in texts:
        if text:
            yield f"**{label}.** {text}"
    language = "python" if "iso." in example(law) else "sh"
    before = "import isoflop as iso\n\n" if language == "python" else ""
    yield f"## Example\n\n```{language}\n{before}{example(law).replace('; ', chr(10))}\n```\n\n{outcome(law)}."
    yield "## Columns\n\n" + table(("Column", "Letter", "Unit", "What is counted"), [_column(w) for w in law.columns])
    yield "## Parameters\n\n" + table(
        ("Parameter", "Domain", "Linear", "Meaning"), [_parameter(law, name) for name in law.parameter_names]
    )
    yield "## Tested\n\n" + known.sentences
    if law.published:
        yield "## Published coefficients"
        yield from (_published(law, each) for each in law.published)
    else:
        yield "## Published coefficients\n\nNone: no set of the source was found that could be read or recomputed."


def _column(word: str) -> tuple[str, str, str, str]:
    """Return a column's row; what a law names besides the vocabulary, its own text explains."""
    found = VOCABULARY.get(word)
    if found is None:
        return f"`{word}`", "", "", "a column of this law's own: see what is counted"
    return f"`{word}`", found.letter, found.unit, found.counted


def _parameter(law: Law, name: str) -> tuple[str, str, str, str]:
    """Return a parameter's row."""
    meaning = law.meaning(name)
    levels = law.parsed.indexed.get(name)
    meaning += f"; one for each level of `{levels}`" if levels else ""
    return f"`{name}`", domain_words(law.domain(name)), "yes" if name in law.linear else "", meaning


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
