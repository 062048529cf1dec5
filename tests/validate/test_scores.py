import math

import numpy as np
import pytest

from isoflop.validate.scores import Prediction, score


def prediction(observed: float, predicted: float, interval: tuple[float, float] | None) -> Prediction:
    return Prediction(1, {"params": 1e9}, observed, predicted, interval, 0.5)


def test_errors_keep_their_sign() -> None:
    scores = score([prediction(2.0, 2.2, None), prediction(2.0, 1.9, None)], 0.9)
    assert scores.mean_signed_rel_error == pytest.approx(0.025)
    assert scores.mean_abs_rel_error == pytest.approx(0.075)
    assert scores.rms_log_error == pytest.approx(math.sqrt((math.log(1.1) ** 2 + math.log(0.95) ** 2) / 2))
    assert scores.coverage is None
    assert scores.inflation is None


def test_strain_is_one_at_the_end_of_the_interval() -> None:
    assert prediction(2.4, 2.0, (1.8, 2.4)).strain == pytest.approx(1)
    assert prediction(1.8, 2.0, (1.8, 2.4)).strain == pytest.approx(1)
    assert prediction(2.0 * 1.2**2, 2.0, (1.8, 2.4)).strain == pytest.approx(2)
    assert prediction(-3.0, 0.0, (-1.0, 4.0)).strain == pytest.approx(3)


def test_a_lopsided_interval_does_not_make_the_strain_infinite() -> None:
    strain = prediction(1.9, 2.0, (2.0, 2.4)).strain
    assert strain == pytest.approx(math.log(2 / 1.9) / (0.1 * math.log(1.2)))


def test_intervals_that_hold_what_they_promise_need_no_inflation(rng: np.random.Generator) -> None:
    observed = np.exp(0.01 * rng.standard_normal(20_000))
    ends = (math.exp(-0.01 * 1.6449), math.exp(0.01 * 1.6449))
    scores = score([prediction(float(y), 1.0, ends) for y in observed], 0.9)
    assert scores.coverage == pytest.approx(0.9, abs=0.01)
    assert scores.inflation == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_inflation_is_what_narrow_intervals_lack_and_never_below_one(rng: np.random.Generator, factor: float) -> None:
    observed = np.exp(0.01 * rng.standard_normal(20_000))
    half = factor * 0.01 * 1.6449
    scores = score([prediction(float(y), 1.0, (math.exp(-half), math.exp(half))) for y in observed], 0.9)
    assert scores.inflation == pytest.approx(max(1 / factor, 1.0), rel=0.03)


def test_of_few_runs_the_worst_one_counts() -> None:
    few = [prediction(y, 1.0, (math.exp(-1), math.exp(1))) for y in (1.0, 1.0, math.exp(1.7))]
    assert score(few, 0.9).inflation == pytest.approx(1.7)


def test_a_prediction_without_an_interval_does_not_count_as_covered() -> None:
    scores = score([prediction(1.0, 1.0, (0.9, 1.1)), prediction(1.0, 1.0, (math.nan, math.nan))], 0.9)
    assert scores.coverage == 1
    assert prediction(1.0, 1.0, (math.nan, math.nan)).to_dict()["interval"] is None
