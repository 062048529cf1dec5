"""Schedules and what they add to a table of loss curves."""

import numpy as np
import pytest

from isoflop.errors import LawError, TableError
from isoflop.methods.schedules import SHAPES, Schedule, annealing, annealing_columns, make_schedule
from isoflop.runs.table import RunTable

PEAK, END = 3e-4, 3e-5


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_starts_at_the_peak_and_ends_where_told(shape):
    schedule = make_schedule(shape, 500, PEAK, end=END, warmup=100, stable=200)
    assert schedule.steps == 500
    assert schedule.lr[0] == 0.0
    np.testing.assert_allclose(schedule.lr[99:200], PEAK)
    assert schedule.lr[-1] == pytest.approx(PEAK if shape == "constant" else END)
    assert np.all(np.diff(schedule.lr[200:]) <= 0)
    assert not schedule.lr.flags.writeable


def test_a_fall_is_one_step_of_the_rate():
    lr = make_schedule("fall", 10, 1.0, end=0.1, stable=4).lr
    np.testing.assert_allclose(lr, [1, 1, 1, 1, *[0.1] * 7])


def test_annealing_is_the_recursion_of_the_paper():
    schedule = make_schedule("cosine", 300, PEAK, end=END, warmup=50)
    m, total, expected = 0.0, 0.0, []
    for step, lr in enumerate(schedule.lr):
        m = 0.99 * m + (schedule.lr[step - 1] - lr if step > schedule.warmup else 0.0)
        total += m
        expected.append(total)
    np.testing.assert_allclose(annealing(schedule, 0.99), expected, rtol=1e-12, atol=1e-18)


def test_warm_up_stays_out_of_annealing():
    # The trap: let in, the rises of warm-up leave S2 of a constant schedule at -peak/(1 - decay) = -0.3.
    schedule = make_schedule("constant", 24000, PEAK, warmup=2160)
    assert np.all(annealing(schedule) == 0.0)
    wrong = annealing(Schedule("wrong", schedule.lr, warmup=0))
    assert wrong[-1] == pytest.approx(-0.300, abs=5e-4)
    # The area keeps warm-up.
    assert schedule.area[-1] - schedule.area[2160] == pytest.approx(PEAK * (24000 - 2160))
    assert schedule.area[2159] == pytest.approx(PEAK * 2160 / 2)


SCHEDULES = (make_schedule("constant", 100, PEAK, warmup=10), make_schedule("cosine", 200, PEAK, warmup=10))


def table(**changes):
    columns = {"schedule": ["cosine", "constant", "cosine"], "step": [10, 100, 200], "loss": [3.0, 2.9, 2.8]}
    return RunTable.from_columns({**columns, **changes})


def test_columns_follow_from_names_and_steps():
    found = annealing_columns(table(), SCHEDULES, decay=0.9, segments=4)
    assert found.column("curve").tolist() == [1.0, 0.0, 1.0]
    assert found.column("segment").tolist() == [4.0, 3.0, 7.0]
    assert found.column("S1").tolist() == [SCHEDULES[1].area[10], SCHEDULES[0].area[100], SCHEDULES[1].area[200]]
    assert found.column("S2")[2] == annealing(SCHEDULES[1], 0.9)[200]
    assert found.column("loss").tolist() == [3.0, 2.9, 2.8]
    assert any("not independent" in note for note in found.notes)
    assert "S1" not in table().names


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schedule": ["rex", "constant", "cosine"]}, "no schedule for rex"),
        ({"schedule": ["", "constant", "cosine"]}, "an empty cell"),
        ({"step": [10, 101, 200]}, "Row 2 has checkpoint_step 101.*steps 0 to 100"),
        ({"step": [10.5, 100, 200]}, "Row 1 has checkpoint_step 10.5"),
    ],
)
def test_rows_without_a_schedule_are_named(changes, message):
    with pytest.raises(TableError, match=message):
        annealing_columns(table(**changes), SCHEDULES)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("circle", 10, 1.0), "no schedule of shape 'circle'"),
        (("cosine", 10, 1.0, 0.1, 10), "do not fit"),
        (("cosine", 10, 0.1, 1.0), "end <= peak"),
        (("exponential", 10, 1.0, 0.0), "end <= peak"),
    ],
)
def test_impossible_schedules_are_refused(arguments, message):
    shape, steps, peak, *rest = arguments
    extra = dict(zip(("end", "warmup"), rest, strict=False))
    with pytest.raises(LawError, match=message):
        make_schedule(shape, steps, peak, **extra)


@pytest.mark.parametrize(("lr", "warmup"), [([], 0), ([1.0, -1.0], 0), ([0.0, 0.0], 0), ([1.0], 1), ([1, np.inf], 0)])
def test_what_is_no_schedule_is_refused(lr, warmup):
    with pytest.raises(LawError, match="'odd'"):
        Schedule("odd", lr, warmup)


def test_a_decay_of_one_is_refused():
    with pytest.raises(LawError, match="from 0 to below 1"):
        annealing(SCHEDULES[0], 1.0)
