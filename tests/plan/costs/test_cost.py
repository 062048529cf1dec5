"""Costs: time, money, energy, carbon, deadlines, serving, thresholds, and plans with their draws."""

import json

import numpy as np
import pytest
from tests.plan.fits import fitted

from isoflop.errors import InputError, UnitsError
from isoflop.fit.estimate import Estimate
from isoflop.plan import plan
from isoflop.plan.costs.cost import cost
from isoflop.plan.costs.energy import carbon_kg, device_hours, energy_kwh
from isoflop.plan.costs.hardware import device
from isoflop.plan.costs.lifetime import lifetime_flops, lifetime_price
from isoflop.plan.costs.parallel import Training
from isoflop.plan.costs.shapes import made
from isoflop.plan.costs.staffing import Site, staff
from isoflop.plan.costs.thresholds import crossings
from isoflop.plan.serving.roofline import Workload, serve

H100 = device("H100")


def test_time_money_energy_and_carbon_follow_from_flops():
    site = Site(H100, devices=64, mfu=0.4, price=2.0, watts=650.0, pue=1.1, grid=0.3)
    found = cost("7B", "1T tokens", site=site, by="6nd")
    hours = 6 * 7e9 * 1e12 / (989e12 * 0.4 * 3600)
    bill = found.training
    assert bill.device_hours.value == pytest.approx(hours)
    assert bill.hours.value == pytest.approx(hours / 64)
    assert bill.money.value == found.money.value == pytest.approx(2 * hours)
    assert bill.energy.value == pytest.approx(hours * 0.65 * 1.1)
    assert bill.carbon.value == pytest.approx(hours * 0.65 * 1.1 * 0.3)
    assert found.mfu == 0.4
    assert bill.money_quotes is None, "a price that was given has no range"


def test_an_assumed_share_of_peak_is_said_to_be_one():
    assumed = cost("7B", "1T tokens", site=Site(H100, devices=64))
    assert assumed.mfu == pytest.approx(0.45 * assumed.layout.efficiency)
    assert any("The share of peak is an assumption" in text for text in assumed.warnings)
    assert any(step.assumption and "MFU" in step.formula for step in assumed.steps)
    measured = cost("7B", "1T tokens", site=Site(H100, devices=64, mfu=0.4))
    assert not any("The share of peak" in text for text in measured.warnings)


def test_quoted_prices_are_shown_from_lowest_to_highest():
    bill = cost("7B", "1T tokens").training
    hours = bill.device_hours.value
    assert bill.money_quotes == (pytest.approx(2 * hours), pytest.approx(5 * hours))
    assert bill.money.value == pytest.approx(2.95 * hours)


def test_what_is_not_known_is_left_out_and_named():
    found = cost("1B", "1e11 tokens", site="TPU v5e")
    assert (found.training.money, found.training.energy, found.training.carbon, found.money) == (None,) * 4
    assert any("has no price" in text for text in found.warnings)
    assert any("power" in text for text in found.warnings)
    assert found.to_dict()["training"]["money"] is None


def test_conventions_are_shown_side_by_side_for_the_size_that_was_asked():
    found = cost("7B", "1T tokens", by="6nd")
    assert found.flops.value == found.by_convention["6nd"] == pytest.approx(6 * 7e9 * 1e12)
    assert found.by_convention["palm"] > found.by_convention["palm-causal"] > found.by_convention["6nd"]


def test_a_deadline_is_met_by_the_fewest_nodes():
    run, flops = Training(made(7e9)), 6 * 7e9 * 2e12
    spread = staff(run, Site(H100, deadline=30 * 86400.0), flops)
    assert Site(H100).hours(flops, spread) <= 720
    assert spread.devices % 8 == 0
    with pytest.raises(InputError, match="longer than the deadline of 30 days"):
        staff(run, Site(H100, devices=spread.devices - 8, deadline=30 * 86400.0), flops)


def test_a_deadline_beyond_reach_names_the_shortest():
    with pytest.raises(InputError, match=r"cannot end within 1 min .*: the shortest found is .* on \d+"):
        cost("7B", "2T tokens", site=Site(H100, deadline=60.0))


def test_serving_is_counted_by_requests():
    work = Workload(1000, 500, batch=32, prefill_share=0.5, decode_share=0.6)
    found = cost("7B", "1T tokens", serve_tokens="1.5e12 tokens", work=work)
    one = serve(found.shape, H100, work)
    assert found.serving == one
    hours = 1e9 * one.device_seconds / 3600
    assert found.serving_bill.device_hours.value == pytest.approx(hours)
    assert found.money.value == pytest.approx(2.95 * (hours + found.training.device_hours.value))
    assert "training and serving" in str(found)


def test_a_plan_carries_its_draws_to_the_money():
    made_plan = plan(fitted(), loss=2.2)
    found = cost(made_plan, site=Site(H100, mfu=0.4), serve_tokens="1e12 tokens")
    factor = 1 / (989e12 * 0.4 * 3600) * 2.95
    assert found.flops.value == made_plan.flops.value
    np.testing.assert_allclose(found.training.money.draws, made_plan.flops.draws * factor)
    assert found.training.money.interval == tuple(pytest.approx(end * factor) for end in made_plan.flops.interval)
    ratio = found.serving_bill.money.draws / made_plan.params.draws
    np.testing.assert_allclose(ratio, ratio[0])
    np.testing.assert_allclose(found.money.draws, found.training.money.draws + found.serving_bill.money.draws)
    assert any("taken as given" in text for text in found.money.leaves_out)
    assert set(made_plan.warnings) <= set(found.warnings)


def test_a_plan_has_its_own_tokens_and_must_exist():
    made_plan = plan(fitted(), flops=1e22)
    with pytest.raises(InputError, match="A plan has its own tokens"):
        cost(made_plan, "1T tokens")
    with pytest.raises(InputError, match="has no optimum"):
        cost(plan(fitted(), loss=1.0))
    with pytest.raises(InputError, match="training tokens are missing"):
        cost("7B")


@pytest.mark.parametrize(
    ("size", "tokens", "said"),
    [("7 days", "1T", "parameters is asked for"), ("7B", "80GB", "tokens is asked for"), ("7B", "0", "above zero")],
)
def test_units_are_checked(size, tokens, said):
    with pytest.raises(UnitsError, match=said):
        cost(size, tokens)


def test_the_result_is_json_and_its_steps_are_numbered():
    found = cost("7B", "1T tokens", serve_tokens=1e12, site=Site(H100, grid=0.4)).to_dict()
    json.dumps(found, allow_nan=False)
    assert [step["number"] for step in found["steps"]] == list(range(1, len(found["steps"]) + 1))
    assert all(step["source"] for step in found["steps"])
    assert {"assumption"} <= set(found["steps"][0])


def test_thresholds_are_told_with_their_chance_and_a_caveat():
    draws = np.array([0.5e25, 0.9e25, 1.2e25, 2e25])
    low, high = crossings(Estimate(1.1e25, (0.5e25, 2e25), 0.9, draws))
    assert (low.crossed, low.chance, high.crossed, high.chance) == (True, 0.5, False, 0.0)
    assert crossings(Estimate(1e24, (1e24, 1e24), 0.9))[0].chance is None
    found = cost("400B", "15T tokens", site=Site(H100, devices=4096), training=Training(made(1e9), stage=3))
    assert [item.crossed for item in found.thresholds] == [True, False]
    assert "poor proxy" in found.to_dict()["thresholds_caveat"]


def test_energy_and_carbon_refuse_what_cannot_be():
    assert device_hours(3.6e21, H100, mfu=1.0) == pytest.approx(1e18 / 989e12)
    assert energy_kwh(10, 1000, pue=1.5, utilisation=0.5) == 7.5
    assert carbon_kg(100, 0.4, embodied=150, hours=8766, lifetime=5 * 8766) == pytest.approx(70)
    with pytest.raises(InputError, match=r"PUE of 0\.9"):
        energy_kwh(1, 1, pue=0.9)
    with pytest.raises(InputError, match=r"mfu is 1\.2"):
        device_hours(1e20, H100, mfu=1.2)


def test_lifetime_money_at_equal_prices_is_lifetime_flops():
    price = lifetime_price(
        7e9, 1e12, read=3e11, written=7e11, train_price=2.0, serve_price=2.0, train_mfu=0.5, read_mfu=0.5, write_mfu=0.5
    )
    assert price == pytest.approx(float(lifetime_flops(7e9, 1e12, 1e12)) * 4)
    with pytest.raises(InputError, match="above 0"):
        lifetime_price(1, 1, read=1, written=1, train_price=0, serve_price=1, train_mfu=1, read_mfu=1, write_mfu=1)


def test_offloading_is_not_timed_and_says_so():
    found = cost("7B", "1T tokens", training=Training(made(7e9), offload="optimizer"))
    assert found.layout.memory.states.host > 0
    assert any("offloading" in text for text in found.warnings)


def test_thresholds_are_those_in_law():
    """1e25 FLOPs in the EU's AI Act, 1e26 in the American order of 2023."""
    crossed = [
        [item.crossed for item in crossings(Estimate(flops, (flops, flops), 0.9))]
        for flops in (0.99e25, 1.01e25, 0.99e26, 1.01e26)
    ]
    assert crossed == [[False, False], [True, False], [True, False], [True, True]]
