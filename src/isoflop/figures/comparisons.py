"""Laws side by side: their errors on held-out runs, cut by cut."""

from typing import TYPE_CHECKING, Any, Final

from isoflop.figures.axes import axis, text_of
from isoflop.figures.observed import source
from isoflop.figures.theme import INK, SERIES, finish
from isoflop.validate.comparison import Comparison

if TYPE_CHECKING:
    import altair as alt

ROW: Final = 40
"""Pixels per law."""


def comparison_figure(found: Comparison) -> "alt.LayerChart":
    """Draw each law's error on held-out runs, cut by cut, best law on top.

    Args:
        found: a comparison.

    Returns:
        One mark per law and cut, and a bar to the mean over all cuts.
    """
    import altair as alt

    labels = [entry.label for entry in found.entries]
    cuts = [f"cut at {text_of(found.by, s.cut)}" for s in found.best.backtest.splits]
    rows: list[dict[str, Any]] = [
        {"label": entry.label, "x": 100 * split.mean_abs_rel_error, "cut": cut}
        for entry in found.entries
        for cut, split in zip(cuts, entry.backtest.splits, strict=True)
    ]
    means = [{"label": e.label, "x": 100 * e.backtest.mean_abs_rel_error, "zero": 0.0} for e in found.entries]
    across = axis("error", [[0.0], [row["x"] for row in rows]], log=False, title="Mean |error| of held-out runs (%)")
    down = alt.Y("label", type="nominal", sort=labels, title=None, axis=alt.Axis(labelFontSize=12, grid=False))
    scale = alt.Scale(domain=cuts, range=[SERIES[k % len(SERIES)] for k in range(len(cuts))])
    colour = alt.Color("cut", type="nominal", scale=scale, legend=alt.Legend(title=None, columns=2, symbolOpacity=1))
    bars = alt.Chart(source(means)).mark_bar(size=14, color=INK, opacity=0.16)
    points = alt.Chart(source(rows)).mark_point(filled=True, size=70, opacity=0.9)
    tips = [
        alt.Tooltip("label", type="nominal", title="law"),
        alt.Tooltip("cut", type="nominal"),
        alt.Tooltip("x", type="quantitative", title="mean |error| (%)", format=".3~g"),
    ]
    layers = [
        bars.encode(across.x(), alt.X2("zero"), down),
        points.encode(across.x(), down, colour, tooltip=tips),
    ]
    said = [f"Bars: mean over all cuts by {found.by}; marks: one cut each. Verdict: {found.verdict}."]
    whole = finish(layers, "Laws by their error on held-out runs", said)
    return whole.properties(height=ROW * len(labels) + 10)
