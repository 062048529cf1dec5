"""Forecasts of coverage from part of the samples."""

import numpy as np
import pytest

from isoflop.errors import FitError, TableError
from isoflop.testtime.coverage import pass_at_k
from isoflop.testtime.difficulty import Difficulty
from isoflop.testtime.extrapolation import compare_exponents, hide_samples, thin


def problems(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Counts of so many problems, hard ones too, that the bias of a method shows and not the luck of problems."""
    d = Difficulty(0.3, 2.0, 0.3)
    return np.full(3000, 3000), rng.binomial(3000, d.draw(3000, rng=rng))


def test_thinned_counts_keep_their_mean(rng: np.random.Generator) -> None:
    n, c = np.full(3, 50), np.array([0, 25, 50])
    drawn = np.array([thin(n, c, 10, rng=rng) for _ in range(400)])
    assert np.all(drawn[:, 0] == 0)
    assert np.all(drawn[:, 2] == 10)
    # A hypergeometric count of 10 of 50 has variance 2.04: its mean of 400 is within .29 of 5 (4 standard errors).
    assert drawn[:, 1].mean() == pytest.approx(5, abs=0.29)


def test_the_distribution_forecasts_better_than_the_line(rng: np.random.Generator) -> None:
    n, c = problems(rng)
    found = hide_samples(n, c, 100, rng=rng, repeats=3, scale="likelihood")
    line, spread, given = found.errors
    assert max(spread, given) < 0.6 * line
    np.testing.assert_allclose(found.truth, pass_at_k(n, c, found.ks).mean(axis=0))
    assert found.least_squares.shape == found.distribution.shape == found.given_counts.shape == (3, len(found.ks))


def test_exponents_of_few_samples_are_nearer_by_the_distribution(rng: np.random.Generator) -> None:
    n, c = problems(rng)
    found = compare_exponents(n, c, [30, 300], rng=rng, repeats=2, scale="likelihood")
    line, spread = found.relative
    # From 30 samples neither is better here; from 300 the distribution is, and the line has gained nothing.
    assert spread[1] < 0.5 * line[1]
    assert line[1] > 0.7 * line[0]
    assert found.least_squares.shape == (2, 2)
    assert 0.3 < found.whole < 0.6


def test_what_cannot_be_hidden_is_refused(rng: np.random.Generator) -> None:
    with pytest.raises(FitError, match="hides none"):
        hide_samples([10, 10], [1, 2], 10, rng=rng)
    with pytest.raises(TableError, match="cannot be kept"):
        thin([10, 10], [1, 2], 11, rng=rng)
