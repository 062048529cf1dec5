"""What a table can and cannot carry: all findings in one pass, and the rows a fit may use."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import ColumnError, TableError
from isoflop.runs import suspect
from isoflop.runs.columns import VOCABULARY, resolve
from isoflop.runs.finding import Finding, at_level, listed_rows
from isoflop.runs.table import Excluded, RunTable

_MAY_BE_ZERO: Final = frozenset({"seed", "checkpoint_step", "weight", "weight_decay", "lr"})
_FEWEST: Final = 2


@dataclass(frozen=True)
class CheckReport:
    """What one pass over a table found.

    Attributes:
        findings: errors first, then warnings, then notes.
        rows: runs in the table.
        usable: runs that a fit can use.
    """

    findings: tuple[Finding, ...]
    rows: int
    usable: int

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Findings that make a fit impossible."""
        return at_level(self.findings, "error")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """Findings that travel into the report."""
        return at_level(self.findings, "warning")

    @property
    def notes(self) -> tuple[Finding, ...]:
        """Conventions that every output states."""
        return at_level(self.findings, "note")

    @property
    def ok(self) -> bool:
        """Whether a fit is possible."""
        return not self.errors

    def __str__(self) -> str:
        """One line per finding."""
        head = (
            f"{self.usable} of {self.rows} runs usable: {len(self.errors)} errors, "
            f"{len(self.warnings)} warnings, {len(self.notes)} notes"
        )
        return "\n".join((head, *(f"  {f}" for f in self.findings)))


def check(
    table: RunTable,
    *,
    law_parameters: int | None = None,
    response: str = "loss",
    columns: Sequence[str] = ("params", "tokens"),
) -> CheckReport:
    """Report in one pass what is wrong or doubtful in a table.

    Args:
        table: the runs.
        law_parameters: free parameters of the law to be fitted, to compare with the number of sizes.
        response: column to be explained.
        columns: columns that the law uses.

    Returns:
        All findings; only errors make a fit impossible.

    >>> columns = {"N": [1e8, 2e8, 4e8, 8e8], "D": [2e9, 4e9, 8e9, 16e9], "loss": [3.2, 3.0, 2.8, 0]}
    >>> runs = RunTable.from_columns(columns)
    >>> [finding.code for finding in check(runs).findings if finding.level != "note"]
    ['non_positive', 'collinear']
    """
    findings = [
        Finding("error", "no_column", message, column=name) for name, message in _absent(table, columns, response)
    ]
    present = tuple(_name(table, name) for name in dict.fromkeys((*columns, response)) if _has(table, name))
    target = _name(table, response) if _has(table, response) else None
    reasons = _reasons(table, present, target)
    for (name, code), found in reasons.items():
        rows = tuple(int(table.source_rows[place]) for place in found)
        findings.append(_bad_cells(table, name, code, rows))
    bad = np.zeros(len(table), dtype=bool)
    for found in reasons.values():
        bad[list(found)] = True
    good = int(np.count_nonzero(~bad))
    if good < _FEWEST and not any(f.level == "error" for f in findings):
        findings.append(
            Finding(
                "error",
                "too_few_rows",
                f"Only {good} of {len(table)} runs can be used",
                step="Add runs or repair cells.",
            )
        )
    clean = table.take(np.flatnonzero(~bad)) if bad.any() else table
    if good:
        words = tuple(name for name in present if name != target and clean.is_number(name))
        findings.extend(suspect.everything(clean, words, target, law_parameters))
    findings.extend(Finding("note", "convention", note) for note in table.notes)
    order = {"error": 0, "warning": 1, "note": 2}
    return CheckReport(tuple(sorted(findings, key=lambda f: order[f.level])), len(table), good)


def usable(table: RunTable, columns: Sequence[str] = ("params", "tokens"), response: str = "loss") -> RunTable:
    """Keep the rows that a fit can use; the others are listed with their reasons.

    Args:
        table: the runs.
        columns: columns that the fit needs, numbers or labels.
        response: column to be explained.

    Returns:
        The table without rows whose needed cells are missing, unreadable, infinite or not positive.

    Raises:
        ColumnError: a needed column is not there or holds no numbers.
        TableError: fewer than two rows are left.

    >>> runs = RunTable.from_columns({"N": [1e8, "?", 4e8], "D": [2e9, 4e9, 8e9], "loss": [3.2, 3.0, 2.9]})
    >>> usable(runs).excluded
    (Excluded(row=2, reason='params is missing'),)
    """
    names = tuple(_name(table, name) for name in dict.fromkeys((*columns, response)))
    target = _name(table, response)
    said: dict[int, list[str]] = {}
    reasons = _reasons(table, names, target)
    for (name, code), places in reasons.items():
        for place in places:
            said.setdefault(place, []).append(_reason(table, name, code, place))
    if len(table) - len(said) < _FEWEST:
        raise TableError(_none_left(table, names, said, reasons))
    if not said:
        return table
    keep = np.ones(len(table), dtype=bool)
    keep[list(said)] = False
    gone = tuple(Excluded(int(table.source_rows[p]), "; ".join(said[p])) for p in sorted(said))
    return replace(table.take(np.flatnonzero(keep)), excluded=table.excluded + gone)


def _has(table: RunTable, name: str) -> bool:
    """Whether the table has a column of this name or meaning."""
    return name in table.names or resolve(name) in table.names


def _name(table: RunTable, name: str) -> str:
    """The table's own name for a column asked for."""
    if name in table.names:
        return name
    word = resolve(name)
    if word in table.names:
        return str(word)
    raise ColumnError.from_missing(name, table.names)


def _absent(table: RunTable, columns: Sequence[str], response: str) -> list[tuple[str, str]]:
    """Columns asked for that are not there, each with the whole message."""
    found: list[tuple[str, str]] = []
    for name in dict.fromkeys((*columns, response)):
        if not _has(table, name):
            found.append((name, str(ColumnError.from_missing(name, table.names))))
    return found


def _reasons(table: RunTable, names: Sequence[str], target: str | None) -> dict[tuple[str, str], list[int]]:
    """(Column, code) → places of the rows that cannot be used for it."""
    found: dict[tuple[str, str], list[int]] = {}
    for name in names:
        if name in table.categories and name != target:
            codes = table.labels(name)[1]
            _note(found, (name, "missing"), codes < 0)
            continue
        values = table.column(name)
        texts = table.unreadable.get(name, {})
        garbled = np.isin(table.source_rows, list(texts)) if texts else np.zeros(len(table), dtype=bool)
        _note(found, (name, "unreadable"), garbled)
        _note(found, (name, "missing"), np.isnan(values) & ~garbled)
        _note(found, (name, "infinite"), np.isinf(values))
        if name in VOCABULARY:
            low = values < 0 if name in _MAY_BE_ZERO else values <= 0
            _note(found, (name, "non_positive"), low & np.isfinite(values))
    return found


def _note(found: dict[tuple[str, str], list[int]], key: tuple[str, str], mask: NDArray[np.bool_]) -> None:
    """Record the places of a mask, if any."""
    places = np.flatnonzero(mask).tolist()
    if places:
        found[key] = places


def _reason(table: RunTable, name: str, code: str, place: int) -> str:
    """Why one row cannot be used."""
    row = int(table.source_rows[place])
    if code == "unreadable":
        return f"{name} {table.unreadable[name][row]!r} is not a number"
    if code == "missing":
        missing_needs = f" ({table.derived[name]})" if name in table.derived else ""
        return f"{name} is missing{missing_needs}"
    value = float(table.column(name)[place])
    return f"{name} is infinite" if code == "infinite" else f"{name} is {value:g}, not positive"


def _bad_cells(table: RunTable, name: str, code: str, rows: tuple[int, ...]) -> Finding:
    """One finding on the cells of a column."""
    what = {
        "missing": "is missing or NaN",
        "unreadable": "cannot be read as a number",
        "infinite": "is infinite",
        "non_positive": "is not positive",
    }[code]
    shown = f" (row {rows[0]}: {table.unreadable[name][rows[0]]!r})" if code == "unreadable" else ""
    every = len(rows) == len(table)
    return Finding(
        "error" if every else "warning",
        code,
        f"{name} {what} in {listed_rows(rows, len(table))}{shown}",
        rows,
        name,
        f"Map another column onto {name}, or repair the cells." if every else "These rows take no part in the fit.",
    )


def _none_left(
    table: RunTable, names: Sequence[str], said: dict[int, list[str]], reasons: dict[tuple[str, str], list[int]]
) -> str:
    """Message when no fit is possible: rows, columns, next step."""
    source = table.provenance.file or "The table"
    left = len(table) - len(said)
    head = f"{source}: {left} of {len(table)} runs can be used for {', '.join(names)}"
    first = [f"row {int(table.source_rows[p])}: {'; '.join(said[p])}" for p in sorted(said)[:3]]
    more = f" and {len(said) - 3} more" if len(said) > 3 else ""
    why = f" ({'. '.join(first)}{more})" if first else ""
    unreadable = [t for (name, code) in reasons if code == "unreadable" for t in table.unreadable[name].values()]
    comma = " Write decimals with a point, not a comma." if any(_decimal_comma(t) for t in unreadable[:100]) else ""
    worst = max(reasons, key=lambda key: len(reasons[key]), default=None)
    step = f"Repair these cells or map another column onto {worst[0]}" if worst else "Add runs"
    return f"{head}{why}; a fit needs at least {_FEWEST}.{comma} {step}."


def _decimal_comma(text: str) -> bool:
    """Whether a cell looks like `3,14`."""
    whole, _, rest = text.strip().partition(",")
    return whole.lstrip("+-").isdigit() and rest.isdigit()
