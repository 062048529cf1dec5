"""A law along a line of equal compute: loss, slopes and curvature in ln N at C = 6ND.

With `x = ln N`, `y = ln D` and `c = ln(C/6)` the line is `y = c - x`. Columns that follow from N
and D (flops, tokens_per_param) are replaced by them, so that every law with two of these is a
function `g(x, c)`.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

import numpy as np
import sympy
from numpy.typing import NDArray

from isoflop.errors import ColumnError, LawError
from isoflop.laws.builder import Builder, inputs_of
from isoflop.laws.compile import log_form
from isoflop.laws.formula import Formula, column_symbol
from isoflop.laws.law import Law
from isoflop.laws.lean import tidy
from isoflop.laws.tape import Tape
from isoflop.units import FLOPS_PER_PARAM_TOKEN

Array = NDArray[Any]

_X: Final = sympy.Symbol("x_lnN", real=True)
_Y: Final = sympy.Symbol("y_lnD", real=True)
_C: Final = sympy.Symbol("c_lnC6", real=True)
_ALONG: Final[Mapping[str, sympy.Expr]] = {
    "params": _X,
    "tokens": _Y,
    "flops": _X + _Y + sympy.Float(math.log(FLOPS_PER_PARAM_TOKEN)),
    "tokens_per_param": _Y - _X,
}


@dataclass(frozen=True)
class Local:
    """The law at points of isoFLOP lines; all of one shape (draws, points).

    Args:
        loss: `g(x, c)`.
        slope: `dg/dx`, the slope along the line of equal compute.
        rise: `dg/dc`, the slope in ln C at fixed N.
        bend: second derivative in x.
        cross: mixed derivative in x and c.
    """

    loss: Array
    slope: Array
    rise: Array
    bend: Array
    cross: Array


@dataclass(frozen=True)
class Condition:
    """Where the optimum has a closed form: `(N dL/dN) / (D dL/dD) = kappa N^p D^q`.

    Args:
        tape: outputs kappa, p and q, functions of the parameters alone.
        text: the right side in the law's own letters.
    """

    tape: Tape
    text: str


@dataclass(frozen=True)
class Curve:
    """A law compiled along lines of equal compute.

    Args:
        words: the law's columns other than N, D, C and their ratio, in the order of the tapes.
        logarithmic: which parameters enter as logarithms.
        tape: outputs g and its derivatives, in the order of `Local`.
        condition: the closed form, if there is one.
    """

    words: tuple[str, ...]
    logarithmic: tuple[bool, ...]
    tape: Tape
    condition: Condition | None


@dataclass(frozen=True)
class BoundCurve:
    """A curve with parameter draws and the values of the other columns put in.

    Args:
        curve: the compiled law.
        coordinates: one array (draws, 1) per parameter.
        others: value of each other column, as its tape wants it.
    """

    curve: Curve
    coordinates: tuple[Array, ...]
    others: tuple[Array, ...]

    @property
    def draws(self) -> int:
        """Number of parameter draws."""
        return len(self.coordinates[0])

    def take(self, rows: slice) -> "BoundCurve":
        """Some of the draws."""
        return replace(self, coordinates=tuple(v[rows] for v in self.coordinates))

    def at(self, x: Array, c: Array) -> Local:
        """Evaluate at `x = ln N` and `c = ln(C/6)`, both (draws, points) or broadcastable to it."""
        x, c = np.broadcast_arrays(np.asarray(x, dtype=float), np.asarray(c, dtype=float))
        shape = np.broadcast_shapes((self.draws, 1), x.shape)
        tape = self.curve.tape
        with np.errstate(all="ignore"):
            outputs = tape.run(list(self.coordinates), tape.column_part([x, c, *self.others]))
        return Local(*(np.broadcast_to(o, shape) for o in outputs))

    def closed_form(self) -> tuple[Array, Array] | None:
        """Slope a and offset h of `ln N* = a c + h`, each (draws, 1); None without a closed form."""
        if self.curve.condition is None:
            return None
        tape = self.curve.condition.tape
        with np.errstate(all="ignore"):
            outputs = tape.run(list(self.coordinates), tape.column_part(list(self.others)))
            kappa, p, q = (np.broadcast_to(np.asarray(o, dtype=float), (self.draws, 1)) for o in outputs)
            # kappa N^p D^q = 1 with ln D = c - ln N.
            return -q / (p - q), -np.log(kappa) / (p - q)


def bind_curve(law: Law, theta: Array, columns: Mapping[str, float] | None = None) -> BoundCurve:
    """Put parameter draws and fixed columns into a law along lines of equal compute.

    Args:
        law: a law with params and tokens, or one of them with flops.
        theta: parameters in the order of `law.parameter_names`, one level each, shape (draws, p).
        columns: word → value of the law's other columns.

    Returns:
        The curve, ready to be evaluated.

    Raises:
        LawError: the law does not depend on both size and data.
        ColumnError: another column of the law has no value.
    """
    if law.function is not None:
        raise LawError(f"Law {law.name!r} is a Python function; optima need a formula. Compare predictions instead.")
    given = dict(columns or {})
    words = other_columns(law)
    for word in words:
        if word not in given:
            raise ColumnError(f"Law {law.name!r} also depends on {word}, so its optimum does. Give a value: {word}=….")
    values = {w: float(given[w]) for w in words}
    raw = frozenset(w for w, v in values.items() if not v > 0)
    curve = compile_curve(law.parsed, raw)
    theta = np.asarray(theta, dtype=float)
    with np.errstate(all="ignore"):
        coordinates = tuple(
            np.log(theta[:, k, None]) if log else theta[:, k, None] for k, log in enumerate(curve.logarithmic)
        )
    return BoundCurve(curve, coordinates, tuple(np.asarray(v if w in raw else math.log(v)) for w, v in values.items()))


def other_columns(law: Law) -> tuple[str, ...]:
    """Columns of a law other than N, D, C and their ratio.

    Raises:
        LawError: the law does not depend on both size and data.
    """
    along = [w for w in law.columns if w in _ALONG]
    if len(along) < 2:
        raise LawError(
            f"Law {law.name!r} is a function of {', '.join(law.columns)}: a compute-optimal size needs a law in "
            "params and tokens, or in one of them and flops. Fit one, such as chinchilla."
        )
    return tuple(w for w in law.columns if w not in _ALONG)


def compile_curve(formula: Formula, raw: frozenset[str] = frozenset()) -> Curve:
    """Compile a law along lines of equal compute; equal formulas are compiled once.

    Args:
        formula: the law.
        raw: other columns that are zero or negative and cannot enter as logarithms.

    Returns:
        The curve.
    """
    key = (formula.text, formula.columns, formula.parameters, formula.real)
    return _compiled(key, formula.expression, raw)


@lru_cache(maxsize=128)
def _compiled(
    key: tuple[str, tuple[str, ...], tuple[str, ...], frozenset[str]], expression: sympy.Expr, raw: frozenset[str]
) -> Curve:
    text, columns, parameters, real = key
    formula = Formula(text, expression, columns, parameters, real=real)
    rewritten, symbols, coordinates, logarithmic = log_form(formula, raw)
    along = {s: _ALONG[w] for s, w in zip(symbols, columns, strict=True) if w in _ALONG}
    others = [s for s, w in zip(symbols, columns, strict=True) if w not in _ALONG]
    plane = tidy(rewritten.xreplace(along))
    line = tidy(plane.xreplace({_Y: _C - _X}))
    slope, rise = (tidy(sympy.diff(line, v)) for v in (_X, _C))
    bend, cross = (tidy(sympy.diff(slope, v)) for v in (_X, _C))
    smooth = [e.replace(sympy.DiracDelta, lambda *_: sympy.Integer(0)) for e in (line, slope, rise, bend, cross)]
    words = tuple(w for w in columns if w not in _ALONG)
    natural = _natural_symbols(formula, dict(zip(symbols, columns, strict=True)), coordinates, logarithmic, raw)
    condition = _condition(plane, coordinates, others, natural)
    return Curve(words, logarithmic, _tape(smooth, coordinates, [_X, _C, *others]), condition)


def _tape(outputs: list[sympy.Expr], coordinates: list[sympy.Symbol], columns: list[sympy.Symbol]) -> Tape:
    """Compile expressions over parameter coordinates and columns."""
    builder = Builder(inputs_of(columns, coordinates))
    numbers = tuple(builder.visit(e) for e in outputs)
    return Tape(tuple(builder.nodes), numbers)


def _natural_symbols(
    formula: Formula,
    columns: Mapping[sympy.Symbol, str],
    coordinates: list[sympy.Symbol],
    logarithmic: tuple[bool, ...],
    raw: frozenset[str],
) -> dict[sympy.Symbol, sympy.Expr]:
    """Every coordinate in the law's own letters, for the text of the closed form."""
    natural = {_X: sympy.log(column_symbol("params")), _Y: sympy.log(column_symbol("tokens"))}
    for symbol, word in columns.items():
        natural[symbol] = column_symbol(word) if word in raw else sympy.log(column_symbol(word))
    for symbol, name, log in zip(coordinates, formula.parameters, logarithmic, strict=True):
        natural[symbol] = sympy.log(formula.symbols[name]) if log else formula.symbols[name]
    return natural


def _condition(
    plane: sympy.Expr,
    coordinates: list[sympy.Symbol],
    others: list[sympy.Symbol],
    natural: Mapping[sympy.Symbol, sympy.Expr],
) -> Condition | None:
    """Find whether the ratio of the two slopes is one power of N times one of D.

    A monotone wrapper cancels from the ratio: Chinchilla, Skaling and Kaplan's joint law share the
    test, whatever their parameters are called.
    """
    for form in (plane, tidy(sympy.expand(plane))):
        by_size, by_data = (tidy(sympy.diff(form, v)) for v in (_X, _Y))
        if by_size == 0 or by_data == 0:
            return None
        ratio = tidy(by_size / by_data)
        p, q = (tidy(sympy.diff(ratio, v) / ratio) for v in (_X, _Y))
        if not (p.has(_X, _Y) or q.has(_X, _Y)):
            kappa = tidy(ratio.xreplace({_X: sympy.Integer(0), _Y: sympy.Integer(0)}))
            text = str(_as_powers(ratio.xreplace(dict(natural)))).replace("**", "^")
            return Condition(_tape([kappa, p, q], coordinates, others), text)
    return None


def _as_powers(expr: sympy.Expr) -> sympy.Expr:
    """Write `exp(a log z + …)` as `z^a …`, as people write it."""

    def power(term: sympy.Expr) -> sympy.Expr:
        logs = [f for f in sympy.Mul.make_args(term) if isinstance(f, sympy.log)]
        return logs[0].args[0] ** (term / logs[0]) if len(logs) == 1 else sympy.exp(term)

    return expr.replace(sympy.exp, lambda a: sympy.Mul(*(power(t) for t in sympy.Add.make_args(sympy.expand(a)))))
