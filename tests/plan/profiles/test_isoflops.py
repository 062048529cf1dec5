"""IsoFLOP profiles: grouping by budget, which minima count, the power law and its interval."""

import json

import numpy as np
import pytest

from isoflop.errors import InputError, TableError
from isoflop.plan import isoflop_profiles
from isoflop.plan.profiles.budgets import group_by_budget
from isoflop.plan.profiles.polynomial import fit_polynomials
from isoflop.runs.table import RunTable

BUDGETS = (1e18, 1e19, 1e20, 1e21)


def runs(noise: float = 0.0, *, seed: int = 0, count: int = 9, centre: float = 1.0, jitter: float = 0.0) -> RunTable:
    """Symmetric surface with N* = 0.1 C^0.5, sizes within a factor of 8 of the centre."""
    rng = np.random.default_rng(seed)
    flops = np.repeat(BUDGETS, count) * np.exp(rng.uniform(-jitter, jitter, len(BUDGETS) * count))
    params = 0.1 * np.sqrt(flops) * centre * np.tile(np.geomspace(1 / 8, 8, count), len(BUDGETS))
    scale = (0.1**2 * 6) ** 0.15
    loss = 1.7 + 400 * scale / params**0.3 + 400 / scale / (flops / (6 * params)) ** 0.3
    loss = loss * np.exp(rng.normal(0, noise, len(loss)))
    return RunTable.from_columns({"params": params, "flops": flops, "loss": loss})


def test_finds_the_power_law_of_a_symmetric_surface() -> None:
    found = isoflop_profiles(runs(), draws=20)
    assert len(found.used) == 4
    assert found.exponent.value == pytest.approx(0.5, abs=1e-9)
    assert found.exponent.value + found.exponent_tokens.value == pytest.approx(1)
    assert found.at(1e24).params.value == pytest.approx(0.1 * 1e12, rel=1e-6)
    assert found.at("1e24").tokens.value == pytest.approx(1e24 / 6 / 1e11, rel=1e-6)
    assert "3.0 decades above" in found.at(1e24).warnings[0]
    assert not found.at(1e20).warnings
    assert not found.warnings


def test_the_interval_covers_the_truth_and_grows_with_the_distance() -> None:
    covered = 0
    for seed in range(20):
        found = isoflop_profiles(runs(0.005, seed=seed), draws=200, level=0.9, rng=np.random.default_rng(seed))
        low, high = found.exponent.interval
        covered += low <= 0.5 <= high
    assert covered >= 15
    near, far = found.at(1e20).params.interval, found.at(1e25).params.interval
    assert near[1] / near[0] < far[1] / far[0]


def test_the_same_state_gives_the_same_bits() -> None:
    one, two = (isoflop_profiles(runs(0.01), draws=50, rng=np.random.default_rng(4)) for _ in range(2))
    np.testing.assert_array_equal(one.slope, two.slope)
    other = isoflop_profiles(runs(0.01), draws=50, rng=np.random.default_rng(5))
    assert one.exponent.value == other.exponent.value
    assert one.exponent.interval != other.exponent.interval


@pytest.mark.parametrize(("centre", "end"), [(1 / 20, "outside"), (20.0, "outside")])
def test_minima_outside_the_sizes_do_not_count(centre: float, end: str) -> None:
    found = isoflop_profiles(runs(centre=centre), degree=2, draws=5)
    assert not found.used
    assert all(end in p.flags[0] or "no minimum" in p.flags[0] for p in found.profiles)
    assert np.isnan(found.exponent.value)
    assert "0 of 4 budgets give a minimum" in found.warnings[0]
    assert found.to_dict()["exponent"]["value"] is None


def table(sizes: list[float], losses: list[float]) -> RunTable:
    return RunTable.from_columns({"params": sizes, "flops": [1e20] * len(sizes), "loss": losses})


def test_a_curve_that_bends_downwards_has_no_minimum() -> None:
    sizes = np.geomspace(1e8, 1e10, 7)
    (profile,) = isoflop_profiles(table(list(sizes), list(3 - np.linspace(-1, 1, 7) ** 2)), degree=2, draws=5).profiles
    assert profile.flags == ("the polynomial has no minimum (it does not bend upwards).",)


def test_the_lowest_loss_at_an_end_is_no_bracket() -> None:
    sizes = list(np.geomspace(1e8, 1e10, 7))
    # The parabola's vertex lies inside, but the smallest size is best.
    (profile,) = isoflop_profiles(table(sizes, [2.0, 2.3, 2.2, 2.15, 2.2, 2.4, 2.7]), degree=2, draws=5).profiles
    assert profile.flags == ("the smallest size has the lowest loss: the minimum is not bracketed.",)


def test_a_cubic_that_turns_down_again_is_refused() -> None:
    losses = [2.32, 2.27, 2.118, 2.2, 2.24, 2.23, 2.12]
    (profile,) = isoflop_profiles(table(list(np.geomspace(1e8, 1e10, 7)), losses), draws=5).profiles
    # Its minimum lies among the sizes, but the curve ends lower.
    assert profile.curve[1, -1] < profile.loss.value
    assert profile.flags == ("the polynomial falls below its minimum again within the sizes of the runs.",)


def test_too_few_sizes_are_counted() -> None:
    four = table([1e8, 3e8, 1e9, 3e9, 3e9], [2.5, 2.3, 2.2, 2.4, 2.41])
    assert isoflop_profiles(four, draws=5).profiles[0].flags == ("4 sizes; degree 3 needs at least 5.",)
    assert isoflop_profiles(four, degree=2, draws=5).profiles[0].used


def test_cubic_minimum_is_exact() -> None:
    x = np.linspace(18, 24, 8)
    for d in (-0.05, 0.0, 0.02):
        y = 2 + 0.3 * (x - 21.2) ** 2 + d * (x - 21.2) ** 3
        valley = fit_polynomials(x, y, np.ones((1, 8)), 3).valley()
        assert valley.x[0] == pytest.approx(21.2, abs=1e-9)
        assert valley.loss[0] == pytest.approx(2, abs=1e-9)
        assert valley.bend[0] == pytest.approx(0.6, abs=1e-8)


def test_weights_are_repeats() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.uniform(18, 24, 10), rng.normal(2, 1, 10)
    weights = np.array([[1, 2, 0, 1, 3, 1, 1, 0, 2, 1]])
    one = fit_polynomials(x, y, weights, 3).at(x)
    repeated = np.polynomial.Polynomial.fit(np.repeat(x, weights[0]), np.repeat(y, weights[0]), 3)(x)
    np.testing.assert_allclose(one[0], repeated, rtol=1e-9)


def test_budgets_are_found_in_gaps() -> None:
    found = isoflop_profiles(runs(jitter=0.1), draws=5)
    assert [len(p.rows) for p in found.profiles] == [9] * 4
    assert [row for p in found.profiles for row in sorted(p.rows)] == list(range(1, 37))
    for profile, budget in zip(found.profiles, BUDGETS, strict=True):
        assert profile.flops == pytest.approx(budget, rel=0.1)
        assert 0.02 < profile.spread < 0.23
    assert any("differ in flops by up to" in text for text in found.warnings)


def test_budgets_that_are_given_take_the_runs_near_them() -> None:
    flops = np.array([0.9e19, 1e19, 1.1e19, 1.5e19, 1e20])
    groups = group_by_budget(flops, [1e20, 1e19])
    assert [g.flops for g in groups] == [1e19, 1e20]
    assert [g.rows.tolist() for g in groups] == [[0, 1, 2], [4]]
    with pytest.raises(TableError, match=r"3\.00e\+21"):
        group_by_budget(flops, [1e19, 3e21])


def test_groups_are_never_wider_than_a_budget() -> None:
    flops = np.exp(np.random.default_rng(0).uniform(40, 50, 500))
    groups = group_by_budget(flops, None)
    assert sorted(np.concatenate([g.rows for g in groups]).tolist()) == list(range(500))
    assert max(g.spread for g in groups) < np.exp(0.4) - 1 + 1e-12
    assert [g.flops for g in groups] == sorted(g.flops for g in groups)


def test_any_column_can_be_the_response() -> None:
    base = runs()
    other = RunTable.from_columns(
        {"params": base.column("params"), "flops": base.column("flops"), "bits": base.column("loss") / np.log(2)}
    )
    found = isoflop_profiles(other, response="bits", draws=5)
    assert found.exponent.value == pytest.approx(0.5, abs=1e-9)


def test_wrong_requests_are_refused() -> None:
    with pytest.raises(TableError, match="degree 4"):
        isoflop_profiles(runs(), degree=4)
    with pytest.raises(InputError):
        isoflop_profiles(RunTable.from_columns({"params": [1e8], "loss": [2.0]}))


def test_it_reads_well_and_goes_to_json() -> None:
    found = isoflop_profiles(runs(0.005), draws=50)
    read = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert len(read["profiles"]) == 4
    assert read["profiles"][0]["used"] is True
    shown = str(found)
    assert shown.startswith("IsoFLOP profiles of degree 3 (90% intervals)")
    assert "a of N* ∝ C^a: 0.5" in shown or "a of N* ∝ C^a: 0.4" in shown
