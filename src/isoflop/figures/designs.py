"""The runs to buy next: where they lie among those that could be bought, and the interval to expect after each."""

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.figures.axes import Axis, axis, text_of
from isoflop.figures.observed import source, thin, thinned_note
from isoflop.figures.theme import BLUE, INK, MUTED, VERMILION, finish
from isoflop.plan.design.designed import Design
from isoflop.units import format_quantity

if TYPE_CHECKING:
    import altair as alt

Array = NDArray[Any]

NUMBERED: Final = 12
"""Chosen runs that carry their number; more would cover each other."""


def design_figure(design: Design) -> "alt.LayerChart":
    """Draw the runs that could be bought, the chosen ones with their order, and the target.

    Args:
        design: as `next_runs` gave it.

    Returns:
        Data against size, or cost against the law's first column.
    """
    import altair as alt

    words = _words(design)
    pool, chosen = _pool(design, words), _chosen(design, words)
    aims = [] if words[1] == "cost" else [{"x": t[words[0]], "y": t[words[1]]} for t in design.targets]
    pick = thin(np.array([row["y"] for row in pool]))
    across, up = (_axis(design, word, key, pool + chosen + aims) for word, key in zip(words, "xy", strict=True))
    tips = [alt.Tooltip("text", type="nominal", title="run"), alt.Tooltip("then", type="nominal", title="expected")]
    offers = alt.Chart(source([pool[k] for k in pick.tolist()]))
    bought = alt.Chart(source(chosen))
    layers = [
        offers.mark_circle(size=18, color=MUTED, opacity=0.4, clip=True).encode(across.x(), up.y()),
        bought.mark_circle(size=80, color=BLUE, opacity=0.85, clip=True).encode(across.x(), up.y(), tooltip=tips),
        *_numbers(chosen, across, up),
        *_aims(aims, across, up),
    ]
    said = [
        f"Blue: the {len(chosen)} runs to buy, numbered in the order in which they pay{_rest(chosen)}; grey: the "
        "others that were offered; orange: the target."
    ]
    return finish(layers, "The runs to buy next", said + thinned_note(len(pick), len(pool)))


def promise_figure(design: Design) -> "alt.LayerChart":
    """Draw the half-width of the interval to expect after each run against the money spent.

    Args:
        design: as `next_runs` gave it.

    Returns:
        Half-width in percent against cost; the first point is today.
    """
    import altair as alt

    spent = np.concatenate([[0.0], np.cumsum([run.cost for run in design.runs])])
    widths = [design.half_width_before, *(run.half_width for run in design.runs)]
    rows = [
        {"x": 100 * x / design.budget, "y": 100 * width, "text": "today" if k == 0 else f"after run {k}",
         "money": f"{format_quantity(x)} {design.unit}", "then": f"±{width:.2%}"}
        for k, (x, width) in enumerate(zip(spent.tolist(), widths, strict=True))
    ]  # fmt: skip
    across = axis("share", [[0.0], [row["x"] for row in rows]], log=False, title="Share of the budget spent (%)")
    title = f"Half-width of the {design.level:.0%} interval (%)"
    up = axis("width", [[0.0], [row["y"] for row in rows]], log=False, title=title)
    fields = (("text", "when"), ("then", "half-width"), ("money", "spent"))
    tips = [alt.Tooltip(field, type="nominal", title=name) for field, name in fields]
    chart, words = alt.Chart(source(rows)), alt.Text("then", type="nominal")
    style: Any = {"color": INK, "fontSize": 12}
    above, below = {**style, "baseline": "bottom", "dy": -5}, {**style, "baseline": "top", "dy": 6}
    layers = [
        chart.mark_line(interpolate="step-after", strokeWidth=2, color=BLUE).encode(across.x(), up.y()),
        chart.mark_circle(size=36, color=BLUE, opacity=1).encode(across.x(), up.y(), tooltip=tips),
        alt.Chart(source(rows[:1])).mark_text(align="left", dx=6, **above).encode(across.x(), up.y(), words),
        alt.Chart(source(rows[1:][-1:])).mark_text(align="right", **below).encode(across.x(), up.y(), words),
    ]
    of = "difference in ln of the response" if design.decision else "forecast at the target"
    said = [
        f"Relative half-width of the {of}, today and to expect after each run, if the law holds; mean over the "
        f"targets. The budget is {format_quantity(design.budget)} {design.unit}."
    ]
    return finish(layers, "The interval to expect", said)


def _words(design: Design) -> tuple[str, str]:
    """What lies across and what stands: size and data, or the law's first column and the cost."""
    columns = [w for w, v in design.pool.columns.items() if v.dtype != object]
    if {"params", "tokens"} <= set(columns):
        return "params", "tokens"
    return (columns[0], "cost") if columns else ("cost", "cost")


def _axis(design: Design, word: str, key: str, rows: list[dict[str, Any]]) -> Axis:
    """An axis around pool, chosen runs and targets."""
    title = f"Cost ({design.unit})" if word == "cost" else None
    return axis("flops" if word == "cost" else word, [[row[key] for row in rows]], title=title)


def _pool(design: Design, words: tuple[str, str]) -> list[dict[str, Any]]:
    """Everything that could be bought."""
    columns = {**design.pool.columns, "cost": design.pool.cost}
    x, y = (np.asarray(columns[w], dtype=float).tolist() for w in words)
    return [{"x": a, "y": b} for a, b in zip(x, y, strict=True)]


def _chosen(design: Design, words: tuple[str, str]) -> list[dict[str, Any]]:
    """The chosen runs in their order."""
    found = []
    for k, run in enumerate(design.runs, 1):
        columns = {**run.columns, "cost": run.cost}
        shown = ", ".join(f"{w} {v if isinstance(v, str) else text_of(w, float(v))}" for w, v in run.columns.items())
        x, y = (float(columns[w]) for w in words)
        found.append({"x": x, "y": y, "order": str(k), "text": f"{k}. {shown}", "then": f"±{run.half_width:.2%}"})
    return found


def _numbers(chosen: list[dict[str, Any]], across: Axis, up: Axis) -> list[Any]:
    """The order beside the first runs; runs at one place share a label."""
    import altair as alt

    places: dict[tuple[float, float], list[str]] = {}
    for row in chosen[:NUMBERED]:
        places.setdefault((row["x"], row["y"]), []).append(row["order"])
    rows = [{"x": x, "y": y, "order": ", ".join(own)} for (x, y), own in places.items()]
    text = alt.Chart(source(rows)).mark_text(color=INK, fontSize=11, dx=7, dy=-7, align="left", clip=True)
    return [text.encode(across.x(), up.y(), alt.Text("order", type="nominal"))] if rows else []


def _rest(chosen: list[dict[str, Any]]) -> str:
    """That not all of them carry a number."""
    return f" (the first {NUMBERED})" if len(chosen) > NUMBERED else ""


def _aims(aims: list[dict[str, Any]], across: Axis, up: Axis) -> list[Any]:
    """The targets."""
    import altair as alt

    if not aims:
        return []
    mark = alt.Chart(source(aims)).mark_point(shape="diamond", filled=True, size=110, color=VERMILION, opacity=1)
    return [mark.encode(across.x(), up.y())]
