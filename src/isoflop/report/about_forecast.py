"""Sections on what follows: back-test, forecast, plan."""

import numpy as np

from isoflop import figures
from isoflop.errors import LawError
from isoflop.fit import Fit
from isoflop.plan import Plan
from isoflop.report.blocks import Block, Facts, Heading, Items, Section, Table, Text
from isoflop.report.drawings import drawing
from isoflop.report.words import number, percent, quantity, with_interval
from isoflop.runs import RunTable
from isoflop.validate import Backtest

DECADES = (0, 1, 2, 3)


def backtest_section(found: Backtest | None) -> Section:
    """Errors of held-out runs, cut by cut.

    Args:
        found: the back-test, or None when none was made.

    Returns:
        The section.
    """
    title = "Rolling back-test: fit the small, predict the large"
    if found is None:
        return Section("backtest", title, [Text("No back-test was made: nothing shows how this law extrapolates.", "warning")])
    rows = [
        (
            f"{found.by} < {quantity(found.by, s.cut)}", str(len(s.train_rows)), str(len(s.test_rows)),
            f"{s.distance_decades:.2f}", percent(s.mean_abs_rel_error), percent(s.mean_signed_rel_error, signed=True),
            percent(s.coverage), number(s.inflation, 3) if s.inflation is not None else "–", s.fit.certificate.verdict,
        )
        for s in found.splits
    ]  # fmt: skip
    head = ("fitted", "runs", "held out", "decades on", "mean |error|", "mean error", "in interval", "inflation", "fit")
    total = (
        "all cuts", "", str(len(found.predictions)), "", percent(found.mean_abs_rel_error),
        percent(found.mean_signed_rel_error, signed=True), percent(found.coverage),
        number(found.inflation, 3) if found.inflation is not None else "–", "",
    )  # fmt: skip
    blocks: list[Block] = [Text(_verdict(found)), Table(head, [*rows, total], tuple(range(1, 8)))]
    blocks += [drawing(figures.backtest_figure(found)), drawing(figures.prediction_figure(found))]
    skipped = [f"No cut at {found.by} {quantity(found.by, s.cut)}: {s.reason}." for s in found.skipped]
    if skipped:
        blocks.append(Items(skipped))
    return Section("backtest", title, blocks)


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


def forecast_section(fit: Fit, table: RunTable, target: float | None, held_out: RunTable | None) -> Section:
    """The forecast along the compute-optimal sizes (or the law's only column).

    Args:
        fit: the fit.
        table: the runs that it was fitted to.
        target: compute to reach.
        held_out: larger runs that the fit has not seen.

    Returns:
        The section, with the reason where no single line leads beyond the runs.
    """
    try:
        blocks: list[Block] = [drawing(figures.forecast_figure(fit, table, target=target, held_out=held_out))]
        blocks.append(_forecast_table(fit, target))
    except LawError as reason:
        blocks = [Text(str(reason))]
    if fit.inflation is not None:
        blocks.append(Text(f"Bands are {fit.inflation:.2f} times as wide as the draws alone, as the back-test asks."))
    return Section("forecast", "Forecast", blocks)


def _forecast_table(fit: Fit, target: float | None) -> Table:
    """Forecasts at whole decades beyond the runs."""
    along = figures.has_isoflops(fit)
    word = "flops" if along else fit.law.columns[0]
    high = fit.data.ranges[word][1]
    places = sorted({*(high * 10.0**k for k in DECADES), *([target] if target else [])})
    rows = []
    for place in places:
        row = _forecast_row(fit, word, place) if not along else _optimal_row(fit, place)
        rows.append((f"{np.log10(place / high):+.1f}", quantity(word, place), *row))
    head = ("decades beyond", word, *(("params", "tokens") if along else ()), f"{fit.response} of a new run")
    return Table(head, rows, tuple(range(len(head))))


def _forecast_row(fit: Fit, word: str, place: float) -> tuple[str, ...]:
    """Forecast of a law of one column."""
    return (with_interval(fit.predict(new_run=True, level=None, **{word: place})),)


def _optimal_row(fit: Fit, flops: float) -> tuple[str, ...]:
    """Forecast at the compute-optimal size."""
    from isoflop.laws.optimum import compute_optimum

    best = compute_optimum(fit.law, fit.theta, flops)
    params, tokens = float(best.params), float(best.tokens)
    if not np.isfinite(params):
        return "–", "–", "no interior optimum"
    whole = {"params": params, "tokens": tokens, "flops": flops}
    found = fit.predict(new_run=True, level=None, **{w: whole[w] for w in fit.law.columns})
    return quantity("params", params), quantity("tokens", tokens), with_interval(found)


def plan_section(plan: Plan | None, fit: Fit) -> Section:
    """Size and data, derivation, cost of another size.

    Args:
        plan: the plan, or None when none was asked for.
        fit: the fit that it was made from.

    Returns:
        The section.
    """
    if plan is None:
        return Section("plan", "Plan", [Text("No plan was asked for: give a budget (flops), a loss, or a size.")])
    blocks: list[Block] = [Text(warning, "warning") for warning in plan.warnings]
    blocks.append(_plan_table(plan))
    if plan.exists:
        blocks.append(drawing(figures.plan_figure(plan, fit)))
        blocks.append(_penalty_table(plan))
    blocks += [Heading("How it was derived"), Items([_step(s) for s in plan.steps], numbered=True)]
    return Section("plan", f"Plan: {plan.question}", blocks)


def _plan_table(plan: Plan) -> Table:
    """The allocation with its intervals."""
    named = (
        ("Parameters N", plan.params, "params"),
        ("Tokens D", plan.tokens, "tokens"),
        ("Tokens per parameter D/N", plan.tokens_per_param, ""),
        ("Training compute C (FLOP)", plan.flops, "flops"),
        ("Loss", plan.loss, ""),
        ("Exponent a of N* ∝ C^a", plan.exponent, ""),
    )
    rows = []
    for title, estimate, word in named:
        low, high = (float(end) for end in estimate.interval)
        ends = ("given", "") if low == high else (quantity(word, low), quantity(word, high))
        rows.append((title, quantity(word, float(estimate.value)), *ends))
    return Table(("", "value", f"{plan.level:.0%} interval from", "to"), rows, (1, 2, 3))


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
                f"{percent(float(p.extra_compute.value))} [{percent(low)}, {percent(high)}]",
            )
        )
    return Table(("size over optimum", "params", "loss", "compute lost"), rows, (0, 1, 2, 3), "Another size at the same compute")


def _step(step: object) -> str:
    """One step of the derivation."""
    return str(step)


def headline(fit: Fit, plan: Plan | None, found: Backtest | None) -> list[Block]:
    """The answer in one sentence, and what to know before using it.

    Args:
        fit: the fit.
        plan: the plan, if any.
        found: the back-test, if any.

    Returns:
        Boxes for the top of the page.
    """
    if plan is not None and plan.exists:
        said = _plan_sentence(plan)
    else:
        said = f"{fit.law.name} describes {fit.rows:,} runs; {fit.certificate.verdict}."
    facts = [("Runs", f"{fit.rows:,}"), ("Certificate", fit.certificate.verdict)]
    if found is not None:
        facts.append(("Back-test error", percent(found.mean_abs_rel_error)))
    if fit.inflation is not None:
        facts.append(("Intervals widened by", f"{fit.inflation:.2f}×"))
    blocks: list[Block] = [Text(said, "headline"), Facts(facts)]
    if not fit.certificate.ok:
        blocks += [Text(reason, "warning") for reason in fit.certificate.reasons]
    return blocks


def _plan_sentence(plan: Plan) -> str:
    """A plan in one sentence with its intervals."""
    what = f"{with_interval(plan.params, 'params')} parameters on {with_interval(plan.tokens, 'tokens')} tokens"
    low, high = plan.flops.interval
    budget = quantity("flops", float(plan.flops.value)) if low == high else with_interval(plan.flops, "flops")
    loss = f"a loss of {with_interval(plan.loss)}"
    if plan.choice is not None:
        return f"{what} ({budget} FLOP): {loss}, {plan.level:.0%} intervals."
    return f"{budget} FLOP: {what}, for {loss}; {plan.level:.0%} intervals."


def left_out_section(fit: Fit, plan: Plan | None) -> Section:
    """What no interval on the page contains.

    Args:
        fit: the fit.
        plan: the plan, if any.

    Returns:
        The section.
    """
    said = dict.fromkeys((*fit.leaves_out, *(plan.leaves_out if plan else ())))
    return Section("leaves-out", "What the intervals leave out", [Items([f"{s[0].upper()}{s[1:]}." for s in said])])
