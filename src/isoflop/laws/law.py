"""What a law is: a formula, parameter domains, a source, published coefficients."""

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import ColumnError, LawError, RangeWarning
from isoflop.laws.callable import LawFunction, function_formula, function_program
from isoflop.laws.compile import Program, compile_formula
from isoflop.laws.formula import Formula, parse_formula
from isoflop.laws.parts import Domain as Domain
from isoflop.laws.parts import Parameter as Parameter
from isoflop.laws.parts import Published as Published
from isoflop.laws.parts import Schedules as Schedules
from isoflop.laws.parts import Source as Source
from isoflop.laws.ranges import decades_outside, impossible, outside_sentence
from isoflop.runs.columns import resolve

Array = NDArray[Any]


@dataclass(frozen=True)
class Law:
    """A law: a formula over columns of a run table.

    Args:
        name: short name for the command line.
        formula: text, such as `L = E + A/N^alpha + B/D^beta`.
        title: one line for listings.
        family: file of the catalogue that it belongs to.
        parameters: domains and meanings; a parameter left out is positive.
        variables: names that stand for columns besides the vocabulary, such as `x`.
        source: where it was published.
        counted: what the columns and the response count, and their units.
        valid: range in which the source supports it, in words.
        ranges: word → smallest and largest value that the source supports, where it names numbers.
        limits: smallest and largest value that the response can have, where the formula may give others.
        advice: how to fit it, and what to beware of.
        published: coefficient sets of the source.
        unit: unit of the response.
        function: for a law that no formula can say (a sum over a schedule, say): a function of
            parameters and columns; `formula` then only describes it, `variables` names its columns
            and `parameters` all its parameters.
        display: LaTeX of such a law, which its function cannot give.
        schedules: for a law that must know whole learning-rate schedules: those it knows, and how to have others.
    """

    name: str
    formula: str
    title: str = ""
    family: str = "user"
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    variables: tuple[str, ...] = ()
    source: Source | None = None
    counted: str = ""
    valid: str = ""
    advice: str = ""
    published: tuple[Published, ...] = ()
    unit: str = "nats/token"
    function: LawFunction | None = None
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    limits: tuple[float, float] | None = None
    display: str = ""
    schedules: Schedules | None = None

    def __post_init__(self) -> None:
        """Check at once that the texts name its parameters, and a user's law that it parses."""
        object.__setattr__(self, "parameters", MappingProxyType(dict(self.parameters)))
        object.__setattr__(self, "ranges", MappingProxyType(dict(self.ranges)))
        # The shipped laws are parsed when they are used: parsing them all would cost every start half a second.
        written = set(re.findall(r"[^\W\d]\w*", self.formula)) if self.family != "user" else None
        known = set(self.parsed.parameters) if written is None else written
        unknown = sorted(set(self.parameters) - known) if self.function is None else []
        if unknown:
            raise LawError(
                f"Law {self.name!r} describes {', '.join(unknown)}, but its formula {self.formula!r} has the "
                f"parameters {', '.join(self.parsed.parameters)}. Correct the names."
            )

    @cached_property
    def parsed(self) -> Formula:
        """The formula as SymPy sees it."""
        real = [
            n for n, p in self.parameters.items() if p.domain == "real" or (p.domain != "positive" and p.domain[0] < 0)
        ]
        if self.function is not None:
            return function_formula(self.name, self.variables, tuple(self.parameters), frozenset(real))
        return parse_formula(self.formula, self.variables, real)

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """Names of the parameters, in order of appearance."""
        return self.parsed.parameters

    @property
    def columns(self) -> tuple[str, ...]:
        """Words of the columns that the law needs."""
        return self.parsed.columns

    @property
    def response(self) -> str:
        """Word of what the law predicts; loss unless its left side says otherwise."""
        return self.parsed.response or "loss"

    @property
    def linear(self) -> tuple[str, ...]:
        """Parameters in which the law is jointly linear; of a function, those that it names."""
        return self.parsed.linear if self.function is None else tuple(getattr(self.function, "linear", ()))

    @property
    def latex(self) -> str:
        """LaTeX of the equation."""
        return self.display or self.parsed.latex

    def domain(self, name: str) -> Domain:
        """Domain of a parameter."""
        return self.parameters[name].domain if name in self.parameters else "positive"

    def meaning(self, name: str) -> str:
        """Meaning of a parameter; empty where none is given."""
        return self.parameters[name].meaning if name in self.parameters else ""

    def program(self, raw_columns: frozenset[str] = frozenset()) -> Program:
        """The compiled formula."""
        if self.function is not None:
            return function_program(self.function, self.parsed)
        return compile_formula(self.parsed, raw_columns)

    def raw_columns(self, columns: Mapping[str, Array]) -> frozenset[str]:
        """Columns that enter as they are rather than as logarithms."""
        if self.function is not None:
            return frozenset(columns)
        return frozenset(word for word, values in columns.items() if not np.all(values > 0))

    def evaluate(self, theta: ArrayLike, columns: Mapping[str, ArrayLike]) -> Array:
        """Value of the law.

        Args:
            theta: parameters in the order of `parameter_names`, shape (…, p).
            columns: word → values, shape (n,).

        Returns:
            Response, shape (…, n).
        """
        return self._run(theta, columns, slopes=False)[0]

    def gradient(self, theta: ArrayLike, columns: Mapping[str, ArrayLike]) -> Array:
        """Slope of the law in each parameter.

        Args:
            theta: parameters in the order of `parameter_names`, shape (…, p).
            columns: word → values, shape (n,).

        Returns:
            Derivatives, shape (…, n, p).
        """
        return self._run(theta, columns, slopes=True)[1]

    def _run(self, theta: ArrayLike, columns: Mapping[str, ArrayLike], *, slopes: bool) -> tuple[Array, Array]:
        """Run a tape on natural parameters and columns."""
        if self.parsed.indexed:
            listed = ", ".join(f"{p}[{c}]" for p, c in self.parsed.indexed.items())
            raise LawError(f"Law {self.name!r} has one value per level of {listed}; evaluate it through a fit.")
        values = np.asarray(theta)
        values = values.astype(complex if np.iscomplexobj(values) else float)
        program, inputs = self._inputs(columns)
        tape = program.gradient if slopes else program.value
        with np.errstate(all="ignore"):
            coordinates = [
                np.log(values[..., k, None]) if log else values[..., k, None]
                for k, log in enumerate(program.logarithmic)
            ]
            outputs = tape.run(coordinates, tape.column_part(inputs))
            shape = np.broadcast_shapes((*values.shape[:-1], 1), inputs[0].shape if inputs else (1,))
            f = np.broadcast_to(outputs[0], shape)
            if not slopes:
                return f, f
            parts = [np.broadcast_to(o, shape) for o in outputs[1:]]
            parts = [d / values[..., k, None] if program.logarithmic[k] else d for k, d in enumerate(parts)]
        return f, np.stack(parts, axis=-1)

    def _inputs(self, columns: Mapping[str, ArrayLike]) -> tuple[Program, list[Array]]:
        """Column inputs of the tape: logarithms where all values are positive."""
        arrays = {}
        for word in self.columns:
            if word not in columns:
                raise ColumnError.from_missing(word, columns)
            arrays[word] = np.atleast_1d(np.asarray(columns[word], dtype=float))
        raw = self.raw_columns(arrays)
        shape = np.broadcast_shapes(*(a.shape for a in arrays.values())) if arrays else (1,)
        inputs = [np.broadcast_to(a if w in raw else np.log(a), shape) for w, a in arrays.items()]
        return self.program(raw), inputs

    def predict(self, values: Mapping[str, float], **columns: ArrayLike) -> Array:
        """Response for named parameter values, such as a published set.

        Args:
            values: parameter → value.
            columns: word or alias → values.

        Returns:
            Response, shape (n,), or a 0-d array for scalars.

        Raises:
            LawError: a parameter has no value, or the response would be one that cannot be.

        Warns:
            RangeWarning: a column lies outside the range that the source supports, with the distance.

        >>> law = Law("chinchilla", "E + A/N^alpha + B/D^beta")
        >>> hoffmann = {"E": 1.69, "A": 406.4, "B": 410.7, "alpha": 0.34, "beta": 0.28}
        >>> round(float(law.predict(hoffmann, params=70e9, tokens=1.4e12)), 4)
        1.9366
        """
        missing = [name for name in self.parameter_names if name not in values]
        if missing:
            raise LawError(f"Law {self.name!r} needs a value for {', '.join(missing)}. Add it to the values.")
        words = {resolve(name) or name: array for name, array in columns.items()}
        self.warn_outside(words)
        result = self.evaluate([values[name] for name in self.parameter_names], words)
        self.refuse_impossible(result)
        scalar = all(np.ndim(words[w]) == 0 for w in self.columns)
        return result[0] if scalar else result

    def distance(self, columns: Mapping[str, ArrayLike]) -> Mapping[str, float]:
        """How far beyond the range that the source supports inputs lie, in decades; 0 inside it.

        Args:
            columns: word → values.

        Returns:
            Word → largest distance, for the words with a range.

        >>> law = Law("small", "E + A/N^alpha", ranges={"params": (1e6, 1e9)})
        >>> dict(law.distance({"params": [1e8, 1e10]}))
        {'params': 1.0}
        """
        return MappingProxyType(decades_outside(self.ranges, columns))

    def outside(self, columns: Mapping[str, ArrayLike]) -> str:
        """A sentence on inputs outside the range that the source supports; empty inside it."""
        return outside_sentence(self.name, self.ranges, self.distance(columns))

    def warn_outside(self, columns: Mapping[str, ArrayLike], *, stacklevel: int = 3) -> None:
        """Warn of inputs, or answers, outside the range that the source supports.

        Args:
            columns: word → values.
            stacklevel: whose line the warning names; 3 is the caller of the function that asks.

        Warns:
            RangeWarning: with the distance.
        """
        beyond = self.outside(columns)
        if beyond:
            warnings.warn(beyond, RangeWarning, stacklevel=stacklevel)

    def refuse_impossible(self, response: Array) -> None:
        """Refuse values that the formula gives and the response cannot have.

        Args:
            response: values of the law.

        Raises:
            LawError: one lies outside the law's limits.
        """
        wrong = impossible(response, self.limits)
        if len(wrong):
            low, high = self.limits or (-np.inf, np.inf)
            raise LawError(
                f"Law {self.name!r} gives a {self.response} of {wrong[0]:.3g}, which lies between {low:g} and {high:g} "
                f"wherever the law holds: {self.valid}. Ask within that."
            )

    def published_set(self, name: str | None = None) -> Published:
        """One published coefficient set; the first when no name is given.

        Raises:
            LawError: the law has no such set.
        """
        for candidate in self.published:
            if name is None or candidate.name == name:
                return candidate
        listed = ", ".join(p.name for p in self.published) or "none"
        raise LawError(f"Law {self.name!r} has no published set {name!r}; it has {listed}.")

    def with_formula(self, formula: str) -> "Law":
        """The same law with another formula, for instance with indexed parameters."""
        return replace(self, formula=formula)
