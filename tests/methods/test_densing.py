"""Capability density and its doubling time."""

import numpy as np
import pytest

from isoflop import laws
from isoflop.errors import FitError
from isoflop.methods import densing

LOSS = laws.get("task-loss").published_set("olmo-ladder-hellaswag").values
ACCURACY = laws.get("task-sigmoid").published_set("olmo-ladder-hellaswag").values


def test_the_density_doubles_in_95_days() -> None:
    assert densing.doubling_days(0.0073) == pytest.approx(94.95, abs=0.005)
    with pytest.raises(FitError, match="does not grow"):
        densing.doubling_days(-0.001)


def test_the_effective_size_of_a_reference_model_is_its_own() -> None:
    sizes = np.geomspace(2e8, 1e10, 7)
    loss = laws.get("task-loss").predict(LOSS, params=sizes, tokens=4e12)
    score = laws.get("task-sigmoid").predict(ACCURACY, task_loss=loss)
    np.testing.assert_allclose(densing.effective_params(score, LOSS, ACCURACY, tokens=4e12), sizes, rtol=1e-8)


def test_a_score_that_the_reference_cannot_reach_has_no_size() -> None:
    assert np.isnan(densing.effective_params([0.999, 0.98], LOSS, ACCURACY, tokens=4e12)).all()


def test_the_ends_of_the_sigmoid_have_no_size() -> None:
    # At the upper end the task loss would be minus infinity, at chance infinite: neither is a model.
    ends = [ACCURACY["b"], ACCURACY["b"] + ACCURACY["a"]]
    assert np.isnan(densing.effective_params(ends, LOSS, ACCURACY, tokens=4e12)).all()
    with pytest.raises(FitError, match="Divide percent by 100"):
        densing.effective_params(80.0, LOSS, ACCURACY, tokens=4e12)


def test_a_model_without_a_density_is_not_passed_over_in_silence() -> None:
    with pytest.raises(FitError, match="Model 1 has day 10 and density nan"):
        densing.frontier([0, 10, 20], [1.0, np.nan, 2.0])


def test_the_frontier_is_the_running_best() -> None:
    days, density = [0, 10, 20, 20, 30, 40], [1.0, 0.5, 2.0, 3.0, 2.5, 4.0]
    assert densing.frontier(days, density).tolist() == [0, 3, 5]


def test_the_trend_is_that_of_the_frontier(rng: np.random.Generator) -> None:
    days = np.arange(0.0, 800.0, 8.0)
    ceiling = np.exp(0.0073 * days - 2.0)
    density = ceiling * np.where(np.arange(100) % 4 == 0, 1.0, rng.uniform(0.1, 0.7, 100))
    fit = densing.fit_trend(days, density)
    assert densing.doubling_days(fit.parameters["A"]) == pytest.approx(95.0, rel=0.02)
    with pytest.raises(FitError, match="Only 1 models were the densest"):
        densing.fit_trend([0, 1, 2], [3.0, 2.0, 1.0])
