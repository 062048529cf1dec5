"""Parameters: how well each is known, how they hang together, and what others have published."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import LawError
from isoflop.figures.axes import axis
from isoflop.figures.observed import source, thin
from isoflop.figures.theme import BLUE, INK, SERIES, VERMILION, finish
from isoflop.fit import Fit

if TYPE_CHECKING:
    import altair as alt

Array = NDArray[Any]

MOST_DRAWS: Final = 800
TOGETHER: Final = 0.7
"""Correlation from which two parameters are said to move together."""
ROW: Final = 34
"""Pixels per parameter."""


def interval_figure(fit: Fit, *, published: Sequence[str] = ()) -> "alt.LayerChart":
    """Draw each parameter's interval as a multiple of its estimate, beside published values.

    Args:
        fit: a fit with draws.
        published: names of the law's published sets to mark beside; they belong to other corpora.

    Returns:
        One bar per positive free parameter; published values as marks.

    Raises:
        LawError: the fit has no draws, or no positive free parameter.
    """
    import altair as alt

    names = [n for n, free in zip(fit.names, fit.free, strict=True) if free and fit.parameters[n] > 0]
    rows = []
    for name in names:
        low, high = fit.interval(name)
        if np.isfinite([low, high]).all() and low > 0:
            value = fit.parameters[name]
            text = f"{value:.5g} [{low:.4g}, {high:.4g}]"
            rows.append({"name": name, "x": 1.0, "low": low / value, "high": high / value, "text": text})
    if not rows:
        raise LawError(f"Law {fit.law.name!r} has no positive parameter with an interval to draw.")
    kept = {row["name"] for row in rows}
    marks = [m for m in _published(fit, published) if m["name"] in kept]
    across = axis(
        "ratio", [[r["low"], r["high"]] for r in rows] + [[m["x"]] for m in marks], title="Multiple of the estimate"
    )
    down = alt.Y(
        "name", type="nominal", sort=names, title=None, axis=alt.Axis(labelFontSize=13, labelColor=INK, grid=False)
    )
    chart = alt.Chart(source(rows))
    tip = [alt.Tooltip("name", type="nominal", title="parameter"), alt.Tooltip("text", type="nominal", title="value")]
    layers = [
        alt.Chart(source([{"x": 1.0}])).mark_rule(color=INK, opacity=0.4).encode(across.x()),
        chart.mark_rule(strokeWidth=6, color=BLUE, opacity=0.5).encode(
            across.x("low"), alt.X2("high"), down, tooltip=tip
        ),
        chart.mark_point(filled=True, size=70, color=BLUE, opacity=1).encode(across.x(), down, tooltip=tip),
        *_published_layers(marks, across.x(), down),
    ]
    left = [n for n in fit.names if n not in kept]
    said = [f"Bars: {fit.level:.0%} intervals."] + ([f"Not drawn: {', '.join(left)}."] if left else [])
    whole = finish(layers, "Parameters and their intervals", said)
    return whole.properties(height=ROW * len(rows) + 10)


def _published(fit: Fit, names: Sequence[str]) -> list[dict[str, Any]]:
    """Published values of the law, as multiples of the estimates."""
    sets = [fit.law.published_set(name) for name in names]
    return [
        {"name": name, "x": value / fit.parameters[name], "set": chosen.name, "text": f"{value:.5g}"}
        for chosen in sets
        for name, value in chosen.values.items()
        if fit.parameters.get(name, 0.0) > 0 and value > 0
    ]


def _published_layers(marks: list[dict[str, Any]], x: "alt.X", down: "alt.Y") -> list[Any]:
    """A mark per published value."""
    import altair as alt

    if not marks:
        return []
    sets = list(dict.fromkeys(m["set"] for m in marks))
    shapes = ["diamond", "square", "triangle-up", "cross", "triangle-down", "stroke"]
    legend = alt.Legend(title="Published for this law", columns=2)
    colours = alt.Scale(domain=sets, range=[SERIES[(k + 1) % len(SERIES)] for k in range(len(sets))])
    forms = alt.Scale(domain=sets, range=[shapes[k % len(shapes)] for k in range(len(sets))])
    tips = [
        alt.Tooltip("set", type="nominal"),
        alt.Tooltip("name", type="nominal"),
        alt.Tooltip("text", type="nominal", title="value"),
    ]
    points = alt.Chart(source(marks)).mark_point(size=64, strokeWidth=2)
    colour = alt.Color("set", type="nominal", scale=colours, legend=legend)
    shape = alt.Shape("set", type="nominal", scale=forms, legend=legend)
    return [points.encode(x, down, colour, shape, tooltip=tips)]


def draws_figure(fit: Fit, *, pair: tuple[str, str] | None = None) -> "alt.LayerChart":
    """Draw two parameters against each other, draw by draw.

    Args:
        fit: a fit with draws and at least two free parameters.
        pair: their names; the two that move together most when None.

    Returns:
        Up to 800 draws, and the estimate.

    Raises:
        LawError: the fit has no draws, or has no such two free parameters.
    """
    import altair as alt

    first, second = sloppiest_pair(fit) if pair is None else _checked(fit, pair)
    draws = fit_draws(fit)
    a, b = draws[:, fit.names.index(first)], draws[:, fit.names.index(second)]
    good = np.flatnonzero(np.isfinite(a) & np.isfinite(b))
    pick = good[thin(a[good], MOST_DRAWS)]
    along, up = axis(first, [a[pick], [fit.parameters[first]]]), axis(second, [b[pick], [fit.parameters[second]]])
    dots = alt.Chart(source([{"x": a[i], "y": b[i]} for i in pick])).mark_circle(size=14, opacity=0.45, color=BLUE)
    centre = alt.Chart(source([{"x": fit.parameters[first], "y": fit.parameters[second]}]))
    mark = centre.mark_point(shape="cross", filled=True, size=120, color=VERMILION, opacity=1)
    tight = correlation(fit, first, second)
    layers = [dots.encode(along.x(), up.y()), mark.encode(along.x(), up.y())]
    together = "move together" if abs(tight) > TOGETHER else "draw by draw"
    said = [
        f"{len(pick):,} of {len(draws):,} bootstrap draws; correlation {tight:+.2f}"
        f"{' (logarithms)' if _logs(fit, first) and _logs(fit, second) else ''}. Orange: the estimate."
    ]
    return finish(layers, f"{first} and {second} {together}", said)


def fit_draws(fit: Fit) -> Array:
    """The draws of a fit.

    Raises:
        LawError: it has none.
    """
    if fit.draws is None:
        raise LawError("This fit has no draws to show. Fit with bootstrap=1000, or call bootstrap().")
    return fit.draws


def _checked(fit: Fit, pair: tuple[str, str]) -> tuple[str, str]:
    """The pair, if the fit has both."""
    for name in pair:
        if name not in fit.names:
            raise LawError(f"The fit has no parameter {name!r}; it has {', '.join(fit.names)}.")
    return pair


def sloppiest_pair(fit: Fit) -> tuple[str, str]:
    """The two free parameters whose draws are most strongly correlated."""
    names = [n for n, free in zip(fit.names, fit.free, strict=True) if free]
    if len(names) < 2:
        raise LawError(f"Law {fit.law.name!r} has fewer than two free parameters, so there is no pair to draw.")
    pairs = [(a, b) for k, a in enumerate(names) for b in names[k + 1 :]]
    return max(pairs, key=lambda p: abs(correlation(fit, *p)))


def correlation(fit: Fit, first: str, second: str) -> float:
    """Correlation of two parameters over the draws; of their logarithms where they are positive."""
    columns = []
    for name in (first, second):
        values = fit_draws(fit)[:, fit.names.index(name)]
        columns.append(np.log(values) if _logs(fit, name) else values)
    good = np.isfinite(columns[0]) & np.isfinite(columns[1])
    if good.sum() < 2 or min(np.ptp(c[good]) for c in columns) == 0:
        return 0.0
    return float(np.corrcoef(columns[0][good], columns[1][good])[0, 1])


def _logs(fit: Fit, name: str) -> bool:
    """Whether all draws of a parameter are positive."""
    values = fit_draws(fit)[:, fit.names.index(name)]
    return bool((values[np.isfinite(values)] > 0).all())
