"""Time to a result: medians over studies, performance profiles, AlgoPerf's score."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import TableError
from isoflop.runs.table import RunTable

Array = NDArray[Any]

LARGEST_RATIO: Final = 4.0
"""AlgoPerf's r_max: whoever needs more than four times the fastest time has not solved the workload."""


@dataclass(frozen=True)
class Times:
    """Time to the target of every recipe on every workload.

    Args:
        recipes: names.
        workloads: names.
        hours: time t_sw in any one unit, infinite where the target is never reached, shape (recipes, workloads).
    """

    recipes: tuple[str, ...]
    workloads: tuple[str, ...]
    hours: Array

    @property
    def ratios(self) -> Array:
        """Time over the fastest recipe's, `r_sw = t_sw / min_s t_sw`; infinite where nobody is in time."""
        fastest = self.hours.min(axis=0)
        with np.errstate(invalid="ignore"):
            return np.asarray(np.where(np.isfinite(self.hours), self.hours / fastest, np.inf))


@dataclass(frozen=True)
class TimeScores:
    """How recipes stand over all workloads.

    Args:
        times: what they needed.
        scores: recipe → AlgoPerf's score, between 0 and 1.
        speedups: recipe → geometric mean of baseline time over its time, over workloads that both
            solve; None where there is none. It does not depend on who else takes part.
        solved: recipe → workloads that it solves.
        baseline: recipe of the speedups.
        largest_ratio: r_max.
    """

    times: Times
    scores: Mapping[str, float]
    speedups: Mapping[str, float | None]
    solved: Mapping[str, int]
    baseline: str
    largest_ratio: float

    def to_dict(self) -> dict[str, Any]:
        """Keys for JSON."""
        rows = [
            {
                "recipe": name,
                "score": self.scores[name],
                "speedup": self.speedups[name],
                "solved": self.solved[name],
                "times": {
                    workload: None if not np.isfinite(hours) else float(hours)
                    for workload, hours in zip(self.times.workloads, own, strict=True)
                },
            }
            for name, own in zip(self.times.recipes, self.times.hours, strict=True)
        ]
        return {"baseline": self.baseline, "largest_ratio": self.largest_ratio, "recipes": rows}


def time_to_result(hours: ArrayLike) -> float:
    """Time of one recipe on one workload from its studies and trials.

    The best trial of each study, then the median over studies: with two of three studies that never
    reach the target it is infinite.

    Reference: Dahl et al. 2023, arXiv:2306.07179, section 4.2 (external tuning).

    Args:
        hours: time to the target, infinite or NaN where it is not reached, shape (studies, trials) or (studies,).

    Returns:
        The time.

    Raises:
        TableError: a time is not positive, or there is none.

    >>> time_to_result([[5.0, 4.0], [float("inf"), 6.0], [9.0, float("inf")]])
    6.0
    """
    values = np.asarray(hours, dtype=float)
    values = np.where(np.isnan(values), np.inf, values)
    if values.size == 0 or not (values > 0).all():
        raise TableError(f"Times to a result are positive numbers, at least one; found {hours!r}. Correct them.")
    best = np.sort(values.reshape(len(values), -1).min(axis=1))
    lower, upper = best[(len(best) - 1) // 2], best[len(best) // 2]
    return float(upper if np.isinf(upper) else 0.5 * (lower + upper))


def performance_profile(ratios: ArrayLike, at: ArrayLike) -> Array:
    """Share of workloads on which a recipe is at most so many times slower than the fastest.

    `rho_s(tau) = (1/|W|) #{w: r_sw <= tau}`.

    Reference: Dolan and Moré 2002; Dahl et al. 2023, arXiv:2306.07179, section 4.5.

    Args:
        ratios: r_sw, shape (…, workloads).
        at: values of tau, shape (k,).

    Returns:
        Shape (…, k).

    >>> performance_profile([1.0, 1.5, 3.0, float("inf")], [1, 2, 4]).tolist()
    [0.25, 0.5, 0.75]
    """
    held = np.asarray(ratios, dtype=float)[..., None] <= np.atleast_1d(np.asarray(at, dtype=float))
    return np.asarray(held.mean(axis=-2))


def algoperf_score(ratios: ArrayLike, *, largest_ratio: float = LARGEST_RATIO) -> Array:
    """Area under the performance profile, as a share of what the fastest everywhere would have.

    `B_s = (1/(r_max - 1)) ∫_1^r_max rho_s(tau) dtau`; the integral is the mean over workloads of
    what is left of r_max, so no grid is needed.

    Reference: Dahl et al. 2023, arXiv:2306.07179, section 4.5.

    Args:
        ratios: r_sw, shape (…, workloads).
        largest_ratio: r_max.

    Returns:
        Shape (…).

    Raises:
        TableError: r_max is not above 1.

    >>> float(algoperf_score([1.0, 2.5, 7.0]))
    0.5
    """
    if not largest_ratio > 1:
        raise TableError(f"The largest ratio {largest_ratio:g} leaves no room above 1. Give 4, as AlgoPerf does.")
    left = np.clip(largest_ratio - np.asarray(ratios, dtype=float), 0.0, largest_ratio - 1)
    return np.asarray(left.mean(axis=-1) / (largest_ratio - 1))


def with_variants(hours: ArrayLike, held_out: Mapping[int, Iterable[int]]) -> Array:
    """Times of base workloads, infinite where a held-out variant was not solved too.

    Args:
        hours: shape (recipes, workloads).
        held_out: place of a base workload → places of its variants.

    Returns:
        Times of the base workloads alone, in the order of `held_out`, shape (recipes, bases).

    >>> with_variants([[2.0, float("inf"), 3.0], [4.0, 5.0, 6.0]], {0: [1], 2: []}).tolist()
    [[inf, 3.0], [4.0, 6.0]]
    """
    values = np.asarray(hours, dtype=float)
    values = np.where(np.isnan(values), np.inf, values)
    columns = [
        np.where(np.isfinite(values[:, list(variants)]).all(axis=1), values[:, base], np.inf)
        for base, variants in held_out.items()
    ]
    return np.stack(columns, axis=1)


def score_times(times: Times, *, baseline: str | None = None, largest_ratio: float = LARGEST_RATIO) -> TimeScores:
    """Scores of recipes over workloads.

    Args:
        times: what they needed.
        baseline: recipe of the speedups; the first when None.
        largest_ratio: r_max.

    Returns:
        The scores. They depend on who takes part, as the ratios do; the speedups do not.

    Raises:
        TableError: the baseline is not among the recipes.

    >>> found = score_times(Times(("a", "b"), ("x", "y"), np.array([[1.0, 2.0], [2.0, 1.0]])))
    >>> round(found.scores["a"], 4), found.speedups["b"]
    (0.8333, 1.0)
    """
    base = times.recipes[0] if baseline is None else baseline
    if base not in times.recipes:
        raise TableError(f"The baseline {base!r} is not among {', '.join(times.recipes)}. Choose one of these.")
    scores = algoperf_score(times.ratios, largest_ratio=largest_ratio)
    reference = times.hours[times.recipes.index(base)]
    speedups: dict[str, float | None] = {}
    for name, own in zip(times.recipes, times.hours, strict=True):
        both = np.isfinite(own) & np.isfinite(reference)
        speedups[name] = float(np.exp(np.mean(np.log(reference[both] / own[both])))) if both.any() else None
    return TimeScores(
        times,
        dict(zip(times.recipes, scores.tolist(), strict=True)),
        speedups,
        dict(zip(times.recipes, np.isfinite(times.hours).sum(axis=1).tolist(), strict=True)),
        base,
        largest_ratio,
    )


def times_of(
    table: RunTable,
    *,
    time: str = "hours",
    recipe: str = "recipe",
    workload: str = "workload",
    study: str = "study",
    response: str | None = None,
    targets: Mapping[str, float] | None = None,
) -> Times:
    """Times to a result from a table of trials, one row a trial.

    Args:
        table: trials; a missing time is a target that was never reached.
        time: column of the time to the target.
        recipe: column of the recipe.
        workload: column of the workload; one workload where the table has no such column.
        study: column of the study; one study where the table has no such column.
        response: column that must be at or below the workload's target for the time to count.
        targets: workload → target, for `response`.

    Returns:
        One time per recipe and workload; infinite where there is no trial.

    Raises:
        ColumnError: a column is missing.
        TableError: there are no trials, or a workload has no target.
    """
    hours = np.array(table.column(time))
    names, codes = table.labels(recipe)
    loads, places = _labels(table, workload)
    _, studies = _labels(table, study)
    if response is not None:
        hours[~_reached(table, response, targets or {}, (loads, places))] = np.inf
    found = np.full((len(names), len(loads)), np.inf)
    for s, w in np.unique(np.stack([codes, places], axis=1), axis=0).tolist():
        if s < 0 or w < 0:
            continue
        mine = (codes == s) & (places == w)
        best = [_best(hours[mine & (studies == k)]) for k in np.unique(studies[mine])]
        found[s, w] = time_to_result(best)
    return Times(names, loads, found)


def _labels(table: RunTable, column: str) -> tuple[tuple[str, ...], Array]:
    """Labels of a column, or one label for all rows."""
    return table.labels(column) if column in table.names else (("all",), np.zeros(len(table), dtype=int))


def _best(hours: Array) -> float:
    """Shortest time of a study's trials."""
    return float(np.where(np.isnan(hours), np.inf, hours).min())


def _reached(
    table: RunTable, response: str, targets: Mapping[str, float], workloads: tuple[Sequence[str], Array]
) -> NDArray[np.bool_]:
    """Which trials end at or below the target of their workload."""
    missing = [name for name in workloads[0] if name not in targets]
    if missing:
        raise TableError(f"No target is given for {', '.join(missing)}. Add it to targets.")
    limit = np.array([targets[name] for name in workloads[0]] + [-np.inf])[workloads[1]]
    return np.asarray(table.column(response) <= limit)
