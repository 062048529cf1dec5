"""The search for the optimum: rank seeds on a few rows, polish the best, finish on all rows."""

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import FitError
from isoflop.fit.certificate import SAME
from isoflop.fit.evaluate import Evaluator
from isoflop.fit.objective import Objective, robust_scale
from isoflop.fit.problem import Problem, row_blocks
from isoflop.fit.seeds import make_seeds
from isoflop.fit.solve import Solution, minimise

Array = NDArray[Any]

SEED_ROWS: Final = 64
"""Seeds are ranked on a spread-out sample of this many rows."""

SKETCH_ROWS: Final = 2048
"""Larger tables are searched on a spread-out sample of this many rows, then polished on all."""

SORTED_ROWS: Final = 65536
"""Of larger tables every k-th row is looked at for the sample, so that memory does not grow with the table."""

THOROUGH_STEPS: Final = 500
"""Several breaks make narrow, curved valleys: the best searches of a thorough grid are given time."""

ENOUGH: Final = 3
"""A quick search ends when so many of its searches have met at the lowest value so far."""

AGREE: Final = 0.3
"""Share of quick searches that must agree; with fewer, the thorough grid is searched."""

RAN_OFF: Final = 30.0
"""Search coordinate beyond which a parameter counts as run to the end of its domain."""

START: Final = "start"
"""Name of the least squares that set the first scale of an objective."""

ROUGH: Final = 1e-6
"""Where only a scale is wanted, a search ends once a step promises less than this share of the objective."""

ROUGH_STEPS: Final = 8
"""Steps of such a search at most: the searches under the objective itself go on from there."""


@dataclass(frozen=True)
class Optimum:
    """The best point of a search, with everything that the certificate looks at.

    Args:
        evaluator: of the bound law under the objective, its scale set.
        u: search coordinates, shape (q,).
        value: objective there.
        agree: independent searches that ended there.
        searches: independent searches that were made.
    """

    evaluator: Evaluator
    u: Array
    value: float
    agree: int
    searches: int

    @property
    def problem(self) -> Problem:
        """The bound law."""
        return self.evaluator.problem

    @property
    def objective(self) -> Objective:
        """What was minimised, its scale set."""
        return self.evaluator.objective


def search(problem: Problem, objective: Objective, start: Array | None = None) -> Optimum:
    """Minimise an objective over a bound law.

    Args:
        problem: the bound law.
        objective: what to minimise; a missing scale is set from the residuals of a first fit.
        start: further starts in search coordinates, shape (k, q).

    Returns:
        The best point found.
    """
    quick = _search(problem, objective, start, thorough=False)
    if quick.agree >= 2 and quick.agree >= AGREE * quick.searches and not _ran_off(quick):
        return quick
    known = quick.u[None] if start is None else np.concatenate([quick.u[None], start])
    return _search(problem, objective, known, thorough=True)


def _ran_off(optimum: Optimum) -> bool:
    """Whether a parameter ran to the end of its domain: the first steps on few rows may have driven all there."""
    return bool(np.abs(optimum.u).max(initial=0.0) > RAN_OFF)


def _search(problem: Problem, objective: Objective, start: Array | None, *, thorough: bool) -> Optimum:
    """Rank seeds on a few rows, polish the best on a sample, and finish on all rows.

    Only searches from seeds count as agreeing: a start that is known already proves nothing.
    """
    first = replace(objective, kind="squares", name=START) if objective.needs_scale else objective
    few, sketch = (Evaluator(sample_rows(problem, count), first) for count in (SEED_ROWS, SKETCH_ROWS))
    seeds = make_seeds(few, thorough=thorough)
    if not len(seeds) and start is None:
        raise FitError(
            f"Law {problem.law.name!r} has no finite value at any seed on these runs. Check the units of "
            f"{', '.join(problem.law.columns)}, or give the parameters narrower domains."
        )
    polished = _polish(sketch, few, seeds, thorough=thorough) if len(seeds) else None
    u = seeds if polished is None else polished.u
    searches = len(u)
    u = u if start is None else np.concatenate([u, start])
    if polished is not None and start is None and not objective.needs_scale:
        solution = polished
    else:
        enough = None if thorough else ENOUGH
        sketch, u = _with_scale(sketch, objective, u, enough)
        solution = minimise(sketch, u, damping=0.3 if thorough else 0.01, enough=enough)
    best = _lowest(problem, solution)
    same = solution.value[:searches] <= solution.value[best] * (1 + SAME) + problem.rounding
    if sketch.problem is problem:
        return Optimum(sketch, solution.u[best], float(solution.value[best]), int(same.sum()), searches)
    whole = Evaluator(problem, sketch.objective)
    final = minimise(whole, _distinct(solution, 3))
    best = _lowest(problem, final)
    return Optimum(whole, final.u[best], float(final.value[best]), int(same.sum()), searches)


def _lowest(problem: Problem, solution: Solution) -> int:
    """The lowest end whose parameters can be written down, if any can."""
    value = np.where(problem.writable(solution.u), solution.value, np.inf)
    return int(np.argmin(value if np.isfinite(value).any() else solution.value))


def _polish(evaluator: Evaluator, few: Evaluator, seeds: Array, *, thorough: bool) -> Solution:
    """Polish all seeds; in a quick search only the better ones go beyond some cheap steps on few rows."""
    if thorough:
        return minimise(evaluator, seeds, max_steps=THOROUGH_STEPS)
    if len(seeds) > 6:
        early = minimise(few, seeds, max_steps=10, damping=0.1, exact=False)
        seeds = early.u[np.argsort(early.value, kind="stable")[:6]]
    if evaluator.objective.name == START:
        return minimise(evaluator, seeds, exact=False, enough=ENOUGH, tolerance=ROUGH, max_steps=ROUGH_STEPS)
    return minimise(evaluator, seeds, enough=ENOUGH)


def _with_scale(evaluator: Evaluator, objective: Objective, u: Array, enough: int | None) -> tuple[Evaluator, Array]:
    """Set a missing scale of the objective from the residuals of the best point, twice; and where the searches are."""
    if not objective.needs_scale:
        return evaluator.under(objective), u
    squares = evaluator.under(replace(objective, kind="squares"))
    best = u[[int(np.argmin(squares.value(u)))]]
    scaled = evaluator.under(objective.with_scale(_scale_of(squares, best)))
    # A thorough search has many points: the best one alone then goes on to the second scale.
    found = minimise(scaled, best if enough is None else u, damping=0.3, enough=enough)
    best = found.u[[int(np.argmin(found.value))]]
    scaled = evaluator.under(objective.with_scale(_scale_of(scaled, best)))
    return scaled, u if enough is None else found.u


def _scale_of(evaluator: Evaluator, u: Array) -> float:
    """Scale of the residuals at one point."""
    return max(robust_scale(evaluator.residuals(u)[0], evaluator.problem.size), 1e-6)


def sample_rows(problem: Problem, count: int) -> Problem:
    """The problem on a spread-out sample of its rows; itself when it is small."""
    if problem.rows <= count:
        return problem
    stride = -(-problem.rows // SORTED_ROWS)
    order = np.lexsort([c[::stride] for c in (*problem.columns, problem.response)])
    pick = np.sort(order[np.linspace(0, len(order) - 1, count).astype(int)]) * stride
    levels = {n: replace(x, codes=x.codes[pick]) for n, x in problem.levels.items()}
    return replace(
        problem, columns=tuple(c[pick] for c in problem.columns), levels=levels, response=problem.response[pick],
        inverse_noise=problem.inverse_noise[pick], weights=problem.weights[pick], blocks=row_blocks(len(pick)),
    )  # fmt: skip


def _distinct(solution: Solution, count: int) -> Array:
    """The best end points that differ in their objective."""
    chosen: list[int] = []
    for i in np.argsort(solution.value, kind="stable"):
        if np.isfinite(solution.value[i]) and all(
            abs(solution.value[i] / solution.value[j] - 1) > 1e-6 for j in chosen
        ):
            chosen.append(int(i))
        if len(chosen) == count:
            break
    return np.asarray(solution.u[chosen])
