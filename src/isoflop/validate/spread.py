"""What a multiverse of analyses found: the range of each answer, and which choice moves it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from isoflop.units import format_quantity

QUANTITIES: Final = ("params", "tokens", "tokens_per_param", "loss", "prediction")
"""What a universe can answer: N*, D*, D*/N*, the loss there, and the forecast of the target."""

CHOICES: Final = ("law", "objective", "exclusion", "convention")
"""What universes differ in."""


@dataclass(frozen=True)
class Universe:
    """One combination of choices, and its answers.

    Attributes:
        law: name of the law.
        objective: what was minimised.
        exclusion: which runs were used.
        convention: how compute was counted.
        rows: runs behind the fit.
        verdict: of the fit's certificate; empty when there is no fit.
        params: N* at the given compute.
        tokens: D* there.
        tokens_per_param: D*/N*.
        loss: the law's loss there.
        prediction: forecast of the target.
        reason: why an answer is missing.
    """

    law: str
    objective: str
    exclusion: str
    convention: str
    rows: int
    verdict: str = ""
    params: float | None = None
    tokens: float | None = None
    tokens_per_param: float | None = None
    loss: float | None = None
    prediction: float | None = None
    reason: str = ""

    @property
    def counts(self) -> bool:
        """Whether its answers enter the ranges: a fit that did not converge is no analysis."""
        return self.verdict not in ("", "not converged")


@dataclass(frozen=True)
class Range:
    """Smallest, middle and largest answer over universes.

    Attributes:
        low: smallest.
        median: middle.
        high: largest.
        universes: how many gave an answer.
    """

    low: float
    median: float
    high: float
    universes: int

    @property
    def factor(self) -> float:
        """Largest over smallest."""
        return self.high / self.low


@dataclass(frozen=True)
class Multiverse:
    """All universes of an analysis.

    Attributes:
        universes: one per combination of choices.
        flops: training compute of the allocation, if asked for.
        target: run of the forecast, if asked for.
        notes: conventions of the table.
    """

    universes: tuple[Universe, ...]
    flops: float | None
    target: Mapping[str, Any] | None
    notes: tuple[str, ...] = ()

    @property
    def counted(self) -> tuple[Universe, ...]:
        """Universes whose fit converged."""
        return tuple(u for u in self.universes if u.counts)

    @cached_property
    def ranges(self) -> Mapping[str, Range]:
        """Quantity → range over the universes whose fit converged."""
        found = {}
        for name in QUANTITIES:
            values = np.array([v for u in self.counted if (v := getattr(u, name)) is not None])
            if len(values):
                found[name] = Range(float(values.min()), float(np.median(values)), float(values.max()), len(values))
        return MappingProxyType(found)

    @cached_property
    def influence(self) -> Mapping[str, Mapping[str, float]]:
        """Quantity → kind of choice → largest over smallest geometric mean between its options.

        1 means that the choice does not matter on average over the others.
        """
        return MappingProxyType({name: self._influence(name) for name in self.ranges})

    def _influence(self, name: str) -> Mapping[str, float]:
        """Main effect of each kind of choice on one quantity."""
        found = {}
        for choice in CHOICES:
            groups: dict[str, list[float]] = {}
            for universe in self.counted:
                value = getattr(universe, name)
                if value is not None and value > 0:
                    groups.setdefault(getattr(universe, choice), []).append(float(np.log(value)))
            means = [np.mean(group) for group in groups.values()]
            found[choice] = float(np.exp(max(means) - min(means))) if means else 1.0
        return MappingProxyType(found)

    def to_dict(self) -> dict[str, Any]:
        """Keys for JSON."""
        return {
            "flops": self.flops,
            "target": None if self.target is None else dict(self.target),
            "ranges": {
                name: {"low": r.low, "median": r.median, "high": r.high, "universes": r.universes}
                for name, r in self.ranges.items()
            },
            "influence": {name: dict(effect) for name, effect in self.influence.items()},
            "counted": len(self.counted),
            "universes": [dict(vars(universe)) for universe in self.universes],
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        """Ranges, what moves them, and what is missing."""
        question = [] if self.flops is None else [f"C = {format_quantity(self.flops)} FLOPs"]
        question += [] if self.target is None else [f"{k} = {v}" for k, v in self.target.items()]
        lines = [
            f"{len(self.universes)} universes, {len(self.counted)} with a converged fit; {', '.join(question)}",
            f"{'':<17} {'lowest':>9} {'median':>9} {'highest':>9}   moved by, as a factor: " + ", ".join(CHOICES),
        ]
        for name, r in self.ranges.items():
            effect = ", ".join(f"{self.influence[name][choice]:.3g}" for choice in CHOICES)
            low, median, high = (format_quantity(v) if v >= 1e3 else f"{v:.4g}" for v in (r.low, r.median, r.high))
            lines.append(f"{name:<17} {low:>9} {median:>9} {high:>9}   {effect}")
        reasons = [u.reason for u in self.universes if u.reason]
        for reason in dict.fromkeys(reasons):
            lines.append(f"no answer in {reasons.count(reason)}: {reason}")
        left = len(self.universes) - len(self.counted)
        if left:
            lines.append(f"{left} universes without a converged fit are listed and not counted")
        return "\n".join([*lines, *self.notes])
