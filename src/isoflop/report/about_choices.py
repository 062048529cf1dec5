"""Section on choices: how far each answer moves over all defensible analyses."""

from isoflop import figures
from isoflop.report.blocks import Block, Items, Section, Table, Text
from isoflop.report.drawings import drawing
from isoflop.report.words import number, quantity, sentence, tidy
from isoflop.validate.spread import CHOICES, Multiverse


def multiverse_section(found: Multiverse) -> Section:
    """Ranges over all analyses, and which choice moves them.

    Args:
        found: the multiverse.

    Returns:
        The section.
    """
    asked = [] if found.flops is None else [f"{quantity('flops', found.flops)} FLOP"]
    asked += [f"{word} = {value}" for word, value in (found.target or {}).items()]
    said = (
        f"{len(found.universes):,} analyses (objective × law × runs × way to count compute) for {', '.join(asked)}; "
        f"{len(found.counted):,} have a fit that converged and count here."
    )
    rows = [
        (
            name, quantity(_word(name), r.low), quantity(_word(name), r.median), quantity(_word(name), r.high),
            *(f"{number(found.influence[name][choice], 3)}×" for choice in CHOICES),
        )
        for name, r in found.ranges.items()
    ]  # fmt: skip
    head = ("answer", "lowest", "median", "highest", *(f"moved by {choice}" for choice in CHOICES))
    blocks: list[Block] = [Text(said), Table(head, rows, tuple(range(1, len(head))))]
    shown = next((name for name in ("params", "prediction") if name in found.ranges), None)
    if shown is not None:
        blocks.append(drawing(figures.multiverse_figure(found, quantity=shown)))
    reasons = [u.reason for u in found.universes if u.reason]
    missing = [sentence(tidy(f"no answer in {reasons.count(r)}: {r}")) for r in dict.fromkeys(reasons)]
    if missing:
        blocks.append(Items(missing))
    return Section("choices", "What the choices do", blocks)


def _word(name: str) -> str:
    """Column whose writing suits an answer."""
    return {"prediction": "loss", "tokens_per_param": ""}.get(name, name)
