"""The choices that an analyst makes without being asked: which runs, and how compute is counted."""

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import ColumnError, TableError
from isoflop.fit.result import Fit
from isoflop.runs.table import RunTable
from isoflop.units import FLOPS_PER_PARAM_TOKEN
from isoflop.validate.splits import size_groups

Array = NDArray[Any]

EXCLUSIONS: Final = ("all runs", "without outliers", "without the smallest", "upper half of compute")
"""Sets of runs: all; less the 5 % with the largest residuals; less the smallest size; from the median compute up."""

OUTLIER_SHARE: Final = 0.05

DIFFERENT: Final = 0.005
"""Compute as given counts as another convention when it differs from 6ND by more than this."""


@dataclass(frozen=True)
class Convention:
    """How compute and size are counted.

    Attributes:
        name: short name.
        flops_per_param_token: factor k of `C = k N D`.
        params: column that is taken as params; the table's own when None.
        given: whether the table's own flops stay, instead of being counted as k N D.
    """

    name: str
    flops_per_param_token: float = FLOPS_PER_PARAM_TOKEN
    params: str | None = None
    given: bool = False

    def apply(self, table: RunTable) -> RunTable:
        """The table counted this way.

        Raises:
            ColumnError: the table lacks a column that this needs.
        """
        if self.given and self.params is None:
            return table
        numbers = dict(table.numbers)
        if self.params is not None:
            numbers["params"] = table.column(self.params)
        numbers["flops"] = self.flops_per_param_token * _needed(table, numbers, "params") * table.column("tokens")
        return replace(table, numbers=MappingProxyType(numbers))


def _needed(table: RunTable, numbers: dict[str, Any], word: str) -> Array:
    """A column of numbers, or the table's own error."""
    return np.asarray(numbers[word]) if word in numbers else table.column(word)


def conventions_of(table: RunTable) -> tuple[Convention, ...]:
    """The conventions that a table supports by itself: 6ND, and its own flops where they differ.

    The factor of the table's own flops is `k = 6 exp(mean ln(C / 6ND))`.

    Args:
        table: the runs.

    Returns:
        One or two conventions.

    >>> runs = {"N": [1e8, 2e8], "D": [2e9, 4e9], "C": [1.5e18, 6e18], "loss": [3.2, 3.0]}
    >>> [(c.name, round(c.flops_per_param_token, 2)) for c in conventions_of(RunTable.from_columns(runs))]
    [('6ND', 6.0), ('as given', 7.5)]
    """
    if not {"params", "tokens"} <= set(table.names):
        return (Convention("as given", given=True),)
    plain = Convention("6ND")
    if "flops" not in table.names or "flops" in table.derived:
        return (plain,)
    with np.errstate(all="ignore"):
        ratio = np.log(
            table.column("flops") / (FLOPS_PER_PARAM_TOKEN * table.column("params") * table.column("tokens"))
        )
    ratio = ratio[np.isfinite(ratio)]
    if not len(ratio) or np.abs(ratio).max() <= DIFFERENT:
        return (plain,)
    factor = FLOPS_PER_PARAM_TOKEN * float(np.exp(ratio.mean()))
    return (plain, Convention("as given", factor, given=True))


def exclude(table: RunTable, exclusion: str, fit: Fit | None) -> RunTable:
    """Leave runs out.

    Args:
        table: usable runs.
        exclusion: one of `EXCLUSIONS`.
        fit: a fit to all of them, for outliers.

    Returns:
        The runs that stay.

    Raises:
        TableError: the exclusion is not known, or outliers are asked for without a fit.
    """
    if exclusion == EXCLUSIONS[0]:
        return table
    if exclusion == EXCLUSIONS[1] and fit is not None:
        size = np.abs(fit.residuals)
        return table.select(size <= np.quantile(size, 1 - OUTLIER_SHARE), exclusion)
    if exclusion == EXCLUSIONS[2]:
        sizes = _size(table, ("params", "flops", "tokens"))
        edges = size_groups(sizes)
        return table.select(sizes >= edges[min(1, len(edges) - 1)], exclusion)
    if exclusion == EXCLUSIONS[3]:
        sizes = _size(table, ("flops", "params", "tokens"))
        return table.select(sizes >= np.median(sizes), exclusion)
    raise TableError(f"The exclusion {exclusion!r} is not known, or needs a fit. Known: {', '.join(EXCLUSIONS)}.")


def _size(table: RunTable, words: tuple[str, ...]) -> Array:
    """The first of some columns that the table has."""
    for word in words:
        if word in table.names:
            return np.asarray(table.column(word), dtype=float)
    raise ColumnError.from_missing(words[0], table.names)
