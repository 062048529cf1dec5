"""Section on isoFLOP curves: loss against size at equal compute, by the law and without one."""

from collections.abc import Callable, Mapping
from typing import Any

from isoflop import figures
from isoflop.errors import LawError
from isoflop.figures.theme import Chart
from isoflop.fit import Fit
from isoflop.plan.profiles.isoflops import Isoflops
from isoflop.report.blocks import Block, Heading, Items, Section, Table, Text
from isoflop.report.drawings import drawing
from isoflop.report.words import quantity, tidy, with_interval
from isoflop.runs import RunTable


def isoflop_section(
    fit: Fit, table: RunTable, profiles: Isoflops | None, at: Mapping[str, Any] | None = None
) -> Section:
    """Loss against size at equal compute.

    Args:
        fit: the fit.
        table: the runs that it was fitted to.
        profiles: approach 2 on the same runs, if it was asked for.
        at: levels of indexed parameters, and values of the law's further columns.

    Returns:
        The section, with the reason where the law has no such curves.
    """
    blocks: list[Block] = [_figure(lambda: figures.isoflop_figure(fit, table, at=at or {}))]
    if profiles is not None:
        blocks.append(Heading("Without a law: a polynomial for each budget (approach 2)"))
        blocks += [Text(tidy(warning), "warning") for warning in profiles.warnings]
        blocks.append(_figure(lambda: figures.profile_figure(profiles, response=fit.response, unit=fit.law.unit)))
        blocks += [*([_profile_table(profiles)] if profiles.used else []), *_unused(profiles)]
    return Section("isoflop", "IsoFLOP curves", blocks)


def _figure(make: Callable[[], Chart]) -> Block:
    """A figure, or the reason why there is none."""
    try:
        return drawing(make())
    except LawError as reason:
        return Text(str(reason))


def _profile_table(profiles: Isoflops) -> Table:
    """Best size of each budget that counts."""
    rows = [
        (
            quantity("flops", p.flops),
            str(len(p.rows)),
            with_interval(p.params, "params"),
            with_interval(p.tokens, "tokens"),
            with_interval(p.loss, "loss"),
        )
        for p in profiles.used
    ]
    exponent = f"Exponent a of N* ∝ C^a through the minima: {with_interval(profiles.exponent)}."
    caption = f"{profiles.level:.0%} intervals. {exponent}"
    return Table(("budget", "runs", "params", "tokens", "lowest loss"), rows, (1, 2, 3, 4), caption)


def _unused(profiles: Isoflops) -> list[Block]:
    """Budgets that do not count, and why."""
    said = [f"{quantity('flops', p.flops)}: {tidy(' '.join(p.flags))}" for p in profiles.profiles if not p.used]
    return [Text("Budgets that are not used:"), Items(said)] if said else []
