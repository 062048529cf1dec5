import numpy as np
import pytest
from tests.validate.designs import bent_runs, chinchilla_runs

from isoflop import laws
from isoflop.errors import TableError
from isoflop.validate.backtest import backtest
from isoflop.validate.paired import _gaussian, _resampled, difference


def test_a_law_without_the_floor_is_distinguishable(rng: np.random.Generator) -> None:
    runs = bent_runs(rng)
    right, straight = (backtest(laws.as_law(f), runs, bootstrap=0, rng=rng) for f in ("E + A/C^a", "A/C^a"))
    gap = difference(right, straight, level=0.9, rng=rng)
    assert gap.distinguishable
    assert gap.ahead == gap.cuts == 3
    assert gap.mean < 0
    assert gap.interval[1] < 0
    assert difference(straight, right, level=0.9, rng=rng).mean == pytest.approx(-gap.mean)


def test_a_law_and_its_own_twin_are_not(rng: np.random.Generator) -> None:
    runs = chinchilla_runs(rng)
    same = [backtest(laws.get("chinchilla"), runs, by="params", bootstrap=0, rng=rng) for _ in range(2)]
    gap = difference(*same, level=0.9, rng=rng)
    assert gap.mean == 0
    assert gap.p_value == 1
    assert not gap.distinguishable


def test_many_comparisons_ask_for_a_smaller_p_value(rng: np.random.Generator) -> None:
    runs = bent_runs(rng)
    right, straight = (backtest(laws.as_law(f), runs, bootstrap=0, rng=rng) for f in ("E + A/C^a", "A/C^a"))
    p_value = difference(right, straight, level=0.9, rng=rng).p_value
    assert p_value == pytest.approx(2 / 2**12)
    enough, too_many = int(0.1 / p_value), int(0.1 / p_value) + 1
    assert difference(right, straight, level=0.9, rng=rng, comparisons=enough).distinguishable
    assert not difference(right, straight, level=0.9, rng=rng, comparisons=too_many).distinguishable


def test_few_runs_are_never_enough(rng: np.random.Generator) -> None:
    # Four runs have sixteen sign patterns: the most extreme two are 12.5 %.
    assert _resampled(np.array([-0.1, -0.2, -0.1, -0.3]), 0.9, rng)[0] == pytest.approx(0.125)
    assert _resampled(np.full(5, -0.1), 0.9, rng)[0] == pytest.approx(0.0625)


def test_without_a_difference_small_p_values_are_as_rare_as_they_say(rng: np.random.Generator) -> None:
    p_values = np.array([_resampled(rng.standard_normal(10), 0.9, rng)[0] for _ in range(400)])
    assert (p_values < 0.1).mean() == pytest.approx(0.1, abs=0.045)


def test_many_runs_are_gaussian(rng: np.random.Generator) -> None:
    gaps = rng.standard_normal(900) + 0.05
    p_value, interval = _resampled(gaps, 0.9, rng)
    p_gauss, interval_gauss = _gaussian(gaps, 0.9)
    assert p_gauss == pytest.approx(p_value, abs=0.02)
    assert interval_gauss == pytest.approx(interval, abs=0.01)


def test_back_tests_without_a_common_run_are_refused(rng: np.random.Generator) -> None:
    runs = bent_runs(rng)
    tests = [backtest(laws.as_law("A/C^a"), runs, cuts=[cut], bootstrap=0, rng=rng) for cut in (1e20, 1e21)]
    with pytest.raises(TableError, match="no held-out run in common"):
        difference(*tests, level=0.9, rng=rng)
