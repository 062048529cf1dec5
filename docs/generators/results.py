"""The page of measured numbers, from the files in docs/results/ that the measurements write.

Every file holds `title`, `text` (what was done), `command` (what writes the file again), `machine`,
`columns` and `rows`; a measurement that cannot say these has no place in the documentation.
"""

import json
from collections.abc import Mapping
from typing import Any

from docs.generators.laws import table
from docs.generators.tree import ROOT

FOLDER = ROOT / "docs" / "results"

_INTRODUCTION = """# Measured numbers

Nothing here was written by hand: each table comes from a file that the named command writes.
"""


def pages() -> dict[str, str]:
    """Return the page by its path below docs/."""
    sections = [_section(json.loads(path.read_text("utf-8"))) for path in sorted(FOLDER.glob("*.json"))]
    return {"measured.md": "\n".join([_INTRODUCTION, *sections])}


def coverage() -> str:
    """Return the measured coverage of the intervals, for the page about them."""
    return _section(json.loads((FOLDER / "coverage.json").read_text("utf-8"))).partition("\n\n")[2].strip()


def _section(result: Mapping[str, Any]) -> str:
    """Return one measurement."""
    rows = [tuple(_cell(value) for value in row) for row in result["rows"]]
    return (
        f"## {result['title']}\n\n{result['text']}\n\n{table(tuple(result['columns']), rows)}\n\n"
        f"Written by `{result['command']}` on {result['machine']}.\n"
    )


def _cell(value: object) -> str:
    """Return a value as the table shows it: three or four digits."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
