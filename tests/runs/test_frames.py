from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from isoflop.errors import TableError
from isoflop.runs import read_runs

COLUMNS: dict[str, list[Any]] = {
    "N": [100_000_000, 1_000_000_000, None],
    "D": ["2B", "20B", "1.4T"],
    "loss": [3.1, None, 2.0],
    "recipe": ["b", None, "a"],
    "ok": [True, False, None],
}
MAKERS = {
    "pandas": lambda: pd.DataFrame(COLUMNS),
    "pandas nullable": lambda: pd.DataFrame(COLUMNS).convert_dtypes(),
    "pandas odd index": lambda: pd.DataFrame(COLUMNS, index=[7, 7, 3]),
    "polars": lambda: pl.DataFrame(COLUMNS),
    "polars lazy": lambda: pl.LazyFrame(COLUMNS),
    "pyarrow": lambda: pa.table(COLUMNS),
    "mapping": lambda: COLUMNS,
}


@pytest.mark.parametrize("kind", MAKERS)
def test_frames(kind: str) -> None:
    table = read_runs(MAKERS[kind]())
    np.testing.assert_array_equal(table.column("params"), [1e8, 1e9, np.nan])
    np.testing.assert_array_equal(table.column("tokens"), [2e9, 2e10, 1.4e12])
    np.testing.assert_array_equal(table.column("loss"), [3.1, np.nan, 2.0])
    assert table.labels("recipe")[0] == ("a", "b")
    assert table.labels("recipe")[1].tolist() == [1, -1, 0]
    assert table.labels("ok")[0] == ("false", "true")
    assert table.provenance.file is None
    assert table.provenance.sha256 == read_runs(COLUMNS).provenance.sha256


@pytest.mark.parametrize("kind", MAKERS)
def test_filters_on_frames(kind: str) -> None:
    table = read_runs(MAKERS[kind](), where="D > 1e10 and (recipe = 'a' or not ok)")
    assert table.source_rows.tolist() == [2, 3]


def test_frames_and_files_agree(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("frames") / "runs.csv"
    frame = pd.DataFrame({"N": ["7B", "x", "1e9", "2,000"], "D": [1, 2, 3, 4], "name": ["1", "b", "NA", " c "]})
    frame.to_csv(path, index=False)
    one, two = read_runs(frame), read_runs(path)
    assert one.digest() == two.digest()
    assert one.unreadable == two.unreadable == {"params": {2: "x"}}


def test_numbers_as_column_names() -> None:
    table = read_runs(pd.DataFrame([[1e8, 2.0], [2e8, 1.0]], columns=["N", 7]))
    assert table.column("7").tolist() == [2.0, 1.0]


def test_equal_column_names() -> None:
    with pytest.raises(TableError, match="distinct column names"):
        read_runs(pd.DataFrame([[1e8, 2.0]], columns=["N", "N"]))


@pytest.mark.parametrize("frame", [pd.DataFrame(), pl.DataFrame(), pd.DataFrame({"N": []}), pa.table({"N": []})])
def test_frames_without_runs(frame: object) -> None:
    with pytest.raises(TableError, match=r"no columns|no rows"):
        read_runs(frame)


def test_a_series_is_no_table() -> None:
    with pytest.raises(TableError, match="cannot be read from Series"):
        read_runs(pd.Series([1.0, 2.0]))


def test_names_that_are_one_as_text() -> None:
    with pytest.raises(TableError, match="Two columns of the table are named '7'"):
        read_runs({7: [1.0], "7": [2.0]})
