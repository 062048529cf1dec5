"""Fewer samples than there are: a random part of every problem's samples, to try forecasts on."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import TableError
from isoflop.testtime.estimators.coverage import counted

Array = NDArray[Any]


def thin(n: ArrayLike, c: ArrayLike, kept: int, *, rng: np.random.Generator) -> Array:
    """Correct ones among a random part of every problem's samples: hypergeometric draws.

    Args:
        n: samples, shape (problems,).
        c: correct ones.
        kept: samples that are kept of every problem.
        rng: random state.

    Returns:
        Correct ones among the kept, shape (problems,).

    Raises:
        TableError: a problem has fewer samples than are to be kept.
    """
    samples, correct = counted(n, c)
    if not 1 <= kept <= samples.min():
        raise TableError(f"{kept} of {int(samples.min())} samples cannot be kept. Give 1 up to the smallest n.")
    return np.asarray(rng.hypergeometric(correct, samples - correct, kept))
