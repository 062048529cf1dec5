"""Cells become columns here: numbers as people write them, or labels."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import TableError, UnitsError
from isoflop.units import parse_quantity

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

MISSING: Final = ("", "na", "n/a", "#n/a", "nan", "none", "null", "nil", "-", "--", "?", "missing")
"""Texts, without case and outer spaces, that mean that there is no value."""

Role = Literal["number", "alias", "category", "other"]
"""Must be numbers; should be numbers; labels; whatever the cells say."""


@dataclass(frozen=True, eq=False)
class Numbers:
    """A column of numbers.

    Attributes:
        values: NaN where there is no number, shape (rows,).
        unreadable: text of the cells that hold something else, by index.
    """

    values: FloatArray
    unreadable: Mapping[int, str]


@dataclass(frozen=True, eq=False)
class Labels:
    """A column of labels.

    Attributes:
        levels: the distinct labels, sorted.
        codes: index into the levels, -1 where there is no label, shape (rows,).
    """

    levels: tuple[str, ...]
    codes: IntArray

    def present(self) -> tuple[tuple[str, ...], IntArray]:
        """Labels that some row has, and the index of each row's: of the others a selection has left none."""
        found = np.unique(self.codes[self.codes >= 0])
        if len(found) == len(self.levels):
            return self.levels, self.codes
        place = np.full(len(self.levels) + 1, -1)  # the last one stands for a missing label, -1
        place[found] = np.arange(len(found))
        codes = place[self.codes]
        codes.flags.writeable = False
        return tuple(self.levels[k] for k in found.tolist()), codes


@dataclass(frozen=True, eq=False)
class Quantities:
    """What became of the cells that are no plain numbers.

    Attributes:
        index: places of those that are quantities, shape (found,).
        values: their numbers, shape (found,).
        unreadable: text of those that hold something else, by place.
    """

    index: IntArray
    values: FloatArray
    unreadable: Mapping[int, str]


@dataclass(frozen=True, eq=False)
class Raw:
    """A column as it came.

    Attributes:
        values: the cells that are plain numbers, NaN elsewhere.
        other: how many cells hold something else.
        quantities: what those cells are; called only when they may be quantities.
        labels: the cells as labels; called only when they are needed.
    """

    values: FloatArray
    other: int
    quantities: Callable[[], Quantities]
    labels: Callable[[], Labels]


def settle(raw: Raw, role: Role) -> Numbers | Labels:
    """Decide what a column is, and read quantities such as `7B` and `1,000`.

    A column is one of numbers when at least half of its cells can be read as such; what is
    left over stays as text beside the numbers, so that its rows can be named.

    Args:
        raw: the column as it came.
        role: what the column is wanted for.

    Returns:
        Numbers or labels.
    """
    if role == "category":
        return raw.labels()
    if raw.other == 0:
        return Numbers(raw.values, {})
    plain = int(np.count_nonzero(~np.isnan(raw.values)))
    # A column of nothing but "190M" or "7B" under a foreign name is as likely a model's name.
    if role == "other" and plain == 0:
        return raw.labels()
    found = raw.quantities()
    if role != "number" and plain + len(found.index) < len(found.unreadable):
        return raw.labels()
    values = np.array(raw.values)
    values[found.index] = found.values
    return Numbers(values, found.unreadable)


def read_quantities(cells: Mapping[int, str]) -> Quantities:
    """Read the cells that are quantities; the ones that mean missing fall out.

    Args:
        cells: text by place.

    Returns:
        Places and numbers of the quantities, and what is left.
    """
    known: dict[str, float | None] = {}
    repaired: dict[int, float] = {}
    unreadable: dict[int, str] = {}
    for place, text in cells.items():
        if text not in known:
            known[text] = quantity(text)
        value = known[text]
        if value is not None:
            repaired[place] = value
        elif text.strip().casefold() not in MISSING:
            unreadable[place] = text
    index = np.fromiter(repaired.keys(), np.int64, len(repaired))
    return Quantities(index, np.fromiter(repaired.values(), np.float64, len(repaired)), unreadable)


def quantity(text: str) -> float | None:
    """Read a quantity such as `7B`; None when the text is not one."""
    try:
        return parse_quantity(text)
    except (UnitsError, ValueError):
        return None


def nothing_else() -> Quantities:
    """Quantities of a column that is plain numbers throughout."""
    return Quantities(np.empty(0, np.int64), np.empty(0), {})


def labels_of(texts: Iterable[str | None]) -> Labels:
    """Give labels and codes for texts.

    Args:
        texts: one text per row; None or a text that means missing gives code -1.

    Returns:
        Labels with sorted levels.

    >>> labels_of(["b", "a", None]).codes
    array([ 1,  0, -1])
    """
    cells = list(texts)
    levels = sorted({text for text in set(cells) if text is not None})
    code_of: dict[str | None, int] = {text: code for code, text in enumerate(levels)}
    return clean(levels, np.fromiter((code_of.get(text, -1) for text in cells), np.int64, len(cells)))


def clean(levels: Sequence[str], codes: IntArray) -> Labels:
    """Strip labels and take out those that mean missing.

    Args:
        levels: distinct texts, sorted.
        codes: index into the levels, -1 where there is no text, shape (rows,).

    Returns:
        Labels with sorted levels.
    """
    wanted = list(levels)
    # A million labels that need nothing must cost little: no new list, no second sort.
    if any(text != text.strip() or (len(text) < 8 and text.casefold() in MISSING) for text in levels):
        stripped = [level.strip() for level in levels]
        wanted = sorted({text for text in stripped if text.casefold() not in MISSING})
        code_of = {text: code for code, text in enumerate(wanted)}
        codes = np.array([*(code_of.get(text, -1) for text in stripped), -1], dtype=np.int64)[codes]
    codes.flags.writeable = False
    return Labels(tuple(wanted), codes)


def raw_of(values: Sequence[object] | NDArray[np.generic], name: str) -> Raw:
    """Take a column from memory.

    Args:
        values: numbers, texts, None, booleans, dates, or a NumPy array of them, shape (rows,).
        name: the column's name, for the error.

    Returns:
        The column as it came.

    Raises:
        TableError: the values are not one column.
    """
    if isinstance(values, str | bytes | set | frozenset | Mapping) or not hasattr(values, "__iter__"):
        raise TableError(
            f"Column {name!r} is {type(values).__name__}, not a sequence of values. Give one value per run."
        )
    array = values if isinstance(values, np.ndarray) else None
    if array is not None and array.ndim != 1:
        raise TableError(f"Column {name!r} has shape {array.shape}. Give one value per run: a one-dimensional array.")
    if array is not None and array.dtype.kind in "iuf":
        return _plain(np.ma.filled(np.ma.asarray(array, dtype=np.float64), np.nan))
    return _mixed(np.ma.asarray(array).tolist() if array is not None else list(values))


def _plain(values: FloatArray) -> Raw:
    """A column that is numbers already; copied, so that the caller's array stays his own."""
    own = np.array(values, dtype=np.float64)
    return Raw(own, 0, nothing_else, lambda: labels_of(None if np.isnan(v) else number_text(v) for v in own.tolist()))


def _mixed(cells: list[object]) -> Raw:
    """A column of Python objects."""
    numbers = np.full(len(cells), np.nan)
    failing: dict[int, str] = {}
    texts: list[str | None] = []
    for index, cell in enumerate(cells):
        number, text = _read_cell(cell)
        texts.append(text)
        if number is not None:
            numbers[index] = number
        elif text is not None:
            failing[index] = text
    return Raw(numbers, len(failing), lambda: read_quantities(failing), lambda: labels_of(texts))


def _read_cell(cell: object) -> tuple[float | None, str | None]:
    """One object as number and as text; None where it is not such."""
    if cell is None:
        return None, None
    truth = isinstance(cell, bool | np.bool_)
    if isinstance(cell, Real) and not truth:
        try:
            number = float(cell)
        except OverflowError:
            return None, str(cell)
        return (None, None) if np.isnan(number) else (number, number_text(number))
    text = (str(cell).lower() if truth else str(cell)).strip()
    if text.casefold() in MISSING or text in ("NaT", "<NA>"):
        return None, None
    try:
        return float(text), text
    except ValueError:
        return None, text


def number_text(number: float) -> str:
    """A number as a label: `3`, not `3.0`."""
    return str(int(number)) if float(number).is_integer() and abs(number) < 1e16 else repr(float(number))
