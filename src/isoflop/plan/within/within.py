"""The best plan under limits: any columns of a law, any prices, one batch of all draws."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import ColumnError, InputError, LawError
from isoflop.fit.result import Fit
from isoflop.laws.optimum import compute_optimum
from isoflop.plan.within.assemble import Best, assemble
from isoflop.plan.within.interior import Solved
from isoflop.plan.within.problem import Batch, Problem, spread_starts
from isoflop.plan.within.relax import conflict
from isoflop.plan.within.result import PlanWithin
from isoflop.plan.within.setup import Laid, Request, lay_out, with_logs
from isoflop.plan.within.variables import combinations

Array = NDArray[Any]

FINALISTS: Final = 6
"""Combinations of listed values that every draw chooses among: the best ones of the fit itself."""

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
    order, starts = _rank(laid, options)
    if not order:
        raise _why_none(laid, options)
    best = _solve_draws(laid, [options[k] for k in order], starts)
    return assemble(fits, request, laid, best, fit.level if level is None else level)


def _put(batch: Batch, options: Sequence[Mapping[str, float]], each: int) -> Batch:
    """Rows of every combination after each other."""
    many = batch.take(np.tile(np.arange(batch.rows), len(options)))
    words = options[0]
    return many.setting(**{w: np.repeat([option[w] for option in options], each) for w in words})


def _rank(laid: Laid, options: Sequence[Mapping[str, float]]) -> tuple[list[int], Array]:
    """Best combinations of the fit itself, best first, and where each has its optimum."""
    problem = laid.problem
    starts = np.concatenate([_closed_starts(laid), spread_starts(problem, 8 if len(options) > 8 else 24)])
    count = len(starts)
    one = _put(laid.batch.take(np.zeros(count, dtype=int)), options, count)
    solved = problem.solve(one, np.tile(starts, (len(options), 1)))
    shape = (len(options), count)
    good = _usable(solved).reshape(shape)
    worth = np.where(good, solved.objective.reshape(shape), np.inf)
    place = worth.argmin(axis=1)
    least = worth[np.arange(len(options)), place]
    order = [int(k) for k in np.argsort(least, kind="stable")[:FINALISTS] if np.isfinite(least[k])]
    x = solved.x.reshape(*shape, -1)
    return order, np.array([x[k, place[k]] for k in order])


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


def _solve_draws(laid: Laid, options: Sequence[Mapping[str, float]], starts: Array) -> Best:
    """Every draw's optimum over the finalists; failing rows start again elsewhere."""
    rows = laid.batch.rows
    batch = _put(laid.batch, options, rows)
    solved = laid.problem.solve(batch, np.repeat(starts, rows, axis=0))
    solved = _again(laid.problem, batch, solved)
    worth = np.where(_usable(solved), solved.objective, np.inf).reshape(len(options), rows)
    which = worth.argmin(axis=0)
    pick = which * rows + np.arange(rows)
    chosen = Solved(*(part[pick] for part in vars(solved).values()))
    return Best(chosen, batch.take(pick), np.isfinite(worth.min(axis=0)), tuple(options), which)


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
