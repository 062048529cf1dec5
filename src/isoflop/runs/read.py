"""Files and frames become run tables here; the only importer of DuckDB and narwhals."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import ColumnError, TableError
from isoflop.runs.assemble import Assembled, assemble
from isoflop.runs.cells import IntArray, Labels, Quantities, Raw, clean, raw_of, read_quantities
from isoflop.runs.columns import resolve
from isoflop.runs.sniff import Sniffed, sniff
from isoflop.runs.sql import NULLS, Field, field_of, file_error, pattern, quoted, suffixed
from isoflop.runs.table import Provenance, RunTable, count_rows, from_parts

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def read_runs(
    source: object,
    *,
    where: str | None = None,
    mapping: Mapping[str, str] | None = None,
    response: str = "loss",
) -> RunTable:
    """Read a table of runs from a file, a frame or columns in memory.

    Args:
        source: path of a CSV, TSV, Parquet, JSON or JSON-lines file; any frame that narwhals accepts
            (pandas, polars, pyarrow, Modin …); or a mapping header → values.
        where: SQL condition on the source's columns or on words of the vocabulary, such as `"N > 1e8"`.
        mapping: word → header where the headers' own meaning does not do, such as
            `{"loss": "loss_c4_val"}`; `"size*1e9"` applies a factor.
        response: column to be explained; its cells must be numbers.

    Returns:
        The table; flops, tokens and steps completed where they follow from other columns.

    Raises:
        FileError: the file cannot be read as a table.
        TableError: no columns or rows, or the filter is wrong or leaves none.
        ColumnError: mapping or response name a column that is not there.

    >>> runs = read_runs({"N": ["100M", "1B"], "D": ["2B", "20B"], "loss": [3.1, 2.5]}, where="N > 5e8")
    >>> runs.column("params"), runs.source_rows
    (array([1.e+09]), array([2]))
    """
    wanted = dict(mapping or {})
    if isinstance(source, str | PathLike):
        parts, provenance = _read_file(Path(source), wanted, response)
    else:
        raws = _from_memory(source)
        count_rows(raws)
        parts, provenance = assemble(raws, wanted, response), None
    table = from_parts(parts, provenance)
    if response != "loss" and response not in table.names and resolve(response) not in table.names:
        raise ColumnError.from_missing(response, table.names)
    return table if where is None else _filter(table, parts, where)


# ---- files ----


def _read_file(path: Path, mapping: Mapping[str, str], response: str) -> tuple[Assembled, Provenance]:
    """Read a file through DuckDB, in memory, with nothing fetched from elsewhere."""
    import duckdb

    found = sniff(path)
    with duckdb.connect(":memory:") as connection:
        try:
            connection.execute("SET autoinstall_known_extensions = false")
            fields = _load(connection, found)
            raws = _raw_columns(connection, fields)
            count_rows(raws)
            parts = assemble(raws, mapping, response)
        except duckdb.Error as error:
            raise file_error(path, str(error)) from None
        except TableError as error:
            raise type(error)(f"{path}: {error}") from None
    return parts, Provenance(str(path), found.sha256)


def _load(connection: "DuckDBPyConnection", found: Sniffed) -> list[Field]:
    """Load the file into the table `raw`; describe its columns."""
    path = pattern(found.path)
    compression = "gzip" if found.gzipped else "none"
    if found.kind == "parquet":
        connection.execute("CREATE TABLE raw AS SELECT * FROM read_parquet($path)", {"path": path})
    elif found.kind == "json":
        connection.execute(
            "CREATE TABLE raw AS SELECT * FROM read_json($path, compression = $compression, sample_size = -1)",
            {"path": path, "compression": compression},
        )
    else:
        columns = ", ".join(f"'c{place}': 'VARCHAR'" for place in range(len(found.headers)))
        connection.execute(
            "CREATE TABLE raw AS SELECT * FROM read_csv($path, auto_detect = false, header = true, skip = $skip, "
            "delim = $delimiter, quote = '\"', escape = '\"', compression = $compression, "
            f"nullstr = [{NULLS}], columns = {{{columns}}})",
            {"path": path, "skip": found.skip, "delimiter": found.delimiter, "compression": compression},
        )
    described = connection.execute("DESCRIBE raw").fetchall()
    headers = found.headers or tuple(row[0] for row in described)
    return [field_of(header, row[0], row[1]) for header, row in zip(headers, described, strict=True)]


def _raw_columns(connection: "DuckDBPyConnection", fields: Sequence[Field]) -> dict[str, Raw]:
    """Every column as numbers, with a way to its other cells."""
    # One query per column: DuckDB's planner takes minutes over a hundred such expressions at once.
    return {field.header: _raw_column(connection, field) for field in fields}


def _in_order(connection: "DuckDBPyConnection", expression: str) -> np.ma.MaskedArray[Any, Any]:
    """One value per row of the file, in its order; the threads return their parts in any order."""
    found = connection.execute(f"SELECT rowid AS place, {expression} AS value FROM raw").fetchnumpy()
    values = np.ma.asarray(found["value"])
    ordered = np.ma.empty_like(values)
    ordered[found["place"]] = values
    return ordered


def _raw_column(connection: "DuckDBPyConnection", field: Field) -> Raw:
    """One column; the queries for text run only when they are needed."""
    text = field.text
    numbers = _in_order(connection, field.number)
    count = (connection.execute(f"SELECT count({text}) FROM raw").fetchone() or (0,))[0]

    def quantities() -> Quantities:
        found = _in_order(connection, suffixed(text))
        index = np.flatnonzero(np.ma.getmaskarray(numbers) & ~np.ma.getmaskarray(found))
        rest: dict[int, str] = {}
        if len(index) < other:
            neither = f"{field.number} IS NULL AND {text} IS NOT NULL AND ({suffixed(text)}) IS NULL"
            rest = dict(connection.execute(f"SELECT rowid, {text} FROM raw WHERE {neither}").fetchall())
        others = read_quantities(rest)
        values = np.concatenate([found.data[index], others.values])
        return Quantities(np.concatenate([index, others.index]), values, others.unreadable)

    def labels() -> Labels:
        distinct = f"SELECT DISTINCT {text} AS label FROM raw WHERE {text} IS NOT NULL ORDER BY 1"
        levels = connection.execute(distinct).fetchnumpy()["label"]
        rank = f"dense_rank() OVER (ORDER BY {text} NULLS LAST) - 1"
        codes = _in_order(connection, f"CASE WHEN {text} IS NULL THEN -1 ELSE {rank} END")
        return clean(np.ma.getdata(levels).tolist(), np.asarray(codes, dtype=np.int64))

    other = int(count) - int(numbers.count())
    return Raw(np.array(numbers.filled(np.nan), dtype=np.float64), other, quantities, labels)


# ---- memory ----


def _from_memory(source: object) -> dict[str, Raw]:
    """Columns of a mapping or a frame."""
    if isinstance(source, Mapping):
        return _named(list(source), list(source.values()))
    found = frame_columns(source, "A table of runs")
    return _named(list(found), list(found.values()))


def frame_columns(source: object, what: str) -> dict[str, Sequence[object] | NDArray[np.generic]]:
    """Give the columns of a frame.

    Args:
        source: any frame that narwhals accepts (pandas, polars, pyarrow, Modin …), also a lazy one.
        what: what is read, for the error.

    Returns:
        Header → cells: numbers as floats with NaN where missing, anything else with None.

    Raises:
        TableError: it is no frame, or its columns cannot be told apart.

    >>> import polars
    >>> frame_columns(polars.DataFrame({"n": [1, None]}), "A table")["n"].tolist()
    [1.0, nan]
    """
    import narwhals as nw

    try:
        frame: Any = nw.from_native(source)
    except TypeError:
        raise TableError(
            f"{what} cannot be read from {type(source).__name__}. "
            f"Give a path, a frame (pandas, polars, pyarrow …) or a dict of columns."
        ) from None
    except nw.exceptions.NarwhalsError as error:
        first = str(error).strip().splitlines()[0]
        raise TableError(f"The frame cannot be read: {first} Give distinct column names.") from None
    eager = frame.collect() if isinstance(frame, nw.LazyFrame) else frame
    return {str(name): _values(series) for name, series in zip(eager.columns, eager.iter_columns(), strict=True)}


def _named(names: Sequence[object], columns: Sequence[Any]) -> dict[str, Raw]:
    """Columns as they came, under names that are text."""
    if not names:
        raise TableError("The table has no columns. Give at least params, tokens or flops, and loss.")
    texts = [str(name) for name in names]
    double = next((text for text in texts if texts.count(text) > 1), None)
    if double is not None:
        raise TableError(f"Two columns of the table are named {double!r}. Rename one.")
    return {text: raw_of(column, text) for text, column in zip(texts, columns, strict=True)}


def _values(series: Any) -> Sequence[object] | NDArray[np.generic]:  # noqa: ANN401 - any library's series
    """Cells of a frame's column."""
    import narwhals as nw

    if series.dtype.is_numeric():
        numbers: NDArray[np.float64] = series.cast(nw.Float64).to_numpy()
        return numbers
    cells: list[object] = series.to_list()
    return cells


# ---- filter ----


def _filter(table: RunTable, parts: Assembled, where: str) -> RunTable:
    """Keep the rows that satisfy the user's SQL; it sees the columns and nothing else."""
    import duckdb

    if not where.isascii() and where.encode("utf-8", "replace").decode() != where:
        raise TableError(f"The filter {where!r} holds signs that are no text. Type it again.")
    columns = _filter_columns(table, parts, where)
    with duckdb.connect(":memory:") as connection:
        try:
            index = _matching_rows(connection, columns, len(table), where)
        except duckdb.Error as error:
            first = " ".join(str(error).strip().splitlines()[0].split())
            names = ", ".join(dict.fromkeys((*parts.filed, *table.names)))
            raise TableError(f"The filter {where!r} is not a condition: {first[:300]} Columns: {names}.") from None
    if not index.size:
        raise TableError(f"The filter {where!r} leaves none of the {len(table)} rows. Loosen it.")
    kept = table.take(index)
    note = f"filter {where!r} keeps {len(kept)} of {len(table)} rows"
    return replace(kept, provenance=replace(table.provenance, where=where), notes=(*table.notes, note))


def _filter_columns(table: RunTable, parts: Assembled, where: str) -> dict[str, NDArray[Any]]:
    """Columns that the filter may mean, under the source's names first, then under the table's."""
    text = where.casefold()
    columns: dict[str, NDArray[Any]] = {}
    seen: dict[str, str] = {}
    for name in dict.fromkeys((*parts.filed, *table.names)):
        folded = name.casefold()
        if folded not in text:
            continue
        if folded in seen and name in parts.filed:
            raise TableError(
                f"The filter {where!r} cannot tell the columns {seen[folded]!r} and {name!r} apart: "
                f"SQL does not mind case. Rename one of them."
            )
        if folded not in seen:
            seen[folded] = name
            columns[name] = _filter_values(table, parts, name)
    return columns


def _filter_values(table: RunTable, parts: Assembled, name: str) -> NDArray[Any]:
    """Values of one column for SQL: numbers, truth values or text."""
    column = parts.filed.get(name) or table.categories.get(name)
    if column is None:
        return table.numbers[name]
    if not isinstance(column, Labels):
        return column.values
    levels = np.array([*column.levels, None], dtype=object)
    return np.asarray(levels[column.codes], dtype=object)


def _matching_rows(
    connection: "DuckDBPyConnection", columns: Mapping[str, NDArray[Any]], rows: int, where: str
) -> IntArray:
    """Places of the rows for which the condition holds, ascending."""
    place = "isoflop place"
    connection.register("arrays", {place: np.arange(rows), **{f"c{i}": x for i, x in enumerate(columns.values())}})
    named = ", ".join(
        f"CASE WHEN isnan(c{i}) THEN NULL ELSE c{i} END AS {quoted(name)}" if x.dtype.kind == "f"
        else f"c{i} AS {quoted(name)}"
        for i, (name, x) in enumerate(columns.items())
    )  # fmt: skip
    connection.execute(f'CREATE TABLE runs AS SELECT "{place}"{", " + named if named else ""} FROM arrays')
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    found = connection.execute(f'SELECT "{place}" AS place FROM runs WHERE (\n{where}\n) ORDER BY 1').fetchnumpy()
    return np.asarray(found["place"], dtype=np.int64)
