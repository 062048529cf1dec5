"""What the verbs take: runs and laws in any of their forms."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict

from isoflop.errors import FitError
from isoflop.laws.catalogue import as_law
from isoflop.laws.law import Law
from isoflop.runs.read import read_runs
from isoflop.runs.table import RunTable

LawLike = str | Path | Law
Runs = Any
"""A `RunTable`, a path, a data frame, or a mapping of columns."""


class FitChoices(TypedDict, total=False):
    """What `fit` takes besides law, runs and draws."""

    objective: str
    response: str | None
    fix: Mapping[str, float] | None
    prior: Mapping[str, tuple[float, float]] | None
    weights: str | None
    noise: str | None
    level: float
    seed: int


def as_runs(
    runs: Runs, *, where: str | None = None, mapping: Mapping[str, str] | None = None, response: str = "loss"
) -> RunTable:
    """A run table from whatever the user gave.

    Args:
        runs: a table, path, frame or mapping of columns.
        where: SQL filter over the columns of the source.
        mapping: word → column of the source.
        response: column to explain.

    Returns:
        The table; a `RunTable` is passed through.

    >>> len(as_runs({"N": ["70M", "160M"], "D": ["1.4B", "3.2B"], "loss": [3.9, 3.5]}))
    2
    """
    if isinstance(runs, RunTable):
        return runs
    return read_runs(runs, where=where, mapping=mapping, response=response)


def as_laws(laws: Sequence[LawLike], table: RunTable) -> list[Law]:
    """Laws from whatever the user gave; a single one is no list."""
    return [as_law(law, columns=table.names) for law in laws]


def check_seed(seed: int) -> None:
    """Refuse a seed that NumPy's generators do not take.

    Raises:
        FitError: it is negative.
    """
    if seed < 0:
        raise FitError(f"The seed {seed!r} is not a whole number from 0 on. Write for instance seed=0.")
