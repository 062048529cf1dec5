"""What a budget of inference buys, as tables that the command line prints and the page shows."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from isoflop.fit.estimate import Estimate
from isoflop.testtime.budgets.budget import Choice
from isoflop.testtime.budgets.by_difficulty import Adaptive, treated
from isoflop.testtime.budgets.compare import BreakEven
from isoflop.testtime.budgets.report import BudgetLine, BudgetReport

MOST_ROWS: Final = 20
"""Options of the frontier that a table shows."""


@dataclass(frozen=True)
class Grid:
    """A table.

    Attributes:
        title: words above it.
        head: column titles.
        rows: cells, one per column.
        numbers: places of the columns that hold numbers.
        note: words below it.
    """

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: tuple[int, ...]
    note: str = ""


def subject(found: BudgetReport) -> str:
    """Models, problems and unit in one line."""
    menu = found.menu
    models = ", ".join(dict.fromkeys(route.model for route in menu.routes))
    problems = f"{len(menu.problems)} problems" if menu.problems else "laws of sampling"
    return f"{models}: {problems}, cost of one in {menu.unit}; {menu.level:.0%} intervals"


def grids(found: BudgetReport) -> tuple[Grid, ...]:
    """Frontier, best choices, spending by difficulty, saturation, break-even; what there is of them."""
    parts = [_frontier(found), _lines(found), _groups(found), _saturation(found)]
    return (*(part for part in parts if part is not None), *(_break_even(one) for one in found.break_even))


def amount(value: float) -> str:
    """A cost.

    >>> amount(0.00123456), amount(float("inf")), amount(2.5e15)
    ('0.00123', 'never', '2.5e+15')
    """
    return f"{value:.3g}" if math.isfinite(value) else "never"


def always(value: float) -> str:
    """A limit that may be none.

    >>> always(float("inf")), always(0.25)
    ('any', '0.25')
    """
    return f"{value:.3g}" if math.isfinite(value) else "any"


def _frontier(found: BudgetReport) -> Grid:
    """Options that no cheaper one matches."""
    shown = _thinned(found.frontier)
    some = "" if len(shown) == len(found.frontier) else f", {len(shown)} of {len(found.frontier)}"
    note = "* beyond the samples at hand, or by a law" if any(choice.forecast for choice in shown) else ""
    head = ("model", "rule", "k", "cost", "accuracy", "interval", "in the draws")
    rows = tuple(_row(choice) for choice in shown)
    return Grid(f"options that no cheaper one matches{some}", head, rows, (2, 3, 4, 6), note)


def _thinned(frontier: Sequence[Choice]) -> list[Choice]:
    """The options that a table shows: the first, the last, and some evenly between."""
    if len(frontier) <= MOST_ROWS:
        return list(frontier)
    places = {round(k * (len(frontier) - 1) / (MOST_ROWS - 1)) for k in range(MOST_ROWS)}
    return [choice for place, choice in enumerate(frontier) if place in places]


def _row(choice: Choice) -> tuple[str, ...]:
    """One option."""
    mark = "*" if choice.forecast else ""
    return (
        choice.route.model, choice.route.rule, f"{choice.k:,}{mark}", amount(choice.cost.value),
        *_share(choice.accuracy), f"{choice.share:.0%}",
    )  # fmt: skip


def _lines(found: BudgetReport) -> Grid:
    """What each budget buys, alike for all problems and by difficulty."""
    head = ("budget", "model", "rule", "k", "accuracy", "interval", "in the draws", "on other problems",
            "by difficulty", "gain", "interval")  # fmt: skip
    title = "the best of each budget; on other problems: chosen on one half, counted on the other"
    return Grid(title, head, tuple(_line(line) for line in found.lines), (0, 3, 4, 6, 7, 8, 9))


def _line(line: BudgetLine) -> tuple[str, ...]:
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


def _gain(found: Adaptive) -> tuple[str, str, str]:
    """Accuracy by difficulty, and what it gains over the same for all."""
    low, high = found.gain.interval
    return f"{found.accuracy.value:.1%}", f"{100 * found.gain.value:+.2f}", f"{100 * low:+.2f} to {100 * high:+.2f}"


def _groups(found: BudgetReport) -> Grid | None:
    """How the middle budget is spent by difficulty."""
    spent = [(line.budget, line.adaptive) for line in found.lines if line.adaptive is not None]
    if not spent:
        return None
    budget, made = spent[len(spent) // 2]
    rows = []
    for place, shares in enumerate(made.allocation.shares):
        parts = [f"{o['share']:.0%} {o['model']} · {o['rule']}, k = {o['k']:,}" for o in treated(found.menu, shares)]
        rows.append((str(place + 1), str(int((made.groups == place).sum())), "; ".join(parts) or "nothing"))
    title = f"by difficulty at a budget of {amount(budget)}, the easiest problems first"
    return Grid(title, ("bin", "problems", "share of them and what they get"), tuple(rows), (0, 1))


def _saturation(found: BudgetReport) -> Grid | None:
    """Where routes saturate."""
    if not found.saturation:
        return None
    rows = tuple(
        (
            p.route, f"{p.k.value:,.0f}", _span(p.k), amount(p.cost.value), f"{p.ceiling.value:.1%}",
            f"{100 * p.last_gain.value:+.2f}", "still rises" if p.rising else "",
        )
        for p in found.saturation
    )  # fmt: skip
    title = f"within {100 * found.saturation[0].within:g} points of the best that a route reaches"
    return Grid(title, ("route", "from k", "interval", "cost", "best", "last doubling", ""), rows, (1, 3, 4, 5))


def _break_even(one: BreakEven) -> Grid:
    """What one model costs where it is as accurate as another."""
    against = one.against
    at = f"{against.accuracy.value:.1%} at {amount(against.cost.value)}"
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
    title = f"{one.model} against {against.route.name} with k = {against.k:,}, {at}"
    return Grid(title, ("", "value", "interval", "in the draws"), tuple(rows), (1, 3))


def _share(found: Estimate) -> tuple[str, str]:
    """A share and its interval, in percent."""
    low, high = (float(end) for end in found.interval)
    # No spread: a law that came without draws, or one that nothing in the draws changes.
    return f"{found.value:.1%}", f"{low:.1%} to {high:.1%}" if low < high else ""


def _span(found: Estimate, show: Callable[[float], str] = amount) -> str:
    """An interval of costs."""
    low, high = (float(end) for end in found.interval)
    return f"{show(low)} to {show(high)}" if low < high else ""
