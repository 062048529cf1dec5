"""What a plan stands on: the compute that is lost when the model is some factor too small or too large."""

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import LawError
from isoflop.figures.axes import Axis, axis, text_of
from isoflop.figures.observed import source
from isoflop.figures.theme import BLUE, GREEN, INK, VERMILION, finish
from isoflop.fit import Fit
from isoflop.laws.optimum import optimum_on
from isoflop.plan import Penalty, Plan
from isoflop.plan.optimum.around import penalties
from isoflop.plan.optimum.setting import lay
from isoflop.units import FLOPS_PER_PARAM_TOKEN

if TYPE_CHECKING:
    import altair as alt

Array = NDArray[Any]

STEPS: Final = 33
WIDEST: Final = 6.0
"""Factor to either side of the optimum that is drawn, unless a given size lies further out."""


def plan_figure(plan: Plan, fit: Fit) -> "alt.LayerChart":
    """Draw the compute lost by a model that is some factor too small or too large.

    Args:
        plan: a plan with an interior optimum.
        fit: the fit that it was made from.

    Returns:
        Extra compute in percent against size over optimal size, with its band, and the sizes within 1 % shaded.

    Raises:
        LawError: the plan has no optimum to be away from.
    """
    import altair as alt

    if not plan.exists:
        raise LawError(f"{plan.question}: there is no interior optimum to be away from. {' '.join(plan.warnings)}")
    found = _curve(plan, fit)
    rows = [_row(p) for p in found if np.isfinite(p.extra_compute.value)]
    across, up = _axes(rows)
    chart = alt.Chart(source(rows))
    layers = [
        *_flat_layers(plan, across),
        chart.mark_area(opacity=0.2, color=BLUE, clip=True).encode(across.x(), up.y("low"), alt.Y2("high")),
        chart.mark_line(strokeWidth=2, color=BLUE, clip=True).encode(across.x(), up.y()),
        *_marks([_row(p) for p in plan.penalty], BLUE, "circle", across, up),
        *_marks([] if plan.choice is None else [_row(plan.choice)], VERMILION, "diamond", across, up),
    ]
    return finish(layers, "What a wrong size costs", _said(plan))


def _curve(plan: Plan, fit: Fit) -> tuple[Penalty, ...]:
    """The cost at many sizes around the optimum, with intervals from the plan's own draws."""
    setting = lay(fit, plan.level, plan.columns)
    draws = plan.flops.draws if plan.flops.draws is not None else np.full(setting.curve.draws - 1, plan.flops.value)
    flops = np.concatenate([[float(plan.flops.value)], draws])[:, None]
    c = np.log(flops / FLOPS_PER_PARAM_TOKEN)
    best = optimum_on(setting.curve, c, setting.ratios)
    reach = WIDEST if plan.choice is None else max(WIDEST, 1.3 * _far(plan.choice))
    return penalties(setting, np.log(best.params), c, np.geomspace(1 / reach, reach, STEPS))


def _far(choice: Penalty) -> float:
    """Factor by which a given size misses the optimum."""
    factor = float(choice.factor.value)
    return max(factor, 1 / factor)


def _row(penalty: Penalty) -> dict[str, Any]:
    """One record of a size and its cost."""
    low, high = penalty.extra_compute.interval
    cost = float(penalty.extra_compute.value)
    text = f"{cost:.1%} [{low:.1%}, {high:.1%}]"
    return {
        "x": float(penalty.factor.value), "y": 100 * cost, "low": 100 * low, "high": 100 * high, "cost": text,
        "size": text_of("params", float(penalty.params.value)), "loss": f"+{penalty.loss_increase.value:.4f}",
    }  # fmt: skip


def _axes(rows: list[dict[str, Any]]) -> tuple[Axis, Axis]:
    """Sizes as factors, cost in percent."""
    across = axis("factor", [[row["x"] for row in rows]], title="Size over the compute-optimal size")
    ticks = tuple(t for t in (0.01, 0.05, 0.125, 0.25, 0.5, 1, 2, 4, 8, 20, 100) if across.low <= t <= across.high)
    across = Axis(across.title, across.low, across.high, "format(datum.value, '~g') + '×'", log=True, ticks=ticks)
    top = max(row["y"] for row in rows)
    highs = [min(row["high"], 1.4 * top) for row in rows if np.isfinite(row["high"])]
    up = axis("cost", [[0.0], [row["y"] for row in rows], highs], log=False, title="Compute lost (%)")
    return across, up


def _flat_layers(plan: Plan, across: Axis) -> list[Any]:
    """The sizes that cost next to nothing, shaded."""
    import altair as alt

    best = float(plan.params.value) if plan.choice is None else float(plan.params.value / plan.choice.factor.value)
    rows = [
        {"x": region.smallest.value / best, "end": region.largest.value / best}
        for region in plan.flat
        if region.of == "compute" and np.isfinite([region.smallest.value, region.largest.value]).all()
    ]
    shade = alt.Chart(source(rows)).mark_rect(color=GREEN, opacity=0.14, clip=True)
    line = alt.Chart(source([{"x": 1.0}])).mark_rule(color=INK, opacity=0.5)
    return [*([shade.encode(across.x(), alt.X2("end"))] if rows else []), line.encode(across.x())]


def _marks(rows: list[dict[str, Any]], colour: str, shape: str, across: Axis, up: Axis) -> list[Any]:
    """Points with intervals and a tooltip."""
    import altair as alt

    if not rows:
        return []
    fields = (("size", "parameters"), ("cost", "compute lost"), ("loss", "loss"))
    tips = [alt.Tooltip(field, type="nominal", title=title) for field, title in fields]
    chart = alt.Chart(source(rows))
    bars = chart.mark_rule(color=colour, strokeWidth=2, opacity=0.6, clip=True)
    points = chart.mark_point(shape=shape, filled=True, size=70, color=colour, opacity=1, clip=True)
    return [bars.encode(across.x(), up.y("low"), alt.Y2("high")), points.encode(across.x(), up.y(), tooltip=tips)]


def _said(plan: Plan) -> list[str]:
    """What is drawn."""
    said = [
        f"At {text_of('flops', float(plan.flops.value))} FLOP; lost is what an optimal run of the same loss would not "
        f"need. Bands and bars: {plan.level:.0%} intervals."
    ]
    shaded = next((r for r in plan.flat if r.of == "compute"), None)
    if shaded is not None and np.isfinite([shaded.smallest.value, shaded.largest.value]).all():
        ends = f"{text_of('params', float(shaded.smallest.value))} to {text_of('params', float(shaded.largest.value))}"
        said.append(f"Shaded: {ends} parameters lose at most {shaded.within:.0%}.")
    if plan.choice is not None:
        said.append("Orange: the size that was given.")
    return said
