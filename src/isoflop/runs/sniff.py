"""What a file is, before anything reads it: hash, encoding, format, delimiter, header."""

import codecs
import csv
import gzip
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from isoflop.errors import FileError
from isoflop.runs.cells import quantity

_CHUNK: Final = 1 << 20
_DELIMITERS: Final = (",", "\t", ";", "|")
_JSON: Final = (".json", ".jsonl", ".ndjson")
FORMATS: Final = "CSV, TSV, Parquet, JSON or JSON lines (text in UTF-8, plain or gzipped)"


@dataclass(frozen=True)
class Sniffed:
    """What a file is.

    Attributes:
        path: the file.
        kind: its format.
        sha256: hash of its bytes.
        gzipped: whether it is compressed with gzip.
        headers: column names, for delimited text.
        delimiter: what stands between cells, for delimited text.
        skip: lines before the header, for delimited text.
    """

    path: Path
    kind: Literal["text", "json", "parquet"]
    sha256: str
    gzipped: bool = False
    headers: tuple[str, ...] = ()
    delimiter: str = ","
    skip: int = 0


def sniff(path: Path) -> Sniffed:
    """Find out what a file is.

    Args:
        path: the file.

    Returns:
        Its format, hash and header.

    Raises:
        FileError: missing, a folder, empty, binary, not UTF-8, without header or rows.
    """
    start, digest = _start(path)
    if not start:
        raise FileError(f"{path} is empty. Give a table with a header and one row per run: {FORMATS}.")
    if start == b"PAR1":
        return Sniffed(path, "parquet", digest)
    if start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        raise FileError(f"{path} is text in UTF-16. Save it as UTF-8.")
    if start == b"PK\x03\x04":
        raise FileError(f"{path} is a ZIP archive or a spreadsheet. Export the table as {FORMATS}.")
    gzipped = start[:2] == b"\x1f\x8b"
    head = _text_head(path, gzipped=gzipped)
    if not head.strip():
        raise FileError(f"{path} holds only blank lines. Give a header and one row per run.")
    suffixes = path.suffixes[:-1] if gzipped and path.suffix == ".gz" else path.suffixes
    suffix = suffixes[-1].lower() if suffixes else ""
    if suffix in _JSON or (suffix not in (".csv", ".tsv") and head.lstrip()[0] in "{["):
        return Sniffed(path, "json", digest, gzipped)
    skip = _lines_before_header(head)
    body = "".join(head.splitlines(keepends=True)[skip:])
    delimiter = _delimiter(body, prefer_tab=suffix == ".tsv")
    return Sniffed(path, "text", digest, gzipped, _headers(path, body, delimiter), delimiter, skip)


def _start(path: Path) -> tuple[bytes, str]:
    """First bytes and SHA-256 of a file that can be read twice."""
    try:
        str(path).encode()
        if path.is_dir():
            raise FileError(f"{path} is a folder. Name one file: {FORMATS}.")
        if path.exists() and not path.is_file():
            raise FileError(f"{path} is a pipe or a device, which can be read once only. Save it to a file first.")
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            stream.seek(0)
            return stream.read(4), digest
    except FileNotFoundError:
        raise FileError(f"There is no file {path}. Check the name and the folder.") from None
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror or error}. Check its permissions.") from None
    except ValueError:
        raise FileError(f"{str(path)!r} is no name that can be passed on. Rename the file in plain text.") from None


def _pieces(path: Path, *, gzipped: bool) -> Iterator[bytes]:
    """The bytes of the file's text."""
    with gzip.open(path) if gzipped else path.open("rb") as stream:
        while piece := stream.read(_CHUNK):
            yield piece


def _text_head(path: Path, *, gzipped: bool) -> str:
    """Check that the whole file is text; return its first megabyte."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    head, line = "", 1
    try:
        for piece in _pieces(path, gzipped=gzipped):
            if b"\0" in piece:
                raise FileError(f"{path} is binary, not text: a zero byte near line {line}. Give {FORMATS}.")
            text = decoder.decode(piece)
            head = head or text
            line += piece.count(b"\n")
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        line += error.object[: error.start].count(b"\n")
        byte = error.object[error.start]
        raise FileError(f"{path} is not UTF-8: byte 0x{byte:02x} in line {line}. Save it as UTF-8.") from None
    except (OSError, EOFError) as error:
        raise FileError(f"{path} cannot be read to its end: {error}. Write it again.") from None
    return head.removeprefix("\ufeff")


def _lines_before_header(head: str) -> int:
    """Blank and `#` lines at the start."""
    for number, line in enumerate(head.splitlines()):
        if line.strip() and not line.lstrip().startswith("#"):
            return number
    return 0


def _delimiter(body: str, *, prefer_tab: bool) -> str:
    """The delimiter that splits the header and the next lines alike; a comma when none does."""
    order = ("\t", *(d for d in _DELIMITERS if d != "\t")) if prefer_tab else _DELIMITERS
    counts = {d: [len(row) for row in _records(body, d, 6)] for d in order}
    split = [d for d in order if counts[d] and counts[d][0] > 1]
    even = [d for d in split if len(set(counts[d])) == 1]
    return next(iter(even), None) or max(split, key=lambda d: counts[d][0], default=",")


def _records(body: str, delimiter: str, limit: int) -> list[list[str]]:
    """The first records that are not blank; broken quoting ends them."""
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(body, newline=""), delimiter=delimiter):
            if row:
                rows.append(row)
            if len(rows) == limit:
                break
    except csv.Error:
        return rows
    return rows


def _headers(path: Path, body: str, delimiter: str) -> tuple[str, ...]:
    """Names of the columns, distinct and never blank."""
    rows = _records(body, delimiter, 2)
    if not rows:
        raise FileError(f"{path}: the header cannot be read. Check its quotes and length.")
    names = [cell.strip() for cell in rows[0]]
    if all(quantity(name) is not None for name in names):
        raise FileError(
            f"{path}: the first line holds numbers, not names: {names[0]!r} … Add a header such as N,D,loss."
        )
    if len(rows) == 1:
        raise FileError(f"{path} holds a header ({', '.join(names)[:200]}) and no rows. Give one row per run.")
    if len(names) == 1 and len(names[0].split()) > 1 and len(rows[1][0].split()) == len(names[0].split()):
        raise FileError(
            f"{path} has one column, named {names[0]!r}: its cells seem to be split by blanks. "
            f"Put a comma, tab, semicolon or | between cells."
        )
    named = tuple(name or f"column_{place}" for place, name in enumerate(names, start=1))
    double = next((name for name in named if named.count(name) > 1), None)
    if double is not None:
        places = ", ".join(str(i) for i, name in enumerate(named, start=1) if name == double)
        raise FileError(f"{path} has the header {double!r} more than once: columns {places}. Rename all but one.")
    return named
