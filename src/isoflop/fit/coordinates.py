"""Parameters of a bound law: one slot per level, and the coordinate in which each is searched."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import LawError
from isoflop.laws.law import Law
from isoflop.runs.table import RunTable

Array = NDArray[Any]


VANISHED: Final = 700.0
"""Logarithm at which a positive number leaves double precision."""


@dataclass(frozen=True)
class Slot:
    """One number to estimate.

    Args:
        name: the parameter's name, with its level where it is indexed (`A[recipe=muon]`).
        formal: index of the parameter in the formula.
        level: index of the level, or None.
        low: lower end of the domain.
        high: upper end of the domain.
        tape_log: whether the tape takes its logarithm.
    """

    name: str
    formal: int
    level: int | None
    low: float
    high: float
    tape_log: bool

    def outer(self, theta: Array | float) -> Array:
        """Unbounded search coordinate of a natural value; a vanished parameter stays finite."""
        with np.errstate(divide="ignore", invalid="ignore"):
            if math.isfinite(self.high):
                share = (np.asarray(theta) - self.low) / (self.high - self.low)
                u = np.log(share) - np.log1p(-share)
            else:
                u = np.asarray(np.log(theta) if self.low == 0 else theta)
        return np.clip(u, -VANISHED, VANISHED) if self.low == 0 or math.isfinite(self.high) else u

    def natural(self, u: Array) -> Array:
        """Natural value of a search coordinate."""
        if math.isfinite(self.high):
            return self.low + (self.high - self.low) / (1 + np.exp(-u))
        return np.exp(u) if self.low == 0 else u

    def tape(self, u: Array) -> tuple[Array, Array | float, Array | float]:
        """Tape coordinate of a search coordinate, with its first and second derivative."""
        if math.isfinite(self.high):
            share = 1 / (1 + np.exp(-u))
            theta = self.low + (self.high - self.low) * share
            first = (self.high - self.low) * share * (1 - share)
            second = first * (1 - 2 * share)
            if self.tape_log:
                ratio = first / theta
                return np.log(theta), ratio, second / theta - ratio**2
            return theta, first, second
        if self.low == 0 and not self.tape_log:
            theta = np.exp(u)
            return theta, theta, theta
        return u, 1.0, 0.0


@dataclass(frozen=True)
class Levels:
    """Levels of a category column, and the level of each run."""

    column: str
    names: tuple[str, ...]
    codes: NDArray[np.intp]


def levels_of(law: Law, table: RunTable) -> Mapping[str, Levels]:
    """Levels of every column by which the law indexes a parameter."""
    found = {}
    for column in dict.fromkeys(law.parsed.indexed.values()):
        names, codes = table.labels(column)
        found[column] = Levels(column, names, codes.astype(np.intp))
    return found


def make_slots(law: Law, levels: Mapping[str, Levels], logarithmic: tuple[bool, ...]) -> tuple[Slot, ...]:
    """Slots of a law: one per parameter, or one per level of an indexed parameter."""
    slots = []
    for formal, name in enumerate(law.parameter_names):
        domain = law.domain(name)
        low, high = {"positive": (0.0, math.inf), "real": (-math.inf, math.inf)}.get(domain, domain)  # type: ignore[arg-type]
        column = law.parsed.indexed.get(name)
        if column is None:
            slots.append(Slot(name, formal, None, low, high, logarithmic[formal]))
            continue
        for level, label in enumerate(levels[column].names):
            slots.append(Slot(f"{name}[{column}={label}]", formal, level, low, high, logarithmic[formal]))
    return tuple(slots)


def check_value(slot: Slot, value: float, what: str) -> float:
    """A value inside the slot's domain, or an error that names both."""
    if not (slot.low < value < slot.high and math.isfinite(value)):
        raise LawError(
            f"{what} {slot.name} = {value:g} lies outside its domain ({slot.low:g}, {slot.high:g}). "
            "Give a value inside."
        )
    return float(value)
