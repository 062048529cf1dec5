"""Axes with ticks as people read them: 1e20 FLOP, 7B parameters, 2.5 nats."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import ArrayLike

from isoflop.figures.theme import SIZES
from isoflop.runs.columns import VOCABULARY
from isoflop.units import format_quantity

if TYPE_CHECKING:
    import altair as alt

MOST_TICKS: Final = 6
"""Labels that fit side by side on a phone."""

SCIENTIFIC: Final = "replace(format(datum.value, '~e'), '+', '')"
COUNT: Final = (
    "datum.value >= 1e15 ? replace(format(datum.value, '~e'), '+', '') : "
    "datum.value >= 1e12 ? format(datum.value / 1e12, '~g') + 'T' : "
    "datum.value >= 1e9 ? format(datum.value / 1e9, '~g') + 'B' : "
    "datum.value >= 1e6 ? format(datum.value / 1e6, '~g') + 'M' : "
    "datum.value >= 1e3 ? format(datum.value / 1e3, '~g') + 'K' : format(datum.value, '~g')"
)
PLAIN: Final = "format(datum.value, '~g')"
_EXPONENT: Final = re.compile(r"e\+0*")
COUNTED: Final = frozenset({"params", "tokens", "unique_tokens", "steps", "batch_tokens"})


@dataclass(frozen=True)
class Axis:
    """One quantitative axis.

    Attributes:
        title: words beside it.
        low: smallest value shown.
        high: largest value shown.
        label: Vega expression that writes a tick.
        log: whether equal factors are equal distances.
        ticks: where the labels stand.
    """

    title: str
    low: float
    high: float
    label: str
    log: bool
    ticks: tuple[float, ...]

    def scale(self) -> "alt.Scale":
        """Scale of a position channel."""
        import altair as alt

        ends = [self.low, self.high]
        if self.log:
            return alt.Scale(type="log", domain=ends, nice=False)
        return alt.Scale(type="linear", domain=ends, nice=False, zero=False)

    def x(self, field: str = "x") -> "alt.X":
        """This axis, lying."""
        import altair as alt

        axis = alt.Axis(values=list(self.ticks), labelExpr=self.label)
        return alt.X(field, type="quantitative", scale=self.scale(), axis=axis, title=self.title)

    def y(self, field: str = "y") -> "alt.Y":
        """This axis, standing; its title lies above it, where a phone has room."""
        import altair as alt

        axis = alt.Axis(
            values=list(self.ticks), labelExpr=self.label, titleAngle=0, titleAlign="left", titleAnchor="end", titleX=0,
            titleY=-10, titleBaseline="bottom",
        )  # fmt: skip
        return alt.Y(field, type="quantitative", scale=self.scale(), axis=axis, title=self.title)


def axis(word: str, values: Iterable[ArrayLike], *, log: bool | None = None, title: str | None = None) -> Axis:
    """Lay an axis around values.

    Args:
        word: word of the vocabulary, or any other name of a column.
        values: everything that must fit on it.
        log: logarithmic or not; where possible when None.
        title: words beside it; the column's name and unit when None.

    Returns:
        The axis.
    """
    joined = np.concatenate([np.ravel(np.asarray(v, dtype=float)) for v in values])
    finite = joined[np.isfinite(joined)]
    if not finite.size:
        finite = np.array([0.5, 1.0])
    chosen = bool(finite.min() > 0) if log is None else log
    low, high = padded(float(finite.min()), float(finite.max()), log=chosen)
    return Axis(title or column_title(word), low, high, label_of(word), chosen, tuple(ticks(low, high, log=chosen)))


def padded(low: float, high: float, *, log: bool, share: float = 0.04) -> tuple[float, float]:
    """Range with a margin, never empty."""
    if log:
        a, b = math.log(low), math.log(high)
        margin = max(share * (b - a), 0.02)
        return math.exp(a - margin), math.exp(b + margin)
    margin = share * (high - low) or 0.5 * abs(high) or 0.5
    return low - margin, high + margin


def ticks(low: float, high: float, *, log: bool, most: int = MOST_TICKS) -> list[float]:
    """Round numbers between two ends.

    Args:
        low: lower end.
        high: upper end.
        log: whether they stand on a logarithmic axis.
        most: how many there is room for.

    Returns:
        Round numbers in increasing order, at least two.

    >>> ticks(2e18, 3e22, log=True)
    [1e+19, 1e+20, 1e+21, 1e+22]
    """
    if log:
        for mantissas, every in (((1, 2, 5), 1), ((1, 3), 1), ((1,), 1), ((1,), 2), ((1,), 3), ((1,), 5), ((1,), 10)):
            first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
            powers = [e for e in range(first, last + 1) if e % every == 0]
            found = [v for e in powers for m in mantissas if low <= (v := float(f"{m}e{e}")) <= high]
            if 3 <= len(found) <= most:
                return found
    return _even_ticks(low, high, most)


def _even_ticks(low: float, high: float, most: int) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten between two ends."""
    power = 10.0 ** math.floor(math.log10((high - low) / most))
    step = next(power * m for m in (1, 2, 5, 10, 20) if (high - low) / (power * m) <= most)
    return [float(f"{k * step:.12g}") for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


def label_of(word: str) -> str:
    """Vega expression for the tick labels of a column."""
    if word == "flops":
        return SCIENTIFIC
    return COUNT if word in COUNTED else PLAIN


def text_of(word: str, value: float) -> str:
    """A value of a column in words, for tooltips and tables."""
    if word == "flops":
        return _EXPONENT.sub("e", f"{value:.3g}")
    return format_quantity(value) if word in COUNTED else f"{value:.5g}"


def column_title(word: str, unit_here: str | None = None) -> str:
    """A column's name with its letter and unit; the table at hand may count it in another unit than the vocabulary."""
    column = VOCABULARY.get(word)
    if column is None:
        return f"{word} ({unit_here})" if unit_here else word
    names = {"params": "Parameters", "tokens": "Training tokens", "flops": "Training compute", "loss": "Loss"}
    name = names.get(word, word.replace("_", " ").capitalize())
    letter = f" {column.letter}" if column.letter else ""
    counted = column.unit if unit_here is None else unit_here
    unit = f" ({counted})" if counted and counted not in name.casefold() else ""
    return f"{name}{letter}{unit}"


def size_colour(sizes: ArrayLike, *, word: str = "params", field: str = "size") -> "alt.Color":
    """Colour by size on a logarithmic scale."""
    import altair as alt

    shown = axis(word, [sizes])
    values = np.asarray(sizes, dtype=float)
    domain = [float(np.nanmin(values)), float(np.nanmax(values))]
    if not shown.log or domain[0] == domain[1]:
        domain = [shown.low, shown.high]
    marks = ticks(*domain, log=shown.log, most=5)
    legend = alt.Legend(
        title=column_title(word), values=marks, labelExpr=label_of(word), columns=len(marks), symbolOpacity=1,
        labelOverlap="parity", labelSeparation=6,
    )  # fmt: skip
    scale = alt.Scale(type="log" if shown.log else "linear", domain=domain, scheme=dict(SIZES))
    return alt.Color(field, type="quantitative", scale=scale, legend=legend)
