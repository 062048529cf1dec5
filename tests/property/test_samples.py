"""Any table of samples comes down to the counts that counting by hand gives, whatever its order and its names."""

import csv
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from isoflop.testtime.reading.read import read_counts, read_samples

NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp")), min_size=1, max_size=6)
ROWS = st.lists(st.tuples(NAMES, st.sampled_from([0, 1])), min_size=1, max_size=40)
MISSING = {"na", "n/a", "#n/a", "nan", "none", "null", "nil", "-", "--", "?", "missing"}


def counted(rows: list[tuple[str, int]]) -> dict[str, tuple[int, int]]:
    """Count by hand: problem → samples, correct ones."""
    n, c = Counter(name for name, _ in rows), Counter(name for name, right in rows if right)
    return {name: (n[name], c[name]) for name in n}


@settings(max_examples=20)
@given(ROWS)
def test_columns_are_counted(rows: list[tuple[str, int]]) -> None:
    columns = {"problem": [name for name, _ in rows], "correct": [right for _, right in rows]}
    found = read_counts(columns)
    assert dict(zip(found.problems, zip(found.n.tolist(), found.c.tolist(), strict=True), strict=True)) == counted(rows)
    samples = read_samples(columns)
    assert samples.problems == found.problems
    assert np.array_equal(samples.counts().c, found.c)
    assert sorted(samples.source_rows.tolist()) == list(range(1, len(rows) + 1))


@settings(max_examples=20)
@given(ROWS)
def test_files_are_counted(rows: list[tuple[str, int]]) -> None:
    # What means missing in a cell is no name; such rows are an error, tested elsewhere.
    kept = [(name, right) for name, right in rows if name.casefold() not in MISSING]
    if not kept:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "samples.csv"
        with path.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows([("task_id", "passed"), *((name, bool(right)) for name, right in kept)])
        found = read_counts(path)
    assert dict(zip(found.problems, zip(found.n.tolist(), found.c.tolist(), strict=True), strict=True)) == counted(kept)
