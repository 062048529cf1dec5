import numpy as np
import pytest
from tests.figures.support import marks, rows_with, said

from isoflop import figures, laws
from isoflop.errors import InputError, LawError
from isoflop.fit import fit_law
from isoflop.plan import plan
from isoflop.validate.compare import compare
from isoflop.validate.multiverse import multiverse


def test_every_held_out_run_has_its_error_and_interval(tested):
    rows = rows_with(figures.backtest_figure(tested), "error")
    assert len(rows) == len(tested.predictions)
    errors = sorted(100 * p.rel_error for p in tested.predictions)
    np.testing.assert_allclose(sorted(row["error"] for row in rows), errors, rtol=1e-4, atol=1e-9)
    covered = sum(row["low"] <= 0 <= row["high"] for row in rows)
    assert covered / len(rows) == pytest.approx(tested.coverage)


def test_the_back_test_says_its_sums(tested):
    text = said(figures.backtest_figure(tested))
    assert f"{tested.mean_abs_rel_error:.2%}" in text
    assert f"{tested.coverage:.0%}" in text


def test_predictions_stand_against_observations(tested):
    rows = rows_with(figures.prediction_figure(tested), "predicted")
    assert {round(row["observed"], 4) for row in rows} == {round(p.observed, 4) for p in tested.predictions}
    assert all(row["from"] < row["predicted"] < row["to"] for row in rows)


def test_parameter_bars_are_multiples_of_the_estimates(fitted):
    rows = rows_with(figures.interval_figure(fitted), "name", "low")
    assert [row["name"] for row in rows] == list(fitted.names)
    low, high = fitted.interval("alpha")
    bar = rows[fitted.names.index("alpha")]
    assert (bar["low"], bar["high"]) == pytest.approx(
        (low / fitted.parameters["alpha"], high / fitted.parameters["alpha"]), rel=1e-4
    )


def test_published_values_are_marked_when_they_are_asked_for(fitted):
    rows = rows_with(figures.interval_figure(fitted, published=["epoch-2024"]), "set")
    assert len(rows) == 5
    published = fitted.law.published_set("epoch-2024").values["beta"]
    assert rows[-1]["x"] == pytest.approx(published / fitted.parameters["beta"], rel=1e-4)


def test_the_pair_that_moves_together_is_drawn(fitted):
    chart = figures.draws_figure(fitted)
    assert len(rows_with(chart, "x", "y")) == 61
    # A size (or data) term and its exponent trade off: that is the sloppiest pair of this law.
    assert {"A and alpha", "B and beta"} & {" ".join(said(chart).split()[:3])}


def test_a_parameter_that_is_not_there_is_refused(fitted):
    with pytest.raises(LawError, match="E, A, alpha, B, beta"):
        figures.draws_figure(fitted, pair=("A", "gamma"))


def test_without_draws_there_is_no_cloud(runs):
    with pytest.raises(LawError, match="bootstrap"):
        figures.draws_figure(fit_law(laws.get("chinchilla"), runs))


def test_plan_penalties_lie_on_the_curve(fitted):
    chosen = plan(fitted, flops=1e21)
    rows = rows_with(figures.plan_figure(chosen, fitted), "cost")
    at_factor = {round(row["x"], 3): row for row in rows}
    for penalty in chosen.penalty:
        row = at_factor[round(float(penalty.factor.value), 3)]
        assert row["y"] == pytest.approx(100 * float(penalty.extra_compute.value), rel=1e-3)
    assert min(row["y"] for row in rows) == pytest.approx(0, abs=1e-6)


def test_a_given_size_is_marked(fitted):
    chosen = plan(fitted, params=1e10, tokens=1e10)
    chart = figures.plan_figure(chosen, fitted)
    assert marks(chart).count("point") == 2
    assert chosen.choice is not None
    assert any(
        row["x"] == pytest.approx(float(chosen.choice.factor.value), rel=1e-4) for row in rows_with(chart, "cost")
    )


def test_laws_are_ordered_by_their_error(runs):
    found = compare(
        [laws.get("chinchilla"), laws.from_text("E + K/C^a")], runs, rng=np.random.default_rng(0), bootstrap=0
    )
    rows = rows_with(figures.comparison_figure(found), "label", "zero")
    assert [row["label"] for row in rows] == [entry.label for entry in found.entries]
    assert rows[0]["x"] == pytest.approx(100 * found.best.backtest.mean_abs_rel_error, rel=1e-4)


def test_every_converged_analysis_is_a_mark(runs):
    found = multiverse([laws.get("chinchilla")], runs, flops=1e21)
    chart = figures.multiverse_figure(found)
    assert len(rows_with(chart, "convention")) == found.ranges["params"].universes
    with pytest.raises(InputError, match="params"):
        figures.multiverse_figure(found, quantity="prediction")
