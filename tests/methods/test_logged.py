"""Schedules read off a log, and the whole-curve fit from nothing but that log."""

import numpy as np
import pytest

from isoflop import laws
from isoflop.errors import LawError, TableError
from isoflop.laws.multipower import multi_power
from isoflop.methods.logged import logged_schedules
from isoflop.methods.multipower import TYPICAL_SHAPE, fit_curves
from isoflop.methods.schedules import Schedule, make_schedule
from isoflop.runs.table import RunTable

SCHEDULES = (
    make_schedule("cosine", 6000, 3e-4, end=3e-5, warmup=300),
    make_schedule("linear", 5000, 3e-4, end=3e-5, warmup=300, stable=4000, name="wsd"),
)


def log_of(schedules: tuple[Schedule, ...], every: int) -> RunTable:
    """What runs would write: step, rate and the multi-power law's loss at every so many steps."""
    law = multi_power([s.lr for s in schedules])
    values = law.published_set("luo-2025-100m").values
    columns: dict[str, list[object]] = {"schedule": [], "checkpoint_step": [], "lr": [], "loss": []}
    for place, schedule in enumerate(schedules):
        steps = np.arange(300, schedule.steps + 1, every)
        columns["schedule"] += [schedule.name] * len(steps)
        columns["checkpoint_step"] += steps.tolist()
        columns["lr"] += schedule.lr[steps].tolist()
        columns["loss"] += law.predict(values, curve=np.full(len(steps), float(place)), checkpoint_step=steps).tolist()
    return RunTable.from_columns(columns)


def test_the_schedule_is_found_between_its_checkpoints() -> None:
    found = logged_schedules(log_of(SCHEDULES, 50), warmup=300)
    assert [s.name for s in found] == ["cosine", "wsd"]
    for schedule, made in zip(SCHEDULES, found, strict=True):
        assert len(made.lr) == len(schedule.lr)
        # The steps of warm-up differ by the last one: it reaches the peak at its end here.
        np.testing.assert_allclose(made.lr[300:], schedule.lr[300:], atol=3e-8)
        np.testing.assert_allclose(made.area[-1], schedule.area[-1], rtol=2e-4)


def test_a_log_alone_gives_the_law_back() -> None:
    table = log_of(SCHEDULES, 50)
    fit = fit_curves(table, logged_schedules(table, warmup=300), fix=TYPICAL_SHAPE)
    predicted = fit.evaluate(curve=np.repeat([0.0, 1.0], [115, 95]), checkpoint_step=table.column("checkpoint_step"))
    assert np.abs(predicted / table.column("loss") - 1).max() < 2e-3


def test_without_warm_up_the_first_rate_holds_from_the_start() -> None:
    log: dict[str, list[object]] = {"schedule": ["a", "a"], "checkpoint_step": [10, 20], "lr": [2.0, 1.0]}
    (found,) = logged_schedules(RunTable.from_columns(log))
    assert found.lr[:11].tolist() == [2.0] * 11
    assert found.warmup == 0


def test_bad_logs_are_answered() -> None:
    log: dict[str, list[object]] = {"schedule": ["a", "a", "a"], "checkpoint_step": [10, 20, 20], "lr": [2.0, 1.0, 1.5]}
    with pytest.raises(TableError, match="two learning rates at step 20"):
        logged_schedules(RunTable.from_columns(log))
    with pytest.raises(TableError, match="'a' has no checkpoint after 50 steps of warm-up"):
        logged_schedules(RunTable.from_columns(log), warmup=50)
    with pytest.raises(TableError, match="lr nan, or no schedule"):
        logged_schedules(RunTable.from_columns({**log, "lr": [2.0, float("nan"), 1.0]}))


def test_asking_for_a_fit_by_name_says_how_it_is_made() -> None:
    with pytest.raises(LawError, match=r"'multi-power' sums over whole schedules.*isoflop curves.*fit_curves.*lr-ann"):
        laws.as_law("multi-power")
    assert {"lr-annealing", "multi-power-two-stage", "multi-power"} <= set(laws.names())
