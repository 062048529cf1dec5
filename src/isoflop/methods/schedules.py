"""Learning-rate schedules: their usual shapes, and what they add to a table of loss curves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import LawError, TableError
from isoflop.laws.rates import SHAPES as SHAPES
from isoflop.laws.rates import rates
from isoflop.runs.table import RunTable

Array = NDArray[Any]

ADDED: Final = ("curve", "S1", "S2", "segment")
"""Columns of `annealing_columns`."""


@dataclass(frozen=True, eq=False)
class Schedule:
    """A learning-rate schedule.

    Args:
        name: what tables call it.
        lr: learning rate of every step from step 0, shape (steps + 1,).
        warmup: first step at the peak.
    """

    name: str
    lr: Array
    warmup: int = 0

    def __post_init__(self) -> None:
        """Keep the rates from being changed, and refuse what is no schedule.

        Raises:
            LawError: a rate is negative or not finite, or warm-up is longer than the schedule.
        """
        lr = np.array(self.lr, dtype=float)
        if lr.ndim != 1 or not len(lr) or not np.all(np.isfinite(lr) & (lr >= 0)) or not lr.max() > 0:
            raise LawError(
                f"Schedule {self.name!r} needs one finite rate, zero or above, for every step, and one above zero. "
                "Correct its rates."
            )
        if not 0 <= self.warmup < len(lr):
            raise LawError(
                f"Schedule {self.name!r} has {len(lr) - 1} steps, so it cannot warm up for {self.warmup}. "
                "Give fewer steps of warm-up."
            )
        lr.flags.writeable = False
        object.__setattr__(self, "lr", lr)

    @property
    def steps(self) -> int:
        """Last step."""
        return len(self.lr) - 1

    @property
    def area(self) -> Array:
        """S1, the sum of the rates up to and with each step, warm-up included, shape (steps + 1,)."""
        return np.cumsum(self.lr)


def make_schedule(
    shape: str,
    steps: int,
    peak: float,
    *,
    end: float = 0.0,
    warmup: int = 0,
    stable: int | None = None,
    name: str | None = None,
) -> Schedule:
    """Build a schedule: linear warm-up, a stable stage at the peak, and a decay of a given shape.

    With x the share of the decay that is done: cosine end + (peak - end)(1 + cos(pi x))/2, linear
    peak + (end - peak) x, REX (1 - x)/(1/2 + (1 - x)/2) of the way, exponential peak (end/peak)^x.

    Reference: Chen, Wolfe, Kyrillidis 2021, arXiv:2107.04197 (REX); Luo et al. 2025, arXiv:2503.12811 (the others).

    Args:
        shape: constant, fall (one fall to the end rate), cosine, linear, sqrt, rex or exponential.
        steps: last step T.
        peak: highest rate.
        end: rate at the last step.
        warmup: steps in which the rate rises from 0 to the peak.
        stable: step at which the decay begins; the end of warm-up when None. Later, it is a
            warm-up-stable-decay (WSD) schedule.
        name: what tables call it; the shape when None.

    Returns:
        The schedule.

    Raises:
        LawError: an unknown shape, or steps and rates that do not fit.

    >>> [round(float(x), 6) for x in make_schedule("rex", 4, 1.0).lr]
    [1.0, 0.857143, 0.666667, 0.4, 0.0]
    """
    lr = rates(shape, steps, (peak, end), warmup=warmup, stable=stable)
    return Schedule(name or shape, lr, warmup)


def annealing(schedule: Schedule, decay: float = 0.999) -> Array:
    """Annealing S2 of every step: S2(s) = sum_{i<=s} m_i with m_i = decay m_{i-1} + (eta_{i-1} - eta_i).

    Warm-up is kept out: momentum starts at the peak. Let in, its rises would make S2 of a constant
    schedule negative for ever.

    Reference: Tissue, Wang, Wang 2024, arXiv:2408.11029.

    Args:
        schedule: the schedule.
        decay: lambda of the paper, 0 <= decay < 1; .99 to .999 there.

    Returns:
        S2, shape (steps + 1,), in the unit of the learning rate.

    Raises:
        LawError: the decay is not in [0, 1).

    >>> float(annealing(make_schedule("constant", 1000, 3e-4, warmup=100))[-1])
    0.0
    """
    if not 0 <= decay < 1:
        raise LawError(f"The decay of the annealing momentum is {decay:g}. Give a number from 0 to below 1, as 0.999.")
    falls = -np.diff(schedule.lr, prepend=schedule.lr[0])
    falls[: schedule.warmup + 1] = 0.0
    return np.cumsum(_momentum(falls, decay))


def _momentum(falls: Array, decay: float) -> Array:
    """m_i = decay m_{i-1} + fall_i, in windows twice as long at every pass."""
    # SciPy has a filter that does the same, and takes a second to load.
    found, length, share = falls.copy(), 1, decay
    while length < len(found) and share > 1e-18:
        found[length:] += share * found[:-length]
        length, share = 2 * length, share * share
    return found


def annealing_columns(
    table: RunTable, schedules: Sequence[Schedule], *, decay: float = 0.999, segments: int = 4, by: str = "schedule"
) -> RunTable:
    """Add to a table of checkpoints what the laws of schedules need.

    Adds `curve` (place of the row's schedule in the list, from 0), `S1`, `S2`, and `segment`: a
    number for each of a few stretches of each curve. Checkpoints of one curve are not independent,
    so resample by curve (`cluster:curve`, from five curves on) or by segment (`cluster:segment`).

    Args:
        table: one row per checkpoint, with `checkpoint_step` and the name of its schedule.
        schedules: all schedules that the table names.
        decay: lambda of the annealing momentum.
        segments: stretches of equal length that each curve is cut into.
        by: column that names the schedule.

    Returns:
        A new table.

    Raises:
        TableError: a row names no schedule of the list, or a step outside its schedule.
    """
    names, codes = table.labels(by)
    place = {schedule.name: k for k, schedule in enumerate(schedules)}
    missing = [name for name in names if name not in place]
    if missing or (codes < 0).any():
        what = f"{', '.join(missing)} of column {by!r}" if missing else f"an empty cell in column {by!r}"
        raise TableError(f"There is no schedule for {what}; given are {', '.join(place)}. Add it, or leave rows out.")
    curve = np.array([place[name] for name in names])[codes]
    step = table.column("checkpoint_step")
    last = np.array([schedule.steps for schedule in schedules])[curve]
    wrong = np.flatnonzero(~((step >= 0) & (step <= last)) | (step != np.rint(step)))
    if len(wrong):
        row = wrong[0]
        raise TableError(
            f"Row {table.source_rows[row]} has checkpoint_step {step[row]:g}, but schedule "
            f"{schedules[curve[row]].name!r} has the steps 0 to {last[row]}. Correct the step or the schedule."
        )
    at = step.astype(np.intp)
    s1, s2, part = np.zeros(len(at)), np.zeros(len(at)), np.zeros(len(at))
    for k in np.unique(curve):
        own = curve == k
        s1[own], s2[own] = schedules[k].area[at[own]], annealing(schedules[k], decay)[at[own]]
        part[own] = k * segments + np.minimum(at[own] * segments // (schedules[k].steps + 1), segments - 1)
    note = f"S1 with warm-up; S2 without warm-up, decay {decay:g}; checkpoints of a curve are not independent"
    return with_numbers(table, dict(zip(ADDED, (curve, s1, s2, part), strict=True))).with_notes(note)


def with_numbers(table: RunTable, columns: Mapping[str, ArrayLike]) -> RunTable:
    """Add columns of numbers to a table, or replace those of the same names."""
    added = {name: np.array(values, dtype=float) for name, values in columns.items()}
    for values in added.values():
        values.flags.writeable = False
    return replace(table, numbers=MappingProxyType({**table.numbers, **added}))
