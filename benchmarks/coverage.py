"""pass@k of 10,000 problems with 10,000 samples each, at 30 values of k."""

import numpy as np
from numpy.typing import NDArray

from isoflop.testtime.estimators.coverage import pass_at_k

LIMIT = 1.0
KINDS = ("as many samples of every problem", "5 to 10 thousand samples a problem")


def counts(kind: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return samples and correct ones; difficulties are spread so that nearly every problem has its own pair."""
    rng = np.random.default_rng(0)
    n = np.full(10_000, 10_000) if kind == KINDS[0] else rng.integers(5_000, 10_001, 10_000)
    return n, rng.binomial(n, rng.beta(0.7, 0.7, 10_000))


def covered(n: NDArray[np.int64], c: NDArray[np.int64]) -> NDArray[np.float64]:
    """Estimate pass@k at 30 values of k from 1 to the fewest samples."""
    return pass_at_k(n, c, np.unique(np.geomspace(1, n.min(), 34).astype(int))[-30:])
