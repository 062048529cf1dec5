"""Observed losses with the fitted curves and their bands, and the residuals that they leave."""

from typing import TYPE_CHECKING, Any

import numpy as np

from isoflop.figures.axes import Axis, axis, size_colour
from isoflop.figures.curves import Curve, fitted_curves
from isoflop.figures.observed import Observed, observed, source, thin, thinned_note
from isoflop.figures.theme import BLUE, INK, MUTED, VERMILION, finish
from isoflop.fit import Fit
from isoflop.fit.objective import robust_scale
from isoflop.runs import RunTable

if TYPE_CHECKING:
    import altair as alt


def fit_figure(fit: Fit, table: RunTable, *, against: str | None = None) -> "alt.LayerChart":
    """Draw the runs, coloured by size, with the fitted law.

    Args:
        fit: the fit; with draws, its curves get bands.
        table: the runs that it was fitted to.
        against: column along the axis; compute when None and the law has sizes.

    Returns:
        Points, and curves at up to six of the sizes; for a law of further columns, the fitted value of each run.

    Raises:
        FitError: these are not the fit's runs, or have no such column.
    """
    import altair as alt

    seen = observed(fit, table)
    x = seen.axis_word(against, fit.law.columns)
    size = seen.size_word(x)
    pick = thin(seen.columns[x])
    curves = fitted_curves(fit, seen, x, size)
    along, up = _axes(seen, x, curves)
    colour: object = alt.ColorValue(BLUE) if size is None else size_colour(seen.columns[size], word=size)
    points = alt.Chart(source(seen.records(pick, x, size)))
    layers = [
        *_curve_layers(curves, along, up, colour),
        points.mark_circle(size=34, opacity=0.75).encode(along.x(), up.y(), colour, tooltip=seen.tooltip(x)),
    ]
    if not curves:
        marks = points.mark_tick(thickness=2, size=10, orient="horizontal", color=INK)
        layers.append(marks.encode(along.x(), up.y("fitted")))
    said = _said(fit, curves, size) + thinned_note(len(pick), len(seen.response))
    return finish(layers, f"{fit.law.name} and the {fit.rows:,} runs", said)


def _axes(seen: Observed, x: str, curves: list[Curve]) -> tuple[Axis, Axis]:
    """Axes around points and curves; bands are cut where they leave the picture."""
    reach = [c.value for c in curves]
    low, high = float(seen.response.min()), float(seen.response.max())
    inside = [np.clip(v, low - 0.1 * (high - low), high + 0.1 * (high - low)) for v in reach]
    along = axis(x, [seen.columns[x], *(c.x for c in curves)])
    return along, seen.response_axis([seen.response, *inside])


def _curve_layers(curves: list[Curve], along: Axis, up: Axis, colour: object) -> list[Any]:
    """Bands under lines."""
    import altair as alt

    if not curves:
        return []
    rows = [row for k, c in enumerate(curves) for row in c.records(str(k))]
    chart = alt.Chart(source(rows))
    group = alt.Detail("curve", type="nominal")
    tint = colour if curves[0].size is not None else alt.ColorValue(INK)
    line = chart.mark_line(strokeWidth=1.8, clip=True).encode(along.x(), up.y(), tint, group)
    if curves[0].low is None:
        return [line]
    band = chart.mark_area(opacity=0.22, clip=True).encode(along.x(), up.y("low"), alt.Y2("high"), tint, group)
    return [band, line]


def _said(fit: Fit, curves: list[Curve], size: str | None) -> list[str]:
    """What lines and bands are."""
    if not curves:
        return ["Short lines are the fitted value of each run."]
    said = "Lines are the fitted law"
    if curves[0].size is not None:
        said += f" at {len(curves)} values of {size}"
    return [said + (f"; bands are its {fit.level:.0%} intervals." if fit.draws is not None else ".")]


def residual_figure(fit: Fit, table: RunTable, *, against: str | None = None) -> "alt.LayerChart":
    """Draw what the law leaves unexplained, with the residuals' robust scale.

    Args:
        fit: the fit.
        table: the runs that it was fitted to.
        against: column along the axis; compute when None and the law has sizes.

    Returns:
        Residuals in percent of the loss (in its unit for objectives on the raw loss), zero, and ± two robust scales.

    Raises:
        FitError: these are not the fit's runs, or have no such column.
    """
    import altair as alt

    seen = observed(fit, table)
    x = seen.axis_word(against, fit.law.columns)
    size = seen.size_word(x)
    pick = thin(seen.columns[x])
    factor, unit = (100.0, " (%)") if fit.objective.log else (1.0, f" ({fit.law.unit})")
    scale = factor * robust_scale(fit.residuals, sum(fit.free))
    along = axis(x, [seen.columns[x]])
    up = axis(
        "residual", [factor * seen.residuals, [-2.2 * scale, 2.2 * scale]], log=False, title=f"Observed − fitted{unit}"
    )
    rows = [{**row, "residual": factor * row["residual"]} for row in seen.records(pick, x, size)]
    colour: object = alt.ColorValue(BLUE) if size is None else size_colour(seen.columns[size], word=size)
    outside = int((np.abs(factor * seen.residuals) > 2 * scale).sum())
    rules = alt.Chart(source([{"at": -2 * scale}, {"at": 2 * scale}])).mark_rule(color=VERMILION, strokeDash=[5, 4])
    zero = alt.Chart(source([{"at": 0.0}])).mark_rule(color=MUTED)
    points = alt.Chart(source(rows)).mark_circle(size=30, opacity=0.75)
    layers = [
        zero.encode(up.y("at")),
        rules.encode(up.y("at")),
        points.encode(along.x(), up.y("residual"), colour, tooltip=seen.tooltip(x)),
    ]
    said = [
        f"Dashed: ± 2 robust scales, one scale = {scale:.3g}{'%' if fit.objective.log else ''}; "
        f"{outside} of {len(seen.response):,} runs lie outside."
    ]
    return finish(layers, f"Residuals against {x}", said + thinned_note(len(pick), len(seen.response)))
