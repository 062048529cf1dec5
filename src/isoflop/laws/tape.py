"""A list of NumPy operations that gives the value of a law and its derivatives.

No source text is generated and nothing is evaluated as code; each node is one operation.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

CONSTANT, PARAMETER, COLUMN, MIXED = range(4)
"""What a node depends on; it has shape (), (…, 1), (n,) or (…, n)."""


def _sigmoid(x: Array, out: Array | None = None) -> Array:
    """Logistic function without overflow; also for complex arguments."""
    return np.asarray(np.divide(1.0, 1.0 + np.exp(-x), out=out))


def _softplus(x: Array, out: Array | None = None) -> Array:
    """`log(1 + e^x)` without overflow."""
    if np.iscomplexobj(x):
        # NumPy's complex log1p is log(1 + w), which loses the digits of a small w.
        positive = x.real > 0
        w = np.exp(np.where(positive, -x, x))
        size = 0.5 * np.log1p(w.real * (2 + w.real) + w.imag**2)
        return np.asarray(np.where(positive, x, 0.0) + size + 1j * np.arctan2(w.imag, 1 + w.real))
    # As exact as np.logaddexp, and three times as fast.
    tail = np.abs(x)
    np.negative(tail, out=tail)
    np.log1p(np.exp(tail, out=tail), out=tail)
    return np.add(np.maximum(x, 0.0), tail, out=out)


def _step(x: Array, out: Array | None = None) -> Array:
    """Heaviside step, one half at zero."""
    return np.asarray(np.heaviside(x.real, 0.5, out=out))


def _minimum(x: Array, y: Array, out: Array | None = None) -> Array:
    """Smaller of two, compared by the real part."""
    return np.minimum(x, y, out=out) if not np.iscomplexobj(x + y) else np.where(x.real <= y.real, x, y)


def _maximum(x: Array, y: Array, out: Array | None = None) -> Array:
    """Larger of two, compared by the real part."""
    return np.maximum(x, y, out=out) if not np.iscomplexobj(x + y) else np.where(x.real >= y.real, x, y)


_OPERATIONS: Final[Mapping[str, Any]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "pow": np.power,
    "reciprocal": np.reciprocal,
    "square": np.square,
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "tanh": np.tanh,
    "sigmoid": _sigmoid,
    "softplus": _softplus,
    "heaviside": _step,
    "min": _minimum,
    "max": _maximum,
}


@dataclass(frozen=True)
class Node:
    """One operation over earlier nodes; inputs carry their index, constants their value."""

    operation: str
    children: tuple[int, ...]
    kind: int
    payload: float = 0.0


@dataclass(frozen=True)
class Tape:
    """Operations that give the outputs from parameter coordinates and log columns."""

    nodes: tuple[Node, ...]
    outputs: tuple[int, ...]

    @cached_property
    def _plan(self) -> tuple[tuple[int, Any, tuple[int, ...], int], ...]:
        """Operations with their functions looked up."""
        return tuple(
            (number, _OPERATIONS[node.operation], node.children, node.kind)
            for number, node in enumerate(self.nodes)
            if node.children
        )

    @cached_property
    def _leaves(self) -> tuple[tuple[int, Node], ...]:
        return tuple((number, node) for number, node in enumerate(self.nodes) if not node.children)

    @cached_property
    def _parameters(self) -> tuple[tuple[int, int], ...]:
        """Nodes that are parameters, with their index."""
        return tuple((number, int(node.payload)) for number, node in self._leaves if node.kind == PARAMETER)

    @cached_property
    def _moving(self) -> tuple[tuple[int, Any, int, int | None], ...]:
        """Operations that depend on parameters, with their one or two inputs."""
        return tuple(
            (number, function, children[0], children[1] if len(children) > 1 else None)
            for number, function, children, kind in self._plan
            if kind in (PARAMETER, MIXED)
        )

    def column_part(self, columns: list[Array]) -> list[Array | None]:
        """Values of all nodes that depend on columns alone; computed once per table."""
        values: list[Array | None] = [None] * len(self.nodes)
        for number, node in self._leaves:
            if node.kind == CONSTANT:
                values[number] = np.asarray(node.payload)
            elif node.kind == COLUMN:
                values[number] = columns[int(node.payload)]
        for number, function, children, kind in self._plan:
            if kind <= CONSTANT or kind == COLUMN:
                values[number] = function(*[values[c] for c in children])
        return values

    def run(
        self, coordinates: list[Array], fixed: list[Array | None], buffers: dict[int, Array] | None = None
    ) -> list[Array]:
        """Values of the outputs.

        Args:
            coordinates: one array (…, 1) per parameter (or (…, n) where it varies by row).
            fixed: the column part, from `column_part`.
            buffers: work space by node, of the full shape, shared as `places` says; made anew when None.

        Returns:
            One array per output, broadcastable to (…, n). They may alias the buffers.
        """
        values: list[Any] = list(fixed)
        outs: list[Array | None] = [None] * len(values)
        if buffers is not None:
            for number, space in buffers.items():
                outs[number] = space
        for number, which in self._parameters:
            values[number] = coordinates[which]
        # The shortest form of this loop: small tables pay for every operation's overhead.
        for number, function, x, y in self._moving:
            if y is None:
                values[number] = function(values[x], outs[number])
            else:
                values[number] = function(values[x], values[y], outs[number])
        return [values[o] for o in self.outputs]

    def keep(self, positions: Iterable[int]) -> "Tape":
        """The tape with some of its outputs, and the nodes that they need."""
        outputs = [self.outputs[p] for p in positions]
        needed, waiting = set(outputs), list(outputs)
        while waiting:
            fresh = set(self.nodes[waiting.pop()].children) - needed
            needed |= fresh
            waiting += fresh
        place = {old: new for new, old in enumerate(sorted(needed))}
        nodes = [replace(self.nodes[k], children=tuple(place[c] for c in self.nodes[k].children)) for k in place]
        return Tape(tuple(nodes), tuple(place[o] for o in outputs))

    @cached_property
    def places(self) -> dict[int, int]:
        """Place in the work space of every node of the full shape; a place is used again once its node is not needed.

        Fewer places stay in the processor's cache.
        """
        last = {child: number for number, _, children, _ in self._plan for child in children}
        kept, count = set(self.outputs), 0
        free: list[int] = []
        found: dict[int, int] = {}
        for number, _, children, kind in self._plan:
            # An operation may overwrite what it reads for the last time.
            free += [found[c] for c in set(children) & found.keys() - kept if last[c] == number]
            if kind == MIXED:
                found[number] = free.pop() if free else count
                count += found[number] == count
        return found
