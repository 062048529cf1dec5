"""Samples of problems: pass@k with its forecast, the back-test of the forecast, how hard the problems are."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from isoflop.errors import InputError
from isoflop.figures.axes import COUNT, Axis, axis
from isoflop.figures.observed import source, thin
from isoflop.figures.theme import BLUE, GREEN, GRID, INK, MUTED, SERIES, VERMILION, finish
from isoflop.fit.estimate import Estimate
from isoflop.testtime.counts import Counts
from isoflop.testtime.forecasts.summary import HEADLINE, SampleSummary, samples_each

if TYPE_CHECKING:
    import altair as alt

BINS: Final = 10
"""Bars of pass rates between never and always."""
PASS: Final = "pass@k: one of k is right"
HAT: Final = "pass^k: all k are right"
AHEAD: Final = "forecast"


def coverage_figure(found: SampleSummary) -> "alt.LayerChart":
    """Draw pass@k and pass^k of the samples at hand, and the forecast of pass@k beyond them.

    Args:
        found: a summary.

    Returns:
        Estimates with the bands of problems drawn again; the forecast with its band; the range of the samples shaded.
    """
    import altair as alt

    rows = [*_curve(PASS, found.ks, found.pass_at_k), *_curve(HAT, found.ks, found.pass_hat_k)]
    law, made = found.forecasts, found.headline
    ahead = [] if law is None or made is None else _curve(AHEAD, law.ks, made)
    along = _samples_axis([[row["x"] for row in rows], [row["x"] for row in ahead]])
    up = _share_axis()
    names = [PASS, HAT, *([AHEAD] if ahead else [])]
    colour = _colour(names, [BLUE, GREEN, VERMILION][: len(names)])
    tips = _tips()
    seen, beyond = alt.Chart(source(rows)), alt.Chart(source(ahead))
    layers = [
        *_seen_range(along, up, float(found.counts.fewest)),
        seen.mark_area(opacity=0.16).encode(along.x(), up.y("low"), alt.Y2("high"), colour),
        seen.mark_line(strokeWidth=1.6).encode(along.x(), up.y(), colour),
        seen.mark_circle(size=36, opacity=1).encode(along.x(), up.y(), colour, tooltip=tips),
    ]
    if ahead:
        layers.insert(1, beyond.mark_area(opacity=0.16).encode(along.x(), up.y("low"), alt.Y2("high"), colour))
        line = beyond.mark_line(strokeWidth=2, strokeDash=[6, 3])
        layers.insert(2, line.encode(along.x(), up.y(), colour, tooltip=tips))
    return finish(layers, "Problems solved by k samples", _said(found))


def comparison_of_samples(summaries: Sequence[SampleSummary]) -> "alt.LayerChart":
    """Draw pass@k of several parts of a source, each with its forecast.

    Args:
        summaries: at least two.

    Returns:
        Solid lines over the samples at hand, dashed ones beyond; of many parts, some that lie evenly by rank.

    Raises:
        InputError: fewer than two summaries.
    """
    import altair as alt

    if len(summaries) < 2:
        raise InputError("A comparison needs two parts at least. Draw the only one by itself.")
    order = sorted(summaries, key=lambda one: -float(one.pass_at_k.value[0]))
    pick = [order[i] for i in thin(np.arange(len(order)), len(SERIES))]
    rows: list[dict[str, Any]] = []
    for one in pick:
        rows += [row | {"part": "at hand"} for row in _curve(one.name, one.ks, one.pass_at_k)]
        made = one.headline
        if one.forecasts is not None and made is not None:
            beyond = one.forecasts.ks >= one.counts.fewest
            ends = (made.interval[0][beyond], made.interval[1][beyond])
            cut = replace(made, value=made.value[beyond], interval=ends)
            rows += [row | {"part": "forecast"} for row in _curve(one.name, one.forecasts.ks[beyond], cut)]
    along, up = _samples_axis([[row["x"] for row in rows]]), _fitting([row["y"] for row in rows])
    names = [one.name for one in pick]
    colour = _colour(names, SERIES[: len(names)])
    dash = alt.StrokeDash(
        "part", type="nominal", scale=alt.Scale(domain=["at hand", "forecast"], range=[[1, 0], [5, 4]]), legend=None
    )
    chart = alt.Chart(source(rows)).mark_line(strokeWidth=2)
    layers = [chart.encode(along.x(), up.y(), colour, dash, tooltip=_tips())]
    said = ["Solid: pass@k of the samples at hand; dashed: forecast."]
    if len(pick) < len(order):
        said.append(f"{len(pick)} of {len(order)} are drawn, evenly by rank of pass@1.")
    return finish(layers, "Problems solved by k samples", said)


def hidden_figure(found: SampleSummary) -> "alt.LayerChart":
    """Draw the errors of forecasts of coverage that was hidden from them.

    Args:
        found: a summary with a back-test.

    Returns:
        Forecast minus truth in points of percent, by how many times the kept samples k is, coloured by method.

    Raises:
        InputError: the summary has no back-test.
    """
    import altair as alt

    if found.tested is None:
        raise InputError("There is no back-test to draw. Make one, from 8 samples of every problem on.")
    rows = [
        {"x": 10**p.distance_decades, "y": 100 * (p.predicted - p.observed), "method": one.method, "kept": p.row,
         "k": p.columns["k"], "observed": p.observed, "predicted": p.predicted}
        for one in found.tested.methods for p in one.predictions
    ]  # fmt: skip
    along = axis("times", [[row["x"] for row in rows], [1.0]], log=True, title="k, in multiples of the kept samples")
    up = axis("error", [[row["y"] for row in rows], [0.0]], log=False, title="Forecast − truth (points of percent)")
    names = [one.method for one in found.tested.methods]
    colour = _colour(names, SERIES[: len(names)], "method")
    formats = (("kept", ",d"), ("k", ",d"), ("observed", ".1%"), ("predicted", ".1%"))
    tips = [alt.Tooltip("method", type="nominal")]
    tips += [alt.Tooltip(field, type="quantitative", format=form) for field, form in formats]
    zero = alt.Chart(source([{"at": 0.0}])).mark_rule(color=INK)
    points = alt.Chart(source(rows)).mark_circle(size=40, opacity=0.75)
    kept = " and ".join(str(k) for k in found.tested.kept)
    said = [f"From {kept} of {found.tested.samples} samples, drawn {found.tested.repeats} times each."]
    return finish(
        [zero.encode(up.y("at")), points.encode(along.x(), up.y(), colour, tooltip=tips)],
        "Back-test: the larger k hidden", said,
    )  # fmt: skip


def rates_figure(counts: Counts) -> "alt.LayerChart":
    """Draw how many problems have which pass rate.

    Args:
        counts: samples and correct ones of every problem.

    Returns:
        Bars, with those never and always solved beside the others.
    """
    import altair as alt

    rates = counts.rates
    inside = (counts.c > 0) & (counts.c < counts.n)
    bars = np.histogram(rates[inside], bins=np.linspace(0, 1, BINS + 1))[0]
    labels = [f"{100 * k // BINS}–{100 * (k + 1) // BINS} %" for k in range(BINS)]
    never, always = int(np.count_nonzero(counts.c == 0)), int(np.count_nonzero(counts.c == counts.n))
    rows = [
        {"rate": name, "problems": count, "kind": kind}
        for name, count, kind in zip(
            ("never", *labels, "always"), (never, *bars.tolist(), always), ("end", *["between"] * BINS, "end"),
            strict=True,
        )
    ]  # fmt: skip
    order = [str(row["rate"]) for row in rows]
    down = alt.Y("rate", type="nominal", sort=order, title=None, axis=alt.Axis(labelFontSize=12, grid=False))
    across = axis("problems", [[0.0], [row["problems"] for row in rows]], log=False, title="Problems")
    across = replace(across, low=0.0)
    scale = alt.Scale(domain=["end", "between"], range=[MUTED, BLUE])
    colour = alt.Color("kind", type="nominal", scale=scale, legend=None)
    tips = [alt.Tooltip("rate", type="nominal", title="pass rate"), alt.Tooltip("problems", type="quantitative")]
    marks = alt.Chart(source(rows)).mark_bar(size=14).encode(across.x("problems"), down, colour, tooltip=tips)
    said = [f"Share of correct samples; {samples_each(counts)} samples of each problem."]
    return finish([marks], "How hard the problems are", said)


def _curve(name: str, ks: Any, found: Estimate) -> list[dict[str, Any]]:  # noqa: ANN401 - numbers of samples
    """One record per k."""
    low, high = found.interval
    return [
        {"x": float(k), "y": float(found.value[i]), "low": float(low[i]), "high": float(high[i]), "series": name}
        for i, k in enumerate(ks)
    ]


def _samples_axis(values: Sequence[Sequence[float]]) -> Axis:
    """Numbers of samples, lying."""
    return replace(axis("samples", values, log=True, title="Samples k"), label=COUNT)


def _share_axis() -> Axis:
    """Shares of problems from none to all, standing."""
    whole = axis("share", [[0.0, 1.0]], log=False, title="Share of problems")
    return replace(whole, low=0.0, high=1.0, label="format(datum.value, '.0%')", ticks=(0.0, 0.2, 0.4, 0.6, 0.8, 1.0))


def _fitting(values: Sequence[float]) -> Axis:
    """Shares of problems, the axis cut to what is there."""
    return replace(axis("share", [values], log=False, title="Share of problems"), label="format(datum.value, '.0%')")


def _colour(names: Sequence[str], colours: Sequence[str], field: str = "series") -> "alt.Color":
    """Colour by series, named above the figure."""
    import altair as alt

    scale = alt.Scale(domain=list(names), range=list(colours))
    legend = alt.Legend(title=None, columns=1, symbolOpacity=1, labelLimit=270)
    return alt.Color(field, type="nominal", scale=scale, legend=legend)


def _tips() -> list[Any]:
    """What a tooltip of a curve shows."""
    import altair as alt

    shares = (("y", "share"), ("low", "from"), ("high", "to"))
    return [
        alt.Tooltip("series", type="nominal"),
        alt.Tooltip("x", type="quantitative", title="k", format=",d"),
        *(alt.Tooltip(field, type="quantitative", title=title, format=".2%") for field, title in shares),
    ]


def _seen_range(along: Axis, up: Axis, most: float) -> list[Any]:
    """The range of the samples at hand, shaded."""
    import altair as alt

    if most <= along.low:
        return []
    box = alt.Chart(source([{"x": along.low, "end": min(most, along.high), "y": up.low, "top": up.high}]))
    shade = box.mark_rect(color=GRID, opacity=0.55)
    return [shade.encode(along.x(), alt.X2("end"), up.y(), alt.Y2("top"))]


def _said(found: SampleSummary) -> list[str]:
    """What the bands are."""
    said = [
        f"{len(found.counts):,} problems. Shaded: the samples at hand.",
        f"Bands: {found.level:.0%} intervals, problems drawn again; of the forecast, for these very problems.",
    ]
    if found.headline is not None:
        tried = f"smallest error in the back-test: {found.best}" if found.tested is not None else "not back-tested"
        said.append(f"Forecast: {HEADLINE}; {tried}.")
    return said
