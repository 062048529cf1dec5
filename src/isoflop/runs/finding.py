"""One thing found in a table, and how its rows are named."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from isoflop.runs.table import RunTable


@dataclass(frozen=True)
class Finding:
    """One thing found in a table.

    Attributes:
        level: error (no fit is possible), warning, or note (a convention to state).
        code: short stable name of what was found.
        message: what was found, without the next step.
        rows: source rows concerned.
        column: column concerned.
        step: what to do next.
    """

    level: Literal["error", "warning", "note"]
    code: str
    message: str
    rows: tuple[int, ...] = ()
    column: str | None = None
    step: str = ""

    @property
    def next_step(self) -> str:
        """What to do next."""
        return self.step

    def __str__(self) -> str:
        """Level, message, next step."""
        end = "" if self.message.endswith(".") else "."
        return f"{self.level}: {self.message}{end} {self.step}".rstrip()


def at_level(findings: Sequence[Finding], level: Literal["error", "warning", "note"]) -> tuple[Finding, ...]:
    """Give the findings of one level, in their order."""
    return tuple(finding for finding in findings if finding.level == level)


def listed_rows(rows: Sequence[int], total: int) -> str:
    """Name rows in words, the first five of them.

    Args:
        rows: source rows.
        total: rows in the table.

    Returns:
        Text such as `rows 3, 7, 9`.

    >>> listed_rows([3, 7, 9], 20)
    'rows 3, 7, 9'
    """
    if len(rows) == total:
        return "every row"
    shown = ", ".join(map(str, rows[:5]))
    more = f", … ({len(rows)} of {total})" if len(rows) > 5 else ""
    return f"{'row' if len(rows) == 1 else 'rows'} {shown}{more}"


def rows_where(table: RunTable, mask: NDArray[np.bool_]) -> tuple[int, ...]:
    """Give the source rows where a mask holds."""
    return tuple(int(row) for row in table.source_rows[mask])
