"""Comparisons of recipes as tables."""

import math
from pathlib import Path
from typing import TYPE_CHECKING

from isoflop.cli import output
from isoflop.units import format_quantity

if TYPE_CHECKING:
    from isoflop.fit.estimate import Estimate
    from isoflop.recipes.classes import ClassResult
    from isoflop.recipes.comparison import Entry, RecipeComparison
    from isoflop.recipes.paired import Paired
    from isoflop.recipes.timing import TimeScores


def show(
    parts: "tuple[RecipeComparison | None, TimeScores | None, tuple[ClassResult, ...] | None]", *, as_json: bool
) -> None:
    """Print what was asked: the comparison by a law, times to a target, classes of accelerator-hours."""
    found, times, classes = parts
    if as_json:
        output.print_json(
            ({} if found is None else found.to_dict())
            | {
                "times": None if times is None else times.to_dict(),
                "classes": None if classes is None else [result.to_dict() for result in classes],
            }
        )
        return
    if found is not None:
        print_recipes(found)
    if times is not None:
        print_times(times)
    if classes is not None:
        print_classes(classes)


def close(found: "RecipeComparison", report: Path | None, command: str, *, strict: bool) -> None:
    """Write the report, where one was asked for, and hold the command to the fits' certificates."""
    if report is not None:
        write_page(report, found, command)
    for name, fitted in found.distinct_fits().items():
        output.hold_to(fitted.certificate, strict=strict, what=f"the fit of {name}")


def draw(found: "RecipeComparison", figure: Path | None) -> None:
    """Draw the curves and the compute multiplier, where a file was given."""
    if figure is None:
        return
    from isoflop import figures

    figures.save(figures.recipes_figure(found), figure)
    figures.save(figures.multiplier_figure(found), figure.with_name(f"{figure.stem}-multiplier{figure.suffix}"))


def print_times(found: "TimeScores") -> None:
    """Print scores and times to the target."""
    loads = found.times.workloads
    output.say("", f"time to the target; ratios above {found.largest_ratio:g} do not count", style="bold")
    rows = [
        (
            row["recipe"],
            f"{row['score']:.3f}",
            "–" if row["speedup"] is None else f"{row['speedup']:.3g}×",
            str(row["solved"]),
            *("never" if row["times"][load] is None else f"{row['times'][load]:.4g}" for load in loads),
        )
        for row in found.to_dict()["recipes"]
    ]
    headers = ("recipe", "score", f"speedup on {found.baseline}", "solved", *loads)
    output.grid(headers, rows, numbers=range(1, len(headers)))


def print_classes(found: "tuple[ClassResult, ...]") -> None:
    """Print the best run of every recipe in each class."""
    names = tuple(dict.fromkeys(name for result in found for name in result.responses))
    output.say("", "best response in each class of accelerator-hours", style="bold")
    rows = [
        (
            f"{result.hours:g} h",
            result.best or "no runs",
            *(f"{result.responses[name]:.4f}" if name in result.responses else "–" for name in names),
            "–" if result.lead is None else f"{result.lead:.2%}",
        )
        for result in found
    ]
    output.grid(("class", "best", *names, "lead"), rows, numbers=range(2, len(names) + 3))


def print_recipes(found: "RecipeComparison") -> None:
    """Print the recipes, the winner, crossings, pairs, and what speaks against it."""
    output.say(f"{found.way} fit of {found.formula}", style="bold")
    output.say(
        f"at {found.column} {format_quantity(found.at)}{', ' if found.held else ''}{found.held}; "
        f"{found.level:.0%} intervals; compared with {found.baseline}"
    )
    headers = (
        *("recipe", "runs", found.response, "interval", "difference", "interval"),
        *("compute ×", "interval", "better", "best", "decades on", "fit"),
    )
    output.grid(headers, [_entry(entry) for entry in found.entries], numbers=range(1, 11))
    output.say("", *found.conclusions())
    pairs = [(entry.name, entry.paired) for entry in found.entries if entry.paired is not None]
    if pairs:
        output.say("")
        columns = ("paired with the baseline", "pairs", "gap at the top", "trend per e-fold", "gap there", "noise")
        output.grid(columns, [_paired(*pair) for pair in pairs], numbers=range(1, 6))
    output.say("", *(f"warning: {text}" for text in found.warnings), style="yellow")
    output.say(*(f"not paired: {entry.name}: {entry.unpaired}" for entry in found.entries if entry.unpaired))
    output.say(*(f"not in the intervals: {text}" for text in found.leaves_out))
    output.say(*(f"note: {text}" for text in found.notes))


def write_page(path: Path, found: "RecipeComparison", command: str) -> None:
    """Write the report of the fit behind a comparison: of all recipes, or of the best one alone."""
    from isoflop.recipes.pool import runs_of
    from isoflop.report.page import write_report

    best = found.winner.name
    table = found.table if found.way != "separate" else runs_of(found.table, found.recipe_column, best)
    title = f"Recipes: {', '.join(entry.name for entry in found.entries)}"
    write_report(path, found.fits[best], table, recipes=found, command=command, title=title)


def _entry(entry: "Entry") -> tuple[str, ...]:
    """One recipe's row."""
    base = entry.better is None
    return (
        entry.name,
        str(entry.rows),
        f"{entry.response.value:.4f}",
        _ends(entry.response, ".4f"),
        "baseline" if base else f"{entry.difference.value:+.4f}",
        "" if base else _ends(entry.difference, "+.4f"),
        "1" if base else _number(entry.multiplier.value),
        "" if base else _ends(entry.multiplier, ".3g"),
        "" if entry.better is None else f"{entry.better:.1%}",
        f"{entry.best:.1%}",
        f"{entry.distance_decades:.1f}",
        entry.verdict,
    )


def _paired(name: str, pair: "Paired") -> tuple[str, ...]:
    """One row of paired runs, in percent."""
    shown = (pair.gap_top, pair.trend, pair.gap_at)
    return (name, str(pair.pairs), *(f"{_percent(item)}" for item in shown), f"{pair.noise:.2%}")


def _percent(item: "Estimate") -> str:
    """Value and interval in percent."""
    low, high = item.interval
    return f"{item.value:+.2%} ({low:+.2%} to {high:+.2%})"


def _number(value: float) -> str:
    return f"{value:.3g}" if math.isfinite(value) else "never as good"


def _ends(item: "Estimate", form: str) -> str:
    """An interval, or that there is none."""
    low, high = (float(end) for end in item.interval)
    return f"{low:{form}} to {high:{form}}" if math.isfinite(low) and math.isfinite(high) else "none"
