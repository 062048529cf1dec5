"""SQL for the cells of a file, and DuckDB's complaints in plain words; text only, nothing is run here."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from isoflop.errors import FileError
from isoflop.runs.cells import MISSING
from isoflop.runs.sniff import FORMATS
from isoflop.units import parse_quantity

_NUMERIC: Final = re.compile(r"(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL.*)")
NULLS: Final = ", ".join(
    f"'{text}'"
    for word in MISSING
    for text in dict.fromkeys((word, word.upper(), word.title(), "NaN" if word == "nan" else word))
)


@dataclass(frozen=True)
class Field:
    """One column of the loaded file: header, and SQL for its value as text and as number."""

    header: str
    text: str
    number: str


def pattern(path: Path) -> str:
    """The path with the signs that DuckDB would take as a pattern made plain."""
    return re.sub(r"([*?\[])", r"[\1]", str(path))


def field_of(header: str, name: str, kind: str) -> Field:
    """SQL for one column by its type."""
    text = quoted(name)
    if _NUMERIC.fullmatch(kind):
        return Field(header, f"CAST({text} AS VARCHAR)", f"CAST({text} AS DOUBLE)")
    if kind == "JSON":
        text = f"({text} ->> '$')"
    elif kind != "VARCHAR":
        text = f"CAST({text} AS VARCHAR)"
    return Field(header, text, f"CASE WHEN {_like_number(text)} THEN TRY_CAST({text} AS DOUBLE) END")


def _like_number(text: str) -> str:
    """SQL condition on the first sign: a cast that fails is ten times dearer than one that succeeds."""
    return f"(ascii({text}) BETWEEN 43 AND 57 OR ascii({text}) IN (9, 32, 73, 78, 105, 110))"


def suffixed(text: str) -> str:
    """SQL for a number with a suffix, as `parse_quantity` reads it; NULL for anything else."""
    factors = " ".join(f"WHEN '{suffix}' THEN {parse_quantity('1' + suffix)!r}" for suffix in "KMBGTPEZY")
    number = f"TRY_CAST(left({text}, length({text}) - 1) AS DOUBLE)"
    value = f"{number} * CASE upper(right({text}, 1)) {factors} END"
    return f"CASE WHEN regexp_matches({text}, '^[0-9.]+[A-Za-z]$') THEN {value} END"


def file_error(path: Path, message: str) -> FileError:
    """DuckDB's message in one line, with the line of the file where it says one."""
    line = re.search(r"Line:\s*(\d+)", message)
    columns = re.search(r"Expected Number of Columns:\s*(\d+)\s*Found:\s*(\d+)", message)
    if line and columns:
        return FileError(
            f"{path}, line {line.group(1)}: {columns.group(2)} cells where the header has {columns.group(1)}. "
            f"Give every row one cell per column, and quote cells that hold the delimiter."
        )
    where = f", line {line.group(1)}" if line else ""
    if "unterminated quote" in message:
        return FileError(f"{path}{where}: a quote is opened and never closed. Close it, or write two for one.")
    if "invalid state" in message:
        return FileError(
            f"{path}: line ends or quotes are irregular (two kinds of line end, or a quote inside a cell). "
            f"Save the file again as CSV with one kind of line end."
        )
    first = " ".join(message.strip().splitlines()[0].split())
    return FileError(f"{path}{where} cannot be read as a table: {first[:300]} Give {FORMATS}.")


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
