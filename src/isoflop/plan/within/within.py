"""The best plan under limits: any columns of a law, any prices, one batch of all draws."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import ColumnError, InputError, LawError
from isoflop.fit.result import Fit
from isoflop.laws.optimum import compute_optimum
from isoflop.plan.within.around_best import first_best
from isoflop.plan.within.assemble import Best, assemble
from isoflop.plan.within.interior import Solved
from isoflop.plan.within.problem import Batch, Problem, spread_starts
from isoflop.plan.within.relax import conflict
from isoflop.plan.within.result import PlanWithin
from isoflop.plan.within.setup import Laid, Request, lay_out, with_logs
from isoflop.plan.within.variables import combinations

Array = NDArray[Any]

FINALISTS: Final = 6
"""Up to so many combinations of listed values every draw chooses among all; of more, among those that the fit or some
draws choose."""

PROBES: Final = 24
"""Draws that choose among all combinations."""

SPAN: Final = 24
"""Values between the ends of what the draws choose from one list that are kept at most."""

LATE: Final = 30_000
"""Pairs of draws and combinations that are tried at most where draws have no plan with the others."""

AGAIN: Final = 4


def plan_within(
    fit: Fit,
    *,
    choose: Mapping[str, Any],
    limits: Sequence[str] = (),
    minimise: str | None = None,
    maximise: str | None = None,
    given: Mapping[str, float | str] | None = None,
    device: str = "",
    precision: str = "bf16",
    define: Mapping[str, str] | None = None,
    also: Mapping[str, Fit] | None = None,
    level: float | None = None,
) -> PlanWithin:
    """Choose columns of a law so that an objective is least and every limit holds.

    `min f(x) subject to g_j(x) <= b_j` in logarithms, for the fit and all its draws at once.

    Reference: Sardana et al. 2024 for the cost of training and serving at a given loss; Boyd and
    Vandenberghe 2004, chapters 4.5 and 11.7 for problems of this form and the method.

    Args:
        fit: a fit with draws.
        choose: column → None (a range around the runs), `(low, high)`, a list of values, or text such as
            `1e8..1e12`, `4|8|16`, `64..1024/64`.
        limits: texts such as `flops <= 1e22`, `money <= $2M`, `loss <= 2.1`, `tokens <= 4*unique_tokens`, or
            `web + books + code = 1`, which must hold exactly: a variable in which it is linear follows from it.
        minimise: what is made small, the law's response when nothing is said; a quantity or a formula.
        maximise: what is made large instead.
        given: word → number or text with a unit: prices, other columns, levels of indexed parameters.
        device: accelerator whose dense peak, bandwidth, power and price are used where none is given.
        precision: of that peak.
        define: name → formula of quantities of your own.
        also: response → further fit, whose law may need the responses before it.
        level: confidence level; the fit's own when None.

    Returns:
        The plan with intervals, active limits and their shadow prices, the flat region, sensitivities.

    Raises:
        InfeasibleError: limits contradict each other; it carries which, and the smallest change that helps.
        InputError: something cannot be read, is lacking or not used, or there is no minimum.
        LawError: a fit has no draws.

    >>> from isoflop import laws
    >>> from isoflop.fit import fit_law
    >>> from isoflop.runs.table import RunTable
    >>> from isoflop.uncertainty.bootstrap import bootstrap
    >>> law = laws.get("chinchilla")
    >>> N, D = (g.ravel() for g in np.meshgrid(np.geomspace(1e8, 1e10, 6), np.geomspace(1e9, 1e12, 6)))
    >>> L = law.predict(law.published_set("epoch-2024").values, params=N, tokens=D)
    >>> runs = RunTable.from_columns({"params": N, "tokens": D, "loss": L})
    >>> fit = bootstrap(fit_law(law, runs, objective="ls"), runs, draws=50, rng=np.random.default_rng(0))
    >>> found = plan_within(fit, choose={"params": None, "tokens": None}, limits=["flops <= 5.76e23"])
    >>> round(found.value("tokens") / found.value("params"), 2)
    18.39
    """
    if minimise is not None and maximise is not None:
        raise InputError("A plan has one objective: give minimise or maximise, and the other as a limit.")
    objective = minimise or maximise or fit.law.response
    sign = 1.0 if maximise is None else -1.0
    fits = {fit.law.response: fit, **(also or {})}
    request = Request(choose, limits, objective, sign, given or {}, device, precision, define or {})
    laid = lay_out(fits, request)
    options = combinations(laid.choices)
    laid = with_logs(laid, options[0])
    ranked = _rank(laid, options)
    if not ranked.order:
        raise _why_none(laid, options)
    best = _solve_draws(laid, options, ranked)
    return assemble(fits, request, laid, best, fit.level if level is None else level)


def _put(batch: Batch, options: Sequence[Mapping[str, float]], each: int) -> Batch:
    """Rows of every combination after each other."""
    many = batch.take(np.tile(np.arange(batch.rows), len(options)))
    words = options[0]
    return many.setting(**{w: np.repeat([option[w] for option in options], each) for w in words})


@dataclass(frozen=True)
class Ranked:
    """Combinations of listed values that all draws choose among.

    Args:
        order: their places, those listed first before the others; empty where the fit itself has no plan.
        starts: coordinates where each begins, shape (len(order), k).
        worth: objective of the fit for every combination, infinite where it has no plan.
    """

    order: list[int]
    starts: Array
    worth: Array


def _rank(laid: Laid, options: Sequence[Mapping[str, float]]) -> Ranked:
    """The combinations that are best for the fit or for some of its draws, and where they have their optimum."""
    problem = laid.problem
    starts = np.concatenate([_closed_starts(laid), spread_starts(problem, 8 if len(options) > 8 else 24)])
    count = len(starts)
    one = _put(laid.batch.take(np.zeros(count, dtype=int)), options, count)
    solved = problem.solve(one, np.tile(starts, (len(options), 1)))
    shape = (len(options), count)
    worth = np.where(_usable(solved), solved.objective, np.inf).reshape(shape)
    place, every = worth.argmin(axis=1), np.arange(len(options))
    least, x = worth[every, place], solved.x.reshape(*shape, -1)[every, place]
    best = int(first_best(least[:, None])[0])
    if not np.isfinite(least[best]):
        return Ranked([], starts[:0], least)
    # A combination that the fit cannot have may still be the best one of a draw.
    x[~np.isfinite(least)] = x[best]
    order = list(range(len(options)))
    if len(options) > FINALISTS:
        own = [int(k) for k in np.argsort(least, kind="stable")[:FINALISTS] if np.isfinite(least[k])]
        order = sorted({best, *own[: FINALISTS // 2], *_between(_probed(laid, options, x), len(laid.choices))})
    return Ranked(order, x[order], least)


def _probed(laid: Laid, options: Sequence[Mapping[str, float]], starts: Array) -> list[int]:
    """Combinations that some draws, evenly spread, choose among all."""
    rows = np.unique(np.linspace(0, laid.batch.rows - 1, PROBES).round().astype(int))
    batch = _put(laid.batch.take(rows), options, len(rows))
    solved = laid.problem.solve(batch, np.repeat(starts, len(rows), axis=0))
    worth = np.where(_usable(solved), solved.objective, np.inf).reshape(len(options), len(rows))
    return [int(k) for k in first_best(worth)[np.isfinite(worth.min(axis=0))]]


def _between(places: list[int], choices: int) -> list[int]:
    """Places of one list with those between their ends, as other draws will want them; of several lists, themselves."""
    if choices > 1 or not places:
        return places
    low, high = min(places), max(places)
    return [*places, *np.unique(np.linspace(low, high, min(high - low + 1, SPAN)).round().astype(int)).tolist()]


def _usable(solved: Solved) -> Array:
    """Rows with a minimum that keeps all limits."""
    return np.asarray(solved.feasible & solved.converged)


def _closed_starts(laid: Laid) -> Array:
    """The compute-optimal size and data at the limit of compute, where the first law has them."""
    problem, fitted = laid.problem, laid.batch
    words = [v.word for v in problem.variables]
    budget = [limit.value for limit in problem.limits if limit.left.text == "flops" and limit.value and limit.below]
    response, law = next(iter(problem.laws.items()))
    if not budget or not {"params", "tokens"} <= set(words) or law.function is not None:
        return np.empty((0, len(words)))
    columns = {w: float(v[0, 0]) for w, v in fitted.numbers.items() if w in law.columns}
    try:
        best = compute_optimum(law, fitted.theta[response][0], budget[0], columns=columns)
    except (LawError, ColumnError):
        # Other columns are to be chosen as well: there is no closed form, and the spread starts do.
        return np.empty((0, len(words)))
    at = {"params": best.params, "tokens": best.tokens}
    x = [float(v.coordinate(at[v.word])) if v.word in at else 0.5 * v.scale for v in problem.variables]
    made = np.clip(np.array([x]), 0.0, problem.scale)
    return made if np.isfinite(made).all() else np.empty((0, len(words)))


def _solve_draws(laid: Laid, options: Sequence[Mapping[str, float]], ranked: Ranked) -> Best:
    """Every draw's optimum over the finalists; draws that have none there look among all others."""
    solved, which, exists = _choose(laid, np.arange(laid.batch.rows), options, (ranked.order, ranked.starts))
    missing = np.flatnonzero(~exists)
    others = [k for k in range(len(options)) if k not in ranked.order]
    if 0 < missing.size * len(others) <= LATE:
        starts = np.tile(ranked.starts[0], (len(others), 1))
        more, at, found = _choose(laid, missing, options, (others, starts))
        for part, new in zip(vars(solved).values(), vars(more).values(), strict=True):
            part[missing[found]] = new[found]
        which[missing[found]], exists[missing[found]] = at[found], True
    batch = laid.batch.setting(**{w: np.array([options[k][w] for k in which]) for w in options[0]})
    return Best(solved, batch, exists, tuple(options), which, ranked.worth)


def _choose(
    laid: Laid, rows: Array, options: Sequence[Mapping[str, float]], among: tuple[list[int], Array]
) -> tuple[Solved, Array, Array]:
    """Solve rows for some combinations; each row's best solution, the place of its combination, whether it has one."""
    order, starts = among
    batch = _put(laid.batch.take(rows), [options[k] for k in order], len(rows))
    solved = _again(laid.problem, batch, laid.problem.solve(batch, np.repeat(starts, len(rows), axis=0)))
    worth = np.where(_usable(solved), solved.objective, np.inf).reshape(len(order), len(rows))
    first = first_best(worth)
    pick = first * len(rows) + np.arange(len(rows))
    chosen = Solved(*(part[pick] for part in vars(solved).values()))
    return chosen, np.array(order)[first], np.isfinite(worth.min(axis=0))


def _again(problem: Problem, batch: Batch, solved: Solved) -> Solved:
    """Start rows without a minimum again from other places."""
    bad = np.flatnonzero(~_usable(solved))
    if not bad.size or not problem.variables:
        return solved
    parts = [part.copy() for part in vars(solved).values()]
    for start in spread_starts(problem, AGAIN):
        some = problem.solve(batch.take(bad), np.tile(start, (len(bad), 1)))
        good = _usable(some)
        for part, new in zip(parts, vars(some).values(), strict=True):
            part[bad[good]] = new[good]
        bad = bad[~good]
        if not bad.size:
            break
    return Solved(*parts)


def _why_none(laid: Laid, options: Sequence[Mapping[str, float]]) -> InputError:
    """Which limits contradict each other, for the combination that comes nearest."""
    found = []
    some = np.unique(np.linspace(0, len(options) - 1, FINALISTS).round().astype(int))
    for option in (options[k] for k in some):
        batch = laid.batch.take(np.zeros(1, dtype=int)).setting(**{w: np.array([v]) for w, v in option.items()})
        if (why := conflict(laid.problem, batch)) is not None:
            found.append((why, option))
    if not found:
        return InputError(
            "No minimum was found, though the limits can hold together: the objective may have none in these ranges, "
            "or its slope jumps there. Narrow the ranges, add a limit, or list values of a variable (4|8|16)."
        )
    nearest, option = min(found, key=lambda item: item[0].common)
    at = [f"{w} = {v:g}" for w, v in option.items()] if len(options) > 1 else []
    at += [f"{one.variable.word} {one.text}" for one in laid.followed]
    return nearest.error(f"With {', '.join(at)}: " if at else "")
