"""A law bound to a table: residuals, slopes and curvature for a batch of parameter vectors.

Columns enter divided by their geometric mean; parameters absorb that (laws/rescale.py), so the
numbers that the solver sees are the same whatever the units.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.fit.coordinates import Levels, Slot, check_value, levels_of, make_slots
from isoflop.laws.callable import function_program
from isoflop.laws.compile import Program
from isoflop.laws.law import Law
from isoflop.laws.rescale import rescaling
from isoflop.runs.table import RunTable

Array = NDArray[Any]

BLOCK_ROWS: Final = 8192
"""Rows worked on at a time, so that memory does not grow with the table."""


ABOVE_FLOOR: Final = 0.3
"""Search coordinate from which a search leaves a least value, 5 % above it: at the value itself there is no slope."""


@dataclass(frozen=True)
class Prior:
    """Gaussian knowledge about one free parameter, in natural units."""

    slot: int
    mean: float
    sd: float


@dataclass(frozen=True)
class Problem:
    """Everything that the solver needs to know about a law and its data.

    Args:
        law: the law.
        slots: all numbers of the law.
        free: indices of the slots that are estimated.
        base: search coordinates of all slots, shape (q,); the fixed ones are read from here.
        columns: log columns in scaled units (or raw columns that cannot be logged), each (n,).
        levels: category columns that index parameters.
        response: ln L or L, shape (n,).
        inverse_noise: 1 / relative noise of each run, mean about 1, shape (n,).
        weights: weight of each run in the objective, shape (n,).
        scales: word → geometric mean that its column was divided by.
        shifts: (parameter, exponent function, column) of every parameter that absorbs a unit.
        program: compiled formula.
        priors: Gaussian knowledge, added as a penalty of `prior_weight` times its square.
        prior_weight: variance of the residuals, which puts priors on the objective's scale.
        blocks: rows that are worked on together.
        held: slot → value, for the slots that are fixed.
    """

    law: Law
    slots: tuple[Slot, ...]
    free: NDArray[np.intp]
    base: Array
    columns: tuple[Array, ...]
    levels: Mapping[str, Levels]
    response: Array
    inverse_noise: Array
    weights: Array
    scales: Mapping[str, float]
    shifts: tuple[tuple[str, Callable[[Array], Array], str], ...]
    program: Program
    log: bool = True
    priors: tuple[Prior, ...] = ()
    prior_weight: float = 0.0
    blocks: tuple[slice, ...] = field(default=())
    held: Mapping[int, float] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Number of runs."""
        return len(self.response)

    @property
    def size(self) -> int:
        """Number of free parameters."""
        return len(self.free)

    @cached_property
    def rounding(self) -> float:
        """Objective below which differences are rounding: residuals of 3e-12 at every run."""
        size = 1.0 if self.log else float(np.sqrt(np.mean(self.response**2)))
        return float(0.5 * np.sum(self.weights) * (3e-12 * size) ** 2)

    @cached_property
    def floored(self) -> NDArray[np.bool_]:
        """Which free parameters have a least value above zero, shape (q,)."""
        return np.array([self.slots[i].floored for i in self.free], dtype=bool)

    @property
    def free_names(self) -> tuple[str, ...]:
        """Names of the free parameters."""
        return tuple(self.slots[i].name for i in self.free)

    def expand(self, u: Array) -> Array:
        """Search coordinates of all slots from those of the free ones, (…, q) → (…, all)."""
        full = np.empty((*u.shape[:-1], len(self.slots)), u.dtype)
        if self.size == len(self.slots):
            full[...] = u
            return full
        full[...] = self.base
        full[..., self.free] = u
        return full

    def natural(self, u: Array) -> Array:
        """Natural parameters in the table's own units, (…, q) → (…, all)."""
        full = self.expand(u)
        with np.errstate(all="ignore"):
            theta = np.stack([s.natural(full[..., i]) for i, s in enumerate(self.slots)], axis=-1)
            theta = self._shift(theta, 1.0)
        for slot, value in self.held.items():
            theta[..., slot] = value
        return theta

    def writable(self, u: Array) -> Array:
        """Which points have finite natural parameters: the scale of a steep term may overflow, shape (…,)."""
        return np.asarray(np.isfinite(self.natural(u)).all(axis=-1))

    def off_floors(self, u: Array, held: Array | None = None) -> Array:
        """Points a little above the least values, where the objective has a slope; held coordinates stay."""
        if not self.floored.any():
            return u
        low = self.floored & (np.abs(u) < ABOVE_FLOOR)
        return np.where(low if held is None else low & ~held, ABOVE_FLOOR, u)

    def search(self, theta: Array) -> Array:
        """Search coordinates of the free slots from natural parameters, (…, all) → (…, q)."""
        with np.errstate(all="ignore"):
            scaled = self._shift(np.array(theta, dtype=float), -1.0)
        return np.stack([self.slots[i].outer(scaled[..., i]) for i in self.free], axis=-1)

    def _shift(self, theta: Array, sign: float) -> Array:
        """Move parameters between scaled units and the table's own."""
        if not self.shifts:
            return theta
        moved = theta.copy()
        for name, exponent, column in self.shifts:
            scale = math.log(self.scales[column])
            for slot in self.members[self.law.parameter_names.index(name)]:
                plain = theta[..., self._beside(name, self.slots[slot].level)]
                moved[..., slot] = moved[..., slot] * np.exp(sign * scale * exponent(plain))
        return moved

    @cached_property
    def members(self) -> tuple[tuple[int, ...], ...]:
        """Slots of every formal parameter."""
        count = len(self.law.parameter_names)
        return tuple(tuple(i for i, s in enumerate(self.slots) if s.formal == k) for k in range(count))

    def _beside(self, name: str, level: int | None) -> list[int]:
        """One slot per formal parameter: of the same level where it is indexed by the same column."""
        indexed = self.law.parsed.indexed
        own = indexed.get(name)
        same = [level is not None and indexed.get(other) == own for other in self.law.parameter_names]
        return [m[level or 0] if s else m[0] for m, s in zip(self.members, same, strict=True)]


def bind(
    law: Law,
    table: RunTable,
    *,
    response: str,
    log: bool,
    fix: Mapping[str, float],
    prior: Mapping[str, tuple[float, float]],
    weights: Array | None = None,
    noise: Array | None = None,
    scale: bool = True,
) -> Problem:
    """Bind a law to a table.

    Args:
        law: the law.
        table: usable runs; every needed column is finite.
        response: name of the column to explain.
        log: whether residuals are taken in logarithms.
        fix: parameter (or slot) name → value that it keeps.
        prior: parameter (or slot) name → (mean, standard deviation).
        weights: weight per run.
        noise: standard deviation per run, relative for log residuals, in any common unit.
        scale: whether columns are divided by their geometric means.

    Returns:
        The problem.
    """
    arrays = {word: np.asarray(table.column(word), dtype=float) for word in law.columns}
    raw = law.raw_columns(arrays)
    program = law.program(raw)
    levels = levels_of(law, table)
    slots = make_slots(law, levels, program.logarithmic)
    bound_names = {slots[i].name for i in range(len(slots)) if _matches(slots[i], law, {*fix, *prior})}
    scales, shifts = _unit_shifts(law, arrays, raw, levels, bound_names if scale else None)
    if law.function is not None and scale:
        program, scales, shifts = _own_unit(law, arrays, bound_names)
    # Rounded far below any noise: the solver then sees the same bits whatever the unit.
    logs = tuple(
        arrays[w] if w in raw else np.round(np.log(arrays[w]) - math.log(scales.get(w, 1.0)), 12)
        for w in program.columns
    )
    y = np.asarray(table.column(response), dtype=float)
    fixed = {i: fix[key] for i, s in enumerate(slots) for key in (law.parameter_names[s.formal], s.name) if key in fix}
    base = np.zeros(len(slots))
    for i, value in fixed.items():
        base[i] = slots[i].outer(check_value(slots[i], value, "The fixed value"))
    free = np.array([i for i in range(len(slots)) if i not in fixed], dtype=np.intp)
    n = len(y)
    inverse = np.ones(n) if noise is None else float(np.median(noise)) / noise
    return Problem(
        law, slots, free, base, logs, levels, np.log(y) if log else y, inverse,
        np.ones(n) if weights is None else np.asarray(weights, dtype=float), scales, shifts, program, log,
        tuple(p for p in _priors(slots, law, prior) if p.slot not in fixed), 0.0, row_blocks(n), fixed,
    )  # fmt: skip


OWN_UNIT: Final = "unit of the function"
"""Under this name stands the unit that a law of a function counts in by itself."""


def _own_unit(
    law: Law, arrays: Mapping[str, Array], bound: set[str]
) -> tuple[Program, dict[str, float], tuple[tuple[str, Callable[[Array], Array], str], ...]]:
    """The program of a law that chooses the unit of what it sums, and the parameters that absorb it."""
    function: Any = law.function
    absorbs = getattr(function, "absorbs", {})
    if not absorbs or bound & set(absorbs):
        return law.program(), {}, ()
    counted, unit = function.in_own_unit(arrays)
    shifts = tuple((name, exponent, OWN_UNIT) for name, exponent in absorbs.items())
    return function_program(counted, law.parsed), {OWN_UNIT: unit}, shifts


def row_blocks(n: int) -> tuple[slice, ...]:
    """Slices of at most `BLOCK_ROWS` rows."""
    return tuple(slice(k, min(k + BLOCK_ROWS, n)) for k in range(0, n, BLOCK_ROWS))


def _matches(slot: Slot, law: Law, names: set[str]) -> bool:
    return slot.name in names or law.parameter_names[slot.formal] in names


def _priors(slots: Sequence[Slot], law: Law, prior: Mapping[str, tuple[float, float]]) -> list[Prior]:
    found = []
    for i, slot in enumerate(slots):
        for key in (slot.name, law.parameter_names[slot.formal]):
            if key in prior:
                found.append(Prior(i, *prior[key]))
                break
    return found


def _unit_shifts(
    law: Law, arrays: Mapping[str, Array], raw: frozenset[str], levels: Mapping[str, Levels], bound: set[str] | None
) -> tuple[dict[str, float], tuple[tuple[str, Callable[[Array], Array], str], ...]]:
    """Geometric means of the columns whose unit the parameters can absorb.

    A column is left as it is when a parameter that would absorb it is fixed or has a prior, or
    when its exponent belongs to the levels of another column than its own.
    """
    scales: dict[str, float] = {}
    shifts: list[tuple[str, Callable[[Array], Array], str]] = []
    if bound is None:
        return scales, ()
    for word, values in arrays.items():
        found = None if word in raw else rescaling(law.parsed, word)
        if found is None:
            continue
        indexed = law.parsed.indexed
        absorbing = {name for name, _ in found.exponents}
        inside = {(name, str(s)) for name, e in found.exponents for s in e.free_symbols}
        crossed = any(indexed.get(used) not in (None, indexed.get(name)) for name, used in inside)
        if crossed or absorbing & {b.partition("[")[0] for b in bound}:
            continue
        scales[word] = float(np.exp(np.mean(np.log(values))))
        shifts += [(name, function, word) for name, function in found.exponent_functions(law.parsed).items()]
    return scales, tuple(shifts)
