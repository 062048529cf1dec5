"""A formula compiled into a tape: value, gradient and Hessian in one pass.

The tape works in coordinates in which scaling laws are sums of exponentials: columns enter as
logarithms, and parameters that only multiply enter as logarithms as well, so that `A/N^alpha`
becomes `exp(a - alpha n)` and its derivatives are multiples of itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import sympy

from isoflop.errors import FormulaError
from isoflop.laws.formula import Formula, column_symbol
from isoflop.laws.functions import Greatest, Least, sigmoid, softplus
from isoflop.laws.tape import COLUMN, CONSTANT, MIXED, PARAMETER, Node, Tape

_UNARY: Final[Mapping[Any, str]] = {
    sympy.exp: "exp",
    sympy.log: "log",
    sympy.tanh: "tanh",
    sigmoid: "sigmoid",
    softplus: "softplus",
    sympy.Heaviside: "heaviside",
}


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


MAX_WORK: Final = 30_000
"""Operations in the second derivatives, roughly, beyond which a formula is refused."""


@dataclass(frozen=True)
class Program:
    """A compiled law: coordinates, tapes for value, gradient and Hessian, and unit exponents.

    Args:
        logarithmic: for each parameter, whether its coordinate is its logarithm.
        value: tape of the law.
        gradient: tape of the law and its slope in each coordinate.
        hessian: tape of the law, its slopes, and second derivatives of `pairs`.
        pairs: parameter pairs with a second derivative that is not identically zero.
        columns: the column names, in the order of the tape's column inputs.
        scale_like: parameters whose exponential multiplies a term: given the others, that
            exponential is found by non-negative least squares.
        linear: real parameters in which the law is linear.
    """

    logarithmic: tuple[bool, ...]
    value: Tape
    gradient: Tape
    hessian: Tape
    pairs: tuple[tuple[int, int], ...]
    columns: tuple[str, ...]
    scale_like: tuple[int, ...] = ()
    linear: tuple[int, ...] = ()


def _inside(expr: sympy.Expr, *, deep: bool) -> set[sympy.Symbol]:
    """Symbols that stand in an exponent or inside a function, other than as a factor within a logarithm."""
    if expr.is_Symbol:
        return {expr} if deep else set()
    if isinstance(expr, sympy.log):
        return _inside(expr.args[0], deep=False)
    if expr.is_Pow and not isinstance(expr, sympy.exp):
        return _inside(expr.base, deep=deep) | _inside(expr.exp, deep=True)
    deeper = deep or (isinstance(expr, sympy.Function) and not isinstance(expr, Least | Greatest))
    return set().union(*(_inside(a, deep=deeper) for a in expr.args)) if expr.args else set()


def log_form(
    formula: Formula, raw_columns: frozenset[str]
) -> tuple[sympy.Expr, list[sympy.Symbol], list[sympy.Symbol], tuple[bool, ...]]:
    """Rewrite a formula in coordinates: log columns, and logs of the parameters that only multiply."""
    exponents = _inside(formula.expression, deep=False)
    replace: dict[sympy.Symbol, sympy.Expr] = {}
    columns, coordinates, logarithmic = [], [], []
    for number, name in enumerate(formula.columns):
        symbol = sympy.Symbol(f"x_{number}", real=True)
        columns.append(symbol)
        replace[column_symbol(name)] = symbol if name in raw_columns else sympy.exp(symbol)
    for number, name in enumerate(formula.parameters):
        symbol = sympy.Symbol(f"v_{number}", real=True)
        own = formula.symbols[name]
        as_log = name not in formula.real and own not in exponents
        coordinates.append(symbol)
        logarithmic.append(as_log)
        replace[own] = sympy.exp(symbol) if as_log else symbol
    return formula.expression.xreplace(replace), columns, coordinates, tuple(logarithmic)


def tidy(expr: sympy.Expr) -> sympy.Expr:
    """Merge products of exponentials into one, and undo the logarithm of one."""
    if not expr.args:
        return expr
    rebuilt = expr.func(*[tidy(a) for a in expr.args])
    if rebuilt.is_Pow and isinstance(rebuilt.base, sympy.exp):
        return sympy.exp(rebuilt.base.args[0] * rebuilt.exp)
    if isinstance(rebuilt, sympy.log) and isinstance(rebuilt.args[0], sympy.exp):
        return rebuilt.args[0].args[0]
    if rebuilt.is_Mul:
        powers = [a for a in rebuilt.args if isinstance(a, sympy.exp)]
        others = [a for a in rebuilt.args if not isinstance(a, sympy.exp)]
        return sympy.Mul(*others, sympy.exp(sympy.Add(*[p.args[0] for p in powers]))) if len(powers) > 1 else rebuilt
    return rebuilt


@lru_cache(maxsize=256)
def _compiled(
    key: tuple[str, tuple[str, ...], tuple[str, ...], frozenset[str]], expression: sympy.Expr, raw: frozenset[str]
) -> Program:
    text, columns, parameters, real = key
    formula = Formula(text, expression, columns, parameters, real=real)
    rewritten, column_symbols, coordinates, logarithmic = log_form(formula, raw)
    law = tidy(rewritten)
    slopes = [tidy(sympy.diff(law, v)) for v in coordinates]
    size = len(coordinates) * sum(int(sympy.count_ops(slope)) for slope in slopes)
    if size > MAX_WORK:
        raise FormulaError(
            f"The derivatives of {text!r} would take about {size} operations; at most {MAX_WORK} are compiled. "
            "Write it with fewer factors, or as a Python function."
        )
    seconds, pairs = [], []
    for i in range(len(coordinates)):
        for j in range(i, len(coordinates)):
            second = tidy(sympy.diff(slopes[i], coordinates[j])).replace(sympy.DiracDelta, lambda *_: sympy.Integer(0))
            if second != 0:
                seconds.append(second)
                pairs.append((i, j))
    inputs = {s: Node("column", (), COLUMN, k) for k, s in enumerate(column_symbols)}
    inputs |= {s: Node("parameter", (), PARAMETER, k) for k, s in enumerate(coordinates)}

    def tape(outputs: list[sympy.Expr]) -> Tape:
        builder = Builder(inputs)
        numbers = tuple(builder.visit(e) for e in outputs)
        return Tape(tuple(builder.nodes), numbers)

    bends = dict(zip(pairs, seconds, strict=True))
    scale_like, linear = _separable(slopes, bends)
    return Program(
        logarithmic, tape([law]), tape([law, *slopes]), tape([law, *slopes, *seconds]), tuple(pairs), columns,
        scale_like, linear,
    )  # fmt: skip


def _separable(
    slopes: list[sympy.Expr], bends: dict[tuple[int, int], sympy.Expr]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Coordinates that, given the others, follow from linear least squares.

    Either the law is linear in the coordinate, or its slope is its own derivative (a term
    `exp(v) g`), and it does not mix with the ones chosen before.
    """
    scale_like: list[int] = []
    linear: list[int] = []
    for k, slope in enumerate(slopes):
        chosen = (*scale_like, *linear)
        if any((min(k, other), max(k, other)) in bends for other in chosen):
            continue
        own = bends.get((k, k), sympy.Integer(0))
        if own == 0:
            linear.append(k)
        elif sympy.expand(own - slope) == 0:
            scale_like.append(k)
    return tuple(scale_like), tuple(linear)


def compile_formula(formula: Formula, raw_columns: frozenset[str] = frozenset()) -> Program:
    """Compile a formula; equal formulas are compiled once.

    Args:
        formula: the parsed law.
        raw_columns: columns that hold zero or negative values and so cannot enter as logarithms.

    Returns:
        The program, with gradient and Hessian tapes.
    """
    key = (formula.text, formula.columns, formula.parameters, formula.real)
    return _compiled(key, formula.expression, raw_columns)
