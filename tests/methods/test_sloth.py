"""Sloth: skills shared by all families."""

from pathlib import Path

import numpy as np
import pytest

from isoflop.errors import ColumnError, FitError
from isoflop.methods.sloth import CHANCE, fit_sloth
from isoflop.methods.sloth_search import RIDGE, WIDTH, Shape, Task
from isoflop.runs.read import read_runs
from isoflop.runs.table import RunTable

BENCHMARKS = ("mmlu", "hellaswag", "winogrande", "gsm8k", "arc", "truthfulqa")


def made_up(rng: np.random.Generator, noise: float) -> tuple[dict[str, np.ndarray], list[str], np.ndarray, np.ndarray]:
    """Eight families of six sizes; one skill behind four benchmarks."""
    families = [f"f{k}" for k in range(8) for _ in range(6)]
    params = np.tile(np.geomspace(1e8, 7e10, 6), 8)
    tokens = np.repeat(np.geomspace(2e11, 1.5e13, 8), 6)
    n, t = np.log(params / 1e9), np.log(tokens / 1e12)
    theta = np.repeat(rng.normal(0.0, 0.5, 8), 6) + 0.5 * n + 0.3 * t + 0.03 * n * t
    scores = {}
    for name, load, offset in (("mmlu", 1.0, -1.0), ("arc", 0.7, 0.2), ("gsm8k", 1.6, -2.0), ("winogrande", 0.5, 0.5)):
        z = load * theta + offset
        clean = CHANCE[name] + (1 - CHANCE[name]) / (1 + np.exp(-z))
        scores[name] = clean + rng.normal(0.0, noise, len(z))
    return scores, families, params, tokens


def test_slopes_and_loadings_are_found_again(rng: np.random.Generator) -> None:
    scores, families, params, tokens = made_up(rng, 0.0)
    found = fit_sloth(scores, families, params, tokens, rng=rng, skills=1, starts=1, draws=0)
    np.testing.assert_allclose(found.slopes[0], [0.5, 0.3, 0.03], atol=0.02)
    np.testing.assert_allclose(found.loadings[:, 0], [1.0, 0.7, 1.6, 0.5], atol=0.03)
    assert found.mean_abs_error < 2e-3
    assert abs(found.efficiency.mean()) < 1e-12


def small_task(rng: np.random.Generator) -> tuple[Task, np.ndarray]:
    """Four benchmarks of eight families under two skills, with holes and weights."""
    scores, families, params, tokens = made_up(rng, 0.02)
    table = np.stack(list(scores.values()), axis=1)
    table[rng.random(table.shape) < 0.1] = np.nan
    x = np.stack([np.log(params / 1e9), np.log(tokens / 1e12), np.log(params / 1e9) * np.log(tokens / 1e12)], axis=1)
    design = (x, np.searchsorted(sorted(set(families)), families))
    floor = np.array([CHANCE[name] for name in scores])
    return Task(Shape(4, 8, 2), table, design, floor), rng.exponential(size=len(table))


def test_the_search_ends_where_nothing_lower_is_near(rng: np.random.Generator) -> None:
    from scipy.optimize import minimize

    task, weights = small_task(rng)
    found, value = task.search(np.stack([task.shape.start(rng) for _ in range(4)]), np.tile(weights, (4, 1)))
    best = found[np.argmin(value)]
    other = minimize(lambda v: float(task.value(v[None], weights[None])[0]), best, method="L-BFGS-B")
    assert value.min() <= other.fun * (1 + 1e-6)


def test_the_step_is_that_of_the_whole_system(rng: np.random.Generator) -> None:
    """Schur's complement against the system written out."""
    task, weights = small_task(rng)
    size, shared = task.shape.size, task.shape.shared
    v = task.shape.start(rng)[None]
    slopes = task._slopes(v)
    whole = np.zeros((*slopes[1].shape[1:3], size))
    whole[..., :shared] = slopes[0][0]
    for model, family in enumerate(task.design[1]):
        start = shared + family * task.shape.skills
        whole[model, :, start : start + task.shape.skills] = slopes[1][0, model]
    for k in range(size):
        moved = v + 1e-6 * np.eye(size)[k]
        slope = (task.shape.model(moved, task.design, task.floor) - task.shape.model(v, task.design, task.floor)) / 1e-6
        np.testing.assert_allclose(whole[..., k], slope[0], atol=1e-5)
    step, promise = task._step(v, weights[None], np.array([0.5]))
    gap, known = task._gap(v)[0], weights[:, None] * np.isfinite(task.scores)
    far = np.maximum(np.abs(gap) / WIDTH, 1.0)
    flat, scale = whole.reshape(-1, size), (known * ((far <= 1) + 0.5 / far)).ravel()
    matrix = (flat * scale[:, None]).T @ flat + 1.5 * RIDGE**2 * np.eye(size)
    slope = flat.T @ (known * gap / far).ravel() + RIDGE**2 * v[0]
    np.testing.assert_allclose(step[0], -np.linalg.solve(matrix, slope), rtol=1e-5, atol=1e-8)
    assert promise[0] == pytest.approx(-0.5 * slope @ step[0], rel=1e-6)


def test_many_families(data_directory: Path) -> None:
    table = with_all_scores(data_directory)
    names, codes = table.labels("family")
    scores, families = {name: table.column(name) for name in BENCHMARKS}, [names[code] for code in codes]
    found = fit_sloth(scores, families, table.column("params"), table.column("tokens"), rng=np.random.default_rng(0))
    assert len(found.families) == 75
    assert found.mean_abs_error < 0.0284


def test_the_order_of_the_models_does_not_matter(rng: np.random.Generator) -> None:
    scores, families, params, tokens = made_up(rng, 0.01)
    order = rng.permutation(len(params))
    one = fit_sloth(scores, families, params, tokens, rng=np.random.default_rng(2), skills=1)
    mixed = {name: values[order] for name, values in scores.items()}
    other = fit_sloth(
        mixed, [families[k] for k in order], params[order], tokens[order], rng=np.random.default_rng(2), skills=1
    )
    np.testing.assert_allclose(other.efficiency, one.efficiency, atol=1e-4)
    assert other.mean_abs_error == pytest.approx(one.mean_abs_error, rel=1e-4)


def test_a_missing_score_is_no_score(rng: np.random.Generator) -> None:
    scores, families, params, tokens = made_up(rng, 0.005)
    holes = {name: np.where(rng.random(len(values)) < 0.2, np.nan, values) for name, values in scores.items()}
    found = fit_sloth(holes, families, params, tokens, rng=rng, skills=1, starts=1, draws=0)
    predicted = [found.predict(f, n, t)["mmlu"] for f, n, t in zip(families, params, tokens, strict=True)]
    assert float(np.abs(np.array(predicted) - scores["mmlu"]).mean()) < 0.01


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    """Coverage of the noise-free scores of one model, over ten tables; both of a seed share their truth."""
    hits = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        scores, families, params, tokens = made_up(rng, 0.01)
        truth, _, _, _ = made_up(np.random.default_rng(seed), 0.0)
        found = fit_sloth(scores, families, params, tokens, rng=rng, skills=1, starts=1, draws=40)
        inside = found.forecast("f3", params[20], tokens[20])
        for name in scores:
            low, high = inside[name].interval
            hits.append(low < truth[name][20] < high)
            assert low < inside[name].value < high
    assert 0.7 <= np.mean(hits) <= 1.0
    assert found.draws.shape == (40, 4 - 1 + 4 + 3 + 8)
    assert any("noise of a single model" in text for text in inside["mmlu"].leaves_out)


def test_percent_and_models_without_size_are_refused(rng: np.random.Generator) -> None:
    scores, families, params, tokens = made_up(rng, 0.0)
    with pytest.raises(FitError, match=r"Scores are fractions, but one is .*Divide percent by 100"):
        fit_sloth({n: 100 * v for n, v in scores.items()}, families, params, tokens, rng=rng, skills=1)
    with pytest.raises(FitError, match="Model 2 has no size or no tokens"):
        fit_sloth(scores, families, np.where(np.arange(48) == 2, np.nan, params), tokens, rng=rng, skills=1)
    upper = {name.upper(): values for name, values in scores.items()}
    found = fit_sloth(upper, families, params, tokens, rng=rng, skills=1, starts=1, draws=0)
    assert found.chance.tolist() == [CHANCE[name] for name in scores]
    with pytest.raises(FitError, match="no draws"):
        found.forecast("f0", 1e9, 1e12)


def with_all_scores(directory: Path) -> RunTable:
    """The models that have all scores, a size and tokens."""
    table = read_runs(directory / "sloth_families.csv", response="mmlu")
    columns = np.stack([table.column(name) for name in (*BENCHMARKS, "tokens", "params")], axis=1)
    return table.take(np.flatnonzero(np.isfinite(columns).all(axis=1)))


def largest_held_out(table: RunTable) -> tuple[np.ndarray, list[str]]:
    """Whether each model is the largest of a family of three or more, and the families."""
    names, codes = table.labels("family")
    params = table.column("params")
    held = np.zeros(len(table), dtype=bool)
    for code in range(len(names)):
        own = np.flatnonzero(codes == code)
        if len(own) >= 3:
            held[own[np.argmax(params[own])]] = True
    return held, [names[code] for code in codes]


def test_the_largest_of_each_family_is_foretold(data_directory: Path) -> None:
    """Sloth against the score of the next smaller model and a sigmoid of compute (.056 and .079 on these models)."""
    table = with_all_scores(data_directory)
    held, families = largest_held_out(table)
    params, tokens = table.column("params"), table.column("tokens")
    train = ~held
    found = fit_sloth(
        {name: table.column(name)[train] for name in BENCHMARKS},
        [f for f, t in zip(families, train, strict=True) if t],
        params[train],
        tokens[train],
        rng=np.random.default_rng(0),
        skills=2,
        starts=1,
        draws=0,
    )
    errors = [
        abs(found.predict(families[k], params[k], tokens[k])[name] - table.column(name)[k])
        for k in np.flatnonzero(held)
        for name in BENCHMARKS
    ]
    assert held.sum() >= 20
    assert float(np.mean(errors)) < 0.065


def test_bad_questions_are_answered(rng: np.random.Generator) -> None:
    scores, families, params, tokens = made_up(rng, 0.01)
    with pytest.raises(FitError, match="5 skills cannot stand behind 4 benchmarks"):
        fit_sloth(scores, families, params, tokens, rng=rng, skills=5)
    few = {name: values[:4] for name, values in scores.items()}
    with pytest.raises(FitError, match="16 scores are too few for"):
        fit_sloth(few, ["a", "b", "c", "d"], params[:4], tokens[:4], rng=rng, skills=3)
    found = fit_sloth(scores, families, params, tokens, rng=rng, skills=1, starts=1, draws=0)
    with pytest.raises(ColumnError, match="Family 'new' was not among the models; known: f0"):
        found.predict("new", "7B", "2T")
    assert 0.25 < found.predict("f0", "7B", "2T")["mmlu"] < 1
