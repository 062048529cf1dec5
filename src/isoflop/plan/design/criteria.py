"""What a design makes small, and by how much one more run makes it smaller."""

from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import LawError
from isoflop.plan.design.linear import Linear

Array = NDArray[Any]
Criterion = Literal["c", "V", "A", "D"]

CRITERIA: Final = {
    "c": "variance of the one thing that is wanted",
    "V": "mean variance of what is wanted",
    "A": "mean variance of the parameters (logarithms of positive ones)",
    "D": "volume of the parameters' ellipsoid",
}
"""Criterion → what it makes small."""


def check_criterion(name: str, wanted: int) -> Criterion:
    """Read a criterion.

    Raises:
        LawError: it is not known, or is c with several targets.
    """
    if name not in CRITERIA:
        listed = "; ".join(f"{key}: {meaning}" for key, meaning in CRITERIA.items())
        raise LawError(f"The criterion {name!r} is not known. Choose one of {listed}.")
    if name == "c" and wanted > 1:
        raise LawError(f"Criterion c is for one target, not {wanted}. Choose V, their mean.")
    return name  # type: ignore[return-value]


def criterion_value(criterion: Criterion, linear: Linear, spread: Array) -> float:
    """The criterion under a covariance of the linear problem's directions, shape (k, k)."""
    if criterion in ("c", "V"):
        return float(np.einsum("tk,kl,tl->", linear.pressed, spread, linear.pressed)) / len(linear.pressed)
    inner = linear.parameters @ spread @ linear.parameters.T
    if criterion == "A":
        return float(np.trace(inner)) / len(inner)
    return float(np.linalg.slogdet(inner)[1])


def gains(criterion: Criterion, linear: Linear, spread: Array, weight: Array) -> Array:
    """How much one run at every candidate lowers the criterion.

    With `S` the covariance, a run with slopes `a` and information w lowers `g' S g` by
    `w (g' S a)^2 / (1 + w a' S a)`, and ln det by `ln(1 + w a' S a)`.

    Args:
        criterion: c, V, A or D.
        linear: the linear problem.
        spread: covariance of its directions, shape (k, k).
        weight: information of a run at each candidate, 1/variance, shape (m,).

    Returns:
        The decrease, shape (m,).
    """
    reached = linear.runs @ spread
    size = 1 + weight * np.einsum("mk,mk->m", reached, linear.runs)
    if criterion in ("c", "V"):
        moved = reached @ linear.pressed.T
        return np.asarray(weight * np.einsum("mt,mt->m", moved, moved) / size / len(linear.pressed))
    moved = reached @ linear.parameters.T
    if criterion == "A":
        return np.asarray(weight * np.einsum("mq,mq->m", moved, moved) / size / len(linear.parameters))
    inner = linear.parameters @ spread @ linear.parameters.T
    share = weight * np.einsum("mq,mq->m", moved, np.linalg.solve(inner, moved.T).T) / size
    return np.asarray(-np.log1p(-np.minimum(share, 1 - 1e-15)))
