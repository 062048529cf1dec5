"""Where a table came from, and which rows of it take no part."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True)
class Excluded:
    """A row that takes no part, and why.

    Attributes:
        row: number of the row in its source, from 1, header not counted.
        reason: why it was left out.
    """

    row: int
    reason: str


@dataclass(frozen=True)
class Provenance:
    """Where a table came from.

    Attributes:
        file: path as given, None for a table from memory.
        sha256: hash of the file's bytes, or of the columns for a table from memory.
        where: the filter, if any.
        mapping: name in the table → header in the file, where they differ.
        rows_read: rows before filter and exclusions.
    """

    file: str | None
    sha256: str
    where: str | None = None
    mapping: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    rows_read: int = 0
