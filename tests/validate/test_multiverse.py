import json

import numpy as np
import pytest
from tests.validate.designs import TRUTH, chinchilla_runs

from isoflop import laws
from isoflop.errors import ColumnError, FitError, InputError
from isoflop.fit import fit_law
from isoflop.runs.table import RunTable
from isoflop.validate.multiverse import multiverse
from isoflop.validate.spread import Multiverse, Universe
from isoflop.validate.universe import EXCLUSIONS, Convention, conventions_of, exclude

CHINCHILLA = laws.get("chinchilla")


def counted_otherwise(rng: np.random.Generator, factor: float) -> RunTable:
    runs = chinchilla_runs(rng, noise=1e-6)
    flops = factor * 6 * runs.column("params") * runs.column("tokens")
    return RunTable.from_columns(
        {"N": runs.column("params"), "D": runs.column("tokens"), "C": flops, "loss": runs.column("loss")}
    )


def optimum(flops: float) -> float:
    """N* of the truth, in closed form."""
    a, b = TRUTH["alpha"], TRUTH["beta"]
    g = (a * TRUTH["A"] / (b * TRUTH["B"])) ** (1 / (a + b))
    return g * (flops / 6) ** (b / (a + b))


def test_without_noise_every_universe_gives_the_truth(rng: np.random.Generator) -> None:
    runs = chinchilla_runs(rng, noise=1e-7)
    found = multiverse([CHINCHILLA], runs, flops=1e22, target={"params": 1e10, "tokens": 2e11})
    assert len(found.universes) == len(found.counted) == 12
    for universe in found.universes:
        assert universe.params == pytest.approx(optimum(1e22), rel=1e-3)
        assert universe.params * universe.tokens * 6 == pytest.approx(1e22)
    assert found.ranges["prediction"].factor == pytest.approx(1, abs=1e-5)


def test_the_convention_moves_the_optimum_as_the_formula_says(rng: np.random.Generator) -> None:
    found = multiverse([CHINCHILLA], counted_otherwise(rng, 1.3), flops=1e22, objectives=["log-ls"])
    assert {u.convention for u in found.universes} == {"6ND", "as given"}
    own = [u for u in found.universes if u.convention == "as given" and u.exclusion == "all runs"]
    assert own[0].params == pytest.approx(optimum(1e22 / 1.3), rel=1e-3)
    expected = 1.3 ** (TRUTH["beta"] / (TRUTH["alpha"] + TRUTH["beta"]))
    assert found.influence["params"]["convention"] == pytest.approx(expected, rel=1e-3)
    assert found.influence["params"]["objective"] == 1


def test_a_law_of_compute_is_fitted_to_compute_as_each_convention_counts_it(rng: np.random.Generator) -> None:
    law = laws.as_law("E + A/C^a")
    found = multiverse(
        [law], counted_otherwise(rng, 2.0), target={"flops": 1e22}, objectives=["log-ls"], exclusions=["all runs"]
    )
    by_convention = {u.convention: u.prediction for u in found.universes}
    assert by_convention["as given"] > by_convention["6ND"] * 1.001
    assert {u.law for u in found.universes} == {"E + A/C^a"}


def test_another_count_of_params_is_a_convention(rng: np.random.Generator) -> None:
    runs = chinchilla_runs(rng, noise=1e-7)
    columns = {"N": runs.column("params"), "D": runs.column("tokens"), "loss": runs.column("loss")}
    table = RunTable.from_columns({**columns, "matrices": runs.column("params") / 2})
    ways = [Convention("all"), Convention("matrices only", params="matrices")]
    found = multiverse(
        [CHINCHILLA], table, flops=1e22, objectives=["log-ls"], exclusions=["all runs"], conventions=ways
    )
    whole, part = (u.params for u in found.universes)
    # With C = 6 (N/2) D the same C buys twice the tokens: the optimum of 2C, counted in halves.
    assert part == pytest.approx(optimum(2e22) / 2, rel=1e-3)
    assert whole == pytest.approx(optimum(1e22), rel=1e-3)
    with pytest.raises(ColumnError, match="nowhere"):
        multiverse([CHINCHILLA], table, flops=1e22, conventions=[Convention("other", params="nowhere")])


def test_each_exclusion_leaves_out_what_it_says(rng: np.random.Generator) -> None:
    runs = chinchilla_runs(rng, sizes=5, ratios=8)
    fit = fit_law(CHINCHILLA, runs)
    kept = {name: exclude(runs, name, fit) for name in EXCLUSIONS}
    assert [len(kept[name]) for name in EXCLUSIONS] == [40, 38, 32, 20]
    gone = {e.row for e in kept["without outliers"].excluded}
    assert gone == set((np.argsort(-np.abs(fit.residuals))[:2] + 1).tolist())
    assert kept["without the smallest"].column("params").min() > runs.column("params").min()
    assert kept["upper half of compute"].column("flops").min() >= np.median(runs.column("flops"))


def test_conventions_follow_from_the_table(rng: np.random.Generator) -> None:
    assert [c.name for c in conventions_of(chinchilla_runs(rng))] == ["6ND"]
    assert [c.name for c in conventions_of(counted_otherwise(rng, 1.001))] == ["6ND"]
    assert [c.name for c in conventions_of(counted_otherwise(rng, 1.1))] == ["6ND", "as given"]
    assert [c.name for c in conventions_of(RunTable.from_columns({"C": [1e18], "loss": [3.0]}))] == ["as given"]


def test_an_analysis_that_did_not_converge_does_not_count() -> None:
    universes = (
        Universe("a", "o", "all runs", "6ND", 9, "certified", params=1e9),
        Universe("b", "o", "all runs", "6ND", 9, "weakly identified", params=2e9),
        Universe("c", "o", "all runs", "6ND", 9, "not converged", params=9e9),
        Universe("d", "o", "all runs", "6ND", 0, reason="too few runs"),
    )
    found = Multiverse(universes, 1e22, None)
    assert found.ranges["params"].high == 2e9
    assert found.influence["params"] == {"law": pytest.approx(2), "objective": 1, "exclusion": 1, "convention": 1}
    assert set(found.ranges) == {"params"}
    shown = str(found)
    assert "no answer in 1: too few runs" in shown
    assert "2 universes without a converged fit" in shown
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["counted"] == 2


def test_too_few_runs_in_one_universe_do_not_stop_the_others(rng: np.random.Generator) -> None:
    runs = chinchilla_runs(rng, sizes=4, ratios=2)
    found = multiverse([CHINCHILLA], runs, flops=1e22, objectives=["log-ls"])
    missing = [u for u in found.universes if not u.verdict]
    assert [u.exclusion for u in missing] == ["upper half of compute"]
    assert "only 4 usable runs" in missing[0].reason


def test_same_answer_on_any_number_of_threads(rng: np.random.Generator) -> None:
    runs = chinchilla_runs(rng)
    alone, many = (multiverse([CHINCHILLA], runs, flops=1e22, objectives=["log-ls"], workers=w) for w in (1, 4))
    assert alone.to_dict() == many.to_dict()


def test_a_wrong_question_is_an_error(rng: np.random.Generator) -> None:
    runs = chinchilla_runs(rng)
    with pytest.raises(InputError, match="Nothing is asked"):
        multiverse([CHINCHILLA], runs)
    with pytest.raises(InputError, match="not known: odd rows"):
        multiverse([CHINCHILLA], runs, flops=1e22, exclusions=["odd rows"])
    with pytest.raises(FitError, match="lad"):
        multiverse([CHINCHILLA], runs, flops=1e22, objectives=["lad"])
    with pytest.raises(ColumnError, match="tokens"):
        multiverse([CHINCHILLA], runs, target={"params": 1e9})
