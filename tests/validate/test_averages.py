import numpy as np
import pytest
from scipy.optimize import minimize

from isoflop.validate.averages import HeldOut, akaike_weights, averages, stacking_weights


def test_stacking_finds_the_best_point_of_the_simplex(rng: np.random.Generator) -> None:
    errors = rng.standard_normal((40, 4)) * [0.02, 0.01, 0.03, 0.05] + [0.01, -0.005, 0.02, 0.05]
    weights = stacking_weights(errors)
    assert weights.sum() == pytest.approx(1)
    assert weights.min() >= 0
    whole = {"type": "eq", "fun": lambda w: w.sum() - 1}
    found = minimize(
        lambda w: 1e4 * np.sum((errors @ w) ** 2), np.full(4, 0.25), bounds=[(0, 1)] * 4, constraints=whole, tol=1e-12
    )
    np.testing.assert_allclose(weights, found.x, atol=1e-4)


def test_laws_that_err_alike_share_the_weight() -> None:
    np.testing.assert_allclose(stacking_weights(np.full((5, 3), 0.01)), 1 / 3, atol=1e-3)
    np.testing.assert_allclose(stacking_weights(np.zeros((5, 2))), 0.5)


def test_akaike_weights_follow_the_difference_and_not_the_size() -> None:
    weights = akaike_weights(np.array([-1000.0, -996.0]))
    assert weights[1] / weights[0] == pytest.approx(np.exp(-2))
    np.testing.assert_allclose(akaike_weights(np.array([np.inf, np.inf])), 0.5)
    np.testing.assert_allclose(akaike_weights(np.array([np.inf, 3.0])), [0, 1])


def test_stacking_at_a_cut_knows_only_the_runs_below_it() -> None:
    # The first law is right on the run below the second cut, the second law everywhere above.
    below, above = [0.0, 0.1], [0.1, 0.0]
    runs = HeldOut(
        ("first", "second"),
        (np.array([below, above, above]), np.array([above, above])),
        (np.array([1.0, 2.0, 2.0]), np.array([2.0, 2.0])),
        (1.0, 2.0),
        np.array([[0.0, 2.0], [2.0, 0.0]]),
    )
    equal, stacked, aicc = averages(runs, np.array([1.0, 1.0]))
    assert stacked.by_cut == (None, pytest.approx(np.expm1(0.1) / np.exp(0.1), rel=1e-3))
    assert stacked.weights["second"] == pytest.approx(0.8, rel=1e-3)
    assert equal.rms_log_error == (pytest.approx(0.05), pytest.approx(0.05))
    assert aicc.weights == {"first": pytest.approx(0.5), "second": pytest.approx(0.5)}
    assert len(averages(runs, None)) == 2
