"""Doubts about a table whose cells can be read: units, FLOPs, trends, design."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from isoflop.runs.cells import FloatArray
from isoflop.runs.columns import VOCABULARY
from isoflop.runs.design import checkpoints, collinear, sizes, unfinished
from isoflop.runs.finding import Finding, listed_rows, rows_where
from isoflop.runs.table import RunTable
from isoflop.units import FLOPS_PER_PARAM_TOKEN, format_quantity

FLOPS_FACTOR: Final = 2.0
"""FLOPs that differ from 6ND by more than this are reported."""
OUTLIER: Final = 6.0
"""Robust standard deviations above the trend beyond which a run is reported,"""
OUTLIER_LEAST: Final = 0.05
"""if it is also above it by this much, relatively."""
TREND_ROWS: Final = 10_000
"""Rows that the trend is fitted to, at most twice as many."""


def everything(
    table: RunTable, columns: Sequence[str], response: str | None, law_parameters: int | None
) -> list[Finding]:
    """Run every doubt over a table.

    Args:
        table: runs whose needed cells are usable.
        columns: columns of numbers that the law uses.
        response: column to be explained, if it is there.
        law_parameters: free parameters of the law.

    Returns:
        Warnings, and errors where no fit is possible.
    """
    found = [*ranges(table), *flops_against_6nd(table), *unfinished(table), *checkpoints(table)]
    if response is not None:
        found += [*duplicates(table, columns, response), *off_trend(table, columns, response)]
        found += above_uniform(table, response)
    return [*found, *sizes(table, columns, law_parameters), *collinear(table, columns)]


def ranges(table: RunTable) -> list[Finding]:
    """Values that no run of today can have, which speaks for another unit."""
    found: list[Finding] = []
    for word in ("params", "tokens", "flops", "loss", "unique_tokens", "batch_tokens", "lr"):
        if not table.is_number(word) or word in table.derived:
            continue
        column, values = VOCABULARY[word], table.column(word)
        with np.errstate(invalid="ignore"):
            outside = (values > 0) & ((values < column.low) | (values > column.high))
        if outside.any():
            rows = rows_where(table, outside)
            example = format_quantity(float(values[np.flatnonzero(outside)[0]]))
            found.append(
                Finding(
                    "warning",
                    "range",
                    f"{word} is {example} in {listed_rows(rows, len(table))}, outside "
                    f"{format_quantity(column.low)} to {format_quantity(column.high)} {column.unit}".rstrip(),
                    rows,
                    word,
                    f"If the column is in thousands, millions or billions, map it with its factor: {word}=COLUMN*1e9.",
                )
            )
    return found


def flops_against_6nd(table: RunTable) -> list[Finding]:
    """FLOPs that disagree with 6·params·tokens; by a power of a thousand it is a unit."""
    given = all(table.is_number(w) and w not in table.derived for w in ("params", "tokens", "flops"))
    if not given:
        return []
    with np.errstate(all="ignore"):
        ratio = table.column("flops") / (FLOPS_PER_PARAM_TOKEN * table.column("params") * table.column("tokens"))
        logs = np.log10(ratio)
        thousands = np.round(logs / 3.0)
        slip = np.isfinite(logs) & (np.abs(thousands) >= 1) & (np.abs(logs - 3.0 * thousands) < 0.7)
        off = np.isfinite(logs) & (np.abs(logs) > np.log10(FLOPS_FACTOR)) & ~slip
    found: list[Finding] = []
    for power in np.unique(thousands[slip]).tolist():
        mask = slip & (thousands == power)
        rows = rows_where(table, mask)
        found.append(
            Finding(
                "warning",
                "units",
                f"flops is about 1e{3 * int(power)} times 6·params·tokens in {listed_rows(rows, len(table))}",
                rows,
                "flops",
                "One of the three is in another unit; map it with its factor, such as params=COLUMN*1e6.",
            )
        )
    if off.any():
        rows = rows_where(table, off)
        middle = float(np.median(ratio[off]))
        found.append(
            Finding(
                "warning",
                "flops_convention",
                f"flops differs from 6·params·tokens by more than {FLOPS_FACTOR:g}× in {listed_rows(rows, len(table))} "
                f"(median ratio {middle:.3g})",
                rows,
                "flops",
                "Say which rule the flops follow, or leave the column out to have 6·params·tokens.",
            )
        )
    return found


def duplicates(table: RunTable, columns: Sequence[str], response: str) -> list[Finding]:
    """Runs that agree in every column of the law and in the response, to the last digit."""
    values = np.column_stack([table.column(name) for name in dict.fromkeys((*columns, response))])
    order = np.lexsort(values.T)
    same = (values[order][1:] == values[order][:-1]).all(axis=1)
    again = np.zeros(len(table), dtype=bool)
    # lexsort is stable, so that the first of equals in the file is the one that stays.
    again[order[1:][same]] = True
    if not again.any():
        return []
    rows = rows_where(table, again)
    return [
        Finding(
            "warning",
            "duplicate",
            f"{listed_rows(rows, len(table))} repeat an earlier row in {', '.join((*columns, response))}",
            rows,
            None,
            "Remove them if they are the same run entered twice; they count twice in the fit.",
        )
    ]


def off_trend(table: RunTable, columns: Sequence[str], response: str) -> list[Finding]:
    """Runs whose response lies far above what the others lead one to expect."""
    usable = [name for name in columns if (table.column(name) > 0).all()]
    target = table.column(response)
    features = (len(usable) + 1) * (len(usable) + 2) // 2
    if not usable or len(table) < 3 * features or not (target > 0).all():
        return []
    logs = np.column_stack([np.log(table.column(name)) for name in usable])
    logs = (logs - logs.mean(axis=0)) / np.maximum(logs.std(axis=0), 1e-12)
    # A quadratic in the logarithms bends enough for every law with a floor.
    pairs = [logs[:, i] * logs[:, j] for i in range(len(usable)) for j in range(i, len(usable))]
    residual, scale = _robust_residuals(np.column_stack([np.ones(len(table)), logs, *pairs]), np.log(target))
    far = residual > max(OUTLIER * scale, OUTLIER_LEAST)
    if not far.any():
        return []
    rows = rows_where(table, far)
    return [
        Finding(
            "warning",
            "off_trend",
            f"{response} lies far above the trend of the other runs in {listed_rows(rows, len(table))}, "
            f"as diverged or unfinished runs do",
            rows,
            response,
            "Look at their curves; leave them out with a filter if they did not finish.",
        )
    ]


def _robust_residuals(design: FloatArray, target: FloatArray) -> tuple[FloatArray, float]:
    """Residuals from a fit that outliers hardly move, and their robust standard deviation."""
    # A trend of six coefficients gains nothing from a million rows; evenly spaced ones say the same.
    every = max(1, len(target) // TREND_ROWS)
    part, wanted = design[::every], target[::every]
    weights = np.ones(len(wanted))
    solution: FloatArray = np.zeros(design.shape[1])
    scale = 1.0
    for _ in range(20):
        root = np.sqrt(weights)
        solution = np.asarray(np.linalg.lstsq(part * root[:, None], wanted * root, rcond=None)[0], np.float64)
        residual = wanted - part @ solution
        scale = max(1.4826 * float(np.median(np.abs(residual))), 1e-12)
        weights = 1.0 / np.maximum(1.0, np.abs(residual) / scale) ** 2
    return target - design @ solution, scale


def above_uniform(table: RunTable, response: str) -> list[Finding]:
    """Losses above the logarithm of the vocabulary: worse than a uniform guess."""
    if response != "loss" or not table.is_number("vocabulary_size"):
        return []
    with np.errstate(all="ignore"):
        worse = table.column("loss") > np.log(table.column("vocabulary_size"))
    if not worse.any():
        return []
    rows = rows_where(table, worse)
    text = f"loss is above ln(vocabulary_size), worse than a uniform guess, in {listed_rows(rows, len(table))}"
    return [Finding("warning", "diverged", text, rows, "loss", "Leave diverged runs out with a filter.")]
