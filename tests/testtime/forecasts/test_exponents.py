"""Exponents of coverage from part of the samples."""

import numpy as np

from isoflop.testtime.forecasts.difficulty import Difficulty
from isoflop.testtime.forecasts.exponents import compare_exponents


def test_exponents_of_few_samples_are_nearer_by_the_distribution(rng: np.random.Generator) -> None:
    # So many problems, hard ones too, that the bias of a method shows and not the luck of problems.
    d = Difficulty(0.3, 2.0, 0.3)
    n, c = np.full(3000, 3000), rng.binomial(3000, d.draw(3000, rng=rng))
    found = compare_exponents(n, c, [30, 300], rng=rng, repeats=2, scale="likelihood")
    line, spread = found.relative
    # From 30 samples neither is better here; from 300 the distribution is, and the line has gained nothing.
    assert spread[1] < 0.5 * line[1]
    assert line[1] > 0.7 * line[0]
    assert found.least_squares.shape == (2, 2)
    assert 0.3 < found.whole < 0.6
