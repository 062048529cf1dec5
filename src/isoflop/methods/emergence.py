"""How sudden a score rises with scale: BIG-bench's linearity and breakthroughness, and what chance gives."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import FitError

Array = NDArray[Any]


@dataclass(frozen=True)
class Suddenness:
    """Shape of a curve of scores over scale.

    Args:
        improvement: highest minus lowest score, negative when the lowest comes later.
        linearity: improvement over the root mean square of the steps.
        breakthroughness: improvement over the root median square of the steps; infinite when half of the steps are 0.
        steps: number of steps.
    """

    improvement: float
    linearity: float
    breakthroughness: float
    steps: int


def suddenness(scores: ArrayLike) -> Suddenness:
    """Linearity and breakthroughness of scores in the order of scale.

    `I = sign(argmax y - argmin y)(max y - min y)`, `L = I / RMS(dy)`, `B = I / RootMedianSquare(dy)`.

    Reference: Srivastava et al. 2022, arXiv:2206.04615, appendix on metrics (as other implementations have it).

    Args:
        scores: at increasing scale, at least two, on any scale.

    Returns:
        Both numbers; 0 for a flat curve.

    Raises:
        FitError: fewer than two scores, or one that is not finite.

    >>> found = suddenness([0, 1, 2, 3, 4])
    >>> found.linearity, found.breakthroughness
    (4.0, 4.0)
    """
    y = np.asarray(scores, dtype=float)
    if y.ndim != 1 or len(y) < 2 or not np.all(np.isfinite(y)):
        raise FitError(f"Scores of shape {y.shape} are no curve. Give two or more finite scores in order of scale.")
    height = float(np.ptp(y))
    if height == 0:
        return Suddenness(0.0, 0.0, 0.0, len(y) - 1)
    improvement = float(np.sign(int(np.argmax(y)) - int(np.argmin(y)))) * height
    steps = np.diff(y) ** 2
    middle = float(np.sqrt(np.median(steps)))
    through = improvement / middle if middle > 0 else float(np.copysign(np.inf, improvement))
    return Suddenness(improvement, improvement / float(np.sqrt(np.mean(steps))), through, len(y) - 1)


def permutation_p(scores: ArrayLike, *, rng: np.random.Generator, draws: int = 1000) -> float:
    """Share of random orders of the same scores that are at least as sudden.

    Breakthroughness grows with the number of steps and with noise, so a number alone says little.

    Args:
        scores: at increasing scale.
        rng: random state.
        draws: random orders.

    Returns:
        A p-value, never 0: the order at hand counts as one.
    """
    y = np.asarray(scores, dtype=float)
    own = suddenness(y).breakthroughness
    others = sum(suddenness(rng.permutation(y)).breakthroughness >= own for _ in range(draws))
    return (others + 1) / (draws + 1)
