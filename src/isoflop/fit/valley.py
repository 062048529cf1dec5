"""Flat valleys: whether a parameter can be moved far while the others make up for it.

The curvature at the optimum speaks of its surroundings only. Where the objective flattens out, as
with the half-life of repeated data, it promises a precision that a walk along the valley refutes.
"""

import math
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.fit.certificate import CertificateCheck
from isoflop.fit.evaluate import Evaluator
from isoflop.fit.objective import Objective
from isoflop.fit.problem import Problem
from isoflop.fit.solve import minimise

Array = NDArray[Any]

WALK: Final = 1.0
"""How far a parameter is moved, in its logarithm: the precision that the certificate asks for."""

DOUBTFUL: Final = 0.2
"""Standard error by curvature, in logarithms, above which the valley is walked."""


def valley_check(problem: Problem, objective: Objective, u: Array) -> CertificateCheck:
    """Least rise of the objective when one parameter moves by a factor e and the others follow.

    The rise is measured as `(n - p) (f/f_min - 1)`, which is 1 at one standard error of least squares.

    Args:
        problem: the bound law.
        objective: what was minimised, with its scale.
        u: the optimum in search coordinates, shape (q,).

    Returns:
        The check; it fails where some move costs less than one standard error would.
    """
    lowest = float(Evaluator(problem, objective).value(u[None])[0])
    freedom = max(problem.rows - problem.size, 1)
    rise, words = math.inf, "no parameter"
    for k, i in enumerate(problem.free):
        slot = problem.slots[i]
        if slot.low != 0 or math.isfinite(slot.high):
            continue
        for move in (-WALK, WALK):
            value = _moved(problem, objective, u, k, float(u[k] + move))
            found = freedom * (value - lowest) / (lowest + problem.rounding)
            if found < rise:
                rise, words = found, f"{slot.name} {'up' if move > 0 else 'down'} by a factor {math.exp(WALK):.3g}"
    text = f"moving {words} costs {rise:.2g} of one standard error squared, the others following"
    if not rise >= 1.0:
        text += ": a flat valley. Report its whole width (profile), add runs that bend it, or fix the parameter."
    return CertificateCheck("flat valley", rise, 1.0, bool(rise >= 1.0), text, "identification")


def _moved(problem: Problem, objective: Objective, u: Array, place: int, value: float) -> float:
    """Objective with one search coordinate held at a value and the others at their best."""
    base = problem.expand(u[None])[0]
    base[problem.free[place]] = value
    rest = replace(problem, free=np.delete(problem.free, place), base=base)
    evaluator = Evaluator(rest, objective)
    others = np.delete(u, place)[None]
    if not others.size:
        return float(evaluator.value(others)[0])
    return float(minimise(evaluator, others, damping=1e-3, max_steps=50).value[0])
