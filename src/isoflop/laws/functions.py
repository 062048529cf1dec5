"""Functions that SymPy does not have, kept whole so that they are evaluated without overflow."""

import math

import sympy


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


def is_finite_real(value: sympy.Expr) -> bool:
    """Whether a constant expression is a finite real number in double precision."""
    try:
        number = complex(value)
    except (TypeError, OverflowError):
        return False
    return number.imag == 0 and math.isfinite(number.real)
