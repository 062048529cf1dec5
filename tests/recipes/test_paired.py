"""Paired runs: the regression by hand, what pairing gains, what is refused."""

import math

import numpy as np
import pytest
from scipy import stats

from isoflop.errors import FitError, TableError
from isoflop.recipes.paired import pair_runs, paired_trend, replicates_needed
from isoflop.runs.table import RunTable


def paired_table(gap=0.01, trend=0.0, *, rungs=6, seeds=2, common=5e-3, own=1e-3, seed=0) -> RunTable:
    """Return runs of two recipes that share the noise of each rung and seed."""
    rng = np.random.default_rng(seed)
    rows = {"recipe": [], "params": [], "tokens": [], "seed": [], "loss": []}
    for k, params in enumerate(np.geomspace(1e8, 3e9, rungs)):
        for s in range(seeds):
            shared = common * rng.standard_normal()
            for recipe, sign in (("a", -0.5), ("b", 0.5)):
                log = math.log(3 - 0.1 * k) + shared + own * rng.standard_normal()
                x = 2 * math.log(params / 3e9)
                rows["recipe"].append(recipe)
                rows["params"].append(params)
                rows["tokens"].append(20 * params)
                rows["seed"].append(s)
                rows["loss"].append(math.exp(log + sign * (gap + trend * x)))
    return RunTable.from_columns(rows)


def test_the_trend_is_ordinary_regression():
    table = paired_table(trend=0.002)
    found = paired_trend(table, "b", "a", at=1e22)
    scale, gap, keys = pair_runs(table, "b", "a")
    assert keys == ("params", "tokens", "seed")
    line = stats.linregress(np.log(scale / scale.max()), gap)
    t = stats.t.ppf(0.95, len(gap) - 2)
    assert found.trend.value == pytest.approx(line.slope)
    assert found.trend.interval[1] == pytest.approx(line.slope + t * line.stderr)
    assert found.gap_top.value == pytest.approx(line.intercept)
    assert found.gap_top.interval[0] == pytest.approx(line.intercept - t * line.intercept_stderr)
    assert found.p_trend == pytest.approx(line.pvalue)
    x0 = math.log(1e22 / scale.max())
    x = np.log(scale / scale.max())
    noise = np.sqrt(np.sum((gap - line.intercept - line.slope * x) ** 2) / (len(x) - 2))
    error = noise * math.sqrt(1 / len(x) + (x0 - x.mean()) ** 2 / np.sum((x - x.mean()) ** 2))
    assert found.gap_at.interval[1] - found.gap_at.value == pytest.approx(t * error)


def test_what_pairs_have_in_common_cancels():
    found = paired_trend(paired_table(common=0.05, own=1e-3), "b", "a", at=6 * 3e9 * 60e9)
    assert found.noise == pytest.approx(math.sqrt(2) * 1e-3, rel=0.5)
    assert found.decided
    assert found.gap_top.interval[0] < 0.01 < found.gap_top.interval[1]


def test_a_certain_gap_today_may_be_open_at_scale():
    found = paired_trend(paired_table(gap=0.004, own=2e-3, seed=3), "b", "a", at=1e26)
    assert found.p_top < 0.05
    assert not found.decided


def test_the_line_crosses_where_it_passes_0():
    found = paired_trend(paired_table(gap=0.01, trend=0.01, own=1e-4, common=0.0), "b", "a", at=1e22)
    top = 6 * 3e9 * 60e9
    assert found.crossing_value == pytest.approx(top / math.e, rel=0.05)
    assert found.crossing.kind == "bounded"
    assert math.log(top / math.e) in found.crossing
    assert not paired_trend(paired_table(), "b", "a", at=1e22).crossing.bounded


def test_exchanging_the_recipes_changes_the_sign_alone():
    table = paired_table(trend=0.001)
    one, other = paired_trend(table, "b", "a", at=1e22), paired_trend(table, "a", "b", at=1e22)
    assert one.gap_at.value == pytest.approx(-other.gap_at.value)
    assert one.crossing.parts[0] == pytest.approx(other.crossing.parts[0])


def test_repeats_of_a_setting_are_averaged():
    table = paired_table(seeds=3)
    scale, gap, keys = pair_runs(table, "b", "a", keys=("params",))
    assert keys == ("params",)
    log = np.log(table.column("loss"))
    codes = table.labels("recipe")[1]
    first = np.isclose(table.column("params"), 1e8)
    assert len(gap) == len(scale) == 6
    assert gap[0] == pytest.approx(log[first & (codes == 1)].mean() - log[first & (codes == 0)].mean())


def test_runs_without_a_partner_are_left_out():
    table = paired_table()
    assert len(pair_runs(table.take(np.arange(1, len(table))), "b", "a")[1]) == 11


@pytest.mark.parametrize(
    ("keys", "rows", "said"),
    [
        (("lr",), 24, "none of the columns lr"),
        (("params", "seed"), 4, "2 pairs at 1 scales"),
        (("loss",), 24, "No run of b has a partner of a with the same loss"),
    ],
)
def test_what_has_no_pairs_is_refused(keys, rows, said):
    with pytest.raises(TableError, match=said):
        paired_trend(paired_table().take(np.arange(rows)), "b", "a", at=1e22, keys=keys)


def test_replicates_find_the_gap_as_often_as_promised(rng):
    sigma, rho, gap = 4e-3, 0.5, 3e-3
    count = replicates_needed(gap, noise=sigma, correlation=rho, level=0.9, power=0.8)
    spread = math.sqrt(2 * sigma**2 * (1 - rho))
    assert count == math.ceil(2 * 16 * 0.5 * (1.6448536 + 0.8416212) ** 2 / 9)
    means = gap + spread * rng.standard_normal((20_000, count)).mean(axis=1)
    power = np.mean(np.abs(means) > 1.6448536 * spread / math.sqrt(count))
    assert 0.8 - 0.01 <= power < 0.9


def test_replicates_refuse_no_gap():
    with pytest.raises(FitError, match="must not be 0"):
        replicates_needed(0.0, noise=1e-3)
