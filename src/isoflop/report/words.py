"""Numbers as the report writes them."""

import math
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from isoflop.figures.axes import text_of
from isoflop.fit import Estimate
from isoflop.plan.optimum.result import Step

NEAR: Final = 0.05
"""Decades outside the runs that are not worth a word."""


def number(value: float, digits: int = 4) -> str:
    """A number, or a dash where there is none."""
    return tidy(f"{value:.{digits}g}") if math.isfinite(value) else "–"


def percent(value: float | None, *, signed: bool = False, digits: int = 2) -> str:
    """A share in percent, or a dash."""
    if value is None or not math.isfinite(value):
        return "–"
    return f"{value:+.{digits}%}" if signed else f"{value:.{digits}%}"


def quantity(word: str, value: float) -> str:
    """A value of a column of the vocabulary; without a column, four digits."""
    if not math.isfinite(value):
        return "–"
    return text_of(word, value) if word else number(value)


def tidy(text: str) -> str:
    """Powers of ten as the page writes them: 1e24 rather than 1e+24."""
    return re.sub(r"(?<=\d)e(?:\+|(-))0*(?=\d)", r"e\1", text)


def sentence(text: str) -> str:
    """Text with a capital and a full stop."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def interval(ends: Sequence[float], word: str = "") -> str:
    """Lower and upper end."""
    return span(ends, lambda value: quantity(word, value))


def span(ends: Sequence[float], show: Callable[[float], str], *, alike: str = "given") -> str:
    """Lower and upper end as they are shown by a function; other words where they are one, or where there are none."""
    low, high = (float(end) for end in ends)
    if low == high:
        return alike
    if not (math.isfinite(low) and math.isfinite(high)):
        return "none"
    # Solvers leave differences in the ninth digit: what reads alike is alike.
    return f"{show(low)} to {show(high)}" if show(low) != show(high) else alike


def with_interval(estimate: Estimate, word: str = "") -> str:
    """A value and its interval in brackets."""
    value = quantity(word, float(estimate.value))
    low, high = (float(end) for end in estimate.interval)
    if low == high:
        return value
    if not (math.isfinite(low) and math.isfinite(high)):
        return f"{value} (no interval)"
    return f"{value} [{quantity(word, low)}, {quantity(word, high)}]"


def listed(names: Sequence[str]) -> str:
    """Names in a sentence.

    >>> listed(("a", "b", "c"))
    'a, b and c'
    """
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


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


def step_row(step: Step) -> tuple[str, str, str]:
    """One step of a derivation: what is done, the formula with its value, where it comes from."""
    formula = tidy(step.formula)
    if step.value is not None:
        formula = f"{formula} = {number(step.value)}".strip()
    source = "; ".join(part for part in (tidy(step.source), "assumption" if step.assumption else "") if part)
    return tidy(step.text), formula, source
