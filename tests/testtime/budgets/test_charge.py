"""What samples cost, against the parts that say it."""

import numpy as np
import pytest

from isoflop.errors import InputError
from isoflop.plan.costs.hardware import device
from isoflop.plan.costs.shapes import ModelShape
from isoflop.plan.serving.eflops import eflops
from isoflop.plan.serving.roofline import Workload, serve
from isoflop.testtime.budgets.charge import charge_eflops, charge_observed, charge_serving, charge_tokens

QWEN = ModelShape(4096, 36, 32, 8, 128, 12288, 151936, 40960)


def test_a_cached_prompt_is_paid_once():
    plain = charge_tokens([1000.0], [500.0], price_in=1, price_out=4)
    cached = charge_tokens([1000.0], [500.0], price_in=1, price_out=4, cached=True)
    assert plain.of([1, 10]).ravel() == pytest.approx([0.003, 0.03])
    assert cached.of([1, 10]).ravel() == pytest.approx([0.003, 0.021])


def test_a_verifier_costs_only_where_it_looks():
    found = charge_observed([0.5, 0.1]).with_verifier(0.2)
    assert found.of([2]).ravel() == pytest.approx([1.0, 0.2])
    assert found.of([2], verified=True).ravel() == pytest.approx([1.4, 0.6])
    assert found.take(np.array([1])).of([1]).ravel() == pytest.approx([0.1])


@pytest.mark.parametrize("trials", [1, 7, 32])
def test_equivalent_flops_are_those_of_the_plan(trials):
    found = charge_eflops(QWEN, [200.0, 50.0], [8192.0, 1000.0]).of([trials]).ravel()
    expected = [float(eflops(QWEN, p, g, trials=trials).total) for p, g in ((200, 8192), (50, 1000))]
    assert found == pytest.approx(expected, rel=1e-12)


def test_serving_is_the_roofline_at_the_mean_request():
    h100 = device("H100")
    group = serve(QWEN, h100, Workload(300, 1000, prefill_share=0.5, decode_share=0.6))
    found = charge_serving(QWEN, h100, [200.0, 400.0], [500.0, 1500.0])
    assert h100.price is not None
    assert found.of([1]).mean() == pytest.approx(group.device_seconds * h100.price / 3600)
    assert found.of([1])[1, 0] > 2 * found.of([1])[0, 0]


def test_impossible_prices():
    with pytest.raises(InputError, match="0 or more"):
        charge_tokens([1.0], [1.0], price_in=-1, price_out=1)
    with pytest.raises(InputError, match="missing or negative"):
        charge_observed([np.nan])
    with pytest.raises(InputError, match="verifier's cost"):
        charge_observed([1.0]).with_verifier(-1)
