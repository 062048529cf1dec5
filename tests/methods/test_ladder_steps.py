"""The two-step ladder on made-up checkpoints: rows, resampling by run, what is refused."""

import numpy as np
import pytest

from isoflop import laws
from isoflop.errors import FitError
from isoflop.methods.ladder_steps import final_rows, smoothed_rows, two_step
from isoflop.runs.table import RunTable

FIRST = laws.get("task-loss").published_set("olmo-ladder-hellaswag").values
SECOND = laws.get("task-sigmoid").published_set("olmo-ladder-hellaswag").values
SIZES, RATIOS = (1.9e8, 3.7e8, 7.6e8, 1.28e9), (20, 40, 100, 200)


def ladder(rng: np.random.Generator, sizes: tuple[float, ...] = SIZES, noise: float = 0.003) -> RunTable:
    """Twenty checkpoints of every run; each run has an offset of its own, which its checkpoints share."""
    columns: dict[str, list[object]] = {"run": [], "params": [], "tokens": [], "task_loss": [], "accuracy": []}
    for size in sizes:
        for ratio in RATIOS:
            tokens = np.linspace(0.05, 1.0, 20) * ratio * size
            offset = np.exp(rng.normal(0, noise))
            loss = np.asarray(laws.get("task-loss").predict(FIRST, params=size, tokens=tokens)) * offset
            accuracy = laws.get("task-sigmoid").predict(SECOND, task_loss=loss) + rng.normal(0, 0.001, 20)
            columns["run"] += [f"{size:g}-{ratio}"] * 20
            columns["params"] += [size] * 20
            columns["tokens"] += tokens.tolist()
            columns["task_loss"] += loss.tolist()
            columns["accuracy"] += np.asarray(accuracy).tolist()
    return RunTable.from_columns(columns)


def test_rows_of_both_steps_by_hand() -> None:
    table = RunTable.from_columns(
        {
            "run": ["a"] * 6 + ["b"] * 2,
            "params": [1e8] * 6 + [2e8] * 2,
            "tokens": [6e9, 5e9, 4e9, 3e9, 2e9, 1e9, 1e9, 2e9],
            "task_loss": [1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 2.0, 1.8],
            "accuracy": [0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.2, 0.4],
        }
    )
    finals = final_rows(table, last=2)
    assert finals.column("tokens").tolist() == [6e9, 2e9]
    np.testing.assert_allclose(finals.column("task_loss"), [1.05, 1.9])
    later = smoothed_rows(table, drop=0.3, window=3)
    # Run a keeps its last four checkpoints, run b its last one; the anchor comes last.
    np.testing.assert_allclose(later.column("task_loss"), [1.3, 1.25, 1.2, 1.1, 1.8, 0.0])
    np.testing.assert_allclose(later.column("accuracy"), [0.3, 0.35, 0.4, 0.5, 0.4, 1.0])


def test_the_chain_foretells_a_larger_model() -> None:
    loss = float(laws.get("task-loss").predict(FIRST, params=1.3e10, tokens=5e12))
    accuracy = float(laws.get("task-sigmoid").predict(SECOND, task_loss=loss))
    hits = np.zeros(2)
    for seed in range(8):
        rng = np.random.default_rng(seed)
        two = two_step(ladder(rng), rng=rng, draws=60)
        found = two.predict(1.3e10, 5e12)
        hits[0] += found.task_loss.interval[0] < loss < found.task_loss.interval[1]
        # The anchor (0, 1) is not on this curve, whose end is .992: it shifts the second step by a few thousandths.
        hits[1] += found.accuracy.interval[0] - 0.003 < accuracy < found.accuracy.interval[1] + 0.003
        errors = two.errors({"params": 1.3e10, "tokens": 5e12, "task_loss": loss, "accuracy": accuracy})
        assert errors.chained == pytest.approx(found.accuracy.value / accuracy - 1)
        assert abs(errors.second) < 0.01
    # Of eight nominal 90 % intervals fewer than five hold the truth once in 200 times.
    assert hits.min() >= 5, hits


def test_the_same_state_gives_the_same_draws_and_another_gives_others(rng: np.random.Generator) -> None:
    table = ladder(rng)
    one, two, other = (two_step(table, rng=np.random.default_rng(seed), draws=10) for seed in (1, 1, 2))
    for step in (0, 1):
        np.testing.assert_array_equal(one.draws[step], two.draws[step])
        assert not np.array_equal(one.draws[step], other.draws[step])


def test_both_steps_see_the_same_resampled_runs(rng: np.random.Generator) -> None:
    """The offsets of runs move both steps: their draws of the target's accuracy and loss go together."""
    two = two_step(ladder(rng, noise=0.01), rng=rng, draws=80)
    found = two.predict(1.3e10, 5e12)
    assert found.task_loss.draws is not None
    assert found.accuracy.draws is not None
    assert np.corrcoef(found.task_loss.draws, found.accuracy.draws)[0, 1] < -0.8


def test_too_few_runs(rng: np.random.Generator) -> None:
    with pytest.raises(FitError, match="4 usable runs are left"):
        two_step(ladder(rng, sizes=(1.9e8,)), rng=rng, draws=5)
