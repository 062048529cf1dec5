"""Which runs to buy next: those that shrink the interval at a target most for the money."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, TypedDict, Unpack

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import LawError
from isoflop.fit.estimate import Estimate, check_level
from isoflop.fit.prepare import prepare
from isoflop.fit.result import Fit
from isoflop.plan.design import explain
from isoflop.plan.design.aim import Aim, aim_at
from isoflop.plan.design.candidates import Candidates, amount, as_candidates, candidates_of, grid
from isoflop.plan.design.criteria import check_criterion
from isoflop.plan.design.curvature import Bias, bias_of
from isoflop.plan.design.designed import Chosen, Design
from isoflop.plan.design.discrepancy import away, bracket, from_inflation
from isoflop.plan.design.exchange import Shop, choose, in_order
from isoflop.plan.design.linear import from_delta, from_draws
from isoflop.runs.table import RunTable
from isoflop.units import format_quantity

Array = NDArray[Any]

MOST: Final = 20
"""Runs in a design when no number is given."""


class Options(TypedDict, total=False):
    """How a design is chosen.

    Args:
        criterion: V (mean variance of what is wanted), c (one target), A or D (parameters).
        method: exchange (greedy, then swaps) or greedy.
        power: gains are divided by cost^power; the best of 1, .4 and 0 when None. 0 buys few large runs.
        most: how many runs at most.
        replicates: how often one candidate may be bought, under new seeds.
        half_width: stop rule: relative half-width of the interval that is narrow enough.
        least_gain: stop rule: share of the variance that a run must take off to be worth buying.
        tokens_per_param: limits of the candidates; "bracket" for a quarter to four times the target's, None for none.
        discrepancy: tau, standard deviation of the law's own error per root of a unit of |ln N| + |ln D| from
            the target; from the back-test's inflation when None.
        noise: standard deviation of ln L between seeds; that of the residuals when None.
        curvature: kappa, standard deviation of the second derivatives of ln L that the law gets wrong around
            the target; weighed by the runs' residuals when None (needs `runs`), 0 for a law that is right.
    """

    criterion: str
    method: Literal["exchange", "greedy"]
    power: float | None
    most: int
    replicates: int
    half_width: float | None
    least_gain: float
    tokens_per_param: tuple[float, float] | Literal["bracket"] | None
    discrepancy: float | None
    noise: float | None
    curvature: float | None


@dataclass(frozen=True)
class Setup:
    """Everything that was settled before runs are chosen."""

    fit: Fit
    aim: Aim
    pool: Candidates
    left_out: int
    limits: tuple[float, float] | None
    shop: Shop
    tau: float
    level: float
    by_delta: bool
    options: Options

    def reach(self, runs: int) -> float:
        """Half-width of an interval in standard errors, after some further runs."""
        from scipy.special import stdtrit

        correction = self.fit.correction
        return float(stdtrit(correction.freedom + runs, 0.5 + self.level / 2)) * correction.inflation

    def errors(self, counts: Array) -> Array:
        """Standard errors of what is wanted, shape (t,)."""
        targets = self.shop.linear.targets
        return np.asarray(np.sqrt(np.einsum("tk,kl,tl->t", targets, self.shop.spread(counts), targets)))


def next_runs(
    fit: Fit,
    target: Mapping[str, Any],
    *,
    budget: float | str,
    candidates: RunTable | Mapping[str, Any] | None = None,
    beats: Sequence[str] | None = None,
    runs: RunTable | None = None,
    cost: str | None = None,
    level: float | None = None,
    **options: Unpack[Options],
) -> Design:
    """Choose the runs that shrink the interval at a target most for the money.

    A run with slopes `J` of ln L and variance `sigma^2 + tau^2 h` lowers the variance `g' S g` of a target by
    `(g' S J)^2/(sigma^2 + tau^2 h + J' S J)`; runs are bought by gain per cost^power and then exchanged.

    Reference: Fedorov 1972 (exchange); Chaloner 1984 (c- and V-optimality); Li et al. 2026, arXiv 2604.22753
    (gain per cost^0.4).

    Args:
        fit: the fit so far; with a back-test's inflation where there was one.
        target: word → value (or several, for several points); flops alone mean the compute-optimal size.
        budget: what may be spent, in the unit of the costs (FLOPs unless `cost` names another).
        candidates: table or columns of the runs that could be made; a grid when None.
        beats: two recipes: does the first have the lower loss at the target?
        runs: the fit's runs: the covariance is then the curvature's, and what the law may miss in second order
            counts as bias; without them the covariance is that of the draws, and the law is taken as right.
        cost: column of prices; training compute when None.
        level: confidence level; the fit's own when None.
        options: see `Options`.

    Returns:
        The runs in the order in which they pay, with the interval to expect after each.

    Raises:
        LawError: target, candidates or options do not suit the law, or nothing is affordable.

    >>> import isoflop as iso
    >>> fit = iso.fit("chinchilla", iso.embedded("ladder"), bootstrap=200)
    >>> design = next_runs(fit, {"params": 1e8, "tokens": 2e9}, budget=1e18, most=8)
    >>> len(design.runs) <= 8, design.half_width_after < design.half_width_before
    (True, True)
    """
    setup = _settle(
        fit, target, amount(budget, cost), candidates=candidates, beats=beats, runs=runs, cost=cost, level=level,
        options=options,
    )  # fmt: skip
    counts = choose(setup.shop, power=options.get("power"), swap=options.get("method", "exchange") == "exchange")
    if not counts.any() and setup.shop.value(counts) > setup.shop.stop and not options.get("least_gain"):
        cheapest = format_quantity(float(setup.pool.cost.min()))
        raise LawError(
            f"A budget of {format_quantity(setup.shop.budget)} buys none of the {len(setup.pool)} candidates; the "
            f"cheapest costs {cheapest} {setup.pool.unit}. Raise the budget to that, or give cheaper candidates."
        )
    return _assemble(setup, counts)


def _settle(
    fit: Fit,
    target: Mapping[str, Any],
    budget: float,
    *,
    candidates: RunTable | Mapping[str, Any] | None,
    beats: Sequence[str] | None,
    runs: RunTable | None,
    cost: str | None,
    level: float | None,
    options: Options,
) -> Setup:
    """Target, candidates, their slopes and prices."""
    _check(fit, budget, options)
    _check_signs(options)
    chosen = fit.level if level is None else level
    check_level(chosen)
    aim = aim_at(fit, target, beats)
    limits = bracket(aim, options.get("tokens_per_param", "bracket"))
    pool = grid(fit, budget, limits) if candidates is None else candidates_of(fit, candidates, cost)
    pool, left_out = _within(pool, limits)
    linear = from_draws(fit, pool, aim) if runs is None else from_delta(fit, runs, pool, aim)
    if options.get("noise") is not None:
        linear = replace(linear, noise=np.full(len(pool), float(options["noise"] or 0)))
    tau = options.get("discrepancy")
    if tau is None:
        tau = from_inflation(fit, aim, linear)
    criterion = check_criterion(options.get("criterion", "V"), len(aim.combine))
    shop = Shop(
        criterion, linear, pool.cost, tau**2 * away(aim, pool), budget, options.get("most", MOST),
        options.get("replicates", 1), least=options.get("least_gain", 0.0),
        bias=None if runs is None else _bias(fit, runs, pool, aim, options),
    )  # fmt: skip
    setup = Setup(fit, aim, pool, left_out, limits, shop, tau, chosen, runs is not None, options)
    goal = options.get("half_width")
    return setup if goal is None else replace(setup, shop=replace(shop, stop=(goal / setup.reach(0)) ** 2))


def _bias(fit: Fit, runs: RunTable, pool: Candidates, aim: Aim, options: Options) -> Bias | None:
    """What the law may miss; the fit's own runs are seen as candidates, to know how much they miss already."""
    used = prepare(fit.law, runs, fit.response)
    own = from_delta(fit, runs, as_candidates(fit, used), aim)
    return bias_of(fit, used, pool, aim, own, size=options.get("curvature"))


def _check(fit: Fit, budget: float, options: Options) -> None:
    """Refuse a budget and options that make no sense.

    Raises:
        LawError: with the number and what is allowed.
    """
    if not (math.isfinite(budget) and budget > 0):
        raise LawError(f"The budget is {budget:g}. Give a positive amount, such as 1e20.")
    for word in ("most", "replicates"):
        if options.get(word, 1) < 1:  # type: ignore[operator]
            raise LawError(f"{word} is {options[word]}. Give a whole number from 1 on.")
    for word in ("half_width", "noise"):
        if options.get(word) is not None and not float(options[word]) > 0:  # type: ignore[literal-required]
            raise LawError(f"{word} is {options[word]}. Give a positive share, such as 0.003.")  # type: ignore[literal-required]
    if not 0 <= options.get("least_gain", 0.0) < 1:
        raise LawError(f"least_gain is {options['least_gain']}. Give a share from 0 to below 1, such as 0.02.")
    if options.get("method", "exchange") not in ("exchange", "greedy"):
        raise LawError(f"The method {options['method']!r} is not known. Choose exchange or greedy.")
    if options.get("half_width") is not None and options.get("criterion", "V") not in ("c", "V"):
        raise LawError(f"A half-width stops criterion V or c, not {options['criterion']}. Leave one of them out.")


def _check_signs(options: Options) -> None:
    """Refuse negative sizes."""
    for word in ("discrepancy", "power", "curvature"):
        if (options.get(word) or 0.0) < 0:  # type: ignore[operator]
            raise LawError(f"{word} cannot be negative. Give 0 or more.")


def _within(pool: Candidates, limits: tuple[float, float] | None) -> tuple[Candidates, int]:
    """Candidates within the limits of tokens per parameter, and how many others there were."""
    ratio = pool.ratio
    if limits is None or ratio is None:
        return pool, 0
    low, high = limits
    inside = (ratio >= low * (1 - 1e-9)) & (ratio <= high * (1 + 1e-9))
    if not inside.any():
        raise LawError(
            f"None of the {len(pool)} candidates has {low:.3g} to {high:.3g} tokens per parameter (they have "
            f"{ratio.min():.3g} to {ratio.max():.3g}). Give tokens_per_param=(low, high), or None for no limits."
        )
    return pool.take(np.flatnonzero(inside)), int((~inside).sum())


def _assemble(setup: Setup, counts: Array) -> Design:
    """Order, intervals, derivation and warnings of what was chosen."""
    fit, aim, shop = setup.fit, setup.aim, setup.shop
    total = int(counts.sum())
    first, last = setup.errors(np.zeros_like(counts)), setup.errors(counts)
    now, then = setup.reach(0), setup.reach(total)
    decided = explain.chances(shop.linear.value, first, last, now, then) if aim.decision else (None, None)
    numbers = {w: v.astype(float) for w, v in aim.points.items() if w not in fit.levels}
    points = tuple({w: v[k : k + 1].tolist()[0] for w, v in aim.points.items()} for k in range(aim.combine.shape[1]))
    design = Design(
        question=f"Which runs next for {aim.text}?", law=fit.law.name, formula=fit.law.formula,
        criterion=shop.criterion, runs=_chosen(setup, counts), targets=points[:1] if aim.decision else points,
        before=_estimates(setup, first, 0), after=_estimates(setup, last, total),
        half_width_before=now * float(first.mean()), half_width_after=then * float(last.mean()),
        decided_before=decided[0], decided_after=decided[1], decision=aim.decision, budget=shop.budget,
        spent=shop.spent(counts), unit=setup.pool.unit, candidates=len(setup.pool) + setup.left_out,
        left_out=setup.left_out, limits=setup.limits, discrepancy=setup.tau,
        noise=float(np.median(shop.linear.noise)), inflation=fit.inflation, distance_decades=_beyond(fit, numbers),
        stopped=explain.stopped(shop, counts), steps=explain.steps(setup), warnings=(),
        leaves_out=("curvature beyond the first order", *fit.leaves_out), level=setup.level, aim=aim,
        pool=setup.pool,
    )  # fmt: skip
    return replace(design, warnings=(*explain.warnings(design, fit), *explain.spread_warnings(setup, first)))


def _chosen(setup: Setup, counts: Array) -> tuple[Chosen, ...]:
    """The runs in the order in which they pay, with the interval to expect after each."""
    fit, bought, found = setup.fit, np.zeros_like(counts), []
    for number, place in enumerate(in_order(setup.shop, counts), 1):
        bought[place] += 1
        columns = setup.pool.at(place)
        half = setup.reach(number) * float(setup.errors(bought).mean())
        far = _beyond(fit, {w: columns[w] for w in fit.law.columns})
        row, seed = int(setup.pool.rows[place]), int(bought[place])
        found.append(Chosen(row, seed, columns, float(setup.pool.cost[place]), half, far))
    return tuple(found)


def _beyond(fit: Fit, columns: Mapping[str, Any]) -> dict[str, float]:
    """Distance beyond the runs so far, where there is one."""
    return {word: far for word, far in fit.distance(columns).items() if far > 0}


def _estimates(setup: Setup, errors: Array, runs: int) -> tuple[Estimate, ...]:
    """What is wanted with an interval of these standard errors of ln L."""
    found = []
    for value, error in zip(setup.shop.linear.value.tolist(), errors.tolist(), strict=True):
        half = setup.reach(runs) * error
        ends = (value - half, value, value + half)
        low, middle, high = ends if setup.aim.decision else (math.exp(end) for end in ends)
        unit = "share" if setup.aim.decision else setup.fit.law.unit
        found.append(Estimate(middle, (low, high), setup.level, unit=unit))
    return tuple(found)
