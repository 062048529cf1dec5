"""Thousands of broken tables: a table of the right shape, or an error of isoflop in one line."""

import csv
import io
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from isoflop.errors import InputError
from isoflop.runs import RunTable, check, read_runs, usable
from isoflop.runs.cells import MISSING
from isoflop.runs.columns import VOCABULARY
from isoflop.units import parse_quantity

HEADERS = st.one_of(
    st.sampled_from(
        ["N", "D", "C", "loss", "L", "val_loss", "params", "tokens", "N_B", "recipe", "status", "n", "run"]
    ),
    st.text(max_size=6),
)
CELLS = st.one_of(
    st.sampled_from(
        ["7B", "1.4T", "1,000", "3e21", "nan", "NA", "", "-", "inf", "-1", "0", "x", "1e999", "1_0", "3,1", "True"]
    ),
    st.floats().map(repr),
    st.text(max_size=5),
)
OBJECTS = st.one_of(
    CELLS, st.none(), st.booleans(), st.integers(), st.floats(), st.dates(), st.lists(st.integers(), max_size=2)
)
FILTERS = st.one_of(
    st.sampled_from(["N > 1e8", "loss < 3 and D > 0", "recipe = 'a'", "1", "N N", "params is not null"]),
    st.text(max_size=12),
)


def examine(table: RunTable) -> None:
    """Ask a table everything that others ask of it."""
    assert len(table) > 0
    for name in table.names:
        levels, codes = table.labels(name)
        assert len(codes) == len(table)
        assert codes.min() >= -1
        assert codes.max() < len(levels)
        if table.is_number(name):
            assert table.column(name).dtype == np.float64
            assert table.column(name).shape == (len(table),)
    assert (np.diff(table.source_rows) > 0).all()
    report = check(table, law_parameters=5)
    assert report.rows == len(table)
    assert str(report)
    assert str(table)
    try:
        kept = usable(table)
    except InputError as error:
        assert_plain(error)
    else:
        assert {*kept.source_rows.tolist(), *(e.row for e in kept.excluded)} == set(table.source_rows.tolist())
        assert all((kept.column(word) > 0).all() for word in ("params", "tokens", "loss"))


def assert_plain(error: InputError) -> None:
    """Errors are one paragraph and end with a step."""
    text = str(error)
    assert text
    assert text.rstrip().endswith((".", "?", ")"))


def read_bytes(content: bytes, suffix: str, **options: Any) -> RunTable | None:
    """Read a file of these bytes; None when it is refused."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"runs{suffix}"
        path.write_bytes(content)
        try:
            table = read_runs(path, **options)
        except InputError as error:
            assert_plain(error)
            return None
    examine(table)
    return table


@given(st.binary(max_size=300), st.sampled_from([".csv", ".tsv", ".json", ".jsonl", ".parquet", "", ".csv.gz", ".txt"]))
@settings(max_examples=600)
def test_any_bytes(content: bytes, suffix: str) -> None:
    assert read_bytes(content, suffix) is None or content


@given(
    st.sampled_from([b"PAR1", b"\x1f\x8b", b"[", b"{", b"N,D,loss\n", b"\xef\xbb\xbf", b"#"]), st.binary(max_size=120)
)
@settings(max_examples=200)
def test_any_bytes_after_a_true_beginning(start: bytes, content: bytes) -> None:
    assert read_bytes(start + content, "") is None or content


@given(st.text(alphabet="ND,;|\t\n\r \"'1e9.7B#loss-é", max_size=120), st.sampled_from([".csv", ".tsv", ".txt"]))
@settings(max_examples=300)
def test_any_text(content: str, suffix: str) -> None:
    assert read_bytes(content.encode(), suffix) is None or content


@given(
    st.lists(HEADERS, min_size=1, max_size=5, unique=True),
    st.data(),
    st.sampled_from([",", ";", "\t", "|"]),
    st.one_of(st.none(), FILTERS),
)
@settings(max_examples=100)
def test_any_cells(headers: list[str], data: st.DataObject, delimiter: str, where: str | None) -> None:
    rows = data.draw(st.lists(st.lists(CELLS, min_size=len(headers), max_size=len(headers)), min_size=1, max_size=5))
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerows([headers, *rows])
    table = read_bytes(out.getvalue().encode("utf-8", "replace"), ".csv", where=where)
    assert table is None or len(table) <= max(1, out.getvalue().count("\n"))


@given(
    st.dictionaries(HEADERS, st.lists(OBJECTS, max_size=4), max_size=5),
    st.one_of(st.none(), st.dictionaries(st.sampled_from(["loss", "params", "new"]), HEADERS, max_size=2)),
    st.one_of(st.none(), FILTERS),
)
@settings(max_examples=600)
def test_any_objects(columns: dict[str, list[Any]], mapping: dict[str, str] | None, where: str | None) -> None:
    try:
        table = read_runs(columns, mapping=mapping, where=where)
    except InputError as error:
        assert_plain(error)
        return
    examine(table)


@given(
    st.lists(
        CELLS.filter(lambda cell: "\r" not in cell and "\0" not in cell and cell.isprintable()), min_size=8, max_size=40
    )
)
@settings(max_examples=60)
def test_a_cell_is_read_as_by_hand(cells: list[str]) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(
        [("name", "loss"), *((f"r{i}", cell) for i, cell in enumerate(cells))]
    )
    table = read_bytes(out.getvalue().encode("utf-8", "replace"), ".csv")
    assert table is not None
    for row, cell in enumerate(cells):
        value, text = table.column("loss")[row], table.unreadable.get("loss", {}).get(row + 1)
        if cell.strip().casefold() in MISSING:
            assert np.isnan(value)
            assert text is None
        elif text is None:
            np.testing.assert_equal(value, by_hand(cell))
        else:
            assert by_hand(cell) is None


def by_hand(cell: str) -> float | None:
    """Read one cell without any of the reader's code but `parse_quantity`."""
    try:
        return float(cell)
    except ValueError:
        pass
    try:
        return parse_quantity(cell)
    except InputError:
        return None


@given(st.text(max_size=20))
@settings(max_examples=500)
def test_any_header_is_a_word_or_none(header: str) -> None:
    table = RunTable.from_columns({header: [1.0]})
    assert len(table.names) == 1
    assert table.names[0] in VOCABULARY or table.names[0] == header
