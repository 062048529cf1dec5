"""A source of samples that can be asked: which of its columns means what."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias, TypedDict

from isoflop.errors import ColumnError
from isoflop.runs.provenance import Provenance
from isoflop.testtime.reading.query import Column, Layout, flattened
from isoflop.testtime.reading.totals import Missing
from isoflop.testtime.reading.unpacked import Unpacked
from isoflop.testtime.reading.words import TELLING, choose

Ask: TypeAlias = Callable[[str], Mapping[str, Any]]
"""Runs SQL; gives columns."""


class Choices(TypedDict, total=False):
    """How a source is to be read.

    Attributes:
        mapping: word (problem, attempt, correct, score, answer …) → column, where its header does not say it.
        where: SQL condition on the source's columns.
        by: columns that name a part of the source, such as a model.
        threshold: score from which a sample is correct, where correctness is no 0 or 1.
        missing: samples without a score take no part ("out") or count as wrong ("wrong").
    """

    mapping: Mapping[str, str]
    where: str | None
    by: Sequence[str]
    threshold: float | None
    missing: Missing


@dataclass(frozen=True)
class Source:
    """A source that can be asked.

    Attributes:
        ask: runs SQL.
        rows: SQL that gives one row per sample, or per problem where the source holds counts.
        layout: which column means what.
        provenance: where it comes from.
        notes: conventions that every output must state.
        headers: its columns.
        only: SQL condition that narrows the samples to be read.
    """

    ask: Ask
    rows: str
    layout: Layout
    provenance: Provenance
    notes: tuple[str, ...]
    headers: tuple[str, ...]
    only: str = "true"

    def without_score(self) -> ColumnError:
        """Say that no column says what is correct."""
        unscored = {"solution", "completion"} & set(self.headers)
        step = (
            "These are solutions that nobody has tested yet: run the evaluation, and give its results"
            if unscored
            else "Map one: correct=COLUMN, with a threshold where it is a score"
        )
        where = self.provenance.file or "The source"
        return ColumnError(f"{where}: no column says what is correct; there are {', '.join(self.headers)}. {step}.")


def lay_out(ask: Ask, columns: Sequence[Column], path: Path | None, log: Unpacked | None, choices: Choices) -> Source:
    """Find out what a source's columns mean.

    Args:
        ask: runs SQL; the source is there under the name `raw`, with the place of each row.
        columns: its columns, without the place.
        path: the file it comes from.
        log: what was unpacked, when the file is a log.
        choices: how it is to be read.

    Returns:
        The source.

    Raises:
        ColumnError: a column is not there.
    """
    where = choices.get("where")
    condition = f" WHERE (\n{where}\n)" if where is not None else ""
    rows, flat = flattened(columns, f"SELECT * FROM raw{condition}")
    of = {column.header: column for column in flat}
    layout = _counts_or_samples(ask, rows, _layout(of, log, choices))
    used = {word: column.header for word, column in layout.words.items() if column.header != word}
    provenance = Provenance(None if path is None else str(path), _digest(path), where, MappingProxyType(used))
    notes = (*(log.notes if log is not None else ()), *_conventions(layout, log, choices))
    return Source(ask, rows, layout, provenance, notes, tuple(of))


def _layout(of: Mapping[str, Column], log: Unpacked | None, choices: Choices) -> Layout:
    """Which column means what, by its header or by the user's word."""
    mapping = dict(choices.get("mapping") or {})
    if log is not None:
        # The log's reader has used it to choose the metric.
        mapping.pop("correct", None)
    words = {word: of[header] for word, header in choose(of, mapping).items()}
    if "problem" not in words:
        raise ColumnError.from_missing("problem", of)
    by = tuple(choices.get("by") or (("filter",) if log is not None and "filter" in of else ()))
    for header in by:
        if header not in of:
            raise ColumnError.from_missing(header, of)
    taken = {*by, *(column.header for column in words.values())}
    telling = tuple(of[name] for name in TELLING if name in of and name not in taken)
    return Layout(words, tuple(of[header] for header in by), choices.get("threshold"), telling)


def _counts_or_samples(ask: Ask, rows: str, layout: Layout) -> Layout:
    """Where a table has `n` and `correct`, problems that are there once only have counts."""
    words = dict(layout.words)
    if "n" in words and "c" not in words and "correct" in words and "attempt" not in words:
        pair = f"({layout.part()}, {layout.problem()})"
        number = words["n"].number()
        found = ask(f"SELECT count(*) AS every, count({number}) AS n, count(DISTINCT {pair}) AS one FROM ({rows})")
        if int(found["every"][0]) == int(found["one"][0]) and int(found["n"][0]):
            words["c"] = words.pop("correct")
    if "n" in words and "c" in words:
        words.pop("correct", None)
    return replace(layout, words=MappingProxyType(words))


def _conventions(layout: Layout, log: Unpacked | None, choices: Choices) -> list[str]:
    """What the numbers rest on, in words."""
    words, notes = layout.words, []
    if "correct" in words and log is None:
        limit = f" of at least {layout.threshold:g}" if layout.threshold is not None else ""
        also = f" and {words['base'].header!r}" if layout.both else ""
        notes.append(f"correct: column {words['correct'].header!r}{also}{limit}")
    elif layout.correct() is not None and log is None:
        notes.append(f"correct: {words['answer'].header!r} is {words['target'].header!r}, as text")
    if choices.get("missing") == "wrong":
        notes.append("samples without a score count as wrong")
    return notes


def _digest(path: Path | None) -> str:
    """SHA-256 of a file."""
    if path is None:
        return ""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
