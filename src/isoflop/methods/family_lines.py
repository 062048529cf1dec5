"""Capabilities of model families against log compute: a line for each, and the compute that a capability is worth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import LawError
from isoflop.fit.estimate import Estimate
from isoflop.fit.fitting import fit_law
from isoflop.fit.result import Fit
from isoflop.laws.law import Law, Parameter
from isoflop.methods.answers import answer
from isoflop.runs.table import RunTable
from isoflop.uncertainty.bootstrap import bootstrap

Array = NDArray[Any]

FEWEST_MODELS: Final = 3
NOT_IN: Final = ("the error of the components", "that the family's line may bend", "the noise of a single model")

LINE: Final = Law(
    "family-line",
    "component = nu + gamma*log(C)",
    "A capability of one family in compute",
    parameters={
        "nu": Parameter("real", "component at one FLOP, an extrapolation"),
        "gamma": Parameter("real", "gain per unit of ln C"),
    },
    unit="of the component",
)


@dataclass(frozen=True)
class FamilyLine:
    """A capability of one family against log compute.

    Args:
        slope: gain per unit of ln C, gamma of the source.
        intercept: nu of the source.
        r2: share of the variance explained.
        models: how many.
        fit: the same line with draws that resample the models, for intervals; None where it was fitted without.
    """

    slope: float
    intercept: float
    r2: float
    models: int
    fit: Fit | None = None

    def estimate(self, level: float = 0.9) -> Estimate:
        """The slope with its interval.

        Raises:
            LawError: the line was fitted without draws.
        """
        return _drawn(self).estimate("gamma", level)


def family_lines(
    component: ArrayLike,
    flops: ArrayLike,
    families: Sequence[str],
    *,
    rng: np.random.Generator | None = None,
    draws: int = 300,
) -> Mapping[str, FamilyLine]:
    """Straight line of a capability in log compute, one per family, by least squares.

    Reference: Ruan et al. 2024, arXiv:2405.10938.

    Args:
        component: values, shape (models,).
        flops: training compute, NaN where unknown, shape (models,).
        families: family of each model.
        rng: random state of the resampling of models; no intervals when None.
        draws: refits behind the intervals.

    Returns:
        Family → line, for families of at least three models with known compute.
    """
    y, x, names = np.asarray(component, float), np.asarray(flops, float), np.asarray(families)
    found = {}
    for family in sorted(set(families)):
        own = (names == family) & np.isfinite(x)
        if own.sum() >= FEWEST_MODELS and np.ptp(x[own]) > 0:
            slope, intercept = np.polyfit(np.log(x[own]), y[own], 1)
            r2 = float(np.corrcoef(np.log(x[own]), y[own])[0, 1] ** 2)
            fit = None if rng is None else _fitted(y[own], x[own], rng, draws)
            found[family] = FamilyLine(float(slope), float(intercept), r2, int(own.sum()), fit)
    return found


def _fitted(component: Array, flops: Array, rng: np.random.Generator, draws: int) -> Fit:
    """The line of one family with its draws."""
    runs = RunTable.from_columns({"flops": flops, "component": component})
    return bootstrap(fit_law(LINE, runs, objective="ls"), runs, rng=rng, draws=draws)


def _drawn(line: FamilyLine) -> Fit:
    """The line's fit, which must have draws."""
    if line.fit is None:
        raise LawError("This line was fitted without draws, so it has no intervals. Give rng to family_lines.")
    return line.fit


def equivalent_flops(component: ArrayLike, line: FamilyLine) -> Array:
    """Compute at which a reference family reaches a capability, `C = exp((PC - nu)/gamma)`."""
    return np.asarray(np.exp((np.asarray(component, float) - line.intercept) / line.slope))


def equivalent_compute(component: float, line: FamilyLine, *, level: float = 0.9) -> Estimate:
    """The same compute with its interval.

    Args:
        component: the capability.
        line: line of the reference family, with draws.
        level: confidence level.

    Returns:
        FLOPs; draws in which the family does not gain with compute have no answer.

    Raises:
        LawError: the line was fitted without draws.
    """

    def worth(p: Mapping[str, float]) -> float:
        return float(np.exp((component - p["nu"]) / p["gamma"])) if p["gamma"] > 0 else np.nan

    return answer(_drawn(line), worth, level=level, unit="FLOPs", leaves_out=NOT_IN)
