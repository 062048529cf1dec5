"""One cut at a time: which runs count, how a law's inputs are read from them, and the forecasts above the cut."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import TableError
from isoflop.fit.coordinates import levels_of, make_slots
from isoflop.fit.prepare import prepare
from isoflop.fit.result import Fit
from isoflop.laws.law import Law
from isoflop.runs.table import RunTable
from isoflop.validate.outcome import Split
from isoflop.validate.scores import Prediction, score
from isoflop.validate.splits import Fold, Skipped

Array = NDArray[Any]


class FitSettings(TypedDict, total=False):
    """What `fit_law` takes besides law, table and objective."""

    response: str | None
    fix: Mapping[str, float] | None
    prior: Mapping[str, tuple[float, float]] | None
    weights: str | None
    noise: str | None


def rows_for(law: Law, table: RunTable, by: str, settings: FitSettings) -> RunTable:
    """The rows that the law can be fitted to and that can be ordered by a column."""
    named = (settings.get("weights"), settings.get("noise"))
    extra = tuple(name for name in named if name is not None and name != "seeds")
    return prepare(law, table, settings.get("response") or law.response, (by, *extra))


def positive(runs: RunTable, by: str) -> Array:
    """A column to cut at.

    Raises:
        TableError: it has values that are not positive.
    """
    values = np.asarray(runs.column(by), dtype=float)
    if not np.all(values > 0):
        rows = ", ".join(str(r) for r in runs.source_rows[~(values > 0)][:5])
        raise TableError(
            f"Column {by!r} is not positive in rows {rows}, so it does not order the runs. Cut by another."
        )
    return values


def free_parameters(law: Law, runs: RunTable, settings: FitSettings) -> int:
    """How many numbers a fit of the law estimates on these runs."""
    fixed = settings.get("fix") or {}
    levels = levels_of(law, runs)
    slots = make_slots(law, levels, law.program().logarithmic)
    return sum(s.name not in fixed and law.parameter_names[s.formal] not in fixed for s in slots)


def inputs(law: Law, runs: RunTable, rows: Array) -> dict[str, Any]:
    """The law's columns at some rows: numbers, and labels of the columns that index parameters."""
    found: dict[str, Any] = {word: np.asarray(runs.column(word), dtype=float)[rows] for word in law.columns}
    for column in dict.fromkeys(law.parsed.indexed.values()):
        levels, codes = runs.labels(column)
        found[column] = np.array([levels[code] for code in codes[rows].tolist()], dtype=object)
    return found


def predict_fold(fit: Fit, runs: RunTable, fold: Fold, size: Array, level: float) -> Split | Skipped:
    """Predict the runs above a cut; those of a level that no smaller run has cannot be."""
    law, test = fit.law, fold.test
    known = np.ones(len(test), dtype=bool)
    for column, names in fit.levels.items():
        labels, codes = runs.labels(column)
        known &= np.array([labels[code] in names for code in codes[test].tolist()])
    if not known.any():
        return Skipped(fold.cut, f"no run above has a level of {', '.join(fit.levels)} that a run below has")
    test = test[known]
    given = inputs(law, runs, test)
    values = fit.evaluate(**given)
    if not np.all(np.isfinite(values)):
        return Skipped(fold.cut, "the fitted law has no finite value at the runs above")
    ends = None if fit.draws is None else fit.predict(level=level, **given).interval
    observed = np.asarray(runs.column(fit.response), dtype=float)[test]
    distance = np.log10(size[test] / size[fold.train].max())
    predictions = tuple(
        Prediction(
            int(runs.source_rows[row]),
            MappingProxyType({name: _plain(array[k]) for name, array in given.items()}),
            float(observed[k]),
            float(values[k]),
            None if ends is None else (float(ends[0][k]), float(ends[1][k])),
            float(distance[k]),
        )
        for k, row in enumerate(test.tolist())
    )
    return Split(
        fold.cut, tuple(runs.source_rows[fold.train].tolist()), tuple(runs.source_rows[test].tolist()),
        float(np.median(distance)), score(predictions, level), predictions, fit.objective.name, fit,
    )  # fmt: skip


def _plain(value: float | str) -> float | str:
    """A cell as a plain number or text."""
    return value if isinstance(value, str) else float(value)
