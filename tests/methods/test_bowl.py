"""Sweeps of learning rate and batch size: optima of cells, and the bowl of each."""

import numpy as np
import pytest

from isoflop.errors import FitError, LawError, TableError
from isoflop.methods.bowl import fit_bowls
from isoflop.methods.steplaw import batch_in_tokens, bowl_columns, step_law, step_law_optima
from isoflop.runs.table import RunTable


def sweep(curvature=(0.01, 0.005), noise=0.0, rng=None, points=7):
    """One cell with a parabola around lr = 1e-3 and a batch of 2^18 tokens."""
    lr, batch = np.meshgrid(1e-3 * 2.0 ** np.linspace(-3, 3, points), 2.0**18 * 2.0 ** np.linspace(-3, 3, points))
    x, y = np.log(lr.ravel() / 1e-3), np.log(batch.ravel() / 2.0**18)
    ratio = np.exp(curvature[0] * x**2 + curvature[1] * y**2)
    if rng is not None:
        ratio = ratio * np.exp(rng.normal(0, noise, len(ratio)))
    n = len(ratio)
    return {
        "params": np.full(n, 1e8), "tokens": np.full(n, 2e9), "lr": lr.ravel(), "batch_tokens": batch.ravel(),
        "loss": 3.0 * ratio,
    }  # fmt: skip


def test_a_parabola_gives_its_optimum_and_plateau_back(rng):
    (bowl,) = fit_bowls(RunTable.from_columns(sweep()), rng=rng, within=0.05, tolerance=0.0025, draws=20)
    assert bowl.lr.value == pytest.approx(1e-3, rel=1e-9)
    assert bowl.batch_tokens.value == pytest.approx(2.0**18, rel=1e-9)
    assert bowl.loss.value == pytest.approx(3.0, rel=1e-9)
    assert bowl.lr_plateau.value == pytest.approx(np.exp(2 * np.sqrt(np.log(1.0025) / 0.01)), rel=1e-9)
    assert bowl.batch_plateau.value == pytest.approx(np.exp(2 * np.sqrt(np.log(1.0025) / 0.005)), rel=1e-9)
    assert bowl.convex
    assert bowl.inside
    assert bowl.tolerance == 0.0025


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    hits = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        table = RunTable.from_columns(sweep(noise=0.002, rng=rng))
        (bowl,) = fit_bowls(table, rng=rng, within=0.1, draws=150, level=0.9)
        low, high = bowl.lr.interval
        hits += low < 1e-3 < high
    assert 31 <= hits <= 40


def test_a_saddle_has_no_optimum(rng):
    table = RunTable.from_columns(sweep(curvature=(0.01, -0.01)))
    (bowl,) = fit_bowls(table, rng=rng, within=1.0, draws=10)
    assert not bowl.convex
    assert not bowl.inside
    assert np.isnan(bowl.lr.value)


def test_an_optimum_outside_the_sweep_is_said(rng):
    columns = sweep()
    keep = columns["lr"] > 1.2e-3
    table = RunTable.from_columns({name: values[keep] for name, values in columns.items()})
    (bowl,) = fit_bowls(table, rng=rng, within=0.2, draws=10)
    assert bowl.convex
    assert not bowl.inside


def test_the_same_state_gives_the_same_bits():
    table = RunTable.from_columns(sweep(noise=0.002, rng=np.random.default_rng(1)))
    one, two = (fit_bowls(table, rng=np.random.default_rng(5), draws=30)[0] for _ in range(2))
    assert one.lr.interval == two.lr.interval


def test_small_cells_are_named(rng):
    full, few, thin = sweep(), sweep(), sweep()
    few = {name: values[:6] for name, values in few.items()} | {"params": np.full(6, 2e8)}
    two = np.isin(thin["lr"], np.unique(thin["lr"])[:2])
    thin = {name: values[two] for name, values in thin.items()} | {"params": np.full(two.sum(), 4e8)}
    columns = {name: np.concatenate([full[name], few[name], thin[name]]) for name in full}
    found = fit_bowls(RunTable.from_columns(columns), rng=rng, within=0.5, draws=10)
    assert [bowl.params for bowl in found] == [1e8]
    assert found[0] is found.found[0]
    assert [(cell.params, cell.near, cell.rates, cell.batches) for cell in found.left_out] == [
        (2e8, 6, 6, 1), (4e8, 14, 2, 7),
    ]  # fmt: skip
    assert str(found.left_out[0]) == ("params 200M, tokens 2.00B: 6 runs near its least loss, at 6 rates and 1 batches")


def test_too_small_cells_are_refused(rng):
    columns = {name: values[:6] for name, values in sweep().items()}
    with pytest.raises(FitError, match=r"None of the 1 cells has 8 runs.*the fullest has params 100M"):
        fit_bowls(RunTable.from_columns(columns), rng=rng)
    with pytest.raises(TableError, match="positive shares"):
        fit_bowls(RunTable.from_columns(sweep()), rng=rng, within=0.0)


def test_optima_are_log_means_of_near_best_runs():
    columns = sweep()
    two = {name: np.concatenate([values, values]) for name, values in columns.items()}
    two["params"] = np.repeat([1e8, 4e8], len(columns["lr"]))
    two["lr"] = two["lr"] * np.repeat([1.0, 0.5], len(columns["lr"]))
    found = step_law_optima(RunTable.from_columns(two), within=0.006)
    assert found.column("params").tolist() == [1e8, 4e8]
    np.testing.assert_allclose(found.column("lr"), [1e-3, 5e-4])
    np.testing.assert_allclose(found.column("batch_tokens"), [2.0**18] * 2)
    # exp(.01 ln^2 2) is within .6 % of the best, and so are both neighbours in the batch and the corners are not.
    assert found.column("near").tolist() == [5.0, 5.0]
    assert found.column("loss").tolist() == pytest.approx([3.0, 3.0])


def test_the_batch_in_tokens_may_be_told_in_three_ways():
    columns = sweep()
    batch = columns.pop("batch_tokens")
    assert batch_in_tokens(RunTable.from_columns(columns | {"batch_tokens": batch})).tolist() == batch.tolist()
    counted = columns | {"batch_sequences": batch / 2048}
    np.testing.assert_allclose(batch_in_tokens(RunTable.from_columns(counted), 2048), batch)
    known = RunTable.from_columns(counted | {"sequence_length": np.full(len(batch), 2048)})
    np.testing.assert_allclose(batch_in_tokens(known), batch)
    for lacking in (columns, counted):
        with pytest.raises(TableError, match="batch in tokens follows from none"):
            batch_in_tokens(RunTable.from_columns(lacking))


def test_runs_left_out_say_why():
    found = bowl_columns(RunTable.from_columns(sweep()), within=0.01)
    assert found.column("loss_ratio").max() <= 1.01
    assert len(found.excluded) == 49 - len(found)
    assert "above the least loss of its cell" in found.excluded[0].reason
    with pytest.raises(TableError, match="largest cell has 49 runs"):
        bowl_columns(RunTable.from_columns(sweep()), fewest=50)
    with pytest.raises(TableError, match="leaves no runs"):
        bowl_columns(RunTable.from_columns(sweep()), within=-0.1)


def test_a_run_that_diverged_does_not_take_its_cell_along(rng):
    columns = sweep()
    columns["loss"][0] = np.nan
    table = RunTable.from_columns(columns)
    assert len(bowl_columns(table, within=0.05)) == len(bowl_columns(RunTable.from_columns(sweep()), within=0.05))
    assert any("no finite loss" in gone.reason for gone in bowl_columns(table).excluded)
    assert step_law_optima(table).column("lr")[0] == pytest.approx(1e-3)
    (bowl,) = fit_bowls(table, rng=rng, within=0.05, draws=20)
    assert bowl.lr.value == pytest.approx(1e-3, rel=1e-9)
    columns["loss"][:] = np.nan
    with pytest.raises(TableError, match="No run of the sweep has a finite loss"):
        bowl_columns(RunTable.from_columns(columns))


@pytest.mark.parametrize(("params", "tokens"), [(-1e9, 1e11), (1e9, 0.0), (np.nan, 1e11)])
def test_step_law_refuses_what_is_no_size(params, tokens):
    with pytest.raises(LawError, match="needs positive params and tokens"):
        step_law(params, tokens)
