"""Which groups to collect data of under a budget: learning curves per group, and the allocation that they ask for."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import FitError
from isoflop.fit.fitting import fit_law
from isoflop.fit.result import Fit
from isoflop.laws.law import Law, Parameter
from isoflop.runs.table import RunTable

Array = NDArray[Any]
Goal = Literal["mean", "worst"]

HALVINGS: Final = 200
"""Halvings of the multiplier's interval: beyond double precision."""


@dataclass(frozen=True)
class GroupCurve:
    """Learning curve of one group, `err(n) = floor + scale n^-power`.

    Args:
        scale: s, error of the first example above the floor.
        power: p, exponent of the group's own examples.
        floor: d, error that more examples of the group do not remove.
        cost: cost of one example, c.
        weight: weight of the group's error in the goal, w.
    """

    scale: float
    power: float
    floor: float = 0.0
    cost: float = 1.0
    weight: float = 1.0

    def error(self, examples: float) -> float:
        """Error after a number of examples."""
        return float(self.floor + self.scale * examples**-self.power)


@dataclass(frozen=True)
class Allocation:
    """Examples to have of every group.

    Args:
        examples: group → examples n, those at hand included.
        errors: group → predicted error.
        spent: cost of the examples that are new.
        price: the multiplier lambda: how much the goal falls for one more unit of budget.
        goal: `mean` or `worst`.
    """

    examples: Mapping[str, float]
    errors: Mapping[str, float]
    spent: float
    price: float
    goal: Goal


def allocate(
    curves: Mapping[str, GroupCurve],
    budget: float,
    *,
    have: Mapping[str, float] | None = None,
    goal: Goal = "mean",
) -> Allocation:
    """Split a budget over groups.

    For the weighted mean of errors the conditions of Karush, Kuhn and Tucker give
    `n_g = (w_g s_g p_g/(lambda c_g))^(1/(p_g + 1))`, but never less than is at hand; for the worst
    group all that are helped end at one error. Either multiplier is found by bisection on the budget.

    Reference: Cai et al. 2022, arXiv:2202.01327, adaptive sampling for equitable data sets; the
    closed form follows from the separable curves.

    Args:
        curves: group → its learning curve.
        budget: what may be spent on new examples.
        have: group → examples at hand; none where left out.
        goal: `mean` minimises the weighted mean error, `worst` the largest error.

    Returns:
        The allocation.

    Raises:
        FitError: the budget is not positive, there is no group, a curve does not fall, the goal is
            unknown, or what is at hand is negative or of no group.

    >>> found = allocate({"a": GroupCurve(1.0, 0.5), "b": GroupCurve(2.0, 0.5)}, 1000.0)
    >>> round(found.examples["b"] / found.examples["a"], 6) == round(2 ** (1 / 1.5), 6)
    True
    """
    _check(curves, budget)
    _check_request(curves, have or {}, goal)
    least = {name: float((have or {}).get(name, 0.0)) for name in curves}
    wanted = _for_mean if goal == "mean" else _for_worst
    # The multiplier is searched in its logarithm; the cost falls as it rises.
    low, high = -600.0, 600.0
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        if _cost(curves, wanted(curves, least, middle), least) > budget:
            low = middle
        else:
            high = middle
    examples = wanted(curves, least, high)
    errors = {name: curve.error(examples[name]) for name, curve in curves.items() if examples[name] > 0}
    spent = _cost(curves, examples, least)
    price = float(np.exp(high)) if goal == "mean" else _price_of_worst(curves, examples, least)
    return Allocation(MappingProxyType(examples), MappingProxyType(errors), spent, price, goal)


def _check(curves: Mapping[str, GroupCurve], budget: float) -> None:
    """Refuse what has no allocation."""
    if not curves or not budget > 0:
        raise FitError(
            f"{len(curves)} groups and a budget of {budget:g}: give one group or more and a positive budget."
        )
    flat = [name for name, c in curves.items() if not (c.scale > 0 and c.power > 0 and c.cost > 0 and c.weight > 0)]
    if flat:
        raise FitError(f"Scale, power, cost and weight of {', '.join(flat)} must be positive. Fit its curve again.")


def _check_request(curves: Mapping[str, GroupCurve], have: Mapping[str, float], goal: str) -> None:
    """Refuse an unknown goal, and examples at hand that cannot be."""
    if goal not in get_args(Goal):
        raise FitError(f"There is no goal {goal!r}. Choose {' or '.join(get_args(Goal))}.")
    strange = [name for name, count in have.items() if name not in curves or not count >= 0]
    if strange:
        raise FitError(
            f"The examples at hand of {', '.join(strange)} are negative or of a group without a curve. "
            f"Give counts from 0 up of {', '.join(curves)}."
        )


def _for_mean(curves: Mapping[str, GroupCurve], least: Mapping[str, float], price: float) -> dict[str, float]:
    """Examples at which one more unit of budget is worth `exp(price)` in every group."""
    found = {}
    for name, c in curves.items():
        log = (np.log(c.weight * c.scale * c.power / c.cost) - price) / (c.power + 1)
        found[name] = max(float(np.exp(min(log, 600.0))), least[name])
    return found


def _for_worst(curves: Mapping[str, GroupCurve], least: Mapping[str, float], level: float) -> dict[str, float]:
    """Examples at which every group's error is at most the highest floor plus `exp(level)`."""
    target = max(c.floor for c in curves.values()) + float(np.exp(level))
    found = {}
    for name, c in curves.items():
        gap = max(target - c.floor, 1e-300)
        found[name] = max(float(np.exp(min(np.log(c.scale / gap) / c.power, 600.0))), least[name])
    return found


def _price_of_worst(
    curves: Mapping[str, GroupCurve], examples: Mapping[str, float], least: Mapping[str, float]
) -> float:
    """Fall of the worst error for one more unit of budget: groups at it share the unit."""
    rates = [
        c.cost * examples[name] ** (c.power + 1) / (c.scale * c.power)
        for name, c in curves.items()
        if examples[name] > least[name]
    ]
    return 1.0 / sum(rates) if rates else 0.0


def _cost(curves: Mapping[str, GroupCurve], examples: Mapping[str, float], least: Mapping[str, float]) -> float:
    """Cost of what is not at hand."""
    return float(sum(c.cost * (examples[name] - least[name]) for name, c in curves.items()))


_MEANINGS: Final = {
    "d": Parameter(meaning="error that no data remove"),
    "s": Parameter(meaning="scale of the group's own examples"),
    "p": Parameter(meaning="exponent of the group's own examples"),
    "t": Parameter(meaning="scale of all examples"),
    "q": Parameter(meaning="exponent of all examples"),
}


def group_law(*, shared: bool = False) -> Law:
    """Learning curve of one group: `err = d + s n_g^-p`, with `t n^-q` where other groups help.

    Args:
        shared: whether the examples of all groups help.

    Returns:
        The law, of the columns group_examples and, where shared, all_examples.
    """
    formula = "L = d + s/group_examples^p" + (" + t/all_examples^q" if shared else "")
    names, columns = ("dsptq", ("group_examples", "all_examples")) if shared else ("dsp", ("group_examples",))
    parameters = {name: _MEANINGS[name] for name in names}
    return Law("group-curve", formula, "Error of a group from examples", parameters=parameters, variables=columns)


def fit_group(runs: RunTable, *, response: str = "error", shared: bool = False) -> Fit:
    """Fit the learning curve of one group.

    To collect in steps, fit every group, allocate a part of the budget with `have`, collect, and
    fit again: the curves need not be known beforehand.

    Args:
        runs: trainings with group_examples (and all_examples where shared) and the group's error.
        response: column of the error.
        shared: whether examples of other groups help.

    Returns:
        The fit.
    """
    return fit_law(group_law(shared=shared), runs, response=response)


def curve_of(fit: Fit, *, cost: float = 1.0, weight: float = 1.0) -> GroupCurve:
    """Learning curve from a fit of one group without shared examples.

    Args:
        fit: the fit.
        cost: cost of one example of the group.
        weight: weight of its error.

    Returns:
        The curve.

    Raises:
        FitError: other groups help in the fitted curve, so that groups cannot be allocated apart.
    """
    if "t" in fit.parameters:
        raise FitError("This curve gains from other groups' examples; allocate wants separable ones (shared=False).")
    values = fit.parameters
    return GroupCurve(values["s"], values["p"], values["d"], cost, weight)
