"""The page of measured numbers, from the files in docs/results/ that the measurements write."""

import json
from collections.abc import Mapping
from typing import Any

from docs.generators.laws import table
from docs.generators.tree import ROOT

FOLDER = ROOT / "docs" / "results"

_INTRODUCTION = """# Measured numbers

Nothing here was written by hand: each table comes from a file in `docs/results/` that the named command writes.
"""


def pages() -> dict[str, str]:
    """Return the page by its path below docs/."""
    sections = [f"## Coverage of the intervals\n\n{coverage()}\n"]
    found = [json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))]
    # Results of another form than a table of rows have pages or places of their own.
    sections += [_section(result) for result in found if "rows" in result]
    return {"measured.md": "\n".join([_INTRODUCTION, *sections])}


def coverage() -> str:
    """Return how often the intervals held the truth in the simulation."""
    found = json.loads((FOLDER / "coverage.json").read_text("utf-8"))
    names = list(next(iter(next(iter(found["coverage"].values())).values())))
    rows = [
        (noise, level, *(f"{shares[name]:.1%}" for name in names))
        for noise, levels in found["coverage"].items()
        for level, shares in levels.items()
    ]
    return (
        f"Made-up runs whose truth is known: {found['design']}. {found['simulations']} studies for each noise, "
        f"{found['draws']} draws each (`{found['resample']}`); the share of studies whose interval holds the truth, "
        f"with a standard error of {found['standard_error']:.1%} at 90 %:\n\n"
        + table(("Noise", "Nominal", *names), rows)
        + "\n\n`python experiments/coverage.py` writes these numbers again, and a test repeats a part of them."
    )


def _section(result: Mapping[str, Any]) -> str:
    """Return one measurement: `title`, `text`, `columns`, `rows`, and the `command` and `machine` behind them."""
    rows = [tuple(_cell(value) for value in row) for row in result["rows"]]
    return (
        f"## {result['title']}\n\n{result['text']}\n\n{table(tuple(result['columns']), rows)}\n\n"
        f"Written by `{result['command']}` on {result['machine']}.\n"
    )


def _cell(value: object) -> str:
    """Return a value as the table shows it: three or four digits."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
