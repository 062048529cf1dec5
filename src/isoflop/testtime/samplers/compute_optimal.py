"""The best way to spend a budget per bin of difficulty, chosen on one half of the problems and judged on the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import InputError
from isoflop.fit.estimate import Estimate
from isoflop.testtime.estimators.bins import DifficultyBins, difficulty_bins
from isoflop.testtime.estimators.resample import benchmark_mean

Array = NDArray[Any]

CHOICE: Final = "that other halves of the problems would choose other strategies"


@dataclass(frozen=True, eq=False)
class ComputeOptimal:
    """What choosing a strategy per difficulty buys.

    Args:
        budgets: as given, shape (budgets,).
        strategies: their names.
        bins: problems by difficulty, the easiest first.
        choices: place of the strategy chosen on each half, shape (splits, halves, bins, budgets).
        accuracy: held-out accuracy at each budget, the strategy chosen per bin.
        uniform: the same with one strategy for all problems, chosen on the same halves.
        gain: their difference, from the same draws of problems.
        alone: accuracy of each strategy on all problems, shape (strategies, budgets).
        in_sample: accuracy when strategies are chosen and judged on the same problems: too good.
    """

    budgets: Array
    strategies: tuple[str, ...]
    bins: DifficultyBins
    choices: Array
    accuracy: Estimate
    uniform: Estimate
    gain: Estimate
    alone: Array
    in_sample: Array

    def saving(self, reference: ArrayLike) -> Array:
        """How many times less budget reaches the accuracy that a reference has at each budget.

        Budgets between the given ones are read off a line in the logarithm of the budget; accuracies are
        first made to rise.

        Args:
            reference: accuracies at the same budgets, such as a row of `alone`.

        Returns:
            Factors; infinite where the smallest budget does as well already (the factor is above the range),
            NaN where no budget reaches the reference.
        """
        rising = np.maximum.accumulate(self.accuracy.value)
        needed = np.array([_reach(rising, self.budgets, float(wanted)) for wanted in np.asarray(reference)])
        with np.errstate(divide="ignore"):
            return np.asarray(self.budgets / needed)


def _reach(rising: Array, budgets: Array, wanted: float) -> float:
    """Budget at which a rising accuracy reaches what is wanted; 0 below the first, NaN never."""
    if wanted > rising[-1]:
        return float("nan")
    place = int(np.searchsorted(rising, wanted, side="left"))
    if place == 0:
        return float(budgets[0]) if wanted == rising[0] else 0.0
    part = (wanted - rising[place - 1]) / (rising[place] - rising[place - 1])
    low, high = np.log(budgets[place - 1 : place + 1])
    return float(np.exp(low + part * (high - low)))


def _checked(accuracy: ArrayLike, budgets: ArrayLike, names: Sequence[str], problems: int) -> tuple[Array, Array]:
    """The table and the budgets, checked; what a strategy does not offer at a budget stays NaN."""
    table, spent = np.asarray(accuracy, dtype=float), np.asarray(budgets, dtype=float)
    if table.shape != (len(names), len(spent), problems) or 0 in table.shape:
        raise InputError(
            f"The accuracies have shape {table.shape}, not (strategies, budgets, problems) = "
            f"({len(names)}, {len(spent)}, {problems}). Reorder them."
        )
    if not (np.isfinite(spent).all() and (spent > 0).all() and (np.diff(spent) > 0).all()):
        raise InputError(f"Budgets {spent} must be above 0 and rise. Sort them.")
    missing = np.isnan(table)
    partly = missing.any(axis=2) & ~missing.all(axis=2)
    if partly.any():
        strategy, budget = (int(i) for i in np.argwhere(partly)[0])
        raise InputError(
            f"Strategy {names[strategy]!r} at budget {spent[budget]:g} lacks {int(missing[strategy, budget].sum())} of "
            f"{problems} problems. Leave those problems out, or the strategy at that budget for all of them."
        )
    if missing.all(axis=2).all(axis=0).any():
        raise InputError("At some budget no strategy has results. Leave that budget out.")
    return table, spent


def _chosen(table: Array, places: Array) -> Array:
    """Place of the strategy with the best mean over some problems at each budget, the first among equals."""
    means = table[:, :, places].mean(axis=2)
    return np.asarray(np.where(np.isnan(means), -np.inf, means).argmax(axis=0))


def _judged(table: Array, chosen: Array, places: Array) -> Array:
    """Accuracy of the chosen strategies on some problems, shape (problems, budgets)."""
    return table[chosen, np.arange(table.shape[1])][:, places].T


def _columns(together: Estimate, place: int, width: int) -> Estimate:
    """One of several estimates made from the same draws."""
    cut = slice(place * width, (place + 1) * width)
    low, high = together.interval
    draws = None if together.draws is None else together.draws[:, cut]
    return Estimate(together.value[cut], (low[cut], high[cut]), together.level, draws, (*together.leaves_out, CHOICE))


def compute_optimal(
    accuracy: ArrayLike,
    ease: ArrayLike,
    budgets: ArrayLike,
    strategies: Sequence[str],
    *,
    rng: np.random.Generator,
    bins: int = 5,
    splits: int = 1,
    draws: int = 1000,
    level: float = 0.9,
) -> ComputeOptimal:
    """Accuracy when the best strategy is chosen for each difficulty and budget, judged on problems not chosen on.

    Problems fall into bins of equal count. Each bin is halved at random; at every budget the strategy that is
    best on one half is judged on the other and the other way round.

    Reference: Snell et al. 2024, arXiv:2408.03314. Five bins, two folds; finding the difficulty is not charged.

    Args:
        accuracy: accuracy of every strategy at every budget on every problem, shape (strategies, budgets,
            problems); NaN for all problems where a strategy does not exist at a budget.
        ease: pass@1, or the mean score of a verifier, from other samples than those, shape (problems,).
        budgets: rising, any unit, shape (budgets,).
        strategies: names; the first among equals is chosen, so list cheaper ones first.
        rng: random state.
        bins: how many.
        splits: random halvings to average over; the source takes 1.
        draws: bootstrap draws of problems.
        level: confidence level of the intervals.

    Returns:
        Accuracies and choices. The intervals leave out that other halves would choose otherwise.

    Raises:
        InputError: shapes disagree, budgets do not rise, results are missing, or bins hold one problem.
        TableError: a difficulty is missing, or there are more bins than problems.

    >>> easy, hard = np.ones(20), np.zeros(20)
    >>> table = [[np.r_[easy, hard]], [np.r_[easy - 0.4, hard + 0.5]]]
    >>> found = compute_optimal(table, np.r_[easy, hard], [16], ["parallel", "sequential"],
    ...                         rng=np.random.default_rng(0), bins=2)
    >>> found.accuracy.value.tolist(), found.uniform.value.round(2).tolist(), found.choices[0, 0, :, 0].tolist()
    ([0.75], [0.55], [0, 1])
    """
    names = tuple(strategies)
    table, spent = _checked(accuracy, budgets, names, np.asarray(ease).size)
    by = difficulty_bins(ease, bins)
    if min(len(own) for own in by.members) < 2 or splits < 1:
        raise InputError(
            f"{bins} bins of {table.shape[2]} problems and {splits} splits: a bin needs two problems or more to be "
            "halved, and there must be a split. Ask for fewer bins."
        )
    own, one = np.zeros((2, table.shape[2], table.shape[1]))
    choices = np.empty((splits, 2, len(by.members), table.shape[1]), dtype=np.int64)
    for split in range(splits):
        halves = [np.array_split(rng.permutation(places), 2) for places in by.members]
        for half in (0, 1):
            everyone = np.concatenate([pair[half] for pair in halves])
            judged = np.concatenate([pair[1 - half] for pair in halves])
            one[judged] += _judged(table, _chosen(table, everyone), judged) / splits
            for place, pair in enumerate(halves):
                choices[split, half, place] = _chosen(table, pair[half])
                own[pair[1 - half]] += _judged(table, choices[split, half, place], pair[1 - half]) / splits
    together = benchmark_mean(np.concatenate([own, one, own - one], axis=1), rng=rng, draws=draws, level=level)
    found = [_columns(together, place, len(spent)) for place in range(3)]
    best = np.concatenate([_judged(table, _chosen(table, places), places) for places in by.members])
    return ComputeOptimal(
        spent, names, by, choices, found[0], found[1], found[2], table.mean(axis=2), best.mean(axis=0)
    )
