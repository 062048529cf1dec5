"""Parameters of a bound law: one slot per level, and the coordinate in which each is searched."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import LawError
from isoflop.laws.law import Law
from isoflop.laws.parts import inside
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
        high: upper end of the domain; none above a lower end that is positive and belongs to the domain.
        tape_log: whether the tape takes its logarithm.
    """

    name: str
    formal: int
    level: int | None
    low: float
    high: float
    tape_log: bool

    @property
    def closed(self) -> bool:
        """Whether the domain has two ends."""
        return math.isfinite(self.high)

    @property
    def floored(self) -> bool:
        """Whether the domain starts at a number above zero, which may be reached, and goes on without end."""
        return self.low > 0 and not self.closed

    @property
    def bent(self) -> bool:
        """Whether the search coordinate is another than the tape's."""
        return self.closed or self.floored or (self.low == 0 and not self.tape_log)

    def outer(self, theta: Array | float) -> Array:
        """Unbounded search coordinate of a natural value; a vanished parameter stays finite."""
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.closed:
                share = (np.asarray(theta) - self.low) / (self.high - self.low)
                u = np.log(share) - np.log1p(-share)
            elif self.floored:
                u = np.arccosh(np.maximum(np.asarray(theta) / self.low, 1.0))
            else:
                u = np.asarray(np.log(theta) if self.low == 0 else theta)
        return np.clip(u, -VANISHED, VANISHED) if self.low == 0 or self.closed else u

    def natural(self, u: Array) -> Array:
        """Natural value of a search coordinate."""
        return self.chain(u)[0]

    def chain(self, u: Array) -> tuple[Array, Array | float, Array | float]:
        """Natural value of a search coordinate, with its first and second derivative."""
        if self.closed:
            share = 1 / (1 + np.exp(-u))
            first = (self.high - self.low) * share * (1 - share)
            return self.low + (self.high - self.low) * share, first, first * (1 - 2 * share)
        if self.floored:
            # A search that ends at the floor gets there as fast as anywhere: the objective is a parabola in u.
            theta = self.low * np.cosh(u)
            return theta, self.low * np.sinh(u), theta
        if self.low == 0:
            theta = np.exp(u)
            return theta, theta, theta
        return u, 1.0, 0.0

    def tape(self, u: Array) -> tuple[Array, Array | float, Array | float]:
        """Tape coordinate of a search coordinate, with its first and second derivative."""
        if self.floored and self.tape_log:
            slope = np.tanh(u)
            return math.log(self.low / 2) + np.logaddexp(u, -u), slope, 1 - slope**2
        if not self.bent:
            return u, 1.0, 0.0
        theta, first, second = self.chain(u)
        if not self.tape_log:
            return theta, first, second
        ratio = first / theta
        return np.log(theta), ratio, second / theta - ratio**2


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
    if not inside(value, slot.low, slot.high):
        raise LawError(
            f"{what} {slot.name} = {value:g} lies outside its domain ({slot.low:g}, {slot.high:g}). "
            "Give a value inside."
        )
    return float(value)
