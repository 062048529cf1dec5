"""What a law is: a formula, parameter domains, a source, published coefficients."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import ColumnError, LawError
from isoflop.laws.callable import LawFunction, function_formula, function_program
from isoflop.laws.compile import Program, compile_formula
from isoflop.laws.formula import Formula, parse_formula
from isoflop.runs.columns import resolve

Array = NDArray[Any]
Domain = Literal["positive", "real"] | tuple[float, float]


@dataclass(frozen=True)
class Parameter:
    """Domain and meaning of one parameter.

    Args:
        domain: `"positive"`, `"real"`, or an open interval `(low, high)`.
        meaning: a few words, with the unit where it has one.
        start: range in which seeds are looked for, when the default does not suit; in units
            in which every column has geometric mean 1. `"within"`: the range of the column whose
            unit the parameter carries, as for the place of a break.
    """

    domain: Domain = "positive"
    meaning: str = ""
    start: tuple[float, float] | Literal["within"] | None = None

    def __post_init__(self) -> None:
        """Refuse an empty interval."""
        if not isinstance(self.domain, str) and not -math.inf < self.domain[0] < self.domain[1] < math.inf:
            raise LawError(
                f"The interval {self.domain} is empty or has no end. Write (low, high) with low < high, "
                "or 'positive' or 'real'."
            )


@dataclass(frozen=True)
class Source:
    """Where a law was published.

    Args:
        authors: family names.
        year: of the version cited.
        title: full or short title.
        where: arXiv number, equation or table.

    >>> str(Source("Hoffmann et al.", 2022, "Training Compute-Optimal Large Language Models", "arXiv:2203.15556"))
    'Hoffmann et al. (2022), Training Compute-Optimal Large Language Models, arXiv:2203.15556'
    """

    authors: str
    year: int
    title: str
    where: str = ""

    def __str__(self) -> str:
        """One line for listings."""
        return f"{self.authors} ({self.year}), {self.title}" + (f", {self.where}" if self.where else "")


@dataclass(frozen=True)
class Published:
    """One set of published coefficients.

    Args:
        name: short name, unique within the law.
        values: parameter → value, in the units that the law's `counted` text states.
        where: table, equation or file of the source.
        evidence: `"V"` read in the source, `"R"` recomputed from its data or formula.
        errors: standard errors where the source prints them.
        note: units, corpus, and what to beware of.
    """

    name: str
    values: Mapping[str, float]
    where: str = ""
    evidence: Literal["V", "R"] = "V"
    errors: Mapping[str, float] = field(default_factory=dict)
    note: str = ""


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
        valid: range in which the source supports it.
        advice: how to fit it, and what to beware of.
        published: coefficient sets of the source.
        unit: unit of the response.
        function: for a law that no formula can say (a sum over a schedule, say): a function of
            parameters and columns; `formula` then only describes it, `variables` names its columns
            and `parameters` all its parameters.
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

    def __post_init__(self) -> None:
        """Check at once that the texts name its parameters, and a user's law that it parses."""
        object.__setattr__(self, "parameters", MappingProxyType(dict(self.parameters)))
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
        """Parameters in which the law is jointly linear."""
        return self.parsed.linear

    @property
    def latex(self) -> str:
        """LaTeX of the equation."""
        return self.parsed.latex

    def domain(self, name: str) -> Domain:
        """Domain of a parameter."""
        return self.parameters[name].domain if name in self.parameters else "positive"

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
            LawError: a parameter has no value.

        >>> law = Law("chinchilla", "E + A/N^alpha + B/D^beta")
        >>> hoffmann = {"E": 1.69, "A": 406.4, "B": 410.7, "alpha": 0.34, "beta": 0.28}
        >>> round(float(law.predict(hoffmann, params=70e9, tokens=1.4e12)), 4)
        1.9366
        """
        missing = [name for name in self.parameter_names if name not in values]
        if missing:
            raise LawError(f"Law {self.name!r} needs a value for {', '.join(missing)}. Add it to the values.")
        words = {resolve(name) or name: array for name, array in columns.items()}
        result = self.evaluate([values[name] for name in self.parameter_names], words)
        scalar = all(np.ndim(words[w]) == 0 for w in self.columns)
        return result[0] if scalar else result

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
