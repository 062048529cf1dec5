"""Fitted curves at representative sizes, with the band that the draws support."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.figures.observed import Observed
from isoflop.fit import Fit
from isoflop.units import FLOPS_PER_PARAM_TOKEN

Array = NDArray[Any]

CURVES: Final = 6
"""Sizes that get a curve of their own."""
STEPS: Final = 40
"""Points along a curve."""
PLANE: Final = frozenset({"params", "tokens", "flops"})


@dataclass(frozen=True)
class Curve:
    """A fitted curve.

    Attributes:
        x: places, shape (steps,).
        value: fitted response, shape (steps,).
        low: lower end of the band, None where the fit has no draws.
        high: upper end of the band.
        size: what is held along the curve, None when nothing is.
    """

    x: Array
    value: Array
    low: Array | None
    high: Array | None
    size: float | None = None

    def records(self, name: str) -> list[dict[str, Any]]:
        """One record per point."""
        rows: list[dict[str, Any]] = []
        for k in range(len(self.x)):
            row: dict[str, Any] = {"x": self.x[k], "y": self.value[k], "curve": name}
            if self.size is not None:
                row["size"] = self.size
            if self.low is not None and self.high is not None:
                row |= {"low": self.low[k], "high": self.high[k]}
            rows.append(row)
        return rows


def curve(fit: Fit, x: Array, columns: dict[str, Any], size: float | None = None) -> Curve:
    """Evaluate a fit along a line, with the band of its mean where it has draws."""
    if fit.draws is None:
        return Curve(x, fit.evaluate(**columns), None, None, size)
    found = fit.predict(new_run=False, **columns)
    return Curve(x, found.value, found.interval[0], found.interval[1], size)


def can_draw_curves(fit: Fit) -> bool:
    """Whether the law is a function of params, tokens and flops alone."""
    return not fit.levels and set(fit.law.columns) <= PLANE


def fitted_curves(fit: Fit, seen: Observed, x: str, size: str | None) -> list[Curve]:
    """Fitted curves against one column, at a few sizes that the runs have.

    Args:
        fit: the fit.
        seen: its runs.
        x: column along the axis.
        size: column held along each curve.

    Returns:
        Curves over the range in which runs of about that size lie; none where the law needs other columns.
    """
    if not can_draw_curves(fit):
        return _single(fit, seen, x) if fit.law.columns == (x,) and not fit.levels else []
    if fit.law.columns == (x,) or size is None:
        return _single(fit, seen, x) if fit.law.columns == (x,) else []
    if not {x, size} <= PLANE:
        return []
    sizes = seen.columns[size]
    found = []
    for held in representative(sizes):
        near = np.abs(np.log(sizes / held)) <= 0.35
        inside = seen.columns[x][near]
        places = np.geomspace(inside.min() * 0.85, inside.max() * 1.18, STEPS)
        columns = complete({x: places, size: np.full(STEPS, held)})
        found.append(curve(fit, places, {w: columns[w] for w in fit.law.columns}, held))
    return found


def _single(fit: Fit, seen: Observed, x: str) -> list[Curve]:
    """The one curve of a law of one column."""
    values = seen.columns[x]
    positive = values.min() > 0
    places = (
        np.geomspace(values.min(), values.max(), STEPS) if positive else np.linspace(values.min(), values.max(), STEPS)
    )
    return [curve(fit, places, {x: places})]


def representative(sizes: Array, most: int = CURVES) -> list[float]:
    """Sizes that stand for all: every one when they are few, else spread evenly in logarithm over those present."""
    distinct = np.unique(np.round(np.log(sizes), 3))
    if len(distinct) <= most:
        return [float(v) for v in np.exp(distinct)]
    targets = np.linspace(distinct[0], distinct[-1], most)
    chosen = np.unique([int(np.abs(distinct - t).argmin()) for t in targets])
    return [float(v) for v in np.exp(distinct[chosen])]


def complete(columns: dict[str, Array]) -> dict[str, Array]:
    """Add the third of params, tokens and flops by C = 6ND."""
    have = dict(columns)
    if "flops" not in have and {"params", "tokens"} <= set(have):
        have["flops"] = FLOPS_PER_PARAM_TOKEN * have["params"] * have["tokens"]
    if "tokens" not in have and {"params", "flops"} <= set(have):
        have["tokens"] = have["flops"] / (FLOPS_PER_PARAM_TOKEN * have["params"])
    if "params" not in have and {"tokens", "flops"} <= set(have):
        have["params"] = have["flops"] / (FLOPS_PER_PARAM_TOKEN * have["tokens"])
    return have
