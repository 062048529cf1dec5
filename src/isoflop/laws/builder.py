"""From SymPy expressions to the nodes of a tape; equal nodes are shared."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import sympy

from isoflop.laws.functions import Greatest, Least, expm1, sigmoid, softplus
from isoflop.laws.tape import COLUMN, CONSTANT, MIXED, PARAMETER, Node

_UNARY: Final[Mapping[Any, str]] = {
    sympy.exp: "exp",
    expm1: "expm1",
    sympy.log: "log",
    sympy.tanh: "tanh",
    sigmoid: "sigmoid",
    softplus: "softplus",
    sympy.Heaviside: "heaviside",
}


def inputs_of(columns: Sequence[sympy.Symbol], parameters: Sequence[sympy.Symbol]) -> dict[sympy.Symbol, Node]:
    """Leaves of a tape: its columns and its parameters, in this order."""
    leaves = {s: Node("column", (), COLUMN, k) for k, s in enumerate(columns)}
    return leaves | {s: Node("parameter", (), PARAMETER, k) for k, s in enumerate(parameters)}


class Builder:
    """Collects nodes; equal nodes are shared."""

    def __init__(self, inputs: Mapping[sympy.Symbol, Node]) -> None:
        self.nodes: list[Node] = []
        self.known: dict[Node, int] = {}
        self.memo: dict[sympy.Expr, int] = {}
        self.inputs = inputs

    def add(self, node: Node) -> int:
        """Number of a node, new or shared."""
        if node not in self.known:
            self.known[node] = len(self.nodes)
            self.nodes.append(node)
        return self.known[node]

    def apply(self, operation: str, *children: int) -> int:
        """Node of an operation; it depends on all that its children depend on."""
        kinds = {self.nodes[c].kind for c in children} - {CONSTANT}
        kind = MIXED if MIXED in kinds or kinds == {PARAMETER, COLUMN} else max(kinds, default=CONSTANT)
        return self.add(Node(operation, children, kind))

    def fold(self, operation: str, children: list[int]) -> int:
        """Chain a commutative operation, small arrays first, in an order that shares prefixes."""
        parts: list[int] = []
        for kind in (MIXED, COLUMN, PARAMETER, CONSTANT):
            group = sorted(c for c in children if self.nodes[c].kind == kind)
            if group:
                total = group[0]
                for child in group[1:]:
                    total = self.apply(operation, total, child)
                parts.append(total)
        # Parameter and constant parts are joined first: they are small.
        while len(parts) > 1 and self.nodes[parts[-2]].kind != MIXED and self.nodes[parts[-1]].kind <= PARAMETER:
            if self.nodes[parts[-2]].kind == COLUMN and self.nodes[parts[-1]].kind == PARAMETER:
                break
            last = parts.pop()
            parts[-1] = self.apply(operation, parts[-1], last)
        total = parts[0]
        for part in parts[1:]:
            total = self.apply(operation, total, part)
        return total

    def visit(self, expr: sympy.Expr) -> int:
        """Number of the node of an expression."""
        if expr not in self.memo:
            self.memo[expr] = self._visit(expr)
        return self.memo[expr]

    def _visit(self, expr: sympy.Expr) -> int:
        if expr in self.inputs:
            return self.add(self.inputs[expr])
        if expr.is_number:
            return self.add(Node("constant", (), CONSTANT, float(expr)))
        if expr.is_Add:
            return self.fold("add", [self.visit(a) for a in expr.args])
        if expr.is_Mul:
            return self.fold("mul", [self.visit(a) for a in expr.args])
        if expr.is_Pow and expr.func is not sympy.exp:
            return self._power(expr.base, expr.exp)
        if isinstance(expr, Least | Greatest):
            return self._chain("min" if isinstance(expr, Least) else "max", expr.args)
        if expr.func in _UNARY:
            return self.apply(_UNARY[expr.func], self.visit(expr.args[0]))
        raise AssertionError(f"no operation for {expr!r}")

    def _chain(self, operation: str, args: tuple[sympy.Expr, ...]) -> int:
        total = self.visit(args[0])
        for arg in args[1:]:
            total = self.apply(operation, total, self.visit(arg))
        return total

    def _power(self, base: sympy.Expr, exponent: sympy.Expr) -> int:
        child = self.visit(base)
        if exponent == -1:
            return self.apply("reciprocal", child)
        if exponent == 2:
            return self.apply("square", child)
        if exponent.is_number:
            return self.apply("pow", child, self.visit(exponent))
        logarithm = self.apply("log", child)
        return self.apply("exp", self.fold("mul", [logarithm, self.visit(exponent)]))
