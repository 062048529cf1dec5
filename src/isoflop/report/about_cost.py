"""Section on costs: time, money, energy, memory and serving of the plan, thresholds, conventions, derivation."""

from isoflop.errors import InputError
from isoflop.plan.costs.result import Cost
from isoflop.plan.costs.thresholds import CAVEAT
from isoflop.report.blocks import Block, Facts, Heading, Items, Section, Steps, Table, Text
from isoflop.report.words import quantity, sentence, step_row, tidy


def cost_section(found: Cost | InputError) -> Section:
    """What the plan costs.

    Args:
        found: the cost, or why there is none.

    Returns:
        The section.
    """
    if isinstance(found, InputError):
        return Section("cost", "Cost of the plan", [Text(f"No cost can be given. {tidy(str(found))}", "warning")])
    blocks: list[Block] = [Text(tidy(warning), "warning") for warning in found.warnings]
    if _uncertain(found):
        blocks.append(Text(f"Brackets are {found.params.level:.0%} intervals."))
    pairs = [(name[:1].upper() + name[1:], tidy(value)) for name, value in found.rows()]
    blocks += [Facts(pairs), Heading("FLOPs by convention"), _conventions(found)]
    blocks += [Heading("Thresholds of training compute"), Items([sentence(tidy(str(t))) for t in found.thresholds])]
    blocks += [Text(CAVEAT), Heading("How it was derived"), Steps([step_row(step) for step in found.steps])]
    if found.leaves_out:
        blocks += [Text("Not in the intervals:"), Items([sentence(tidy(text)) for text in found.leaves_out])]
    return Section("cost", tidy(found.question), blocks)


def _uncertain(found: Cost) -> bool:
    """Whether anything in it has an interval."""
    return any(one.interval[0] != one.interval[1] for one in (found.params, found.tokens, found.flops))


def _conventions(found: Cost) -> Table:
    """Training FLOPs under every convention, against the one used."""
    used = found.by_convention[found.convention]
    rows = [
        (name, quantity("flops", value), "used" if name == found.convention else f"{value / used - 1:+.1%}")
        for name, value in found.by_convention.items()
    ]
    return Table(("convention", "training FLOPs", "against the one used"), rows, (1, 2))
