"""How far an answer hangs on choices: one mark per analysis of a multiverse."""

from typing import TYPE_CHECKING, Final

from isoflop.errors import InputError
from isoflop.figures.axes import axis, column_title
from isoflop.figures.observed import source, thin
from isoflop.figures.theme import INK, SERIES, finish
from isoflop.validate.spread import QUANTITIES, Multiverse

if TYPE_CHECKING:
    import altair as alt

ROW: Final = 44
"""Pixels per law."""
TITLES: Final = {
    "params": "Compute-optimal parameters",
    "tokens": "Compute-optimal tokens",
    "tokens_per_param": "Tokens per parameter",
    "loss": "Loss at the optimum",
    "prediction": "Forecast of the target",
}


def multiverse_figure(found: Multiverse, *, quantity: str = "params") -> "alt.LayerChart":
    """Draw one answer of every analysis whose fit converged, law by law.

    Args:
        found: a multiverse.
        quantity: params, tokens, tokens_per_param, loss or prediction.

    Returns:
        One tick per analysis, coloured by objective, and the median of all.

    Raises:
        InputError: no analysis gives that quantity.
    """
    import altair as alt

    if quantity not in found.ranges:
        known = ", ".join(found.ranges) or "none"
        raise InputError(
            f"No analysis gives {quantity!r}; there are {known}. Choose one of these ({', '.join(QUANTITIES)})."
        )
    fields = ("law", "objective", "exclusion", "convention")
    rows = [
        {"x": value} | {field: getattr(u, field) for field in fields}
        for u in found.counted
        if (value := getattr(u, quantity)) is not None
    ]
    laws, objectives = (list(dict.fromkeys(str(row[field]) for row in rows)) for field in ("law", "objective"))
    pick = [rows[i] for i in thin([float(row["x"]) for row in rows])]
    middle = found.ranges[quantity]
    across = axis(quantity, [[middle.low, middle.high]], title=TITLES[quantity])
    down = alt.Y("law", type="nominal", sort=laws, title=None, axis=alt.Axis(labelFontSize=12, grid=False))
    scale = alt.Scale(domain=objectives, range=[SERIES[k % len(SERIES)] for k in range(len(objectives))])
    colour = alt.Color(
        "objective", type="nominal", scale=scale, legend=alt.Legend(title=None, columns=2, symbolOpacity=1)
    )
    tips = [alt.Tooltip(field, type="nominal") for field in fields]
    tips.append(alt.Tooltip("x", type="quantitative", title=column_title(quantity), format=".4~g"))
    marks = alt.Chart(source(pick)).mark_tick(thickness=2.5, size=24, opacity=0.8)
    median = alt.Chart(source([{"x": middle.median}])).mark_rule(color=INK, opacity=0.5)
    said = [
        f"{len(rows):,} analyses, one mark each; the line is their median. Largest over smallest: {middle.factor:.3g}."
    ]
    layers = [median.encode(across.x()), marks.encode(across.x(), down, colour, tooltip=tips)]
    return finish(layers, f"{TITLES[quantity]} over all analyses", said).properties(height=ROW * len(laws) + 10)
