"""The best schedule under the multi-power law, and the comparison with the usual ones."""

from dataclasses import replace

import numpy as np
import pytest

from isoflop.errors import LawError, RangeWarning
from isoflop.fit import fit_law
from isoflop.laws import get
from isoflop.laws.multipower import NAMES, multi_power
from isoflop.methods.best_schedule import best_schedule, final_loss, usual_schedules
from isoflop.methods.multipower import TYPICAL_SHAPE, compare_schedules, final_losses, fit_curves
from isoflop.methods.schedules import annealing_columns, make_schedule
from isoflop.runs.table import RunTable
from isoflop.uncertainty.bootstrap import bootstrap

PEAK, END, WARMUP, STEPS = 3e-4, 3e-5, 200, 6000
LUO = multi_power([[1.0]]).published_set("luo-2025-400m").values
SCHEDULES = (
    make_schedule("constant", STEPS, PEAK, warmup=WARMUP),
    make_schedule("cosine", STEPS, PEAK, end=END, warmup=WARMUP),
    make_schedule("fall", STEPS, PEAK, end=9e-5, warmup=WARMUP, stable=3000),
)


def curves(rng, noise=1e-3, memory=0.0):
    """Noisy curves; with memory, the noise of a checkpoint stays in the next ones."""
    steps = np.arange(300, STEPS + 1, 60)
    law = multi_power([s.lr for s in SCHEDULES])
    columns = {"schedule": [], "checkpoint_step": [], "loss": []}
    for k, schedule in enumerate(SCHEDULES):
        shocks = rng.normal(0, noise * np.sqrt(1 - memory**2), len(steps))
        wander = np.zeros(len(steps))
        for i, shock in enumerate(shocks):
            wander[i] = memory * wander[i - 1] + shock
        loss = law.predict(LUO, curve=np.full(len(steps), k), checkpoint_step=steps) * np.exp(wander)
        columns["schedule"] += [schedule.name] * len(steps)
        columns["checkpoint_step"] += steps.tolist()
        columns["loss"] += loss.tolist()
    return RunTable.from_columns(columns)


@pytest.fixture(scope="module")
def fit():
    table = curves(np.random.default_rng(3))
    found = fit_curves(table, SCHEDULES, fix=TYPICAL_SHAPE)
    columns = annealing_columns(table, SCHEDULES, segments=6)
    return bootstrap(found, columns, rng=np.random.default_rng(0), draws=100, resample="cluster:segment")


def test_the_slope_of_the_final_loss_is_its_difference(rng):
    smooth = make_schedule("cosine", 600, PEAK, end=END, warmup=50).lr
    law = multi_power([smooth])
    value = final_loss(smooth, dict(LUO))[0]
    assert value == pytest.approx(float(law.predict(LUO, curve=0.0, checkpoint_step=600.0)), abs=1e-5)
    lr = np.maximum(smooth, 1e-6) * np.exp(rng.normal(0, 0.05, 601))
    slope = final_loss(lr, dict(LUO))[1]
    for step in (0, 1, 30, 200, 400, 599, 600):
        moved = 1e-5 * lr[step]
        above, below = lr.copy(), lr.copy()
        above[step] += moved
        below[step] -= moved
        difference = (final_loss(above, dict(LUO))[0] - final_loss(below, dict(LUO))[0]) / (2 * moved)
        assert slope[step] == pytest.approx(difference, rel=1e-4)


def test_the_best_schedule_beats_the_usual_ones_and_decays_late(fit):
    best = best_schedule(fit, 24000, PEAK, end=END, warmup=2160)
    usual = usual_schedules(24000, PEAK, end=END, warmup=2160)
    ranked = compare_schedules(fit, [best, *usual])
    assert ranked[0].schedule.name == "best"
    assert {"cosine", "linear", "rex", "wsd-linear", "wsd-exponential"} < {f.schedule.name for f in ranked}
    names = [f.schedule.name for f in ranked]
    assert max(names.index("wsd-linear"), names.index("wsd-exponential")) < names.index("rex") < names.index("cosine")
    # It looks like warm-up, stable, decay: the rate stays at the peak for most of the run, and never rises.
    assert best.lr[16000] > 0.98 * PEAK
    assert best.lr[-1] < 0.2 * PEAK
    assert best.lr.min(initial=1, where=np.arange(24001) > 2160) >= END * (1 - 1e-9)
    assert np.all(np.diff(best.lr[2160:]) <= 1e-18)


def test_differences_have_intervals_of_their_own(fit):
    first, *others = compare_schedules(fit, usual_schedules(24000, PEAK, end=END, warmup=2160), level=0.8)
    assert first.behind.value == 0.0
    for forecast in others:
        low, high = forecast.behind.interval
        assert 0 < low <= forecast.behind.value <= high
        # What is common to two schedules cancels in their difference.
        loss = forecast.loss.interval
        assert high - low < loss[1] - loss[0]
        assert forecast.loss.level == 0.8


def test_a_fit_without_draws_has_no_interval(fit):
    found = compare_schedules(replace(fit, draws=None), SCHEDULES)[0]
    assert np.isnan(found.loss.interval[0])
    assert "no draws" in found.loss.leaves_out[0]


def test_columns_that_are_there_are_not_made_again():
    table = curves(np.random.default_rng(3))
    columns = annealing_columns(table, SCHEDULES, segments=6)
    again = fit_curves(columns, SCHEDULES, fix=TYPICAL_SHAPE)
    assert again.value == fit_curves(table, SCHEDULES, fix=TYPICAL_SHAPE).value
    assert bootstrap(again, columns, rng=np.random.default_rng(0), draws=2).draws is not None
    # Its places are taken as they are: the names of the curves are not asked for again.
    swapped = fit_curves(columns, [SCHEDULES[1], SCHEDULES[0], SCHEDULES[2]], fix=TYPICAL_SHAPE)
    assert swapped.value > 2 * again.value


def test_schedules_longer_than_all_that_is_known_warn(fit):
    with pytest.warns(RangeWarning, match=r"'multi-power': checkpoint_step by 0\.14 decades"):
        final_losses(fit, [make_schedule("cosine", 100_000, PEAK, end=END, warmup=WARMUP)])


def test_final_losses_are_the_law_at_the_last_step(fit):
    value, draws = final_losses(fit, SCHEDULES)
    law = multi_power([s.lr for s in SCHEDULES])
    for k in range(3):
        single = law.predict(fit.parameters, curve=float(k), checkpoint_step=float(STEPS))
        assert value[k] == pytest.approx(float(single), rel=1e-12)
    assert draws.shape == (100, 3)


def test_typical_shape_is_the_mean_of_the_published_sets():
    law = multi_power([[1.0]])
    for name in ("C", "beta", "gamma"):
        values = [p.values[name] for p in law.published]
        assert TYPICAL_SHAPE[name] == pytest.approx(np.mean(values))
        assert max(values) / min(values) < 1.06
    assert set(TYPICAL_SHAPE) < set(NAMES)


def test_checkpoints_of_a_curve_are_resampled_together():
    # Noise that lasts for many checkpoints: row by row, the interval promises far more than it can keep.
    widths = {}
    table = curves(np.random.default_rng(11), memory=0.95)
    found = fit_curves(table, SCHEDULES, fix=TYPICAL_SHAPE)
    columns = annealing_columns(table, SCHEDULES, segments=4)
    for scheme in ("bayes", "cluster:segment"):
        drawn = bootstrap(found, columns, rng=np.random.default_rng(0), draws=200, resample=scheme)
        low, high = drawn.interval("L0")
        widths[scheme] = high - low
    assert widths["cluster:segment"] > 1.5 * widths["bayes"]


def test_fits_of_other_laws_are_refused():
    runs = RunTable.from_columns({"C": [1e18, 1e19, 1e20, 1e21], "loss": [3.1, 2.7, 2.4, 2.2]})
    other = fit_law(get("power-flops"), runs)
    with pytest.raises(LawError, match="multi-power"):
        best_schedule(other, 100, PEAK)
    with pytest.raises(LawError, match="multi-power"):
        compare_schedules(other, SCHEDULES)


@pytest.mark.parametrize("end", [PEAK, -1e-5, float("nan")])
def test_an_end_that_cannot_be_reached_is_refused(fit, end):
    with pytest.raises(LawError, match="the rate cannot fall to"):
        best_schedule(fit, 1000, PEAK, end=end)
