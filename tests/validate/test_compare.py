import json

import numpy as np
import pytest
from tests.validate.designs import bent_runs, chinchilla_runs

from isoflop import laws
from isoflop.errors import LawError, TableError
from isoflop.validate.compare import compare
from isoflop.validate.comparison import UNDECIDED

STRAIGHT, BENT = laws.as_law("A/C^a"), laws.as_law("E + A/C^a")


def test_the_law_that_extrapolates_is_named(rng: np.random.Generator) -> None:
    found = compare([STRAIGHT, BENT], bent_runs(rng), rng=rng, bootstrap=40, target={"flops": 1e24})
    assert found.verdict == found.best.label == "E + A/C^a"
    assert found.tied == ()
    worse = found.entries[1]
    assert worse.against_best is not None
    assert worse.against_best.mean > 0
    assert worse.backtest.inflation is not None
    assert worse.backtest.inflation > 2
    assert found.averages[1].weights["E + A/C^a"] > 0.95
    assert found.target is not None
    truth = 2 + 60 / 1e9**0.3
    assert found.target.forecasts["E + A/C^a"].value == pytest.approx(truth, rel=0.02)
    assert found.target.interval[0] < truth < found.target.interval[1]
    assert found.target.between > 0.05


def test_a_fit_of_the_comparison_carries_its_inflation(rng: np.random.Generator) -> None:
    found = compare([STRAIGHT, BENT], bent_runs(rng), rng=rng, bootstrap=20)
    assert {e.label: e.fit.inflation for e in found.entries} == {e.label: e.backtest.inflation for e in found.entries}
    assert all(e.fit.rows == found.rows == 44 for e in found.entries)


def test_a_law_and_a_larger_one_that_contains_it_are_not_distinguishable(rng: np.random.Generator) -> None:
    larger = laws.as_law("E + A/N^alpha + B/D^beta + F/(N^alpha*D^beta)")
    found = compare([laws.get("chinchilla"), larger], chinchilla_runs(rng), by="params", rng=rng, bootstrap=0)
    assert found.verdict == UNDECIDED
    assert len(found.tied) == 1
    assert UNDECIDED in str(found)
    gap = next(e.against_best for e in found.entries if e.against_best is not None)
    assert found.reason.endswith(f"ahead at {gap.ahead} of {gap.cuts} cuts)")


def test_all_laws_are_judged_on_the_same_runs(rng: np.random.Generator) -> None:
    runs = chinchilla_runs(rng, sizes=5)
    found = compare([BENT, laws.get("chinchilla"), STRAIGHT], runs, by="params", hold_out=3, bootstrap=0, rng=rng)
    # Eight runs remain below the third cut: enough for 5 parameters, and so for all three laws or none.
    cuts = [[(s.cut, s.test_rows) for s in entry.backtest.splits] for entry in found.entries]
    assert cuts[0] == cuts[1] == cuts[2]
    assert len(cuts[0]) == 3


def test_a_law_with_itself_under_two_objectives(rng: np.random.Generator) -> None:
    found = compare([(BENT, "log-ls"), (BENT, "log-huber")], bent_runs(rng), bootstrap=0, rng=rng)
    assert {e.label for e in found.entries} == {"E + A/C^a log-ls", "E + A/C^a log-huber"}
    assert found.verdict == UNDECIDED


def test_criteria_of_different_residuals_are_not_compared(rng: np.random.Generator) -> None:
    found = compare([(BENT, "ls"), (BENT, "log-ls")], bent_runs(rng), bootstrap=0, rng=rng)
    assert [e.aicc for e in found.entries] == [None, None]
    assert [a.name for a in found.averages] == ["equal", "stacked"]


def test_it_says_the_same_again(rng: np.random.Generator) -> None:
    runs = bent_runs(rng)
    first, again, other = (
        compare([STRAIGHT, BENT], runs, bootstrap=20, rng=np.random.default_rng(seed), workers=workers).to_dict()
        for seed, workers in ((1, 1), (1, 3), (2, 1))
    )
    assert first == again != other
    assert {"verdict", "laws", "averages", "cuts"} <= set(json.loads(json.dumps(first, allow_nan=False)))


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ([BENT], "at least two laws"),
        ([BENT, BENT], "twice with one objective"),
        ([BENT, laws.as_law("steps = E + A/C^a")], "different columns"),
    ],
)
def test_what_cannot_be_compared_is_refused(chosen: list, words: str, rng: np.random.Generator) -> None:
    with pytest.raises(LawError, match=words):
        compare(chosen, bent_runs(rng), rng=rng)


def test_a_target_needs_intervals(rng: np.random.Generator) -> None:
    with pytest.raises(LawError, match="no draws"):
        compare([STRAIGHT, BENT], bent_runs(rng), rng=rng, bootstrap=0, target={"flops": 1e24})


def test_a_law_with_more_parameters_than_the_runs_below_any_cut_is_refused(rng: np.random.Generator) -> None:
    runs = bent_runs(rng).take(np.arange(12))
    with pytest.raises(TableError, match="a law with fewer parameters"):
        compare([STRAIGHT, laws.get("bnsl-2-flops")], runs, rng=rng, hold_out=1)
