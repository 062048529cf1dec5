"""What the verbs take: runs and laws in any of their forms."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict

from isoflop.errors import FitError
from isoflop.laws.catalogue import as_law, catalogue
from isoflop.laws.law import Law
from isoflop.laws.syntax import split_sides
from isoflop.runs.columns import resolve
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


def response_of(law: LawLike) -> str:
    """Column that a law explains.

    Args:
        law: a name, a formula, a TOML file, or a `Law`. Which of a formula's names are columns shows only beside a
            table, but its left side stands there already.

    Returns:
        Word or column; loss where a formula has no left side.

    >>> response_of("E + A/my_size^a"), response_of("my_error = A/my_size^a"), response_of("steplaw-lr")
    ('loss', 'my_error', 'lr')
    """
    if isinstance(law, str) and not law.endswith(".toml") and law not in catalogue():
        left = split_sides(law)[0]
        return "loss" if left is None else resolve(left) or left
    return as_law(law).response


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
