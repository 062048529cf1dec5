"""Clustering on difficulty: items that are alike get a law each, and those that keep it foretell the whole set."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop import laws
from isoflop.errors import FitError, MissingExtraError
from isoflop.fit.estimate import Estimate, check_level
from isoflop.fit.fitting import fit_law
from isoflop.fit.quantiles import student_quantile
from isoflop.fit.result import Fit
from isoflop.runs.table import RunTable
from isoflop.uncertainty.delta import covariance

Array = NDArray[Any]
Places = NDArray[np.intp]

SMALLEST: Final = 10
"""Items that a cluster must have."""

GOOD_MAPPING: Final = 0.005
"""Error below which the mapping gets no more knots."""

MOST_KNOTS: Final = 8

NOT_IN: Final = (
    "the choice of clusters, of those that were kept, and of the mapping",
    "that the law of a cluster may end beyond the runs",
    "the noise of a single run",
    "curvature beyond the first order: with seven runs the intervals are about three times as wide as need be",
)


@dataclass(frozen=True, eq=False)
class Clusters:
    """Items grouped by difficulty.

    Args:
        members: places of the items of each cluster, the easiest cluster first.
        centres: mean pass rates of each cluster, shape (clusters, models).
        outliers: items near no centre, or in a cluster that is too small.
        never: items that no model ever passed; nothing can be extrapolated from them.
    """

    members: tuple[Places, ...]
    centres: Array
    outliers: Places
    never: Places


@dataclass(frozen=True, eq=False)
class ClusterLaw:
    """The law of one cluster.

    Args:
        size: items.
        fit: the law `cod`, with C counted in units of the smallest run's compute.
        kept: whether it may be extrapolated: a > 1, b > 0.1, c < 1.
        runs: what it was fitted to.
    """

    size: int
    fit: Fit
    kept: bool
    runs: RunTable


@dataclass(frozen=True, eq=False)
class Mapping01:
    """A monotone cubic spline from 0 at 0 to 1 at 1.

    Args:
        knots: inner knots.
        coefficients: of the B-splines, from 0 to 1, never falling.
        error: root mean square error on the models that it was fitted to.
    """

    knots: tuple[float, ...]
    coefficients: Array
    error: float

    def __call__(self, scores: ArrayLike) -> Array:
        """Scores of the whole set from scores of the kept clusters."""
        return np.asarray(_basis(np.asarray(scores, float), self.knots) @ self.coefficients)


@dataclass(frozen=True, eq=False)
class DifficultyForecast:
    """Clusters, their laws and the mapping.

    Args:
        unit: compute that counts as 1 in the clusters' laws.
        laws: one per cluster.
        mapping: from the kept clusters to the whole set; None when it was not asked for.
    """

    unit: float
    laws: tuple[ClusterLaw, ...]
    mapping: Mapping01 | None

    def predict(self, flops: float) -> float:
        """Score of the whole set at a compute, or of the kept clusters where there is no mapping."""
        place = self._place(flops)
        kept = [law for law in self.laws if law.kept]
        sizes = np.array([law.size for law in kept], dtype=float)
        curves = np.array([float(law.fit.evaluate(**place)[0]) for law in kept])
        return float(self._mapped(np.asarray(sizes @ curves / sizes.sum())))

    def forecast(self, flops: float, *, level: float = 0.9) -> Estimate:
        """The same with an interval by the delta method, cut to 0 to 1.

        Resampling runs is no help here: with few runs the term c of most refits is held at the end of its domain,
        where draws do not spread (of 24 simulated tables of seven runs, intervals of 90 % held the truth in 16).
        The errors of two clusters go together as their residuals do.

        Args:
            flops: training compute.
            level: confidence level.

        Returns:
            The score and its interval.

        Raises:
            FitError: the compute is not positive, the level is none, or there are too few runs for an error.
        """
        check_level(level)
        place = self._place(flops)
        kept = [law for law in self.laws if law.kept]
        found = [covariance(law.fit, law.runs) for law in kept]
        if len(kept[0].runs) <= sum(kept[0].fit.free):
            raise FitError(f"{len(kept[0].runs)} runs leave no error to a law of as many parameters. Add runs.")
        law = kept[0].fit.law
        pairs = [own.spread(lambda theta: law.evaluate(theta, place)[:, 0]) for own in found]
        sizes = np.array([law.size for law in kept], dtype=float) / sum(law.size for law in kept)
        errors = sizes * np.array([error for _, error in pairs])
        residuals = np.stack([law.fit.residuals for law in kept])
        length = np.maximum(np.sqrt((residuals**2).sum(axis=1)), 1e-300)
        together = np.maximum(residuals @ residuals.T / np.outer(length, length), 0.0)
        reach = student_quantile(found[0].freedom, 0.5 + level / 2) * float(np.sqrt(errors @ together @ errors))
        middle = float(sizes @ np.array([value for value, _ in pairs]))
        low, high = (float(self._mapped(np.clip(middle + side * reach, 0.0, 1.0))) for side in (-1, 1))
        return Estimate(self.predict(flops), (low, high), level, None, NOT_IN, "fraction")

    def _place(self, flops: float) -> dict[str, list[float]]:
        """The compute in the unit of the laws."""
        if not flops > 0:
            raise FitError(f"A compute of {flops:g} FLOPs has no score. Give a positive one.")
        return {"flops": [flops / self.unit]}

    def _mapped(self, scores: Array) -> Array:
        """Scores of the whole set, or as they are where there is no mapping."""
        return scores if self.mapping is None else self.mapping(scores)


def cluster_items(rates: ArrayLike, *, radius: float, smallest: int = SMALLEST) -> Clusters:
    """Group items by their pass rates with several small models.

    Mean shift with a flat kernel of the radius; an item farther than the radius from every centre is
    an outlier, so no cluster is wider. The source limits the radius too, but its schedule of
    bandwidths is not published; one bandwidth, the radius itself, stands in its place.

    Reference: Xu et al. 2025, arXiv:2502.17262; scikit-learn's MeanShift.

    Args:
        rates: pass rates, shape (items, models).
        radius: largest Euclidean distance of an item from its cluster's centre.
        smallest: items below which a cluster counts as outliers.

    Returns:
        The clusters.

    Raises:
        MissingExtraError: scikit-learn is not installed.
        FitError: no cluster is large enough, the radius is not positive, or a rate is none.
    """
    try:
        from sklearn.cluster import MeanShift
    except ImportError:
        raise MissingExtraError.from_extra("scikit-learn", "clusters") from None
    vectors = np.asarray(rates, dtype=float)
    if not (radius > 0 and np.all((vectors >= 0) & (vectors <= 1))):
        raise FitError("Clusters need a positive radius, and pass rates between 0 and 1 of every model. Correct them.")
    ever = np.flatnonzero((vectors > 0).any(axis=1))
    if not len(ever):
        raise FitError("No item was ever passed. Add larger models, or more samples per item.")
    labels = MeanShift(bandwidth=radius, cluster_all=False).fit(vectors[ever]).labels_
    groups = [ever[labels == label] for label in range(int(labels.max()) + 1)]
    groups = sorted((g for g in groups if len(g) >= smallest), key=lambda g: -float(vectors[g].mean()))
    if not groups:
        raise FitError(f"No cluster of radius {radius:g} has {smallest} items. Widen the radius, or add items.")
    inside = np.concatenate(groups)
    centres = np.stack([vectors[g].mean(axis=0) for g in groups])
    never = np.setdiff1d(np.arange(len(vectors)), ever)
    return Clusters(tuple(groups), centres, np.setdiff1d(ever, inside), never)


def fit_clusters(
    clusters: Clusters,
    scores: ArrayLike,
    flops: ArrayLike,
    *,
    guess: float | None = None,
    whole: ArrayLike | None = None,
) -> DifficultyForecast:
    """Fit `y = g + (1 - g) exp(-a C^-b - c)` to the mean score of every cluster.

    The source keeps clusters with a > 1, b > 0.1 and c < 1 and does not print the unit of C that its a
    rests on. Here C is counted in units of the smallest run, so a > 1 means that this run had most
    of the way before it.

    Reference: Xu et al. 2025, arXiv:2502.17262.

    Args:
        clusters: groups of items.
        scores: score of every item by every run, shape (items, runs).
        flops: training compute of the runs, shape (runs,).
        guess: score of guessing g, which is fitted when None.
        whole: score of the whole set by every run, for the mapping; no mapping when None.

    Returns:
        The laws, and the mapping.

    Raises:
        FitError: no cluster may be extrapolated, or a compute is not positive.
    """
    table, compute = np.asarray(scores, float), np.asarray(flops, float)
    if not np.all(compute > 0):
        raise FitError("Some runs have no training compute above zero. Give the FLOPs of every run.")
    unit = float(compute.min())
    law = laws.get("cod")
    found = []
    for members in clusters.members:
        runs = RunTable.from_columns({"flops": compute / unit, "accuracy": table[members].mean(axis=0)})
        fit = fit_law(law, runs, objective="ls", fix={} if guess is None else {"g": guess})
        p = fit.parameters
        found.append(ClusterLaw(len(members), fit, p["a"] > 1 and p["b"] > 0.1 and p["c"] < 1, runs))
    kept = [members for members, one in zip(clusters.members, found, strict=True) if one.kept]
    if not kept:
        raise FitError("No cluster may be extrapolated (a > 1, b > 0.1, c < 1). Add larger runs, or other items.")
    mapping = None if whole is None else fit_mapping(table[np.concatenate(kept)].mean(axis=0), np.asarray(whole, float))
    return DifficultyForecast(unit, tuple(found), mapping)


def fit_mapping(subset: ArrayLike, whole: ArrayLike) -> Mapping01:
    """Fit a monotone cubic spline through (0, 0) and (1, 1), with knots until the error is below 0.005.

    Args:
        subset: scores of the kept clusters, shape (models,).
        whole: scores of the whole set, shape (models,).

    Returns:
        The spline.
    """
    x, y = np.asarray(subset, float), np.asarray(whole, float)
    best = None
    for count in range(MOST_KNOTS + 1):
        knots = tuple(float(k) for k in np.linspace(0, 1, count + 2)[1:-1])
        coefficients = _monotone(_basis(x, knots), y)
        error = float(np.sqrt(np.mean((_basis(x, knots) @ coefficients - y) ** 2)))
        if best is None or error < best.error:
            best = Mapping01(knots, coefficients, error)
        if error < GOOD_MAPPING:
            break
    if best is None:
        raise AssertionError("the first spline has no knots and always exists")
    return best


def _basis(x: Array, knots: Sequence[float]) -> Array:
    """Cubic B-splines on 0 to 1, shape (…, splines)."""
    from scipy.interpolate import BSpline

    full = np.concatenate([np.zeros(4), knots, np.ones(4)])
    flat = BSpline.design_matrix(np.clip(np.ravel(x), 0.0, 1.0), full, 3).toarray()
    return np.asarray(flat.reshape(*np.shape(x), -1))


def _monotone(basis: Array, y: Array) -> Array:
    """Least-squares coefficients that rise from 0 to 1."""
    from scipy.optimize import nnls

    # Coefficients are running sums of non-negative steps, the first coefficient being 0; the steps sum to 1.
    steps = np.cumsum(basis[:, ::-1], axis=1)[:, ::-1][:, 1:]
    heavy = 1e4 * np.sqrt(len(y))
    found, _ = nnls(np.vstack([steps, np.full(steps.shape[1], heavy)]), np.append(y, heavy))
    return np.concatenate([[0.0], np.cumsum(found / found.sum())])
