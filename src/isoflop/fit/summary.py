"""What a fit remembers of its runs, and what it says of another run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from isoflop.fit.estimate import Estimate
from isoflop.runs.table import Excluded


@dataclass(frozen=True)
class DataSummary:
    """What is remembered of the runs behind a fit.

    Args:
        rows: usable runs.
        sha256: hash of the values that the fit used.
        file: file that they came from, if any.
        file_sha256: hash of that file's bytes.
        where: filter, if any.
        ranges: word → smallest and largest value.
        notes: conventions.
        excluded: rows left out, with reasons.
    """

    rows: int
    sha256: str
    file: str | None
    file_sha256: str
    where: str | None
    ranges: Mapping[str, tuple[float, float]]
    notes: tuple[str, ...] = ()
    excluded: tuple[Excluded, ...] = ()


@dataclass(frozen=True)
class Forecast(Estimate):
    """A predicted value with its interval and its distance from the data.

    Args:
        columns: the inputs.
        distance_decades: how far beyond the data each input lies, in powers of ten.
        source_decades: the same from the range that the law's source supports, for inputs beyond both.
        new_run: whether the interval is for a new run (with its noise) or for the mean.
    """

    columns: Mapping[str, Any] = field(default_factory=dict)
    distance_decades: Mapping[str, float] = field(default_factory=dict)
    source_decades: Mapping[str, float] = field(default_factory=dict)
    new_run: bool = True
