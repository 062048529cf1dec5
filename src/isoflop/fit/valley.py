"""Flat valleys: whether a parameter can be moved far while the others make up for it.

The curvature at the optimum speaks of its surroundings only. Where the objective flattens out, as
with the half-life of repeated data, it promises a precision that a walk along the valley refutes.
"""

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.fit.certificate import CertificateCheck
from isoflop.fit.evaluate import Evaluator
from isoflop.fit.solve import minimise

Array = NDArray[Any]

WALK: Final = 1.0
"""How far a parameter is moved, in its logarithm: the precision that the certificate asks for."""

DOUBTFUL: Final = 0.4
"""Standard error by curvature, in logarithms, above which the valley is walked."""


def valley_check(evaluator: Evaluator, u: Array) -> CertificateCheck:
    """Least rise of the objective when one parameter moves by a factor e and the others follow.

    The rise is measured as `(n - p) (f/f_min - 1)`, which is 1 at one standard error of least squares.

    Args:
        evaluator: of the bound law under what was minimised, its scale set.
        u: the optimum in search coordinates, shape (q,).

    Returns:
        The check; it fails where some move costs less than one standard error would.
    """
    problem = evaluator.problem
    local = evaluator.local(u[None])
    lowest = float(local.value[0])
    scale = max(problem.rows - problem.size, 1) / (lowest + problem.rounding)
    # By curvature, a move of one costs half of 1/(H^-1)_kk; where that is much, nothing is walked.
    bent = 0.5 * scale / np.maximum(np.diag(np.linalg.pinv(local.curvature[0])), 1e-300)
    places = [k for k, i in enumerate(problem.free) if problem.slots[i].low == 0 and not problem.slots[i].closed]
    found = {(k, move): WALK**2 * float(bent[k]) for k in places for move in (-WALK, WALK)}
    walked = [(k, move) for k, move in found if bent[k] < 1 / DOUBTFUL**2]
    found |= dict(zip(walked, scale * (_moved(evaluator, u, walked) - lowest), strict=True))
    (place, move), rise = min(found.items(), key=lambda item: item[1], default=((0, WALK), math.inf))
    name = problem.slots[problem.free[place]].name
    words = f"{name} {'up' if move > 0 else 'down'} by a factor {math.exp(WALK):.3g}" if places else "no parameter"
    text = f"moving {words} costs {rise:.2g} of one standard error squared, the others following"
    if not rise >= 1.0:
        text += ": a flat valley. Report its whole width (profile), add runs that bend it, or fix the parameter."
    return CertificateCheck("flat valley", float(rise), 1.0, bool(rise >= 1.0), text, "identification")


def _moved(evaluator: Evaluator, u: Array, moves: list[tuple[int, float]]) -> Array:
    """Objective with one search coordinate moved and held, the others at their best, for each move."""
    if not moves:
        return np.empty(0)
    start, held = np.repeat(u[None], len(moves), axis=0), np.zeros((len(moves), len(u)), dtype=bool)
    for row, (place, move) in enumerate(moves):
        start[row, place] += move
        held[row, place] = True
    # A hundredth of a standard error squared is close enough.
    near = 0.01 / max(evaluator.problem.rows - evaluator.problem.size, 1)
    return minimise(evaluator, start, damping=1e-3, max_steps=50, held=held, tolerance=near).value
