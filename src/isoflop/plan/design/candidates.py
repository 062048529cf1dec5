"""Runs that could be bought: their columns and what each one costs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import ColumnError, LawError, TableError, UnitsError
from isoflop.fit.result import Fit
from isoflop.runs.table import RunTable
from isoflop.units import FLOPS_PER_PARAM_TOKEN, format_quantity, parse_measure, parse_quantity

Array = NDArray[Any]

SIZES: Final = 12
"""Compute budgets of a grid of candidates."""
RATIOS: Final = 5
"""Tokens per parameter at each of them."""


@dataclass(frozen=True)
class Candidates:
    """Runs that could be made.

    Args:
        columns: word → value of every candidate, and labels of indexing columns, each (m,).
        cost: price of each, shape (m,).
        unit: of the price.
        rows: number of each candidate in its source, from 1, shape (m,).
    """

    columns: Mapping[str, Array]
    cost: Array
    unit: str
    rows: Array

    def __len__(self) -> int:
        """Number of candidates."""
        return len(self.cost)

    def take(self, places: Array) -> "Candidates":
        """Some of the candidates."""
        return Candidates(
            {w: c[places] for w, c in self.columns.items()}, self.cost[places], self.unit, self.rows[places]
        )

    def at(self, place: int) -> dict[str, Any]:
        """Columns of one candidate."""
        return {word: values[place : place + 1].tolist()[0] for word, values in self.columns.items()}

    @property
    def ratio(self) -> Array | None:
        """Tokens per parameter, where the columns tell it."""
        if {"params", "tokens"} <= set(self.columns):
            return np.asarray(self.columns["tokens"] / self.columns["params"])
        return None


def candidates_of(fit: Fit, source: RunTable | Mapping[str, Any], cost: str | None = None) -> Candidates:
    """Candidates from a table: one row each, with the columns of the fit's law.

    Args:
        fit: the fit whose law is to be learned about.
        source: a table, or a mapping of columns; a column of results is not looked at.
        cost: column of prices; training compute 6·N·D when None.

    Returns:
        The candidates.

    Raises:
        ColumnError: a column of the law or the price is not there.
        TableError: a value is missing or not positive where it must be.
    """
    table = source if isinstance(source, RunTable) else RunTable.from_columns(source)
    columns = _columns(fit, table)
    price = np.asarray(_price(table, columns, cost), dtype=float)
    _refuse(~(np.isfinite(price) & (price > 0)), table, f"the cost ({cost or 'flops'}) is not positive")
    return Candidates(columns, price, "FLOPs" if cost in (None, "flops") else str(cost), np.asarray(table.source_rows))


def as_candidates(fit: Fit, table: RunTable) -> Candidates:
    """Finished runs in the place of candidates, at no price: to see what they say already."""
    return Candidates(_columns(fit, table), np.ones(len(table)), "", np.asarray(table.source_rows))


def _columns(fit: Fit, table: RunTable) -> dict[str, Array]:
    """Columns of the law, and labels of its indexing columns."""
    columns: dict[str, Array] = {word: np.asarray(table.column(word), dtype=float) for word in fit.law.columns}
    for word, values in columns.items():
        _refuse(~np.isfinite(values), table, f"{word} is missing")
    for word, known in fit.levels.items():
        names, codes = table.labels(word)
        labels = np.array([*names, ""], dtype=object)[codes]
        unknown = ~np.isin(labels.astype(str), known)
        _refuse(unknown, table, f"{word} is none of {', '.join(known)}")
        columns[word] = labels
    return columns


def _refuse(bad: Array, table: RunTable, what: str) -> None:
    """Refuse a table with candidates that cannot be judged, and name the first."""
    if bad.any():
        row = int(table.source_rows[int(np.flatnonzero(bad)[0])])
        raise TableError(
            f"{int(bad.sum())} of {len(table)} candidates cannot be judged: {what} (first in row {row}). "
            "Correct or leave out these rows."
        )


def _price(table: RunTable, columns: Mapping[str, Array], cost: str | None) -> Array:
    """The column of prices, or training compute."""
    if cost is not None:
        return table.column(cost)
    if "flops" in table.names:
        return table.column("flops")
    if {"params", "tokens"} <= set(columns):
        return np.asarray(FLOPS_PER_PARAM_TOKEN * columns["params"] * columns["tokens"])
    raise ColumnError(
        f"The candidates have {', '.join(table.names)}, from which no training compute follows. "
        "Name the column of prices (cost='price'; command line: --cost price)."
    )


def grid(fit: Fit, most: float, ratios: tuple[float, float] | None) -> Candidates:
    """A grid of runs from the fit's smallest budget to the most that one run may cost.

    Args:
        fit: a fit of a law in params, tokens and flops (one or two of them), perhaps per recipe.
        most: training compute of the largest candidate.
        ratios: least and most tokens per parameter; those of the runs when None.

    Returns:
        `SIZES` budgets, times `RATIOS` tokens per parameter, times the levels of the law.

    Raises:
        LawError: the law needs other columns, so that no grid can be guessed.
    """
    words, ranges = set(fit.law.columns), fit.data.ranges
    if not words <= {"params", "tokens", "flops"}:
        other = ", ".join(sorted(words - {"params", "tokens", "flops"}))
        raise LawError(f"Law {fit.law.name!r} also depends on {other}. Give the candidates as a table.")
    least = ranges["flops"][0] if "flops" in ranges else most / 1e3
    if most <= least:
        raise LawError(
            f"The budget of {format_quantity(most)} FLOPs is below the smallest run ({format_quantity(least)}). "
            "Give a larger budget, or the candidates as a table."
        )
    flops = np.geomspace(least, most, SIZES)
    columns: dict[str, Array] = {"flops": flops}
    if words != {"flops"}:
        low, high = ratios or _ratios(fit)
        spread = np.array([np.sqrt(low * high)]) if high / low < 1 + 1e-9 else np.geomspace(low, high, RATIOS)
        flops, ratio = (x.ravel() for x in np.meshgrid(flops, spread, indexing="ij"))
        params = np.sqrt(flops / (FLOPS_PER_PARAM_TOKEN * ratio))
        columns = {"params": params, "tokens": params * ratio, "flops": flops}
    for word, names in fit.levels.items():
        count = len(flops)
        columns = {w: np.tile(c, len(names)) for w, c in columns.items()}
        columns[word] = np.repeat(np.array(names, dtype=object), count)
        flops = columns["flops"]
    wanted = {w: columns[w] for w in (*fit.law.columns, *fit.levels)}
    return Candidates(wanted, flops, "FLOPs", np.arange(1, len(flops) + 1))


def _ratios(fit: Fit) -> tuple[float, float]:
    """Tokens per parameter that the runs' ranges allow."""
    ranges = fit.data.ranges
    if not {"params", "tokens"} <= set(ranges):
        return (5.0, 80.0)
    return ranges["tokens"][0] / ranges["params"][1], ranges["tokens"][1] / ranges["params"][0]


def amount(budget: float | str, cost: str | None) -> float:
    """A budget in FLOPs, or in the unit of a column of costs: dollars, device-hours, or a plain number.

    Args:
        budget: a number, or text with a unit.
        cost: name of the column of costs; None for training compute.

    Returns:
        The number.

    Raises:
        UnitsError: it cannot be read, or its unit is none of compute where no column is named.

    >>> amount("1e21 FLOP", None), amount("$20K", "price")
    (1e+21, 20000.0)
    """
    if not isinstance(budget, str):
        return float(budget)
    if cost is None:
        return parse_measure(budget, "compute")
    for kind in ("money", "device-hours", "compute", "time"):
        try:
            return parse_measure(budget, kind)
        except UnitsError:
            # Another kind may have this unit; the last word is that of a plain number.
            continue
    return parse_quantity(budget)
