"""Designs as tables, and their runs as a file."""

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

from isoflop.cli import output
from isoflop.units import format_quantity

if TYPE_CHECKING:
    from isoflop.plan.design.designed import Design


def print_design(found: "Design", *, steps: bool) -> None:
    """Print the runs, the interval to expect, what speaks against them, and on request the derivation."""
    from isoflop.plan.design.designed import ends, far_words, shown, spent_words, target_words

    output.say(f"{found.question} ({found.law}: {found.formula})", style="bold")
    words = list(found.runs[0].columns) if found.runs else []
    rows = [
        (
            str(k), *(shown(run.columns[w]) for w in words), str(run.seed), format_quantity(run.cost),
            f"±{run.half_width:.2%}", far_words(run.distance_decades).strip(),
        )
        for k, run in enumerate(found.runs, 1)
    ]  # fmt: skip
    output.grid(("", *words, "seed", "cost", "expected then", "beyond the runs"), rows, numbers=range(len(words) + 4))
    output.say(f"{spent_words(found)}; {found.stopped}", "")
    output.grid(
        ("target", "today", f"expected ({found.level:.0%})"),
        [
            (target_words(target), ends(today, found), ends(then, found))
            for target, today, then in zip(found.targets, found.before, found.after, strict=True)
        ],
    )
    if found.decided_after is not None:
        output.say(f"chance that these runs decide it: {found.decided_after:.0%}")
    if steps:
        output.say("", *(f"{number}. {step}" for number, step in enumerate(found.steps, 1)))
    output.say("", *(f"warning: {text}" for text in found.warnings), style="yellow")
    output.say(*(f"not in the intervals: {text}" for text in found.leaves_out))


def draw(found: "Design", figure: Path | None) -> None:
    """Draw the runs among those offered and the interval to expect, where a file was given."""
    if figure is None:
        return
    from isoflop import figures

    figures.save(figures.design_figure(found), figure)
    figures.save(figures.promise_figure(found), figure.with_name(f"{figure.stem}-interval{figure.suffix}"))


def write_runs(path: Path, found: "Design") -> None:
    """Write the runs as CSV, in the order in which they pay."""
    from isoflop.fit.storage import write_text

    words = list(found.runs[0].columns) if found.runs else []
    page = io.StringIO()
    writer = csv.writer(page, lineterminator="\n")
    more = ("seed", "cost", "expected_half_width", "candidate_row", "decades_beyond_the_runs", "intervals_widened_by")
    writer.writerow([*words, *more])
    factor = "" if found.inflation is None else max(found.inflation, 1.0)
    for run in found.runs:
        away = max(run.distance_decades.values(), default=0.0)
        writer.writerow([*(run.columns[w] for w in words), run.seed, run.cost, run.half_width, run.row, away, factor])
    write_text(path, page.getvalue())
