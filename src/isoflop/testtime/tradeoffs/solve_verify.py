"""Solutions against verifications: votes and generative verifiers at equal compute, and the path of best splits."""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import FitError
from isoflop.fit.estimate import Estimate
from isoflop.fit.fitting import fit_law
from isoflop.fit.result import Fit
from isoflop.laws.catalogue import from_text
from isoflop.runs.table import RunTable
from isoflop.testtime.estimators.resample import benchmark_mean
from isoflop.uncertainty.bootstrap import bootstrap

Array = NDArray[Any]


def compute_cost(solutions: ArrayLike, verifications: ArrayLike, price: float) -> Array:
    """Cost of S solutions with V verifications each, in units of one solution: `C(S, V) = S (1 + lambda V)`.

    Reference: Singhi et al. 2025, arXiv:2504.01005, and the authors' code: lambda is 2 for a verifier that was
    fine-tuned, 1 for the base model. V = 0 is a vote.

    Args:
        solutions: S.
        verifications: V of each solution.
        price: lambda, tokens of a verification over tokens of a solution.

    Returns:
        Costs, of the common shape.

    Raises:
        FitError: negative numbers.

    >>> compute_cost([8, 4, 128], [4, 8, 32], 2.0).tolist()
    [72.0, 68.0, 8320.0]
    """
    s, v = np.asarray(solutions, float), np.asarray(verifications, float)
    if np.any(s < 0) or np.any(v < 0) or not price > 0:
        raise FitError(
            "Solutions and verifications must not be negative, and the price must be positive. Correct them."
        )
    return np.asarray(s * (1 + price * v))


def compute_flops(cost: ArrayLike, params: float, tokens: float) -> Array:
    """Absolute compute, `2 P T` for each solution of T tokens.

    >>> float(compute_flops(72, 8e9, 1024))
    1179648000000000.0
    """
    return np.asarray(2 * params * tokens * np.asarray(cost, float))


def verdict_scores(verdicts: ArrayLike, verifications: int, *, invalid: ArrayLike | None = None) -> Array:
    """Score of each solution: the mean of its first V verdicts.

    Verdicts are 1 or 0, or chances of yes; missing ones are left out, and a solution without any scores 0, as
    does one without a valid answer.

    Reference: Singhi et al. 2025, arXiv:2504.01005, the authors' code.

    Args:
        verdicts: shape (solutions, verdicts), NaN where one is missing.
        verifications: V, at most the verdicts there are.
        invalid: whether each solution has no valid answer.

    Returns:
        Scores, shape (solutions,).

    Raises:
        FitError: more verdicts are asked for than there are.

    >>> verdict_scores([[1, float("nan"), 0], [float("nan")] * 3], 2).tolist()
    [1.0, 0.0]
    """
    table = np.asarray(verdicts, float)
    if table.ndim != 2 or not 1 <= verifications <= table.shape[1]:
        raise FitError(
            f"{verifications} of {table.shape[-1]} verdicts cannot be taken. Give 1 up to the number there is."
        )
    first = table[:, :verifications]
    there = np.isfinite(first)
    count = there.sum(axis=1)
    scores = np.where(there, first, 0.0).sum(axis=1) / np.maximum(count, 1)
    return scores if invalid is None else np.where(np.asarray(invalid, bool), 0.0, scores)


@dataclass(frozen=True, eq=False)
class Path:
    """The best splits, one per budget, and power laws through them.

    Args:
        budgets: C, in solutions.
        solutions: S of the best split.
        verifications: V of it.
        success: its success rate.
        growth: fits of `solutions = factor cost^a` and `verifications = factor cost^a`, where V is above 0.
    """

    budgets: Array
    solutions: Array
    verifications: Array
    success: Array
    growth: tuple[Fit, Fit] = field(repr=False)

    @property
    def exponents(self) -> tuple[float, float]:
        """Exponents a of solutions and b of verifications; their sum need not be 1."""
        return self.growth[0].parameters["a"], self.growth[1].parameters["a"]


def fit_path(
    solutions: ArrayLike,
    verifications: ArrayLike,
    success: ArrayLike,
    *,
    price: float,
    budgets: ArrayLike | None = None,
    rng: np.random.Generator | None = None,
    draws: int = 200,
) -> Path:
    """Find the best split for every budget, and fit `S = s C^a` and `V = v C^b` along that path.

    The laws hold on the path only: they say nothing of splits beside it. Budgets without a verification, where a
    vote is best, are on the path but have no logarithm.

    Reference: Singhi et al. 2025, arXiv:2504.01005: a grid of powers of two, the best split within each budget, a line
    of the logarithms. Secondary sources give a and b of .57 and .39, .75 and .32, .69 and .43 for three models;
    they print no prefactors.

    Args:
        solutions: S of every split that was tried, shape (splits,).
        verifications: V of it.
        success: success rate of it.
        price: lambda.
        budgets: C; every cost that a split has, when None.
        rng: random state of the resampling of budgets; no intervals of the exponents when None.
        draws: refits.

    Returns:
        The path.

    Raises:
        FitError: a budget below every split, or fewer than three budgets with a verification.
    """
    s, v, rate = (np.asarray(x, float) for x in (solutions, verifications, success))
    cost = compute_cost(s, v, price)
    levels = np.unique(cost) if budgets is None else np.unique(np.asarray(budgets, float))
    best = _best_within(cost, rate, levels)
    # The same split is the best of several budgets where nothing larger helps: it counts once, at its cost.
    kept, first = np.unique(best, return_index=True)
    chosen = kept[np.argsort(levels[first])] if budgets is None else best
    budget = cost[chosen] if budgets is None else levels
    inside = v[chosen] > 0
    if len(np.unique(budget[inside])) < 3:
        raise FitError(f"{int(inside.sum())} budgets have a verification; a line needs three. Try more splits.")
    runs = [
        RunTable.from_columns({"cost": budget[inside], name: x[chosen][inside]})
        for name, x in (("solutions", s), ("verifications", v))
    ]
    fits = [
        fit_law(from_text(f"{name} = factor*cost^a", name=name, columns=("cost",)), table, objective="log-ls")
        for name, table in zip(("solutions", "verifications"), runs, strict=True)
    ]
    if rng is not None:
        fits = [bootstrap(fit, table, rng=rng, draws=draws) for fit, table in zip(fits, runs, strict=True)]
    return Path(budget, s[chosen], v[chosen], rate[chosen], (fits[0], fits[1]))


def split(
    budget: float, price: float, solutions: tuple[float, float], verifications: tuple[float, float]
) -> tuple[int, int]:
    """Whole solutions and verifications for a budget, by power laws along the path, never above the budget.

    Both are rounded, then solutions are cut to what the budget pays; where no verification is left, all goes
    into solutions, for a vote.

    Args:
        budget: C, in solutions.
        price: lambda.
        solutions: factor and exponent of S.
        verifications: factor and exponent of V.

    Returns:
        S and V.

    Raises:
        FitError: a budget below one solution.

    >>> split(1024, 2.0, (1.0, 0.57), (0.7, 0.39)), split(1.5, 2.0, (1.0, 0.57), (0.3, 0.39))
    ((48, 10), (1, 0))
    """
    if not budget >= 1:
        raise FitError(f"A budget of {budget:g} solutions buys none. Give at least 1.")
    s = max(1, round(solutions[0] * budget ** solutions[1]))
    v = round(verifications[0] * budget ** verifications[1])
    # One solution with its verifications must be paid at least.
    v = min(v, math.floor((budget - 1) / price))
    if v <= 0:
        return math.floor(budget), 0
    return min(s, math.floor(budget / (1 + price * v))), v


@dataclass(frozen=True, eq=False)
class EqualCompute:
    """Votes and verification at the same budgets.

    Args:
        budgets: C, in solutions.
        vote: best mean success of votes within each budget.
        verified: of verification; NaN below its cheapest split.
        gap: verification less vote, with its interval over problems, shape (budgets,).
        plateau: cheapest budget at which votes reach their best.
        match: multiple of that budget from which verification is as good, in the mean; NaN where it never is.
    """

    budgets: Array
    vote: Array
    verified: Array
    gap: Estimate
    plateau: float
    match: float


def at_equal_compute(
    vote: tuple[ArrayLike, ArrayLike],
    verified: tuple[ArrayLike, ArrayLike],
    budgets: ArrayLike,
    *,
    rng: np.random.Generator,
    level: float = 0.9,
) -> EqualCompute:
    """Compare votes with verification at equal compute, on the same problems.

    In each budget both take their best split by mean success, which favours the one with more splits to choose from.

    Reference: Singhi et al. 2025, arXiv:2504.01005.

    Args:
        vote: costs, shape (splits,), and success of every problem, (problems, splits).
        verified: the same of splits with verifications.
        budgets: C, shape (budgets,), each at least the cheapest split of both.
        rng: random state of the resampling of problems.
        level: confidence level of the gap.

    Returns:
        The comparison.

    Raises:
        FitError: shapes that do not fit, or a budget below every split.
    """
    costs = [np.asarray(one[0], float) for one in (vote, verified)]
    tables = [np.asarray(one[1], float) for one in (vote, verified)]
    if (
        any(t.ndim != 2 or t.shape[1:] != c.shape for t, c in zip(tables, costs, strict=True))
        or len({len(t) for t in tables}) > 1
    ):
        raise FitError("Votes and verification need one cost per split and one success per problem and split, of the "
                       "same problems. Correct the shapes.")  # fmt: skip
    levels = np.atleast_1d(np.asarray(budgets, float))
    best = [_best_within(c, t.mean(axis=0), levels) for c, t in zip(costs, tables, strict=True)]
    chosen = [t[:, b] for t, b in zip(tables, best, strict=True)]
    gap = benchmark_mean(chosen[1] - chosen[0], rng=rng, level=level)
    means = [t.mean(axis=0) for t in tables]
    plateau = float(costs[0][means[0] >= means[0].max() - 1e-12].min())
    reached = costs[1][means[1] >= means[0].max() - 1e-12]
    match = float(reached.min()) / plateau if len(reached) else math.nan
    return EqualCompute(levels, chosen[0].mean(axis=0), chosen[1].mean(axis=0), gap, plateau, match)


def _best_within(cost: Array, success: Array, budgets: Array) -> NDArray[np.intp]:
    """Place of the best split within each budget, the cheapest of equal ones."""
    order = np.lexsort((cost, -success))
    found = []
    for budget in budgets:
        inside = order[cost[order] <= budget * (1 + 1e-12)]
        if not len(inside):
            raise FitError(f"A budget of {budget:g} pays for no split; the cheapest costs {cost.min():g}. Give more.")
        found.append(inside[0])
    return np.array(found, dtype=np.intp)
