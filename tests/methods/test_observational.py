"""Observational laws: components, imputation without leaks, families, a benchmark predicted from weaker models."""

from pathlib import Path

import numpy as np
import pytest

from isoflop.errors import FitError, TableError
from isoflop.methods import observational as obs
from isoflop.runs.read import read_runs
from isoflop.runs.table import RunTable

SCORES = ("MMLU", "ARC-C", "HellaSwag", "Winograd", "TruthfulQA", "XWinograd", "HumanEval")

# R2 of the first component on log compute, from the table's record (families of four and more).
R2 = {
    "BLOOM": 0.97, "Cerebras-GPT": 0.86, "CodeLlama": 0.949, "GPT-Neo/J": 0.948, "H2O-Danube": 0.977, "Llama": 0.974,
    "OPT": 0.982, "Pythia": 0.984, "Qwen1.5": 0.99, "StableLM": 0.014, "StarCoder": 0.98, "XGLM": 0.985,
}  # fmt: skip


@pytest.fixture(scope="module")
def models(data_directory: Path) -> RunTable:
    return read_runs(data_directory / "obs_base_llms.csv", response="MMLU")


def scores_of(table: RunTable) -> np.ndarray:
    return np.stack([table.column(name) for name in SCORES], axis=1)


def families_of(table: RunTable) -> np.ndarray:
    names, codes = table.labels("family")
    return np.array([names[code] for code in codes])


def test_three_components_explain_the_public_benchmarks(models: RunTable) -> None:
    scores = scores_of(models)
    complete = scores[np.isfinite(scores).all(axis=1)]
    assert len(complete) == 124
    found = obs.capabilities(SCORES, complete)
    np.testing.assert_allclose(found.explained[:4], [0.827424, 0.112975, 0.036068, 0.011788], atol=5e-7)
    assert found.explained[:3].sum() == pytest.approx(0.976466, abs=5e-7)  # the paper says about 97 %
    np.testing.assert_allclose(found.directions @ found.directions.T, np.eye(3), atol=1e-12)
    assert np.all(found.directions.sum(axis=1) > 0)


def test_capability_is_linear_in_log_compute_within_a_family(models: RunTable) -> None:
    scores = scores_of(models)
    complete = np.isfinite(scores).all(axis=1)
    found = obs.capabilities(SCORES, scores[complete])
    first = found.components(scores[complete])[:, 0]
    flops = models.column("flops")[complete]
    lines = obs.family_lines(first, flops, families_of(models)[complete].tolist())
    large = {family: round(line.r2, 3) for family, line in lines.items() if line.models >= 4}
    assert large == R2
    pythia = lines["Pythia"]
    np.testing.assert_allclose(obs.equivalent_flops(pythia.slope * np.log(1e21) + pythia.intercept, pythia), 1e21)


def test_weak_models_predict_gsm8k_of_strong_ones(models: RunTable) -> None:
    found = obs.observe(models, SCORES, "GSM8K", by="flops", cut=8.4e22, rng=np.random.default_rng(0), draws=30)
    assert len(found.actual) == 48
    # The mean score of the weak models misses by .37, and so does a sigmoid of compute alone.
    assert found.mean_abs_error < 0.1
    assert set(found.fit.parameters) == {"b", "a", "w1", "w2", "w3", "c"}


def test_forecasts_have_intervals_and_lost_rows_are_named(rng: np.random.Generator) -> None:
    """Scores made by the law: the interval of the curve holds the noise-free score about as often as it says."""
    skill = np.sort(rng.normal(0.0, 0.5, 60))
    scores = {f"b{k}": 0.5 + 0.3 * np.tanh(load * skill) for k, load in enumerate((0.8, 1.0, 1.2, 0.6))}
    columns = {name: values + rng.normal(0, 0.005, 60) for name, values in scores.items()}
    truth = 0.1 + 0.8 / (1 + np.exp(-2 * skill))
    columns |= {"target": truth + rng.normal(0, 0.02, 60), "rank": np.arange(60.0)}
    columns["target"][7] = np.nan
    table = RunTable.from_columns(columns)
    found = obs.observe(table, tuple(scores), "target", by="rank", cut=45.0, rng=rng, draws=100)
    low, high = found.forecast.interval
    assert low.shape == found.actual.shape == (15,)
    assert np.all((low < found.predicted) & (found.predicted < high))
    assert np.mean((low < truth[45:]) & (truth[45:] < high)) > 0.6
    assert found.left_out == (int(table.source_rows[7]),)


def test_percent_and_empty_benchmarks_are_refused(rng: np.random.Generator) -> None:
    with pytest.raises(TableError, match=r"A score is 50, but scores are fractions. Divide percent by 100"):
        obs.impute([[10, 20], [30, 40], [50, np.nan]])
    with pytest.raises(TableError, match="Benchmark 1 has no score of any model"):
        obs.impute([[0.1, np.nan], [0.2, np.nan]])
    two = RunTable.from_columns({"a": rng.random(20), "b": rng.random(20), "t": rng.random(20), "k": np.arange(20.0)})
    with pytest.raises(TableError, match="15 models and 2 benchmarks have no 3 components"):
        obs.observe(two, ("a", "b"), "t", by="k", cut=15.0, rng=rng)


def test_strong_models_do_not_leak_into_the_components(models: RunTable) -> None:
    found = obs.observe(models, SCORES, "GSM8K", by="flops", cut=8.4e22, rng=np.random.default_rng(0), draws=30)
    column = {name: models.column(name).copy() for name in (*SCORES, "GSM8K", "flops")}
    strong = column["flops"] >= 8.4e22
    for name in SCORES:
        column[name][strong] *= 0.5
    again = obs.observe(
        RunTable.from_columns(column), SCORES, "GSM8K", by="flops", cut=8.4e22, rng=np.random.default_rng(0), draws=30
    )
    np.testing.assert_array_equal(again.fit.theta, found.fit.theta)
    assert not np.allclose(again.predicted, found.predicted)


def test_imputation_finds_what_one_component_made(rng: np.random.Generator) -> None:
    truth = 0.5 + np.outer(rng.uniform(-0.3, 0.3, 30), [0.6, 0.5, 0.4, 0.3])
    holes = truth.copy()
    holes[rng.random(truth.shape) < 0.15] = np.nan
    holes[0] = truth[0]
    np.testing.assert_allclose(obs.impute(holes), truth, atol=2e-3)
    known = np.isfinite(holes)
    np.testing.assert_array_equal(obs.impute(holes)[known], holes[known])


def test_a_model_without_scores_is_refused() -> None:
    found = obs.capabilities(("a", "b"), [[0.1, 0.2], [0.3, 0.5], [0.6, 0.7]], components=1)
    with pytest.raises(TableError, match="none of the scores a, b"):
        found.components([[np.nan, np.nan]])


def test_bad_questions_are_answered(models: RunTable) -> None:
    with pytest.raises(FitError, match="'MMLU' is among the benchmarks"):
        obs.observe(models, SCORES, "MMLU", by="flops", cut=1e23, rng=np.random.default_rng(0))
    with pytest.raises(FitError, match=r"0 models are below flops = 1000 and \d+ above"):
        obs.observe(models, SCORES, "GSM8K", by="flops", cut=1e3, rng=np.random.default_rng(0))


def test_families_are_chosen_for_their_spread(rng: np.random.Generator) -> None:
    wide = rng.normal(0.0, 3.0, (6, 2))
    narrow = rng.normal(0.0, 0.3, (12, 2))
    chosen = obs.choose_families(np.concatenate([wide, narrow]), ["wide"] * 6 + ["a"] * 6 + ["b"] * 6, 1)
    assert chosen == ("wide",)
    with pytest.raises(FitError, match="No 1 families determine 3 coefficients"):
        obs.choose_families(np.zeros((4, 2)), ["a", "a", "b", "b"], 1)
