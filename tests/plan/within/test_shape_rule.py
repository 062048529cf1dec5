"""Memory and latency as limits when only N is known: they agree with the cost of the same model."""

import numpy as np
import pytest
from tests.plan.fits import fitted

from isoflop.errors import InputError
from isoflop.plan.costs.cost import cost
from isoflop.plan.costs.hardware import device
from isoflop.plan.costs.parallel import Training
from isoflop.plan.costs.shapes import made
from isoflop.plan.costs.staffing import Site
from isoflop.plan.serving.roofline import Workload, serve
from isoflop.plan.within.shape_rule import COUNTED, between, counts
from isoflop.plan.within.within import plan_within

SIZES = (1e9, 7e9, 30e9)


def planned(size: float, limit: str, **given: float):
    """A plan of one size, the data free."""
    return plan_within(
        fitted(draws=20), choose={"params": [size], "tokens": None}, limits=["flops <= 1e21", limit], device="H100",
        given=given,
    )  # fmt: skip


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("stage", [0, 1, 2, 3])
def test_training_memory_is_that_of_the_cost(size: float, stage: int) -> None:
    """At the layout that the cost chose: states by ZeRO stage, activations and logits."""
    run = Training(made(size), stage=stage)
    spread = cost(size, 1e12, site=Site(device("H100"), devices=256), training=run).layout
    found = planned(
        size, "memory <= 1TB", devices=256, zero=stage, tensor=spread.tensor, pipeline=spread.pipeline,
    )  # fmt: skip
    assert spread.microbatches >= spread.pipeline
    assert made(size).layers % spread.pipeline == 0
    assert found.value("memory") == pytest.approx(spread.memory.total, rel=1e-12)
    assert found.value("state_bytes") == pytest.approx(spread.memory.states.total, rel=1e-12)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("batch", [1, 16])
def test_serving_memory_and_latency_are_those_of_the_roofline(size: float, batch: int) -> None:
    """Weights, caches, and the time of a token, as the cost has them for the same requests."""
    work = Workload(1000, 500, batch=batch, weight_bits=8, decode_share=0.6)
    known = serve(made(size), device("H100"), work, devices=8)
    found = planned(size, "latency <= 1 min", serve_batch=batch, serve_devices=8, weight_bits=8)
    assert found.value("latency") == pytest.approx(known.decode_seconds, rel=1e-9)
    held = planned(size, "serve_memory <= 1TB", serve_batch=batch, serve_devices=8, weight_bits=8)
    assert held.value("serve_memory") * 8 == pytest.approx(known.weights + batch * 1500 * known.kv_per_token, rel=1e-12)


def test_the_shape_is_an_assumption_in_steps_and_warnings() -> None:
    found = planned(7e9, "latency <= 1 min")
    step = next(step for step in found.steps if step.formula.startswith("kv_elements = "))
    assert step.assumption
    assert "width over depth near 128" in step.source
    assert step.value == counts(7e9)["kv_elements"]
    assumed = {step.formula for step in found.steps if step.source == "assumed, as nothing was given"}
    assert assumed == {"weight_bits", "kv_bits", "prompt", "answer", "serve_batch", "serve_devices", "decode_share"}
    assert any("shape made for N" in text for text in found.warnings)


def test_a_range_of_sizes_meets_the_limit_of_latency() -> None:
    """The size ends where a token takes 20 ms; the shape that exists there takes as long, within its step in size."""
    found = plan_within(
        fitted(), choose={"params": None, "tokens": None}, limits=["flops <= 1e24", "latency <= 20 ms"], device="H100"
    )
    assert found.active == ("flops <= 1e24", "latency <= 20 ms")
    assert float(found.limits[1].shadow_price.value) < 0
    draws = found.variables["params"].draws
    assert draws is not None
    assert np.isfinite(draws).all()
    shape = made(found.value("params"))
    known = serve(shape, device("H100"), Workload(1000, 500, batch=1, decode_share=0.6), devices=1)
    assert known.decode_seconds / 0.020 == pytest.approx(shape.params / found.value("params"), rel=0.01)


def test_memory_of_a_range_of_sizes_is_met_by_the_stage() -> None:
    """A higher ZeRO stage lets a larger model fit; the draws choose it among those listed."""
    found = plan_within(
        fitted(), choose={"params": None, "tokens": None, "zero": [1, 2, 3]},
        limits=["flops <= 1e25", "memory <= 70GB"], device="H100", given={"devices": 64},
    )  # fmt: skip
    assert found.value("zero") == 3
    assert "memory <= 70GB" in found.active
    states = 16 * found.value("params") / 64
    assert found.value("memory") == pytest.approx(states + found.value("activations"), rel=1e-9)
    exact = counts(found.value("params"))["activations"]
    assert found.value("activations") == pytest.approx(exact, rel=0.15)


def test_counts_between_shapes_are_exact_at_shapes_and_grow() -> None:
    """Smooth counts: equal to the shape's at a made size, monotone, and within a step of shapes elsewhere."""
    for word in COUNTED:
        size = counts(10.0**9.5)["shape_params"]
        assert float(between(word, np.array(size))) == pytest.approx(counts(size)[word], rel=1e-9)
        some = between(word, np.geomspace(1e6, 1e17, 400))
        assert np.all(np.diff(some) > 0)
    sizes = np.geomspace(1e9, 3e13, 40)
    for word in COUNTED:
        exact = np.array([counts(size)[word] for size in sizes])
        assert np.abs(np.log(between(word, sizes) / exact)).max() < 0.2


@pytest.mark.parametrize(
    ("choose", "given", "part"),
    [
        ({"zero": (0, 3)}, {"devices": 8}, "List them"),
        ({}, {"devices": 8, "zero": 4}, "0, 1, 2 or 3"),
        ({}, {"devices": 8, "tensor": 0.5}, "a whole number from 1 up"),
        ({}, {}, "Give devices = …"),
    ],
)
def test_stages_and_degrees_that_cannot_be_are_refused(choose, given, part: str) -> None:
    with pytest.raises(InputError, match=part):
        plan_within(
            fitted(draws=20), choose={"params": [7e9], "tokens": None, **choose},
            limits=["flops <= 1e21", "memory <= 80GB"], given=given,
        )  # fmt: skip
