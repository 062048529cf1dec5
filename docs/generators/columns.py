"""The page of the vocabulary: every column word, its letter, unit, range and aliases."""

import math

from docs.generators.laws import table

from isoflop.runs.columns import VOCABULARY, Column

_INTRODUCTION = """# Columns

A run table may call its columns as it likes; isoflop reads them through this vocabulary.
Case, spaces, underscores and dashes do not matter (`Num Tokens` is `num_tokens`), except for the
capital letters, which stand for themselves. A header that no alias covers is mapped by hand:
`read_runs("runs.csv", mapping={"loss": "loss_c4_val"})`, or `--map loss=loss_c4_val`.
Columns that are in no vocabulary keep their own names and may be used in formulas and filters.

Values are read as people write them: `7B`, `1.4T`, `3e21`, `1,000`. A value outside the range below is
not refused; `isoflop check` asks whether its unit is right.
"""


def pages() -> dict[str, str]:
    """Return the page by its path below docs/."""
    rows = [_row(column) for column in VOCABULARY.values()]
    head = ("Word", "Letter", "Unit", "What is counted", "Plausible range", "Also read")
    return {"columns.md": _INTRODUCTION + "\n" + table(head, rows) + "\n"}


def _row(column: Column) -> tuple[str, ...]:
    """Return a column's row."""
    aliases = ", ".join(f"`{alias}`" for alias in column.aliases)
    return f"`{column.word}`", column.letter, column.unit, column.counted, _range(column), aliases


def _range(column: Column) -> str:
    """Return the plausible range in words."""
    if column.kind == "category":
        return "labels"
    low, high = (f"{value:g}" for value in (column.low, column.high))
    if math.isinf(column.high):
        return f"from {low}" if column.low > 0 else "any"
    return f"{low} to {high}"
