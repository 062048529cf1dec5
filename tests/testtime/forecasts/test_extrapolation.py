"""Random parts of the samples."""

import numpy as np
import pytest

from isoflop.errors import TableError
from isoflop.testtime.forecasts.extrapolation import thin


def test_thinned_counts_keep_their_mean(rng: np.random.Generator) -> None:
    n, c = np.full(3, 50), np.array([0, 25, 50])
    drawn = np.array([thin(n, c, 10, rng=rng) for _ in range(400)])
    assert np.all(drawn[:, 0] == 0)
    assert np.all(drawn[:, 2] == 10)
    # A hypergeometric count of 10 of 50 has variance 2.04: its mean of 400 is within .29 of 5 (4 standard errors).
    assert drawn[:, 1].mean() == pytest.approx(5, abs=0.29)


def test_more_than_there_are_is_refused(rng: np.random.Generator) -> None:
    with pytest.raises(TableError, match="cannot be kept"):
        thin([10, 10], [1, 2], 11, rng=rng)
