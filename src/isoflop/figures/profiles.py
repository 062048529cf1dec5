"""IsoFLOP profiles (approach 2): a polynomial through the runs of each budget, its minimum, and whether it counts."""

from typing import TYPE_CHECKING, Any

import numpy as np

from isoflop.errors import LawError
from isoflop.figures.axes import Axis, axis, column_title, size_colour, text_of
from isoflop.figures.observed import source, thin
from isoflop.figures.theme import INK, MUTED, finish
from isoflop.plan.profiles.isoflops import Isoflops
from isoflop.plan.profiles.profile import Profile

if TYPE_CHECKING:
    import altair as alt


def profile_figure(found: Isoflops, *, response: str = "loss", unit: str | None = None) -> "alt.LayerChart":
    """Draw the profiles with the minima that the power law goes through.

    Args:
        found: profiles of a table.
        response: column whose minimum was looked for.
        unit: its unit; the vocabulary's when None.

    Returns:
        Runs of each budget coloured by compute, polynomials (dashed where they do not count), and the used minima
        with their intervals.

    Raises:
        LawError: no budget has enough sizes for a polynomial.
    """
    import altair as alt

    drawn = [p for p in found.profiles if p.curve.shape[1]]
    if not drawn:
        raise LawError("No budget has enough sizes for a polynomial. Add runs of other sizes at one budget.")
    runs = [{"x": n, "y": y, "size": p.flops} for p in drawn for n, y in zip(p.sizes, p.losses, strict=True)]
    pick = [runs[i] for i in thin(np.array([row["x"] for row in runs]))]
    along = axis("params", [[row["x"] for row in runs]])
    heights = [[row["y"] for row in runs], *(p.curve[1] for p in drawn if p.used)]
    up = axis(response, heights, title=column_title(response, unit))
    colour = size_colour([p.flops for p in drawn], word="flops")
    points = alt.Chart(source(pick)).mark_circle(size=34, opacity=0.75)
    layers = [
        *_curves([p for p in drawn if not p.used], along, up, alt.ColorValue(MUTED), [4, 4]),
        *_curves([p for p in drawn if p.used], along, up, colour, [1, 0]),
        points.encode(along.x(), up.y(), colour),
        *_minima(found, along, up),
    ]
    said = [
        f"Polynomials of degree {found.degree} in ln N; {len(found.used)} of {len(found.profiles)} budgets have a "
        f"minimum that counts: diamonds, with {found.level:.0%} intervals. Dashed: drawn, but not used."
    ]
    return finish(layers, "IsoFLOP profiles without a law", said)


def _curves(profiles: list[Profile], along: Axis, up: Axis, colour: object, dash: list[int]) -> list[Any]:
    """Polynomials of some profiles."""
    import altair as alt

    if not profiles:
        return []
    rows = [
        {"x": n, "y": y, "size": p.flops, "curve": str(k)}
        for k, p in enumerate(profiles)
        for n, y in zip(*p.curve[:, ::3], strict=True)
    ]
    line = alt.Chart(source(rows)).mark_line(strokeWidth=1.6, strokeDash=dash, clip=True)
    return [line.encode(along.x(), up.y(), colour, alt.Detail("curve", type="nominal"))]


def _minima(found: Isoflops, along: Axis, up: Axis) -> list[Any]:
    """Minima that count, with their intervals."""
    import altair as alt

    if not found.used:
        return []
    rows = [
        {
            "x": float(p.params.value), "y": float(p.loss.value),
            "low": p.params.interval[0], "high": p.params.interval[1],
            "text": f"{text_of('params', float(p.params.value))} at {text_of('flops', p.flops)} FLOP",
        }
        for p in found.used
    ]  # fmt: skip
    chart = alt.Chart(source(rows))
    tip = alt.Tooltip("text", type="nominal", title="lowest loss")
    bars = chart.mark_rule(strokeWidth=2, color=INK, clip=True).encode(along.x("low"), alt.X2("high"), up.y())
    marks = chart.mark_point(shape="diamond", filled=True, size=80, color=INK, opacity=1)
    return [bars, marks.encode(along.x(), up.y(), tooltip=tip)]
