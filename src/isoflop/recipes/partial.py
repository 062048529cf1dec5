"""Exponents that recipes nearly share: how much they vary between recipes, and the fit that shrinks them so far."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import LawError
from isoflop.fit.certificate import judge, priors_check
from isoflop.fit.result import Fit
from isoflop.laws.law import Parameter
from isoflop.recipes.pool import Family, runs_of
from isoflop.runs.table import RunTable
from isoflop.uncertainty.delta import STEP, covariance

Array = NDArray[Any]

TYPICAL: Final = 0.025
"""Standard deviation of an exponent between recipes before any is seen: a guess."""
GRID: Final = np.geomspace(1e-4, 0.5, 121)
"""Spreads that are weighed."""
GAP: Final = "_gap"
"""Ending of the parameter that holds a recipe's own share of an exponent."""


@dataclass(frozen=True)
class Spread:
    """How much an exponent varies between recipes.

    Args:
        name: the exponent.
        values: its separate estimates, shape (recipes,).
        errors: their standard errors, shape (recipes,).
        sd: standard deviation between recipes.
    """

    name: str
    values: tuple[float, ...]
    errors: tuple[float, ...]
    sd: float

    @property
    def seen(self) -> bool:
        """Whether the spread was seen between recipes, rather than assumed."""
        usable = np.isfinite(self.values) & np.isfinite(self.errors) & (np.asarray(self.errors) > 0)
        return int(usable.sum()) > 1

    def to_dict(self) -> dict[str, Any]:
        """Keys for JSON."""
        return {"exponent": self.name, "values": list(self.values), "errors": list(self.errors), "sd": self.sd}


def between(values: Sequence[float], errors: Sequence[float]) -> float:
    """Standard deviation of a quantity between recipes, from estimates with errors.

    Restricted likelihood of `x_r ~ N(mu, s_r^2 + tau^2)` with mu integrated out, under a prior that is even in
    `ln tau` up to `TYPICAL` and falls beyond; the tau whose shrinkage `s^2/(s^2 + tau^2)` is the posterior mean of
    all, as what recipes gain by sharing is linear in it.

    Reference: Morris 1983, JASA 78, 47 (empirical Bayes).

    Args:
        values: estimates x_r, shape (recipes,).
        errors: their standard errors s_r.

    Returns:
        tau; `TYPICAL` for fewer than two recipes.

    >>> same, apart = between([0.30, 0.301, 0.299], [0.01] * 3), between([0.25, 0.30, 0.35], [0.01] * 3)
    >>> same < 0.01 < 0.03 < apart
    True
    """
    x, s = np.asarray(values, dtype=float), np.asarray(errors, dtype=float)
    good = np.isfinite(x) & np.isfinite(s) & (s > 0)
    x, s = x[good], s[good]
    if len(x) < 2:
        return TYPICAL
    weight = 1 / (s**2 + GRID[:, None] ** 2)
    total = weight.sum(axis=1)
    mean = (weight @ x / total)[:, None]
    evidence = 0.5 * np.log(weight).sum(axis=1) - 0.5 * np.log(total) - 0.5 * (weight * (x - mean) ** 2).sum(axis=1)
    # The grid has equal steps in ln tau.
    share = np.exp(evidence - evidence.max()) / (1 + (GRID / TYPICAL) ** 2)
    error = float(np.exp(np.mean(np.log(s**2))))
    shrinkage = float(np.sum(share * error / (error + GRID**2)) / share.sum())
    return float(np.sqrt(error * (1 / shrinkage - 1)))


def spreads_of(family: Family, table: RunTable, fits: Mapping[str, Fit]) -> tuple[Spread, ...]:
    """How much each common parameter varies between separate fits.

    Args:
        family: the laws; its shared parameters are looked at.
        table: the runs.
        fits: recipe → fit of its own runs.

    Returns:
        One entry per shared parameter.
    """
    rows = {name: fit for name, fit in fits.items()}
    errors = {name: _errors(fit, runs_of(table, family.column, name)) for name, fit in rows.items()}
    found = []
    for name in family.shared:
        values = tuple(float(fit.parameters[name]) for fit in rows.values())
        own = tuple(errors[recipe].get(name, float("nan")) for recipe in rows)
        found.append(Spread(name, values, own, between(values, own)))
    return tuple(found)


def _errors(fit: Fit, table: RunTable) -> dict[str, float]:
    """Standard errors of the free parameters, in natural units."""
    known = covariance(fit, table)
    q = len(known.u)
    moved = known.problem.natural(known.u + STEP * np.concatenate([np.eye(q), -np.eye(q)]))
    slopes = (moved[:q] - moved[q:]) / (2 * STEP)
    variance = np.einsum("ks,kl,ls->s", slopes, known.matrix, slopes)
    return dict(zip(fit.names, np.sqrt(np.maximum(variance, 0.0)).tolist(), strict=True))


def partial_family(family: Family) -> Family:
    """The joint law in which every recipe has its own share of a common exponent.

    `L_r = E_r + A_r N^-(alpha + alpha_r) + …` with `alpha_r ~ N(0, tau^2)`.

    Args:
        family: the laws with common exponents.

    Returns:
        The same with one more parameter per exponent and recipe.

    Raises:
        LawError: nothing is shared, or a name is taken.

    >>> from isoflop.laws.catalogue import as_law
    >>> from isoflop.recipes.pool import family_of
    >>> partial_family(family_of(as_law("L = E + K/C^a"))).joint.formula
    'L = E[recipe] + K[recipe]/C^(a + a_gap[recipe])'
    """
    joint, column = family.joint, family.column
    taken = [name for name in family.shared if name + GAP in joint.parameter_names]
    if not family.shared or taken:
        what = f"the law has {', '.join(n + GAP for n in taken)} already" if taken else "no parameter is common"
        raise LawError(f"Recipes cannot be pooled in part: {what}. Fit them shared or separate.")
    left, equals, right = joint.formula.rpartition("=")
    for name in family.shared:
        right = re.sub(rf"\b{re.escape(name)}\b(?!\s*[(\[])", f"({name} + {name}{GAP}[{column}])", right)
    # A sum that already stands in brackets needs no second pair.
    right = re.sub(r"\(\(([^()]*)\)\)", r"(\1)", right)
    own = {name + GAP: Parameter("real", f"own share of {name}") for name in family.shared}
    law = replace(
        joint, name=f"{joint.name} (partly shared)", formula=left + equals + right, family="user",
        parameters={**joint.parameters, **own},
    )  # fmt: skip
    return replace(family, joint=law)


def prior_of(spreads: Sequence[Spread]) -> dict[str, tuple[float, float]]:
    """What a fit of `partial_family` is told: every recipe's own share has mean 0 and the spread's deviation."""
    return {spread.name + GAP: (0.0, spread.sd) for spread in spreads}


def judged(fit: Fit, spreads: Sequence[Spread]) -> Fit:
    """The fit with a certificate that does not hold the spread of own shares against it.

    Own shares lean on a spread that the runs of all recipes gave, so that leaning on it is no lack of runs; a spread
    that was assumed, and a prior of the user, stay what they are.

    Args:
        fit: of `partial_family`, with the priors of `prior_of`.
        spreads: of the exponents.

    Returns:
        The fit.
    """
    seen = {spread.name + GAP for spread in spreads if spread.seen}
    checks = []
    for check in fit.certificate.checks:
        if check.name == "priors" and not check.passed:
            named = [name for name in fit.names if re.search(rf"(^|, ){re.escape(name)}(?=, |: )", check.text)]
            checks.append(priors_check([name for name in named if name.partition("[")[0] not in seen]))
        else:
            checks.append(check)
    return replace(fit, certificate=judge(checks))


def plain_draws(family: Family, fit: Fit, theta: Array, recipe: str) -> Array:
    """Parameters of one recipe's plain law from those of a fit of all recipes.

    Args:
        family: the laws, with exponents wholly or partly in common.
        fit: the fit.
        theta: its parameters, shape (draws, slots).
        recipe: the recipe.

    Returns:
        Shape (draws, p).
    """
    columns = []
    for name in family.plain.parameter_names:
        if name not in family.shared:
            columns.append(theta[:, fit.names.index(f"{name}[{family.column}={recipe}]")])
            continue
        gap = f"{name}{GAP}[{family.column}={recipe}]"
        own = theta[:, fit.names.index(gap)] if gap in fit.names else 0.0
        columns.append(theta[:, fit.names.index(name)] + own)
    return np.stack(columns, axis=1)
