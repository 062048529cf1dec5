"""The nearest run that exists: a model has a shape, and shapes come in steps, so the other decisions are made again."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import InputError
from isoflop.plan.costs.shapes import made
from isoflop.plan.within.problem import Batch
from isoflop.plan.within.setup import Laid

Array = NDArray[Any]

AROUND: Final = 0.08
"""Sizes within this share of the best one are looked at; shapes lie 1 to 5 % apart."""
TRIED: Final = 17


@dataclass(frozen=True)
class Nearby:
    """A run whose model has a shape and which keeps all limits.

    Args:
        values: word → value of everything that the plan counts.
        worse: share by which its objective is worse than the best plan's.
    """

    values: Mapping[str, float]
    worse: float


def nearby(laid: Laid, row: Batch, x: Array) -> Nearby | None:
    """Make all other decisions again for sizes that shapes have, and take the best.

    Args:
        laid: the plan, whose size has a range.
        row: one row: the fit, with the listed values that it chose.
        x: coordinates of the best point, shape (k,).

    Returns:
        The run; None where the size has no range, or no shape near it keeps all limits.
    """
    problem = laid.problem
    words = [variable.word for variable in problem.variables]
    if "params" not in words:
        return None
    place = words.index("params")
    sizes = _sizes(float(problem.variables[place].value(x[place])))
    if not sizes.size:
        return None
    rest = tuple(one for one in problem.variables if one.word != "params")
    fixed = replace(problem, variables=rest, scope=replace(problem.scope, smooth=False))
    batch = row.take(np.zeros(len(sizes), dtype=int)).setting(params=sizes)
    solved = fixed.solve(batch, np.tile(np.delete(x, place), (len(sizes), 1)))
    good = solved.feasible & solved.converged
    if not good.any():
        return None
    k = int(np.argmin(np.where(good, solved.objective, np.inf)))
    values = fixed.values(batch.take(np.array([k])), solved.x[k][None, None])
    worth = float(np.ravel(fixed.side(fixed.objective, values))[0])
    for word in fixed.scope.chain([*values, *fixed.objective.words, *(w for c in fixed.limits for w in c.left.words)]):
        fixed.scope.value(word, values)
    before = problem.values(row, x[None, None])
    best = float(np.ravel(problem.side(problem.objective, before))[0])
    keys = {limit.key for limit in problem.limits}
    found = {w: float(np.ravel(v)[0]) for w, v in values.items() if w not in keys}
    return Nearby(found, problem.sign * (worth - best) / abs(best))


def _sizes(params: float) -> Array:
    """Sizes of shapes around N, in rising order; none where no shape is near."""
    found = set()
    for factor in np.exp(np.linspace(-AROUND, AROUND, TRIED)):
        try:
            size = float(made(params * factor).params)
        except InputError:
            continue
        # A shape counts where its own size leads to it again: what is written is then what was planned.
        if abs(np.log(size / params)) <= AROUND and made(size).params == size:
            found.add(size)
    return np.array(sorted(found))
