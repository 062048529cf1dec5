"""Pre-training against inference: FLOPs add up, ratios break even, samples reach an accuracy."""

import numpy as np
import pytest

from isoflop.errors import FitError
from isoflop.testtime.estimators.coverage import pass_at_k
from isoflop.testtime.forecasts.difficulty import Difficulty
from isoflop.testtime.forecasts.distributions import DifficultyFit, fit_difficulty
from isoflop.testtime.forecasts.implied import CoveragePower, fit_coverage
from isoflop.testtime.tradeoffs.exchange import break_even_ratio, exchange, inference_multiplier, samples_needed

KS = np.array([1, 3, 10, 30, 100])


def fits(rng: np.random.Generator) -> tuple[DifficultyFit, CoveragePower]:
    """Both laws of one table."""
    n = np.full(400, 300)
    c = rng.binomial(300, Difficulty(0.5, 1.5, 0.6).draw(400, rng=rng))
    return fit_difficulty(n, c, rng=rng), fit_coverage(KS, pass_at_k(n, c, KS), rng=rng)


@pytest.mark.parametrize(("m", "r"), [(1.0, 3.0), (14.0, 0.16), (2.0, 100.0)])
def test_the_flops_are_equal(m: float, r: float) -> None:
    params, pretraining = 1e9, 1e11
    inference = r * pretraining
    larger = 6 * m * params * pretraining + 2 * m * params * inference
    smaller = 6 * params * pretraining + 2 * params * inference * float(inference_multiplier(m, r))
    assert smaller == pytest.approx(larger)


def test_the_ratio_undoes_the_multiplier() -> None:
    for r in (0.1, 1.0, 30.0):
        assert float(break_even_ratio(5.0, inference_multiplier(5.0, r))) == pytest.approx(r)
    assert break_even_ratio(5.0, [1, 5, 6]).tolist() == [np.inf, np.inf, 12.0]


def test_samples_reach_the_accuracy(rng: np.random.Generator) -> None:
    spread, line = fits(rng)
    truth = Difficulty(0.5, 1.5, 0.6)
    wanted = float(truth.coverage(50))
    by_spread, by_line = samples_needed(spread, wanted, level=0.99), samples_needed(line, wanted, level=0.99)
    assert float(spread.difficulty.coverage(by_spread.value)) == pytest.approx(wanted, abs=1e-3)
    assert float(line.predict(by_line.value)) == pytest.approx(wanted)
    assert by_spread.interval[0] < 50 < by_spread.interval[1]
    assert samples_needed(spread, 0.01).value == 1.0


def test_an_exchange_keeps_its_draws(rng: np.random.Generator) -> None:
    spread, _ = fits(rng)
    found = exchange(spread, 0.8, 4.0)
    assert found.samples.value > 4
    assert found.ratio.value == pytest.approx(9 / (found.samples.value - 4))
    assert found.ratio.interval[0] < found.ratio.value < found.ratio.interval[1]
    assert found.ratio.draws is not None
    np.testing.assert_allclose(found.ratio.draws, break_even_ratio(4.0, found.samples.draws))


def test_what_is_never_reached_is_nan() -> None:
    hopeless = fit_difficulty([100] * 50, [0] * 49 + [3], scale=1.0, rng=np.random.default_rng(0), draws=20)
    assert np.isnan(samples_needed(hopeless, 0.99).value)
    assert np.isnan(exchange(hopeless, 0.99, 4.0).ratio.value)


def test_numbers_outside_their_ranges_are_refused(rng: np.random.Generator) -> None:
    with pytest.raises(FitError, match="at least 1 and a positive ratio"):
        inference_multiplier(0.5, 1.0)
    with pytest.raises(FitError, match="no larger one"):
        break_even_ratio(1.0, 3)
    with pytest.raises(FitError, match="no draws"):
        samples_needed(fit_difficulty([10, 10], [1, 4]), 0.5)
    with pytest.raises(FitError, match="not between 0 and 1"):
        samples_needed(fits(rng)[0], 1.0)
