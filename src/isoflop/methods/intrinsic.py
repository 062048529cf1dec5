"""Geometry of a data set: its intrinsic dimension and how sharply labels change between neighbours."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import TableError

Array = NDArray[Any]

NEIGHBOURS: Final = 20
"""Neighbours k of the maximum-likelihood estimate, as in the paper."""

PAIRS_FROM: Final = 1000
"""Examples among which label sharpness looks; the maximum grows with them, so keep it."""


@dataclass(frozen=True)
class IntrinsicDimension:
    """An intrinsic dimension.

    Args:
        value: the estimate.
        spread: standard error over the examples, which are taken as independent.
        examples: examples used.
        method: `mle` or `two-nn`.
    """

    value: float
    spread: float
    examples: int
    method: str


def intrinsic_dimension(inputs: ArrayLike, *, neighbours: int = NEIGHBOURS) -> IntrinsicDimension:
    """Dimension of the manifold near which the inputs lie, by maximum likelihood.

    `m_k(x)^-1 = 1/(k-1) sum_{j<k} ln(T_k(x)/T_j(x))`, averaged as inverses over x and then inverted.

    Reference: Levina and Bickel 2004, with the correction of MacKay and Ghahramani; as used by Konz
    and Mazurowski 2024, arXiv:2401.08865.

    Args:
        inputs: examples, shape (n, features) or more axes, which are flattened.
        neighbours: k.

    Returns:
        The estimate.

    Raises:
        TableError: there are too few distinct examples.

    >>> points = np.random.default_rng(0).standard_normal((2000, 3)) @ np.ones((3, 3))
    >>> round(intrinsic_dimension(points).value)
    1
    """
    distances = _nearest(inputs, neighbours)
    logs = np.log(distances[:, -1:] / distances[:, :-1])
    inverse = logs.mean(axis=1)
    mean = float(inverse.mean())
    return IntrinsicDimension(
        1 / mean, float(inverse.std(ddof=1) / np.sqrt(len(inverse)) / mean**2), len(inverse), "mle"
    )


def two_nearest_dimension(inputs: ArrayLike) -> IntrinsicDimension:
    """Dimension from the ratio of the distances to the second and the first neighbour.

    `ln(T_2/T_1)` is exponential with rate m, so `m = n/sum ln(T_2/T_1)`.

    Reference: Facco, d'Errico, Rodriguez, Laio 2017, TwoNN.

    Args:
        inputs: examples, shape (n, features) or more axes, which are flattened.

    Returns:
        The estimate.

    Raises:
        TableError: there are too few distinct examples.
    """
    distances = _nearest(inputs, 2)
    logs = np.log(distances[:, 1] / distances[:, 0])
    value = float(1 / logs.mean())
    return IntrinsicDimension(value, value / np.sqrt(len(logs)), len(logs), "two-nn")


def label_sharpness(
    inputs: ArrayLike, labels: ArrayLike, *, rng: np.random.Generator, examples: int = PAIRS_FROM
) -> float:
    """Steepest change of the label between any two of some random examples.

    `K_F = max_{j,k} 1[y_j != y_k]/|x_j - x_k|`; for labels 0 and 1 this is the paper's
    `|y_j - y_k|/|x_j - x_k|`.

    Reference: Konz and Mazurowski 2024, arXiv:2401.08865.

    Args:
        inputs: examples scaled to [0, 1], shape (n, features) or more axes.
        labels: class of each example, shape (n,).
        rng: draws the examples.
        examples: how many are looked at; the maximum grows with them.

    Returns:
        The sharpness.

    Raises:
        TableError: only one class is there, or two equal examples have different labels.

    >>> x = np.array([[0.0], [0.5], [1.0]])
    >>> label_sharpness(x, [0, 0, 1], rng=np.random.default_rng(0))
    2.0
    """
    from scipy.spatial.distance import cdist

    points, classes = _flat(inputs), np.asarray(labels)
    if len(points) != len(classes):
        raise TableError(f"There are {len(points)} examples and {len(classes)} labels. Give one label for each.")
    chosen = rng.permutation(len(points))[:examples]
    points, classes = points[chosen], classes[chosen]
    unequal = classes[:, None] != classes[None]
    if not unequal.any():
        raise TableError(f"All {len(classes)} examples drawn have one label. Sharpness needs two classes.")
    nearest = float(cdist(points, points)[unequal].min())
    if nearest == 0:
        raise TableError("Two equal examples have different labels, so the sharpness is infinite. Clean the labels.")
    return 1 / nearest


def _nearest(inputs: ArrayLike, neighbours: int) -> Array:
    """Distances to the nearest other examples, shape (n, neighbours); equal examples count once."""
    from scipy.spatial import cKDTree

    points = np.unique(_flat(inputs), axis=0)
    if len(points) < neighbours + 2 or neighbours < 2:
        raise TableError(
            f"{len(points)} distinct examples are too few for {neighbours} neighbours. "
            "Give more examples, or two or more neighbours."
        )
    distances, _ = cKDTree(points).query(points, k=neighbours + 1)
    return np.asarray(distances[:, 1:])


def _flat(inputs: ArrayLike) -> Array:
    """Examples as rows."""
    points = np.asarray(inputs, dtype=float)
    if points.ndim < 2 or not np.isfinite(points).all():
        raise TableError(f"Inputs of shape {points.shape} with finite values are wanted as (examples, features…).")
    return points.reshape(len(points), -1)
