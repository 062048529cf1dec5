"""The multi-power law: its quick sum against the sum over every step, its slopes, its limits, its speed."""

import numpy as np
import pytest

from isoflop.errors import FileError, LawError
from isoflop.fit import Fit, fit_law
from isoflop.fit.evaluate import Evaluator
from isoflop.fit.objective import parse_objective
from isoflop.fit.prepare import bind_checked
from isoflop.fit.search import sample_rows
from isoflop.fit.seeds import make_seeds
from isoflop.fit.solve import minimise
from isoflop.laws import get
from isoflop.laws.blocks import changes_of, nodes_of
from isoflop.laws.multipower import NAMES, multi_power
from isoflop.runs.table import RunTable

PEAK, END, WARMUP = 3e-4, 3e-5, 2160
RISE = np.linspace(0, PEAK, WARMUP)


def flat(steps):
    return np.full(steps, PEAK)


def cosine(total):
    share = np.arange(total + 1 - WARMUP) / (total - WARMUP)
    return np.concatenate([RISE, END + 0.5 * (PEAK - END) * (1 + np.cos(np.pi * share))])


SCHEDULES = {
    "constant": np.concatenate([RISE, flat(21841)]),
    "cosine": cosine(24000),
    "one fall": np.concatenate([RISE, flat(5840), np.full(8001, END)]),
    "linear to zero": np.concatenate([RISE, flat(5840), np.linspace(PEAK, 0, 2001)]),
    "exponential": np.concatenate([RISE, flat(17840), PEAK * (END / PEAK) ** np.linspace(0, 1, 4001)]),
    "no warm-up": PEAK * np.linspace(1, 0.1, 5000),
    "sixty halvings": np.concatenate([RISE, flat(5840), PEAK * 0.5 ** np.arange(40)]),
}
VALUES = get("multi-power-two-stage").published_set("luo-2025-400m").values
LUO = multi_power([SCHEDULES["constant"]]).published_set("luo-2025-400m").values


def every_step(lr, step, p):
    """The law as it is written: one term for every step."""
    area = np.cumsum(lr)
    k = np.arange(1, step + 1)
    fall, rate = lr[k - 1] - lr[k], np.maximum(lr[k], 1e-16)
    since = np.maximum(area[step] - area[k - 1], 1e-16)
    gain = np.sum(fall * (1 - (1 + p["C"] * rate ** -p["gamma"] * since) ** -p["beta"]))
    return p["L0"] + p["A"] * area[step] ** -p["alpha"] - p["B"] * gain


@pytest.mark.parametrize("name", SCHEDULES)
def test_blocks_are_as_good_as_every_step(name):
    lr = SCHEDULES[name]
    steps = np.unique(np.linspace(500, len(lr) - 1, 40).astype(int))
    exact = [every_step(lr, step, LUO) for step in steps]
    law = multi_power([lr])
    np.testing.assert_allclose(law.predict(LUO, curve=np.zeros(len(steps)), checkpoint_step=steps), exact, atol=5e-6)


@pytest.mark.parametrize("name", ["cosine", "one fall", "exponential"])
def test_dense_curves_are_interpolated_without_harm(name):
    law = multi_power([SCHEDULES[name]])
    steps = np.arange(2200, len(SCHEDULES[name]), 5).astype(float)
    dense = law.predict(LUO, curve=np.zeros(len(steps)), checkpoint_step=steps)
    picked = slice(3, None, 149)
    few = law.predict(LUO, curve=np.zeros(len(steps[picked])), checkpoint_step=steps[picked])
    np.testing.assert_allclose(dense[picked], few, atol=1e-6)


def test_blocks_of_single_changes_are_exact():
    # Three falls: each block of them has at most three equal changes, for which the rule is exact.
    lr = np.concatenate([np.full(100, 1e-3), np.full(50, 8e-4), np.full(50, 6e-4), np.full(50, 1e-4)])
    for step in (99, 100, 120, 170, 249):
        law = multi_power([lr])
        found = float(law.predict(LUO, curve=0.0, checkpoint_step=float(step)))
        assert found == pytest.approx(every_step(lr, step, LUO), rel=1e-12)


def test_a_constant_rate_has_no_nodes():
    changes = changes_of(flat(1000))
    assert len(nodes_of(changes, np.array([10, 999])).weight) == 0
    law = multi_power([flat(1000)])
    expected = LUO["L0"] + LUO["A"] * (1000 * PEAK) ** -LUO["alpha"]
    assert float(law.predict(LUO, curve=0.0, checkpoint_step=999.0)) == pytest.approx(expected, rel=1e-14)


def test_warm_up_counts_in_the_loss_drop():
    # The trap: rises before the peak enter the sum with a negative sign, and so raise the loss.
    steps = np.array([float(WARMUP + 100)])
    whole = multi_power([SCHEDULES["constant"]]).predict(LUO, curve=np.zeros(1), checkpoint_step=steps)
    area = np.cumsum(SCHEDULES["constant"])[int(steps[0])]
    without = LUO["L0"] + LUO["A"] * area ** -LUO["alpha"]
    rises = every_step(SCHEDULES["constant"], int(steps[0]), LUO) - without
    assert rises > 0.1
    assert whole[0] - without == pytest.approx(rises, abs=1e-6)


def test_one_fall_is_the_two_stage_law():
    lr = np.concatenate([flat(8000), np.full(4000, END)])
    area = np.cumsum(lr)
    steps = np.array([8000, 8100, 11999])
    columns = {
        "S1": area[steps], "lr_fall": np.full(3, PEAK - END), "lr_after": np.full(3, END),
        "area_after": area[steps] - area[7999],
    }  # fmt: skip
    whole = multi_power([lr]).predict(LUO, curve=np.zeros(3), checkpoint_step=steps)
    np.testing.assert_allclose(get("multi-power-two-stage").predict(VALUES, **columns), whole, rtol=1e-12)


def test_slopes_are_differences():
    law = multi_power(list(SCHEDULES.values()))
    columns = {"curve": np.array([0.0, 1.0, 2.0, 3.0]), "checkpoint_step": np.array([5000.0, 20000.0, 9000.0, 9990.0])}
    theta = np.array([LUO[name] for name in NAMES])
    slopes = law.gradient(theta, columns)
    for k in range(len(NAMES)):
        step = 1e-5 * theta[k]
        above, below = theta.copy(), theta.copy()
        above[k] += step
        below[k] -= step
        difference = (law.evaluate(above, columns) - law.evaluate(below, columns)) / (2 * step)
        np.testing.assert_allclose(slopes[:, k], difference, rtol=1e-6, atol=1e-9)
        moved = theta.astype(complex)
        moved[k] += 1e-30j
        np.testing.assert_allclose(law.evaluate(moved, columns).imag / 1e-30, slopes[:, k], rtol=1e-12, atol=1e-300)


def test_bends_are_differences_of_slopes():
    """Second derivatives in the coordinates of the search, logarithms of what is linear."""
    law = multi_power(list(SCHEDULES.values()))
    program = law.program(frozenset(law.columns))
    rows = [np.array([0.0, 1.0, 2.0, 3.0]), np.array([5000.0, 20000.0, 9000.0, 9990.0])]
    columns = program.hessian.column_part(rows)
    at = [np.log(LUO[n]) if log else LUO[n] for n, log in zip(NAMES, program.logarithmic, strict=True)]
    at = [np.array([[x]]) for x in at]
    outputs = program.hessian.run(at, columns)
    for (a, b), bend in zip(program.pairs, outputs[1 + len(NAMES) :], strict=True):
        ends = []
        for side in (1, -1):
            moved = list(at)
            moved[b] = at[b] + side * 1e-5
            ends.append(program.gradient.run(moved, columns)[1 + a])
        np.testing.assert_allclose(bend, (ends[0] - ends[1]) / 2e-5, rtol=1e-6, atol=1e-8)
    missing = {(a, b) for a in range(7) for b in range(a, 7)} - set(program.pairs)
    for a, b in missing:
        moved = list(at)
        moved[b] = at[b] + 1e-3
        np.testing.assert_allclose(program.gradient.run(moved, columns)[1 + a], outputs[1 + a], rtol=1e-13)


@pytest.mark.parametrize("batch", [1, 5, 40])
def test_points_in_work_space_are_what_they_are_alone(batch, rng):
    """Points worked on a few at a time, rows of dense curves in any order, places of several pieces."""
    law = multi_power(list(SCHEDULES.values()))
    runs = table(law, ("constant", "cosine", "linear to zero"), 400, 0.0, rng)
    mixed = rng.permutation(len(runs))
    columns = [runs.column(name)[mixed] for name in ("curve", "checkpoint_step")]
    program = law.program(frozenset(law.columns))
    at = np.array([np.log(LUO[n]) if log else LUO[n] for n, log in zip(NAMES, program.logarithmic, strict=True)])
    at = at + rng.normal(0, 0.02, (batch, len(NAMES)))
    given = [at[:, k : k + 1] for k in range(len(NAMES))]
    for tape in (program.value, program.gradient, program.hessian):
        fixed = tape.column_part(columns)
        buffers = {node: np.full((batch, len(mixed)), np.nan) for node in tape.places}
        outputs = tape.run(given, fixed, buffers)
        alone = tape.run([v[-1:] for v in given], fixed)
        assert len(outputs) == len(alone)
        for together, one in zip(outputs, alone, strict=True):
            np.testing.assert_allclose(together[-1], np.broadcast_to(one, (1, len(mixed)))[0], rtol=1e-12)
    in_order = law.evaluate([LUO[n] for n in NAMES], {"curve": runs.column("curve"), **_steps(runs)})
    shuffled = law.evaluate([LUO[n] for n in NAMES], dict(zip(("curve", "checkpoint_step"), columns, strict=True)))
    np.testing.assert_array_equal(shuffled, in_order[mixed])


def _steps(runs):
    return {"checkpoint_step": runs.column("checkpoint_step")}


def test_in_its_own_unit_the_law_is_the_same(rng):
    law = multi_power(list(SCHEDULES.values()))
    runs = table(law, ("cosine", "one fall"), 30, 0.01, rng)
    objective = parse_objective("log-ls")
    free = {"fix": {}, "prior": {}, "weights": None, "noise": None}
    problem = bind_checked(law, runs, "loss", objective, **free)
    (unit,) = set(problem.scales.values())
    assert END < unit < PEAK
    theta = np.array([[LUO[name] for name in NAMES], [1.2 * LUO[name] for name in NAMES]])
    u = problem.search(theta)
    np.testing.assert_allclose(problem.natural(u), theta, rtol=1e-13)
    columns = {name: runs.column(name) for name in law.columns}
    np.testing.assert_allclose(Evaluator(problem, objective).model(u), law.evaluate(theta, columns), rtol=1e-13)
    # Where a parameter that carries the unit is held, rates are counted in ones.
    held = bind_checked(law, runs, "loss", objective, **{**free, "fix": {"C": 2.0}})
    assert not held.scales
    np.testing.assert_allclose(np.exp(held.search(theta)), np.delete(theta, NAMES.index("C"), axis=1), rtol=1e-13)


def test_what_drives_all_quick_searches_to_gamma_0_is_searched_again():
    """On 64 of these rows the first steps lead all searches to gamma = 0, where they agree."""
    law = get("multi-power")
    curve = np.repeat([1.0, 2.0], 1000)
    step = np.concatenate([np.linspace(2200, end, 1000).round() for end in (23_999, 15_999)])
    rng = np.random.default_rng(4)
    loss = law.predict(law.published_set("luo-2025-100m").values, curve=curve, checkpoint_step=step)
    loss = loss * np.exp(rng.normal(0, 1e-3, len(loss)))
    fit = fit_law(
        law, RunTable.from_columns({"curve": curve, "checkpoint_step": step, "loss": loss}), objective="log-ls"
    )
    assert fit.parameters["gamma"] > 0.1
    assert fit.value == pytest.approx(0.0009808877826149066, rel=1e-9)


def test_a_law_without_gain_needs_no_sum():
    law = multi_power([SCHEDULES["cosine"]])
    rows = {"curve": [0.0, 0.0], "checkpoint_step": [5000.0, 20000.0]}
    theta = [0.0 if name == "B" else LUO[name] for name in NAMES]
    area = np.cumsum(SCHEDULES["cosine"])[[5000, 20000]]
    np.testing.assert_allclose(law.evaluate(theta, rows), LUO["L0"] + LUO["A"] * area ** -LUO["alpha"], rtol=1e-13)


def test_rows_are_independent():
    law = multi_power(list(SCHEDULES.values()))
    curve, steps = np.array([2.0, 0.0, 1.0, 0.0]), np.array([9000.0, 300.0, 20000.0, 23000.0])
    together = law.predict(LUO, curve=curve, checkpoint_step=steps)
    alone = [float(law.predict(LUO, curve=c, checkpoint_step=s)) for c, s in zip(curve, steps, strict=True)]
    np.testing.assert_allclose(together, alone, rtol=1e-14)


def table(law, names, points, noise, rng):
    curve = np.repeat([float(list(SCHEDULES).index(n)) for n in names], points)
    last = [len(SCHEDULES[n]) - 1 for n in names]
    steps = np.concatenate([np.linspace(WARMUP + 40, end, points).round() for end in last])
    loss = law.predict(LUO, curve=curve, checkpoint_step=steps) * np.exp(rng.normal(0, noise, len(steps)))
    return RunTable.from_columns({"curve": curve, "checkpoint_step": steps, "loss": loss})


def test_three_curves_give_the_parameters_back(rng):
    law = multi_power(list(SCHEDULES.values()))
    runs = table(law, ("constant", "cosine", "one fall"), 60, 0.0, rng)
    fit = fit_law(law, runs, objective="log-huber:1e-3")
    assert dict(fit.parameters) == pytest.approx(dict(LUO), rel=1e-4)


def test_six_thousand_points_are_fitted(rng):
    law = multi_power(list(SCHEDULES.values()))
    runs = table(law, ("constant", "cosine", "one fall"), 2000, 5e-4, rng)
    fit = fit_law(law, runs, objective="log-huber:1e-3")
    assert fit.certificate.ok, fit.certificate.reasons
    assert fit.parameters["L0"] == pytest.approx(LUO["L0"], abs=0.01)


def test_twenty_searches_of_six_curves_all_reach_the_optimum(rng):
    names = tuple(name for name in SCHEDULES if name != "sixty halvings")
    law = multi_power(list(SCHEDULES.values()))
    runs = table(law, names, 1000, 1e-3, rng)
    objective = parse_objective("log-huber:1e-3")
    problem = bind_checked(law, runs, "loss", objective, fix={}, prior={}, weights=None, noise=None)
    seeds = make_seeds(Evaluator(sample_rows(problem, 64), objective), thorough=True)[:20]
    found = minimise(Evaluator(problem, objective), seeds)
    assert len(seeds) == 20
    np.testing.assert_allclose(found.value, found.value.min(), rtol=1e-6)
    assert found.steps.max() < 60


def test_a_hundred_thousand_steps():
    lr = cosine(100_000)
    steps = np.arange(WARMUP, 100_001, dtype=float)
    found = multi_power([lr]).predict(LUO, curve=np.zeros(len(steps)), checkpoint_step=steps)
    assert found[-1] == pytest.approx(every_step(lr, 100_000, LUO), abs=5e-6)


@pytest.mark.parametrize(
    ("schedules", "message"),
    [
        ([], "at least one schedule"),
        ([[3e-4, -1e-4]], "step 1 has learning rate -0.0001"),
        ([[3e-4], [0.0, float("nan")]], "Schedule 1 cannot be used: step 1"),
        ([[0.0, 0.0]], "0 at every step"),
        ([[]], "shape is"),
    ],
)
def test_bad_schedules_are_named(schedules, message):
    with pytest.raises(LawError, match=message):
        multi_power(schedules)


@pytest.mark.parametrize(
    ("curve", "step", "message"),
    [(1.0, 3.0, "the schedules 0 to 0"), (0.0, 10.0, "the steps 0 to 9"), (0.0, 2.5, "whole steps")],
)
def test_rows_outside_the_schedules_are_named(curve, step, message):
    law = multi_power([flat(10)])
    with pytest.raises(LawError, match=message):
        law.predict(LUO, curve=curve, checkpoint_step=step)


def test_a_checkpoint_before_any_learning_is_refused():
    law = multi_power([SCHEDULES["no warm-up"], SCHEDULES["constant"]])
    assert np.isfinite(law.predict(LUO, curve=0.0, checkpoint_step=0.0))
    assert np.isfinite(law.predict(LUO, curve=1.0, checkpoint_step=1.0))
    with pytest.raises(LawError, match="schedule 1 is 0 before step 1, where S1 is 0 and the law infinite"):
        law.predict(LUO, curve=[0.0, 1.0], checkpoint_step=[0.0, 0.0])


def test_the_catalogue_has_the_law_with_the_schedules_of_its_source():
    """Reference sheet, training.md B3: the final losses at the last checkpoint of each curve."""
    law = get("multi-power")
    values = law.published_set("luo-2025-400m").values
    named = {name: float(place) for place, name in enumerate(law.schedules.names)}
    for name, step, printed in (("constant_24000", 23936, 2.8172), ("cosine_72000", 71936, 2.6185)):
        found = float(law.predict(values, curve=named[name], checkpoint_step=float(step)))
        assert found == pytest.approx(printed, abs=5e-5)
    assert "isoflop curves" in law.advice


def test_other_schedules_make_another_law():
    law = get("multi-power")
    own = law.schedules.over([SCHEDULES["cosine"], SCHEDULES["one fall"]])
    assert own.formula == f"{law.formula}, over 2 given schedules"
    assert own.schedules is None
    assert "cosine_24000" in law.counted
    assert "cosine_24000" not in own.counted
    assert float(own.predict(LUO, curve=0.0, checkpoint_step=24000.0)) == pytest.approx(
        float(law.predict(LUO, curve=1.0, checkpoint_step=24000.0)), abs=1e-6
    )


def test_a_stored_fit_of_own_schedules_is_not_read_as_one_of_the_source_s(rng):
    law = multi_power(list(SCHEDULES.values()))
    fit = fit_law(law, table(law, ("constant", "cosine", "one fall"), 30, 0.0, rng), objective="log-ls")
    with pytest.raises(FileError, match="law="):
        Fit.from_json(fit.to_json())
    assert Fit.from_json(fit.to_json(), law=law).law is law
