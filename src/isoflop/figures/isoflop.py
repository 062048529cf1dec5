"""IsoFLOP curves: loss against size at equal compute, with the fitted law and its minima."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import LawError
from isoflop.figures.axes import Axis, axis, size_colour, text_of
from isoflop.figures.curves import PLANE, Curve, complete, curve
from isoflop.figures.observed import Observed, observed, source, thin, thinned_note
from isoflop.figures.place import NOWHERE, Place, best_params, held_words, inputs_at, open_words
from isoflop.figures.theme import INK, finish
from isoflop.fit import Estimate, Fit
from isoflop.fit.estimate import estimate_from_draws
from isoflop.plan.profiles.budgets import group_by_budget
from isoflop.runs import RunTable

if TYPE_CHECKING:
    import altair as alt

Array = NDArray[Any]

STEPS: Final = 50
MOST_BUDGETS: Final = 9


@dataclass(frozen=True)
class Budget:
    """Runs of about one compute budget.

    Attributes:
        flops: their geometric mean.
        rows: places of the runs, shape (runs,).
        low: their smallest size.
        high: their largest size.
    """

    flops: float
    rows: Array
    low: float
    high: float


def has_isoflops(fit: Fit, at: Place = NOWHERE) -> bool:
    """Whether the law trades parameters against tokens at equal compute, given its levels and further columns."""
    columns = open_words(fit, at)
    return "params" in columns and columns <= PLANE and len(columns) > 1


def budgets(flops: Array, sizes: Array, *, least: int = 4) -> list[Budget]:
    """Group runs by compute, where they have common budgets.

    Args:
        flops: compute of each run, shape (n,).
        sizes: parameters of each run, shape (n,).
        least: distinct sizes that make a budget worth a curve.

    Returns:
        At most nine groups, those with most sizes, in increasing order of compute.
    """
    counted = [(len(np.unique(np.round(np.log(sizes[g.rows]), 2))), g) for g in group_by_budget(flops, None)]
    largest = sorted((pair for pair in counted if pair[0] >= least), key=lambda pair: -pair[0])[:MOST_BUDGETS]
    found = [Budget(g.flops, g.rows, float(sizes[g.rows].min()), float(sizes[g.rows].max())) for _, g in largest]
    return sorted(found, key=lambda b: b.flops)


def best_sizes(fit: Fit, flops: Array, at: Place = NOWHERE) -> list[Estimate | None]:
    """The size with the lowest fitted loss at each budget, with its interval; None where the curve has no minimum."""
    values = best_params(fit, fit.theta, flops, at)
    if fit.draws is None:
        none = (float("nan"), float("nan"))
        return [Estimate(float(v), none, fit.level) if np.isfinite(v) else None for v in values]
    draws = best_params(fit, fit.draws, flops, at)
    return [
        estimate_from_draws(float(v), draws[:, k], level=fit.level, correction=fit.correction_of(float(v), draws[:, k]))
        if np.isfinite(v)
        else None
        for k, v in enumerate(values)
    ]


def isoflop_figure(fit: Fit, table: RunTable, *, at: Place = NOWHERE) -> "alt.LayerChart":
    """Draw loss against parameters at equal compute, with fitted lines and their minima.

    Args:
        fit: the fit of a law of params and tokens (or flops).
        table: the runs that it was fitted to.
        at: levels of indexed parameters, whose runs are drawn, and values of the law's further columns.

    Returns:
        Runs of up to nine budgets coloured by compute, the fitted curve of each, its minimum and, where the fit has
        draws, the interval of that minimum. Without common budgets, all runs and curves at five computes among them.

    Raises:
        LawError: the law does not trade parameters against tokens.
        FitError: these are not the fit's runs.
    """
    if not has_isoflops(fit, at):
        raise LawError(
            f"Law {fit.law.name!r} is a function of {', '.join((*fit.law.columns, *fit.levels))}: isoFLOP curves need "
            "one of params and tokens, and a value for everything else (at=…). Fit such a law, for instance chinchilla."
        )
    seen = observed(fit, table, at)
    seen = replace(seen, columns={**seen.columns, **complete({w: seen.columns[w] for w in PLANE if w in seen.columns})})
    flops, sizes = seen.columns["flops"], seen.columns["params"]
    grouped = budgets(flops, sizes)
    rows = np.concatenate([b.rows for b in grouped]) if grouped else np.arange(len(flops))
    shown = grouped or _spread_budgets(flops, sizes)
    pick = rows[thin(flops[rows])]
    curves = [_line(fit, b, at) for b in shown]
    best = best_sizes(fit, np.array([b.flops for b in shown]), at)
    minima = [(b, size) for b, size in zip(shown, best, strict=True) if size is not None]
    along, up = _axes(seen, rows, curves, minima)
    colour = size_colour([*flops[rows], *(b.flops for b in shown)], word="flops")
    layers = _layers((seen, pick), curves, (along, up), colour) + _minima_layers(fit, minima, (along, up), at)
    said = _said(fit, grouped, minima) + thinned_note(len(pick), len(rows))
    title = "Loss against size at equal compute"
    return finish(layers, f"{title}, {held_words(at)}" if at else title, said)


def _spread_budgets(flops: Array, sizes: Array) -> list[Budget]:
    """Five computes spread over the runs, for tables without common budgets."""
    places = np.quantile(np.log(flops), [0.1, 0.3, 0.5, 0.7, 0.9])
    low, high = float(sizes.min()), float(sizes.max())
    return [Budget(float(np.exp(p)), np.array([], dtype=int), low, high) for p in places]


def _line(fit: Fit, budget: Budget, at: Place) -> Curve:
    """Fitted loss along one budget."""
    sizes = np.geomspace(budget.low / 1.25, budget.high * 1.25, STEPS)
    columns = complete({"params": sizes, "flops": np.full(STEPS, budget.flops)})
    return curve(fit, sizes, inputs_at(fit, columns, at), budget.flops)


def _axes(seen: Observed, rows: Array, curves: list[Curve], minima: list[tuple[Budget, Estimate]]) -> tuple[Axis, Axis]:
    """Axes around the runs and the minima; curves are cut where they leave the runs' losses."""
    response = seen.response[rows]
    low, high = float(response.min()), float(response.max())
    margin = 0.08 * (high - low)
    heights = [np.clip(c.value, low - margin, high + margin) for c in curves]
    spread = [c.x[(c.value > low - margin) & (c.value < high + margin)] for c in curves]
    sizes = seen.columns["params"][rows]
    ends = [
        np.clip([m.value, *np.nan_to_num(m.interval, nan=m.value)], sizes.min() / 3, sizes.max() * 3) for _, m in minima
    ]
    return axis("params", [sizes, *spread, *ends]), seen.response_axis([response, *heights])


def _layers(points: tuple[Observed, Array], curves: list[Curve], axes: tuple[Axis, Axis], colour: object) -> list[Any]:
    """Bands, lines, runs."""
    import altair as alt

    (seen, pick), (along, up) = points, axes
    lines = alt.Chart(source([row for k, c in enumerate(curves) for row in c.records(str(k))]))
    group = alt.Detail("curve", type="nominal")
    layers = [lines.mark_line(strokeWidth=1.8, clip=True).encode(along.x(), up.y(), colour, group)]
    if curves and curves[0].low is not None:
        area = lines.mark_area(opacity=0.2, clip=True).encode(along.x(), up.y("low"), alt.Y2("high"), colour, group)
        layers.insert(0, area)
    runs = alt.Chart(source(seen.records(pick, "params", "flops"))).mark_circle(size=36, opacity=0.8)
    return [*layers, runs.encode(along.x(), up.y(), colour, tooltip=seen.tooltip("params"))]


def _minima_layers(fit: Fit, minima: list[tuple[Budget, Estimate]], axes: tuple[Axis, Axis], at: Place) -> list[Any]:
    """A diamond at each minimum, and a bar for its interval."""
    import altair as alt

    if not minima:
        return []
    along, up = axes
    rows = []
    for budget, best in minima:
        columns = complete({"params": np.array([best.value]), "flops": np.array([budget.flops])})
        loss = float(fit.evaluate(**inputs_at(fit, columns, at))[0])
        text = f"{text_of('params', best.value)} at {text_of('flops', budget.flops)} FLOP"
        rows.append({"x": best.value, "y": loss, "low": best.interval[0], "high": best.interval[1], "text": text})
    chart = alt.Chart(source(rows))
    tip = alt.Tooltip("text", type="nominal", title="lowest fitted loss")
    marks = chart.mark_point(shape="diamond", filled=True, size=80, color=INK, opacity=1, clip=True).encode(
        along.x(), up.y(), tooltip=tip
    )
    if fit.draws is None:
        return [marks]
    bars = chart.mark_rule(strokeWidth=2, color=INK, clip=True).encode(along.x("low"), alt.X2("high"), up.y())
    return [bars, marks]


def _said(fit: Fit, grouped: list[Budget], minima: list[tuple[Budget, Estimate]]) -> list[str]:
    """What is drawn, and how runs were grouped."""
    said = "Lines are the fitted law at one compute each"
    if grouped:
        said = "Points are the runs of one budget each, lines the fitted law there"
    if minima:
        bars = f", bars their {fit.level:.0%} intervals" if fit.draws is not None else ""
        said += f"; diamonds are its minima{bars}"
    return [said + "."]
