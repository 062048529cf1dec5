"""Recipes side by side: their curves with bands, where they cross, and the compute multiplier along the scale."""

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from isoflop.figures.axes import Axis, axis, column_title, text_of
from isoflop.figures.observed import source, thin
from isoflop.figures.theme import GREEN, GRID, INK, MUTED, SERIES, finish
from isoflop.recipes.comparison import RecipeComparison
from isoflop.recipes.crossover import Crossing
from isoflop.recipes.trace import Band, trace_multipliers, trace_responses

if TYPE_CHECKING:
    import altair as alt

POINTS: Final = 400
"""Runs in the figure."""
BEYOND: Final = 1.6
"""Factor beyond the scale that was asked for at which the curves end."""
WIDEST: Final = 3.0
"""A band that reaches further than this many spans of the curves is cut there."""


def recipes_figure(found: RecipeComparison) -> "alt.LayerChart":
    """Draw the fitted curves of the recipes with their bands, the runs, and where curves cross.

    Args:
        found: the comparison.

    Returns:
        Response against the scale.
    """
    import altair as alt

    bands = trace_responses(found.curves, _span(found))
    points = _points(found)
    across, up = _axes(found, bands, points)
    runs = alt.Chart(source(points)).mark_circle(size=30, opacity=0.65, clip=True)
    colour = _colour(found, found.curves.names)
    tips = [
        alt.Tooltip("name", type="nominal", title="recipe"),
        alt.Tooltip("text", type="nominal", title=column_title(found.column)),
        alt.Tooltip("y", type="quantitative", title=found.response, format=".5~g"),
    ]
    layers = [
        *_crossing_layers(found, across),
        *_band_layers(bands, across, up, colour),
        runs.encode(across.x(), up.y(), colour, tooltip=tips),
        _place(found, across),
    ]
    return finish(
        layers, f"{found.response.replace('_', ' ').capitalize()} of the recipes along the scale", _said(found)
    )


def multiplier_figure(found: RecipeComparison) -> "alt.LayerChart":
    """Draw how many times its compute the baseline needs to do as well as each recipe.

    Args:
        found: the comparison.

    Returns:
        Compute multiplier against the scale; 1 is the baseline itself.
    """
    import altair as alt

    bands = trace_multipliers(found.curves, found.baseline, _span(found))
    across = axis(found.column, [band.x for band in bands])
    middle = np.concatenate([band.value for band in bands])
    middle = middle[np.isfinite(middle)]
    title = f"Compute multiplier over {found.baseline}"
    reach = [np.clip(end, middle.min() / 2, middle.max() * 2) for band in bands for end in (band.low, band.high)]
    up = axis("multiplier", [middle, [1.0], *reach] if len(middle) else [[0.5, 2.0]], log=True, title=title)
    up = Axis(up.title, up.low, up.high, "format(datum.value, '~g') + '×'", log=True, ticks=up.ticks)
    one = alt.Chart(source([{"y": 1.0}])).mark_rule(color=INK, opacity=0.5).encode(up.y())
    colour = _colour(found, tuple(band.name for band in bands))
    layers = [_data_range(found, across), one, *_band_layers(bands, across, up, colour), _place(found, across)]
    said = [
        f"Times its compute that {found.baseline} needs for the same {found.response}; above 1 the recipe is better. "
        f"Bands: {found.level:.0%} intervals. Shaded: where the runs lie; dashed: the scale asked for."
    ]
    if len(middle) < sum(len(band.value) for band in bands):
        said.append(f"Where a line is missing, {found.baseline} never does as well.")
    return finish(layers, "Compute multiplier along the scale", said)


def _span(found: RecipeComparison) -> tuple[float, float]:
    """From the smallest run to somewhat beyond the scale that was asked for."""
    sizes = _sizes(found)
    return float(min(sizes.min(), found.at)), float(max(sizes.max(), BEYOND * found.at))


def _sizes(found: RecipeComparison) -> Any:  # noqa: ANN401 - an array
    """Scales of the runs."""
    values = found.table.column(found.column)
    return values[np.isfinite(values) & (values > 0)]


def _points(found: RecipeComparison) -> list[dict[str, Any]]:
    """The runs, thinned where they are many."""
    names, codes = found.table.labels(found.recipe_column)
    x, y = found.table.column(found.column), found.table.column(found.response)
    good = np.flatnonzero(np.isfinite(x) & (x > 0) & np.isfinite(y) & np.isin(codes, _codes(found, names)))
    pick = good[thin(x[good], POINTS)].tolist()
    return [{"x": x[k], "y": y[k], "name": names[codes[k]], "text": text_of(found.column, float(x[k]))} for k in pick]


def _codes(found: RecipeComparison, names: tuple[str, ...]) -> list[int]:
    """Codes of the recipes that are compared."""
    return [names.index(entry.name) for entry in found.entries]


def _axes(found: RecipeComparison, bands: tuple[Band, ...], points: list[dict[str, Any]]) -> tuple[Axis, Axis]:
    """Scale and response; bands that reach very far are cut."""
    values = np.concatenate([np.concatenate([b.value for b in bands]), [p["y"] for p in points]])
    values = values[np.isfinite(values)]
    low, high = float(values.min()), float(values.max())
    reach = WIDEST * 0.1 * (high - low)
    ends = [np.clip(end[np.isfinite(end)], low - reach, high + reach) for b in bands for end in (b.low, b.high)]
    return axis(found.column, [b.x for b in bands]), axis(found.response, [values, *ends], log=False)


def _colour(found: RecipeComparison, names: tuple[str, ...]) -> "alt.Color":
    """One colour per recipe, the same in both figures."""
    import altair as alt

    places = [found.curves.names.index(name) for name in names]
    scale = alt.Scale(domain=list(names), range=[SERIES[k % len(SERIES)] for k in places])
    return alt.Color("name", type="nominal", scale=scale, legend=alt.Legend(title=None, symbolOpacity=1, columns=2))


def _band_layers(bands: tuple[Band, ...], across: Axis, up: Axis, colour: "alt.Color") -> list[Any]:
    """A band and a line for each recipe."""
    import altair as alt

    rows = [
        {"x": b.x[k], "y": b.value[k], "low": max(b.low[k], up.low), "high": min(b.high[k], up.high), "name": b.name}
        for b in bands
        for k in range(len(b.x))
        if np.isfinite(b.value[k])
    ]
    chart = alt.Chart(source(rows))
    area = chart.mark_area(opacity=0.2, clip=True).encode(across.x(), up.y("low"), alt.Y2("high"), colour)
    return [area, chart.mark_line(strokeWidth=2, clip=True).encode(across.x(), up.y(), colour)]


def _data_range(found: RecipeComparison, across: Axis) -> "alt.Chart":
    """Where the runs lie, shaded."""
    import altair as alt

    sizes = _sizes(found)
    shade = alt.Chart(source([{"x": sizes.min(), "end": sizes.max()}])).mark_rect(color=GRID, opacity=0.55, clip=True)
    ranged: alt.Chart = shade.encode(across.x(), alt.X2("end"))
    return ranged


def _place(found: RecipeComparison, across: Axis) -> "alt.Chart":
    """The scale that was asked for."""
    import altair as alt

    rule = alt.Chart(source([{"x": found.at}])).mark_rule(color=MUTED, strokeDash=[4, 3], strokeWidth=1.5)
    placed: alt.Chart = rule.encode(across.x())
    return placed


def _crossing_layers(found: RecipeComparison, across: Axis) -> list[Any]:
    """Where curves cross, and where they may: only sets that have two ends say where that is."""
    import altair as alt

    layers: list[Any] = []
    for crossing in _shown(found):
        parts = [part for part in crossing.region.exp().parts if part[0] < across.high and part[1] > across.low]
        rows = [{"x": max(low, across.low), "end": min(high, across.high)} for low, high in parts]
        shade = alt.Chart(source(rows)).mark_rect(color=GREEN, opacity=0.12, clip=True)
        layers += [shade.encode(across.x(), alt.X2("end"))] if rows else []
        lines = [{"x": value} for value in crossing.values if across.low <= value <= across.high]
        rule = alt.Chart(source(lines)).mark_rule(color=GREEN, strokeWidth=1.5)
        layers += [rule.encode(across.x())] if lines else []
    return layers


def _shown(found: RecipeComparison) -> list[Crossing]:
    """Crossings that are resolved on at least one side."""
    return [c for c in found.crossings if c.values and c.region.kind in ("bounded", "half-line")]


def _said(found: RecipeComparison) -> list[str]:
    """What is drawn."""
    held = f" ({found.held})" if found.held else ""
    said = [
        f"Lines: the {found.way} fit{held}; bands: {found.level:.0%} intervals of the mean; points: the runs; dashed: "
        "the scale asked for."
    ]
    if _shown(found):
        said.append("Green: where two curves cross, shaded where they may.")
    return said
