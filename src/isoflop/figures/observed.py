"""The runs behind a fit, as figures need them: checked, beside their fitted values, thinned where they are many."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import FitError
from isoflop.figures.axes import Axis, axis, column_title, text_of
from isoflop.fit import Fit
from isoflop.fit.prepare import prepare
from isoflop.runs import RunTable

if TYPE_CHECKING:
    import altair as alt

Array = NDArray[Any]

MOST_POINTS: Final = 600
"""Points in one figure; more would only cover each other and make the file heavy."""

SIZE_WORDS: Final = ("params", "flops", "tokens")


@dataclass(frozen=True)
class Observed:
    """The runs that a fit used.

    Attributes:
        columns: word → values, shape (n,), for every column of numbers.
        response: observed values, shape (n,).
        fitted: fitted values, shape (n,).
        residuals: in the objective's scale, shape (n,).
        source_rows: number of each run's row in its file.
        response_word: the column that was explained.
        unit: its unit.
    """

    columns: Mapping[str, Array]
    response: Array
    fitted: Array
    residuals: Array
    source_rows: Array
    response_word: str
    unit: str

    def response_axis(self, values: Sequence[ArrayLike]) -> Axis:
        """An axis of the response, in the unit that it has in these runs."""
        return axis(self.response_word, values, title=column_title(self.response_word, self.unit))

    def axis_word(self, wanted: str | None, law_columns: Sequence[str]) -> str:
        """The column to draw against: the one asked for, else compute, else the law's first column."""
        if wanted is not None:
            if wanted not in self.columns:
                raise FitError(
                    f"The runs have no column {wanted!r} to draw against; they have {', '.join(self.columns)}. "
                    "Choose one of these."
                )
            return wanted
        if "flops" in self.columns and {"params", "tokens", "flops"} & set(law_columns):
            return "flops"
        return next((word for word in law_columns if word in self.columns), next(iter(self.columns)))

    def size_word(self, x: str) -> str | None:
        """The column that colours the points: parameters, unless they are the axis already."""
        return next((word for word in SIZE_WORDS if word in self.columns and word != x), None)

    def records(self, pick: Array, x: str, size: str | None) -> list[dict[str, Any]]:
        """One record per run, with what its tooltip says."""
        words = [word for word in dict.fromkeys(("params", "tokens", "flops", x)) if word in self.columns]
        rows = []
        for i in pick.tolist():
            row: dict[str, Any] = {"x": self.columns[x][i], "y": self.response[i], "row": int(self.source_rows[i])}
            row |= {"fitted": self.fitted[i], "residual": self.residuals[i]}
            if size is not None:
                row["size"] = self.columns[size][i]
            row |= {f"text_{k}": text_of(word, float(self.columns[word][i])) for k, word in enumerate(words)}
            rows.append(row)
        return clean(rows)

    def tooltip(self, x: str) -> list[Any]:
        """What a tooltip of a run shows: its row, its inputs, observed and fitted values."""
        import altair as alt

        words = [word for word in dict.fromkeys(("params", "tokens", "flops", x)) if word in self.columns]
        tips = [alt.Tooltip("row", type="quantitative", title="row in the file")]
        tips += [alt.Tooltip(f"text_{k}", type="nominal", title=column_title(word)) for k, word in enumerate(words)]
        tips += [
            alt.Tooltip("y", type="quantitative", title=f"observed {self.response_word}", format=".5~g"),
            alt.Tooltip("fitted", type="quantitative", title=f"fitted {self.response_word}", format=".5~g"),
        ]
        return tips


def observed(fit: Fit, table: RunTable, at: Mapping[str, Any] | None = None) -> Observed:
    """Give the runs that a fit used, in its order.

    Args:
        fit: the fit.
        table: the runs that it was fitted to.
        at: column of an indexed parameter → the level whose runs are wanted; all runs when None.

    Returns:
        Runs with fitted values and residuals.

    Raises:
        FitError: these are not the runs of the fit.
    """
    extra = tuple(c for key in ("weights", "noise") if (c := fit.settings.get(key)) is not None and c != "seeds")
    runs = prepare(fit.law, table, fit.response, extra)
    if runs.digest(tuple(dict.fromkeys((*fit.law.columns, fit.response, *fit.levels)))) != fit.data.sha256:
        raise FitError(
            f"These runs are not the ones that {fit.law.name!r} was fitted to. "
            "Fit again, or give the table that the fit was made from."
        )
    numbers = {word: runs.column(word) for word in runs.names if runs.is_number(word)}
    response = runs.column(fit.response)
    residuals = np.asarray(fit.residuals, dtype=float)
    fitted = response * np.exp(-residuals) if fit.objective.log else response - residuals
    wide = {word: values for word, values in numbers.items() if np.isfinite(values).all() and word != fit.response}
    whole = Observed(wide, response, fitted, residuals, runs.source_rows, fit.response, fit.law.unit)
    return whole if not (fit.levels and at) else _of_level(whole, fit, runs, at)


def _of_level(seen: Observed, fit: Fit, runs: RunTable, at: Mapping[str, Any]) -> Observed:
    """The runs of one level of every indexed parameter."""
    keep = np.ones(len(seen.response), dtype=bool)
    for column in fit.levels:
        names, codes = runs.labels(column)
        keep &= np.array([names[code] == str(at[column]) for code in codes])
    return Observed(
        {word: values[keep] for word, values in seen.columns.items()}, seen.response[keep], seen.fitted[keep],
        seen.residuals[keep], seen.source_rows[keep], seen.response_word, seen.unit,
    )  # fmt: skip


def thin(order_by: ArrayLike, most: int = MOST_POINTS) -> Array:
    """Choose points evenly by rank, the two ends always among them; all of them when there are few.

    Args:
        order_by: values whose order decides, shape (n,).
        most: how many to keep.

    Returns:
        Places of the points kept, in increasing order; the same ones every time.
    """
    ranks = np.asarray(order_by, dtype=float)
    count = len(ranks)
    if count <= most:
        return np.arange(count)
    order = np.argsort(ranks, kind="stable")
    chosen: Array = np.sort(order[np.linspace(0, count - 1, most).round().astype(int)])
    return chosen


def thinned_note(kept: int, count: int) -> list[str]:
    """Say that points were left out of a figure, when some were."""
    return [f"{kept:,} of {count:,} runs are drawn, evenly by rank; all {count:,} were fitted."] if kept < count else []


def clean(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Records as JSON takes them: Python's numbers, six digits, None where there is no finite value."""
    return [{key: _plain(value) for key, value in row.items()} for row in rows]


def _plain(value: object) -> object:
    """One value as JSON takes it."""
    if isinstance(value, str | bool | int) or value is None:
        return value
    number = float(np.asarray(value, dtype=float))
    return float(f"{number:.6g}") if np.isfinite(number) else None


def source(rows: list[dict[str, Any]]) -> "alt.InlineData":
    """Inline data of a chart, as JSON text: Altair copies and checks records one by one, but not a text."""
    import altair as alt

    text = json.dumps(clean(rows), allow_nan=False, separators=(",", ":"))
    return alt.InlineData(values=text, format=alt.JsonDataFormat(type="json"))
