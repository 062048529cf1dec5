"""Objective, slope and curvature of a bound law for a batch of parameter vectors."""

from copy import copy
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.fit.frame import Block, frame_of
from isoflop.fit.objective import Objective
from isoflop.fit.penalty import penalty
from isoflop.fit.problem import Problem
from isoflop.fit.ratios import chain
from isoflop.laws.tape import Tape

Array = NDArray[Any]


@dataclass(frozen=True)
class Local:
    """The objective around a batch of points.

    Args:
        value: objective, shape (batch,); infinite where the law has no valid value.
        slope: gradient, shape (batch, q).
        metric: re-weighted least-squares curvature, always positive semi-definite, (batch, q, q).
        curvature: Hessian of the objective, (batch, q, q).
    """

    value: Array
    slope: Array
    metric: Array
    curvature: Array


KEPT_BLOCKS: Final = 4
"""Blocks whose prepared columns are kept; those of larger tables are prepared anew in every pass."""


class Evaluator:
    """Evaluates one problem; owns the work space, so it belongs to one thread."""

    def __init__(self, problem: Problem, objective: Objective) -> None:
        self.problem = problem
        self.objective = objective
        self.frame = frame_of(problem)
        self.blocks: dict[int, Block] = {}
        self.buffers: dict[tuple[object, ...], Array] = {}
        self.spaces: dict[tuple[int, int, int], dict[int, Array]] = {}

    def under(self, objective: Objective) -> "Evaluator":
        """The same problem under another objective, with the same prepared columns and work space."""
        other = copy(self)
        other.objective = objective
        return other

    def _buffer(self, key: tuple[object, ...], shape: tuple[int, ...]) -> Array:
        """Work space, reused while the batch does not grow."""
        held = self.buffers.get(key)
        if held is None or held.shape[0] < shape[0] or held.shape[1:] != shape[1:]:
            held = self.buffers[key] = np.empty(shape)
        return held[: shape[0]]

    def _space(self, tape: Tape, batch: int, rows: int) -> dict[int, Array]:
        """Work space of a tape for a batch, by node."""
        key = (id(tape), batch, rows)
        if key not in self.spaces:
            self.spaces = {k: v for k, v in self.spaces.items() if k[:1] != key[:1] or k[2] != rows}
            arrays = [self._buffer((id(tape), rows, k), (batch, rows)) for k in sorted(set(tape.places.values()))]
            self.spaces[key] = {node: arrays[place] for node, place in tape.places.items()}
        return self.spaces[key]

    def _prepared(self, number: int) -> Block:
        """A block of rows; few are kept, so that memory does not grow with the table."""
        if number not in self.blocks:
            if len(self.blocks) >= KEPT_BLOCKS:
                self.blocks.clear()
            self.blocks[number] = Block(self.problem, self.frame, number)
        return self.blocks[number]

    def _outputs(self, v: Array, block: int, tape: Tape) -> list[Array]:
        """Outputs of a tape on one block of rows, each broadcastable to (batch, rows)."""
        prepared = self._prepared(block)
        space = self._space(tape, len(v), prepared.rows)
        return tape.run(self._inputs(v, block), prepared.column_part(tape), space)

    def _inputs(self, v: Array, block: int) -> list[Array]:
        """Every formal parameter from tape coordinates of all slots, each (batch, 1) or (batch, rows)."""
        problem = self.problem
        if not problem.levels:
            return [v[:, k : k + 1] for k in range(v.shape[1])]
        found = []
        for name, members in zip(problem.law.parameter_names, problem.members, strict=True):
            column = problem.law.parsed.indexed.get(name)
            values = v[:, list(members)]
            found.append(values if column is None else values[:, problem.levels[column].codes[problem.blocks[block]]])
        return found

    def basis(self, full: Array, solved: list[int], slots: list[int]) -> tuple[Array, Array]:
        """What each linear coefficient multiplies, (batch, k, n), and the rest of the law, (batch, n).

        Args:
            full: search coordinates of all slots, (batch, all).
            solved: formal parameters that enter linearly or as exp(v).
            slots: their slots.
        """
        problem, program = self.problem, self.problem.program
        columns, offsets = [], []
        with np.errstate(all="ignore"):
            at_one = chain(problem.slots, full)[0]
            at_one[:, slots] = 0.0
            at_none = at_one.copy()
            at_none[:, [i for i in slots if problem.slots[i].formal not in program.linear]] = -np.inf
            for block, rows in enumerate(problem.blocks):
                shape = (len(full), rows.stop - rows.start)
                slopes, value = program.lean.gradient, program.value
                outputs = slopes.run(self._inputs(at_one, block), self._prepared(block).column_part(slopes))
                offset = value.run(self._inputs(at_none, block), self._prepared(block).column_part(value))[0]
                offsets.append(np.broadcast_to(offset, shape))
                columns.append(np.empty((shape[0], len(slots), shape[1])))
                for k, i in enumerate(slots):
                    slope = outputs[1 + program.lean.leader[problem.slots[i].formal]]
                    ratio = self._prepared(block).ratios[i]
                    columns[-1][:, k] = slope if ratio is None else slope * ratio
        return np.concatenate(columns, axis=2), np.concatenate(offsets, axis=1)

    def model(self, u: Array) -> Array:
        """Value of the law at every run, shape (batch, n)."""
        with np.errstate(all="ignore"):
            v = chain(self.problem.slots, self.problem.expand(u))[0]
            parts = []
            for block, rows in enumerate(self.problem.blocks):
                f = self._outputs(v, block, self.problem.program.value)[0]
                parts.append(np.array(np.broadcast_to(f, (len(u), rows.stop - rows.start))))
        return np.concatenate(parts, axis=1)

    def residuals(self, u: Array) -> Array:
        """Residuals in the objective's scale, shape (batch, n)."""
        with np.errstate(all="ignore"):
            return self._residuals(self.model(u), slice(None))

    def _residuals(self, f: Array, rows: slice) -> Array:
        """Residuals of some runs from the law's values there."""
        problem = self.problem
        return (problem.response[rows] - (np.log(f) if problem.log else f)) * problem.inverse_noise[rows]

    def value(self, u: Array, weights: Array | None = None) -> Array:
        """Objective, shape (batch,)."""
        problem = self.problem
        total = penalty(problem, u, weights)[0] if problem.priors else np.zeros(len(u))
        with np.errstate(all="ignore"):
            v = chain(problem.slots, problem.expand(u))[0]
            for block, rows in enumerate(problem.blocks):
                f = self._outputs(v, block, problem.program.value)[0]
                r = self._residuals(f, rows)
                total = total + (self._weights(weights, rows) * self.objective.rho(r)).sum(axis=1)
        return np.where(np.isfinite(total), total, np.inf)

    def value_of(self, u: Array, f: Array) -> Array:
        """Objective where the law's values, (batch, n), are known already; shape (batch,)."""
        problem = self.problem
        total = penalty(problem, u, None)[0] if problem.priors else np.zeros(len(u))
        with np.errstate(all="ignore"):
            total = total + (problem.weights * self.objective.rho(self._residuals(f, slice(None)))).sum(axis=1)
        return np.where(np.isfinite(total), total, np.inf)

    def contributions(self, u: Array) -> Array:
        """What every run adds to the objective at every point, shape (batch, n)."""
        with np.errstate(all="ignore"):
            rho = self.objective.rho(self.residuals(u)) * self.problem.weights
        return np.where(np.isfinite(rho), rho, np.inf)

    def _weights(self, weights: Array | None, rows: slice) -> Array:
        own = self.problem.weights[rows]
        return own[None, :] if weights is None else own * weights[:, rows]

    def local(self, u: Array, weights: Array | None = None, *, exact: bool = True) -> Local:
        """Objective, slope and curvature in search coordinates.

        Args:
            u: search coordinates, shape (batch, q); without priors a single point may have a batch of weights.
            weights: weight of each run in each replicate, (batch, n), or None.
            exact: whether the curvature is the Hessian; else it is the metric, which is cheaper.
        """
        problem = self.problem
        with np.errstate(all="ignore"):
            v, first, second = chain(problem.slots, problem.expand(u))
            first, second = first[:, problem.free], second[:, problem.free]
            value, slope, metric, curvature = self._totals(v, weights, exact=exact)
            scale = first[:, :, None] * first[:, None, :]
            metric = metric * scale
            curvature = curvature * scale if exact else metric
            if exact:
                diagonal = np.arange(problem.size)
                curvature[:, diagonal, diagonal] += slope * second
            slope = slope * first
            if problem.priors:
                extra = penalty(problem, u, weights)
                value, slope, metric, curvature = (
                    a + b for a, b in zip((value, slope, metric, curvature), extra, strict=True)
                )
        # One sum finds whatever is not finite.
        with np.errstate(all="ignore"):
            bad = ~np.isfinite(value + slope.sum(axis=1) + curvature.sum(axis=(1, 2)))
        return Local(np.where(bad, np.inf, value), slope, metric, curvature)

    def _totals(self, v: Array, weights: Array | None, *, exact: bool) -> tuple[Array, Array, Array, Array]:
        """Objective, slope, metric and curvature in tape coordinates of the free slots."""
        if self.frame.inner is None:
            return self._sums(v, weights, exact=exact)
        inside, free = self.frame.inner.at(v), self.problem.free
        value, slope, metric, curvature = self._sums(inside.w, weights, exact=exact)
        bent = inside.curvature(curvature, slope)[:, free][:, :, free] if exact else curvature
        return value, inside.slope(slope)[:, free], inside.metric(metric)[:, free][:, :, free], bent

    def _sums(self, v: Array, weights: Array | None, *, exact: bool) -> tuple[Array, Array, Array, Array]:
        """Objective, slope, metric and curvature in the coordinates of the frame."""
        parts = [
            self._block(v, block, self._weights(weights, rows), exact=exact)
            for block, rows in enumerate(self.problem.blocks)
        ]
        if len(parts) == 1:
            return parts[0]
        value, slope, metric, curvature = (sum(column[1:], column[0]) for column in zip(*parts, strict=True))
        return value, slope, metric, curvature

    def _block(self, v: Array, block: int, w: Array, *, exact: bool) -> tuple[Array, Array, Array, Array]:
        """Sums over one block of rows."""
        problem = self.problem
        rows = problem.blocks[block]
        shape = (len(v), rows.stop - rows.start)
        outputs = self._outputs(v, block, self.frame.lean.hessian if exact else self.frame.lean.gradient)
        f = outputs[0]
        noise = problem.inverse_noise[rows]
        r = self._residuals(f, rows)
        batch = max(len(v), len(w))
        value = (w * self.objective.rho(r)).sum(axis=1)
        sensitivity, secant, second = self.objective.slopes(r)
        squared = w * noise**2
        steep = squared * secant
        inverse = np.reciprocal(f) if problem.log else np.ones_like(f)
        jacobian = self._jacobian(outputs, inverse, block, shape)
        pull = w * sensitivity * noise
        slope = -np.matmul(jacobian, pull[:, :, None])[:, :, 0]
        # Metric and curvature in one product.
        q = self.frame.size
        weighted = self._buffer(("weighted", shape[1], exact), (batch, q * (1 + exact), shape[1]))
        np.multiply(jacobian, steep[:, None, :], out=weighted[:, :q])
        if exact:
            stretch = squared * second + (pull if problem.log else 0.0)
            np.multiply(jacobian, stretch[:, None, :], out=weighted[:, q:])
        both = np.matmul(weighted, jacobian.swapaxes(1, 2))
        if not exact:
            return value, slope, both, both
        curvature = both[:, q:].copy()
        self._bend(curvature, outputs, pull * inverse, block)
        return value, slope, both[:, :q], curvature

    def _jacobian(self, outputs: list[Array], inverse: Array, block: int, shape: tuple[int, int]) -> Array:
        """Slopes of the fitted values in the coordinates of the frame, (batch, size, rows)."""
        frame = self.frame
        jacobian = self._buffer(("jacobian", shape[1]), (shape[0], frame.size, shape[1]))
        done: dict[int, Array] = {}
        for k, (leader, ratio) in enumerate(zip(frame.leaders, self._prepared(block).own, strict=True)):
            if ratio is None:
                done[leader] = np.multiply(outputs[1 + leader], inverse, out=jacobian[:, k])
                continue
            if leader not in done:
                done[leader] = outputs[1 + leader] * inverse
            np.multiply(done[leader], ratio, out=jacobian[:, k])
        return jacobian

    def _bend(self, curvature: Array, outputs: list[Array], pull: Array, block: int) -> None:
        """Subtract the law's own second derivatives, weighted by the residuals' pull."""
        first = len(outputs) - len(self.frame.lean.pairs)
        flat = curvature.reshape(len(curvature), -1)
        for group in self._prepared(block).bends:
            count, rows = group.factors.shape[:2]
            pulled = self._buffer(("bends", count, rows), (len(pull), count, rows)).reshape(count, -1, rows)
            for k, number in enumerate(group.numbers):
                np.multiply(pull, outputs[first + number], out=pulled[k])
            totals = np.matmul(pulled, group.factors).swapaxes(0, 1).reshape(len(pull), -1)
            flat[:, group.entries] -= totals[:, group.totals]
