"""The page of the catalogue, tested: every law with its golden tests, its data and its back-test."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from docs.generators.laws import table
from docs.generators.tested import Tested, result, tested

from isoflop import laws

_INTRODUCTION = """# The catalogue, tested

Nothing here was written by hand: `python -m experiments.catalogue` runs the tests and fits and writes
`docs/results/catalogue.json`, of which this page is made; a test compares it with the tests that there are.

- **Golden tests**: tests in `tests/papers` that pass while the law is evaluated or fitted in them, or its constants are
  read. Each holds the program to numbers printed by a source or recomputed from its data. They are counted by
  running them, so a law that stands beside another in a test is counted too. After the count: the files.
- **Contract tests**: what every law must do (gradients, recovery of its own constants, round trips, units, LaTeX).
- **Fitted to**: the published table, cut in two: the runs fitted, and the costlier ones that are held out.
- **Error**: mean of |predicted / observed − 1| over the held-out runs. A fit that is not certified says so.
- **Beside it**: the same for the simplest law of its family that reads this table, or the one that its paper
  compares with.
"""
_CHECKS = """## The numbers of the tables

The record of each published table states numbers that a fit of it must give. Compared with those obtained here, a
number agrees when it is the same within 1e-5, or to the last digit of a rounded record."""

OTHERS = {
    "4-digit addition": "read off figure 4 of the paper of broken laws; the tests hold to the paper's own predictions.",
    "evalperf_per_task": "its record states no fit; `tests/papers/test_testtime_evalperf.py` repeats its pass rates.",
    "obs_base_llms": "its numbers are of components and lines, not of one law; `tests/methods/test_observational.py`.",
    "sloth_families": "its record states no fit.",
    "sparsity_moe": "its record states no fit; the total parameters do nothing to these losses.",
}
"""Tables without numbers above → why."""


def pages() -> dict[str, str]:
    """Return the page by its path below docs/."""
    return {"catalogue.md": "\n".join([_INTRODUCTION, *_families(), *_held_out(), *_checks()]) + "\n"}


def _families() -> Iterator[str]:
    """Yield one table per family; laws that are built for a table come last."""
    known = tested()
    head = ("Law", "Golden tests", "Contract tests", "Fitted to", "Error, held out", "Beside it")
    for family, members in groupby(laws.catalogue().values(), lambda law: law.family):
        rows = [row for law in members for row in _rows(f"[{law.name}](laws/{law.name}.md)", known.pop(law.name))]
        yield f"## {family.capitalize()}\n\n{table(head, rows)}\n"
    rows = [row for name, law in known.items() for row in _rows(name, law)]
    yield (
        "## Built for their table\n\nLaws over as many columns as a table has domains, or over its own schedules: "
        f"`isoflop.laws.mixing.mixing_law` and `isoflop.laws.multipower.multi_power`.\n\n{table(head, rows)}\n"
    )


def _rows(name: str, law: Tested) -> list[tuple[str, ...]]:
    """Return a law's rows, its name in the first."""
    return [("" if k else name, *cells) for k, cells in enumerate(law.rows)]


def _held_out() -> Iterator[str]:
    """Yield what was held out, table by table."""
    rows = list(dict.fromkeys((row["table"], row["held_out"], row["objective"]) for row in result()["backtests"]))
    yield "## What was held out\n\n" + table(("Table", "Cut", "Objective"), rows) + "\n"


def _checks() -> Iterator[str]:
    """Yield the comparison with the tables' records."""
    every: list[dict[str, Any]] = result()["checks"]
    yield _CHECKS + "\n"
    groups = [(name, list(rows)) for name, rows in groupby(every, lambda row: row["table"])]
    lines = [
        (name, str(len(rows)), str(sum(row["agrees"] for row in rows)), "; ".join(_families_of(rows)))
        for name, rows in groups
    ]
    none = sorted({row["table"] for row in result()["backtests"]} - {name for name, _ in groups})
    yield table(("Table", "Numbers", "Agree", "What they are of"), lines) + "\n"
    yield "\n".join(f"- `{name}`: {OTHERS[name]}" for name in none) + "\n"
    yield "### Where they differ\n"
    for reason, differing in groupby((row for row in every if not row["agrees"]), lambda row: row["reason"]):
        rows = [(r["table"], r["what"], f"{r['record']:.6g}", f"{r['obtained']:.6g}") for r in differing]
        yield f"{reason}\n\n{table(('Table', 'What', 'Record', 'Obtained'), rows)}\n"


def _families_of(rows: list[dict[str, Any]]) -> list[str]:
    """Return what the numbers are of: the words before the colon, once each."""
    return list(dict.fromkeys(row["what"].split(":")[0] for row in rows))
