import gzip
import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
import pytest

from isoflop.errors import ColumnError, FileError, InputError, TableError, UnitsError
from isoflop.runs import RunTable, read_runs

PLAIN = b"N,D,loss\n1e8,2e9,3.1\n1e9,2e10,2.5\n"


def write(folder: Path, content: bytes, name: str = "runs.csv") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def assert_plain(table: RunTable) -> None:
    assert table.column("params").tolist() == [1e8, 1e9]
    assert table.column("tokens").tolist() == [2e9, 2e10]
    assert table.column("loss").tolist() == [3.1, 2.5]
    assert table.source_rows.tolist() == [1, 2]


def test_provenance(tmp_path: Path) -> None:
    path = write(tmp_path, PLAIN)
    table = read_runs(path, where="N > 5e8")
    assert table.provenance.file == str(path)
    assert table.provenance.sha256 == hashlib.sha256(PLAIN).hexdigest()
    assert table.provenance.where == "N > 5e8"
    assert table.provenance.rows_read == 2
    assert dict(table.provenance.mapping) == {"params": "N", "tokens": "D"}
    assert table.source_rows.tolist() == [2]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("runs.csv", PLAIN),
        ("RUNS.CSV", PLAIN),
        ("no_suffix", PLAIN),
        ("runs.txt", PLAIN.replace(b",", b"\t")),
        ("runs.tsv", PLAIN.replace(b",", b"\t")),
        ("semicolon.csv", PLAIN.replace(b",", b";")),
        ("pipe.csv", PLAIN.replace(b",", b"|")),
        ("bom.csv", b"\xef\xbb\xbf" + PLAIN),
        ("dos.csv", PLAIN.replace(b"\n", b"\r\n")),
        ("old_mac.csv", PLAIN.replace(b"\n", b"\r")),
        ("open_end.csv", PLAIN.rstrip()),
        ("blank_lines.csv", PLAIN.replace(b"\n", b"\n\n")),
        ("comment.csv", b"# by hand\n\n" + PLAIN),
        ("blanks.csv", PLAIN.replace(b",", b" , ")),
        ("quoted.csv", b'"N","D","loss"\n"1e8","2,000,000,000","3.1"\n"1B","20B",2.5\n'),
        ("runs.csv.gz", gzip.compress(PLAIN)),
        ("odd [1] *?.csv", PLAIN),
        ("quote'\".csv", PLAIN),
        ("ünï.csv", PLAIN),
        ("rows.jsonl", b'{"N":1e8,"D":2e9,"loss":3.1}\n{"N":"1B","loss":2.5,"D":2e10}\n'),
        ("rows.json", b'[{"N":"100M","D":2e9,"loss":3.1},{"N":1e9,"D":"20B","loss":2.5}]'),
        ("rows.ndjson.gz", gzip.compress(b'{"N":1e8,"D":2e9,"loss":3.1}\n{"N":1e9,"D":2e10,"loss":2.5}\n')),
        ("json_without_suffix", b'{"N":1e8,"D":2e9,"loss":3.1}\n{"N":1e9,"D":2e10,"loss":2.5}\n'),
    ],
)
def test_one_table_in_many_files(tmp_path: Path, name: str, content: bytes) -> None:
    assert_plain(read_runs(write(tmp_path, content, name)))
    assert_plain(read_runs(str(tmp_path / name)))


def test_parquet(tmp_path: Path) -> None:
    path = tmp_path / "runs.parquet"
    duckdb.sql(
        "SELECT * FROM (VALUES (100000000::BIGINT, 2e9::DOUBLE, 3.1::DECIMAL(4, 2), true, DATE '2024-01-02'), "
        "(1000000000, 2e10, 2.5, false, NULL)) AS t(N, D, loss, ok, day)"
    ).write_parquet(str(path))
    table = read_runs(path)
    assert_plain(table)
    assert table.labels("ok")[0] == ("false", "true")
    assert table.labels("day")[0] == ("2024-01-02",)


def test_non_ascii_headers_and_cells(tmp_path: Path) -> None:
    table = read_runs(write(tmp_path, "größe,N,損失,loss\nä,1e8,4,3\n\U0001f40d,2e8,5,2\n".encode()))
    assert table.labels("größe")[0] == ("ä", "\U0001f40d")
    assert table.column("損失").tolist() == [4.0, 5.0]


def test_mixed_cells(tmp_path: Path) -> None:
    table = read_runs(
        write(tmp_path, b'N,D,loss\n7B,1.4T,2.0\n1e9,"1,000,000",nan\nbig,1e9,3\n3e9,NA,None\n5_0e8,-,?\n')
    )
    np.testing.assert_array_equal(table.column("params"), [7e9, 1e9, np.nan, 3e9, 5e9])
    np.testing.assert_array_equal(table.column("tokens"), [1.4e12, 1e6, 1e9, np.nan, np.nan])
    np.testing.assert_array_equal(table.column("loss"), [2.0, np.nan, 3.0, np.nan, np.nan])
    assert {k: dict(v) for k, v in table.unreadable.items()} == {"params": {3: "big"}}


@pytest.mark.parametrize(
    "word", ["", "NA", "na", "N/A", "#N/A", "nan", "NaN", "NAN", "None", "NULL", "-", "--", "?", " NaN "]
)
def test_words_for_missing(tmp_path: Path, word: str) -> None:
    table = read_runs(write(tmp_path, f"N,loss,recipe\n1e8,{word},{word}\n2e8,2.0,a\n".encode()))
    np.testing.assert_array_equal(table.column("loss"), [np.nan, 2.0])
    assert table.labels("recipe")[1].tolist() == [-1, 0]
    assert table.unreadable == {}


def test_json_rows_need_not_agree(tmp_path: Path) -> None:
    rows = [{"N": 1e8, "loss": 3}, {"N": 2e8, "loss": None, "tags": ["a"]}, {"loss": 2.0}]
    table = read_runs(write(tmp_path, json.dumps(rows).encode(), "runs.json"))
    np.testing.assert_array_equal(table.column("params"), [1e8, 2e8, np.nan])
    np.testing.assert_array_equal(table.column("loss"), [3.0, np.nan, 2.0])
    assert table.labels("tags")[1].tolist() == [-1, 0, -1]


def test_cells_over_several_lines(tmp_path: Path) -> None:
    table = read_runs(write(tmp_path, b'recipe,N,loss\n"a, b\n",1e8,3\n"say ""x""",2e8,2\n'))
    assert table.labels("recipe")[0] == ("a, b", 'say "x"')


def test_an_index_column_is_no_trouble(tmp_path: Path) -> None:
    table = read_runs(write(tmp_path, b",N,loss,\n0,1e8,3,\n1,2e8,2,\n"))
    assert table.column("column_1").tolist() == [0.0, 1.0]
    assert np.isnan(table.column("column_4")).all()


def test_columns_named_like_the_data_base_names_them(tmp_path: Path) -> None:
    table = read_runs(write(tmp_path, b"rowid,c0,raw,value,N,loss\n9,8,7,6,1e8,3\n5,4,3,2,2e8,2\n"), where="rowid = 5")
    assert [table.column(n).tolist() for n in ("rowid", "c0", "raw", "value")] == [[5.0], [4.0], [3.0], [2.0]]


BROKEN = {
    "empty": (b"", "is empty"),
    "blank": (b"\n \n\n", "only blank lines"),
    "header only": (b"N,D,loss\n", r"a header \(N, D, loss\) and no rows"),
    "no header": (b"1e8,2e9,3.1\n1e9,2e10,2\n", "first line holds numbers, not names: '1e8'"),
    "blanks between": (b"N D loss\n1e8 2e9 3.1\n", "one column, named 'N D loss'.*comma, tab"),
    "short row": (b"N,D,loss\n1e8,2e9,3.1\n1e9,2e10\n", "line 3: 2 cells where the header has 3"),
    "long row": (b"N,D,loss\n1e8,2e9,3.1,7\n", "line 2: 4 cells where the header has 3"),
    "open quote": (b'N,D,loss\n"1e8,2e9,3.1\n1e9,3,4\n', "a quote is opened and never closed"),
    "two line ends": (b"N,D,loss\n1e8,2e9,3.1\r\n1e9,2e10,2\n", "one kind of line end"),
    "same header": (b"N,D,N\n1,2,3\n", "header 'N' more than once: columns 1, 3"),
    "zero byte": (b"N,D,loss\n1e8,2e9,3\x00.1\n", "binary, not text: a zero byte"),
    "latin-1": ("N,loss,né\n1,2,é\n".encode("latin-1"), "not UTF-8: byte 0xe9 in line 1"),
    "latin-1 late": (b"N,loss,x\n" + b"1,2,a\n" * 200_000 + b"1,2,\xe9\n", "byte 0xe9 in line 200002"),
    "utf-16": ("N,D,loss\n1,2,3\n".encode("utf-16"), "UTF-16"),
    "spreadsheet": (b"PK\x03\x04" + bytes(20), "ZIP archive or a spreadsheet"),
    "gzip cut": (gzip.compress(PLAIN * 50)[:40], "cannot be read to its end"),
    "gzip junk": (b"\x1f\x8bjunk", "cannot be read to its end"),
    "parquet cut": (b"PAR1abc", "cannot be read as a table"),
    "json cut": (b'{"N":', "cannot be read as a table: .*JSON"),
    "json empty": (b"[]", "no rows"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_files(tmp_path: Path, case: str) -> None:
    content, message = BROKEN[case]
    with pytest.raises(InputError, match=message) as caught:
        read_runs(write(tmp_path, content, "runs.data"))
    assert "runs.data" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith((".", "?"))


def test_random_bytes(tmp_path: Path, rng: np.random.Generator) -> None:
    for size in (10, 1000, 100_000):
        with pytest.raises(FileError):
            read_runs(write(tmp_path, rng.integers(0, 256, size, dtype=np.uint8).tobytes()))


def test_no_file_and_no_table(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"There is no file .*missing\.csv"):
        read_runs(tmp_path / "missing.csv")
    with pytest.raises(FileError, match="is a folder"):
        read_runs(tmp_path)
    with pytest.raises(FileError, match="no name that can be passed on"):
        read_runs("a\0b.csv")
    with pytest.raises(FileError, match="no name that can be passed on"):
        read_runs(tmp_path / "\udcff.csv")
    with pytest.raises(FileError, match="pipe or a device"):
        read_runs("/dev/null")
    with pytest.raises(TableError, match="cannot be read from int"):
        read_runs(5)


def test_a_word_whose_cells_are_no_numbers(tmp_path: Path) -> None:
    table = read_runs(write(tmp_path, b"N;D;loss\n1e8;2e9;3,1\n1e9;2e10;2,5\n"))
    assert np.isnan(table.column("loss")).all()
    assert dict(table.unreadable["loss"]) == {1: "3,1", 2: "2,5"}


def test_any_column_can_be_the_response(tmp_path: Path) -> None:
    path = write(tmp_path, b"N,D,acc\n1e8,2e9,low\n1e9,2e10,0.5\n2e9,2e10,bad\n")
    table = read_runs(path, response="acc")
    np.testing.assert_array_equal(table.column("acc"), [np.nan, 0.5, np.nan])
    assert dict(table.unreadable["acc"]) == {1: "low", 3: "bad"}
    with pytest.raises(ColumnError, match="no column 'accuracy'"):
        read_runs(path, response="accuracy")


def test_mapping(tmp_path: Path) -> None:
    path = write(tmp_path, b"size,D_T,loss_a,loss_b\n7,1.4,2.0,1.0\n70,1.4,1.9,0.9\n")
    table = read_runs(path, mapping={"params": "size*1B", "loss": "loss_b"})
    assert table.column("params").tolist() == [7e9, 7e10]
    assert table.column("tokens").tolist() == [1.4e12, 1.4e12]
    assert table.column("loss").tolist() == [1.0, 0.9]
    assert "column 'D_T' multiplied by 1e+12 to give tokens" in table.notes
    with pytest.raises(ColumnError, match=r"runs\.csv.*no column 'sizes'.*Did you mean 'size'"):
        read_runs(path, mapping={"params": "sizes"})
    with pytest.raises(UnitsError):
        read_runs(path, mapping={"params": "size*lots"})


FILTERED = b"""N,D,loss,recipe,ok,day,seed
1e8,2B,3.1,a,True,2024-01-01,1
1e9,20B,2.5,b,False,2024-02-01,2
2e9,-,2.0,a,True,,1
"""


@pytest.mark.parametrize(
    ("where", "rows"),
    [
        ("N > 1e8", [2, 3]),
        ("n > 1e8 -- in SQL case does not matter", [2, 3]),
        ("params > 1e8 and recipe = 'a'", [3]),
        ("D < 3e9", [1]),
        ("D is null", [3]),
        ("flops < 1e20", [1]),
        ("recipe in ('b', 'c') or loss < 2.1", [2, 3]),
        ("ok", [1, 3]),
        ("day >= '2024-01-15'", [2]),
        ("seed % 2 = 1", [1, 3]),
        ("loss <= (select median(loss) from runs)", [2, 3]),
        ("true", [1, 2, 3]),
    ],
)
def test_filters(tmp_path: Path, where: str, rows: list[int]) -> None:
    table = read_runs(write(tmp_path, FILTERED), where=where)
    assert table.source_rows.tolist() == rows
    assert table.provenance.where == where
    assert f"keeps {len(rows)} of 3 rows" in table.notes[-1]


def test_filters_see_the_files_own_values(tmp_path: Path) -> None:
    table = read_runs(write(tmp_path, b"N_B,loss\n0.07,3\n7,2\n"), where="N_B = 0.07 and params < 1e9")
    assert table.column("params").tolist() == [0.07 * 1e9]


@pytest.mark.parametrize("where", ["N >", "", "foo > 1", "1e8; DROP TABLE runs", "recipe > 'a", "\x00", "N / 'x' > 1"])
def test_wrong_filters(tmp_path: Path, where: str) -> None:
    with pytest.raises(TableError, match=r"^The filter .* is not a condition: .* Columns: N, D, loss, recipe, ok"):
        read_runs(write(tmp_path, FILTERED), where=where)


def test_a_filter_that_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="holds signs that are no text"):
        read_runs(write(tmp_path, FILTERED), where="recipe = '\udcff'")


def test_a_filter_that_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="leaves none of the 3 rows"):
        read_runs(write(tmp_path, FILTERED), where="N > 1e99")


def test_a_filter_reads_and_writes_no_other_file(tmp_path: Path) -> None:
    path = write(tmp_path, FILTERED)
    other = write(tmp_path, PLAIN, "other.csv")
    for where in (f"N > (SELECT max(N) FROM '{other}')", f"N IN (SELECT N FROM read_csv('{other}'))"):
        with pytest.raises(TableError, match="disabled by configuration"):
            read_runs(path, where=where)
    with pytest.raises(TableError, match="is not a condition"):
        read_runs(path, where=f"true); COPY runs TO '{tmp_path / 'stolen.csv'}'; SELECT (true")
    assert not (tmp_path / "stolen.csv").exists()


def test_columns_that_differ_in_case_only(tmp_path: Path) -> None:
    path = write(tmp_path, b"N,n,loss\n1e8,5,3\n2e8,6,2\n")
    table = read_runs(path)
    assert table.column("params").tolist() == [1e8, 2e8]
    assert table.column("n").tolist() == [5.0, 6.0]
    with pytest.raises(TableError, match="cannot tell the columns 'N' and 'n' apart"):
        read_runs(path, where="n > 5")


def test_many_columns(tmp_path: Path) -> None:
    names = [f"col_{place}" for place in range(300)]
    body = "\n".join(",".join(str(row * place) for place in range(300)) for row in range(3))
    table = read_runs(write(tmp_path, (",".join(names) + "\n" + body + "\n").encode()))
    assert len(table.names) == 300
    assert table.column("col_299").tolist() == [0.0, 299.0, 598.0]


@pytest.mark.parametrize("suffix", ["csv", "parquet", "jsonl"])
def test_a_million_rows_in_their_order(tmp_path: Path, suffix: str) -> None:
    rows = 1_000_000 if suffix == "csv" else 300_000
    path = tmp_path / f"runs.{suffix}"
    # A multiplicative generator gives every row its own value, known without the file.
    made = "SELECT i AS place, (i * 48271) % 2147483647 AS N, 'r' || i % 7 AS recipe, 2.0 + i / 1e7 AS loss"
    options = {"csv": "(FORMAT csv)", "parquet": "(FORMAT parquet, ROW_GROUP_SIZE 10000)", "jsonl": "(FORMAT json)"}
    duckdb.execute(f"COPY ({made} FROM range(1, {rows + 1}) AS t(i)) TO '{path}' {options[suffix]}")
    table = read_runs(path)
    place = np.arange(1, rows + 1)
    np.testing.assert_array_equal(table.column("place"), place)
    np.testing.assert_array_equal(table.column("params"), (place * 48271) % 2147483647)
    np.testing.assert_array_equal(table.labels("recipe")[1], place % 7)
    few = read_runs(path, where="place % 100000 = 5 and recipe <> 'r0'")
    np.testing.assert_array_equal(few.source_rows, few.column("place"))


def test_no_other_package_is_needed(tmp_path: Path) -> None:
    path = write(tmp_path, FILTERED)
    code = (
        "import sys; sys.modules.update(pandas=None, polars=None, pyarrow=None)\n"
        "from isoflop.runs import read_runs\n"
        f"print(read_runs({str(path)!r}, where=\"recipe = 'a'\").column('loss').tolist())"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert re.fullmatch(r"\[3\.1, 2\.0\]\n", shown.stdout)
