"""Sections on what follows: back-test, forecast, plan."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from isoflop import figures
from isoflop.errors import InputError, LawError
from isoflop.figures.curves import complete
from isoflop.figures.forecast import line_word
from isoflop.figures.place import best_params, held_words, inputs_at
from isoflop.fit import Fit
from isoflop.plan import Plan
from isoflop.report.blocks import Block, Heading, Items, Section, Steps, Table, Text
from isoflop.report.drawings import drawing
from isoflop.report.words import interval, number, percent, quantity, sentence, step_row, tidy, with_interval
from isoflop.runs import RunTable
from isoflop.validate import Backtest, Split

DECADES = (0, 1, 2, 3)
NEAR = 0.1
"""Decades within which a target takes the place of a whole decade."""


def backtest_section(found: Backtest | None) -> Section:
    """Errors of held-out runs, cut by cut.

    Args:
        found: the back-test, or None when none was made.

    Returns:
        The section.
    """
    title = "Rolling back-test: fit the small, predict the large"
    if found is None:
        said = "No back-test was made: nothing shows how this law extrapolates."
        return Section("backtest", title, [Text(said, "warning")])
    head = ("fitted", "runs", "held out", "decades on", "mean |error|", "mean error", "in interval", "inflation", "fit")
    rows = [
        (
            f"{found.by} < {quantity(found.by, s.cut)}", str(len(s.train_rows)), str(len(s.test_rows)),
            f"{s.distance_decades:.2f}", *_scores(s), s.fit.certificate.verdict,
        )
        for s in found.splits
    ]  # fmt: skip
    total = ("all cuts", "", str(len(found.predictions)), "", *_scores(found), "")
    blocks: list[Block] = [Text(_verdict(found)), Table(head, [*rows, total], tuple(range(1, 8)))]
    blocks += [drawing(figures.backtest_figure(found)), drawing(figures.prediction_figure(found))]
    skipped = [f"No cut at {found.by} {quantity(found.by, s.cut)}: {s.reason}." for s in found.skipped]
    notes = [sentence(tidy(n)) for n in found.notes if n not in found.splits[0].fit.data.notes]
    if skipped or notes:
        blocks.append(Items([*skipped, *notes]))
    return Section("backtest", title, blocks)


def _scores(found: Backtest | Split) -> tuple[str, ...]:
    """Errors, coverage and inflation, of one cut or of all."""
    return (
        percent(found.mean_abs_rel_error),
        percent(found.mean_signed_rel_error, signed=True),
        percent(found.coverage, digits=0),
        number(found.inflation, 3) if found.inflation is not None else "–",
    )


def _verdict(found: Backtest) -> str:
    """The back-test in two sentences."""
    side = "too high" if found.mean_signed_rel_error > 0 else "too low"
    said = (
        f"Forecasts of larger runs were off by {percent(found.mean_abs_rel_error)} on average, "
        f"{percent(abs(found.mean_signed_rel_error))} {side} in the mean."
    )
    if found.coverage is None or found.inflation is None:
        return said
    said += f" {found.coverage:.0%} of them lay in their {found.level:.0%} intervals"
    if found.inflation > 1:
        return said + f"; intervals must be {found.inflation:.2f} times as wide to keep their promise."
    return said + "; no inflation is needed."


def forecast_section(
    fit: Fit,
    table: RunTable,
    target: float | None,
    held_out: RunTable | None,
    at: Mapping[str, Any] | None = None,
) -> Section:
    """The forecast along the compute-optimal sizes (or the law's only column).

    Args:
        fit: the fit.
        table: the runs that it was fitted to.
        target: compute to reach.
        held_out: larger runs that the fit has not seen.
        at: levels of indexed parameters, and values of the law's further columns.

    Returns:
        The section, with the reason where no single line leads beyond the runs.
    """
    place = at or {}
    try:
        figure = figures.forecast_figure(fit, table, target=target, held_out=held_out, at=place)
        blocks: list[Block] = [drawing(figure), _forecast_table(fit, target, place)]
    except LawError as reason:
        blocks = [Text(str(reason))]
    if place:
        blocks.append(Text(f"Forecast and plan are at {held_words(place)}; at=… (--set) makes them at another place."))
    if fit.inflation is not None:
        blocks.append(Text(f"Bands are {fit.inflation:.2f} times as wide as the draws alone, as the back-test asks."))
    return Section("forecast", "Forecast", blocks)


def _forecast_table(fit: Fit, target: float | None, at: Mapping[str, Any]) -> Table:
    """Forecasts at whole decades beyond the runs."""
    along = figures.has_isoflops(fit, at)
    word = line_word(fit, at)
    high = fit.data.ranges[word][1]
    asked = [target] if target else []
    whole = [high * 10.0**k for k in DECADES]
    places = sorted([*asked, *(p for p in whole if not asked or abs(np.log10(p / asked[0])) > NEAR)])
    rows = []
    for place in places:
        row = _optimal_row(fit, place, at) if along else _forecast_row(fit, {word: place, **at})
        rows.append((f"{np.log10(place / high):+.1f}", quantity(word, place), *row))
    head = ("decades beyond", word, *(("params", "tokens") if along else ()), f"{fit.response} of a new run")
    return Table(head, rows, tuple(range(1, len(head))))


def _forecast_row(fit: Fit, columns: Mapping[str, Any]) -> tuple[str, ...]:
    """Forecast of a law of one column."""
    return (with_interval(fit.predict(new_run=True, level=None, **columns), fit.response),)


def _optimal_row(fit: Fit, flops: float, at: Mapping[str, Any]) -> tuple[str, ...]:
    """Forecast at the compute-optimal size."""
    params = best_params(fit, fit.theta, flops, at)
    if not np.isfinite(params):
        return "–", "–", "no interior optimum"
    whole = complete({"params": params, "flops": np.asarray(flops)})
    found = fit.predict(new_run=True, level=None, **inputs_at(fit, whole, at))
    sizes = (quantity(word, float(whole[word])) for word in ("params", "tokens"))
    return *sizes, with_interval(found, fit.response)


def plan_section(plan: Plan | InputError | None, fit: Fit) -> Section:
    """Size and data, derivation, cost of another size.

    Args:
        plan: the plan, the error that says why there is none, or None when none was asked for.
        fit: the fit that it was made from.

    Returns:
        The section.
    """
    if isinstance(plan, InputError):
        return Section("plan", "Plan", [Text(f"No plan: {plan}", "warning")])
    if plan is None:
        return Section("plan", "Plan", [Text("No plan was asked for: give a budget (flops), a loss, or a size.")])
    blocks: list[Block] = [Text(tidy(warning), "warning") for warning in plan.warnings]
    blocks.append(_plan_table(plan))
    if plan.exists:
        blocks.append(drawing(figures.plan_figure(plan, fit)))
        blocks.append(_penalty_table(plan))
    blocks += [Heading("How it was derived"), Steps([step_row(step) for step in plan.steps])]
    question = tidy(plan.question)
    return Section("plan", question if question.startswith("Plan") else f"Plan: {question}", blocks)


def _plan_table(plan: Plan) -> Table:
    """The allocation with its intervals."""
    named = (
        ("Parameters N", plan.params, "params"),
        ("Tokens D", plan.tokens, "tokens"),
        ("Tokens per parameter D/N", plan.tokens_per_param, ""),
        ("Training compute C (FLOP)", plan.flops, "flops"),
        ("Loss", plan.loss, "loss"),
        ("Exponent a of N* ∝ C^a", plan.exponent, ""),
    )
    rows = []
    for title, estimate, word in named:
        value = quantity(word, float(estimate.value))
        rows.append((title, value, interval(estimate.interval, word)))
    return Table(("", "value", f"{plan.level:.0%} interval"), rows, (1, 2))


def _penalty_table(plan: Plan) -> Table:
    """Cost of other sizes at the same compute."""
    costs = [*plan.penalty, *([plan.choice] if plan.choice is not None else [])]
    rows = []
    for p in sorted(costs, key=lambda p: float(p.factor.value)):
        low, high = p.extra_compute.interval
        rows.append(
            (
                f"{float(p.factor.value):.3g}×" + (" (given)" if p is plan.choice else ""),
                quantity("params", float(p.params.value)),
                f"+{float(p.loss_increase.value):.4f}",
                f"{_tenth(p.extra_compute.value)} [{_tenth(low)}, {_tenth(high)}]",
            )
        )
    head = ("size over optimum", "params", "loss", "compute lost")
    return Table(head, rows, (1, 2, 3), "Another size at the same compute")


def _tenth(share: float) -> str:
    """A share in percent with one digit."""
    return percent(float(share), digits=1)
