"""Signs of a verifier's advantage: unbiased variances, shares, and the growth of the gap."""

import numpy as np
import pytest

from isoflop.errors import FitError
from isoflop.testtime.tradeoffs.verifier_gap import BOUND, fit_gap, gap_signs


def test_the_measures_by_hand(rng: np.random.Generator) -> None:
    rewards = [0.0, 1.0, 1.0, 0.2, 0.2, 0.3, 0.5, 0.7, 0.9]
    found = gap_signs(rewards, [0, 3, 5, 6, 9], rng=rng, epsilon=1.0)
    assert found.left_out == 1
    groups = ([0, 1, 1], [0.2, 0.2], [0.5, 0.7, 0.9])
    assert found.heterogeneity.value == pytest.approx(np.mean([np.var(g, ddof=1) for g in groups]))
    # 1 of mean 2/3, deviation .47 is below the mark; .9 of mean .7, deviation .163 is above it.
    assert found.anti_concentration.value == pytest.approx(np.mean([0, 0, 1 / 3]))


def test_variances_have_no_bias(rng: np.random.Generator) -> None:
    p = rng.random(4000)
    rewards = (rng.random((4000, 3)) < p[:, None]).ravel()
    found = gap_signs(rewards, np.arange(0, 12001, 3), rng=rng)
    truth = float(np.mean(p * (1 - p)))
    low, high = gap_signs(rewards, np.arange(0, 12001, 3), rng=rng, level=0.999).heterogeneity.interval
    assert low < truth < high
    assert found.heterogeneity.value == pytest.approx(truth, abs=0.02)


def test_rewards_alike_show_nothing(rng: np.random.Generator) -> None:
    found = gap_signs([0.1 + 0.2] * 4 + [0.3] * 4, [0, 4, 8], rng=rng, epsilon=0.0)
    assert found.heterogeneity.value == 0.0
    assert found.anti_concentration.value == 0.0
    with pytest.raises(FitError, match="Two problems with two traces"):
        gap_signs([1, 0, 1], [0, 2, 3], rng=rng)


def test_the_growth_of_the_gap() -> None:
    tokens = np.array([1e3, 4e3, 1.6e4, 6.4e4])
    fit = fit_gap(tokens, 0.5 + 0.002 * tokens**BOUND, np.full(4, 0.5))
    assert fit.parameters["e"] == pytest.approx(0.5)
    with pytest.raises(FitError, match="1 of 4 gaps are not positive"):
        fit_gap(tokens, [0.4, 0.6, 0.7, 0.8], [0.5] * 4)
