"""Accuracy against the cost of inference: a curve with its band for each model and rule, the frontier on top."""

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from isoflop.figures.axes import Axis, axis
from isoflop.figures.observed import source
from isoflop.figures.theme import INK, SERIES, finish
from isoflop.testtime.budgets.report import BudgetReport

if TYPE_CHECKING:
    import altair as alt

COST: Final = "replace(format(datum.value, '~g'), 'e+', 'e')"
SMALL: Final = "datum.value < 1e-4 ? format(datum.value, '~e') : "
DASHES: Final = ((1, 0), (6, 3), (2, 2), (9, 3, 2, 3), (4, 4), (1, 3))
"""Strokes of the rules."""
UNITS: Final = {"dollars": "Cost of a problem ($)", "eFLOPs": "Cost of a problem (equivalent FLOPs)"}


def budget_figure(found: BudgetReport) -> "alt.LayerChart":
    """Draw accuracy against cost.

    Args:
        found: what inference buys.

    Returns:
        A line per model (colour) and rule (stroke), points at the numbers of samples, bands, and the frontier.
    """
    import altair as alt

    rows = _rows(found)
    line = [{"x": float(c.cost.value), "y": 100 * float(c.accuracy.value)} for c in found.frontier]
    across, up = _axes(found, rows)
    models = list(dict.fromkeys(route.model for route in found.menu.routes))
    rules = list(dict.fromkeys(route.rule for route in found.menu.routes))
    colours = alt.Scale(domain=models, range=[SERIES[k % len(SERIES)] for k in range(len(models))])
    dashes = alt.Scale(domain=rules, range=[list(DASHES[k % len(DASHES)]) for k in range(len(rules))])
    colour = alt.Color("model", type="nominal", scale=colours, legend=_legend())
    dash = alt.StrokeDash("rule", type="nominal", scale=dashes, legend=_legend())
    # A band for what is on the frontier; those of all would hide each other.
    banded = alt.Chart(source([row for row in rows if row["on"]]))
    base, detail = [across.x(), colour], alt.Detail("rule", type="nominal")
    chart, best = alt.Chart(source(rows)), alt.Chart(source(line))
    layers = [
        best.mark_line(strokeWidth=9, color=INK, opacity=0.16, interpolate="step-after").encode(across.x(), up.y()),
        banded.mark_area(opacity=0.14).encode(*base, up.y("low"), alt.Y2("high"), detail),
        chart.mark_line(strokeWidth=2).encode(*base, up.y(), dash),
        *(
            alt.Chart(source(some)).mark_point(filled=filled, fill=fill, size=34, opacity=1).encode(
                *base, up.y(), tooltip=_tips()
            )
            for filled, fill, some in (
                (True, alt.Undefined, [row for row in rows if not row["forecast"]]),
                (False, "white", [row for row in rows if row["forecast"]]),
            )
            if some
        ),
    ]  # fmt: skip
    return finish(layers, "What inference buys", _said(found))


def _legend() -> "alt.Legend":
    """Names over the chart, two to a line on a phone."""
    import altair as alt

    return alt.Legend(title=None, labelLimit=220, symbolOpacity=1, symbolStrokeWidth=2, columns=2)


def _tips() -> "list[alt.Tooltip]":
    """What a point says."""
    import altair as alt

    return [
        alt.Tooltip("model", type="nominal"),
        alt.Tooltip("rule", type="nominal"),
        alt.Tooltip("k", type="quantitative", title="samples", format=","),
        alt.Tooltip("cost", type="nominal"),
        alt.Tooltip("accuracy", type="nominal"),
    ]


def _rows(found: BudgetReport) -> list[dict[str, Any]]:
    """One record per option."""
    menu = found.menu
    low, high = menu.ends(menu.accuracy[1:])
    on = {choice.route.name for choice in found.frontier}
    rows = []
    for option, (r, j) in enumerate(menu.of.tolist()):
        route = menu.routes[r]
        k, value = int(route.ks[j]), float(menu.accuracy[0, option])
        row = {
            "x": float(menu.cost[0, option]), "y": 100 * value, "low": 100 * float(low[option]),
            "high": 100 * float(high[option]), "model": route.model, "rule": route.rule, "k": k,
            "on": route.name in on, "forecast": route.is_forecast(k),
            "cost": f"{menu.cost[0, option]:.3g} {menu.unit}",
            "accuracy": f"{value:.1%} [{low[option]:.1%}, {high[option]:.1%}]",
        }  # fmt: skip
        rows.append(row)
    return rows


def _axes(found: BudgetReport, rows: list[dict[str, Any]]) -> tuple[Axis, Axis]:
    """Cost in the logarithm, accuracy in percent."""
    costs = [row["x"] for row in rows]
    plain = axis("cost", [costs], title=UNITS.get(found.menu.unit, f"Cost of a problem ({found.menu.unit})"))
    label = SMALL + COST if min(costs) < 1e-4 else COST
    across = Axis(plain.title, plain.low, plain.high, label, plain.log, plain.ticks)
    spread = [np.array([row[end] for row in rows], dtype=float) for end in ("low", "high")]
    return across, axis("accuracy", spread, log=False, title="Accuracy (%)")


def _said(found: BudgetReport) -> list[str]:
    """What the marks are."""
    said = [
        f"Points: numbers of samples of a problem. Bands: {found.menu.level:.0%} intervals"
        f"{f' over {len(found.menu.problems)} problems' if found.menu.problems else ''}, where a curve is part of the "
        "frontier. Grey: the best for each budget."
    ]
    if any(route.is_forecast(int(route.ks[-1])) for route in found.menu.routes):
        said.append("Hollow points: forecasts beyond the samples at hand, and laws.")
    return said
