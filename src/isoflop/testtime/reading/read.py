"""Files and columns become samples and counts here, streamed through DuckDB: the second door for data."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar, Unpack

import numpy as np

from isoflop.errors import TableError
from isoflop.runs.finding import Finding
from isoflop.runs.read import frame_columns
from isoflop.runs.sniff import sniff
from isoflop.runs.sql import NULLS, file_error, pattern, quoted
from isoflop.testtime.counts import Counts
from isoflop.testtime.reading.check import SampleReport, check_samples, counts_of, refuse
from isoflop.testtime.reading.formats import unpack
from isoflop.testtime.reading.query import PLACE, Column
from isoflop.testtime.reading.source import Choices, Source, lay_out
from isoflop.testtime.reading.sums import narrowed, samples_of, totals_of
from isoflop.testtime.reading.totals import Missing, Totals, batches
from isoflop.testtime.reading.unpacked import Unpacked
from isoflop.testtime.samples import Samples

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MEMORY: Final = "1GB"
"""What DuckDB may hold before it writes to disk; the rest of two gigabytes is for counts."""


def read_counts(source: object, **choices: Unpack[Choices]) -> Counts:
    """Read how many samples of every problem there are and how many are correct.

    The samples stream: 1e8 rows of a Parquet file need less than 2 GB.

    Args:
        source: path of a CSV, TSV, Parquet, JSON or JSON-lines file with one row per sample or per problem, of
            results of EvalPlus or HumanEval, of a log of lm-evaluation-harness or Inspect; a frame (pandas, polars,
            pyarrow …); or header → values.
        choices: see `Choices`.

    Returns:
        The counts, problems in natural order.

    Raises:
        FileError: the file cannot be read.
        ColumnError: a column is not there.
        TableError: a check found an error, or the source has several parts.

    >>> columns = {"task_id": ["p1", "p1", "p2", "p2"], "passed": [True, False, True, True]}
    >>> read_counts(columns).c
    array([1, 2])
    """
    return _only(list(read_counts_by(source, **choices).items()))


def read_counts_by(source: object, **choices: Unpack[Choices]) -> dict[str, Counts]:
    """Read the counts of every part of a source.

    Args:
        source: as in `read_counts`.
        choices: see `Choices`; `by` names the columns that tell the parts apart.

    Returns:
        Name of a part → its counts, in natural order.

    Raises:
        FileError: the file cannot be read.
        ColumnError: a column is not there.
        TableError: a check found an error.

    >>> columns = {"model": ["a", "b"], "problem": ["p1", "p1"], "n": [10, 10], "c": [3, 7]}
    >>> {name: counts.c.tolist() for name, counts in read_counts_by(columns, by=["model"]).items()}
    {'a': [3], 'b': [7]}
    """
    with _opened(source, choices) as opened:
        if not opened.layout.counted and opened.layout.correct() is None:
            raise opened.without_score()
        missing: Missing = choices.get("missing", "out")
        return {t.part: counts_of(t, opened.provenance, opened.notes, missing=missing) for t in totals_of(opened)}


def check_source(source: object, *, k: int | None = None, **choices: Unpack[Choices]) -> tuple[SampleReport, ...]:
    """Say in one pass what is wrong or doubtful in a source, without refusing it.

    Args:
        source: as in `read_counts`.
        k: how many samples of a problem are to be drawn, if that is known.
        choices: see `Choices`.

    Returns:
        One report per part.

    Raises:
        FileError: the file cannot be read.
        ColumnError: a column is not there.

    >>> print(check_source({"problem": ["a", "a"], "correct": [1, 2]})[0].errors[0])
    error: correctness is neither 0 nor 1 in 1 samples, such as 2, of problem a. Name the score ...
    """
    missing: Missing = choices.get("missing", "out")
    with _opened(source, choices) as opened:
        return tuple(check_samples(totals, k=k, missing=missing) for totals in totals_of(opened))


def read_samples(source: object, **choices: Unpack[Choices]) -> Samples:
    """Read the samples themselves, with answers, scores and costs; they must fit into memory.

    Args:
        source: as in `read_counts`, with one row per sample.
        choices: see `Choices`; the source must be one part, selected by `where`.

    Returns:
        The samples, sorted by problem, and by attempt where the source numbers them.

    Raises:
        FileError: the file cannot be read.
        ColumnError: a column is not there.
        TableError: a check found an error, the source holds counts, or has several parts.

    >>> table = read_samples({"id": ["q1", "q1"], "answer": ["7", "8"], "reward": [0.2, 0.9]})
    >>> table.problems, table.column("score").tolist(), table.answer.levels
    (('q1',), [0.2, 0.9], ('7', '8'))
    """
    with _opened(source, choices) as opened:
        totals, findings = _checked(opened, choices)
        return samples_of(opened, totals, findings, choices.get("missing", "out"))


def stream_samples(source: object, *, at_once: int = 2_000_000, **choices: Unpack[Choices]) -> Iterator[Samples]:
    """Read the samples of some problems after the other, for files that do not fit into memory.

    The file is read once to count, and once more for every batch.

    Args:
        source: as in `read_samples`.
        at_once: samples of a batch, at least those of one problem.
        choices: see `Choices`.

    Yields:
        All samples of a few problems, problems in natural order.

    Raises:
        FileError: the file cannot be read.
        ColumnError: a column is not there.
        TableError: a check found an error, the source holds counts, or has several parts.

    >>> columns = {"problem": ["b", "a", "b", "c"], "correct": [1, 0, 0, 1]}
    >>> [(batch.problems, len(batch)) for batch in stream_samples(columns, at_once=2)]
    [(('a',), 1), (('b',), 2), (('c',), 1)]
    """
    with _opened(source, choices) as opened:
        totals, findings = _checked(opened, choices)
        missing: Missing = choices.get("missing", "out")
        for batch in batches(totals.rows, at_once):
            yield samples_of(narrowed(opened, totals.take(batch)), totals.take(batch), findings, missing)


Part = TypeVar("Part")


def _checked(opened: Source, choices: Choices) -> tuple[Totals, tuple[Finding, ...]]:
    """Sums of a source that is one part with one row per sample, and what the checks found."""
    if opened.layout.counted:
        raise TableError(
            "The source holds counts of samples (n, c), not the samples. Read the counts, or give another file."
        )
    totals = _only([(totals.part, totals) for totals in totals_of(opened)])
    report = check_samples(totals, missing=choices.get("missing", "out"))
    refuse(report, opened.provenance)
    return totals, report.with_notes(opened.notes)


def _only(parts: list[tuple[str, Part]]) -> Part:
    """The one part that a source has."""
    if len(parts) > 1:
        listed = ", ".join(name for name, _ in parts[:6])
        more = f", … ({len(parts)} of them)" if len(parts) > 6 else ""
        raise TableError(f"The source has several parts: {listed}{more}. Select one by a condition (where).")
    return parts[0][1]


# ---- opening ----


@contextmanager
def _opened(source: object, choices: Choices) -> Iterator[Source]:
    """Open a source, with nothing fetched from elsewhere and no other file in reach of the user's condition."""
    import duckdb

    path = Path(source) if isinstance(source, str | PathLike) else None
    where = choices.get("where")
    with tempfile.TemporaryDirectory(prefix="isoflop-") as spill, duckdb.connect(":memory:") as connection:
        try:
            connection.execute("SET autoinstall_known_extensions = false")
            connection.execute(f"SET memory_limit = '{MEMORY}'")
            connection.execute("SET temp_directory = $spill", {"spill": spill})
            log = _load(connection, path, source, choices)
            connection.execute("SET enable_external_access = false")
            connection.execute("SET lock_configuration = true")
            if where is not None and len(connection.extract_statements(f"SELECT 1 WHERE (\n{where}\n)")) != 1:
                raise TableError(f"The filter {where!r} is more than one condition. Write one.")
            described = connection.execute("DESCRIBE raw").fetchall()
            columns = [Column(str(row[0]), str(row[1])) for row in described if row[0] != PLACE]
            yield lay_out(lambda sql: connection.execute(sql).fetchnumpy(), columns, path, log, choices)
        except (duckdb.ParserException, duckdb.BinderException) as error:
            if where is None:
                raise
            first = " ".join(str(error).strip().splitlines()[0].split())
            raise TableError(f"The filter {where!r} is no condition on these columns: {first[:300]}") from None
        except duckdb.Error as error:
            raise file_error(path or Path("The samples"), str(error)) from None


def _load(connection: "DuckDBPyConnection", path: Path | None, source: object, choices: Choices) -> Unpacked | None:
    """Make `raw`: a view of a file, or the columns of a log or of a mapping."""
    if path is None:
        _register(connection, source)
        return None
    log = unpack(path, (choices.get("mapping") or {}).get("correct")) if path.is_file() else None
    if log is not None:
        _register(connection, log.columns)
    else:
        _view(connection, path)
    return log


def _view(connection: "DuckDBPyConnection", path: Path) -> None:
    """A file as a view, so that its rows stream."""
    found = sniff(path)
    # A view takes no parameters; names are quoted as SQL wants it.
    name = "'" + pattern(path).replace("'", "''") + "'"
    connection.execute("SET allowed_paths = $paths", {"paths": [str(path), pattern(path)]})
    compression = "gzip" if found.gzipped else "none"
    place = f"row_number() OVER () AS {quoted(PLACE)}"
    if found.kind == "parquet":
        # The file's own numbers let a condition skip what it does not need; a window would read it all.
        number = "file_row_number"
        taken = {row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM read_parquet({name})").fetchall()}
        own = f"* EXCLUDE {number}, {number} + 1 AS {quoted(PLACE)}"
        numbered = f"SELECT {own} FROM read_parquet({name}, {number} = true)"
        what = f"SELECT *, {place} FROM read_parquet({name})" if number in taken else numbered
    elif found.kind == "json":
        what = f"SELECT *, {place} FROM read_json({name}, compression = '{compression}', sample_size = -1)"
    else:
        columns = ", ".join(f"'c{place}': 'VARCHAR'" for place in range(len(found.headers)))
        renamed = ", ".join(f"c{place} AS {quoted(header)}" for place, header in enumerate(found.headers))
        delimiter = found.delimiter.replace("'", "''")
        what = (
            f"SELECT {renamed}, {place} FROM read_csv({name}, auto_detect = false, header = true, skip = {found.skip}, "
            f"delim = '{delimiter}', quote = '\"', escape = '\"', compression = '{compression}', "
            f"nullstr = [{NULLS}], columns = {{{columns}}})"
        )
    connection.execute(f"CREATE VIEW raw AS {what}")


def _register(connection: "DuckDBPyConnection", source: object) -> None:
    """Columns in memory as a table."""
    given = source if isinstance(source, Mapping) else frame_columns(source, "A table of samples")
    if not given:
        raise TableError("The table of samples has no columns. Give at least problem and correct, or problem, n and c.")
    columns = {str(name): _column(values) for name, values in given.items()}
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1 or not all(lengths.values()):
        listed = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise TableError(
            f"Lengths of the columns: {listed}. Give one value per row in every column, and a row at least."
        )
    connection.register("raw", {**columns, PLACE: np.arange(1, len(next(iter(columns.values()))) + 1)})


def _column(values: Any) -> np.ndarray[Any, Any]:  # noqa: ANN401 - whatever a column is made of
    """Values as an array of numbers, or of texts and None."""
    cells = values.tolist() if isinstance(values, np.ndarray) and values.dtype.kind not in "iufb" else values
    if isinstance(cells, np.ndarray):
        return cells
    # Frames of objects write a missing cell as a float that is no number.
    listed = [None if isinstance(cell, float) and cell != cell else cell for cell in cells]
    if all(cell is None or isinstance(cell, int | float | np.number) for cell in listed):
        if not any(cell is None or isinstance(cell, float) for cell in listed):
            return np.array(listed)
        return np.array([np.nan if cell is None else float(cell) for cell in listed])
    return np.array([None if cell is None else str(cell) for cell in listed], dtype=object)
