"""Many small constrained minimisations at once: a primal-dual interior-point method over rows.

Every row has its own law, prices and limits, and the same variables and constraints. In logarithms
scaling laws, costs and products are sums of exponentials, so most problems are convex.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Values = tuple[Array, Array]
Function = Callable[[Array, Array], Values]
"""(rows, points) → objective (rows, points) and constraints (rows, points, m), each to be at most 0.

Takes coordinates (rows, points, k) in the unit box and the numbers of the rows.
"""

STEP: Final = 1e-4
ITERATIONS: Final = 120
TIGHT: Final = 1e-10
CLOSE: Final = 1e-7
ENDLESS: Final = 1e14
"""Multipliers are near 1 where there is a minimum; beyond this a row is given up."""


@dataclass(frozen=True)
class Solved:
    """Solutions, one a row.

    Args:
        x: coordinates, shape (rows, k).
        objective: there, shape (rows,).
        constraints: there, shape (rows, m); at most 0 where they hold.
        price: multiplier of each constraint, shape (rows, m): what the objective falls by as its limit rises.
        at_bound: multiplier of the lower and the upper end of each variable, shape (rows, 2 k).
        converged: whether the conditions for a minimum hold, shape (rows,).
    """

    x: Array
    objective: Array
    constraints: Array
    price: Array
    at_bound: Array
    converged: Array

    @property
    def feasible(self) -> Array:
        """Whether all constraints hold, shape (rows,)."""
        held = self.constraints.max(axis=1, initial=-np.inf) <= CLOSE
        return np.asarray(np.isfinite(self.objective) & held)


@dataclass
class _State:
    """Where the rows are: coordinates, slacks, multipliers, barrier."""

    x: Array
    s: Array
    z: Array
    mu: Array

    def take(self, rows: Array) -> "_State":
        """Some of the rows."""
        return _State(self.x[rows], self.s[rows], self.z[rows], self.mu[rows])

    def put(self, rows: Array, part: "_State") -> None:
        """Put some of the rows back."""
        self.x[rows], self.s[rows], self.z[rows], self.mu[rows] = part.x, part.s, part.z, part.mu


def minimise(function: Function, start: Array, scale: Array) -> Solved:
    """Minimise an objective under constraints, in the box from 0 to `scale`.

    Args:
        function: objective and constraints of rows at points.
        start: coordinates inside the box, shape (rows, k).
        scale: upper end of every coordinate, shape (k,).

    Returns:
        A local minimum of every row, with multipliers.
    """
    rows = len(start)
    everyone = np.arange(rows)
    x = np.clip(start, 1e-3 * scale, (1 - 1e-3) * scale)
    first = _all(function, x[:, None], everyone, scale)[1][:, 0]
    gradient = _derivatives(function, x, everyone, scale)[2]
    # The objective is scaled so that multipliers are near 1.
    size = np.maximum(np.nan_to_num(np.abs(gradient).max(axis=1, initial=0.0)), 1e-8)
    s = np.maximum(-np.nan_to_num(first, nan=1.0, posinf=1.0), 0.1)
    state = _State(x, s, 0.1 / s, np.full(rows, 0.1))
    done, lost = np.zeros(rows, dtype=bool), np.zeros(rows, dtype=bool)
    for _ in range(ITERATIONS):
        left = np.flatnonzero(~(done | lost))
        if not left.size:
            break
        part = state.take(left)
        with np.errstate(over="ignore", invalid="ignore"):
            done[left] = _iterate(function, part, left, size[left], scale)
        state.put(left, part)
        lost[left] = _runs_off(function, part, left, scale)
    f, c = function(state.x[:, None], everyone)
    m = c.shape[2]
    price = state.z * size[:, None]
    return Solved(state.x, f[:, 0], c[:, 0], price[:, :m], price[:, m:], done)


def _runs_off(function: Function, state: _State, rows: Array, scale: Array) -> Array:
    """Rows whose constraints contradict each other: multipliers grow without end and a constraint stays broken."""
    found = np.abs(state.z).max(axis=1, initial=0.0) > ENDLESS
    some = np.flatnonzero(found)
    if some.size:
        broken = _all(function, state.x[some, None], rows[some], scale)[1][:, 0].max(axis=1)
        found[some] = ~(broken <= CLOSE)
    return np.asarray(found)


def _all(function: Function, x: Array, rows: Array, scale: Array) -> Values:
    """Objective and all constraints, the box's among them."""
    with np.errstate(all="ignore"):
        f, c = function(x, rows)
    return f, np.concatenate([c, -x, x - scale], axis=2)


def _derivatives(
    function: Function, x: Array, rows: Array, scale: Array
) -> tuple[Array, Array, Array, Array, Array, Array]:
    """Values, slopes and second derivatives by central differences: f, c, ∇f, ∇c, ∇²f, ∇²c."""
    k = x.shape[1]
    centre = np.clip(x, STEP, scale - STEP)
    eye = STEP * np.eye(k)
    pairs = [(i, j) for i in range(k) for j in range(i)]
    crossed = [sign * (eye[i] + eye[j]) for i, j in pairs for sign in (1, -1)]
    moves = np.array([np.zeros(k), *eye, *-eye, *crossed])
    with np.errstate(all="ignore"):
        f, c = function(centre[:, None] + moves, rows)
        both = np.concatenate([f[:, :, None], c], axis=2)
        up, down, middle = both[:, 1 : k + 1], both[:, k + 1 : 2 * k + 1], both[:, :1]
        slope = (up - down) / (2 * STEP)
        bend = np.zeros((len(x), k, k, both.shape[2]))
        own = (up - 2 * middle + down) / STEP**2
        for i in range(k):
            bend[:, i, i] = own[:, i]
        for number, (i, j) in enumerate(pairs):
            two = both[:, 2 * k + 1 + 2 * number] + both[:, 2 * k + 2 + 2 * number] - 2 * middle[:, 0]
            bend[:, i, j] = bend[:, j, i] = 0.5 * (two / STEP**2 - own[:, i] - own[:, j])
        # At the ends of the box differences are taken a step inside, and slopes carried back.
        slope = slope + np.einsum("rijm,rj->rim", np.nan_to_num(bend), x - centre)
        value, allowed = _all(function, x[:, None], rows, scale)
    box = np.broadcast_to(np.concatenate([-np.eye(k), np.eye(k)], axis=1), (len(x), k, 2 * k))
    slopes = np.concatenate([slope[:, :, 1:], box], axis=2)
    return value[:, 0], allowed[:, 0], slope[:, :, 0], slopes, bend[..., 0], bend[..., 1:]


def _iterate(function: Function, state: _State, rows: Array, size: Array, scale: Array) -> Array:
    """One Newton step of some rows, in place; returns which are done."""
    f, c, gradient, slopes, bend, bends = _derivatives(function, state.x, rows, scale)
    m = bends.shape[-1]
    gradient, bend, f = gradient / size[:, None], bend / size[:, None, None], f / size
    residual = gradient + np.einsum("rkm,rm->rk", slopes, state.z)
    gap = c + state.s
    error = np.maximum(np.abs(residual).max(axis=1), np.abs(gap).max(axis=1, initial=0.0))
    slack = np.abs(state.s * state.z - state.mu[:, None]).max(axis=1, initial=0.0)
    done = (error < CLOSE) & (slack < 10 * TIGHT) & (state.mu <= TIGHT)
    easier = np.maximum(error, slack) < 10 * state.mu
    state.mu = np.where(easier, np.maximum(0.5 * TIGHT, np.minimum(0.2 * state.mu, state.mu**1.5)), state.mu)
    hessian = np.nan_to_num(bend + np.einsum("rijm,rm->rij", bends, state.z[:, :m]))
    pull = state.z / state.s
    right = -gradient - np.einsum("rkm,rm->rk", slopes, state.mu[:, None] / state.s + pull * gap)
    matrix = _positive(hessian) + np.einsum("rim,rm,rjm->rij", slopes, pull, slopes)
    ridge = 1e-12 * (1 + np.trace(matrix, axis1=1, axis2=2))[:, None, None] * np.eye(matrix.shape[1])
    dx = np.linalg.solve(np.nan_to_num(matrix) + ridge, np.nan_to_num(right)[..., None])[..., 0]
    ds = -gap - np.einsum("rkm,rk->rm", slopes, dx)
    dz = state.mu[:, None] / state.s - state.z - pull * ds
    merit = (f, gap, gradient)
    _move(function, state, (dx, np.nan_to_num(ds), np.nan_to_num(dz)), merit, (rows, size, scale, done))
    return np.asarray(done)


def _positive(hessian: Array) -> Array:
    """The nearest matrix that bends upwards."""
    values, vectors = np.linalg.eigh(hessian)
    floor = 1e-9 * np.maximum(np.abs(values).max(axis=1, keepdims=True), 1e-6)
    return np.asarray(np.einsum("rij,rj,rkj->rik", vectors, np.maximum(np.abs(values), floor), vectors))


def _longest(value: Array, step: Array) -> Array:
    """Longest part of a step that keeps values positive, at most 1."""
    with np.errstate(divide="ignore", invalid="ignore"):
        room = np.where(step < 0, -0.995 * value / step, 1.0)
    return np.asarray(np.minimum(room.min(axis=1, initial=1.0), 1.0))


def _move(
    function: Function, state: _State, step: tuple[Array, Array, Array], now: tuple[Array, Array, Array],
    of: tuple[Array, Array, Array, Array],
) -> None:  # fmt: skip
    """Go as far along the step as the merit falls: objective, barrier and what is violated."""
    (dx, ds, dz), (f, gap, gradient), (rows, size, scale, done) = step, now, of
    weight = 2 * np.abs(state.z).max(axis=1, initial=1.0)
    barrier = state.mu * np.log(state.s).sum(axis=1)
    before = f - barrier + weight * np.abs(gap).sum(axis=1)
    fall = (gradient * dx).sum(axis=1) - state.mu * (ds / state.s).sum(axis=1) - weight * np.abs(gap).sum(axis=1)
    length = _longest(state.s, ds)
    waiting = ~done
    for attempt in range(30):
        trial, slack = state.x + length[:, None] * dx, state.s + length[:, None] * ds
        some = np.flatnonzero(waiting)
        if not some.size:
            break
        value, c = _all(function, trial[some, None], rows[some], scale)
        with np.errstate(all="ignore"):
            after = value[:, 0] / size[some] - state.mu[some] * np.log(slack[some]).sum(axis=1)
            after = after + weight[some] * np.abs(c[:, 0] + slack[some]).sum(axis=1)
        allowed = before[some] + 1e-4 * length[some] * np.minimum(fall[some], 0.0) + 1e-9 * (1 + np.abs(before[some]))
        good = np.isfinite(after) & (after <= allowed)
        # A start where the law has no value takes the first place that has one.
        good |= np.isfinite(after) & ~np.isfinite(before[some])
        good |= np.isfinite(after) & (attempt > 20)
        waiting[some[good]] = False
        length[some[~good]] *= 0.5
    moved = ~(waiting | done)
    z = state.z + _longest(state.z, dz)[:, None] * dz
    state.x = np.where(moved[:, None], state.x + length[:, None] * dx, state.x)
    state.s = np.where(moved[:, None], state.s + length[:, None] * ds, state.s)
    centre = state.mu[:, None] / state.s
    state.z = np.where(done[:, None], state.z, np.clip(z, centre / 1e10, centre * 1e10))
