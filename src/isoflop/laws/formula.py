"""Text of a law → safe parse → SymPy: the only place where formulas are read.

The parser walks Python's syntax tree and accepts a whitelist; nothing is evaluated as code.
"""

import ast
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, reduce
from typing import Final

import sympy

from isoflop.errors import FormulaError
from isoflop.laws.functions import FUNCTIONS, NUMERIC, UNARY, Greatest, Least, is_finite_real
from isoflop.laws.syntax import split_sides, syntax_tree
from isoflop.runs.columns import SYMBOL_TO_WORD, VOCABULARY

MAX_PARAMETERS: Final = 40
MAX_EXPONENT: Final = 100


@dataclass(frozen=True)
class Formula:
    """A parsed law: `response = expression` over columns and parameters.

    Args:
        text: the formula as it was written.
        expression: SymPy form, parameters and columns as positive symbols.
        columns: words (or names) of the columns used, in order of appearance.
        parameters: names of the parameters, in order of appearance.
        indexed: parameter → column, for parameters with one value per level (`A[recipe]`).
        response: the word on the left of `=`, when one was written.
        real: parameters that may be zero or negative.
    """

    text: str
    expression: sympy.Expr
    columns: tuple[str, ...]
    parameters: tuple[str, ...]
    indexed: Mapping[str, str] = field(default_factory=dict)
    response: str | None = None
    real: frozenset[str] = frozenset()

    @cached_property
    def symbols(self) -> dict[str, sympy.Symbol]:
        """SymPy symbol of every column and parameter, by word or name."""
        return {name: column_symbol(name) for name in self.columns} | {
            name: parameter_symbol(name, self.real) for name in self.parameters
        }

    @cached_property
    def linear(self) -> tuple[str, ...]:
        """Parameters in which the law is jointly linear, found from the derivatives."""
        chosen: list[str] = []
        for name in self.parameters:
            slope = sympy.diff(self.expression, self.symbols[name])
            others = [self.symbols[other] for other in (*chosen, name)]
            if not slope.free_symbols.intersection(others):
                chosen.append(name)
        return tuple(chosen)

    @cached_property
    def latex(self) -> str:
        """LaTeX of the whole equation."""
        left = sympy.latex(column_symbol(self.response or "loss"))
        names = {
            self.symbols[p]: rf"{sympy.latex(self.symbols[p])}_{{\mathrm{{{c}}}}}" for p, c in self.indexed.items()
        }
        return f"{left} = {sympy.latex(self.expression, symbol_names=names)}"


def column_symbol(name: str) -> sympy.Symbol:
    """Symbol of a column: its letter where the vocabulary has one, else its name."""
    column = VOCABULARY.get(name)
    return sympy.Symbol(column.letter if column and column.letter else name, positive=True)


def parameter_symbol(name: str, real: frozenset[str]) -> sympy.Symbol:
    """Symbol of a parameter: positive unless it is declared real."""
    return sympy.Symbol(name, real=True) if name in real else sympy.Symbol(name, positive=True)


def parse_formula(text: str, columns: Iterable[str] = (), real: Iterable[str] = ()) -> Formula:
    """Read the text of a law.

    Args:
        text: for instance `L = E + A/N^alpha + B/D^beta`; the left side may be left out.
        columns: names that stand for columns besides the vocabulary's letters and words.
        real: parameters that may be zero or negative; all others are positive.

    Returns:
        The parsed formula.

    Raises:
        FormulaError: the text holds anything that is not on the whitelist.

    >>> parse_formula("E + A/N^alpha + B/D^beta").linear
    ('E', 'A', 'B')
    """
    if not text.strip():
        raise FormulaError("The formula is empty. Write for instance: E + A/N^alpha + B/D^beta.")
    left, right = split_sides(text)
    tree = syntax_tree(right, text)
    reader = _Reader(text, frozenset(columns), frozenset(real))
    response = reader.response(left) if left is not None else None
    expression = reader.read(tree)
    if not reader.parameters:
        raise FormulaError(f"{text!r} has no parameter to fit. Name at least one, as A in A/N^alpha.")
    if not reader.columns:
        raise FormulaError(_no_column(text, tuple(reader.parameters)))
    if len(reader.parameters) > MAX_PARAMETERS:
        raise FormulaError(f"The formula has {len(reader.parameters)} parameters; at most {MAX_PARAMETERS} are fitted.")
    if expression.has(sympy.Abs):
        raise FormulaError(f"{text!r} takes the absolute value of a real parameter (√x²). Declare it positive.")
    if expression.has(sympy.nan, sympy.zoo, sympy.oo, sympy.I):
        raise FormulaError(f"{text!r} has no finite real value (division by zero or an overflow). Correct it.")
    names = tuple(reader.parameters)
    return Formula(text.strip(), expression, tuple(reader.columns), names, reader.indexed, response, reader.real)


def _no_column(text: str, names: tuple[str, ...]) -> str:
    """What to say of a formula whose every name is a parameter."""
    near = [f"{name.upper()} for {name}" for name in names if name.upper() in SYMBOL_TO_WORD and name != name.upper()]
    step = f"Write {', '.join(near)}" if near else f"Use {', '.join(SYMBOL_TO_WORD)}, or the name of a column"
    return f"{text!r} depends on no column: {', '.join(names)} are read as parameters. {step}."


class _Reader:
    """Turns a whitelisted syntax tree into SymPy and collects names on the way."""

    def __init__(self, text: str, columns: frozenset[str], real: frozenset[str]) -> None:
        self.text = text
        self.extra = columns
        self.real = real
        self.columns: list[str] = []
        self.parameters: list[str] = []
        self.indexed: dict[str, str] = {}

    def response(self, name: str) -> str:
        """Word of the response on the left side."""
        if not name.isidentifier():
            raise FormulaError(f"{self.text!r}: the left side {name!r} is not one name. Write L = … or loss = ….")
        return self._word(name) or name

    def read(self, node: ast.expr) -> sympy.Expr:
        """Convert one node, or refuse it with its text; what is a number must be finite and real."""
        value = self._read(node)
        if value.is_number and not is_finite_real(value):
            raise self._refused(node, "has no finite real value")
        return value

    def _read(self, node: ast.expr) -> sympy.Expr:
        match node:
            case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
                return self._number(value)
            case ast.Name(id=name):
                return self._name(name)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self.read(operand)
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.read(operand)
            case ast.BinOp(left=left, op=operator, right=right):
                return self._binary(node, self.read(left), operator, self.read(right))
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self._call(name, arguments)
            case ast.Subscript(value=ast.Name(id=name), slice=ast.Name(id=column)):
                return self._indexed(name, column)
        raise self._refused(node)

    def _refused(self, node: ast.expr, why: str = "is not allowed in a formula") -> FormulaError:
        token = ast.unparse(node).replace("**", "^")[:60]
        return FormulaError(
            f"{token!r} {why} (in {self.text!r}). Allowed: names, numbers, + - * / ^ **, brackets, "
            f"A[column], and the functions {', '.join(FUNCTIONS)}."
        )

    def _number(self, value: float) -> sympy.Expr:
        if isinstance(value, int) and abs(value) <= 1_000_000:
            return sympy.Integer(value)
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise FormulaError(f"A number in {self.text!r} is too large for double precision. Rescale it.")
        return sympy.Float(number)

    def _word(self, name: str) -> str | None:
        """Column word that a name stands for, if any."""
        if name in SYMBOL_TO_WORD:
            return SYMBOL_TO_WORD[name]
        return name if name in VOCABULARY or name in self.extra else None

    def _name(self, name: str) -> sympy.Expr:
        word = self._word(name)
        if word is not None:
            if word not in self.columns:
                self.columns.append(word)
            return column_symbol(word)
        if name in FUNCTIONS:
            raise FormulaError(f"{name!r} is a function: write {name}(…) (in {self.text!r}).")
        if name in self.indexed:
            raise FormulaError(
                f"{name!r} stands both with and without [{self.indexed[name]}] in {self.text!r}. Choose one."
            )
        return self._parameter(name)

    def _parameter(self, name: str) -> sympy.Expr:
        if name not in self.parameters:
            self.parameters.append(name)
        return parameter_symbol(name, self.real)

    def _indexed(self, name: str, column: str) -> sympy.Expr:
        if self._word(name) is not None or name in FUNCTIONS:
            raise FormulaError(f"{name!r} in {name}[{column}] is not a parameter. Index a parameter, as A[recipe].")
        if self.indexed.get(name, column) != column or (name in self.parameters and name not in self.indexed):
            raise FormulaError(f"{name!r} is written in two ways in {self.text!r}; index it by one column everywhere.")
        self.indexed[name] = column
        return self._parameter(name)

    def _binary(self, node: ast.expr, left: sympy.Expr, operator: ast.operator, right: sympy.Expr) -> sympy.Expr:
        match operator:
            case ast.Add():
                return left + right
            case ast.Sub():
                return left - right
            case ast.Mult():
                return left * right
            case ast.Div():
                if right.is_zero:
                    raise self._refused(node, "divides by zero")
                return left / right
            case ast.Pow():
                return self._power(node, left, right)
        raise self._refused(node)

    def _power(self, node: ast.expr, left: sympy.Expr, right: sympy.Expr) -> sympy.Expr:
        """Raise to a power; two numbers are folded in floating point, so 9^9^9 cannot hang."""
        if not left.is_number:
            if right.is_number and abs(float(right)) > MAX_EXPONENT:
                raise self._refused(node, f"has an exponent beyond ±{MAX_EXPONENT}")
            return left**right
        if not right.is_number:
            return left**right
        if left.is_Integer and right.is_Integer and abs(left) <= 10 and abs(right) <= 6 and left != 0:
            return left**right
        try:
            value = float(left) ** float(right)
        except (OverflowError, ZeroDivisionError):
            raise self._refused(node, "overflows") from None
        if isinstance(value, complex) or not math.isfinite(value):
            raise self._refused(node, "is not a real number")
        return sympy.Float(value)

    def _call(self, name: str, arguments: list[ast.expr]) -> sympy.Expr:
        if name not in FUNCTIONS:
            raise FormulaError(
                f"The function {name!r} is not allowed (in {self.text!r}). Allowed: {', '.join(FUNCTIONS)}."
            )
        many = name in ("min", "max")
        if (len(arguments) < 2) if many else (len(arguments) != 1):
            raise FormulaError(
                f"{name} takes {'at least two arguments' if many else 'one argument'}, not {len(arguments)} "
                f"(in {self.text!r})."
            )
        values = [self.read(argument) for argument in arguments]
        if all(value.is_number for value in values):
            return self._folded(name, [float(value) for value in values])
        if many:
            return reduce(Least if name == "min" else Greatest, values)
        return UNARY[name](values[0])

    def _folded(self, name: str, values: list[float]) -> sympy.Expr:
        """A function of numbers, as a number."""
        try:
            return sympy.Float(NUMERIC[name](*values))
        except (OverflowError, ValueError):
            raise FormulaError(
                f"{name} of {', '.join(f'{v:g}' for v in values)} has no finite real value (in {self.text!r}). "
                "Use other numbers."
            ) from None
