"""The pass@N loss, its factor as a ratio of gradients, and the policy that maximises pass@N."""

import numpy as np
import pytest
from scipy.optimize import minimize

from isoflop.errors import FitError
from isoflop.testtime.tradeoffs.confidence import best_policy, overconfidence_factor, pass_n_loss


@pytest.mark.parametrize("p", [1e-8, 0.003, 0.2, 0.9])
@pytest.mark.parametrize("n", [1, 2, 16, 4000])
def test_the_factor_is_the_ratio_of_the_gradients(p: float, n: int) -> None:
    # d l_N / d log p, by central differences, over that of -log p, which is -1.
    step = 1e-5
    slope = float(pass_n_loss(np.log(p) + step, n) - pass_n_loss(np.log(p) - step, n)) / (2 * step)
    assert float(overconfidence_factor(np.log(p), n)) == pytest.approx(-slope, rel=1e-6, abs=1e-9)


def test_the_series_of_the_code_for_small_chances() -> None:
    n = 16
    p = np.array([1e-6, 1e-4, 6e-3])
    above = 1 - (n - 1) * p + (n - 1) * (n - 2) * p**2 / 2
    below = 1 - (n - 1) * p / 2 + (n - 1) * (n - 2) * p**2 / 6
    np.testing.assert_allclose(overconfidence_factor(np.log(p), n), above / below, atol=2e-4)


def test_chances_below_every_float_are_no_trouble() -> None:
    assert float(pass_n_loss(-5000.0, 64)) == pytest.approx(5000 - np.log(64))
    assert float(overconfidence_factor(-5000.0, 64)) == pytest.approx(1.0)
    # The two branches meet.
    assert float(pass_n_loss(-700.1, 8)) == pytest.approx(float(pass_n_loss(-699.9, 8)) + 0.2, rel=1e-9)
    assert overconfidence_factor(0.0, [1, 2]).tolist() == [1.0, 0.0]
    assert float(pass_n_loss(0.0, 3)) == 0.0


def test_a_single_sample_is_cross_entropy() -> None:
    p = np.array([0.01, 0.5, 0.99])
    np.testing.assert_allclose(pass_n_loss(np.log(p), 1), -np.log(p))
    np.testing.assert_allclose(overconfidence_factor(np.log(p), 1), 1.0)


@pytest.mark.parametrize("n", [2, 4, 30])
def test_the_best_policy_is_the_maximum(n: int) -> None:
    q = np.array([0.05, 0.5, 0.0, 0.3, 0.15])

    def cost(free: np.ndarray) -> float:
        p = np.exp(free) / np.exp(free).sum()
        return -float(np.sum(q * (1 - (1 - p) ** n)))

    found = best_policy(q, n)
    other = minimize(cost, np.zeros(5), method="BFGS", options={"gtol": 1e-10})
    assert found.sum() == pytest.approx(1.0)
    assert np.all(found >= 0)
    assert -float(np.sum(q * (1 - (1 - found) ** n))) <= other.fun + 1e-9


def test_confidence_falls_with_the_samples() -> None:
    q = [0.5, 0.3, 0.2]
    top = [best_policy(q, n)[0] for n in (1, 2, 4, 16, 256, 1e6)]
    assert np.all(np.diff(top) < 0)
    assert top[-1] == pytest.approx(1 / 3, abs=1e-4)
    np.testing.assert_allclose(best_policy([0.4, 0.4, 0.2], 1), [0.5, 0.5, 0.0])


def test_what_is_no_chance_is_refused() -> None:
    with pytest.raises(FitError, match="at most 0"):
        pass_n_loss(0.1, 4)
    with pytest.raises(FitError, match="at least one sample"):
        overconfidence_factor(-1.0, 0)
    for wrong in ([-0.1, 1.0], [0.0, 0.0], [[1.0]]):
        with pytest.raises(FitError, match="A policy needs"):
            best_policy(wrong, 4)
