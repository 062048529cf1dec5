"""A design tried on runs that are finished: choose, look, fit again, and predict what was held out."""

from dataclasses import dataclass
from typing import Any, Final, Unpack

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import TableError
from isoflop.fit.fitting import fit_law
from isoflop.fit.result import Fit
from isoflop.laws.law import Law
from isoflop.plan.design.design import Options, next_runs
from isoflop.runs.table import RunTable

Array = NDArray[Any]

START_RUNS: Final = 2.5
"""Runs per parameter of the law to start from, the cheapest ones."""
START_SHARE: Final = 0.02
"""Most that they may cost, as a share of the pool."""


@dataclass(frozen=True)
class Replay:
    """What one way of choosing would have bought, and how well it predicts.

    Args:
        strategy: `design`, `random`, `cheapest` or `all`.
        rows: places of the runs in the pool, in the order of buying.
        spent: share of the pool's cost.
        error: mean |predicted/observed - 1| of the held-out runs.
        r2: 1 - mean squared error over variance, of the held-out runs.
        verdict: of the last fit's certificate.
    """

    strategy: str
    rows: tuple[int, ...]
    spent: float
    error: float
    r2: float
    verdict: str


def start_rows(cost: Array, parameters: int) -> Array:
    """Cheapest runs to start from: 2.5 per parameter, at most 2 % of the pool's cost, at least p + 1.

    Reference: Li et al. 2026, arXiv 2604.22753.

    Args:
        cost: of every run of the pool, shape (m,).
        parameters: of the law.

    Returns:
        Places in the pool.

    >>> start_rows(np.array([4.0, 1.0, 2.0, 900.0]), 1).tolist()
    [1, 2, 0]
    """
    order = np.argsort(cost, kind="stable")
    allowed = int(np.searchsorted(np.cumsum(cost[order]), START_SHARE * cost.sum(), side="right"))
    count = max(min(int(np.ceil(START_RUNS * parameters)), allowed), parameters + 1)
    return order[:count]


def replay_design(
    law: Law,
    pool: RunTable,
    held_out: RunTable,
    *,
    share: float = 0.1,
    rounds: int = 4,
    cost: str | None = None,
    objective: str = "log-huber",
    start: Array | None = None,
    **options: Unpack[Options],
) -> Replay:
    """Buy runs of a pool by design, in rounds with a new fit before each.

    Results of runs that were not bought are never looked at; of the held-out runs only the columns are.

    Args:
        law: the law.
        pool: finished runs.
        held_out: runs to predict: the targets of the design.
        share: of the pool's cost that may be spent, start included.
        rounds: how often the law is fitted again.
        cost: column of prices; training compute when None.
        objective: of the fits.
        start: places of the runs to start from; the cheapest when None.
        options: of the design; see `next_runs`.

    Returns:
        What was bought and how well it predicts.

    Raises:
        TableError: the start costs more than may be spent.
    """
    prices = _prices(law, pool, cost)
    bought = [int(k) for k in (start_rows(prices, len(law.parameter_names)) if start is None else start)]
    budget = share * float(prices.sum())
    if prices[bought].sum() > budget:
        raise TableError(f"The {len(bought)} runs to start from cost more than {share:.0%} of the pool. Raise share.")
    target = {word: np.asarray(held_out.column(word)) for word in law.columns}
    settings: Options = {"tokens_per_param": None, "most": len(pool), **options}
    fit = fit_law(law, pool.take(np.array(bought)), objective=objective)
    for number in range(rounds):
        left = np.setdiff1d(np.arange(len(pool)), bought)
        money = (budget - float(prices[bought].sum())) / (rounds - number)
        if not len(left) or prices[left].min() > money:
            continue
        offered = {w: pool.column(w)[left] for w in law.columns} | {"price": prices[left], "place": left.astype(float)}
        design = next_runs(
            fit, target, budget=money, candidates=offered, runs=pool.take(np.array(bought)), cost="price", **settings
        )
        bought += [int(left[run.row - 1]) for run in design.runs]
        fit = fit_law(law, pool.take(np.array(bought)), objective=objective)
    return _scored("design", fit, bought, prices, held_out)


def replay_order(
    law: Law,
    pool: RunTable,
    held_out: RunTable,
    order: Array,
    *,
    strategy: str,
    share: float = 0.1,
    cost: str | None = None,
    objective: str = "log-huber",
) -> Replay:
    """Buy runs of a pool in a given order, passing over those that the money left does not buy.

    Args:
        law: the law.
        pool: finished runs.
        held_out: runs to predict.
        order: places in the pool, the first ones are bought first.
        strategy: name of the way of choosing.
        share: of the pool's cost that may be spent.
        cost: column of prices; training compute when None.
        objective: of the fit.

    Returns:
        What was bought and how well it predicts.

    Raises:
        FitError: the runs that were bought cannot be fitted.
    """
    prices = _prices(law, pool, cost)
    left, bought = share * float(prices.sum()) * (1 + 1e-12), []
    for place in order.tolist():
        if prices[place] <= left:
            bought.append(int(place))
            left -= float(prices[place])
    fit = fit_law(law, pool.take(np.array(bought)), objective=objective)
    return _scored(strategy, fit, bought, prices, held_out)


def _prices(law: Law, pool: RunTable, cost: str | None) -> Array:
    """Price of every run of the pool."""
    if cost is not None:
        return np.asarray(pool.column(cost), dtype=float)
    if "flops" not in pool.names:
        raise TableError(f"The pool has no training compute, and law {law.name!r} gives none. Name a column of prices.")
    return np.asarray(pool.column("flops"), dtype=float)


def _scored(strategy: str, fit: Fit, bought: list[int], prices: Array, held_out: RunTable) -> Replay:
    """Errors on the held-out runs."""
    predicted = fit.evaluate(**{word: held_out.column(word) for word in fit.law.columns})
    observed = np.asarray(held_out.column(fit.response), dtype=float)
    error = float(np.mean(np.abs(predicted / observed - 1)))
    r2 = 1 - float(np.mean((predicted - observed) ** 2) / np.var(observed))
    spent = float(prices[bought].sum() / prices.sum())
    return Replay(strategy, tuple(bought), spent, error, r2, fit.certificate.verdict)
