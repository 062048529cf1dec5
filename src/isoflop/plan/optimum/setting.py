"""A fit laid along lines of equal compute: its optimum and all its draws as one batch."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import ColumnError, LawError
from isoflop.fit.estimate import Estimate, estimate_from_draws
from isoflop.fit.result import Fit
from isoflop.laws.isocurve import BoundCurve, bind_curve, other_columns
from isoflop.laws.optimum import RATIOS
from isoflop.runs.columns import resolve
from isoflop.units import FLOPS_PER_PARAM_TOKEN

Array = NDArray[Any]

SINGLE_RUN: Final = "the noise of a single run"
MARGIN: Final = 1e3
"""How far beyond the runs' own tokens per parameter a law without a closed form is searched."""


@dataclass(frozen=True)
class Setting:
    """Everything that plans of one fit share.

    Args:
        fit: the fit.
        curve: its law along lines of equal compute; the first row is the fit, the others its draws.
        level: confidence level.
        ratios: tokens per parameter that are searched.
        columns: values of the law's other columns.
    """

    fit: Fit
    curve: BoundCurve
    level: float
    ratios: tuple[float, float]
    columns: Mapping[str, Any]

    def estimate(
        self, values: Array, *, unit: str = "", forecast: bool = True, leaves_out: tuple[str, ...] = ()
    ) -> Estimate:
        """An estimate from one value per row, shape (draws + 1,)."""
        flat = np.broadcast_to(np.asarray(values, dtype=float).ravel(), (self.curve.draws,))
        value = float(flat[0])
        if np.all(flat == value):
            return Estimate(value, (value, value), self.level, flat[1:], unit=unit)
        correction = self.fit.correction_of(value, flat[1:], forecast=forecast)
        left = (*leaves_out, *self.fit.leaves_out)
        return estimate_from_draws(value, flat[1:], level=self.level, correction=correction, leaves_out=left, unit=unit)

    def exact(self, value: float, unit: str = "") -> Estimate:
        """A number that was given, so that every draw agrees on it."""
        return Estimate(value, (value, value), self.level, np.full(self.curve.draws - 1, value), unit=unit)

    @property
    def budgets(self) -> tuple[float, float]:
        """Least and most training compute among the runs."""
        ranges = self.fit.data.ranges
        if "flops" in ranges:
            return ranges["flops"]
        sizes, data = ranges["params"], ranges["tokens"]
        low, high = (FLOPS_PER_PARAM_TOKEN * n * d for n, d in zip(sizes, data, strict=True))
        return low, high


def lay(fit: Fit, level: float | None, columns: Mapping[str, Any]) -> Setting:
    """Lay a fit along lines of equal compute.

    Args:
        fit: a fit with draws.
        level: confidence level; the fit's own when None.
        columns: word or alias → value of the law's other columns, and levels of indexed parameters.

    Returns:
        The setting.

    Raises:
        LawError: the fit has no draws, or its law does not depend on size and data.
        ColumnError: a column has no value, or a value that the fit does not know.
    """
    if fit.draws is None:
        raise LawError("This fit has no draws, so a plan would have no intervals. Fit with bootstrap=1000.")
    given = {resolve(name) or name: value for name, value in columns.items()}
    others = other_columns(fit.law)
    unused = sorted(set(given) - set(others) - set(fit.levels))
    if unused:
        wanted = ", ".join((*others, *fit.levels)) or "no other column"
        raise ColumnError(
            f"Law {fit.law.name!r} does not depend on {', '.join(unused)}; it takes {wanted}. Leave it out."
        )
    theta = np.concatenate([fit.theta[None], fit.draws])[:, slots_at(fit, given)]
    numbers = {w: float(given[w]) for w in others if w in given}
    curve = bind_curve(fit.law, theta, numbers)
    return Setting(fit, curve, fit.level if level is None else level, _ratios(fit), given)


def slots_at(fit: Fit, given: Mapping[str, Any]) -> list[int]:
    """Place of every parameter's value at the given levels."""
    places = []
    for name in fit.law.parameter_names:
        column = fit.law.parsed.indexed.get(name)
        if column is None:
            places.append(fit.names.index(name))
            continue
        label, known = str(given.get(column, "")), fit.levels[column]
        if label not in known:
            found = f"{column} = {label!r} was not among the runs" if column in given else f"{column} is not given"
            raise ColumnError(
                f"Law {fit.law.name!r} has one {name} per {column}; {found}. Give one of {', '.join(known)}."
            )
        places.append(fit.names.index(f"{name}[{column}={label}]"))
    return places


def _ratios(fit: Fit) -> tuple[float, float]:
    """Tokens per parameter to search: those of the runs and a margin on both sides."""
    ranges = fit.data.ranges
    if not {"params", "tokens"} <= set(ranges) or not min(ranges["params"][0], ranges["tokens"][0]) > 0:
        return RATIOS
    (smallest, largest), (fewest, most) = ranges["params"], ranges["tokens"]
    return fewest / largest / MARGIN, most / smallest * MARGIN


def log_line(flops: float) -> float:
    """Place of a line of equal compute, `c = ln(C/6)`."""
    return math.log(flops / FLOPS_PER_PARAM_TOKEN)


def decades_beyond(value: float, low: float, high: float) -> float:
    """How far a value lies above (positive) or below (negative) a range, in powers of ten; 0 inside."""
    if not (math.isfinite(value) and low > 0):
        return 0.0
    return max(math.log10(value / high), 0.0) + min(math.log10(value / low), 0.0)
