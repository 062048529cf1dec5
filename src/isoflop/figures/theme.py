"""How every figure looks: colours that everybody can tell apart, light background, text that a phone can show."""

import textwrap
from collections.abc import Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    import altair as alt

Chart: TypeAlias = "alt.LayerChart"
"""What every function of this package gives."""

FONT: Final = 'system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif'
INK: Final = "#1f2933"
MUTED: Final = "#52606d"
GRID: Final = "#e4e7eb"

BLUE: Final = "#0072b2"
VERMILION: Final = "#d55e00"
GREEN: Final = "#009e73"
PURPLE: Final = "#aa4499"
ORANGE: Final = "#b8860b"
SKY: Final = "#3a9bdc"
SERIES: Final = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, INK)
"""For named series: Okabe and Ito's colours, the pale ones darkened to stand on white."""

SIZES: Final = MappingProxyType({"name": "viridis", "extent": [0.0, 0.88]})
"""For sizes: dark to light at equal steps for every eye; the palest end is left out, white paper swallows it."""

LINE: Final = 48
"""Characters in a line of a title: what 390 pixels hold."""


def config() -> dict[str, Any]:
    """Give the configuration that every chart carries."""
    return {
        "font": FONT,
        "background": "white",
        "view": {"stroke": None, "continuousHeight": 300, "continuousWidth": 300},
        "padding": {"left": 4, "right": 12, "top": 4, "bottom": 4},
        "title": {
            "anchor": "start", "frame": "group", "fontSize": 15, "fontWeight": 600, "color": INK,
            "subtitleFontSize": 12, "subtitleColor": MUTED, "subtitlePadding": 4, "offset": 10,
        },
        "axis": {
            "labelFontSize": 12, "titleFontSize": 12, "labelColor": MUTED, "titleColor": INK, "titleFontWeight": 500,
            "gridColor": GRID, "domainColor": MUTED, "tickColor": MUTED, "labelFlush": False, "titlePadding": 6,
            "labelOverlap": "greedy", "labelSeparation": 6,
        },
        "legend": {
            "orient": "top", "direction": "horizontal", "labelFontSize": 12, "titleFontSize": 12, "labelColor": MUTED,
            "titleColor": INK, "titleFontWeight": 500, "gradientLength": 170, "gradientThickness": 9, "labelLimit": 150,
            "titleLimit": 320, "offset": 30, "symbolStrokeWidth": 2, "columns": 3, "columnPadding": 10,
        },
        "range": {"category": list(SERIES)},
    }  # fmt: skip


def wrap(sentences: Sequence[str], width: int = LINE) -> list[str]:
    """Break sentences into lines that a phone can show."""
    return [line for sentence in sentences for line in textwrap.wrap(sentence, width, break_on_hyphens=False)]


def finish(
    layers: "Sequence[alt.Chart | alt.LayerChart]", title: str, subtitle: Sequence[str] = ()
) -> "alt.LayerChart":
    """Join layers into one chart with the house style.

    Args:
        layers: marks, drawn in this order.
        title: what the chart shows.
        subtitle: sentences that belong to it: what was thinned out, what a band is.

    Returns:
        A chart as wide as what holds it.
    """
    import altair as alt

    below: dict[str, Any] = {"subtitle": wrap(subtitle)} if subtitle else {}
    heading = alt.TitleParams(text=wrap([title]), **below)
    chart = alt.LayerChart(layer=list(layers)).properties(width="container", height=300, title=heading)
    styled: alt.LayerChart = chart.configure(**config())
    return styled
