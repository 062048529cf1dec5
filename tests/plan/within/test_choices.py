"""Listed values: which one where several are as good, each draw's own, what else would do, and what inputs change."""

import numpy as np
import pytest
from tests.plan.fits import fitted

from isoflop.plan.costs.hardware import device
from isoflop.plan.costs.shapes import made
from isoflop.plan.optimum.plan import plan
from isoflop.plan.within.interior import ITERATIONS, Values, minimise
from isoflop.plan.within.within import plan_within

BOTH = {"params": None, "tokens": None}
MONTH = 30 * 86400
REACHED = 0.4 * device("H100").peak("bf16")


def test_the_first_listed_of_equally_good_values_is_taken_and_the_others_are_told() -> None:
    """Money decides the compute; 384 devices and all larger numbers end within the month, so nobody buys more."""
    found = plan_within(
        fitted(), choose={**BOTH, "devices": "64..1024/64"}, limits=["money <= $500K", "time <= 30 days"],
        device="H100", given={"price": "$2/h"},
    )  # fmt: skip
    assert found.value("devices") == 384
    assert found.chosen["devices"] == {384.0: 1.0}
    assert found.variables["devices"].interval == (384.0, 384.0)
    # 192 devices buy half of the compute, which costs 1 % of the loss or less; fewer do not.
    flat = next(item for item in found.flat if item.word == "devices")
    assert flat.high == 1024
    for count in (flat.low, flat.low - 64):
        at = plan_within(
            fitted(), choose=BOTH, limits=["money <= $500K", "time <= 30 days"], device="H100",
            given={"price": "$2/h", "devices": count},
        )  # fmt: skip
        assert (float(at.best.value) <= 1.01 * float(found.best.value)) == (count == flat.low)


def test_every_draw_chooses_among_all_listed_values() -> None:
    """The fewest devices for a loss within a month: in every draw those that its own compute needs, up or down."""
    fit = fitted()
    found = plan_within(
        fit, choose={**BOTH, "devices": "64..4096/64"}, limits=["loss <= 1.95", "time <= 30 days"], device="H100",
        minimise="devices",
    )  # fmt: skip
    compute = plan(fit, loss=1.95).flops
    assert compute.draws is not None
    needed = np.ceil(np.array([float(compute.value), *compute.draws]) / (REACHED * MONTH) / 64 - 1e-6) * 64
    draws = found.variables["devices"].draws
    assert draws is not None
    assert found.value("devices") == needed[0]
    assert draws.min() < found.value("devices") < draws.max()
    assert np.mean(draws == needed[1:]) > 0.95
    assert draws == pytest.approx(needed[1:], abs=128)


def test_a_value_that_the_fit_cannot_have_is_still_that_of_some_draws() -> None:
    """Two sizes listed; the small one misses the loss by the fit, and reaches it in a part of the draws."""
    fit = fitted(0.02)
    loss = float(fit.evaluate(params=2e9, tokens=5e11)[0]) - 0.001
    found = plan_within(
        fit, choose={"params": [2e9, 8e9]}, limits=[f"loss <= {loss!r}"], minimise="params", given={"tokens": "500B"}
    )
    assert found.value("params") == 8e9
    own = fit.evaluate_draws(params=2e9, tokens=5e11)[:, 0] <= loss
    assert 0.1 < own.mean() < 0.9
    assert found.chosen["params"][2e9] == pytest.approx(own.mean())


def test_inputs_that_rise_let_listed_values_be_chosen_again() -> None:
    """A tenth more money buys a tenth more compute: more devices do it within the same month."""
    given = {"price": "$2/h"}
    limits = ["money <= $500K", "time <= 30 days"]
    choose = {**BOTH, "devices": "16..1024/16"}
    found = plan_within(fitted(), choose=choose, limits=limits, device="H100", given=given)
    other = plan_within(
        fitted(), choose=choose, limits=["money <= $550K", "time <= 30 days"], device="H100", given=given
    )
    item = next(s for s in found.sensitivity if s.word == "money <= $500K")
    assert item.variables["devices"] == pytest.approx(other.value("devices") / found.value("devices") - 1)
    assert item.variables["devices"] > 0.05
    assert item.objective == pytest.approx(float(other.best.value) / float(found.best.value) - 1, abs=1e-7)


def test_the_nearest_run_with_a_shape_keeps_every_limit() -> None:
    """Size of a made shape, data decided again, as good as the solver finds for that size."""
    limits = ["flops <= 1e22", "latency <= 30 ms", "tokens <= 200B"]
    more = {"device": "H100", "limits": limits}
    found = plan_within(fitted(), choose=BOTH, **more)
    assert found.nearby is not None
    values = found.nearby.values
    assert made(values["params"]).params == values["params"]
    assert abs(np.log(values["params"] / found.value("params"))) < 0.08
    again = plan_within(fitted(), choose={"tokens": None}, given={"params": values["params"]}, **more)
    assert values["tokens"] == pytest.approx(again.value("tokens"), rel=1e-5)
    assert 6 * values["params"] * values["tokens"] <= 1e22 * (1 + 1e-6)
    assert values["latency"] <= 0.03 * (1 + 1e-6)
    assert values["tokens"] <= 2e11 * (1 + 1e-6)
    assert 0 <= found.nearby.worse + 1e-9 < 0.01
    assert found.to_dict()["nearby"]["values"] == dict(values)
    assert "nearest run with a shape" in str(found)


def test_a_plan_whose_size_is_given_has_no_nearest_run() -> None:
    found = plan_within(fitted(), choose={"tokens": None}, limits=["flops <= 1e22"], given={"params": "7B"})
    assert found.nearby is None
    assert found.to_dict()["nearby"] is None


def test_constraints_that_contradict_each_other_are_given_up_early() -> None:
    """x <= 0.2 and x >= 0.8: no end of the search is feasible, and it ends long before its last step."""
    calls = []

    def function(x: np.ndarray, rows: np.ndarray) -> Values:
        calls.append(len(rows))
        return x[..., 0] ** 2, np.stack([x[..., 0] - 0.2, 0.8 - x[..., 0]], axis=-1)

    solved = minimise(function, np.array([[0.5], [0.9]]), np.ones(1))
    assert not solved.feasible.any()
    assert not solved.converged.any()
    assert len(calls) < ITERATIONS
