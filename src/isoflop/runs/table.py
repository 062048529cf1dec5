"""RunTable: frozen typed columns of runs, with where they came from and what was left out."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import ColumnError, TableError
from isoflop.runs.assemble import Assembled, assemble
from isoflop.runs.cells import FloatArray, IntArray, Labels, Raw, nothing_else, number_text, raw_of, settle
from isoflop.runs.columns import VOCABULARY
from isoflop.runs.describe import summary
from isoflop.runs.provenance import Excluded as Excluded
from isoflop.runs.provenance import Provenance as Provenance

Scalar = TypeVar("Scalar", bound=np.generic)


@dataclass(frozen=True, eq=False, repr=False)
class RunTable:
    """One row per run, one typed column per quantity; nothing in it can be changed.

    Attributes:
        numbers: name → float64 values, NaN where missing, shape (runs,).
        categories: name → labels.
        source_rows: number of each row in its source, from 1, header not counted, shape (runs,).
        provenance: file, hash, filter, mapping.
        excluded: rows left out, with reasons.
        derived: word → rule, for columns that follow from others.
        notes: conventions that every output must state.
        unreadable: name → source row → text, for cells that should be numbers and are not.
    """

    numbers: Mapping[str, FloatArray]
    categories: Mapping[str, Labels]
    source_rows: IntArray
    provenance: Provenance
    excluded: tuple[Excluded, ...] = ()
    derived: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    notes: tuple[str, ...] = ()
    unreadable: Mapping[str, Mapping[int, str]] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def from_columns(
        cls,
        columns: Mapping[str, Sequence[object] | NDArray[np.generic]],
        *,
        mapping: Mapping[str, str] | None = None,
        response: str | None = None,
        provenance: Provenance | None = None,
    ) -> "RunTable":
        """Build a table from columns in memory.

        Args:
            columns: header → one value per run; headers are read as aliases, cells such as `7B` as numbers.
            mapping: word → header, or `HEADER*FACTOR`, where the headers' own meaning does not do.
            response: header or word that must hold numbers.
            provenance: where the columns came from; a hash of the columns when None.

        Returns:
            The table.

        Raises:
            TableError: no columns, no rows, or columns of different lengths.
            ColumnError: mapping or response name a column that is not there.

        >>> runs = RunTable.from_columns({"N": ["100M", "1B"], "D": [2e9, 2e10], "loss": [3.1, 2.5]})
        >>> runs.column("flops")
        array([1.2e+18, 1.2e+20])
        """
        if not columns:
            raise TableError("The table has no columns. Give at least params, tokens or flops, and loss.")
        raws = {str(name): raw_of(values, str(name)) for name, values in columns.items()}
        count_rows(raws)
        return from_parts(assemble(raws, mapping or {}, response), provenance)

    def __len__(self) -> int:
        """Number of runs."""
        return len(self.source_rows)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns: words of the vocabulary first, then the others as the source has them."""
        present = (*self.numbers, *self.categories)
        words = [word for word in VOCABULARY if word in present]
        return (*words, *(name for name in present if name not in VOCABULARY))

    def is_number(self, name: str) -> bool:
        """Say whether a column holds numbers; False for labels and for columns that are not there."""
        return name in self.numbers

    def column(self, name: str) -> FloatArray:
        """Give a column of numbers.

        Args:
            name: a name of the table.

        Returns:
            Values, shape (runs,), NaN where missing, read-only.

        Raises:
            ColumnError: there is no such column, or its cells are not numbers.
        """
        if name in self.numbers:
            return self.numbers[name]
        if name not in self.categories:
            raise ColumnError.from_missing(name, self.names)
        labels = self.categories[name]
        read = settle(_level_cells(labels), "number")
        values = read.values if not isinstance(read, Labels) and not read.unreadable else None
        if values is None:
            raise ColumnError(self._not_numbers(name, labels))
        found = np.append(values, np.nan)[labels.codes]
        found.flags.writeable = False
        return found

    def labels(self, name: str) -> tuple[tuple[str, ...], IntArray]:
        """Give a column as labels.

        Args:
            name: a name of the table; numbers are labels too, `3` rather than `3.0`.

        Returns:
            Sorted labels of these runs (numbers in numerical order), and for each run the index of its label, -1 where
            missing.

        Raises:
            ColumnError: there is no such column.
        """
        if name in self.categories:
            return self.categories[name].present()
        values = self.column(name)
        present = ~np.isnan(values)
        levels, codes = np.unique(values[present], return_inverse=True)
        all_codes = np.full(len(values), -1, dtype=np.int64)
        all_codes[present] = codes
        names = [number_text(level) for level in levels.tolist()]
        texts = self.unreadable.get(name, {})
        extra = sorted({texts[row] for row in self.source_rows.tolist() if row in texts}) if texts else []
        for code, text in enumerate(extra, start=len(names)):
            rows = [row for row, cell in texts.items() if cell == text]
            all_codes[np.isin(self.source_rows, rows)] = code
        return (*names, *extra), _read_only(all_codes)

    def select(self, keep: NDArray[np.bool_], reason: str) -> "RunTable":
        """Keep some rows; the others go to `excluded` with the reason.

        Args:
            keep: True for the rows to keep, shape (runs,).
            reason: why the others go.

        Returns:
            A new table.

        Raises:
            TableError: `keep` has another shape.
        """
        chosen = np.asarray(keep, dtype=bool)
        if chosen.shape != (len(self),):
            raise TableError(
                f"keep has shape {chosen.shape}, the table {len(self)} rows. Give one truth value per row."
            )
        if chosen.all():
            return self
        gone = tuple(Excluded(int(row), reason) for row in self.source_rows[~chosen])
        return replace(self.take(np.flatnonzero(chosen)), excluded=self.excluded + gone)

    def take(self, index: IntArray) -> "RunTable":
        """Give the rows at these places without a word in `excluded`; for filters and splits, which say it themselves.

        Args:
            index: places of the rows, from 0, shape (rows,).

        Returns:
            A new table.
        """
        numbers = {name: _read_only(values[index]) for name, values in self.numbers.items()}
        categories = {n: Labels(x.levels, _read_only(x.codes[index])) for n, x in self.categories.items()}
        rows = _read_only(self.source_rows[index])
        return replace(
            self, numbers=MappingProxyType(numbers), categories=MappingProxyType(categories), source_rows=rows
        )

    def with_notes(self, *notes: str) -> "RunTable":
        """Add conventions that every output must state; gives a new table."""
        return replace(self, notes=(*self.notes, *notes))

    def digest(self, names: Iterable[str] | None = None) -> str:
        """Hash the values of columns, in the order of the rows.

        Args:
            names: columns to hash; all when None.

        Returns:
            SHA-256 in hexadecimal; equal for equal names and values, wherever they came from.

        Raises:
            ColumnError: there is no such column.
        """
        found = hashlib.sha256()
        for name in sorted(self.names if names is None else set(names)):
            found.update(f"{name}\0{len(self)}\0".encode())
            if name in self.categories:
                labels = self.categories[name]
                found.update("\0".join(labels.levels).encode("utf-8", "surrogatepass"))
                found.update(labels.codes.astype("<i8").tobytes())
            else:
                # + 0.0 makes -0.0 and 0.0 one; every NaN gets the same bits.
                values = self.column(name) + 0.0
                found.update(np.where(np.isnan(values), np.nan, values).astype("<f8").tobytes())
        return found.hexdigest()

    def __repr__(self) -> str:
        """One line: rows, columns, source."""
        return f"RunTable({len(self)} runs, {len(self.names)} columns, {self.provenance.file or 'from memory'})"

    def __str__(self) -> str:
        """Summary: rows, ranges, source, conventions."""
        return "\n".join(summary(self))

    def _not_numbers(self, name: str, labels: Labels) -> str:
        """Message for a column of labels where numbers are wanted."""
        first = next((i for i, code in enumerate(labels.codes.tolist()) if code >= 0), 0)
        shown = labels.levels[labels.codes[first]] if labels.levels else ""
        where = f" of {self.provenance.file}" if self.provenance.file else ""
        return (
            f"Column {name!r}{where} holds labels, not numbers: row {self.source_rows[first]} is {shown!r}. "
            f"Name a column of numbers; columns of numbers here: {', '.join(self.numbers) or 'none'}."
        )


def count_rows(raws: Mapping[str, Raw]) -> int:
    """Count the rows of columns that must have one length.

    Args:
        raws: header → column as it came; at least one.

    Returns:
        Rows, at least one.

    Raises:
        TableError: no rows, or columns of different lengths.
    """
    lengths = {name: len(raw.values) for name, raw in raws.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise TableError(f"The columns have different lengths: {listed}. Give one value per run in every column.")
    rows = next(iter(lengths.values()))
    if rows == 0:
        raise TableError(f"The table has columns {', '.join(raws)} but no rows. Give one row per run.")
    return rows


def from_parts(parts: Assembled, provenance: Provenance | None) -> RunTable:
    """Make a table of columns that have found their names.

    Args:
        parts: the columns.
        provenance: where they came from; a hash of the columns when None.

    Returns:
        The table.
    """
    rows = len(next(iter(parts.numbers.values()), ())) or len(next(iter(parts.categories.values())).codes)
    table = RunTable(
        numbers=parts.numbers,
        categories=parts.categories,
        source_rows=_read_only(np.arange(1, rows + 1, dtype=np.int64)),
        provenance=replace(provenance or Provenance(None, ""), mapping=parts.mapping, rows_read=rows),
        derived=parts.derived,
        notes=parts.notes,
        unreadable=MappingProxyType(
            {name: MappingProxyType({i + 1: t for i, t in cells.items()}) for name, cells in parts.unreadable.items()}
        ),
    )
    if table.provenance.sha256:
        return table
    return replace(table, provenance=replace(table.provenance, sha256=table.digest()))


def _level_cells(labels: Labels) -> Raw:
    """The levels as cells; true and false count as 1 and 0."""
    truth = {"true": 1.0, "false": 0.0}
    if labels.levels and {level.casefold() for level in labels.levels} <= set(truth):
        return Raw(np.array([truth[level.casefold()] for level in labels.levels]), 0, nothing_else, lambda: labels)
    return raw_of(list(labels.levels), "")


def _read_only(values: NDArray[Scalar]) -> NDArray[Scalar]:
    """The array, read-only."""
    values.flags.writeable = False
    return values
