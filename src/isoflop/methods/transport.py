"""Exact optimal transport between samples, with or without labels, and its slopes in the shares of sources."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import MissingExtraError, TableError

Array = NDArray[Any]


@dataclass(frozen=True)
class Transport:
    """Optimal transport from weighted points to others.

    Args:
        distance: the cost, that of squared distances between features (and between labels).
        dual: price of mass at every source point, shape (points,); it is known up to a constant.
    """

    distance: float
    dual: Array


def transport(
    points: Array,
    target: Array,
    *,
    weights: Array | None = None,
    labels: tuple[ArrayLike, ArrayLike] | None = None,
) -> Transport:
    """Exact optimal transport between two sets of features.

    With labels, the cost of moving a point has the transport between the two classes added, as in
    the distance of data sets that the paper uses.

    Reference: Kang et al. 2023, arXiv:2307.02460; Alvarez-Melis and Fusi 2020 for labels.

    Args:
        points: features of the training points, shape (points, features).
        target: features of the validation points, shape (targets, features).
        weights: mass of the training points; equal when None.
        labels: classes of the training and of the validation points.

    Returns:
        The distance and the dual of the training points.

    Raises:
        MissingExtraError: POT is not installed.

    >>> round(transport(np.array([[0.0], [1.0]]), np.array([[1.0], [2.0]])).distance, 12)
    1.0
    """
    ot = _pot()
    cost = ot.dist(points, target)
    if labels is not None:
        cost = cost + _between_classes(points, target, labels)
    own = np.full(len(points), 1 / len(points)) if weights is None else np.asarray(weights, float) / np.sum(weights)
    plan, log = ot.emd(own, np.full(len(target), 1 / len(target)), cost, log=True)
    return Transport(float(np.sum(plan * cost)), np.asarray(log["u"]))


def _pot() -> Any:  # noqa: ANN401 -- the module itself
    """The transport library."""
    try:
        import ot
    except ImportError:
        raise MissingExtraError.from_extra("POT", "transport") from None
    return ot


def _between_classes(points: Array, target: Array, labels: tuple[ArrayLike, ArrayLike]) -> Array:
    """Transport between the classes of every pair of points, shape (points, targets)."""
    first, second = (np.unique(np.asarray(side), return_inverse=True)[1] for side in labels)
    if len(first) != len(points) or len(second) != len(target):
        raise TableError(
            f"{len(points)} and {len(target)} points have {len(first)} and {len(second)} labels. Match them."
        )
    table = np.array(
        [
            [transport(points[first == j], target[second == k]).distance for k in range(second.max() + 1)]
            for j in range(first.max() + 1)
        ]
    )
    return np.asarray(table[first[:, None], second[None]])


def share_gradient(dual: Array, source: Array, shares: Array | None = None) -> Array:
    """Slope of the transport distance in every source's share, the others giving way in proportion.

    `dOT/dp_i = (1/n_i)(sum_i f - n_i/(N - n_i) sum_others f)` where every point weighs the same:
    the constant of the dual cancels.

    Reference: Kang et al. 2023, arXiv:2307.02460, sec. 3.3, after Just et al. 2023.

    Args:
        dual: price at every training point.
        source: number of the source of every training point.
        shares: shares of the sources; in proportion to their points when None.

    Returns:
        Slopes, shape (sources,); NaN for a source that has everything, as no other can give way.

    Raises:
        TableError: a source has no point.
    """
    count = np.bincount(source)
    if not count.all():
        raise TableError(f"Source {int(np.argmin(count))} of {len(count)} has no point. Number the sources from 0 on.")
    means = np.bincount(source, weights=dual) / count
    p = count / len(source) if shares is None else shares
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((means - p @ means) / (1 - p))
