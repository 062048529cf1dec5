"""The functions that formulas may use, and those that SymPy does not have or would take apart."""

import math
from collections.abc import Callable, Mapping
from typing import Final

import sympy
from sympy.printing.latex import LatexPrinter


class sigmoid(sympy.Function):  # type: ignore[misc]  # SymPy prints the class name
    """`1 / (1 + exp(-x))`, kept whole so that it is evaluated without overflow."""

    def fdiff(self, argindex: int = 1) -> sympy.Expr:
        """Give the derivative."""
        return sigmoid(self.args[0]) * (1 - sigmoid(self.args[0]))


class softplus(sympy.Function):  # type: ignore[misc]  # SymPy prints the class name
    """`log(1 + exp(x))`, kept whole so that it is evaluated without overflow."""

    def fdiff(self, argindex: int = 1) -> sympy.Expr:
        """Give the derivative."""
        return sigmoid(self.args[0])


class expm1(sympy.Function):  # type: ignore[misc]  # SymPy prints the class name
    """`exp(x) - 1`, kept whole: for a small x the difference of the two loses every digit."""

    def fdiff(self, argindex: int = 1) -> sympy.Expr:
        """Give the derivative."""
        return sympy.exp(self.args[0])

    def _latex(self, printer: LatexPrinter, exp: str | None = None) -> str:
        """Print as readers know it."""
        text = rf"\left(e^{{{printer.doprint(self.args[0])}}} - 1\right)"
        return text if exp is None else rf"{text}^{{{exp}}}"


class Greatest(sympy.Function):  # type: ignore[misc]
    """The larger of two, kept as written: SymPy's own Max compares its arguments, which can take for ever."""

    def fdiff(self, argindex: int = 1) -> sympy.Expr:
        """Give the derivative: one where the argument is the larger, one half at a tie."""
        gap = self.args[0] - self.args[1]
        return sympy.Heaviside(gap if argindex == 1 else -gap)


class Least(sympy.Function):  # type: ignore[misc]
    """The smaller of two, kept as written."""

    def fdiff(self, argindex: int = 1) -> sympy.Expr:
        """Give the derivative: one where the argument is the smaller, one half at a tie."""
        gap = self.args[1] - self.args[0]
        return sympy.Heaviside(gap if argindex == 1 else -gap)


# They are printed, and so can be read again, under the names that formulas use.
Greatest.__name__, Least.__name__ = "max", "min"


FUNCTIONS: Final = ("exp", "expm1", "log", "log2", "log10", "sqrt", "tanh", "sigmoid", "softplus", "min", "max")

UNARY: Final[Mapping[str, Callable[[sympy.Expr], sympy.Expr]]] = {
    "exp": sympy.exp,
    "expm1": expm1,
    "log": sympy.log,
    "log2": lambda x: sympy.log(x) / sympy.log(2),
    "log10": lambda x: sympy.log(x) / sympy.log(10),
    "sqrt": sympy.sqrt,
    "tanh": sympy.tanh,
    "sigmoid": sigmoid,
    "softplus": softplus,
}


NUMERIC: Final[Mapping[str, Callable[..., float]]] = {
    "exp": math.exp,
    "expm1": math.expm1,
    "log": math.log,
    "log2": math.log2,
    "log10": math.log10,
    "sqrt": math.sqrt,
    "tanh": math.tanh,
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "softplus": lambda x: max(x, 0.0) + math.log1p(math.exp(-abs(x))),
    "min": min,
    "max": max,
}


def is_finite_real(value: sympy.Expr) -> bool:
    """Whether a constant expression is a finite real number in double precision."""
    try:
        number = complex(value)
    except (TypeError, OverflowError):
        return False
    return number.imag == 0 and math.isfinite(number.real)
