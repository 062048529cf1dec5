"""Learning-rate sensitivity, and the size at which training turns unstable."""

import numpy as np
import pytest

from isoflop.errors import LawError
from isoflop.methods.sensitivity import lr_sensitivity, predict_instability
from isoflop.runs.table import RunTable


def test_diverged_runs_count_as_the_initial_loss():
    assert lr_sensitivity([4.0, np.nan, np.inf, 1e9], 7.0) == pytest.approx((0 + 3 + 3 + 3) / 4)


def test_a_flat_sweep_has_no_sensitivity():
    assert lr_sensitivity([3.0] * 5, 10.0) == 0.0


@pytest.mark.parametrize("losses", [[], [9.0, 8.0], [np.nan], [[1.0]]])
def test_a_sweep_that_never_trained_is_refused(losses):
    with pytest.raises(LawError, match="initialisation"):
        lr_sensitivity(losses, 7.0)


def runs(exponent, rng):
    params = np.geomspace(1e7, 1e9, 8)
    logit = 5.0 * (params / 1e7) ** exponent * np.exp(rng.normal(0, 0.02, 8))
    return RunTable.from_columns({"params": params, "max_logit": logit})


def test_the_size_of_the_limit_is_found_with_its_interval(rng):
    found = predict_instability(runs(0.7, rng), "max_logit", 1e4, rng=rng, draws=200)
    truth = 1e7 * (1e4 / 5.0) ** (1 / 0.7)
    low, high = found.params.interval
    assert found.grows
    assert found.params.value == pytest.approx(truth, rel=0.3)
    assert low < truth < high
    assert found.fit.parameters["k"] == pytest.approx(0.7, abs=0.02)


def test_what_does_not_grow_reaches_no_limit(rng):
    found = predict_instability(runs(-0.2, rng), "max_logit", 1e4, rng=rng, draws=50)
    assert not found.grows
    assert found.params.value == np.inf
    assert found.params.interval == (np.inf, np.inf)
    assert "few runs" in found.params.leaves_out[0]


def test_what_hardly_grows_may_reach_no_limit(rng):
    params = np.geomspace(1e7, 1e9, 6)
    wander = np.array([0.3, -0.3, 0.2, -0.1, 0.3, 0.1])
    table = RunTable.from_columns({"params": params, "max_logit": 5.0 * np.exp(wander)})
    found = predict_instability(table, "max_logit", 50.0, rng=rng, draws=200)
    assert found.grows
    assert np.isfinite(found.params.value)
    assert found.params.interval[1] == np.inf


def test_a_limit_must_be_positive(rng):
    with pytest.raises(LawError, match="positive"):
        predict_instability(runs(0.5, rng), "max_logit", 0.0, rng=rng)
