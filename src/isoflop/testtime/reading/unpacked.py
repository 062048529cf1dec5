"""What the readers of logs hand on: one value per sample in every column."""

import gzip
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast


@dataclass
class Unpacked:
    """Columns of a log, one value per sample.

    Attributes:
        kind: whose log it is.
        columns: name → values, None where missing.
        notes: conventions of the log that every output must state.
    """

    kind: str
    columns: dict[str, list[Any]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, **cells: object) -> None:
        """Add one sample."""
        for name, cell in cells.items():
            self.columns.setdefault(name, []).append(cell)


def opened(path: Path) -> BinaryIO:
    """Open a file for its bytes, through gzip where it is compressed.

    Args:
        path: the file.

    Returns:
        A stream of what it holds.
    """
    with path.open("rb") as stream:
        packed = stream.read(2) == b"\x1f\x8b"
    return cast("BinaryIO", gzip.open(path)) if packed else path.open("rb")


def read_object(text: str) -> dict[str, Any] | None:
    """Read a JSON object.

    Args:
        text: text that may be one.

    Returns:
        The object; None where the text is not exactly one.
    """
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def number_of(cell: object) -> float | None:
    """Give a JSON number or truth value as a number, None for anything else."""
    return float(cell) if isinstance(cell, int | float) else None
