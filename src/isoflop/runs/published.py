"""Published run tables: their sources, licences and hashes, and the table measured with isoflop's own ladder."""

import hashlib
import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from isoflop.errors import FileError, InputError
from isoflop.runs.read import read_runs
from isoflop.runs.table import RunTable

ENVIRONMENT: Final = "ISOFLOP_DATA"
"""Environment variable that names the folder, or the address, of the published tables."""

CACHE: Final = "ISOFLOP_CACHE"
"""Environment variable that names the folder of downloads; ~/.cache/isoflop without it."""

_EMBEDDED: Final = MappingProxyType({"ladder": "ladder/data/ladder.csv"})


@dataclass(frozen=True)
class PublishedTable:
    """One table that others published.

    Attributes:
        name: its name here.
        title: what it is.
        file: name of the processed file.
        rows: rows of that file.
        sha256: hash of that file.
        source: repository of the original.
        commit: commit of the original.
        original: files of the original.
        licence: as its repository states it.
        citation: what to cite.
        counted: what its columns count.
        response: column usually explained.
        where: rows that its authors keep, as a filter.
        mapping: word → column, where the headers do not say it.
        note: what else to know.
        columns: header → what it holds, with its unit.
        originals: path in the repository → size in bytes, of the originals that can be listed.
    """

    name: str
    title: str
    file: str
    rows: int
    sha256: str
    source: str
    commit: str
    original: tuple[str, ...]
    licence: str
    citation: str
    counted: str
    response: str = "loss"
    where: str | None = None
    mapping: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    note: str = ""
    columns: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    originals: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def address(self) -> str:
        """Address below which the repository at its commit is served, file by file."""
        return f"{self.source.replace('https://github.com/', 'https://raw.githubusercontent.com/')}/{self.commit}"


@cache
def catalogue() -> Mapping[str, PublishedTable]:
    """List the published tables.

    Returns:
        Name → table, in alphabetical order.

    >>> catalogue()["chinchilla_epoch"].rows
    245
    """
    entries, more = (
        tomllib.loads(files("isoflop").joinpath("runs", file).read_text("utf-8"))
        for file in ("published.toml", "published_files.toml")
    )
    return MappingProxyType({name: _entry(name, entries[name] | more[name]) for name in sorted(entries)})


def _entry(name: str, facts: Mapping[str, Any]) -> PublishedTable:
    """One entry of the catalogue."""
    tables = {key: MappingProxyType(facts.get(key, {})) for key in ("mapping", "columns", "originals")}
    own = {**facts, **tables, "original": tuple(facts["original"])}
    return PublishedTable(name=name, **own)


def load_published(name: str, *, directory: str | Path | None = None, all_rows: bool = False) -> RunTable:
    """Read a published table, checked by its hash.

    The tables were made from originals, which the catalogue names by repository, commit and path.
    `isoflop data fetch NAME` brings a table from a mirror into isoflop's cache folder.

    Args:
        name: a name of the catalogue.
        directory: folder of the tables; the one that ISOFLOP_DATA names, or isoflop's cache, when None.
        all_rows: also the rows that the authors leave out.

    Returns:
        The table, with what it counts among its notes.

    Raises:
        InputError: the catalogue has no such name.
        FileError: no folder is named, the file is not there, or its hash is another.

    >>> catalogue()["chinchilla_epoch"].where
    'outlier = 0'
    """
    if name not in catalogue():
        raise InputError(f"There is no published table {name!r}. There are {', '.join(catalogue())}.")
    entry = catalogue()[name]
    path = _folder(entry, directory) / entry.file
    if not path.is_file():
        raise FileError(f"There is no {path}. {_where_from(entry)}")
    where = None if all_rows else entry.where
    table = read_runs(path, where=where, mapping=entry.mapping, response=entry.response)
    if table.provenance.sha256 != entry.sha256:
        raise FileError(
            f"{path} is not the catalogued table {name!r}: its SHA-256 is {table.provenance.sha256}, "
            f"not {entry.sha256}. {_where_from(entry)} Or read it as your own: read_runs({str(path)!r})."
        )
    said = (f"counted: {entry.counted}", f"source: {entry.citation}; licence: {entry.licence}")
    return table.with_notes(*said, *((entry.note,) if entry.note and where else ()))


def _folder(entry: PublishedTable, directory: str | Path | None) -> Path:
    """The folder of the tables: what is given, ISOFLOP_DATA, or the cache where it holds the table."""
    named = directory if directory is not None else mirror_of()
    online = str(named).startswith(("http://", "https://"))
    if (named is None or online) and (cache_folder() / entry.file).is_file():
        return cache_folder()
    if online:
        raise FileError(f"{ENVIRONMENT} names an address. Fetch the table first: isoflop data fetch {entry.name}.")
    if named is None:
        raise FileError(
            f"The published table {entry.name!r} is not part of isoflop. {_where_from(entry)} "
            f"Then name its folder: {ENVIRONMENT}=FOLDER or directory=FOLDER."
        )
    return Path(named)


def mirror_of() -> str | None:
    """The folder or address of the published tables that ISOFLOP_DATA names, if any."""
    return os.environ.get(ENVIRONMENT) or None


def where_is(entry: PublishedTable) -> Path | None:
    """The file of a table in the folder that ISOFLOP_DATA names or in the cache; None where it is in neither."""
    folders = (*(Path(named) for named in (mirror_of(),) if named), cache_folder())
    return next((folder / entry.file for folder in folders if (folder / entry.file).is_file()), None)


def cache_folder() -> Path:
    """The folder of downloads: ISOFLOP_CACHE, or the user's cache."""
    named = os.environ.get(CACHE)
    return Path(named) if named else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "isoflop"


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _where_from(entry: PublishedTable) -> str:
    """How to get a table."""
    return (
        f"It was made from {', '.join(entry.original)} of {entry.source} at commit {entry.commit[:12]} "
        f"and is kept as {entry.file} ({entry.rows} rows)."
    )


def embedded_path(name: str = "ladder") -> Path:
    """Name the file of a table that comes with isoflop.

    Args:
        name: `ladder`, the runs measured with isoflop's own ladder.

    Returns:
        Path of the CSV file.

    Raises:
        InputError: there is no such table.
        FileError: the installation lacks the file.
    """
    if name not in _EMBEDDED:
        raise InputError(f"There is no embedded table {name!r}. There is {', '.join(_EMBEDDED)}.")
    path = Path(str(files("isoflop").joinpath(*_EMBEDDED[name].split("/"))))
    if not path.is_file():
        raise FileError(f"This installation of isoflop lacks {_EMBEDDED[name]}. Install it again.")
    return path


def embedded(name: str = "ladder") -> RunTable:
    """Read a table that comes with isoflop.

    Args:
        name: `ladder`, the runs measured with isoflop's own ladder.

    Returns:
        The table.

    Raises:
        InputError: there is no such table.
        FileError: the installation lacks the file.

    >>> len(embedded("ladder"))
    63
    """
    path = embedded_path(name)
    table = read_runs(path)
    about = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    said = [f"{word}: {about['counted'][word]}" for word in ("params", "tokens", "flops", "loss")]
    limits = [f"{where}: {what}" for where, what in about["limits"].items()]
    # The table's own provenance says what a reader of the bare file could only guess.
    guesses = ("the table does not say", "taken as nats", "flops as given")
    kept = [note for note in table.notes if not any(guess in note for guess in guesses)]
    return replace(table, notes=(*kept, *said, *limits))
