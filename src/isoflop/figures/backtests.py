"""The rolling back-test: how far forecasts of held-out runs were off, and whether their intervals knew."""

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from isoflop.figures.axes import axis, text_of
from isoflop.figures.observed import source, thin
from isoflop.figures.theme import INK, MUTED, SERIES, finish
from isoflop.validate import Backtest

if TYPE_CHECKING:
    import altair as alt

MOST: Final = 300
"""Held-out runs drawn per figure; each has a bar of its own."""


def backtest_figure(found: Backtest) -> "alt.LayerChart":
    """Draw the error of each held-out run against its distance from the fitted ones.

    Args:
        found: a back-test.

    Returns:
        Relative errors in percent coloured by cut, each with its interval; a bar that crosses zero held the truth.
    """
    import altair as alt

    rows = _rows(found)
    pick = [rows[i] for i in thin(np.array([row["x"] for row in rows]), MOST)]
    ends = [row[key] for row in pick for key in ("low", "high") if row[key] is not None]
    errors = np.array([row["error"] for row in rows])
    reach = 3 * float(np.abs(errors).max())
    along = axis("distance", [[row["x"] for row in rows], [0.0]], log=False, title=_distance_title(found))
    height = [errors, [0.0], np.clip(ends, -reach, reach)]
    up = axis("error", height, log=False, title="Predicted / observed − 1 (%)")
    chart = alt.Chart(source(pick))
    colour = _colour(found)
    zero = alt.Chart(source([{"at": 0.0}])).mark_rule(color=INK).encode(up.y("at"))
    points = chart.mark_circle(size=44, opacity=0.9).encode(along.x(), up.y("error"), colour, tooltip=_tips(found))
    layers = [zero, points]
    if ends:
        bars = chart.mark_rule(opacity=0.45, strokeWidth=1.6, clip=True)
        layers.insert(1, bars.encode(along.x(), up.y("low"), alt.Y2("high"), colour))
    return finish(layers, f"Rolling back-test of {found.law}", _said(found, len(pick), len(rows)))


def prediction_figure(found: Backtest) -> "alt.LayerChart":
    """Draw what was forecast for each held-out run against what was measured.

    Args:
        found: a back-test.

    Returns:
        Predicted against observed with intervals, coloured by cut, and the line on which both are equal.
    """
    import altair as alt

    rows = _rows(found)
    pick = [rows[i] for i in thin(np.array([row["observed"] for row in rows]), MOST)]
    both = [[row[key] for row in rows] for key in ("observed", "predicted")]
    ends = [row[key] for row in pick for key in ("from", "to") if row[key] is not None]
    joined = np.concatenate([np.asarray(b, dtype=float) for b in both])
    span = float(np.ptp(joined)) or 1.0
    extent = [joined, np.clip(ends, joined.min() - 0.3 * span, joined.max() + 0.3 * span)]
    along = axis("observed", [joined], title="Observed")
    up = axis("predicted", extent, title="Predicted")
    chart = alt.Chart(source(pick))
    colour = _colour(found)
    corners = [{"x": v, "y": v} for v in (float(joined.min()), float(joined.max()))]
    diagonal = alt.Chart(source(corners)).mark_line(color=MUTED, strokeDash=[5, 4], strokeWidth=1.4)
    points = chart.mark_circle(size=44, opacity=0.9)
    layers = [
        diagonal.encode(along.x(), up.y()),
        points.encode(along.x("observed"), up.y("predicted"), colour, tooltip=_tips(found)),
    ]
    if ends:
        bars = chart.mark_rule(opacity=0.45, strokeWidth=1.6, clip=True)
        layers.insert(1, bars.encode(along.x("observed"), up.y("from"), alt.Y2("to"), colour))
    said = ["On the dashed line a forecast is exact."]
    return finish(layers, "Held-out runs: predicted against observed", said + _thinned(len(pick), len(rows)))


def _rows(found: Backtest) -> list[dict[str, Any]]:
    """One record per held-out run and cut."""
    rows = []
    for name, split in zip(_names(found), found.splits, strict=True):
        for p in split.predictions:
            row: dict[str, Any] = {"x": p.distance_decades, "cut": name, "row": p.row}
            row |= {"observed": p.observed, "predicted": p.predicted, "error": 100 * p.rel_error}
            low, high = p.interval if p.interval is not None and p.covered is not None else (None, None)
            row |= {"from": low, "to": high}
            row["low"] = None if low is None else 100 * (low / p.observed - 1)
            row["high"] = None if high is None else 100 * (high / p.observed - 1)
            rows.append(row)
    return rows


def _names(found: Backtest) -> list[str]:
    """The cuts in words."""
    return [f"< {text_of(found.by, split.cut)}: {len(split.train_rows)} runs" for split in found.splits]


def _colour(found: Backtest) -> "alt.Color":
    """Colour by cut."""
    import altair as alt

    names = _names(found)
    scale = alt.Scale(domain=names, range=[SERIES[k % len(SERIES)] for k in range(len(names))])
    legend = alt.Legend(title=f"Fitted below a cut in {found.by}", columns=2, symbolOpacity=1)
    return alt.Color("cut", type="nominal", scale=scale, legend=legend)


def _tips(found: Backtest) -> list[Any]:
    """What a tooltip of a held-out run shows."""
    import altair as alt

    numbers = (("observed", "observed"), ("predicted", "predicted"), ("from", "interval from"), ("to", "to"))
    return [
        alt.Tooltip("row", type="quantitative", title="row in the file"),
        alt.Tooltip("cut", type="nominal", title=f"fitted {found.by}"),
        *(alt.Tooltip(field, type="quantitative", title=title, format=".5~g") for field, title in numbers),
        alt.Tooltip("error", type="quantitative", title="error (%)", format="+.3~g"),
    ]


def _distance_title(found: Backtest) -> str:
    """Words beside the axis of distances."""
    return f"Decades of {found.by} beyond the fitted runs"


def _said(found: Backtest, kept: int, count: int) -> list[str]:
    """The sums in words."""
    said = f"Mean absolute error {found.mean_abs_rel_error:.2%}, signed {found.mean_signed_rel_error:+.2%}"
    if found.coverage is not None:
        said += f"; {found.coverage:.0%} of the runs lie in their {found.level:.0%} intervals (bars that cross zero)"
    return [said + ".", *_thinned(kept, count)]


def _thinned(kept: int, count: int) -> list[str]:
    """Say that held-out runs were left out of a figure, when some were."""
    return [f"{kept:,} of {count:,} predictions are drawn, evenly by rank."] if kept < count else []
