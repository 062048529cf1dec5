"""Section on recipes: which wins at scale, by how much compute, where curves cross, what pairs say."""

from math import isfinite

from isoflop import figures
from isoflop.recipes.comparison import Entry, RecipeComparison
from isoflop.report.blocks import Block, Heading, Items, Section, Table, Text
from isoflop.report.drawings import drawing
from isoflop.report.words import NEAR, listed, percent, quantity, sentence, tidy, with_interval


def answer(found: RecipeComparison) -> str:
    """The answer in one sentence: the best recipe and by how much, or which cannot be told apart.

    Args:
        found: the comparison.

    Returns:
        The sentence, with intervals and the distance from the runs.
    """
    best = found.winner
    lead = f"{with_interval(best.lead)} {'above' if found.better == 'higher' else 'below'} {best.second}"
    if best.resolved:
        said = f"{best.name} is best: {found.response} {with_interval(best.response, found.response)}, {lead}"
        said += _compute(found)
    else:
        said = f"{listed((best.name, *best.tied))} cannot be told apart: {best.name} is {lead}"
        said += f", and the best with a probability of {best.probability:.0%}"
    return tidy(f"At {_place(found)}, {said} ({found.level:.0%} intervals){_distance(found)}.")


def _place(found: RecipeComparison) -> str:
    """The scale and what is held there."""
    return f"{found.column} {quantity(found.column, found.at)}{', ' if found.held else ''}{found.held}"


def _compute(found: RecipeComparison) -> str:
    """What the lead is in compute, where one of the first two is the baseline."""
    best, second, word = found.winner.name, found.winner.second, found.response
    other = {second: best, best: second}.get(found.baseline)
    if other is None or not isfinite(found[other].multiplier.value):
        return ""
    times = with_interval(found[other].multiplier)
    if other == best:
        return f"; {second} needs {times} times the compute for the same {word}"
    return f"; it needs {times} of the compute for the {word} of {second}"


def _distance(found: RecipeComparison) -> str:
    """How far the scale lies outside the runs of the recipe that is farthest from it."""
    far = max(entry.distance_decades for entry in found.entries)
    return f", {far:.1f} decades outside the runs" if far > NEAR else ", within the range of the runs"


def recipes_section(found: RecipeComparison) -> Section:
    """Recipes side by side at one scale.

    Args:
        found: the comparison.

    Returns:
        The section.
    """
    said = f"{sentence(found.way)[:-1]} fit of {found.formula}, at {_place(found)}."
    blocks: list[Block] = [Text(tidy(said))]
    blocks += [Text(tidy(warning), "warning") for warning in found.warnings]
    blocks += [_table(found), Items([sentence(tidy(text)) for text in found.conclusions()])]
    blocks += [drawing(figures.recipes_figure(found)), drawing(figures.multiplier_figure(found))]
    blocks += _pairs(found)
    blocks += [Text("Not in the intervals:"), Items([sentence(tidy(text)) for text in found.leaves_out])]
    return Section("recipes", "Recipes", blocks)


def _table(found: RecipeComparison) -> Table:
    """The recipes, best first."""
    head = ("recipe", "runs", found.response, "difference", "compute multiplier", "better", "best", "decades on", "fit")
    caption = (
        f"{found.level:.0%} intervals. Compared with {found.baseline}; the multiplier says how many times its compute "
        f"{found.baseline} needs for the same {found.response}."
    )
    rows = [_row(entry, found.response) for entry in found.entries]
    return Table(head, rows, tuple(range(1, 8)), caption)


def _row(entry: Entry, response: str) -> tuple[str, ...]:
    """One recipe."""
    base = entry.better is None
    return (
        entry.name,
        f"{entry.rows:,}",
        with_interval(entry.response, response),
        "baseline" if base else with_interval(entry.difference),
        "1" if base else with_interval(entry.multiplier),
        "–" if base else percent(entry.better, digits=1),
        percent(entry.best, digits=1),
        f"{entry.distance_decades:.1f}",
        entry.verdict,
    )


def _pairs(found: RecipeComparison) -> list[Block]:
    """What paired runs say, and why some say nothing."""
    paired = [(entry.name, entry.paired) for entry in found.entries if entry.paired is not None]
    reasons = [f"{entry.name}: {entry.unpaired}" for entry in found.entries if entry.unpaired]
    blocks: list[Block] = []
    if paired:
        head = ("recipe", "pairs", "gap at the largest pair", "trend per e-fold", "gap at the scale", "decided")
        rows = [
            (
                name,
                str(pair.pairs),
                f"{percent(pair.gap_top.value, signed=True)} [{_ends(pair.gap_top.interval)}]",
                f"{percent(pair.trend.value, signed=True)} [{_ends(pair.trend.interval)}]",
                f"{percent(pair.gap_at.value, signed=True)} [{_ends(pair.gap_at.interval)}]",
                "yes" if pair.decided else "no",
            )
            for name, pair in paired
        ]
        keys = ", ".join(paired[0][1].keys)
        caption = (
            f"Runs that agree in {keys}; gap of ln {found.response} against {found.baseline}, "
            f"{'above' if found.better == 'higher' else 'below'} 0 is better."
        )
        blocks += [Heading("Runs in pairs"), Table(head, rows, (1, 2, 3, 4), caption)]
    if reasons:
        blocks.append(Items([sentence(tidy(reason)) for reason in reasons]))
    return blocks


def _ends(ends: tuple[float, float]) -> str:
    """Interval in percent."""
    return " to ".join(percent(float(end), signed=True) for end in ends)
