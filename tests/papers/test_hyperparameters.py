"""Step Law, critical batch, learning-rate sensitivity: printed numbers, and the sweep of Step Law fitted again."""

from pathlib import Path

import numpy as np
import pytest
from tests.papers.support import assert_prints_as

from isoflop import laws
from isoflop.fit import fit_law
from isoflop.methods.batch import KAPLAN_STEPS, Tradeoff, critical_batch, least_steps, loss_at_batch
from isoflop.methods.bowl import Bowl, fit_bowls
from isoflop.methods.sensitivity import lr_sensitivity
from isoflop.methods.steplaw import bowl_columns, step_law, step_law_optima
from isoflop.runs.read import read_runs
from isoflop.runs.table import RunTable
from isoflop.uncertainty.bootstrap import bootstrap

SEQUENCE = 2048


@pytest.fixture(scope="module")
def sweep(data_directory: Path) -> RunTable:
    """Every run of the Step Law sweep."""
    return read_runs(data_directory / "steplaw_scalebench.csv")


@pytest.fixture(scope="module")
def optima(sweep: RunTable) -> RunTable:
    """The table's own check: cells of at least 40 runs, log-mean of those within .15 % of the best."""
    return step_law_optima(sweep, within=0.0015, fewest=40, sequence_length=SEQUENCE)


@pytest.fixture(scope="module")
def bowls(sweep: RunTable) -> list[Bowl]:
    return fit_bowls(sweep, rng=np.random.default_rng(0), draws=200, sequence_length=SEQUENCE)


@pytest.mark.parametrize(
    ("params", "tokens", "lr", "batch", "sequences"),
    [
        (1e9, 1e11, "1.6325e-3", "1107715", "540.9"),
        (7e9, 1.4e12, "9.1656e-4", "4998815", "2440.8"),
        (1e8, 2e9, "2.5367e-3", "118663", None),
    ],
)
def test_step_law_settings(params: float, tokens: float, lr: str, batch: str, sequences: str | None) -> None:
    """Reference sheet, training.md B1: arXiv:2503.04715, equation 1."""
    found = step_law(params, tokens)
    assert_prints_as(found.lr, lr)
    assert_prints_as(found.batch_tokens, batch)
    if sequences is not None:
        assert_prints_as(found.sequences(SEQUENCE), sequences)


def test_step_law_says_how_far_it_is_stretched() -> None:
    assert step_law(2e8, 1e10).notes == ()
    far = step_law(7e9, 1.4e12).notes
    assert len(far) == 2
    assert "params 7e+09 lies 0.82 decades outside" in far[0]


def test_the_sweep_gives_the_exponents_of_its_check(optima: RunTable) -> None:
    """Check of steplaw_scalebench: 37 cells; both laws fitted to their optima by least squares of logarithms."""
    assert len(optima) == 37
    lr = fit_law(laws.get("steplaw-lr"), optima, objective="log-ls")
    batch = fit_law(laws.get("steplaw-batch"), optima, objective="log-ls")
    assert lr.certificate.ok
    assert batch.certificate.ok
    expected = laws.get("steplaw-lr").published_set("scalebench-refit").values
    assert dict(lr.parameters) == pytest.approx(dict(expected), rel=1e-9)
    expected = laws.get("steplaw-batch").published_set("scalebench-refit").values
    assert dict(batch.parameters) == pytest.approx(dict(expected), rel=1e-9)


def test_all_cells_agree_with_the_paper_within_their_intervals(sweep: RunTable) -> None:
    """The source's own rule (.25 %): exponents -.7129 and .3075 with standard errors .030 and .019."""
    near = step_law_optima(sweep, sequence_length=SEQUENCE)
    lr = fit_law(laws.get("steplaw-lr"), near, objective="log-ls")
    lr = bootstrap(lr, near, rng=np.random.default_rng(0), draws=300)
    assert len(near) == 42
    for name, value in (("a", -0.713), ("b", 0.307)):
        low, high = lr.interval(name)
        assert low < value < high


def test_the_best_losses_do_not_identify_the_floor(optima: RunTable) -> None:
    """The trap: E runs to 0 on best-per-cell losses; the certificate must say so, not hand out 4.7e-26."""
    fit = fit_law(laws.get("chinchilla"), optima, objective="log-huber:1e-3")
    # The check's own search: objective .000143656746, A 6.92145, B 410.47, alpha .06197, beta .302227.
    assert_prints_as(fit.value, "0.00014365675")
    assert fit.parameters["A"] == pytest.approx(6.921447739390688, rel=1e-4)
    assert fit.parameters["B"] == pytest.approx(410.4725137939431, rel=1e-3)
    assert fit.parameters["alpha"] == pytest.approx(0.06197040050217474, rel=1e-4)
    assert fit.parameters["beta"] == pytest.approx(0.30222741433932493, rel=1e-4)
    assert fit.parameters["E"] < 1e-6
    assert fit.certificate.verdict == "weakly identified"
    assert any("E → 0" in reason for reason in fit.certificate.reasons)
    assert any("E alone" in reason for reason in fit.certificate.reasons)


def test_every_cell_is_a_convex_bowl_with_its_optimum_inside(bowls: list[Bowl]) -> None:
    assert len(bowls) == 42
    assert all(bowl.convex for bowl in bowls)
    assert sum(bowl.inside for bowl in bowls) == 41
    for bowl in bowls:
        low, high = bowl.lr.interval
        assert low <= bowl.lr.value <= high
        # Rates within a factor of 2 to 7 of each other are equally good to .25 %: the plateau is wide.
        assert 1.9 < bowl.lr_plateau.value < 7
        assert 2.0 < bowl.batch_plateau.value < 7


def test_step_law_lies_within_the_plateau_of_nearly_every_cell(bowls: list[Bowl]) -> None:
    # The paper: loss at the predicted setting within about .09 % of the best; the plateau here allows .25 %.
    shares = []
    for bowl in bowls:
        setting = step_law(bowl.params, bowl.tokens)
        lr = abs(np.log(setting.lr / bowl.lr.value)) < 0.5 * np.log(bowl.lr_plateau.value)
        batch = abs(np.log(setting.batch_tokens / bowl.batch_tokens.value)) < 0.5 * np.log(bowl.batch_plateau.value)
        shares.append(lr and batch)
    assert np.mean(shares) > 0.9


def test_one_bowl_for_all_cells(sweep: RunTable, bowls: list[Bowl]) -> None:
    near = bowl_columns(sweep, sequence_length=SEQUENCE)
    assert len(near) == 1652
    assert len(near.excluded) == 2819 - 1652
    fit = fit_law(laws.get("steplaw-bowl"), near, objective="log-ls")
    assert fit.certificate.ok, fit.certificate.reasons
    fit = bootstrap(fit, near, rng=np.random.default_rng(0), draws=200, resample="cluster:cell")
    p = fit.parameters
    # The optimum of the joint fit agrees with the cells' own within their plateaus.
    gaps = [np.log(p["c"] * b.params ** p["a"] * b.tokens ** p["b"] / b.lr.value) for b in bowls if b.inside]
    assert np.abs(np.median(gaps)) < 0.15
    low, high = fit.interval("a")
    assert low < -0.713 < high
    # exp(2 sqrt(.0025/p)): rates between these ends lose less than .25 %.
    assert 2.0 < np.exp(2 * np.sqrt(0.0025 / p["p"])) < 7


@pytest.mark.parametrize(("loss", "expected"), [(3.0, "1.0691e6"), (2.5, "2.5473e6"), (2.0, "7.3715e6")])
def test_kaplan_critical_batch(loss: float, expected: str) -> None:
    """Reference sheet, training.md A2: arXiv:2001.08361."""
    assert_prints_as(critical_batch(loss), expected)
    law = laws.get("critical-batch")
    assert_prints_as(law.predict(law.published_set().values, loss=loss), expected)


@pytest.mark.parametrize(
    ("params", "steps", "batch", "expected"),
    [(1e9, 1e5, 5e5, "2.5459"), (1e9, 1e5, 2e6, "2.4507"), (1e9, 2.5e5, 2e5, "2.5329"), (1e8, 5e4, 5e5, "3.0146")],
)
def test_kaplan_loss_at_any_batch(params: float, steps: float, batch: float, expected: str) -> None:
    """Reference sheet, training.md A2: the implicit law."""
    assert_prints_as(loss_at_batch(params, steps, batch), expected)


def test_kaplan_least_steps() -> None:
    """Reference sheet, training.md A2: S_min = 17632 for N = 1e9, S = 1e5, B = 5e5."""
    loss = loss_at_batch(1e9, 1e5, 5e5)
    found = least_steps(1e5, 5e5, loss)
    assert_prints_as(float(found), "17632")
    law = laws.get("kaplan-steps")
    assert law.predict(law.published_set().values, params=1e9, steps=found) == pytest.approx(float(loss), abs=1e-9)


def test_at_the_critical_batch_both_costs_double() -> None:
    trade = Tradeoff(1e4, 5e5)
    assert trade.steps(5e5) == 2e4
    assert trade.tokens(5e5) == 2 * 1e4 * 5e5
    assert KAPLAN_STEPS["alpha_B"] == 0.21


def test_the_steps_law_says_the_same_at_any_batch() -> None:
    """Reference sheet, training.md A2: at L = 2.5459, 1e5 steps of 5e5 tokens are worth 17632 at an endless batch."""
    law, least = laws.get("batch-steps"), 17632.0
    values = {"S_min": least, "B_crit": float(critical_batch(2.5459))}
    assert float(law.predict(values, batch_tokens=5e5)) == pytest.approx(1e5, rel=1e-4)
    assert float(law.predict(values, batch_tokens=values["B_crit"])) == pytest.approx(2 * least, rel=1e-14)
    batch = np.geomspace(1e4, 1e8, 9)
    steps = law.predict(values, batch_tokens=batch)
    examples = steps * batch / (least * values["B_crit"])
    np.testing.assert_allclose((steps / least - 1) * (examples - 1), 1.0, rtol=1e-10)


def test_learning_rate_sensitivity() -> None:
    """Reference sheet, evaluation_and_statistics.md C5: (.5 + 0 + 3)/3."""
    assert_prints_as(lr_sensitivity([4.5, 4.0, 9.0], 7.0), "1.1667")
