"""Memory of training and how a run is spread over devices."""

import pytest

from isoflop.errors import InputError
from isoflop.plan.costs.hardware import device
from isoflop.plan.costs.memory import activation_bytes, zero_states, zero_traffic
from isoflop.plan.costs.parallel import FULL, Training, layout, smallest
from isoflop.plan.costs.shapes import ModelShape, shape_for

GPT3 = ModelShape(12288, 96, 96, 96, 128, 49152, 50257, 2048, gated=False)
SEVEN = shape_for(7e9, context=4096)
SEVENTY = shape_for(70e9, context=4096)
H100 = device("H100")


@pytest.mark.parametrize("stage", [0, 1, 2, 3])
def test_each_stage_divides_what_it_says(stage):
    one, many = zero_states(1e9, stage=stage), zero_states(1e9, stage=stage, data_parallel=10)
    assert one.total == 16e9
    divided = [one.optimizer / many.optimizer, one.gradients / many.gradients, one.weights / many.weights]
    assert divided == [10 if stage >= least else 1 for least in (1, 2, 3)]
    assert zero_traffic(1e9, stage) == (3e9 if stage == 3 else 2e9)


def test_offloading_moves_bytes_to_the_host_and_loses_none():
    for what, left in (("none", 16e9), ("optimizer", 4e9), ("states", 0.0)):
        states = zero_states(1e9, offload=what)
        assert (states.total, states.total + states.host) == (left, 16e9)


def test_gradients_in_32_bits_add_two_bytes():
    assert zero_states(1e9, gradient_bytes=4).total == 18e9


def test_activations_of_gpt_3():
    """The formulas of Korthikanti et al. 2022 are tagged as recalled, so these pin our evaluation of them."""
    block = 2048 * 12288
    assert activation_bytes(GPT3, 1, recompute="none") == pytest.approx(block * (34 + 5 * 96 * 2048 / 12288))
    assert activation_bytes(GPT3, 1) == pytest.approx(34 * block)
    assert activation_bytes(GPT3, 2, tensor_parallel=8) == pytest.approx(2 * 34 * block / 8)
    assert activation_bytes(GPT3, 1, recompute="full") == 2 * block


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: zero_states(1e9, stage=4), "no ZeRO stage 4"),
        (lambda: zero_states(1e9, offload="disk"), "'disk' is no kind of offloading"),
        (lambda: activation_bytes(GPT3, 1, recompute="some"), "'some' is no kind of recomputation"),
    ],
)
def test_unknown_ways_are_refused(call, said):
    with pytest.raises(InputError, match=said):
        call()


@pytest.mark.parametrize("shape", [SEVEN, SEVENTY], ids=["7B", "70B"])
@pytest.mark.parametrize("stage", [0, 1, 3])
@pytest.mark.parametrize("recompute", ["none", "selective", "full"])
def test_the_fewest_devices_hold_the_run_and_a_node_less_does_not(shape, stage, recompute):
    run = Training(shape, stage=stage, recompute=recompute)
    least = smallest(run, H100)
    found = layout(run, H100, least)
    assert found.devices == least
    assert found.memory.total <= FULL * H100.memory
    with pytest.raises(InputError, match=f"Give at least {least}" if least > 1 else "Give at least 1"):
        layout(run, H100, least - (8 if least > 8 else 1))


def test_a_layout_uses_all_devices_and_divides_the_heads():
    for count in (32, 64, 256, 1024):
        found = layout(Training(SEVENTY), H100, count)
        assert found.tensor * found.pipeline * found.data == count
        assert SEVENTY.heads % found.tensor == 0
        assert 0 < found.efficiency <= 1


def test_memory_is_what_the_parts_add_up_to():
    found = layout(Training(SEVENTY, stage=1), H100, 256)
    part = SEVENTY.params / (found.tensor * found.pipeline)
    assert found.memory.states.total == pytest.approx(part * (4 + 12 / found.data), rel=0.02)
    assert found.memory.total == found.memory.states.total + found.memory.activations + found.memory.logits


def test_a_higher_stage_or_recomputation_needs_no_more_devices():
    def least(**choices):
        return smallest(Training(SEVENTY, **choices), H100)

    assert least(stage=3) <= least(stage=2) <= least(stage=1) <= least(stage=0)
    assert least(recompute="selective") <= least(recompute="none")
    assert least(offload="states") <= least(offload="optimizer") <= least()


def test_a_slow_network_is_avoided_and_costs_where_it_cannot_be():
    run = {"batch_tokens": 5e5}
    fast = layout(Training(SEVEN, **run), H100, 64)
    slow = layout(Training(SEVEN, network=1e8, **run), H100, 64)
    assert slow.data < fast.data
    assert slow.efficiency < fast.efficiency
    narrow = layout(Training(SEVEN, network=1e8, node=1, **run), H100, 61)
    assert narrow.data == 61
    assert narrow.data_efficiency < 0.1


def test_the_bubble_shrinks_with_the_batch():
    def bubble(batch):
        found = layout(Training(GPT3, batch_tokens=batch, stage=0), H100, 64)
        return 1 - found.pipeline_efficiency

    assert bubble(16e6) < bubble(1e6)


def test_too_few_devices_are_told_how_many_would_do():
    with pytest.raises(InputError, match=r"cannot hold this run.*Give at least \d+, or a higher ZeRO stage"):
        layout(Training(SEVENTY), H100, 8)
    with pytest.raises(InputError, match="0 devices cannot run anything"):
        layout(Training(SEVEN), H100, 0)


def test_a_number_that_cannot_be_divided_is_told_so():
    with pytest.raises(InputError, match="1009 devices cannot be divided"):
        layout(Training(SEVEN, batch_tokens=4e5), H100, 1009)
