"""One law for several recipes: which parameters they share, and the fits with and without sharing."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

import numpy as np
import sympy

from isoflop.errors import FitError, LawError, TableError
from isoflop.fit.result import Fit
from isoflop.laws.law import Law
from isoflop.runs.table import RunTable

Way = Literal["shared", "partial", "separate"]
WAYS: Final = ("shared", "partial", "separate")
"""One fit with common exponents, one with exponents that vary as much as the recipes say, or one fit per recipe."""

Prior = Mapping[str, tuple[float, float]]


class Fitter(Protocol):
    """Whatever fits a law to runs, with priors where some are given."""

    def __call__(self, law: Law, table: RunTable, /, prior: Prior | None = None) -> Fit:
        """Fit."""
        ...


@dataclass(frozen=True)
class Family:
    """A law for several recipes.

    Args:
        plain: the law of one recipe.
        joint: the law of all, with `A[recipe]` for what each has of its own.
        shared: parameters that all recipes have in common.
        column: column that names the recipe.
    """

    plain: Law
    joint: Law
    shared: tuple[str, ...]
    column: str


def exponents_of(law: Law) -> tuple[str, ...]:
    """Parameters that stand in an exponent of the law.

    Args:
        law: the law.

    Returns:
        Their names in order of appearance; those inside exp() are no exponents.

    >>> from isoflop import laws
    >>> exponents_of(laws.get("chinchilla"))
    ('alpha', 'beta')
    """
    powers = [power for power in law.parsed.expression.atoms(sympy.Pow) if power.base is not sympy.E]
    inside = set().union(*(power.exp.free_symbols for power in powers), set())
    return tuple(name for name in law.parameter_names if law.parsed.symbols[name] in inside)


def family_of(law: Law, *, shared: Sequence[str] | None = None, column: str = "recipe") -> Family:
    """The joint law of several recipes: exponents in common, everything else one per recipe.

    `L_r = E_r + A_r N^-alpha + B_r D^-beta`.

    Reference: complete pooling of exponents, as in Gadre et al. 2024, arXiv:2403.08540, over corpora.

    Args:
        law: the law of one recipe, or one that already says `A[recipe]`.
        shared: parameters in common; the exponents when None.
        column: column that names the recipe.

    Returns:
        Both laws.

    Raises:
        LawError: a shared name is no parameter, nothing is left to differ, or the law is a function.

    >>> from isoflop import laws
    >>> family_of(laws.get("chinchilla")).joint.formula
    'L = E[recipe] + A[recipe]/N^alpha + B[recipe]/D^beta'
    """
    if law.function is not None:
        raise LawError(f"Law {law.name!r} is a Python function; recipes need a formula. Write it as one.")
    indexed = law.parsed.indexed
    if indexed:
        if shared is not None or set(indexed.values()) != {column}:
            listed = ", ".join(f"{name}[{by}]" for name, by in indexed.items())
            raise LawError(
                f"The formula says itself what differs ({listed}). Index by {column!r} alone and leave shared out."
            )
        plain = law.with_formula(re.sub(r"\[\s*\w+\s*\]", "", law.formula))
        return Family(plain, law, tuple(n for n in law.parameter_names if n not in indexed), column)
    kept = exponents_of(law) if shared is None else tuple(shared)
    unknown = [name for name in kept if name not in law.parameter_names]
    if unknown:
        raise LawError(
            f"{', '.join(unknown)} cannot be shared: law {law.name!r} has the parameters "
            f"{', '.join(law.parameter_names)}. Name some of these."
        )
    own = [name for name in law.parameter_names if name not in kept]
    if not own:
        raise LawError("All parameters are shared, so that no recipe could differ. Leave one out of shared.")
    left, equals, right = law.formula.rpartition("=")
    for name in own:
        right = re.sub(rf"\b{re.escape(name)}\b(?!\s*\()", f"{name}[{column}]", right)
    return Family(law, law.with_formula(left + equals + right), kept, column)


def recipes_in(table: RunTable, column: str) -> tuple[str, ...]:
    """Names of the recipes in a table, in order of first appearance.

    Raises:
        TableError: there are fewer than two.
    """
    names, codes = table.labels(column)
    places = sorted((int(np.flatnonzero(codes == k)[0]), name) for k, name in enumerate(names) if (codes == k).any())
    if len(places) < 2:
        found = ", ".join(name for _, name in places) or "none"
        raise TableError(f"Column {column!r} names {found}; a comparison needs two recipes or more. Add their runs.")
    return tuple(name for _, name in places)


def runs_of(table: RunTable, column: str, recipe: str) -> RunTable:
    """Runs of one recipe."""
    names, codes = table.labels(column)
    return table.take(np.flatnonzero(codes == names.index(recipe)))


def fit_each(family: Family, table: RunTable, fitter: Fitter) -> dict[str, Fit]:
    """One fit per recipe.

    Raises:
        TableError: a recipe has too few runs; the message names it.
    """
    found = {}
    for recipe in recipes_in(table, family.column):
        try:
            found[recipe] = fitter(family.plain, runs_of(table, family.column, recipe))
        except (TableError, FitError) as error:
            raise TableError(f"{family.column} {recipe!r}: {error}") from None
    return found


@dataclass(frozen=True)
class Pooling:
    """Whether common parameters are refuted by the runs.

    `F = ((RSS_shared - RSS_separate)/q) / (RSS_separate/(n - p))`.

    Args:
        f: the ratio.
        numerator: q, how many more parameters the separate fits have.
        denominator: n - p of the separate fits.
        p_value: how often chance makes such a ratio where the parameters are common.
    """

    f: float
    numerator: int
    denominator: int
    p_value: float

    def to_dict(self) -> dict[str, Any]:
        """Keys for JSON."""
        return {
            "f": self.f,
            "freedom": [self.numerator, self.denominator],
            "p_value": self.p_value,
        }


def pooling_test(joint: Fit, separate: Sequence[Fit]) -> Pooling | None:
    """F test of common against separate parameters, on the residuals of both fits.

    Exact for least squares; for robust objectives it is an approximation.

    Args:
        joint: fit with common parameters.
        separate: fits of the recipes, of the same runs.

    Returns:
        The test; None where the separate fits leave no degree of freedom.
    """
    from scipy.special import fdtrc

    sums = [float(np.sum(fit.residuals**2)) for fit in (joint, *separate)]
    parameters = sum(sum(fit.free) for fit in separate)
    more, left = parameters - sum(joint.free), joint.rows - parameters
    apart = sum(sums[1:])
    if more < 1 or left < 1 or apart <= 0:
        return None
    # Robust fits do not minimise the sum of squares, so that the difference may fall below 0.
    ratio = max(sums[0] - apart, 0.0) / more / (apart / left)
    return Pooling(ratio, more, left, float(fdtrc(more, left, ratio)))
