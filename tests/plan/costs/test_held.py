"""Memory of a plan whose size is a forecast, and what a cost says of its intervals."""

from dataclasses import replace

import numpy as np
import pytest
from tests.plan.fits import fitted

from isoflop.plan.costs.cost import cost
from isoflop.plan.costs.hardware import device
from isoflop.plan.costs.parallel import Training, held
from isoflop.plan.costs.shapes import made
from isoflop.plan.costs.staffing import Site
from isoflop.plan.optimum.plan import plan


def test_memory_carries_the_draws_of_the_size_through_the_same_layout() -> None:
    """At the ends of N's interval a device holds what the model of that size does in the layout of the point."""
    found = cost(plan(fitted(), flops=1e24), site=Site(device("H100"), 256))
    assert float(found.memory.value) == found.layout.memory.total
    for end, size in zip(found.memory.interval, found.params.interval, strict=True):
        assert end == pytest.approx(held(Training(made(size)), found.layout).total, rel=1e-9)
    assert found.memory.draws is not None
    assert found.params.draws is not None
    # Layers come in steps, between which the draws lie.
    for size, memory in zip(found.params.draws[::20], found.memory.draws[::20], strict=True):
        assert memory == pytest.approx(held(Training(made(float(size))), found.layout).total, rel=0.06)
    assert "GB [" in str(found)


def test_a_size_that_is_given_holds_what_it_holds() -> None:
    found = cost("7B", "1e12 tokens")
    assert found.memory.interval == (found.layout.memory.total, found.layout.memory.total)
    assert found.leaves_out == ()
    assert not found.distance_decades


def test_a_layout_that_the_upper_end_of_the_size_does_not_fit_is_told() -> None:
    """The fewest devices that hold the point have little room."""
    found = cost(plan(fitted(), flops=1e24))
    assert found.memory.interval[1] > 0.9 * 80e9 > found.memory.value
    assert any("At the upper end of the interval of N" in text for text in found.warnings)


def test_a_cost_says_how_far_its_plan_lies_and_what_widened_its_intervals() -> None:
    """Distances, the back-test's factor and what intervals leave out come along with the plan."""
    fit = fitted()
    one, two = (cost(plan(f, flops=1e25), serve_tokens="1e13 tokens") for f in (fit, replace(fit, inflation=2.0)))
    assert two.distance_decades["params"] > 1
    assert two.inflation == two.to_dict()["inflation"] == 2.0
    assert any("factor 2.00" in text for text in two.warnings)
    assert any("no back-test" in text for text in one.warnings)
    assert "the extra error that a back-test would show (run one)" in one.leaves_out
    assert one.serving_bill is not None
    assert two.serving_bill is not None
    narrow, wide = (np.log(np.divide(*c.serving_bill.device_hours.interval[::-1])) for c in (one, two))
    assert wide == pytest.approx(2 * narrow, rel=1e-6)
