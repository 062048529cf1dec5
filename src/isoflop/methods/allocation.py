"""Allocations over groups by fitted curves, with the intervals that the fits leave open."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np

from isoflop.errors import FitError
from isoflop.fit.estimate import Estimate
from isoflop.fit.result import Fit
from isoflop.methods.answers import answers, from_answers
from isoflop.methods.collection import Allocation, Goal, GroupCurve, allocate, curve_of
from isoflop.methods.several import correction_of_several

NOT_IN: Final = (
    "that examples of one group may help another",
    "that a curve may bend beyond the examples that it was fitted to",
)
"""What the intervals of an allocation do not contain."""


@dataclass(frozen=True)
class AllocationForecast:
    """An allocation by fitted curves, with what the fits leave open.

    Args:
        allocation: by the fits themselves.
        examples: group → examples, with the interval of the best allocations of the draws.
        errors: group → error after the examples of the allocation, with the interval of the drawn curves.
    """

    allocation: Allocation
    examples: Mapping[str, Estimate]
    errors: Mapping[str, Estimate]


def allocate_fitted(
    fits: Mapping[str, Fit],
    budget: float,
    *,
    costs: Mapping[str, float] | None = None,
    weights: Mapping[str, float] | None = None,
    have: Mapping[str, float] | None = None,
    goal: Goal = "mean",
    level: float = 0.9,
    draws: int = 200,
) -> AllocationForecast:
    """Split a budget over groups by fitted curves, and again for every draw of the fits.

    Args:
        fits: group → fit of its curve, with draws, without shared examples.
        budget: what may be spent on new examples.
        costs: group → cost of an example; 1 where left out.
        weights: group → weight of its error; 1 where left out.
        have: group → examples at hand; none where left out.
        goal: `mean` or `worst`.
        level: confidence level.
        draws: draws of the fits that are used, at most; those of the groups are paired.

    Returns:
        The allocation with intervals.

    Raises:
        FitError: a fit has no draws; and as `allocate` does.
    """
    lacking = [name for name, fit in fits.items() if fit.draws is None]
    if lacking:
        raise FitError(f"The fits of {', '.join(lacking)} have no draws. Call bootstrap() on them first.")
    terms = {name: ((costs or {}).get(name, 1.0), (weights or {}).get(name, 1.0)) for name in fits}

    def drawn(place: int) -> dict[str, GroupCurve]:
        rows = {name: dict(zip(fit.names, np.asarray(fit.draws)[place], strict=True)) for name, fit in fits.items()}
        return {name: GroupCurve(row["s"], row["p"], row["d"], *terms[name]) for name, row in rows.items()}

    point = {name: curve_of(fit, cost=terms[name][0], weight=terms[name][1]) for name, fit in fits.items()}
    found = allocate(point, budget, have=have, goal=goal)
    count = min(draws, *(len(np.asarray(fit.draws)) for fit in fits.values()))
    curves = [drawn(place) for place in range(count)]

    def examples(chosen: Mapping[str, GroupCurve]) -> list[float]:
        return list(allocate(chosen, budget, have=have, goal=goal).examples.values())

    def errors(chosen: Mapping[str, GroupCurve]) -> list[float]:
        return [chosen[name].error(found.examples[name]) for name in fits]

    own, estimates = list(fits.values()), []
    for procedure, unit in ((examples, "examples"), (errors, "error")):
        values = answers(procedure, curves, (len(fits),))
        middle = np.array(list(found.examples.values()) if unit == "examples" else errors(point))
        each = [
            from_answers(point, drawn, level, correction_of_several(own, point, drawn), leaves_out=NOT_IN, unit=unit)
            for point, drawn in zip(middle, values.T, strict=True)
        ]
        estimates.append(MappingProxyType(dict(zip(fits, each, strict=True))))
    return AllocationForecast(found, *estimates)
