"""Schaeffer's chain from log-likelihood to accuracy, and how much each step loses of the correlation with compute."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import FitError, TableError

Array = NDArray[Any]

STEPS: Final = ("log_p_vocab", "p_vocab", "p_choices", "brier", "accuracy")
"""The chain, in the order in which information is lost; Brier is negated, so that more is better throughout."""


@dataclass(frozen=True, eq=False)
class Chain:
    """Scores of every item by every model, at each step.

    Args:
        scores: step → shape (models, items); larger is better.
    """

    scores: Mapping[str, Array]


@dataclass(frozen=True, eq=False)
class Degradation:
    """Correlation with log compute of each item, at each step.

    Args:
        correlations: step → one correlation per item, NaN where a score never changes, shape (items,).
        kind: which correlation.
    """

    correlations: Mapping[str, Array]
    kind: str

    def median(self, step: str) -> float:
        """Median over the items; an item whose score never changes counts as 0."""
        return float(np.median(np.nan_to_num(self.correlations[step], nan=0.0)))

    def survival(self, step: str, thresholds: ArrayLike) -> Array:
        """Share of the items whose correlation lies above each threshold."""
        values = np.nan_to_num(self.correlations[step], nan=0.0)
        return np.asarray((values[None, :] > np.asarray(thresholds, float)[:, None]).mean(axis=1))

    def lost(self, step: str) -> float:
        """How much the median has fallen since the first step."""
        return self.median(STEPS[0]) - self.median(step)


def transform(log_p: ArrayLike, correct: ArrayLike) -> Chain:
    """Walk the chain from log-probabilities of the choices to accuracy.

    `p_vocab = exp(log p)`, `p_choices(c) = p(c)/sum_s p(s)`, `Brier = sum_s (1[s = c] - p_choices(s))^2`,
    `accuracy = 1[c = argmax_s p(s)]`.

    Reference: Schaeffer et al. 2024, arXiv:2406.04391.

    Args:
        log_p: log-probability of each choice in one convention (per token, or summed), NaN for choices
            that an item does not have, shape (models, items, choices).
        correct: place of the correct choice of each item, shape (items,).

    Returns:
        Scores of every step.

    Raises:
        TableError: a correct choice is not among the choices, or has no log-probability; or one is above 0.
    """
    logs = np.asarray(log_p, dtype=float)
    right = np.asarray(correct, dtype=np.intp)
    outside = np.flatnonzero((right < 0) | (right >= logs.shape[2]))
    if len(outside):
        raise TableError(
            f"The correct choice of item {outside[0]} is {right[outside[0]]}, but the choices are numbered 0 to "
            f"{logs.shape[2] - 1}. Correct it."
        )
    if np.any(logs > 0):
        raise TableError(f"A log-probability is {np.nanmax(logs):g}, above 0. Give logarithms, not probabilities.")
    own = np.take_along_axis(logs, right[None, :, None], axis=2)[..., 0]
    if np.isnan(own).any():
        item = int(np.argwhere(np.isnan(own))[0][1])
        raise TableError(f"The correct choice of item {item} has no log-probability. Add it, or leave the item out.")
    there = ~np.isnan(logs)
    top = np.nanmax(logs, axis=2, keepdims=True)
    mass = np.where(there, np.exp(np.where(there, logs - top, 0.0)), 0.0)
    share = mass / mass.sum(axis=2, keepdims=True)
    is_right = np.arange(logs.shape[2])[None, :] == right[:, None]
    scores = {
        "log_p_vocab": own,
        "p_vocab": np.exp(own),
        "p_choices": np.take_along_axis(share, right[None, :, None], axis=2)[..., 0],
        "brier": -np.sum(np.where(there, (is_right - share) ** 2, 0.0), axis=2),
        "accuracy": (np.nanargmax(logs, axis=2) == right).astype(float),
    }
    return Chain(MappingProxyType(scores))


def degradation(
    chain: Chain, flops: ArrayLike, *, kind: Literal["pearson", "spearman", "kendall"] = "spearman"
) -> Degradation:
    """Correlate every item's score with log compute over the models of one family, at every step.

    Args:
        chain: scores of one family's models.
        flops: training compute of the models, shape (models,).
        kind: which correlation.

    Returns:
        The correlations; their fall from step to step is what makes accuracy hard to foretell.

    Raises:
        FitError: fewer than three models.
    """
    from scipy import stats

    x = np.log(np.asarray(flops, dtype=float))
    if len(x) < 3:
        raise FitError(f"{len(x)} models show no trend. Give at least three of one family.")
    measure = {"pearson": stats.pearsonr, "spearman": stats.spearmanr, "kendall": stats.kendalltau}[kind]

    def one(y: Array) -> float:
        return float(measure(x, y).statistic) if np.ptp(y) > 0 else float("nan")

    found = {step: np.array([one(y) for y in values.T]) for step, values in chain.scores.items()}
    return Degradation(MappingProxyType(found), kind)
