"""A plan as a problem for the solver: laws, variables, numbers, objective and limits, row by row."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.laws.law import Law
from isoflop.plan.within.expressions import Expression, Scope
from isoflop.plan.within.interior import CLOSE, Solved, Values, minimise
from isoflop.plan.within.limits import Limit
from isoflop.plan.within.variables import Variable

Array = NDArray[Any]

STARTS: Final = 24
_TINY: Final = 1e-300


@dataclass(frozen=True)
class Batch:
    """What differs between rows.

    Args:
        theta: response → parameters of its law, shape (rows, p).
        numbers: word → value, shape (rows, 1).
    """

    theta: Mapping[str, Array]
    numbers: Mapping[str, Array]

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(next(iter(self.theta.values())))

    def take(self, rows: Array) -> "Batch":
        """Some rows, repeated where they are named twice."""
        return Batch({w: t[rows] for w, t in self.theta.items()}, {w: v[rows] for w, v in self.numbers.items()})

    def setting(self, **numbers: Array) -> "Batch":
        """The same rows with other numbers, shape (rows,) each."""
        return replace(self, numbers={**self.numbers, **{w: v.reshape(-1, 1) for w, v in numbers.items()}})


@dataclass(frozen=True)
class Problem:
    """Everything that the rows share.

    Args:
        laws: response → law, each after those whose response it needs.
        variables: with their ranges.
        scope: how quantities come about.
        objective: what is minimised.
        limits: what must hold.
        sign: 1 to minimise the objective, -1 to maximise it.
        logs: whether the objective, and each limit, is taken in logarithms.
    """

    laws: Mapping[str, Law]
    variables: tuple[Variable, ...]
    scope: Scope
    objective: Expression
    limits: tuple[Limit, ...]
    sign: float = 1.0
    logs: tuple[bool, ...] = ()

    @property
    def scale(self) -> Array:
        """Length of every coordinate."""
        return np.array([v.scale for v in self.variables])

    def values(self, batch: Batch, x: Array) -> dict[str, Array]:
        """Variables, numbers and responses at coordinates (rows, points, k); each (rows, points) or (rows, 1)."""
        found: dict[str, Array] = dict(batch.numbers)
        found |= {v.word: v.value(x[..., k]) for k, v in enumerate(self.variables)}
        with np.errstate(all="ignore"):
            for response, law in self.laws.items():
                columns = {w: self.scope.value(w, found) for w in law.columns}
                shape = np.broadcast_shapes(x.shape[:-1], *(c.shape for c in columns.values()))
                columns = {w: np.broadcast_to(c, shape) for w, c in columns.items()}
                evaluate = Law.evaluate if law.function is None else _by_parameters
                found[response] = evaluate(law, batch.theta[response], columns)
        return found

    def side(self, made: Expression, values: dict[str, Array]) -> Array:
        """Value of an expression whose quantities are found on the way."""
        for word in made.words:
            self.scope.value(word, values)
        with np.errstate(all="ignore"):
            return made.at(values)

    def at(self, batch: Batch, x: Array) -> Values:
        """Objective and limits, in logarithms where they are taken so."""
        values = self.values(batch, x)
        shape = x.shape[:-1]
        with np.errstate(all="ignore"):
            f = self.sign * _form(self.side(self.objective, values), log=self.logs[0])
            rows = [
                (1.0 if limit.below else -1.0)
                * (_form(self.side(limit.left, values), log=log) - _form(self.side(limit.right, values), log=log))
                for limit, log in zip(self.limits, self.logs[1:], strict=True)
            ]
        c = [np.broadcast_to(row, shape) for row in rows]
        return np.broadcast_to(f, shape), np.stack(c, axis=-1) if c else np.empty((*shape, 0))

    def in_logs(self, batch: Batch, x: Array) -> "Problem":
        """Decide what is taken in logarithms: all that is positive at some points, shape (points, k)."""
        one = batch.take(np.zeros(1, dtype=int))
        values = self.values(one, x[None])
        sides = [(self.objective,), *((limit.left, limit.right) for limit in self.limits)]

        def positive(made: Expression) -> bool:
            found = self.side(made, values)
            return bool(np.all(found[np.isfinite(found)] > 0))

        return replace(self, logs=tuple(all(positive(made) for made in pair) for pair in sides))

    def solve(self, batch: Batch, start: Array) -> Solved:
        """Solve every row from its start (rows, k)."""
        if self.variables:
            return minimise(lambda x, rows: self.at(batch.take(rows), x), start, self.scale)
        # Nothing has a range: listed values are evaluated as they are, and have no multipliers.
        f, c = self.at(batch, start[:, None])
        none = np.zeros((len(start), 0))
        return Solved(start, f[:, 0], c[:, 0], np.zeros(c[:, 0].shape), none, np.isfinite(f[:, 0]))


def _by_parameters(law: Law, theta: Array, columns: Mapping[str, Array]) -> Array:
    """A law that is a function of runs in one line: rows with the same parameters are one call."""
    shape = np.broadcast_shapes((len(theta), 1), *(c.shape for c in columns.values()))
    columns = {w: np.broadcast_to(c, shape) for w, c in columns.items()}
    own, place = np.unique(theta, axis=0, return_inverse=True)
    found = np.empty(shape)
    for k, values in enumerate(own):
        rows = place.ravel() == k
        inputs = {w: c[rows].ravel() for w, c in columns.items()}
        found[rows] = law.evaluate(values, inputs).reshape(-1, shape[1])
    return found


def _form(values: Array, *, log: bool) -> Array:
    """Logarithm, or the value itself."""
    return np.log(np.maximum(values, _TINY)) if log else values


def spread_starts(problem: Problem, count: int = STARTS) -> Array:
    """The centre and a low-discrepancy sequence through the box, shape (count, k)."""
    k = len(problem.variables)
    # Generalised golden ratio: the root of x^(k+1) = x + 1.
    ratio = 2.0
    for _ in range(40):
        ratio = (1 + ratio) ** (1 / (k + 1))
    steps = np.arange(count)[:, None] * ratio ** -np.arange(1.0, k + 1)
    return np.asarray(((0.5 + steps) % 1.0) * problem.scale)


def best_of(problem: Problem, batch: Batch, starts: Array) -> tuple[Array, Solved, int | None]:
    """Solve one row from many starts; coordinates, all solutions, and the place of the best that is feasible."""
    solved = problem.solve(batch.take(np.zeros(len(starts), dtype=int)), starts)
    good = solved.feasible & solved.converged if (solved.feasible & solved.converged).any() else solved.feasible
    if not good.any():
        return starts[0], solved, None
    place = int(np.argmin(np.where(good, solved.objective, np.inf)))
    return solved.x[place], solved, place


def tight(solved: Solved) -> Array:
    """Which limits are active: no room is left and room would help, shape (rows, m)."""
    held = solved.price > 10 * CLOSE * np.abs(solved.price).max(initial=1e-9)
    return np.asarray((solved.constraints > -1e-5) & held)
