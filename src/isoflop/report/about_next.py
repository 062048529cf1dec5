"""Section on the runs to buy next: what they are, what they cost, and the interval to expect."""

from isoflop import figures
from isoflop.plan.design.designed import Design, ends, far_words, seed_words, spent_words, target_words
from isoflop.report.blocks import Block, Heading, Items, Section, Steps, Table, Text
from isoflop.report.drawings import drawing
from isoflop.report.words import percent, quantity, sentence, step_row, tidy


def next_section(design: Design) -> Section:
    """The runs to buy next.

    Args:
        design: as `next_runs` gave it.

    Returns:
        The section.
    """
    said = (
        f"{spent_words(design)}; the {design.level:.0%} interval should shrink "
        f"from ±{percent(design.half_width_before)} to ±{percent(design.half_width_after)}. {sentence(design.stopped)}"
    )
    blocks: list[Block] = [Text(tidy(said))]
    blocks += [Text(tidy(warning), "warning") for warning in design.warnings]
    blocks += [_runs(design), _targets(design)]
    if design.runs:
        blocks += [drawing(figures.design_figure(design)), drawing(figures.promise_figure(design))]
    if design.decided_after is not None:
        blocks.append(Text(f"Chance that these runs decide the question: {design.decided_after:.0%}."))
    blocks += [Heading("How they were chosen"), Steps([step_row(step) for step in design.steps])]
    blocks += [Text("Not in the intervals:"), Items([sentence(tidy(text)) for text in design.leaves_out])]
    return Section("next", tidy(design.question), blocks)


def _runs(design: Design) -> Table:
    """One row per run, in the order in which they pay."""
    words = list(design.runs[0].columns) if design.runs else []
    rows = [
        (
            str(k),
            *(run.columns[w] if isinstance(run.columns[w], str) else quantity(w, run.columns[w]) for w in words),
            tidy(quantity("flops" if design.unit == "FLOPs" else "", run.cost)) + seed_words(run),
            f"±{percent(run.half_width)}",
            far_words(run.distance_decades).strip() or "–",
        )
        for k, run in enumerate(design.runs, 1)
    ]
    head = ("", *words, f"cost ({design.unit})", "expected then", "beyond the runs")
    return Table(head, rows, tuple(range(len(words) + 3)), "Runs in the order in which they pay")


def _targets(design: Design) -> Table:
    """What is wanted, today and after."""
    rows = [
        (tidy(target_words(target)), ends(today, design), ends(then, design))
        for target, today, then in zip(design.targets, design.before, design.after, strict=True)
    ]
    return Table(("target", "today", "expected after these runs"), rows, (1, 2))
