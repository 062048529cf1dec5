"""Sections on the runs: what went in, what was left out and why, what was found in the table."""

import numpy as np

from isoflop.fit import Fit
from isoflop.report.blocks import Block, Facts, Heading, Items, Section, Table, Text
from isoflop.report.words import quantity, rows_text, sentence, tidy
from isoflop.runs import VOCABULARY, RunTable
from isoflop.runs.check import CheckReport

MOST_COLUMNS = 20
MOST_LABELS = 8
MOST_ROWS = 400
"""Characters of row numbers that one reason may list."""


def data_section(fit: Fit, table: RunTable, found: CheckReport) -> Section:
    """Rows, ranges, conventions, exclusions, findings.

    Args:
        fit: the fit.
        table: the runs that it was fitted to.
        found: what one pass over them found.

    Returns:
        The section.
    """
    blocks: list[Block] = [_source(fit, table), Heading("Columns"), _columns(fit, table)]
    if fit.data.notes:
        blocks += [Heading("Conventions"), Items([sentence(tidy(note)) for note in fit.data.notes])]
    blocks += [Heading("Rows left out"), _excluded(fit)]
    blocks += [Heading("Checks"), *_findings(found, fit)]
    return Section("data", "Data and checks", blocks)


def _source(fit: Fit, table: RunTable) -> Facts:
    """Where the runs came from."""
    data = fit.data
    pairs = [
        ("Source", data.file or "a table in memory"),
        ("Runs fitted", f"{fit.rows:,} of {table.provenance.rows_read:,} rows read"),
    ]
    if data.where:
        pairs.append(("Filter", data.where))
    mapped = [f"{word} = {header}" for word, header in table.provenance.mapping.items() if word != header]
    if mapped:
        pairs.append(("Columns read as", ", ".join(mapped)))
    return Facts(pairs)


def _columns(fit: Fit, table: RunTable) -> Table:
    """Range and meaning of each column that the fit or the figures use."""
    named = {*fit.data.ranges, *fit.levels, fit.settings.get("weights"), fit.settings.get("noise")}
    rows = [_column_row(fit, table, word) for word in table.names if word in named]
    rest = [name for name in table.names if name not in named]
    more = f" and {len(rest) - MOST_COLUMNS} more" if len(rest) > MOST_COLUMNS else ""
    caption = f"Not used: {', '.join(rest[:MOST_COLUMNS])}{more}." if rest else ""
    return Table(("column", "from", "to", "distinct values", "unit", "what is counted"), rows, (1, 2, 3), caption)


def _column_row(fit: Fit, table: RunTable, word: str) -> tuple[str, ...]:
    """One column in words."""
    known = VOCABULARY.get(word)
    unit, counted = (known.unit, known.counted) if known else ("", "column of the table")
    if word == fit.response and known is None:
        unit = fit.law.unit
    if word in table.derived:
        counted = f"derived: {table.derived[word]}"
    if not table.is_number(word):
        levels = table.labels(word)[0]
        shown = ", ".join(levels[:MOST_LABELS]) + (", …" if len(levels) > MOST_LABELS else "")
        return word, "", "", f"{len(levels):,}", unit, f"{counted}: {shown}"
    values = table.column(word)
    finite = values[np.isfinite(values)]
    ends = [quantity(word, float(end)) for end in (finite.min(), finite.max())] if finite.size else ["–", "–"]
    return word, *ends, f"{len(np.unique(finite)):,}", unit, counted


def _excluded(fit: Fit) -> Block:
    """Every row left out, by reason."""
    if not fit.data.excluded:
        return Text(
            "None: every row that was read" + (" and kept by the filter" if fit.data.where else "") + " was fitted."
        )
    reasons: dict[str, list[int]] = {}
    for one in fit.data.excluded:
        reasons.setdefault(one.reason, []).append(one.row)
    rows = []
    for reason, numbers in reasons.items():
        listed = rows_text(numbers)
        if len(listed) > MOST_ROWS:
            listed = listed[:MOST_ROWS].rsplit(",", 1)[0] + ", …"
        rows.append((reason, f"{len(numbers):,}", listed))
    return Table(("reason", "rows", "numbers of the rows, header not counted"), rows, (1,))


def _findings(found: CheckReport, fit: Fit) -> list[Block]:
    """What one pass over the table found, in order of weight; what the fit has followed is no advice any more."""
    blocks: list[Block] = []
    tones = {"error": "bad", "warning": "warning"}
    for finding in (*found.errors, *found.warnings):
        if finding.code == "checkpoints" and "clusters" in fit.settings:
            done = f"{finding.message}; the intervals drew them together (resampling {fit.settings['resample']})."
            blocks.append(Text(sentence(tidy(done))))
            continue
        blocks.append(Text(sentence(tidy(str(finding))), tones[finding.level]))
    if not blocks:
        blocks.append(
            Text(
                "Nothing was found: no missing or impossible values, duplicates, slips of units, compute that "
                "disagrees with 6ND, unfinished runs, or collinear design.",
                "good",
            )
        )
    return blocks
