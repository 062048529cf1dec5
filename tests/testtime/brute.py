"""The definitions themselves: means over all subsets, for a few samples."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np


def over_subsets(worth: Callable[..., float], n: int, ks: Sequence[int], *facts: Any) -> list[float]:
    """Mean over all subsets of k of n samples, for every k, of what `worth(facts…, subset)` gives."""
    return [float(np.mean([worth(*facts, chosen) for chosen in itertools.combinations(range(n), k)])) for k in ks]


def largest(values: Sequence[float], chosen: tuple[int, ...]) -> float:
    """Largest value among the chosen ones."""
    return max(values[j] for j in chosen)


def least(values: Sequence[float], chosen: tuple[int, ...]) -> float:
    """Least value among the chosen ones."""
    return min(values[j] for j in chosen)


def picked(values: Sequence[float], score: Sequence[float], chosen: tuple[int, ...]) -> float:
    """Mean value of the samples with the largest score among the chosen ones."""
    best = max(score[j] for j in chosen)
    return float(np.mean([values[j] for j in chosen if score[j] == best]))


def voted(labels: Sequence[int], right: Sequence[float], weights: Sequence[float], chosen: tuple[int, ...]) -> float:
    """Whether the answer with the most votes is right, tied answers sharing; no answer is wrong."""
    votes: dict[int, float] = {}
    for j in chosen:
        if labels[j] >= 0:
            votes[labels[j]] = votes.get(labels[j], 0.0) + weights[j]
    if not votes:
        return 0.0
    truth = {label: value for label, value in zip(labels, right, strict=True)}
    return float(np.mean([truth[a] for a, count in votes.items() if count >= max(votes.values()) - 1e-9]))
