"""Accuracies are compared as losses are, the other way round."""

import numpy as np
import pytest
from tests.recipes.support import compared, plane_runs, power_runs

from isoflop.errors import LawError
from isoflop.recipes.classes import in_classes
from isoflop.recipes.frontier import frontier_runs
from isoflop.recipes.sense import higher_is_better
from isoflop.runs.table import RunTable

CROSSING = {"a": {"E": 1.7, "K": 1.2, "a": 0.15}, "b": {"E": 1.7, "K": 1.23, "a": 0.16}}
DENSE = {"E": 1.69, "A": 406.4, "alpha": 0.34, "B": 410.7, "beta": 0.28}


def mirrored(table: RunTable) -> RunTable:
    """Return the table with an accuracy of 5 - loss."""
    columns = {word: table.column(word) for word in table.names if word not in ("recipe", "loss")}
    names, codes = table.labels("recipe")
    recipe = [names[code] for code in codes]
    return RunTable.from_columns({"recipe": recipe, **columns, "accuracy": 5 - table.column("loss")})


@pytest.mark.parametrize(("name", "higher"), [
    ("accuracy", True), ("mmlu_acc", True), ("pass@1", True), ("win-rate", True), ("reward", True),
    ("loss", False), ("error", False), ("accuracy_loss", False), ("bits_per_byte", False), ("y", False),
])  # fmt: skip
def test_the_name_says_which_is_better(name, higher):
    assert higher_is_better(name) is higher
    assert higher_is_better(name, "higher") is True
    assert higher_is_better(name, "lower") is False


def test_another_word_is_refused():
    with pytest.raises(LawError, match=r"lower .* or higher"):
        higher_is_better("loss", "bigger")


@pytest.mark.parametrize("way", ["shared", "separate"])
def test_an_accuracy_gives_what_its_loss_gives(way):
    table = power_runs(CROSSING, noise=2e-3)
    asked = {"flops": 1e20, "way": way, "objective": "ls", "draws": 60}
    loss = compared("E + K/(C/1e18)^a", table, **asked)
    found = compared("accuracy = G - K/(C/1e18)^a", mirrored(table), **asked)
    assert (loss.better, found.better) == ("lower", "higher")
    same_decision(loss, found)
    for one, other in zip(loss.crossings, found.crossings, strict=True):
        assert (one.below, one.above) == (other.below, other.above)
        # Crossings are read off lines between points of ln(L_1/L_2), which bends in another way.
        np.testing.assert_allclose(one.values, other.values, rtol=1e-3)


def same_decision(loss, found):
    assert [entry.name for entry in found.entries] == [entry.name for entry in loss.entries]
    assert found.winner.name == loss.winner.name
    assert found.winner.resolved == loss.winner.resolved
    assert found.winner.probability == pytest.approx(loss.winner.probability, abs=0.02)
    assert 5 - found.winner.corrected == pytest.approx(loss.winner.corrected, abs=1e-5)
    for entry in loss.entries:
        other = found[entry.name]
        assert other.multiplier.value == pytest.approx(entry.multiplier.value, rel=1e-4)
        assert other.difference.value == pytest.approx(-entry.difference.value, abs=1e-6)
        assert other.better == pytest.approx(entry.better, abs=0.02)


@pytest.mark.parametrize("ratio", [None, 40.0])
def test_the_best_size_is_the_one_of_highest_accuracy(ratio):
    table = plane_runs({"old": DENSE, "new": {**DENSE, "A": 380.0}})
    asked = {"flops": 1e21, "tokens_per_param": ratio, "objective": "ls", "draws": 20}
    loss = compared("E + A/N^alpha + B/D^beta", table, **asked)
    found = compared("accuracy = G - A/N^alpha - B/D^beta", mirrored(table), **asked)
    same_decision(loss, found)
    assert found["new"].response.value == pytest.approx(5 - loss["new"].response.value, rel=1e-5)


def test_a_sense_against_the_curves_is_told_and_can_be_given():
    table = mirrored(power_runs(CROSSING))
    wrong = compared("accuracy = G - K/(C/1e18)^a", table, flops=1e20, objective="ls", draws=20, better="lower")
    assert "say better=higher" in " ".join(wrong.warnings)
    right = compared("accuracy = G - K/(C/1e18)^a", table, flops=1e20, objective="ls", draws=20)
    assert "better=" not in " ".join(right.warnings)
    assert wrong.winner.name != right.winner.name


def test_classes_and_frontiers_keep_the_highest_accuracy():
    rows = {
        "recipe": ["a", "a", "b", "b"], "flops": [1e18, 1e20, 1e18, 1e20], "gpu_hours": [6.0, 6.0, 6.0, 6.0],
        "accuracy": [0.5, 0.6, 0.4, 0.3],
    }  # fmt: skip
    table = RunTable.from_columns(rows)
    found = in_classes(table, response="accuracy")[0]
    assert (found.best, found.responses) == ("a", {"a": 0.6, "b": 0.4})
    assert found.lead == pytest.approx(1 - 0.4 / 0.6)
    assert frontier_runs(table, bins=2, response="accuracy").source_rows.tolist() == [1, 2, 3]
