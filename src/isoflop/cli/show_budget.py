"""Budgets of inference as tables."""

import math
from typing import TYPE_CHECKING, Final

from isoflop.cli import output

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from isoflop.fit.estimate import Estimate
    from isoflop.testtime.budgets.budget import Choice
    from isoflop.testtime.budgets.by_difficulty import Adaptive
    from isoflop.testtime.budgets.compare import BreakEven
    from isoflop.testtime.budgets.report import BudgetLine, BudgetReport

MOST_ROWS: Final = 20
"""Options of the frontier that a table shows."""


def print_budget(found: "BudgetReport") -> None:
    """Print the frontier, the best choices, what difficulty gains, where it saturates and breaks even."""
    menu = found.menu
    models = ", ".join(dict.fromkeys(route.model for route in menu.routes))
    problems = f"{len(menu.problems)} problems" if menu.problems else "laws of sampling"
    output.say(f"{models}: {problems}, cost of one in {menu.unit}; {menu.level:.0%} intervals", style="bold")
    shown = _thinned(found.frontier)
    some = "" if len(shown) == len(found.frontier) else f", {len(shown)} of {len(found.frontier)}"
    output.say("", f"options that no cheaper one matches{some}")
    headers = ("model", "rule", "k", "cost", "accuracy", "interval", "in the draws")
    output.grid(headers, [_row(choice) for choice in shown], numbers=(2, 3, 4, 6))
    if any(choice.forecast for choice in shown):
        output.say("* beyond the samples at hand, or by a law")
    _print_lines(found)
    _print_groups(found)
    _print_ends(found)
    output.say("", *(f"warning: {text}" for text in found.warnings), style="yellow")
    output.say(*(f"not in the intervals: {text}" for text in found.leaves_out))


def amount(value: float) -> str:
    """A cost.

    >>> amount(0.00123456), amount(float("inf")), amount(2.5e15)
    ('0.00123', 'never', '2.5e+15')
    """
    return f"{value:.3g}" if math.isfinite(value) else "never"


def _thinned(frontier: "Sequence[Choice]") -> "list[Choice]":
    """The options that a table shows: the first, the last, and some evenly between."""
    if len(frontier) <= MOST_ROWS:
        return list(frontier)
    places = {round(k * (len(frontier) - 1) / (MOST_ROWS - 1)) for k in range(MOST_ROWS)}
    return [choice for place, choice in enumerate(frontier) if place in places]


def _row(choice: "Choice") -> tuple[str, ...]:
    """One option."""
    mark = "*" if choice.forecast else ""
    return (
        choice.route.model, choice.route.rule, f"{choice.k:,}{mark}", amount(choice.cost.value),
        *_share(choice.accuracy), f"{choice.share:.0%}",
    )  # fmt: skip


def _print_lines(found: "BudgetReport") -> None:
    """Print what each budget buys, alike for all problems and by difficulty."""
    output.say("", "the best of each budget; on other problems: chosen on one half, counted on the other")
    rows = [_line(line) for line in found.lines]
    headers = ("budget", "model", "rule", "k", "accuracy", "interval", "in the draws", "on other problems",
               "by difficulty", "gain", "interval")  # fmt: skip
    output.grid(headers, rows, numbers=(0, 3, 4, 6, 7, 8, 9))


def _line(line: "BudgetLine") -> tuple[str, ...]:
    """One budget."""
    best, adaptive = line.best, line.adaptive
    if best is None:
        return (amount(line.budget), "nothing is so cheap", *[""] * 9)
    held = "–" if best.held_out is None else f"{best.held_out.value:.1%}"
    spread = ("–", "–", "") if adaptive is None else _gain(adaptive)
    return (
        amount(line.budget), best.route.model, best.route.rule, f"{best.k:,}", *_share(best.accuracy),
        f"{best.share:.0%}", held, *spread,
    )  # fmt: skip


def _gain(found: "Adaptive") -> tuple[str, str, str]:
    """Accuracy by difficulty, and what it gains over the same for all."""
    low, high = found.gain.interval
    return f"{found.accuracy.value:.1%}", f"{100 * found.gain.value:+.2f}", f"{100 * low:+.2f} to {100 * high:+.2f}"


def _print_groups(found: "BudgetReport") -> None:
    """Print how the largest budget is spent by difficulty."""
    from isoflop.testtime.budgets.by_difficulty import treated

    spent = [line for line in found.lines if line.adaptive is not None]
    if not spent:
        return
    line = spent[len(spent) // 2]
    made = line.adaptive
    if made is None:
        raise AssertionError("looked for above")
    output.say("", f"by difficulty at a budget of {amount(line.budget)}, the easiest problems first")
    rows = []
    for place, shares in enumerate(made.allocation.shares):
        parts = [f"{o['share']:.0%} {o['model']} · {o['rule']}, k = {o['k']:,}" for o in treated(found.menu, shares)]
        rows.append((str(place + 1), str(int((made.groups == place).sum())), "; ".join(parts) or "nothing"))
    output.grid(("bin", "problems", "share of them and what they get"), rows, numbers=(0, 1))


def _print_ends(found: "BudgetReport") -> None:
    """Print where routes saturate, and where models break even."""
    if found.saturation:
        output.say("", f"within {100 * found.saturation[0].within:g} points of the best that a route reaches")
        rows = [
            (
                p.route, f"{p.k.value:,.0f}", _span(p.k), amount(p.cost.value), f"{p.ceiling.value:.1%}",
                f"{100 * p.last_gain.value:+.2f}", "still rises" if p.rising else "",
            )
            for p in found.saturation
        ]  # fmt: skip
        headers = ("route", "from k", "interval", "cost", "best", "last doubling", "")
        output.grid(headers, rows, numbers=(1, 3, 4, 5))
    for one in found.break_even:
        _print_break_even(one)


def _print_break_even(one: "BreakEven") -> None:
    """Print what one model costs where it is as accurate as another."""
    against = one.against
    at = f"{against.accuracy.value:.1%} at {amount(against.cost.value)}"
    output.say("", f"{one.model} against {against.route.name} with k = {against.k:,}, {at}")
    rows = [
        ("cost to match it", amount(one.cost.value), _span(one.cost), f"{one.reached:.0%}"),
        ("over its cost", amount(one.ratio.value), _span(one.ratio), f"{one.reached:.0%}"),
        (f"budget from which {against.route.model} is better", amount(one.crossing.value), _span(one.crossing),
         f"{one.crosses:.0%}"),
    ]  # fmt: skip
    if one.questions is not None:
        text = "questions until its training is repaid"
        rows.append((text, amount(one.questions.value), _span(one.questions), ""))
    if one.inference_share is not None:
        text = "tokens of inference over pre-training up to which samples are cheaper"
        rows.append((text, always(one.inference_share.value), _span(one.inference_share, always), ""))
    output.grid(("", "value", "interval", "in the draws"), rows, numbers=(1, 3))


def always(value: float) -> str:
    """A limit that may be none.

    >>> always(float("inf")), always(0.25)
    ('any', '0.25')
    """
    return f"{value:.3g}" if math.isfinite(value) else "any"


def _share(found: "Estimate") -> tuple[str, str]:
    """A share and its interval, in percent."""
    low, high = (float(end) for end in found.interval)
    # No spread: a law that came without draws, or one that nothing in the draws changes.
    return f"{found.value:.1%}", f"{low:.1%} to {high:.1%}" if low < high else ""


def _span(found: "Estimate", show: "Callable[[float], str]" = amount) -> str:
    """An interval of costs."""
    low, high = (float(end) for end in found.interval)
    return f"{show(low)} to {show(high)}" if low < high else ""
