"""Section on the plan under limits: what to run, what binds, what one more unit buys, what is as good."""

import re
from functools import partial

from isoflop.fit import Estimate
from isoflop.plan.within.limits import show_value
from isoflop.plan.within.result import PlanWithin
from isoflop.plan.within.words import draws_text, far, flat_ends, limit_row, moved, nearby_text, unit_price
from isoflop.report.blocks import Block, Heading, Items, Section, Steps, Table, Text
from isoflop.report.words import percent, sentence, span, step_row, tidy


def within_section(found: PlanWithin) -> Section:
    """The plan under limits.

    Args:
        found: as `plan_within` gave it.

    Returns:
        The section.
    """
    blocks: list[Block] = [Text(tidy(warning), "warning") for warning in found.warnings]
    blocks += [_values(found), *_limits(found), *_flat(found), *_chosen(found), *_sensitivity(found)]
    blocks += [Text("Not in the intervals:"), Items([sentence(tidy(text)) for text in found.leaves_out])]
    blocks += [Heading("How it was derived"), Steps([step_row(step) for step in found.steps])]
    return Section("within", tidy(f"Plan under limits: {found.question[:1].lower()}{found.question[1:]}"), blocks)


def _values(found: PlanWithin) -> Table:
    """What is decided, what follows, and the objective, with the distance from the runs."""
    everything: dict[str, Estimate] = {**found.variables, **found.quantities}
    everything |= {} if found.objective in everything else {found.objective: found.best}
    rows = [
        (
            word,
            "decided" if word in found.variables else "follows",
            tidy(show_value(word, float(item.value))),
            tidy(span(item.interval, partial(show_value, word), alike="the same in all draws")),
            far(found, word) or "–",
        )
        for word, item in everything.items()
    ]
    head = ("", "", "value", f"{found.level:.0%} interval", "beyond the runs")
    return Table(head, rows, (2, 3, 4))


def _limits(found: PlanWithin) -> list[Block]:
    """Limits with their shadow prices."""
    if not found.limits:
        return []
    rows = []
    for use in found.limits:
        *cells, price = (tidy(cell) for cell in limit_row(use))
        rows.append((*cells, price or "–", tidy(unit_price(use)) or "–"))
    head = ("limit", "used", "binds", "binds in draws", f"1 % more changes {found.objective} by", "one more unit by")
    return [Heading("What binds, and what more of it buys"), Table(head, rows, (1, 3, 4, 5))]


def _flat(found: PlanWithin) -> list[Block]:
    """Values of each variable that are as good, the others following."""
    if not found.flat:
        return []
    rows = [(item.word, *(tidy(end) for end in flat_ends(item))) for item in found.flat]
    caption = f"Within {found.flat[0].within:.0%} of the best, the others following"
    near = nearby_text(found)
    said = [Text(f"{sentence(tidy(near[:1].upper() + near[1:]))}")] if near else []
    return [Heading("What is as good"), Table(("", "from", "to"), rows, (1, 2), caption), *said]


def _chosen(found: PlanWithin) -> list[Block]:
    """Listed values, and how many draws choose each."""
    said = [f"{word}: {draws_text(some)}" for word, some in found.chosen.items()]
    return [Text("Share of the draws that choose each listed value:"), Items(said)] if said else []


def _sensitivity(found: PlanWithin) -> list[Block]:
    """What a rise of every input changes."""
    if not found.sensitivity:
        return []
    words = list(found.sensitivity[0].variables)
    rows = []
    for item in found.sensitivity:
        change = moved(item) or "no plan keeps all limits"
        cells = (percent(item.variables[word], signed=True, digits=1) for word in words)
        rows.append((tidy(item.word), *(_nothing(cell) for cell in (change, *cells))))
    head = (f"{found.sensitivity[0].rise:.0%} more of", found.objective, *words)
    return [Heading("What changes with the inputs"), Table(head, rows, tuple(range(1, len(head))))]


def _nothing(cell: str) -> str:
    """A dash for a change that rounds to zero."""
    return cell if re.search(r"[1-9a-z]", cell) else "–"
