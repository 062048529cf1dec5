"""Numbers as the report writes them."""

import math
from collections.abc import Iterable, Sequence

from isoflop.fit import Estimate
from isoflop.figures.axes import text_of


def number(value: float, digits: int = 4) -> str:
    """A number, or a dash where there is none."""
    return f"{value:.{digits}g}".replace("e+", "e") if math.isfinite(value) else "–"


def percent(value: float | None, *, signed: bool = False) -> str:
    """A share in percent, or a dash."""
    if value is None or not math.isfinite(value):
        return "–"
    return f"{100 * value:+.2f} %" if signed else f"{100 * value:.2f} %"


def quantity(word: str, value: float) -> str:
    """A value of a column of the vocabulary."""
    return text_of(word, value) if math.isfinite(value) else "–"


def interval(ends: Sequence[float], word: str = "") -> str:
    """Lower and upper end."""
    low, high = (float(end) for end in ends)
    if low == high:
        return "given"
    return f"{quantity(word, low)} to {quantity(word, high)}"


def with_interval(estimate: Estimate, word: str = "") -> str:
    """A value and its interval in brackets."""
    value = quantity(word, float(estimate.value))
    low, high = (float(end) for end in estimate.interval)
    if low == high:
        return value
    return f"{value} [{quantity(word, low)}, {quantity(word, high)}]"


def rows_text(rows: Iterable[int]) -> str:
    """Row numbers as ranges.

    >>> rows_text([3, 1, 2, 9])
    '1–3, 9'
    """
    ordered = sorted(set(rows))
    parts: list[str] = []
    start = last = None
    for row in [*ordered, None]:
        if start is not None and last is not None and row != last + 1:
            parts.append(str(start) if start == last else f"{start}–{last}" if last > start + 1 else f"{start}, {last}")
            start = row
        elif start is None:
            start = row
        last = row
    return ", ".join(parts)
