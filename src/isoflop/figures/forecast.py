"""The forecast beyond the runs: loss along the compute-optimal sizes, its bands, and how far it reaches."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import LawError
from isoflop.figures.axes import Axis, axis, column_title, text_of
from isoflop.figures.curves import complete
from isoflop.figures.isoflop import has_isoflops
from isoflop.figures.observed import Observed, observed, source, thin, thinned_note
from isoflop.figures.place import NOWHERE, Place, best_params, held_words, inputs_at, open_words
from isoflop.figures.theme import BLUE, GRID, INK, MUTED, VERMILION, finish
from isoflop.fit import Fit, Forecast
from isoflop.fit.prepare import prepare
from isoflop.runs import RunTable

if TYPE_CHECKING:
    import altair as alt

Array = NDArray[Any]

STEPS: Final = 60
REACH: Final = 2.0
"""Decades beyond the runs when no target is given."""


@dataclass(frozen=True)
class Path:
    """Where a forecast is made.

    Attributes:
        word: column along the axis.
        x: places along it, shape (steps,).
        columns: what the law is given there.
    """

    word: str
    x: Array
    columns: dict[str, Any]


def can_forecast(fit: Fit, at: Place = NOWHERE) -> bool:
    """Whether the law leads along one line: compute-optimal sizes, or the only column that is not held."""
    return has_isoflops(fit, at) or (len(open_words(fit, at)) == 1 and not set(fit.levels) - set(at))


def forecast_figure(
    fit: Fit,
    table: RunTable,
    *,
    target: float | None = None,
    held_out: RunTable | None = None,
    at: Place = NOWHERE,
) -> "alt.LayerChart":
    """Draw the forecast along the compute-optimal sizes, from the runs to a target.

    Args:
        fit: a fit with draws.
        table: the runs that it was fitted to.
        target: compute to reach (or value of the law's only column); two decades beyond the runs when None.
        held_out: larger runs that the fit has not seen, drawn beside what it says about each of them.
        at: levels of indexed parameters, whose runs are drawn, and values of the law's further columns.

    Returns:
        Runs, their range shaded, the forecast with the band of the mean and of a new run, decades beyond the runs.

    Raises:
        LawError: the law needs further columns, or the fit has no draws.
        FitError: these are not the fit's runs.
    """
    import altair as alt

    seen = observed(fit, table, at)
    path = _path(fit, seen, target, at)
    if not len(path.x):
        raise LawError(f"Law {fit.law.name!r} has no compute-optimal size in this range. Give another target.")
    mean = fit.predict(new_run=False, **path.columns)
    new = fit.predict(new_run=True, **path.columns)
    others = _held_out(fit, held_out, path.word)
    values = seen.columns[path.word]
    along = axis(path.word, [values, path.x, [row["x"] for row in others]])
    up = _height(seen, new, others)
    rows = [
        {"x": x, "y": mean.value[k], "low": mean.interval[0][k], "high": mean.interval[1][k],
         "new_low": new.interval[0][k], "new_high": new.interval[1][k]}
        for k, x in enumerate(path.x)
    ]  # fmt: skip
    chart = alt.Chart(source(rows))
    pick = thin(values)
    points = alt.Chart(source(seen.records(pick, path.word, None))).mark_circle(size=28, opacity=0.6, color=BLUE)
    layers = [
        *_range_layers(along, float(values.min()), float(values.max())),
        chart.mark_area(opacity=0.15, color=INK, clip=True).encode(along.x(), up.y("new_low"), alt.Y2("new_high")),
        chart.mark_area(opacity=0.25, color=INK, clip=True).encode(along.x(), up.y("low"), alt.Y2("high")),
        chart.mark_line(strokeWidth=2, color=INK, clip=True).encode(along.x(), up.y()),
        points.encode(along.x(), up.y(), tooltip=seen.tooltip(path.word)),
        *_held_out_layers(others, along, up),
        *_target_layers(fit, path, target, (along, up), at),
    ]
    said = _said(fit, path, float(values.max()), others) + thinned_note(len(pick), len(values))
    title = f"Forecast of {fit.response} beyond the runs"
    return finish(layers, f"{title}, {held_words(at)}" if at else title, said)


def line_word(fit: Fit, at: Place = NOWHERE) -> str:
    """Column along which a forecast goes: compute where sizes are chosen, else the only one that is not held."""
    return "flops" if has_isoflops(fit, at) else next(iter(open_words(fit, at)))


def _path(fit: Fit, seen: Observed, target: float | None, at: Place) -> Path:
    """Places of the forecast, and what the law is given there."""
    if not can_forecast(fit, at):
        raise LawError(
            f"Law {fit.law.name!r} needs {', '.join((*fit.law.columns, *fit.levels))}: no single line leads beyond the "
            "runs. Hold the others (at=…), or forecast points with fit.predict."
        )
    word = line_word(fit, at)
    if word not in seen.columns:
        raise LawError(f"The runs have no column {word!r} to forecast along.")
    values = seen.columns[word]
    end = max(float(values.max()) * 10**REACH if target is None else target * 1.6, float(values.max()))
    x = np.geomspace(float(values.min()), end, STEPS)
    if not has_isoflops(fit, at):
        return Path(word, x, {word: x, **at})
    params = best_params(fit, fit.theta, x, at)
    found = np.isfinite(params)
    columns = complete({"flops": x[found], "params": params[found]})
    return Path(word, x[found], inputs_at(fit, columns, at))


def _height(seen: Observed, new: Forecast, others: list[dict[str, Any]]) -> Axis:
    """Vertical axis; a band that reaches far below or above is cut at thrice the span of the values."""
    values = np.concatenate([seen.response, new.value, [row["y"] for row in others]])
    low, high = float(values.min()), float(values.max())
    spread = [np.clip(end, low - 0.5 * (high - low), high + 0.1 * (high - low)) for end in new.interval]
    return seen.response_axis([values, *spread])


def _range_layers(along: Axis, low: float, high: float) -> list[Any]:
    """The runs' range as a shade, and a line at each decade beyond it."""
    import altair as alt

    shade = alt.Chart(source([{"x": low, "end": high}])).mark_rect(color=GRID, opacity=0.55)
    layers: list[Any] = [shade.encode(along.x(), alt.X2("end"))]
    decades = int(np.floor(np.log10(along.high / high)))
    rows = [{"x": high * 10.0**k, "text": f"+{k} decade{'s' if k > 1 else ''}"} for k in range(1, decades + 1)]
    every = max(int(np.ceil(len(rows) / 4)), 1)
    if rows:
        lines = alt.Chart(source(rows[every - 1 :: every]))
        layers.append(lines.mark_rule(color=MUTED, strokeDash=[2, 4]).encode(along.x()))
        words = lines.mark_text(color=MUTED, angle=270, align="right", baseline="bottom", dy=-3, dx=-4, fontSize=11)
        layers.append(words.encode(along.x(), alt.Text("text", type="nominal"), y=alt.value(0)))
    return layers


def _held_out(fit: Fit, table: RunTable | None, word: str) -> list[dict[str, Any]]:
    """Held-out runs, and what the fit says about each."""
    if table is None:
        return []
    runs = prepare(fit.law, table, fit.response)
    columns: dict[str, Any] = {w: runs.column(w) for w in fit.law.columns}
    found = fit.predict(new_run=True, **columns, **_labels(fit, runs))
    everything = complete({w: runs.column(w) for w in ("params", "tokens", "flops") if w in runs.names} | columns)
    return [
        {"x": everything[word][k], "y": y, "forecast": found.value[k], "low": found.interval[0][k],
         "high": found.interval[1][k], "row": int(runs.source_rows[k])}
        for k, y in enumerate(runs.column(fit.response))
    ]  # fmt: skip


def _labels(fit: Fit, runs: RunTable) -> dict[str, Any]:
    """Level of every run in each column of an indexed parameter."""
    found = {}
    for column in fit.levels:
        names, codes = runs.labels(column)
        found[column] = [names[code] for code in codes]
    return found


def _held_out_layers(rows: list[dict[str, Any]], along: Axis, up: Axis) -> list[Any]:
    """Open circles for what was measured, bars for what was forecast."""
    import altair as alt

    if not rows:
        return []
    chart = alt.Chart(source(rows))
    tips = [
        alt.Tooltip("row", type="quantitative", title="row in the file"),
        alt.Tooltip("y", type="quantitative", title="observed", format=".5~g"),
        alt.Tooltip("forecast", type="quantitative", title="forecast", format=".5~g"),
        alt.Tooltip("low", type="quantitative", title="from", format=".5~g"),
        alt.Tooltip("high", type="quantitative", title="to", format=".5~g"),
    ]
    bars = chart.mark_rule(color=VERMILION, strokeWidth=2, opacity=0.55, clip=True)
    marks = chart.mark_point(color=VERMILION, size=46, strokeWidth=2, fill="white", opacity=1)
    return [bars.encode(along.x(), up.y("low"), alt.Y2("high")), marks.encode(along.x(), up.y(), tooltip=tips)]


def _target_layers(fit: Fit, path: Path, target: float | None, axes: tuple[Axis, Axis], at: Place) -> list[Any]:
    """The forecast at the target: a diamond and its interval."""
    import altair as alt

    if target is None:
        return []
    along, up = axes
    place = int(np.abs(np.log(path.x / target)).argmin())
    ratio = target / path.x[place]
    # Between two places of the path the optimal size follows the same power of compute.
    if path.word == "flops" and has_isoflops(fit, at):
        params = best_params(fit, fit.theta, target, at)
        whole = complete({"flops": np.array([target]), "params": np.atleast_1d(params)})
        columns = inputs_at(fit, whole, at)
    else:
        columns = {path.word: np.array([path.x[place] * ratio]), **at}
    found = fit.predict(new_run=True, **columns)
    row = {"x": target, "y": found.value[0], "low": found.interval[0][0], "high": found.interval[1][0]}
    if not np.isfinite(row["y"]):
        return []
    text = f"{row['y']:.4g} [{row['low']:.4g}, {row['high']:.4g}] at {text_of(path.word, target)}"
    chart = alt.Chart(source([{**row, "text": text}]))
    tip = alt.Tooltip("text", type="nominal", title=fit.response)
    bar = chart.mark_rule(color=VERMILION, strokeWidth=2.5, clip=True).encode(along.x(), up.y("low"), alt.Y2("high"))
    mark = chart.mark_point(shape="diamond", filled=True, size=110, color=VERMILION, opacity=1)
    return [bar, mark.encode(along.x(), up.y(), tooltip=tip)]


def _said(fit: Fit, path: Path, largest: float, others: list[dict[str, Any]]) -> list[str]:
    """What line and bands are, and how far they reach."""
    optimal = path.word == "flops" and "params" in path.columns
    line = "at the compute-optimal size" if optimal else f"against {column_title(path.word).lower()}"
    far = np.log10(path.x.max() / largest)
    said = [
        f"The line is the fitted law {line}; dark band: {fit.level:.0%} interval of its mean, pale: of a new run. "
        f"Shaded: where the runs lie; the line ends {far:.1f} decades beyond."
    ]
    if others:
        said.append("Open circles: held-out runs; bars: what the fit said of each.")
    return said
