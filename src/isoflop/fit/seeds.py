"""Where searches start: a grid over the non-linear parameters, the linear ones solved for.

Variable projection (Golub and Pereyra 1973): given the exponents, the coefficients follow from
non-negative least squares on relative residuals. Which parameters are linear is found from the
formula. Laws with many non-linear parameters use a quasi-random grid.
"""

from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.fit.evaluate import Evaluator
from isoflop.fit.problem import OWN_UNIT, Problem

Array = NDArray[Any]

EXPONENT_RANGE: Final = (0.05, 1.5)
SCALE_RANGE: Final = (1e-3, 1e6)
REAL_RANGE: Final = (-3.0, 3.0)
ABOVE: Final = 1e3
"""Seeds of a parameter with a least value go up to so many times that."""
CHUNK: Final = 128
FEW: Final = 5


def grid_size(nonlinear: int, *, thorough: bool) -> tuple[int, int]:
    """Grid points, and how many of the best are polished."""
    if nonlinear <= 1:
        return (256, 24) if thorough else (32, 6)
    if nonlinear == 2:
        return (1024, 32) if thorough else (144, 6)
    if thorough:
        return 4096, 64
    return 256, 12


@lru_cache(maxsize=32)
def _unit_grid(dimension: int, points: int) -> Array:
    """Points in the unit cube: a lattice up to two dimensions, beyond them a sequence that fills it evenly."""
    if dimension == 0:
        return np.zeros((1, 0))
    if dimension == 1:
        return (np.arange(points)[:, None] + 0.5) / points
    if dimension == 2:
        side = round(points**0.5)
        axis = (np.arange(side) + 0.5) / side
        return np.stack([a.ravel() for a in np.meshgrid(axis, axis, indexing="ij")], axis=1)
    return _additive(dimension, points) if dimension <= FEW else _sobol(dimension, points)


def _sobol(dimension: int, points: int) -> Array:
    """Sobol's sequence, the same points every time: unscrambled and without its first point, the origin."""
    from scipy.stats import qmc

    return np.asarray(qmc.Sobol(dimension, scramble=False).random(points * 2)[1 : points + 1])


def _additive(dimension: int, points: int) -> Array:
    """Roberts' additive sequence (2018): in few dimensions as good as Sobol's, whose import takes a second."""
    # The root of x^(d + 1) = x + 1 by fixed-point steps.
    root = 2.0
    for _ in range(60):
        root = (1 + root) ** (1 / (dimension + 1))
    return np.asarray((0.5 + np.arange(1, points + 1)[:, None] * root ** -np.arange(1.0, dimension + 1)) % 1.0)


def _spread(problem: Problem, formal: int, share: Array) -> Array:
    """Natural (scaled) values of one parameter from shares of its range."""
    name = problem.law.parameter_names[formal]
    slot = problem.slots[problem.members[formal][0]]
    described = problem.law.parameters.get(name)
    start = None if described is None else described.start
    if start is not None:
        low, high = _column_range(problem, name) if start == "within" else start
    elif slot.closed:
        width = slot.high - slot.low
        low, high = slot.low + 0.05 * width, slot.high - 0.05 * width
    elif slot.low == 0:
        low, high = SCALE_RANGE if slot.tape_log else EXPONENT_RANGE
    elif slot.floored:
        low, high = slot.low, ABOVE * slot.low
    else:
        low, high = REAL_RANGE
    return low * (high / low) ** share if low > 0 else low + (high - low) * share


def _column_range(problem: Problem, name: str) -> tuple[float, float]:
    """Range of the (scaled) column whose unit a parameter carries."""
    for shifted, _, column in problem.shifts:
        if shifted == name:
            logs = problem.columns[problem.program.columns.index(column)]
            return float(np.exp(logs.min())), float(np.exp(logs.max()))
    return SCALE_RANGE


def make_seeds(evaluator: Evaluator, *, thorough: bool = False) -> Array:
    """Search coordinates of the best grid points, best first.

    Args:
        evaluator: the bound problem with the objective that ranks the points.
        thorough: whether to use the large grid.

    Returns:
        Seeds, shape (seeds, q).
    """
    problem = evaluator.problem
    program = problem.program
    solved = [k for k in (*program.scale_like, *program.linear) if any(i in problem.free for i in problem.members[k])]
    searched = [k for k in range(len(problem.members)) if k not in solved and problem.members[k][0] in problem.free]
    points, keep = grid_size(len(searched), thorough=thorough)
    unit = _unit_grid(len(searched), points)
    full = np.broadcast_to(problem.base, (len(unit), len(problem.slots))).copy()
    for column, formal in enumerate(searched):
        for i in problem.members[formal]:
            if i in problem.free:
                full[:, i] = problem.slots[i].outer(_spread(problem, formal, unit[:, column]))
    if OWN_UNIT in problem.scales:
        # These seeds are in the table's units, not in the one that the function counts in.
        natural = np.stack([slot.natural(full[:, i]) for i, slot in enumerate(problem.slots)], axis=1)
        full[:, problem.free] = problem.search(natural)
    values = []
    for start in range(0, len(full), CHUNK):
        part = full[start : start + CHUNK]
        with np.errstate(all="ignore"):
            fitted = _solve_linear(evaluator, part, solved) if solved else None
        own = part[:, problem.free]
        values.append(evaluator.value(own) if fitted is None else evaluator.value_of(own, fitted))
    u, value = full[:, problem.free], np.concatenate(values)
    order = np.argsort(value, kind="stable")
    return u[order[: min(keep, int(np.isfinite(value).sum()))]]


def _solve_linear(evaluator: Evaluator, full: Array, solved: list[int]) -> Array:
    """Fill in the linear slots of each point by least squares on relative residuals; the law's values there."""
    problem = evaluator.problem
    slots = [i for k in solved for i in problem.members[k] if i in problem.free]
    signed = np.array([problem.slots[i].formal in problem.program.linear for i in slots])
    basis, offset = evaluator.basis(full, solved, slots)
    response = np.exp(problem.response) if problem.log else problem.response
    relative = np.sqrt(problem.weights) / np.maximum(np.abs(response), 1e-300)
    columns = basis
    basis = np.nan_to_num(columns * relative, nan=0.0, posinf=0.0, neginf=0.0)
    target = np.nan_to_num((response - offset) * relative, nan=0.0, posinf=0.0, neginf=0.0)
    size = np.sqrt(np.einsum("bkn,bkn->bk", basis, basis))
    size = np.where(size > 0, size, 1.0)
    basis = basis / size[:, :, None]
    gram = np.matmul(basis, basis.swapaxes(1, 2))
    moment = np.matmul(basis, target[:, :, None])[:, :, 0]
    share = _nonnegative(gram, moment, signed)
    floor = 1e-3 * np.sqrt(problem.rows)
    share = np.where(signed, share, np.maximum(share, floor))
    values = share / size
    for column, i in enumerate(slots):
        slot = problem.slots[i]
        # A real parameter enters as exp(v) (its v is the logarithm) or linearly (its v is itself).
        v = values[:, column] if signed[column] else np.log(values[:, column])
        if slot.closed or slot.floored:
            theta = np.exp(v) if slot.tape_log else v
            margin = 1e-3 * (slot.high - slot.low if slot.closed else slot.low)
            theta = np.clip(theta, slot.low + margin, slot.high - margin)
            v, values[:, column] = slot.outer(theta), theta
        full[:, i] = v
    return np.asarray(offset + np.einsum("bk,bkn->bn", values, columns))


def _nonnegative(gram: Array, moment: Array, signed: Array) -> Array:
    """Least squares with some coefficients kept non-negative, by dropping negative ones, batched."""
    k = moment.shape[1]
    active = np.ones(moment.shape, dtype=bool)
    eye = np.eye(k)
    share = np.zeros_like(moment)
    for _ in range(k + 1):
        both = active[:, :, None] & active[:, None, :]
        matrix = np.where(both, gram, eye) + 1e-10 * eye
        share = np.linalg.solve(matrix, np.where(active, moment, 0.0)[:, :, None])[:, :, 0]
        negative = (share < 0) & ~signed & active
        if not negative.any():
            break
        active &= ~negative
    return share
