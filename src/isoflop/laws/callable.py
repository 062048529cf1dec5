"""Laws that no formula can say: a Python function with the same promises as a formula.

The function is code of the user's own program, never text from a file. Its slopes come from the
complex step, so it must work with complex numbers (no abs, no comparison of parameters). An object
with a method `value_and_slopes` besides gives its slopes itself, where sharing work makes it faster;
one with an attribute `linear` names the positive parameters that it is jointly linear in, so that the
search for seeds can solve for them. With `bends`, the pairs of parameters whose second derivative is
not zero, and a method `value_slopes_and_bends`, searches take Newton's steps rather than Gauss and
Newton's, of which a curved valley needs ten times as many. What a method `prepared` makes of the
columns is then given to all of these in place of the columns, and made once per table. One that sums
numbers with a unit may count in a unit of its own: `in_own_unit` gives the function that does, and the
unit, and `absorbs` the power of the unit that each parameter carries.
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

CELLS: Final = 16384
"""Points times rows that are worked on together: arrays of this size stay in the cache."""

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
        pairs: pairs of coordinates whose second derivatives follow the slopes.
    """

    function: LawFunction
    parameters: tuple[str, ...]
    columns: tuple[str, ...]
    slopes: bool
    logarithmic: tuple[bool, ...]
    pairs: tuple[tuple[int, int], ...] = ()

    @property
    def places(self) -> Mapping[int, int]:
        """Place in the work space of every output: each needs one of its own."""
        return {number: number for number in range(1 + self.slopes * len(self.parameters) + len(self.pairs))}

    def column_part(self, columns: list[Array]) -> list[Any]:
        """The columns by their names, or what the function makes of them."""
        given = dict(zip(self.columns, columns, strict=True))
        prepared = getattr(self.function, "prepared", None)
        return [given if prepared is None else prepared(given)]

    def run(
        self, coordinates: list[Array], fixed: list[Any], buffers: Mapping[int, Array] | None = None
    ) -> list[Array]:
        """Value, and slopes by the complex step or as the function gives them.

        Args:
            coordinates: one array (…, 1) per parameter.
            fixed: the column part, from `column_part`.
            buffers: work space by output, each (batch, rows), which then is filled for a few points at a time.

        Returns:
            One array per output, broadcastable to (…, rows).
        """
        if not buffers:
            return self._outputs(coordinates, *fixed)
        batch, rows = buffers[0].shape
        few = max(1, CELLS // max(rows, 1))
        for first in range(0, batch, few):
            some = slice(first, first + few)
            for number, output in enumerate(self._outputs([v[some] for v in coordinates], *fixed)):
                buffers[number][some] = output
        return [buffers[number] for number in self.places]

    def _outputs(self, coordinates: list[Array], given: object) -> list[Array]:
        """Value, slopes and bends."""
        natural = [np.exp(v) if log else np.asarray(v) for v, log in zip(coordinates, self.logarithmic, strict=True)]
        values = dict(zip(self.parameters, natural, strict=True))
        function: Any = self.function
        if not self.slopes:
            return [np.asarray(function(values, given))]
        bends: list[Array] = []
        if self.pairs:
            value, slopes, bends = function.value_slopes_and_bends(values, given)
        else:
            value, *slopes = self._sloped(values, given)
        chained = [s * t if log else s for s, t, log in zip(slopes, natural, self.logarithmic, strict=True)]
        return [value, *chained, *self._chained_bends(bends, chained, natural)]

    def _chained_bends(self, bends: list[Array], slopes: list[Array], natural: list[Array]) -> list[Array]:
        """Second derivatives in the coordinates from those in the parameters."""
        if not self.pairs:
            return []
        known = dict(zip(_bent_pairs(self.function, self.parameters), bends, strict=True))
        found = []
        for a, b in self.pairs:
            bend = known.get((a, b))
            for k in (a, b):
                bend = bend * natural[k] if bend is not None and self.logarithmic[k] else bend
            # The exponential of a logarithm bends by itself.
            own = slopes[a] if a == b and self.logarithmic[a] else None
            found.append(own if bend is None else bend if own is None else bend + own)
        return [one for one in found if one is not None]

    def _sloped(self, values: dict[str, Array], given: object) -> list[Array]:
        """Value and its slopes in the natural parameters."""
        own = getattr(self.function, "value_and_slopes", None)
        if own is not None and not any(np.iscomplexobj(v) for v in values.values()):
            return [np.asarray(output) for output in own(values, given)]
        function: Any = self.function
        outputs = [np.asarray(function(values, given))]
        for name in self.parameters:
            moved = {**values, name: values[name] + 1j * STEP}
            outputs.append(np.imag(function(moved, given)) / STEP)
        return outputs


def _bent_pairs(function: LawFunction, parameters: tuple[str, ...]) -> list[tuple[int, int]]:
    """Places of the pairs of parameters whose second derivatives a function gives, in its own order."""
    pairs = getattr(function, "bends", ())
    return [(parameters.index(a), parameters.index(b)) for a, b in pairs]


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
    """The program of such a law, with the logarithms of the parameters that it calls linear.

    The curvature is Gauss and Newton's where the function gives no second derivatives.

    Raises:
        LawError: a parameter called linear is not one of its positive parameters, or bends name an unknown one.
    """
    linear = tuple(getattr(function, "linear", ()))
    wrong = [name for name in linear if name not in formula.parameters or name in formula.real]
    if wrong:
        raise LawError(
            f"The function calls {', '.join(wrong)} linear, which is no positive parameter of the law "
            f"({', '.join(formula.parameters)}). Correct its attribute linear."
        )
    unknown = sorted({name for pair in getattr(function, "bends", ()) for name in pair} - set(formula.parameters))
    if unknown:
        raise LawError(
            f"The function has bends in {', '.join(unknown)}, but the law has the parameters "
            f"{', '.join(formula.parameters)}. Correct its attribute bends."
        )
    logarithmic = tuple(name in linear for name in formula.parameters)
    own = _bent_pairs(function, formula.parameters)
    # A function that gives no bends keeps to its slopes.
    pairs = tuple(sorted({*own, *((k, k) for k, log in enumerate(logarithmic) if log)})) if own else ()
    value, slopes, bends = (
        FunctionTape(function, formula.parameters, formula.columns, sloped, logarithmic, bent)
        for sloped, bent in ((False, ()), (True, ()), (True, pairs))
    )
    tapes: list[Any] = [value, slopes, bends]
    solved = tuple(formula.parameters.index(name) for name in linear)
    return Program(logarithmic, tapes[0], tapes[1], tapes[2], pairs, formula.columns, scale_like=solved)
