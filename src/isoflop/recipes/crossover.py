"""Where the order of two recipes changes: the crossing of their curves, and the set of scales that it may have."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import LawError
from isoflop.fit.estimate import interval_from_draws
from isoflop.recipes.curves import Curves
from isoflop.recipes.fieller import RealSet
from isoflop.units import format_quantity

Array = NDArray[Any]

POINTS: Final = 241
"""Points of the searched span at which the gap is tested."""


@dataclass(frozen=True)
class Crossing:
    """Where two recipes cross, and where they may.

    Args:
        first: a recipe.
        second: another.
        column: what grows.
        values: crossings of the fitted curves inside the span, in ascending order.
        region: logarithms of the scales at which the gap may be 0; infinite where it reaches the span's end.
        span: scales between which was searched.
        level: confidence level.
        below: recipe that is better at the lower end of the span, by the fit.
        above: recipe that is better at its upper end.
    """

    first: str
    second: str
    column: str
    values: tuple[float, ...]
    region: RealSet
    span: tuple[float, float]
    level: float
    below: str
    above: str

    def words(self) -> str:
        """One sentence."""
        low, high = map(format_quantity, self.span)
        where = ", ".join(map(format_quantity, self.values))
        if self.region.kind == "everything":
            return f"no crossing of {self.first} and {self.second} can be resolved: it may lie anywhere"
        if not self.values:
            said = f"{self.below} stays ahead between {low} and {high} {self.column}"
            return said if self.region.kind == "empty" else f"{said}, but a crossing {self._region()} is not excluded"
        said = f"{self.below} is ahead below {where} {self.column}, {self.above} above"
        return f"{said}; the crossing lies {self._region()} ({self.level:.0%})"

    def _region(self) -> str:
        """The set in words."""
        shown = []
        for low, high in self.region.exp().parts:
            if low == 0:
                shown.append(f"anywhere below {format_quantity(high)}")
            elif high == np.inf:
                shown.append(f"anywhere above {format_quantity(low)}")
            else:
                shown.append(f"between {format_quantity(low)} and {format_quantity(high)}")
        return " or ".join(shown)

    def to_dict(self) -> dict[str, Any]:
        """Keys for JSON; null for an end that does not exist."""
        ends = [[None if end in (0.0, np.inf) else end for end in part] for part in self.region.exp().parts]
        return {
            "first": self.first,
            "second": self.second,
            "values": list(self.values),
            "region": ends,
            "kind": self.region.kind,
            "span": list(self.span),
            "below": self.below,
            "above": self.above,
            "words": self.words(),
        }


def crossing_of(curves: Curves, first: int, second: int, span: tuple[float, float]) -> Crossing:
    """Crossing of two recipes along the scale.

    The set holds every scale at which the interval of `ln(L_1/L_2)` contains 0. Where the gap is
    linear in ln C this is Fieller's set; it may be unbounded, which means that the runs do not
    say where the curves cross.

    Reference: Fieller 1954; Xiao 2024, arXiv:2409.15156 (scaling-law crossover).

    Args:
        curves: the recipes.
        first: place of one.
        second: place of the other.
        span: smallest and largest scale to search.

    Returns:
        The crossing.

    Raises:
        LawError: the curves have no values in the span.
    """
    x = np.linspace(np.log(span[0]), np.log(span[1]), POINTS)
    grid = np.broadcast_to(x, (curves.theta.shape[1], POINTS))
    pair = [curves.scale.losses(curves.family.plain, curves.theta[k], grid) for k in (first, second)]
    gap = np.log(pair[0] / pair[1])
    with np.errstate(invalid="ignore"):
        low, high = np.array([_ends(curves, values) for values in gap.T]).T
    known = np.flatnonzero(np.isfinite(gap[0]))
    names = curves.names[first], curves.names[second]
    if not len(known):
        raise LawError(
            f"{names[0]} and {names[1]} have no values between {span[0]:.3g} and {span[1]:.3g}. Move the span."
        )
    ends = (names[int(curves.scale.sign * gap[0, known[k]] > 0)] for k in (0, -1))
    return Crossing(
        *names, curves.scale.column, tuple(np.exp(_roots(x, gap[0])).tolist()), _region(x, low, high), span,
        curves.level, *ends,
    )  # fmt: skip


def _ends(curves: Curves, gap: Array) -> tuple[float, float]:
    """Interval of the gap at one scale."""
    low, high = interval_from_draws(float(gap[0]), curves.drawn(gap), curves.level, curves.correction(gap))
    return float(low), float(high)


def _roots(x: Array, values: Array) -> Array:
    """Places where values change their sign, by lines between the points."""
    k = np.flatnonzero(np.sign(values[:-1]) * np.sign(values[1:]) < 0)
    return np.asarray(x[k] - values[k] * (x[k + 1] - x[k]) / (values[k + 1] - values[k]))


def _region(x: Array, low: Array, high: Array) -> RealSet:
    """All x whose interval contains 0; a run of points that reaches the end of the span has no end."""
    # Where there is no interval, nothing is excluded.
    inside = ~((low > 0) | (high < 0))
    changes = np.flatnonzero(np.diff(np.concatenate([[0], inside.astype(int), [0]])))
    parts = []
    for start, stop in changes.reshape(-1, 2).tolist():
        left = -np.inf if start == 0 else _between(x, low, high, (start - 1, start))
        right = np.inf if stop == len(x) else _between(x, low, high, (stop, stop - 1))
        parts.append((left, right))
    return RealSet(tuple(parts))


def _between(x: Array, low: Array, high: Array, places: tuple[int, int]) -> float:
    """Where the end of the interval that excludes 0 at the first place passes 0 before the second."""
    outside, inside = places
    end = low if low[outside] > 0 else high
    a, b = float(end[outside]), float(end[inside])
    share = a / (a - b) if np.isfinite(b) and a != b else 0.0
    return float(x[outside] + (x[inside] - x[outside]) * min(max(share, 0.0), 1.0))
