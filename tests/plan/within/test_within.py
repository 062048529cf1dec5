"""Plans under limits: optimum, prices, flat regions, sensitivities, choices, conflicts, intervals."""

import json
import re

import numpy as np
import pytest
from tests.plan.fits import fitted, searched, two_recipes

from isoflop.errors import InfeasibleError, InputError, IsoflopError
from isoflop.fit import Fit, fit_law
from isoflop.laws import Law
from isoflop.plan.optimum.overtraining import overtraining
from isoflop.plan.optimum.plan import plan
from isoflop.plan.within.result import PlanWithin
from isoflop.plan.within.within import plan_within
from isoflop.runs.table import RunTable
from isoflop.uncertainty.bootstrap import bootstrap

BOTH = {"params": None, "tokens": None}
SERVE = {"serve_tokens": "1e13 tokens"}
COST = "6*N*D + 2*N*serve_tokens"


def served(draws: int = 200) -> PlanWithin:
    """Train and serve 1e13 tokens at a loss of 2."""
    return plan_within(fitted(draws=draws), choose=BOTH, limits=["loss <= 2"], minimise=COST, given=SERVE)


@pytest.mark.parametrize("fit", [fitted(), searched()], ids=["closed form", "search"])
def test_one_limit_of_compute_is_the_plan(fit: Fit) -> None:
    """Optimum and every draw of it agree with the closed form, or the search along C = 6ND."""
    found, known = plan_within(fit, choose=BOTH, limits=["flops <= 1e22"]), plan(fit, flops=1e22)
    assert found.value("params") == pytest.approx(float(known.params.value), rel=1e-5)
    own, other = found.variables["params"].draws, known.params.draws
    assert own is not None
    assert other is not None
    assert own == pytest.approx(other, rel=1e-4)
    assert found.variables["params"].interval == pytest.approx(known.params.interval, rel=1e-4)
    assert float(found.best.value) == pytest.approx(float(known.loss.value), rel=1e-9)


def test_overtraining_by_the_general_solver() -> None:
    """Half the optimal size: data and extra compute for the same loss, as the special form has them."""
    fit = fitted()
    known = overtraining(fit, flops=1e22, shrink=2.0)
    size, loss = float(known.params.value), float(known.loss.value)
    found = plan_within(
        fit, choose={"tokens": None}, limits=[f"loss <= {loss!r}"], minimise="flops", given={"params": size}
    )
    assert found.value("tokens") == pytest.approx(float(known.tokens.value), rel=1e-5)
    assert float(found.best.value) / 1e22 - 1 == pytest.approx(float(known.extra_compute.value), rel=1e-4)


def test_the_shadow_price_is_what_one_more_unit_buys() -> None:
    """Against solving again with a slightly larger limit, for the objective loss and for a cost."""
    fit = fitted()
    first, second = (plan_within(fit, choose=BOTH, limits=[f"flops <= {c!r}"]) for c in (1e22, 1.001e22))
    bought = float(second.best.value) - float(first.best.value)
    assert float(first.limits[0].shadow_price.value) * 1e19 == pytest.approx(bought, rel=2e-3)
    one, other = served(), plan_within(fit, choose=BOTH, limits=["loss <= 2.0001"], minimise=COST, given=SERVE)
    change = float(other.best.value) - float(one.best.value)
    assert float(one.limits[0].shadow_price.value) * 1e-4 == pytest.approx(change, rel=5e-3)
    assert one.limits[0].active
    assert one.limits[0].active_share == 1.0


def test_a_limit_that_does_not_bind_costs_nothing() -> None:
    """Slack limits have a price of exactly 0 and change nothing."""
    fit = fitted()
    plain = plan_within(fit, choose=BOTH, limits=["flops <= 1e22"])
    found = plan_within(fit, choose=BOTH, limits=["flops <= 1e22", "params <= 1e12"])
    assert found.active == ("flops <= 1e22",)
    assert float(found.limits[1].shadow_price.value) == 0.0
    assert found.value("params") == pytest.approx(plain.value("params"), rel=1e-5)


def test_two_limits_meet_in_a_corner() -> None:
    """Memory holds the size, the deadline then the data: both bind and both have prices."""
    found = plan_within(
        fitted(), choose=BOTH, limits=["2*params <= 16e9", "time <= 30 days"], device="H100",
        given={"devices": 256, "mfu": 0.4},
    )  # fmt: skip
    assert found.value("params") == pytest.approx(8e9, rel=1e-6)
    flops = 30 * 86400 * 256 * 0.4 * 989e12
    assert found.value("tokens") == pytest.approx(flops / 6 / 8e9, rel=1e-6)
    assert [use.active for use in found.limits] == [True, True]
    assert all(float(use.shadow_price.value) < 0 for use in found.limits)


def test_the_flat_region_ends_where_the_best_is_missed_by_one_percent() -> None:
    """At its ends the cost is 1 % above the best, with the data that the size then needs."""
    found = served()
    low, high = found.flat[0].low, found.flat[0].high
    assert low < found.value("params") < high
    for size in (low, high):
        at = plan_within(
            fitted(), choose={"tokens": None}, limits=["loss <= 2"], minimise=COST, given={**SERVE, "params": size}
        )
        assert float(at.best.value) / float(found.best.value) == pytest.approx(1.01, rel=1e-5)


def test_sensitivity_is_a_second_solution() -> None:
    """A tenth more served tokens: the objective and the size of a plan made for them."""
    found = served()
    other = plan_within(fitted(), choose=BOTH, limits=["loss <= 2"], minimise=COST, given={"serve_tokens": 1.1e13})
    item = next(s for s in found.sensitivity if s.word == "serve_tokens")
    assert item.objective == pytest.approx(float(other.best.value) / float(found.best.value) - 1, abs=1e-7)
    assert item.variables["params"] == pytest.approx(other.value("params") / found.value("params") - 1, abs=1e-5)
    assert {s.word for s in found.sensitivity} == {"serve_tokens", "loss <= 2"}


def test_listed_values_are_chosen_by_every_draw() -> None:
    """The number of devices comes in multiples; more of them help until money binds."""
    found = plan_within(
        fitted(), choose={**BOTH, "devices": "64..512/64"}, limits=["money <= $500K", "time <= 30 days"],
        device="H100", given={"price": "$2/h", "mfu": 0.4},
    )  # fmt: skip
    # 250,000 device-hours in 720 hours need 347.2 devices.
    assert found.value("devices") >= 384
    assert found.active == ("money <= $500K",)
    assert sum(found.chosen["devices"].values()) == pytest.approx(1.0)


def test_only_listed_values() -> None:
    """Shapes that exist: the size among three, the data by the limit."""
    found = plan_within(fitted(), choose={"params": [1e9, 7e9, 70e9], "tokens": None}, limits=["flops <= 1e22"])
    losses = fitted().evaluate(params=[1e9, 7e9, 70e9], tokens=[1e22 / 6 / n for n in (1e9, 7e9, 70e9)])
    assert found.value("params") == [1e9, 7e9, 70e9][int(np.argmin(losses))]
    nothing_in_a_range = plan_within(
        fitted(), choose={"params": "1B|7B|70B"}, limits=["flops <= 1e22"], given={"tokens": "200B"}
    )
    assert nothing_in_a_range.value("params") == 7e9


def test_levels_and_own_quantities() -> None:
    """A recipe's parameters, and carbon by a formula of the user."""
    found = plan_within(
        two_recipes(), choose=BOTH, limits=["carbon <= 1000"], device="H100",
        given={"recipe": "better", "mfu": 0.4, "grid": 0.4}, define={"carbon": "energy/1000*grid"},
    )  # fmt: skip
    hours = 1000 / 0.4 * 1000 / 700
    assert found.value("flops") == pytest.approx(hours * 3600 * 0.4 * 989e12, rel=1e-6)
    known = plan(two_recipes(), flops=found.value("flops"), recipe="better")
    assert found.value("params") == pytest.approx(float(known.params.value), rel=1e-5)


def test_a_second_response_is_maximised() -> None:
    """Accuracy as a law of the loss: the best size is that of the loss, and draws go through both."""
    loss = np.linspace(1.9, 3.0, 12)
    noise = np.random.default_rng(0).normal(0, 0.002, 12)
    runs = RunTable.from_columns({"loss": loss, "accuracy": 0.9 - 0.25 * (loss - 1.8) + noise})
    law = Law("accuracy", "accuracy = a - b*loss", variables=("loss", "accuracy"))
    fit = bootstrap(fit_law(law, runs, objective="ls"), runs, draws=150, rng=np.random.default_rng(2), workers=1)
    found = plan_within(fitted(), choose=BOTH, limits=["flops <= 1e22"], maximise="accuracy", also={"accuracy": fit})
    plain = plan_within(fitted(), choose=BOTH, limits=["flops <= 1e22"])
    assert found.value("params") == pytest.approx(plain.value("params"), rel=1e-4)
    draws = found.best.draws
    assert draws is not None
    assert len(draws) == 150
    assert float(found.best.value) == pytest.approx(
        fit.parameters["a"] - fit.parameters["b"] * found.value("loss"), rel=1e-9
    )
    assert float(found.limits[0].shadow_price.value) > 0


def test_contradicting_limits_are_named_with_the_smallest_change() -> None:
    """One message: both limits, what each would have to be; a third limit that is innocent is not named."""
    fit = fitted()
    limits = ["flops <= 1e20", "loss <= 2.0", "tokens <= 1e16"]
    with pytest.raises(InfeasibleError) as caught:
        plan_within(fit, choose=BOTH, limits=limits)
    said = str(caught.value)
    assert caught.value.limits == ("flops <= 1e20", "loss <= 2.0")
    assert "flops <= 1e20 and loss <= 2.0" in said
    assert "tokens <= 1e16" not in said
    least = float(plan(fit, flops=1e20).loss.value)
    assert f"{least:.4g}" in said
    needed = float(plan(fit, loss=2.0).flops.value)
    factor = float(re.findall(r"times ([\d.e+]+)\)", said)[-1])
    assert factor == pytest.approx(needed / 1e20, rel=0.01)
    # The smallest change in logarithms is that of the loss.
    assert caught.value.relaxed == "loss <= 2.0"
    assert caught.value.needed == pytest.approx(least, rel=1e-5)
    assert caught.value.factor == pytest.approx(least / 2.0, rel=1e-5)


def test_the_error_carries_the_common_factor_where_no_single_change_helps() -> None:
    """Two walls of one variable around a third: no limit alone can give way."""
    with pytest.raises(InfeasibleError, match="no change of one limit is enough") as caught:
        plan_within(
            fitted(), choose={"params": (1e8, 1e9), "tokens": (1e9, 1e10)},
            limits=["params >= 1e12", "tokens >= 1e13"],
        )  # fmt: skip
    assert caught.value.relaxed == ""
    assert caught.value.needed is None
    assert caught.value.factor == pytest.approx(1e3, rel=0.01)


def test_a_limit_below_the_floor_stands_alone() -> None:
    """No range of size and data reaches it: one limit is named, with the least that can be had."""
    with pytest.raises(InputError, match=r"No plan keeps loss <= 1\.2 anywhere") as caught:
        plan_within(fitted(), choose=BOTH, limits=["loss <= 1.2", "flops <= 1e24"])
    assert "would have to be" in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"limits": ["flops < 3 days"]}, "compute"),
        ({"limits": ["flops"]}, "no limit"),
        ({"limits": ["money <= $1M"]}, "Give peak = …, price = …"),
        ({"limits": ["flops <= 1e22"], "given": {"price": "$2/h"}}, "plays no part"),
        ({"limits": ["flops <= 1e22"], "given": {"params": "7B"}}, "both given and to be chosen"),
        ({"limits": ["flops <= 1e22"], "choose": {}}, "Nothing is to be decided"),
        ({"limits": ["flops <= 1e22"], "choose": {**BOTH, "streams": None}}, "no range for streams"),
        ({"limits": ["flops <= 1e22"], "choose": {"params": "1e9..1e8", "tokens": None}}, "empty range"),
        ({"limits": ["flops <= 1e22"], "minimise": "loss", "maximise": "loss"}, "one objective"),
        ({"limits": ["6*N*(D <= 1e22"]}, "cannot be read"),
        ({"limits": ["flops <= 1e22"], "device": "abacus"}, "abacus"),
        ({"limits": ["3 <= flops"]}, "number on its left"),
    ],
)
def test_what_cannot_be_planned_is_refused(changes: dict[str, object], part: str) -> None:
    """Each message names what was found and the next step."""
    with pytest.raises(IsoflopError, match=re.escape(part)):
        plan_within(fitted(), **{"choose": BOTH, **changes})


def test_distance_is_marked_everywhere() -> None:
    """Beyond the runs: in the numbers, the text, the warnings and the dictionary."""
    found = plan_within(fitted(), choose=BOTH, limits=["flops <= 1e25"])
    assert found.distance_decades["params"] == pytest.approx(np.log10(found.value("params") / 1e10), abs=1e-6)
    assert "decades beyond the runs" in str(found)
    assert any("decades" in text and "back-test" in text for text in found.warnings)
    assert found.to_dict()["distance_decades"] == dict(found.distance_decades)
    inside = plan_within(fitted(), choose=BOTH, limits=["flops <= 1e21"])
    assert not inside.distance_decades
    assert "beyond the runs" not in str(inside)


def test_a_back_test_widens_the_interval() -> None:
    """The inflation of the fit is in every interval, and the warning says so."""
    from dataclasses import replace

    fit = fitted()
    one = plan_within(fit, choose=BOTH, limits=["flops <= 1e25"])
    two = plan_within(replace(fit, inflation=2.0), choose=BOTH, limits=["flops <= 1e25"])
    narrow, wide = (np.log(p.best.interval[1] / p.best.interval[0]) for p in (one, two))
    assert wide == pytest.approx(2 * narrow, rel=1e-6)
    assert any("factor 2.00" in text for text in two.warnings)


def test_everything_is_json_and_every_step_has_its_source() -> None:
    """The dictionary survives JSON; steps number inputs, assumptions and results."""
    found = plan_within(
        fitted(), choose=BOTH, limits=["total_money <= $2M"], device="H100",
        given={"serve_tokens": "1e12 tokens", "serve_mfu": 0.2, "price": "$2/h"},
    )  # fmt: skip
    plain = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert plain["variables"]["params"]["value"] == found.value("params")
    assumed = [step for step in found.steps if step.formula == "mfu"]
    assert assumed[0].assumption
    assert assumed[0].value == 0.4
    assert "bf16" in next(step.source for step in found.steps if step.formula == "peak")
    formulas = [step.formula for step in found.steps]
    assert "total_money = money + serve_money" in formulas
    assert formulas.index("flops = 6*params*tokens") < formulas.index("money = gpu_hours*price")


def test_every_one_of_a_thousand_draws_has_its_plan() -> None:
    fit = fitted(draws=1000)
    found = plan_within(fit, choose=BOTH, limits=["loss <= 2", "serve_memory <= 160GB"], minimise=COST, given=SERVE)
    draws = found.variables["params"].draws
    assert draws is not None
    assert np.isfinite(draws).mean() == 1.0


def test_serving_is_counted_as_two_flops_a_parameter_and_token() -> None:
    """`total_flops` is the formula 6 N D + 2 N D_inf written out, and its money is at the share of serving."""
    fit = fitted(draws=20)
    written = plan_within(fit, choose=BOTH, limits=["loss <= 2"], minimise=COST, given=SERVE)
    named = plan_within(fit, choose=BOTH, limits=["loss <= 2"], minimise="total_flops", given=SERVE)
    assert float(named.best.value) == pytest.approx(float(written.best.value), rel=1e-9)
    assert named.value("params") == pytest.approx(written.value("params"), rel=1e-5)
    paid = plan_within(
        fit, choose=BOTH, limits=["loss <= 2"], minimise="total_money", device="H100",
        given={**SERVE, "price": "$2/h", "mfu": 0.4, "serve_mfu": 0.2},
    )  # fmt: skip
    size, data = paid.value("params"), paid.value("tokens")
    hours = (6 * size * data / 0.4 + 2 * size * 1e13 / 0.2) / 989e12 / 3600
    assert float(paid.best.value) == pytest.approx(2 * hours, rel=1e-9)
