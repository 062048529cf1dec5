"""Ends far from a fit that explain the runs about as well: where refits of a badly determined law start too."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.fit.evaluate import Evaluator
from isoflop.fit.objective import Objective
from isoflop.fit.problem import Problem
from isoflop.fit.search import SKETCH_ROWS, sample_rows
from isoflop.fit.seeds import make_seeds
from isoflop.fit.solve import minimise

Array = NDArray[Any]

MOST: Final = 6
"""Ends at most: every replicate starts from each of them."""

APART: Final = 0.2
"""Distance in search coordinates (logs of positive parameters) from which on an end is another one."""

STEPS: Final = 60
"""Steps of each search: valleys without end are left where they are."""

LIKELY: Final = 4.0
"""Twice the fall in log-likelihood that an end may cost: two standard errors of one parameter."""


def far_ends(problem: Problem, objective: Objective, optimum: Array) -> list[Array]:
    """Ends of searches from many seeds that lie far from the optimum and from each other, and hardly above it.

    Args:
        problem: the bound law.
        objective: what is minimised, its scale set.
        optimum: search coordinates of the fit, shape (q,).

    Returns:
        Search coordinates, those farthest apart first.
    """
    some = sample_rows(problem, SKETCH_ROWS)
    evaluator = Evaluator(some, objective)
    ends = minimise(evaluator, make_seeds(evaluator, thorough=True), max_steps=STEPS)
    limit = ends.value.min(initial=evaluator.value(optimum[None])[0]) * (1 + LIKELY / some.rows)
    u = ends.u[problem.writable(ends.u) & (ends.value <= limit)]
    found: list[Array] = []
    away = np.abs(u - optimum).max(axis=1)
    while len(found) < MOST and away.max(initial=0.0) > APART:
        found.append(u[int(away.argmax())])
        away = np.minimum(away, np.abs(u - found[-1]).max(axis=1))
    return found
