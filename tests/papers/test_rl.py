"""Reinforcement learning: ScaleRL's sigmoid in compute (testtime_and_rl reference, section 28)."""

import numpy as np
import pytest
from tests.papers.support import assert_prints_as

import isoflop as iso
from isoflop import laws
from isoflop.errors import RangeWarning
from isoflop.fit import fit_law
from isoflop.methods.crossing import crossing
from isoflop.runs.table import RunTable

LAW = laws.get("scalerl")
# C_mid, B, A as the table prints them.
ROWS = {
    "base": (2542, 1.92, 0.610),
    "length-32k": (11272, 1.89, 0.645),
    "batch-512": (2818, 1.77, 0.605),
    "batch-2048": (10909, 1.70, 0.645),
    "generations-8": (3054, 2.44, 0.585),
    "generations-24": (2936, 2.07, 0.595),
    "generations-32": (4242, 1.65, 0.595),
    "math-of-math-and-code": (2896, 2.05, 0.595),
    "code-of-math-and-code": (1675, 1.09, 0.615),
}


def values(row: str) -> dict[str, float]:
    return dict(LAW.published_set(f"scalerl-2025-{row}").values)


@pytest.mark.parametrize("row", ROWS)
def test_the_published_rows(row: str) -> None:
    assert values(row) == dict(zip(("C_mid", "B", "A"), ROWS[row], strict=True))
    assert LAW.published_set(f"scalerl-2025-{row}").evidence == "S"


@pytest.mark.parametrize(
    ("gpu_hours", "reward"),
    [(1500, ".3092"), (2542, ".4050"), (8000, ".5691"), (16000, ".5984"), (100000, ".6096")],
)
def test_the_base_run(gpu_hours: float, reward: str) -> None:
    # The initial reward of .2 is the reference's illustration; the source does not print it.
    assert_prints_as(LAW.predict(values("base"), gpu_hours=gpu_hours, initial_reward=0.2), reward)


@pytest.mark.parametrize(("other", "where"), [("length-32k", "40112"), ("batch-2048", "45056")])
def test_recipes_cross(other: str, where: str) -> None:
    found = crossing(LAW, values("base"), values(other), column="gpu_hours", span=(3e3, 1e6), initial_reward=0.2)
    assert len(found) == 1
    assert_prints_as(found[0], where)


def test_half_of_the_gain_comes_at_the_middle() -> None:
    assert float(LAW.predict(values("base"), gpu_hours=2542, initial_reward=0.2)) == pytest.approx((0.2 + 0.61) / 2)


def test_the_power_law_is_the_limit_of_large_compute() -> None:
    v = values("base")
    limit = {"A": v["A"], "B": v["B"], "D_0": (v["A"] - 0.2) * v["C_mid"] ** v["B"]}
    hours = np.array([5e4, 1e5])
    power = laws.get("rl-power").predict(limit, gpu_hours=hours)
    np.testing.assert_allclose(power, LAW.predict(v, gpu_hours=hours, initial_reward=0.2), atol=1e-4)


def run_of(row: str = "base", points: int = 60, last: float = 16e3) -> RunTable:
    """The reference's synthetic run: noise of .004 on 60 points from 1.6e3 GPU-hours on."""
    hours = np.linspace(1.6e3, last, points)
    reward = LAW.predict(values(row), gpu_hours=hours, initial_reward=0.2)
    noisy = reward + np.random.default_rng(0).normal(0.0, 0.004, points)
    return RunTable.from_columns({"gpu_hours": hours, "initial_reward": np.full(points, 0.2), "reward": noisy})


def test_the_first_half_of_a_run_foretells_the_rest() -> None:
    # The reference's grid of A by C_mid gives A .610 (or .620 on another grid), C_mid 2518, B 1.883; its bound is ±.02.
    runs = run_of()
    prefix = runs.take(np.arange(30))
    fit = fit_law(LAW, prefix, objective="ls")
    assert fit.certificate.ok, fit.certificate.reasons
    assert fit.parameters["A"] == pytest.approx(0.610, abs=0.02)
    later = runs.take(np.arange(30, 60))
    predicted = fit.evaluate(gpu_hours=later.column("gpu_hours"), initial_reward=later.column("initial_reward"))
    assert float(np.abs(predicted - later.column("reward")).max()) < 0.02


def test_the_back_test_prefers_the_sigmoid() -> None:
    """Cuts along the run: the power law, fitted before the bend is over, promises far too much."""
    runs = run_of(last=1e5, points=63)
    cuts = [8e3, 16e3, 32e3]
    sigmoid = iso.backtest("scalerl", runs, by="gpu_hours", cuts=cuts, bootstrap=0, objective="ls", response="reward")
    power = iso.backtest("rl-power", runs, by="gpu_hours", cuts=cuts, bootstrap=0, objective="ls", response="reward")
    assert sigmoid.mean_abs_rel_error < 0.03
    assert power.mean_abs_rel_error > 2 * sigmoid.mean_abs_rel_error


def test_the_profile_of_the_asymptote_closes_only_beyond_three_times_the_middle() -> None:
    # "A is weakly identified until C > 3 C_mid": C_mid is 2542.
    runs = run_of(points=600)
    width = {}
    for last in (2.6e3, 7.6e3):
        prefix = runs.take(np.flatnonzero(runs.column("gpu_hours") <= last))
        low, high = iso.profile(fit_law(LAW, prefix, objective="ls"), prefix, "A").interval
        assert low < 0.61 < high
        width[last] = high - low
    assert width[2.6e3] > 0.3
    assert width[7.6e3] < 0.01


def test_beyond_the_published_compute_the_law_warns() -> None:
    with pytest.warns(RangeWarning, match="gpu_hours by 1 decades"):
        LAW.predict(values("base"), gpu_hours=1e6, initial_reward=0.2)
