"""A formula compiled into a tape: value, gradient and Hessian in one pass.

The tape works in coordinates in which scaling laws are sums of exponentials: columns enter as
logarithms, and parameters that only multiply enter as logarithms as well, so that `A/N^alpha`
becomes `exp(a - alpha n)` and its derivatives are multiples of itself.
"""

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, Final

import numpy as np
import sympy
from numpy.typing import NDArray

from isoflop.errors import FormulaError
from isoflop.laws.builder import inputs_of
from isoflop.laws.core import Core, core_of
from isoflop.laws.formula import Formula, column_symbol
from isoflop.laws.functions import Greatest, Least
from isoflop.laws.lean import Lean, find_leaders, full_tape, shorten, tidy
from isoflop.laws.tape import COLUMN, Tape

Array = NDArray[Any]

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
        leaders: for each parameter, the one of whose slope its own is a multiple; () for themselves.
        ratios: tape of those multiples, which depend on columns alone.
        core: the law in inner coordinates, where its derivatives are much shorter there.
    """

    logarithmic: tuple[bool, ...]
    value: Tape
    gradient: Tape
    hessian: Tape
    pairs: tuple[tuple[int, int], ...]
    columns: tuple[str, ...]
    scale_like: tuple[int, ...] = ()
    linear: tuple[int, ...] = ()
    leaders: tuple[int, ...] = ()
    ratios: Tape | None = None
    core: Core | None = None

    @cached_property
    def lean(self) -> Lean:
        """The tapes without the slopes that are multiples of others."""
        own = self.leaders or tuple(range(len(self.logarithmic)))
        return shorten(self.gradient, self.hessian, self.pairs, own, self.ratios)


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


def _natural(expr: sympy.Expr) -> set[sympy.Symbol]:
    """Parameters that enter as they are: those inside functions, unless they are a scale outside as well.

    Of `R exp(-D/R)` the logarithm of R is the coordinate, as of any scale.
    """
    inside = _inside(expr, deep=False)
    powers = {s for p in expr.atoms(sympy.Pow) if not isinstance(p, sympy.exp) for s in p.exp.free_symbols}
    return {s for s in inside if s in powers or not _is_scale(expr, s)}


def _is_scale(expr: sympy.Expr, symbol: sympy.Symbol) -> bool:
    """Whether a symbol is a factor somewhere outside functions and exponents."""
    if expr == symbol:
        return True
    if expr.is_Pow and not isinstance(expr, sympy.exp):
        return _is_scale(expr.base, symbol)
    outside = expr.is_Add or expr.is_Mul or isinstance(expr, Least | Greatest)
    return outside and any(_is_scale(a, symbol) for a in expr.args)


def log_form(
    formula: Formula, raw_columns: frozenset[str]
) -> tuple[sympy.Expr, list[sympy.Symbol], list[sympy.Symbol], tuple[bool, ...]]:
    """Rewrite a formula in coordinates: log columns, and logs of the parameters that only multiply."""
    exponents = _natural(formula.expression)
    known: dict[sympy.Symbol, sympy.Expr] = {}
    columns, coordinates, logarithmic = [], [], []
    for number, name in enumerate(formula.columns):
        symbol = sympy.Symbol(f"x_{number}", real=True)
        columns.append(symbol)
        known[column_symbol(name)] = symbol if name in raw_columns else sympy.exp(symbol)
    for number, name in enumerate(formula.parameters):
        symbol = sympy.Symbol(f"v_{number}", real=True)
        own = formula.symbols[name]
        as_log = name not in formula.real and own not in exponents
        coordinates.append(symbol)
        logarithmic.append(as_log)
        known[own] = sympy.exp(symbol) if as_log else symbol
    return formula.expression.xreplace(known), columns, coordinates, tuple(logarithmic)


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
    inputs = inputs_of(column_symbols, coordinates)
    hessian, pairs = full_tape(law, inputs)
    leaders, ratios = find_leaders(slopes, coordinates, inputs)
    scale_like, linear = _separable(hessian, pairs, len(coordinates))
    program = Program(
        logarithmic, hessian.keep([0]), hessian.keep(range(1 + len(coordinates))), hessian, pairs, columns,
        scale_like, linear, leaders, ratios,
    )  # fmt: skip
    return replace(program, core=core_of(law, column_symbols, coordinates, program.lean))


def _separable(
    hessian: Tape, pairs: tuple[tuple[int, int], ...], count: int
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Coordinates that, given the others, follow from linear least squares.

    Either the law is linear in the coordinate, or its slope is its own derivative (a term
    `exp(v) g`), and it does not mix with the ones chosen before. Seen from values at random points:
    to multiply the derivatives out takes SymPy half a minute where a law has min and max.
    """
    slopes, bends = _sampled(hessian, pairs, count)
    scale_like: list[int] = []
    linear: list[int] = []
    for k, slope in enumerate(slopes):
        mixed = [bends.get((min(k, other), max(k, other))) for other in (*scale_like, *linear)]
        if not all(bend is None or _vanishes(bend, slope) for bend in mixed):
            continue
        own = bends.get((k, k))
        if own is None or _vanishes(own, slope):
            linear.append(k)
        elif _vanishes(own - slope, slope):
            scale_like.append(k)
    return tuple(scale_like), tuple(linear)


def _sampled(
    hessian: Tape, pairs: tuple[tuple[int, int], ...], count: int
) -> tuple[list[Array], dict[tuple[int, int], Array]]:
    """Slopes and second derivatives at random points, those where all are finite."""
    rng = np.random.default_rng(0)
    inputs = sum(node.kind == COLUMN and not node.children for node in hessian.nodes)
    columns = [rng.uniform(0.2, 1.3, 6) for _ in range(inputs)]
    with np.errstate(all="ignore"):
        outputs = hessian.run([rng.uniform(0.2, 1.3, (8, 1)) for _ in range(count)], hessian.column_part(columns))
    values = np.stack([np.broadcast_to(o, (8, 6)).ravel() for o in outputs])
    values = values[:, np.isfinite(values).all(axis=0)]
    return list(values[1 : 1 + count]), dict(zip(pairs, values[1 + count :], strict=True))


def _vanishes(values: Array, beside: Array) -> bool:
    """Whether values are nothing but rounding beside others."""
    return bool(values.size and np.all(np.abs(values) <= 1e-9 * np.abs(beside)))


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
