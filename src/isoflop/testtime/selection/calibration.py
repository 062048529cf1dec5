"""Whether a confidence means what it says, and whether it ranks right answers above wrong ones."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import InputError
from isoflop.testtime.selection.risk_areas import checked_marks

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Calibration:
    """Accuracy against confidence in bins of equal width.

    Args:
        error: ECE, the mean distance of accuracy and confidence, weighted by problems.
        edges: of the bins, shape (bins + 1,).
        problems: in each bin.
        confidence: mean in each bin; NaN where it is empty.
        accuracy: mean in each bin; NaN where it is empty.
    """

    error: float
    edges: Array
    problems: Array
    confidence: Array
    accuracy: Array


def calibration(confidence: ArrayLike, correct: ArrayLike, *, bins: int = 10) -> Calibration:
    """Expected calibration error, `Σ_b (n_b/n) |accuracy_b − confidence_b|` over bins of equal width.

    With few problems a bin the error is above 0 for a perfect confidence too.

    Reference: Guo et al. 2017, arXiv:1706.04599; Zhou et al. 2025 (RPC), arXiv:2510.15444, take 10 bins and the
    confidence of the best answer.

    Args:
        confidence: probabilities, shape (problems,).
        correct: marks from 0 to 1, shape (problems,).
        bins: how many; a value on an edge belongs to the bin below it, 0 to the first.

    Returns:
        Error and bins.

    Raises:
        InputError: sizes differ, a value is missing or outside 0 to 1, or there is no bin.

    >>> round(calibration([0.95, 0.95, 0.55, 0.55], [1, 1, 1, 0]).error, 3)
    0.05
    """
    p, loss = checked_marks(confidence, correct)
    if not ((p >= 0) & (p <= 1)).all() or bins < 1:
        raise InputError(
            f"Confidences from {p.min():g} to {p.max():g}, {bins} bins: calibration needs probabilities and 1 bin or "
            "more. Any other score can be judged by risk_coverage."
        )
    edges = np.linspace(0, 1, bins + 1)
    of = np.clip(np.searchsorted(edges, p, side="left") - 1, 0, bins - 1)
    count = np.bincount(of, minlength=bins)
    with np.errstate(invalid="ignore"):
        said, right = (np.bincount(of, weights=v, minlength=bins) / count for v in (p, 1 - loss))
    error = float(np.nansum(count * np.abs(right - said)) / len(p))
    return Calibration(error, edges, count, said, right)


def auroc(confidence: ArrayLike, correct: ArrayLike) -> float:
    """Chance that a right answer has more confidence than a wrong one, ties counting half.

    Args:
        confidence: any number, shape (problems,).
        correct: marks; a share of samples counts as that much of a right and of a wrong answer.

    Returns:
        From 0 to 1, .5 for a score that knows nothing; NaN where all answers are right, or all wrong.

    Raises:
        InputError: sizes differ, or a value is missing.

    >>> auroc([0.9, 0.8, 0.7, 0.6], [1, 1, 0, 1])
    0.6666666666666666
    """
    scores, loss = checked_marks(confidence, correct)
    levels, codes = np.unique(scores, return_inverse=True)
    wrong = np.bincount(codes, weights=loss, minlength=len(levels))
    right = np.bincount(codes, weights=1 - loss, minlength=len(levels))
    pairs = right.sum() * wrong.sum()
    below = np.cumsum(wrong) - wrong
    return float((right * (below + wrong / 2)).sum() / pairs) if pairs > 0 else float("nan")
