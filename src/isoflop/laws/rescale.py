"""How the parameters of a law change when the unit of a column changes.

If `N` is counted in other units, `N = g N'`, then `A/N^alpha` keeps its value when
`A' = A g^-alpha`. The exponent is found from the formula and verified numerically; it lets the
fit work on columns whose geometric mean is 1, so that a change of units changes nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import sympy
from numpy.typing import NDArray

from isoflop.laws.builder import Builder
from isoflop.laws.compile import log_form
from isoflop.laws.formula import Formula
from isoflop.laws.functions import Greatest, Least
from isoflop.laws.lean import tidy
from isoflop.laws.tape import PARAMETER, Node, Tape

Array = NDArray[Any]


@dataclass(frozen=True)
class Rescaling:
    """`theta_p = theta'_p g^e(theta)` for each parameter that absorbs the unit of one column.

    Args:
        column: word of the column.
        exponents: parameter → exponent e, over parameters that are themselves unchanged.
    """

    column: str
    exponents: tuple[tuple[str, sympy.Expr], ...]

    def exponent_functions(self, formula: Formula) -> dict[str, Callable[[Array], Array]]:
        """Exponents as functions of natural parameters, shape (…, p) → (…)."""
        return {name: _evaluator(expr, formula) for name, expr in self.exponents}


def _evaluator(expr: sympy.Expr, formula: Formula) -> Callable[[Array], Array]:
    """Evaluate a small expression over parameters on arrays, by walking it."""
    index = {formula.symbols[name]: k for k, name in enumerate(formula.parameters)}

    def walk(node: sympy.Expr, theta: Array) -> Array | float:
        if node in index:
            return theta[..., index[node]]
        if node.is_number:
            return float(node)
        values = [walk(a, theta) for a in node.args]
        if node.is_Add:
            return sum(values[1:], values[0])
        if node.is_Pow and node.func is not sympy.exp:
            return values[0] ** values[1]
        if isinstance(node, sympy.exp):
            return np.exp(values[0])
        product = values[0]
        for value in values[1:]:
            product = product * value
        return product

    return lambda theta: np.asarray(walk(expr, theta))


def expand(expr: sympy.Expr) -> sympy.Expr:
    """Multiply out, unless that would make a long sum."""
    terms = 1
    for product in expr.atoms(sympy.Mul, sympy.Pow) | {expr}:
        here = 1
        for factor in sympy.Mul.make_args(product):
            base, exponent = factor.as_base_exp()
            if base.is_Add:
                here *= len(base.args) ** (int(exponent) if exponent.is_Integer and 0 < exponent < 9 else 9)
        terms = max(terms, here)
    return sympy.expand(expr) if terms <= 64 else expr


def _candidates(
    law: sympy.Expr, x: sympy.Symbol, names: dict[sympy.Symbol, str], logs: set[sympy.Symbol]
) -> dict[str, sympy.Expr]:
    """Exponents suggested by each function in which the column and a parameter stand together."""
    found: dict[str, sympy.Expr] = {}
    for call in law.atoms(sympy.Function):
        nested = {f: sympy.Dummy() for a in call.args[0].args for f in a.atoms(sympy.Function)}
        inner = expand(call.args[0].xreplace(nested))
        _note(found, inner, x, names, logs)
    for power in law.atoms(sympy.Pow):
        # A logarithm of a column beside that of its optimum, squared: the parabola of a bowl.
        if power.base.is_Add and not isinstance(power, sympy.exp):
            _note(found, expand(power.base), x, names, logs)
    for product in law.atoms(sympy.Mul):
        powers = [f for f in product.args if isinstance(f, sympy.exp) and f.has(x)]
        bases = {f.as_base_exp()[0]: f.as_base_exp()[1] for f in product.args}
        for symbol in set(names) - logs:
            if symbol in bases and len(powers) == 1:
                slope = sympy.diff(powers[0].args[0], x)
                if not slope.has(x):
                    found.setdefault(names[symbol], -slope / bases[symbol])
    return found


def _by_degree(
    law: sympy.Expr, x: sympy.Symbol, names: dict[sympy.Symbol, str], logs: set[sympy.Symbol]
) -> dict[str, sympy.Expr]:
    """Exponents at which scales offset the power of the column in the rest of a product, or keep up with it."""
    found: dict[str, sympy.Expr] = {}
    for product in law.atoms(sympy.Mul):
        _note_scale(found, [f for f in product.args if not f.has(x)], -_degree(product, x), names, logs)
    for call in law.atoms(Least, Greatest):
        _note_scale(found, [f for f in call.args if not f.has(x)], _degree(call, x), names, logs)
    return found


def _note_scale(
    found: dict[str, sympy.Expr],
    terms: list[sympy.Expr],
    degree: sympy.Expr,
    names: dict[sympy.Symbol, str],
    logs: set[sympy.Symbol],
) -> None:
    """Note the exponent of the one scale among some terms."""
    inside = [f.args[0] for f in terms if isinstance(f, sympy.exp)]
    symbols = {s for e in inside for s in logs if sympy.diff(e, s) == 1}
    if len(symbols) == 1 and degree != 0:
        found.setdefault(names[symbols.pop()], degree)


def _degree(expr: sympy.Expr, x: sympy.Symbol) -> sympy.Expr:
    """Power of the column in an expression: a guess where its terms differ, to be verified."""
    if isinstance(expr, sympy.exp):
        slope = sympy.diff(expr.args[0], x)
        return sympy.Integer(0) if slope.has(x) else slope
    if expr.is_Mul:
        return sympy.Add(*(_degree(a, x) for a in expr.args))
    if expr.is_Pow:
        return _degree(expr.base, x) * expr.exp
    terms = expr.args if expr.is_Add or isinstance(expr, Least | Greatest) else ()
    return next((d for d in (_degree(a, x) for a in terms) if d != 0), sympy.Integer(0))


def _note(
    found: dict[str, sympy.Expr],
    inner: sympy.Expr,
    x: sympy.Symbol,
    names: dict[sympy.Symbol, str],
    logs: set[sympy.Symbol],
) -> None:
    """Note the exponents at which the column's shift cancels in an expression linear in it."""
    slope = sympy.diff(inner, x)
    if slope == 0 or slope.has(x):
        return
    for symbol in logs:
        weight = sympy.diff(inner, symbol)
        if weight != 0 and not weight.has(symbol):
            found.setdefault(names[symbol], sympy.cancel(-slope / weight))


def _holds(
    law: sympy.Expr, x: sympy.Symbol, exponents: dict[sympy.Symbol, sympy.Expr], logs: set[sympy.Symbol]
) -> bool:
    """Whether the law keeps its values when the column and the parameters move together, at random points."""
    symbols = sorted(law.free_symbols | {x}, key=str)
    builder = Builder({s: Node("parameter", (), PARAMETER, k) for k, s in enumerate(symbols)})
    tape = Tape((), tuple(builder.visit(e) for e in (law, *exponents.values())))
    tape = replace(tape, nodes=tuple(builder.nodes))
    rng = np.random.default_rng(0)
    # Natural parameters are positive; columns and scales are logarithms, spread so that every kink is crossed.
    signed = {s for s in symbols if s in logs or str(s).startswith("x_")}
    points = {s: rng.uniform(*((-2.0, 2.0) if s in signed else (0.2, 1.3)), (64, 1)) for s in symbols}
    # Half of the exponents are small: a number of the size of a column, such as 1e25, to a large one is nothing.
    points |= {s: points[s] * np.where(np.arange(64) % 2, 1.0, 0.01)[:, None] for s in symbols if s not in signed}
    shift = rng.uniform(0.2, 1.0, (64, 1))
    with np.errstate(all="ignore"):
        before, *powers = tape.run(list(points.values()), tape.column_part([]))
        moved = points | {x: points[x] + shift}
        for symbol, power in zip(exponents, powers, strict=True):
            moved[symbol] = points[symbol] + power * shift if symbol in logs else points[symbol] * np.exp(power * shift)
        after = tape.run(list(moved.values()), tape.column_part([]))[0]
    known = np.isfinite(before) & np.isfinite(after)
    return bool(known.any() and np.allclose(after[known], before[known], rtol=1e-9, atol=0.0))


def _verified(
    law: sympy.Expr, x: sympy.Symbol, names: dict[sympy.Symbol, str], logs: set[sympy.Symbol]
) -> dict[str, sympy.Expr] | None:
    """Exponents under which the law keeps its value when the column's unit changes, or None."""
    near, degree = _candidates(law, x, names, logs), _by_degree(law, x, names, logs)
    for guess in (near, degree, degree | near):
        moved = {v for v, name in names.items() if name in guess}
        found = {n: e for n, e in guess.items() if e.free_symbols <= names.keys() - moved}
        exponents = {symbol: found[name] for symbol, name in names.items() if name in found}
        if found and _holds(law, x, exponents, logs):
            return found
    return None


@lru_cache(maxsize=256)
def _found(
    formula_key: tuple[str, tuple[str, ...], tuple[str, ...], frozenset[str]], expression: sympy.Expr, column: str
) -> Rescaling | None:
    text, columns, parameters, real = formula_key
    formula = Formula(text, expression, columns, parameters, real=real)
    rewritten, column_symbols, coordinates, logarithmic = log_form(formula, frozenset())
    x = column_symbols[columns.index(column)]
    names = dict(zip(coordinates, parameters, strict=True))
    logs = {v for v, log in zip(coordinates, logarithmic, strict=True) if log}
    tried = (_verified(tidy(form), x, names, logs) for form in (rewritten, expand(rewritten)))
    found = next((e for e in tried if e), None)
    if found is None:
        return None
    natural = {v: formula.symbols[name] for v, name in names.items()}
    return Rescaling(column, tuple((n, found[n].xreplace(natural)) for n in parameters if n in found))


def rescaling(formula: Formula, column: str) -> Rescaling | None:
    """How parameters absorb a change of a column's unit.

    Args:
        formula: the law.
        column: word of the column.

    Returns:
        The exponents, or None when the law is not closed under a change of that unit.

    >>> from isoflop.laws.formula import parse_formula
    >>> rescaling(parse_formula("E + A/N^alpha"), "params").exponents
    (('A', alpha),)
    """
    key = (formula.text, formula.columns, formula.parameters, formula.real)
    return _found(key, formula.expression, column)
