"""Laws that no formula can say: a Python function with the same promises as a formula.

The function is code of the user's own program, never text from a file. Its slopes come from the
complex step, so it must work with complex numbers (no abs, no comparison of parameters). An object
with a method `value_and_slopes` besides gives its slopes itself, where sharing work makes it faster;
one with an attribute `linear` names the positive parameters that it is jointly linear in, so that the
search for seeds can solve for them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import sympy
from numpy.typing import NDArray

from isoflop.errors import LawError
from isoflop.laws.compile import Program
from isoflop.laws.formula import Formula, column_symbol, parameter_symbol

Array = NDArray[Any]
LawFunction = Callable[[Mapping[str, Array], Mapping[str, Array]], Array]
"""From parameters, each (batch, 1), and columns, each (n,), to the response, (batch, n)."""

STEP: Final = 1e-30
"""Imaginary step: the derivative has no cancellation, so it can be as small as this."""


@dataclass(frozen=True)
class FunctionTape:
    """A function with the face of a tape.

    Args:
        function: the law.
        parameters: names, in the order of the coordinates.
        columns: names, in the order of the column inputs.
        slopes: whether the outputs are the value and its slopes, or the value alone.
        logarithmic: for each parameter, whether its coordinate is its logarithm.
    """

    function: LawFunction
    parameters: tuple[str, ...]
    columns: tuple[str, ...]
    slopes: bool
    logarithmic: tuple[bool, ...]
    mixed: tuple[int, ...] = ()

    def column_part(self, columns: list[Array]) -> list[Array]:
        """Columns as they are."""
        return columns

    def run(self, coordinates: list[Array], fixed: list[Array], buffers: object = None) -> list[Array]:
        """Value, and slopes by the complex step or as the function gives them."""
        given = dict(zip(self.columns, fixed, strict=True))
        natural = [np.exp(v) if log else np.asarray(v) for v, log in zip(coordinates, self.logarithmic, strict=True)]
        values = dict(zip(self.parameters, natural, strict=True))
        if not self.slopes:
            return [np.asarray(self.function(values, given))]
        value, *slopes = self._sloped(values, given)
        chained = zip(slopes, natural, self.logarithmic, strict=True)
        return [value, *(slope * theta if log else slope for slope, theta, log in chained)]

    def _sloped(self, values: dict[str, Array], given: dict[str, Array]) -> list[Array]:
        """Value and its slopes in the natural parameters."""
        own = getattr(self.function, "value_and_slopes", None)
        if own is not None and not any(np.iscomplexobj(v) for v in values.values()):
            return [np.asarray(output) for output in own(values, given)]
        outputs = [np.asarray(self.function(values, given))]
        for name in self.parameters:
            moved = {**values, name: values[name] + 1j * STEP}
            outputs.append(np.imag(self.function(moved, given)) / STEP)
        return outputs


def function_formula(name: str, columns: tuple[str, ...], parameters: tuple[str, ...], real: frozenset[str]) -> Formula:
    """What stands for the formula of such a law: an undefined function of its columns and parameters.

    Raises:
        LawError: no columns or no parameters are named.
    """
    if not columns or not parameters:
        raise LawError(f"Law {name!r} is a function: name its columns (variables=) and its parameters (parameters=).")
    symbols = [column_symbol(c) for c in columns] + [parameter_symbol(p, real) for p in parameters]
    label = "".join(c if c.isalnum() else "_" for c in name)
    expression = sympy.Function(label)(*symbols)
    return Formula(f"a function of {', '.join(columns)}", expression, columns, parameters, real=real)


def function_program(function: LawFunction, formula: Formula) -> Program:
    """The program of such a law: Gauss-Newton curvature; logarithms of the parameters it calls linear.

    Raises:
        LawError: a parameter called linear is not one of its positive parameters.
    """
    linear = tuple(getattr(function, "linear", ()))
    wrong = [name for name in linear if name not in formula.parameters or name in formula.real]
    if wrong:
        raise LawError(
            f"The function calls {', '.join(wrong)} linear, which is no positive parameter of the law "
            f"({', '.join(formula.parameters)}). Correct its attribute linear."
        )
    logarithmic = tuple(name in linear for name in formula.parameters)
    value, slopes = (FunctionTape(function, formula.parameters, formula.columns, s, logarithmic) for s in (False, True))
    tapes: list[Any] = [value, slopes, slopes]
    solved = tuple(formula.parameters.index(name) for name in linear)
    return Program(logarithmic, tapes[0], tapes[1], tapes[2], (), formula.columns, scale_like=solved)
