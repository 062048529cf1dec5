"""The few numbers through which parameters act on columns: a law has fewer and shorter derivatives in them.

`(N_c/N)^(alpha_N/alpha_D)` is `exp(c - s ln N)`: the law feels three parameters through the two numbers c and s,
and its slope in s is ln N times its slope in c. The numbers follow from the parameters without any column, so the
chain rule back to the parameters costs nothing beside the sums over the runs.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import sympy
from numpy.typing import NDArray

from isoflop.laws.builder import Builder, inputs_of
from isoflop.laws.derive import Derivatives
from isoflop.laws.functions import sigmoid, softplus
from isoflop.laws.lean import Lean, find_leaders, full_tape, shorten, tidy
from isoflop.laws.tape import MIXED, Tape

Array = NDArray[Any]

SHORT: Final = 60
"""Work of a Hessian tape that is not worth shortening."""

SHARE: Final = 0.75
"""Share of that work which the inner coordinates may take."""

WORK: Final = {"exp": 6, "log": 6, "expm1": 8, "tanh": 10, "pow": 10, "sigmoid": 12, "softplus": 20}
"""Time of an operation on an array, in products."""


@dataclass(frozen=True)
class Inner:
    """Inner coordinates as functions of a law's own, with their derivatives.

    Args:
        size: how many inner coordinates there are.
        tape: inner coordinates, then their slopes, then their second derivatives.
        slopes: (inner, own) of every slope.
        bends: (inner, own, own) of every second derivative.
    """

    size: int
    tape: Tape
    slopes: tuple[tuple[int, int], ...]
    bends: tuple[tuple[int, int, int], ...]

    def at(self, v: Array) -> "Inside":
        """Inner coordinates and their derivatives at own coordinates v, shape (batch, own)."""
        outputs = self.tape.run([v[:, k : k + 1] for k in range(v.shape[1])], self.tape.column_part([]))
        found = np.concatenate([np.broadcast_to(o, (len(v), 1)) for o in outputs], axis=1)
        slopes = np.zeros((len(v), self.size, v.shape[1]))
        for number, (k, i) in enumerate(self.slopes):
            slopes[:, k, i] = found[:, self.size + number]
        return Inside(found[:, : self.size], slopes, self.bends, found[:, self.size + len(self.slopes) :])


@dataclass(frozen=True)
class Inside:
    """Inner coordinates at some points, and the way back.

    Args:
        w: inner coordinates, shape (batch, inner).
        slopes: their slopes in the own coordinates, (batch, inner, own).
        places: (inner, own, own) of every second derivative.
        bends: second derivatives, (batch, len(places)).
    """

    w: Array
    slopes: Array
    places: tuple[tuple[int, int, int], ...]
    bends: Array

    def slope(self, slope: Array) -> Array:
        """Slope in the own coordinates from that in the inner ones, (batch, own)."""
        return np.asarray(np.matmul(slope[:, None, :], self.slopes)[:, 0])

    def metric(self, metric: Array) -> Array:
        """Quadratic form in the own coordinates, (batch, own, own)."""
        return np.asarray(np.matmul(self.slopes.swapaxes(1, 2), np.matmul(metric, self.slopes)))

    def curvature(self, curvature: Array, slope: Array) -> Array:
        """Hessian in the own coordinates from that in the inner ones and the inner slope, (batch, own, own)."""
        found = self.metric(curvature)
        for number, (k, i, j) in enumerate(self.places):
            bend = slope[:, k] * self.bends[:, number]
            found[:, i, j] += bend
            if i != j:
                found[:, j, i] += bend
        return found


@dataclass(frozen=True)
class Core:
    """A law in inner coordinates.

    Args:
        lean: its tapes in the inner coordinates.
        inner: the inner coordinates as functions of the law's own.
    """

    lean: Lean
    inner: Inner


def core_of(law: sympy.Expr, columns: list[sympy.Symbol], coordinates: list[sympy.Symbol], own: Lean) -> Core | None:
    """Write a law in inner coordinates, where its derivatives are much shorter there.

    Args:
        law: the law over log columns and its own coordinates.
        columns: the log columns.
        coordinates: its own coordinates.
        own: its tapes in them.
    """
    if _work(own) < SHORT:
        return None
    rewriting = _Rewriting(frozenset(columns))
    rewritten = rewriting.visit(law)
    if rewriting.steep:
        return None
    inner = list(rewriting.known.values())
    inputs = inputs_of(columns, inner)
    hessian, pairs = full_tape(rewritten, inputs)
    leaders, ratios = find_leaders([tidy(sympy.diff(rewritten, w)) for w in inner], inner, inputs)
    lean = shorten(hessian.keep(range(1 + len(inner))), hessian, pairs, leaders, ratios)
    return Core(lean, _inner_map(list(rewriting.known), coordinates)) if _work(lean) < SHARE * _work(own) else None


def _work(lean: Lean) -> int:
    """Rough time of a Hessian tape and of the sums over its second derivatives, in products of arrays."""
    mixed = [WORK.get(node.operation, 1) for node in lean.hessian.nodes if node.kind == MIXED]
    return sum(mixed) + 3 * len(lean.pairs)


class _Rewriting:
    """Replaces whatever is free of columns by a coordinate."""

    def __init__(self, columns: frozenset[sympy.Symbol]) -> None:
        self.columns = columns
        self.known: dict[sympy.Expr, sympy.Symbol] = {}
        self.steep = False

    def visit(self, expr: sympy.Expr) -> sympy.Expr:
        """The same expression over columns and inner coordinates."""
        if not expr.free_symbols & self.columns:
            return self._coordinate(expr)
        if not expr.args:
            return expr
        if (expr.is_Add or expr.is_Mul) and expr.is_polynomial(*self.columns):
            return self._polynomial(expr)
        if expr.is_Add or expr.is_Mul:
            return self._grouped(expr)
        # In (x - d)/f, f may vanish, and then x/f - d/f loses all digits of the slope in f.
        self.steep |= isinstance(expr, softplus | sigmoid | sympy.tanh) and _has_reciprocal(expr)
        return expr.func(*[self.visit(a) for a in expr.args])

    def _coordinate(self, expr: sympy.Expr) -> sympy.Expr:
        """A coordinate that stands for an expression without columns; numbers and signs stay."""
        if not expr.free_symbols:
            return expr
        scale, rest = expr.as_coeff_Mul()
        if rest not in self.known:
            self.known[rest] = sympy.Symbol(f"w_{len(self.known)}", real=True)
        return scale * self.known[rest]

    def _polynomial(self, expr: sympy.Expr) -> sympy.Expr:
        """A polynomial in the columns: one coordinate for every coefficient."""
        names = sorted(self.columns & expr.free_symbols, key=str)
        # The constant first: of its slope the others are multiples.
        terms = sorted(sympy.Poly(expr, *names).terms(), key=lambda term: sum(term[0]))
        powers = [sympy.Mul(*[c**p for c, p in zip(names, powers, strict=True)]) for powers, _ in terms]
        return sympy.Add(*[self._coordinate(c) * x for x, (_, c) in zip(powers, terms, strict=True)])

    def _grouped(self, expr: sympy.Expr) -> sympy.Expr:
        """A sum or a product: what is free of columns together, then what is a polynomial in them, then the rest."""
        plain = [a for a in expr.args if not a.free_symbols & self.columns]
        straight = [a for a in expr.args if a not in plain and expr.is_Add and a.is_polynomial(*self.columns)]
        rest = [a for a in expr.args if a not in plain and a not in straight]
        parts = [self.visit(a) for a in rest]
        if straight:
            parts.append(self._polynomial(sympy.Add(*straight, *plain)))
        elif plain:
            parts.append(self._coordinate(expr.func(*plain)))
        return expr.func(*parts)


def _has_reciprocal(expr: sympy.Expr) -> bool:
    """Whether something is divided by."""
    return any(p.exp.could_extract_minus_sign() for p in expr.atoms(sympy.Pow) if not isinstance(p, sympy.exp))


def _inner_map(given: list[sympy.Expr], coordinates: list[sympy.Symbol]) -> Inner:
    """The inner coordinates with all derivatives in the own ones."""
    builder = Builder(inputs_of((), coordinates))
    derivatives = Derivatives(builder)
    roots = [builder.visit(expr) for expr in given]
    found = [derivatives.of(root) for root in roots]
    slopes = [(k, i) for k, (first, _) in enumerate(found) for i in first]
    bends = [(k, i, j) for k, (_, second) in enumerate(found) for i, j in second]
    outputs = [*roots, *(found[k][0][i] for k, i in slopes), *(found[k][1][i, j] for k, i, j in bends)]
    return Inner(len(given), Tape(tuple(builder.nodes), tuple(outputs)), tuple(slopes), tuple(bends))
