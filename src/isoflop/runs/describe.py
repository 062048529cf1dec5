"""A run table in words: ranges, labels, conventions."""

from typing import TYPE_CHECKING

import numpy as np

from isoflop.units import format_quantity

if TYPE_CHECKING:
    from isoflop.runs.table import RunTable


def summary(table: "RunTable") -> list[str]:
    """Say what is in a table.

    Args:
        table: the runs.

    Returns:
        Lines: rows and source, one per column, notes, exclusions.
    """
    lines = [repr(table), *(f"  {name:<16} {_range(table, name)}" for name in table.names)]
    lines.extend(f"  note: {note}" for note in table.notes)
    if table.excluded:
        lines.append(f"  excluded: {len(table.excluded)} rows")
    return lines


def _range(table: "RunTable", name: str) -> str:
    """Range or labels of a column, in words."""
    if name in table.categories:
        levels = table.categories[name].levels
        return ", ".join(levels[:4]) + (f", … {len(levels)} labels" if len(levels) > 4 else "")
    rule = f"  (derived: {table.derived[name]})" if name in table.derived else ""
    values = table.numbers[name]
    finite = values[np.isfinite(values)]
    if not finite.size:
        return "no values" + rule
    ends = f"{format_quantity(float(finite.min()))} – {format_quantity(float(finite.max()))}"
    missing = len(values) - finite.size
    return ends + (f"  ({missing} missing)" if missing else "") + rule
