"""Objective, slope and curvature of a bound law for a batch of parameter vectors."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoflop.fit.coordinates import Slot
from isoflop.fit.objective import Objective
from isoflop.fit.problem import Problem
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


class Evaluator:
    """Evaluates one problem; owns the work space, so it belongs to one thread."""

    def __init__(self, problem: Problem, objective: Objective) -> None:
        self.problem = problem
        self.objective = objective
        self.blocks = [[c[b] for c in problem.columns] for b in problem.blocks]
        program = problem.program
        self.parts = {
            id(tape): [tape.column_part(columns) for columns in self.blocks]
            for tape in (program.value, program.gradient, program.hessian)
        }
        self.masks = [self._masks(slot) for slot in problem.slots]
        self.buffers: dict[tuple[object, ...], Array] = {}
        self.spaces: dict[tuple[int, int, int], dict[int, Array]] = {}

    def _masks(self, slot: Slot) -> list[Array] | None:
        """For a slot of one level, ones at that level's runs, by block."""
        if slot.level is None:
            return None
        column = self.problem.law.parsed.indexed[self.problem.law.parameter_names[slot.formal]]
        at_level = (self.problem.levels[column].codes == slot.level).astype(float)
        return [at_level[rows] for rows in self.problem.blocks]

    def _buffer(self, key: tuple[object, ...], shape: tuple[int, ...]) -> Array:
        """Work space, reused while the batch does not grow."""
        held = self.buffers.get(key)
        if held is None or held.shape[0] < shape[0] or held.shape[1:] != shape[1:]:
            held = self.buffers[key] = np.empty(shape)
        return held[: shape[0]]

    def _space(self, tape: Tape, batch: int, rows: int) -> dict[int, Array]:
        """Work space of a tape for a batch: one array per node of full shape."""
        key = (id(tape), batch, rows)
        if key not in self.spaces:
            self.spaces = {k: v for k, v in self.spaces.items() if k[:1] != key[:1] or k[2] != rows}
            self.spaces[key] = {node: self._buffer((id(tape), rows, node), (batch, rows)) for node in tape.mixed}
        return self.spaces[key]

    def _outputs(self, u: Array, block: int, tape: Tape) -> list[Array]:
        """Outputs of a tape on one block of rows, each broadcastable to (batch, rows)."""
        coordinates = self._coordinates(self.problem.expand(u), block, {})
        rows = self.problem.blocks[block].stop - self.problem.blocks[block].start
        return tape.run(coordinates, self.parts[id(tape)][block], self._space(tape, len(u), rows))

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
            for block in range(len(problem.blocks)):
                at_one = self._coordinates(full, block, {k: 0.0 for k in solved})
                at_none = self._coordinates(full, block, {k: 0.0 if k in program.linear else -np.inf for k in solved})
                outputs = program.gradient.run(at_one, self.parts[id(program.gradient)][block])
                offset = program.value.run(at_none, self.parts[id(program.value)][block])[0]
                rows = problem.blocks[block].stop - problem.blocks[block].start
                shape = (len(full), rows)
                offsets.append(np.broadcast_to(offset, shape))
                masks = [1.0 if m is None else m[block] for m in (self.masks[i] for i in slots)]
                terms = [
                    np.broadcast_to(outputs[1 + problem.slots[i].formal] * m, shape)
                    for i, m in zip(slots, masks, strict=True)
                ]
                columns.append(np.stack(terms, axis=1))
        return np.concatenate(columns, axis=2), np.concatenate(offsets, axis=1)

    def _coordinates(self, full: Array, block: int, instead: dict[int, float]) -> list[Array]:
        """Tape coordinates of every formal parameter, each (batch, 1) or (batch, rows)."""
        problem = self.problem
        found = []
        for formal, members in enumerate(problem.members):
            column = problem.law.parsed.indexed.get(problem.law.parameter_names[formal])
            if column is None:
                values = np.reshape(problem.slots[members[0]].tape(full[:, members[0]])[0], (-1, 1))
            else:
                values = np.stack([np.asarray(problem.slots[i].tape(full[:, i])[0]) for i in members], axis=1)
            if formal in instead:
                values = np.where([i in problem.free for i in members], instead[formal], values)
            found.append(values if column is None else values[:, problem.levels[column].codes[problem.blocks[block]]])
        return found

    def model(self, u: Array) -> Array:
        """Value of the law at every run, shape (batch, n)."""
        program = self.problem.program
        with np.errstate(all="ignore"):
            parts = []
            for block, rows in enumerate(self.problem.blocks):
                f = self._outputs(u, block, program.value)[0]
                parts.append(np.array(np.broadcast_to(f, (len(u), rows.stop - rows.start))))
        return np.concatenate(parts, axis=1)

    def residuals(self, u: Array) -> Array:
        """Residuals in the objective's scale, shape (batch, n)."""
        f = self.model(u)
        with np.errstate(all="ignore"):
            return (self.problem.response - (np.log(f) if self.problem.log else f)) * self.problem.inverse_noise

    def value(self, u: Array, weights: Array | None = None) -> Array:
        """Objective, shape (batch,)."""
        total, program = self._penalty(u, weights)[0], self.problem.program
        for block, rows in enumerate(self.problem.blocks):
            with np.errstate(all="ignore"):
                f = self._outputs(u, block, program.value)[0]
                r = (self.problem.response[rows] - (np.log(f) if self.problem.log else f)) * self.problem.inverse_noise[
                    rows
                ]
                total = total + (self._weights(weights, rows) * self.objective.rho(r)).sum(axis=1)
        return np.where(np.isfinite(total), total, np.inf)

    def _weights(self, weights: Array | None, rows: slice) -> Array:
        own = self.problem.weights[rows]
        return own[None, :] if weights is None else own * weights[:, rows]

    def local(self, u: Array, weights: Array | None = None, *, exact: bool = True) -> Local:
        """Objective, slope and curvature in search coordinates.

        Args:
            u: search coordinates, shape (batch, q).
            weights: weight of each run in each replicate, (batch, n), or None.
            exact: whether the curvature is the Hessian; else it is the metric, which is cheaper.
        """
        problem = self.problem
        value, slope, metric, curvature = self._penalty(u, weights)
        with np.errstate(all="ignore"):
            first, second = self._chain(u)
            parts = [
                self._block(u, block, self._weights(weights, rows), exact=exact)
                for block, rows in enumerate(problem.blocks)
            ]
            totals = [sum(column[1:], column[0]) for column in zip(*parts, strict=True)]
            scale = first[:, :, None] * first[:, None, :]
            value = value + totals[0]
            slope = slope + totals[1] * first
            metric = metric + totals[2] * scale
            curvature = curvature + totals[3] * scale
            if exact:
                diagonal = np.arange(problem.size)
                curvature[:, diagonal, diagonal] += totals[1] * second
        bad = ~(np.isfinite(value) & np.isfinite(slope).all(axis=1) & np.isfinite(curvature).all(axis=(1, 2)))
        return Local(np.where(bad, np.inf, value), slope, metric, curvature)

    def _chain(self, u: Array) -> tuple[Array, Array]:
        """First and second derivative of the tape coordinates in the search coordinates, (batch, q)."""
        first, second = np.ones_like(u), np.zeros_like(u)
        for k, i in enumerate(self.problem.free):
            _, first[:, k], second[:, k] = self.problem.slots[i].tape(u[:, k])
        return first, second

    def _block(self, u: Array, block: int, w: Array, *, exact: bool) -> tuple[Array, Array, Array, Array]:
        """Sums over one block of rows, in tape coordinates of the free slots."""
        problem = self.problem
        rows = problem.blocks[block]
        shape = (len(u), rows.stop - rows.start)
        outputs = self._outputs(u, block, problem.program.hessian if exact else problem.program.gradient)
        f = outputs[0]
        noise = problem.inverse_noise[rows]
        inverse = np.reciprocal(f) if problem.log else np.ones_like(f)
        r = (problem.response[rows] - (np.log(f) if problem.log else f)) * noise
        value = (w * self.objective.rho(r)).sum(axis=1)
        slope, secant, second = self.objective.slopes(r)
        pull = w * slope * noise
        jacobian = self._buffer(("jacobian", shape[1]), (shape[0], problem.size, shape[1]))
        for k, i in enumerate(problem.free):
            np.multiply(outputs[1 + problem.slots[i].formal], inverse, out=jacobian[:, k])
            mask = self.masks[i]
            if mask is not None:
                jacobian[:, k] *= mask[block]
        weighted = self._buffer(("weighted", shape[1]), jacobian.shape)
        transposed = jacobian.swapaxes(1, 2)
        gradient = -np.matmul(jacobian, pull[:, :, None])[:, :, 0]
        squared = w * noise**2
        np.multiply(jacobian, (squared * secant)[:, None, :], out=weighted)
        metric = np.matmul(weighted, transposed)
        if not exact:
            return value, gradient, metric, metric
        stretch = squared * second + (pull if problem.log else 0.0)
        np.multiply(jacobian, np.broadcast_to(stretch, shape)[:, None, :], out=weighted)
        curvature = np.matmul(weighted, transposed)
        self._bend(curvature, outputs, pull * inverse, block)
        return value, gradient, metric, curvature

    def _bend(self, curvature: Array, outputs: list[Array], pull: Array, block: int) -> None:
        """Subtract the law's own second derivatives, weighted by the residuals' pull."""
        problem = self.problem
        first = 1 + len(problem.members)
        place = {int(i): k for k, i in enumerate(problem.free)}
        for number, (a, b) in enumerate(problem.program.pairs):
            term = pull * outputs[first + number]
            for i in problem.members[a]:
                for j in problem.members[b]:
                    if i not in place or j not in place or (a == b and j != i):
                        continue
                    masked = term
                    for slot in {i, j}:
                        mask = self.masks[slot]
                        masked = masked if mask is None else masked * mask[block]
                    total = masked.sum(axis=1)
                    curvature[:, place[i], place[j]] -= total
                    if i != j:
                        curvature[:, place[j], place[i]] -= total

    def _penalty(self, u: Array, weights: Array | None) -> tuple[Array, Array, Array, Array]:
        """Contribution of the priors; columns of `weights` beyond the runs move their means."""
        problem = self.problem
        batch, q = len(u), problem.size
        value, slope = np.zeros(batch), np.zeros((batch, q))
        metric, curvature = np.zeros((batch, q, q)), np.zeros((batch, q, q))
        place = {int(i): k for k, i in enumerate(problem.free)}
        for number, prior in enumerate(problem.priors):
            k = place[prior.slot]
            theta, first, second = _natural_chain(problem.slots[prior.slot], u[:, k])
            moved = 0.0 if weights is None or weights.shape[1] == problem.rows else weights[:, problem.rows + number]
            gap = theta - prior.mean - moved
            weight = problem.prior_weight / prior.sd**2
            value += 0.5 * weight * gap**2
            slope[:, k] += weight * gap * first
            metric[:, k, k] += weight * first**2
            curvature[:, k, k] += weight * (first**2 + gap * second)
        return value, slope, metric, curvature


def _natural_chain(slot: Slot, u: Array) -> tuple[Array, Array, Array]:
    """Natural value of a search coordinate with its derivatives."""
    theta = slot.natural(u)
    if np.isfinite(slot.high):
        first = (theta - slot.low) * (slot.high - theta) / (slot.high - slot.low)
        return theta, first, first * (slot.high + slot.low - 2 * theta) / (slot.high - slot.low)
    return (theta, theta, theta) if slot.low == 0 else (theta, np.ones_like(theta), np.zeros_like(theta))
