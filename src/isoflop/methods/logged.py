"""Schedules read off a log: the learning rate that runs wrote down beside their losses."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import TableError
from isoflop.methods.schedules import Schedule
from isoflop.runs.table import RunTable

Array = NDArray[Any]


def logged_schedules(
    table: RunTable, *, warmup: int = 0, by: str = "schedule", rate: str = "lr"
) -> tuple[Schedule, ...]:
    """Schedules of a table of checkpoints that holds the learning rate of each.

    Between checkpoints the rate is taken to be linear, so a sudden fall is spread over the steps
    between two of them: log densely around it. Warm-up is linear from 0 to the largest rate; without
    one, the steps before the first checkpoint have its rate.

    Args:
        table: one row per checkpoint, with `checkpoint_step`, the rate, and the name of its run.
        warmup: steps of warm-up of every run.
        by: column that names the run.
        rate: column of the learning rate at the checkpoint.

    Returns:
        One schedule per run, to its last checkpoint, for `fit_curves` and `annealing_columns`.

    Raises:
        TableError: a checkpoint has no rate or no name, a step is written twice with two rates, or a run has no
            checkpoint after warm-up.

    >>> log = {"schedule": ["a", "a", "a"], "checkpoint_step": [10, 20, 40], "lr": [2.0, 2.0, 1.0]}
    >>> (found,) = logged_schedules(RunTable.from_columns(log), warmup=4)
    >>> found.lr[[0, 2, 4, 20, 30, 40]].tolist()
    [0.0, 1.0, 2.0, 2.0, 1.5, 1.0]
    """
    names, codes = table.labels(by)
    step, lr = table.column("checkpoint_step"), table.column(rate)
    bad = np.flatnonzero(~(np.isfinite(step) & np.isfinite(lr) & (step >= 0) & (lr >= 0)) | (codes < 0))
    if len(bad):
        row = bad[0]
        raise TableError(
            f"Row {table.source_rows[row]} has checkpoint_step {step[row]:g} and {rate} {lr[row]:g}, or no {by}. "
            "Give all three, or leave the row out."
        )
    return tuple(_one(name, step[codes == code], lr[codes == code], warmup) for code, name in enumerate(names))


def _one(name: str, step: Array, lr: Array, warmup: int) -> Schedule:
    """The schedule of one run."""
    after = step >= warmup
    if not after.any():
        raise TableError(f"Run {name!r} has no checkpoint after {warmup} steps of warm-up. Give its later ones.")
    order = np.argsort(step[after], kind="stable")
    steps, rates = step[after][order], lr[after][order]
    again = np.flatnonzero((np.diff(steps) == 0) & (np.diff(rates) != 0))
    if len(again):
        raise TableError(f"Run {name!r} has two learning rates at step {steps[again[0]]:g}. Leave one of them out.")
    if warmup and steps[0] > warmup:
        steps, rates = np.append(warmup, steps), np.append(rates.max(), rates)
    every = np.interp(np.arange(int(steps[-1]) + 1), steps, rates)
    every[:warmup] = np.linspace(0.0, every[warmup], warmup, endpoint=False)
    return Schedule(name, every, warmup)
