"""Doubts about the design of a table: unfinished runs, checkpoints, sizes, D proportional to N."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from isoflop.runs.cells import FloatArray
from isoflop.runs.finding import Finding, listed_rows, rows_where
from isoflop.runs.table import RunTable

COLLINEAR: Final = 0.999
"""Correlation of ln D and ln N above which their exponents cannot be told apart."""
RATIO_SPREAD: Final = 0.05
"""Relative spread of D/N below which D is proportional to N."""
SAME_SIZE: Final = 0.01
"""Sizes closer than this, relatively, count as one."""

_BROKEN: Final = frozenset(
    ("diverged", "failed", "fail", "crashed", "crash", "error", "nan", "oom", "exploded", "unstable")
)
_UNFINISHED: Final = frozenset(
    (
        *("running", "unfinished", "incomplete", "killed", "stopped", "aborted", "cancelled", "canceled"),
        *("interrupted", "preempted", "pending", "queued", "paused", "timeout", "partial"),
    )
)


def unfinished(table: RunTable) -> list[Finding]:
    """Runs that say of themselves that they broke, or that stopped short of their plan."""
    found: list[Finding] = []
    if "status" in table.categories:
        levels, codes = table.labels("status")
        for code, words, text in (
            ("diverged", _BROKEN, "status says that the run failed"),
            ("unfinished", _UNFINISHED, "status says that the run did not finish"),
        ):
            hit = [i for i, level in enumerate(levels) if level.casefold() in words]
            mask = np.isin(codes, hit)
            if mask.any():
                rows = rows_where(table, mask)
                step = "Leave them out: --where \"status = 'finished'\", with your own word for it."
                found.append(
                    Finding("warning", code, f"{text} in {listed_rows(rows, len(table))}", rows, "status", step)
                )
    for word, plan in (("steps", "planned_steps"), ("checkpoint_step", "planned_steps"), ("tokens", "planned_tokens")):
        if table.is_number(word) and table.is_number(plan):
            with np.errstate(invalid="ignore"):
                short = table.column(word) < 0.99 * table.column(plan)
            if short.any():
                rows = rows_where(table, short)
                text = f"{word} is short of {plan} in {listed_rows(rows, len(table))}"
                step = "Their learning rate has not come down; leave them out with a filter."
                found.append(Finding("warning", "unfinished", text, rows, word, step))
    return found


def checkpoints(table: RunTable) -> list[Finding]:
    """Several rows of one run, which are not independent."""
    if "run" not in table.categories:
        return []
    levels, codes = table.labels("run")
    most = int(np.bincount(codes[codes >= 0], minlength=1).max())
    if most < 2:
        return []
    text = f"{len(levels)} runs have up to {most} rows each; rows of one run are not independent"
    return [Finding("warning", "checkpoints", text, (), "run", "Resample by run: --resample cluster:run.")]


def sizes(table: RunTable, columns: Sequence[str], law_parameters: int | None) -> list[Finding]:
    """Distinct values against the number of parameters of the law."""
    found: list[Finding] = []
    if law_parameters is not None and len(table) < law_parameters:
        text = f"{len(table)} usable runs for a law of {law_parameters} free parameters"
        return [Finding("error", "too_few_rows", text, (), None, "Add runs, fix parameters, or choose a smaller law.")]
    for name in columns:
        count = _distinct(table.column(name))
        if count == 1:
            text, step = f"{name} has one value only", "No law can learn from it how the response depends on it."
            found.append(Finding("warning", "one_size", text, (), name, step))
        elif law_parameters is not None and count < law_parameters:
            text = f"{name} has {count} distinct values, the law {law_parameters} free parameters"
            found.append(Finding("warning", "too_few_sizes", text, (), name, "Add sizes, or fix parameters."))
    return found


def _distinct(values: FloatArray) -> int:
    """Number of values that differ by more than the tolerance."""
    ordered = np.sort(values)
    steps = np.diff(ordered) > SAME_SIZE * np.maximum(np.abs(ordered[1:]), 1e-300)
    return 1 + int(np.count_nonzero(steps))


def collinear(table: RunTable, columns: Sequence[str]) -> list[Finding]:
    """Tokens proportional to params, which leaves their exponents undetermined."""
    if not {"params", "tokens"} <= set(columns) or len(table) < 3:
        return []
    n, d = np.log(table.column("params")), np.log(table.column("tokens"))
    if n.std() < 1e-9 or d.std() < 1e-9:
        return []
    correlation = float(np.corrcoef(n, d)[0, 1])
    spread = float(np.exp((d - n).max() - (d - n).min()) - 1.0)
    if abs(correlation) <= COLLINEAR and spread >= RATIO_SPREAD:
        return []
    text = (
        f"tokens and params move together (correlation of their logarithms {correlation:.5f}, "
        f"tokens per parameter vary by {spread:.2%})"
    )
    step = "Their exponents cannot be told apart; add runs with other tokens per parameter, or fit a law in flops."
    return [Finding("warning", "collinear", text, (), "tokens", step)]
