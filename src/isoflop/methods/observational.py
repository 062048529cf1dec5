"""Observational scaling laws: principal components of public benchmark scores, and what they predict."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop import laws
from isoflop.errors import FitError, TableError
from isoflop.fit.estimate import Estimate, estimate_from_draws
from isoflop.fit.fitting import fit_law
from isoflop.fit.result import Fit
from isoflop.methods.family_lines import FamilyLine as FamilyLine
from isoflop.methods.family_lines import equivalent_flops as equivalent_flops
from isoflop.methods.family_lines import family_lines as family_lines
from isoflop.runs.table import RunTable
from isoflop.uncertainty.bootstrap import bootstrap

Array = NDArray[Any]

IMPUTE_STEPS: Final = 1000
IMPUTE_TOLERANCE: Final = 1e-4
COMPONENTS: Final = 3
NOT_IN: Final = (
    "that the components were found on the same models, which were not drawn again with them",
    "that stronger models may leave the sigmoid of the weaker ones",
    "the noise of a single model's score",
)


@dataclass(frozen=True, eq=False)
class Capabilities:
    """Principal components of centred, unstandardised scores.

    Args:
        benchmarks: names of the scores.
        mean: mean score of each, shape (benchmarks,).
        directions: one unit vector per component, summing to a positive number, shape (components, benchmarks).
        explained: share of the variance that each component explains, all of them.
    """

    benchmarks: tuple[str, ...]
    mean: Array
    directions: Array
    explained: Array

    def components(self, scores: ArrayLike) -> Array:
        """Components of models; a missing score is filled from the first component of the others.

        Args:
            scores: shape (models, benchmarks), NaN where missing.

        Returns:
            Shape (models, components).
        """
        centred = np.asarray(scores, dtype=float) - self.mean
        known = ~np.isnan(centred)
        first = self.directions[0]
        size = (known * first**2).sum(axis=1)
        if np.any(size == 0):
            raise TableError(f"A model has none of the scores {', '.join(self.benchmarks)}. Leave it out.")
        along = np.where(known, centred, 0.0) @ first / size
        filled = np.where(known, centred, np.clip(self.mean + along[:, None] * first, 0.0, 1.0) - self.mean)
        return np.asarray(filled @ self.directions.T)


@dataclass(frozen=True, eq=False)
class Observation:
    """A benchmark predicted from the capabilities of weaker models.

    Args:
        fit: the law `observational` on the weaker models, with draws that resample them.
        capabilities: components, found on the weaker models only.
        forecast: scores of the stronger models, with intervals of the fitted curve, shape (n,).
        actual: what they scored, shape (n,).
        left_out: rows of the table without the target, a place in the order, or any benchmark.
    """

    fit: Fit
    capabilities: Capabilities
    forecast: Estimate
    actual: Array
    left_out: tuple[int, ...] = ()

    @property
    def predicted(self) -> Array:
        """Point forecasts of the stronger models, shape (n,)."""
        return np.asarray(self.forecast.value)

    @property
    def mean_abs_error(self) -> float:
        """Mean absolute error on the stronger models."""
        return float(np.mean(np.abs(self.predicted - self.actual)))


def impute(scores: ArrayLike) -> Array:
    """Fill missing scores by repeated reconstruction from one principal component, kept within 0 and 1.

    Reference: Ruan et al. 2024, arXiv:2405.10938.

    Args:
        scores: shape (models, benchmarks), NaN where missing.

    Returns:
        The same without NaN; what was there is untouched.

    Raises:
        TableError: a score is no fraction, or a benchmark has no score at all.

    >>> filled = impute([[0.2, 0.3], [0.4, 0.5], [0.6, np.nan]])
    >>> bool(0.6 < filled[2, 1] < 0.8)
    True
    """
    given = _fractions(scores)
    missing = np.isnan(given)
    empty = np.flatnonzero(missing.all(axis=0))
    if len(empty):
        raise TableError(f"Benchmark {empty[0]} has no score of any model. Leave it out.")
    filled = np.where(missing, np.nanmean(given, axis=0), given)
    for _ in range(IMPUTE_STEPS):
        mean = filled.mean(axis=0)
        u, s, v = np.linalg.svd(filled - mean, full_matrices=False)
        again = np.where(missing, np.clip(mean + np.outer(u[:, 0] * s[0], v[0]), 0.0, 1.0), given)
        moved = np.linalg.norm(again - filled) / np.linalg.norm(filled)
        filled = again
        if moved < IMPUTE_TOLERANCE:
            break
    return np.asarray(filled)


def capabilities(benchmarks: Sequence[str], scores: ArrayLike, *, components: int = COMPONENTS) -> Capabilities:
    """Principal components of scores; missing ones are imputed first, so give training models only.

    Args:
        benchmarks: names of the columns.
        scores: shape (models, benchmarks), NaN where missing.
        components: how many directions to keep.

    Returns:
        The components.

    Raises:
        TableError: a score is no fraction, a benchmark is empty, or more components are asked for than there can be.
    """
    filled = impute(scores)
    if not 1 <= components <= min(filled.shape):
        raise TableError(
            f"{filled.shape[0]} models and {filled.shape[1]} benchmarks have no {components} components. Add "
            "benchmarks or models, or ask for fewer."
        )
    mean = filled.mean(axis=0)
    _, s, v = np.linalg.svd(filled - mean, full_matrices=False)
    directions = v[:components] * np.sign(v[:components].sum(axis=1, keepdims=True))
    return Capabilities(tuple(benchmarks), mean, directions, s**2 / np.sum(s**2))


def observe(
    table: RunTable,
    benchmarks: Sequence[str],
    target: str,
    *,
    by: str,
    cut: float,
    rng: np.random.Generator,
    draws: int = 300,
    level: float = 0.9,
) -> Observation:
    """Fit a benchmark to the capabilities of weaker models and predict the stronger ones.

    `y = b + a sigma(w . PC + c)`; imputation and components see the weaker models only.

    Reference: Ruan et al. 2024, arXiv:2405.10938.

    Args:
        table: one model per row.
        benchmarks: columns of scores, fractions, that make the capabilities; not the target.
        target: column to predict, a fraction.
        by: column that orders models, such as flops.
        cut: models with less are weak, the others strong.
        rng: random state of the resampling of weak models.
        draws: refits behind the intervals.
        level: confidence level of the intervals.

    Returns:
        The fit, its forecasts, and the rows that could not be used.

    Raises:
        FitError: the target is among the benchmarks, or one side of the cut has too few models.
        TableError: a score is no fraction, or there are fewer than three benchmarks.
    """
    if target in benchmarks:
        raise FitError(f"{target!r} is among the benchmarks that are to predict it. Leave it out of them.")
    scores = np.stack([table.column(name) for name in benchmarks], axis=1)
    actual, order = _fractions(table.column(target)), table.column(by)
    usable = np.isfinite(actual) & np.isfinite(order) & np.isfinite(scores).any(axis=1)
    weak, strong = usable & (order < cut), usable & (order >= cut)
    law = laws.get("observational")
    if weak.sum() <= len(law.parameter_names) or not strong.any():
        raise FitError(
            f"{int(weak.sum())} models are below {by} = {cut:g} and {int(strong.sum())} above. Move the cut, so that "
            f"more than {len(law.parameter_names)} are below and at least one is above."
        )
    found = capabilities(benchmarks, scores[weak])
    train, test = (found.components(scores[rows]) for rows in (weak, strong))
    columns = {name: train[:, k] for k, name in enumerate(law.variables)}
    runs = RunTable.from_columns({**columns, "score": actual[weak]})
    fit = bootstrap(fit_law(law, runs, objective="ls"), runs, rng=rng, draws=draws)
    places = {name: test[:, k] for k, name in enumerate(law.variables)}
    value, drawn = fit.evaluate(**places), law.evaluate(np.asarray(fit.draws), places)
    forecast = estimate_from_draws(
        value, drawn, level=level, correction=fit.correction_of(value, drawn), leaves_out=NOT_IN, unit="fraction"
    )
    left_out = tuple(int(row) for row in table.source_rows[~usable])
    return Observation(fit, found, forecast, actual[strong], left_out)


def _fractions(scores: ArrayLike) -> Array:
    """Scores as numbers between 0 and 1, NaN where missing."""
    given = np.asarray(scores, dtype=float)
    if np.any((given < 0) | (given > 1)):
        worst = np.nanmin(given) if np.any(given < 0) else np.nanmax(given)
        raise TableError(f"A score is {worst:g}, but scores are fractions. Divide percent by 100.")
    return given


def choose_families(components: ArrayLike, families: Sequence[str], count: int) -> tuple[str, ...]:
    """Families whose models, evaluated alone, leave the regression on capabilities surest.

    V-optimality: `min_S tr(X_all' X_all (X_S' X_S)^-1)` over sets S of families, by brute force.

    Args:
        components: capabilities, shape (models, components).
        families: family of each model.
        count: families to choose.

    Returns:
        Names, in alphabetical order.

    Raises:
        FitError: no such set determines the regression.
    """
    x = np.column_stack([np.ones(len(families)), np.asarray(components, float)])
    names, codes = np.unique(np.asarray(families), return_inverse=True)
    grams = np.stack([x[codes == k].T @ x[codes == k] for k in range(len(names))])
    whole, best, chosen = x.T @ x, np.inf, None
    for some in combinations(range(len(names)), count):
        gram = grams[list(some)].sum(axis=0)
        if np.linalg.cond(gram) > 1e12:
            continue
        spread = float(np.trace(np.linalg.solve(gram, whole)))
        if spread < best:
            best, chosen = spread, some
    if chosen is None:
        raise FitError(f"No {count} families determine {x.shape[1]} coefficients. Choose more families.")
    return tuple(str(names[k]) for k in chosen)
