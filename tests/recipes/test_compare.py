"""Recipes side by side: what comes out where the truth is known."""

import numpy as np
import pytest
from tests.recipes.support import FLOPS, compared, plane_runs, power_runs

from isoflop.errors import ColumnError, LawError, TableError
from isoflop.laws.catalogue import as_law
from isoflop.laws.optimum import compute_optimum
from isoflop.recipes.pool import family_of

FLOOR = "E + K/(C/1e18)^a"
OLD, NEW = {"E": 1.7, "K": 1.2, "a": 0.15}, {"E": 1.7, "K": 1.1, "a": 0.15}
DENSE = {"E": 1.69, "A": 406.4, "alpha": 0.34, "B": 410.7, "beta": 0.28}
BETTER = {**DENSE, "A": 380.0, "B": 385.0}


def truth(law, flops):
    return law["E"] + law["K"] * (flops / 1e18) ** -law["a"]


def test_the_multiplier_of_equal_floors_and_exponents_is_the_closed_form_at_every_scale():
    table = power_runs({"old": OLD, "new": NEW}, noise=0.0)
    for flops in (1e20, 1e23):
        found = compared(FLOOR, table, flops=flops, draws=5)["new"].multiplier
        assert found.value == pytest.approx((1.2 / 1.1) ** (1 / 0.15), rel=1e-5)


def test_unequal_exponents_give_a_multiplier_that_changes_with_scale():
    new = {"E": 1.7, "K": 1.2, "a": 0.16}
    table = power_runs({"old": OLD, "new": new}, noise=0.0)
    for flops in (1e20, 1e23):
        found = compared(FLOOR, table, flops=flops, way="separate", draws=5)["new"].multiplier
        # CM(C) = (K0/Km)^(1/g0) C^(gm/g0 - 1), with C in units of 1e18.
        assert found.value == pytest.approx((flops / 1e18) ** (0.16 / 0.15 - 1), rel=1e-4)


@pytest.mark.parametrize("way", ["shared", "separate"])
def test_differences_and_multipliers_hold_the_truth(way):
    table = power_runs({"old": OLD, "new": NEW}, seed=2)
    found = compared(FLOOR, table, flops=1e22, way=way, draws=300)
    entry, gap = found["new"], truth(NEW, 1e22) - truth(OLD, 1e22)
    for estimate, value in (
        (entry.response, truth(NEW, 1e22)),
        (entry.difference, gap),
        (entry.relative, gap / truth(OLD, 1e22)),
        (entry.multiplier, (1.2 / 1.1) ** (1 / 0.15)),
    ):
        assert estimate.interval[0] < value < estimate.interval[1]
    assert (found.winner.name, found.entries[0].name) == ("new", "new")
    assert entry.better > 0.95
    assert found["old"].better is None


def test_common_exponents_narrow_the_difference_far_from_the_runs():
    table = power_runs({"old": OLD, "new": NEW})
    widths = {}
    for way in ("shared", "separate"):
        low, high = compared(FLOOR, table, flops=1e24, way=way, draws=300)["new"].difference.interval
        widths[way] = high - low
    assert widths["shared"] < 0.6 * widths["separate"]


def test_each_recipe_is_taken_at_its_own_best_size():
    found = compared("chinchilla", plane_runs({"old": DENSE, "new": BETTER}, noise=0.0), flops=1e22, draws=5)
    law = as_law("chinchilla")
    for name, values in (("old", DENSE), ("new", BETTER)):
        best = compute_optimum(law, [values[n] for n in law.parameter_names], 1e22)
        assert found[name].response.value == pytest.approx(float(best.loss), rel=1e-6)
    assert found.held == "each recipe at its own best size"
    # The multiplier, from the definition: the old recipe's best loss at CM x C is the new one's at C.
    again = compute_optimum(law, [DENSE[n] for n in law.parameter_names], 1e22 * found["new"].multiplier.value)
    assert float(again.loss) == pytest.approx(float(found["new"].response.value), rel=1e-8)


def test_a_size_with_its_data_keeps_their_ratio():
    table = plane_runs({"old": DENSE, "new": BETTER}, noise=0.0)
    found = compared("chinchilla", table, params=7e9, tokens=700e9, draws=5)
    expected = BETTER["E"] + BETTER["A"] / 7e9**0.34 + BETTER["B"] / 700e9**0.28
    assert found["new"].response.value == pytest.approx(expected, rel=1e-6)
    assert (found.at, found.held) == (6 * 7e9 * 700e9, "100 tokens per parameter")
    ratio = found["new"].multiplier.value
    params, tokens = 7e9 * ratio**0.5, 700e9 * ratio**0.5
    old = DENSE["E"] + DENSE["A"] / params**0.34 + DENSE["B"] / tokens**0.28
    assert old == pytest.approx(expected, rel=1e-6)


def test_the_ratio_may_be_given_with_the_compute():
    table = plane_runs({"old": DENSE, "new": BETTER}, noise=0.0)
    pair = compared("chinchilla", table, params=1e9, tokens=20e9, draws=5)
    ratio = compared("chinchilla", table, flops=1.2e20, tokens_per_param=20.0, draws=5)
    assert pair["new"].response.value == pytest.approx(ratio["new"].response.value, rel=1e-12)


def test_a_baseline_that_never_gets_as_good_has_no_multiplier():
    found = compared(FLOOR, power_runs({"old": OLD, "new": {**NEW, "E": 1.3}}), flops=1e23, way="separate")
    entry = found["new"]
    assert np.isnan(entry.multiplier.value)
    assert entry.better == 1.0


def test_some_draws_without_a_multiplier_are_told():
    found = compared(FLOOR, power_runs({"old": OLD, "new": {**NEW, "E": 1.5}}), flops=1e23, way="separate")
    said = " ".join(found["new"].multiplier.leaves_out)
    assert "of the draws, in which the baseline never does as well" in said


def test_the_baseline_is_compared_with_nothing():
    found = compared(FLOOR, power_runs({"old": OLD, "new": NEW}), flops=1e22, baseline="new")
    entry = found["new"]
    assert (entry.difference.value, entry.multiplier.interval) == (0.0, (1.0, 1.0))
    assert found["old"].multiplier.value < 1 < found["old"].response.value
    assert [crossing.first for crossing in found.crossings] == ["old"]


def test_distance_from_the_runs_is_said_with_the_inflation():
    table = power_runs({"old": OLD, "new": NEW})
    near, far = (compared(FLOOR, table, flops=flops) for flops in (1e20, 1e23))
    assert (near["new"].distance_decades, near.warnings) == (0.0, ())
    assert far["new"].distance_decades == pytest.approx(2.0)
    assert "2.0 decades outside the runs of new" in " ".join(far.warnings)
    wide = compared(FLOOR, table, flops=1e23, inflation=2.0)
    assert "2.00 times as wide" in " ".join(wide.warnings)

    def width(found):
        low, high = found["new"].difference.interval
        return high - low

    assert width(wide) == pytest.approx(2 * width(far), rel=1e-9)


def test_probabilities_add_up_and_follow_the_gap():
    recipes = {"a": OLD, "b": {**OLD, "K": 1.199}, "c": {**OLD, "K": 1.5}}
    found = compared(FLOOR, power_runs(recipes, noise=3e-3, seed=5), flops=1e21, draws=400)
    assert sum(entry.best for entry in found.entries) == pytest.approx(1.0)
    assert found["c"].best == 0.0
    assert 0.02 < found["a"].best < 0.98
    assert not found.winner.resolved
    assert found.winner.probability == found[found.winner.name].best
    assert 0 < found.winner.optimism < found.winner.most
    assert found.winner.corrected == pytest.approx(found.winner.response.value + found.winner.optimism)


def test_the_lead_is_that_over_the_next_one_and_holds_with_the_others():
    recipes = {"a": OLD, "b": {**OLD, "K": 1.25}, "c": {**OLD, "K": 1.5}}
    found = compared(FLOOR, power_runs(recipes, noise=3e-3, seed=5), flops=1e21, draws=200, baseline="a")
    lead = found.winner.lead
    assert (found.winner.name, found.winner.second, found.winner.tied) == ("a", "b", ())
    assert found.winner.resolved
    assert lead.value == pytest.approx(found["b"].difference.value, rel=1e-9)
    low, high = found["b"].difference.interval
    # At the level of one difference it is narrower than together with another one.
    assert lead.interval[0] < low < high < lead.interval[1]
    assert lead.level == found.level


def test_the_winners_interval_is_wider_than_its_own():
    recipes = {name: OLD for name in "abcde"}
    found = compared(FLOOR, power_runs(recipes, noise=3e-3), flops=1e21, draws=400)
    own, kept = found[found.winner.name].response.interval, found.winner.response.interval
    assert kept[0] < own[0] < own[1] < kept[1]


def test_common_exponents_are_tested():
    same = compared(FLOOR, power_runs({"old": OLD, "new": NEW}), flops=1e20)
    assert same.pooling.numerator == 1
    assert same.pooling.denominator == 2 * len(FLOPS) - 6
    assert same.pooling.p_value > 0.05
    other = compared(FLOOR, power_runs({"old": OLD, "new": {"E": 1.5, "K": 1.4, "a": 0.3}}), flops=1e20)
    assert other.pooling.p_value < 1e-6
    assert "speak against common a" in " ".join(other.warnings)


def test_pooling_is_the_f_test_of_two_regressions():
    """For K C^-a both fits are lines in logarithms, so the F ratio is that of ordinary regression."""
    table = power_runs({"old": {**OLD, "E": 0.0}, "new": {**NEW, "E": 0.0, "a": 0.151}}, noise=5e-3)
    found = compared("K/(C/1e18)^a", table, flops=1e20, draws=20).pooling
    x, y = np.log(table.column("flops") / 1e18), np.log(table.column("loss"))
    new = (np.arange(len(y)) >= len(FLOPS)).astype(float)
    one, sums = np.ones_like(x), []
    for columns in ([1 - new, new, x], [1 - new, new, x * (1 - new), x * new]):
        matrix = np.stack(columns, axis=1)
        sums.append(float(np.sum((y - matrix @ np.linalg.lstsq(matrix, y, rcond=None)[0]) ** 2)))
    assert one.sum() == len(y)
    assert found.f == pytest.approx((sums[0] - sums[1]) / (sums[1] / (len(y) - 4)), rel=1e-6)


def test_what_is_shared_can_be_chosen_or_written():
    law = as_law(FLOOR)
    assert family_of(law).joint.formula == "E[recipe] + K[recipe]/(C/1e18)^a"
    assert family_of(law, shared=["a", "E"]).joint.formula == "E + K[recipe]/(C/1e18)^a"
    table = power_runs({"old": OLD, "new": NEW})
    chosen = compared(FLOOR, table, flops=1e22, shared=["a", "E"])
    written = compared("E + K[recipe]/(C/1e18)^a", table, flops=1e22)
    assert chosen["new"].multiplier.interval == written["new"].multiplier.interval
    assert set(chosen.shared) == set(written.shared) == {"E", "a"}


@pytest.mark.parametrize(
    ("asked", "error", "said"),
    [
        ({"flops": 1e22, "way": "both"}, LawError, "Choose shared, partial or separate"),
        ({"flops": 1e22, "baseline": "best"}, LawError, "not among the recipes old, new"),
        ({}, LawError, "Give flops=…"),
        ({"flops": 0.0}, LawError, "not positive"),
        ({"flops": 1e22, "params": 1e9}, ColumnError, "does not depend on params"),
        ({"flops": 1e22, "tokens_per_param": 20.0}, LawError, "keeps no ratio"),
        ({"flops": 1e22, "shared": ["q"]}, LawError, "q cannot be shared"),
        ({"flops": 1e22, "shared": ["E", "K", "a"]}, LawError, "no recipe could differ"),
        ({"flops": 1e22, "column": "optimizer"}, ColumnError, "no column 'optimizer'"),
    ],
)
def test_what_cannot_be_compared_is_refused(asked, error, said):
    with pytest.raises(error, match=said):
        compared(FLOOR, power_runs({"old": OLD, "new": NEW}), draws=20, **asked)


def test_one_recipe_is_no_comparison_and_few_runs_name_the_recipe():
    with pytest.raises(TableError, match="names old; a comparison needs two"):
        compared(FLOOR, power_runs({"old": OLD}), flops=1e22)
    table = power_runs({"old": OLD, "new": NEW})
    few = table.take(np.arange(len(FLOPS) + 2))
    with pytest.raises(TableError, match="recipe 'new'"):
        compared(FLOOR, few, flops=1e22, way="separate")


def test_another_column_may_name_the_recipes():
    table = power_runs({"old": OLD, "new": NEW})
    names, codes = table.labels("recipe")
    rows = {"optimizer": [names[k] for k in codes], "flops": table.column("flops"), "loss": table.column("loss")}
    renamed = type(table).from_columns(rows)
    found = compared(FLOOR, renamed, flops=1e22, column="optimizer")
    assert found["new"].response.value == pytest.approx(compared(FLOOR, table, flops=1e22)["new"].response.value)


def test_the_same_state_gives_the_same_bits():
    table = power_runs({"old": OLD, "new": NEW})
    first, second, other = (compared(FLOOR, table, flops=1e22, draws=50, seed=seed).to_dict() for seed in (1, 1, 2))
    assert first == second
    assert first != other
