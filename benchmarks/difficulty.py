"""Beta-binomial fits of 1000 problems, plain and with the largest rate as scale."""

import numpy as np
from numpy.typing import NDArray

from isoflop.testtime.forecasts.difficulty import Difficulty
from isoflop.testtime.forecasts.distributions import DifficultyFit, fit_difficulty

LIMIT = 0.2
KINDS = {"plain, 100 samples": (100, 1.0), "scaled, 100 samples": (100, 0.3), "scaled, 10,000 samples": (10_000, 0.3)}


def difficult(kind: str) -> NDArray[np.int64]:
    """Return correct samples of 1000 problems, hard ones among them."""
    samples, scale = KINDS[kind]
    rng = np.random.default_rng(0)
    return rng.binomial(samples, Difficulty(0.25, 1.8, scale).draw(1000, rng=rng))


def fitted(kind: str, correct: NDArray[np.int64]) -> DifficultyFit:
    """Fit the distribution of difficulty."""
    samples, scale = KINDS[kind]
    return fit_difficulty(np.full(len(correct), samples), correct, scale=1.0 if scale == 1.0 else "max")
