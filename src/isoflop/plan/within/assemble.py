"""From solved rows to a plan: estimates, shadow prices, steps and warnings."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoflop.fit.estimate import Estimate, estimate_from_draws
from isoflop.fit.result import Fit
from isoflop.plan.optimum import warn
from isoflop.plan.within.around_best import WITHIN, FlatRange, Sensitivity, flat_ranges, sensitivities
from isoflop.plan.within.equalities import Followed, price_of
from isoflop.plan.within.interior import Solved
from isoflop.plan.within.limits import Limit, show_value
from isoflop.plan.within.nearby import nearby
from isoflop.plan.within.problem import Batch, tight
from isoflop.plan.within.result import LimitUse, PlanWithin
from isoflop.plan.within.setup import WHOLE, Laid, Request
from isoflop.plan.within.shape_rule import COUNTED, LEAST, MOST
from isoflop.plan.within.steps import steps_of

Array = NDArray[Any]


@dataclass(frozen=True)
class Best:
    """The best of every row.

    Args:
        solved: its solution.
        batch: its numbers, the listed variables among them.
        exists: whether it has one, shape (rows,).
        options: the combinations that rows chose among.
        which: the one it chose, shape (rows,).
        worth: objective of the fit, as the solver has it, for every combination; infinite without a plan.
    """

    solved: Solved
    batch: Batch
    exists: Array
    options: tuple[Mapping[str, float], ...]
    which: Array
    worth: Array


def assemble(fits: Mapping[str, Fit], request: Request, laid: Laid, best: Best, level: float) -> PlanWithin:
    """Everything that a plan says, from its solved rows."""
    problem = laid.problem
    values = problem.values(best.batch, best.solved.x[:, None])
    worth = problem.side(problem.objective, values)
    needed = [*problem.objective.words, *fits, *(w for limit in problem.limits for w in limit.left.words)]
    needed += [w for law in problem.laws.values() for w in law.columns]
    words = tuple(dict.fromkeys([*fits, *problem.scope.chain(needed)]))
    for word in words:
        problem.scope.value(word, values)

    def estimate(rows: Array) -> Estimate:
        shown = np.where(best.exists, np.broadcast_to(rows, (len(best.exists), 1))[:, 0], np.nan)
        return _estimate(fits, shown, level)

    chosen_words = [
        *(v.word for v in problem.variables), *(f.variable.word for f in laid.followed),
        *(c.word for c in laid.choices),
    ]  # fmt: skip
    variables = {word: estimate(values[word]) for word in chosen_words}
    variables |= {c.word: _listed(variables[c.word]) for c in laid.choices}
    quantities = {word: estimate(values[word]) for word in words if word not in variables}
    uses = _uses(laid, best, (values, worth), estimate, request.limits)
    keys = {limit.key for limit in problem.limits}
    point = {w: float(np.ravel(v)[0]) for w, v in values.items() if w not in keys}
    distance, source = _distances(fits, point)
    flat, moved = _around(laid, best, request)
    best_value = estimate(worth)
    made = PlanWithin(
        question=_question(request), laws={r: f.law.formula for r, f in fits.items()}, objective=request.objective,
        sense="minimise" if request.sign > 0 else "maximise", best=best_value, variables=variables,
        chosen=_shares(laid, best), quantities=quantities, limits=uses, flat=flat, sensitivity=moved,
        distance_decades=distance, source_decades=source, steps=(), warnings=(), leaves_out=best_value.leaves_out,
        given=_given(request), inputs=dict(laid.inputs), inflation=_widest(fits),
        settings=_settings(laid, fits, point, chosen_words),
        nearby=nearby(laid, best.batch.take(np.zeros(1, dtype=int)), best.solved.x[0]),
    )  # fmt: skip
    found = _warnings(fits, laid, best, made)
    return replace(made, steps=steps_of(fits, laid, made, point), warnings=found)


def _around(laid: Laid, best: Best, request: Request) -> tuple[tuple[FlatRange, ...], tuple[Sensitivity, ...]]:
    """What is as good as the best plan, and what a tenth more of every input changes."""
    problem, x, row = laid.problem, best.solved.x[0], best.batch.take(np.zeros(1, dtype=int))
    followed = [one.variable for one in laid.followed]
    flat = flat_ranges(problem, row, x, float(best.solved.objective[0]), followed=followed)
    texts = {text.strip() for text in request.limits}
    asked = [limit for limit in problem.limits if limit.key and limit.text in texts]
    inputs = [word for word in laid.inputs if word not in WHOLE]
    labels, words = [*inputs, *(limit.text for limit in asked)], [*inputs, *(limit.key for limit in asked)]
    return (*flat, *_flat_choices(laid, best)), sensitivities(problem, (row, x), words, labels, best.options)


def _given(request: Request) -> dict[str, Any]:
    """What was given, the accelerator and the precision of its peak with it."""
    where = {"device": request.device, "precision": request.precision} if request.device else {}
    return dict(request.given) | where


def _estimate(fits: Mapping[str, Fit], rows: Array, level: float) -> Estimate:
    """An estimate from one value per row; the widest correction of the fits holds."""
    value = float(rows[0])
    if np.all(rows == value):
        return Estimate(value, (value, value), level, rows[1:])
    corrections = (one.correction_of(value, rows[1:]) for one in fits.values())
    widest = max(corrections, key=lambda one: float(one.factor(level)))
    left = ("the noise of a single run", *(text for one in fits.values() for text in one.leaves_out))
    return estimate_from_draws(value, rows[1:], level=level, correction=widest, leaves_out=tuple(dict.fromkeys(left)))


def _listed(estimate: Estimate) -> Estimate:
    """An interval whose ends are listed values: nothing between them can be chosen."""
    draws = np.zeros(0) if estimate.draws is None else estimate.draws[np.isfinite(estimate.draws)]
    if not draws.size or estimate.interval[0] == estimate.interval[1]:
        return estimate
    tail = (1 - estimate.level) / 2
    low, high = np.quantile(draws, [tail, 1 - tail], method="nearest")
    return replace(estimate, interval=(float(min(low, estimate.value)), float(max(high, estimate.value))))


def _uses(
    laid: Laid, best: Best, values: tuple[dict[str, Array], Array], estimate: Callable[[Array], Estimate],
    asked: Sequence[str],
) -> tuple[LimitUse, ...]:  # fmt: skip
    """All limits in the order in which they were asked for; ends of ranges only where they bind."""
    found = [_use(laid, best, (j, limit), values, estimate) for j, limit in enumerate(laid.problem.limits)]
    found += [_use_exact(laid, best, one, values, estimate) for one in laid.followed]
    place = {text.strip(): k for k, text in enumerate(asked)}
    shown = [use for use in found if use.text in place or use.active]
    return tuple(sorted(shown, key=lambda use: place.get(use.text, len(place))))


def _use_exact(
    laid: Laid,
    best: Best,
    one: Followed,
    values: tuple[dict[str, Array], Array],
    estimate: Callable[[Array], Estimate],
) -> LimitUse:
    """A limit that holds exactly, and what one more unit on its right changes."""
    (found, worth), problem = values, laid.problem
    used, most = (np.broadcast_to(problem.side(side, found), worth.shape)[:, 0] for side in (one.left, one.right))
    change = problem.sign * price_of(one, problem, best.batch, best.solved)
    change = change * (worth[:, 0] if problem.logs[0] else 1.0)
    share = change * most * 0.01 / np.abs(worth[:, 0])
    ends = (estimate(row[:, None]) for row in (used, most, change, share))
    left, right, price, per_percent = ends
    return LimitUse(
        one.limit.text, left, right, active=True, active_share=1.0, shadow_price=price, per_percent=per_percent
    )


def _use(
    laid: Laid,
    best: Best,
    limit: tuple[int, Limit],
    values: tuple[dict[str, Array], Array],
    estimate: Callable[[Array], Estimate],
) -> LimitUse:
    """A limit, what of it is used, and its shadow price in every draw."""
    (j, one), (found, worth), problem = limit, values, laid.problem
    used, most = (np.broadcast_to(problem.side(side, found), worth.shape)[:, 0] for side in (one.left, one.right))
    active = tight(best.solved)[:, j] & best.exists
    price = np.where(active, best.solved.price[:, j], 0.0)
    objective = worth[:, 0]
    # The multiplier speaks of logarithms where the objective or the limit is taken so.
    change = -problem.sign * price * (1.0 if one.below else -1.0)
    change = change * (objective if problem.logs[0] else 1.0) / (most if problem.logs[j + 1] else 1.0)
    share = change * most * 0.01 / np.abs(objective)
    return LimitUse(
        one.text, estimate(used[:, None]), estimate(most[:, None]), bool(active[0]),
        float(active[best.exists].mean()), estimate(change[:, None]), estimate(share[:, None]),
    )  # fmt: skip


def _shares(laid: Laid, best: Best) -> dict[str, dict[float, float]]:
    """Which share of the draws chooses which listed value."""
    which = best.which[1:][best.exists[1:]]
    found: dict[str, dict[float, float]] = {}
    for choice in laid.choices:
        taken = np.array([option[choice.word] for option in best.options])[which]
        found[choice.word] = {v: float(np.mean(taken == v)) for v in choice.values if np.any(taken == v)}
    return found


def _flat_choices(laid: Laid, best: Best) -> tuple[FlatRange, ...]:
    """Ends of the listed values with which the fit comes as near to its best, all else following."""
    least = float(best.solved.objective[0])
    near = best.worth <= least + (np.log1p(WITHIN) if laid.problem.logs[0] else WITHIN * abs(least))
    found = []
    for choice in laid.choices:
        values = [option[choice.word] for option, good in zip(best.options, near, strict=True) if good]
        found.append(FlatRange(choice.word, WITHIN, min(values), max(values)))
    return tuple(found)


def _distances(fits: Mapping[str, Fit], point: Mapping[str, float]) -> tuple[dict[str, float], dict[str, float]]:
    """How far beyond the runs and beyond the law's source the plan lies; what is inside is left out."""
    away: dict[str, float] = {}
    source: dict[str, float] = {}
    for fit in fits.values():
        inside = {w: v for w, v in point.items() if w != fit.response}
        away |= {w: d for w, d in fit.distance(inside).items() if d > warn.NEAR}
        source |= {w: d for w, d in fit.law.distance(inside).items() if d > warn.NEAR}
    return away, source


def _settings(
    laid: Laid, fits: Mapping[str, Fit], point: Mapping[str, float], chosen: Sequence[str]
) -> dict[str, float | str]:
    """All that makes the run: what was decided, the laws' columns, and labels."""
    columns = [word for fit in fits.values() for word in fit.law.columns if word not in fits]
    return {word: point[word] for word in dict.fromkeys([*chosen, *columns]) if word in point} | dict(laid.labels)


def _widest(fits: Mapping[str, Fit]) -> float | None:
    """The largest factor of the fits' back-tests; None where none was run."""
    return max((fit.inflation for fit in fits.values() if fit.inflation is not None), default=None)


def _question(request: Request) -> str:
    """What was asked, in words."""
    verb = "Minimise" if request.sign > 0 else "Maximise"
    limits = f" with {', '.join(request.limits)}" if request.limits else ""
    return f"{verb} {request.objective}{limits}"


def _warnings(fits: Mapping[str, Fit], laid: Laid, best: Best, made: PlanWithin) -> tuple[str, ...]:
    """All that speaks against the plan."""
    found: list[str] = []
    for fit in fits.values():
        if fit.certificate.verdict != "certified":
            found.append(f"The fit is {fit.certificate.verdict}. {' '.join(fit.certificate.reasons)}".strip())
    found += warn.share_warnings(best.exists[1:], "a plan that keeps all limits")
    if made.distance_decades:
        listed = ", ".join(f"{w} by {d:.2f} decades" for w, d in made.distance_decades.items())
        found.append(f"The plan lies beyond the runs in {listed}; {warn.widened(made.inflation)}.")
    if made.source_decades:
        listed = ", ".join(f"{w} by {d:.2f} decades" for w, d in made.source_decades.items())
        found.append(f"The plan lies beyond the range that the law's source supports in {listed}.")
    found += [*_shape_warnings(made), *_end_warnings(laid, best)]
    return tuple(dict.fromkeys(found))


def _shape_warnings(made: PlanWithin) -> list[str]:
    """That memory and latency stand on a shape that nobody gave, or on sizes that have none."""
    if not set(COUNTED) & set(made.quantities):
        return []
    found = ["Memory and latency are those of a shape made for N, an assumption: see the steps, and `isoflop cost`."]
    size = np.log10(made.value("params"))
    if not LEAST <= size <= MOST:
        found.append(f"No shapes are made for 1e{size:.1f} parameters: memory and latency are carried on from others.")
    return found


def _end_warnings(laid: Laid, best: Best) -> list[str]:
    """Variables that end where their range ends."""
    found = []
    for k, variable in enumerate(laid.problem.variables):
        x = best.solved.x[0, k]
        for near, end, side in ((x, variable.low, "least"), (variable.scale - x, variable.high, "largest")):
            if near < 1e-4 * variable.scale:
                step = "The range was assumed from the runs: give one." if variable.assumed else "Check the range."
                shown = show_value(variable.word, end)
                found.append(f"{variable.word} ends at the {side} value of its range, {shown}. {step}")
    return found
