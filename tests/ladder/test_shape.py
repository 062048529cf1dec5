import numpy as np
import pytest

from isoflop.errors import InputError
from isoflop.ladder.schedule import multiplier
from isoflop.ladder.shape import Recipe, derive, shape_of


@pytest.mark.parametrize("width", [16, 24, 32, 40, 48, 64, 80, 96, 112, 128, 256])
def test_counts_are_those_of_the_model_that_is_built(width, torch_installed):
    from isoflop.ladder.model import Decoder

    shape = shape_of(width)
    model = Decoder(shape, 32)
    counted = sum(p.numel() for p in model.parameters())
    assert shape.params == counted
    assert shape.params_non_embedding == counted - model.embedding.weight.numel()
    assert shape.matmul_params == sum(p.numel() for p in model.parameters() if p.ndim > 1)
    assert (width // shape.heads) % 2 == 0
    assert width // shape.heads >= 16


def test_wider_is_larger_and_never_shallower():
    shapes = [shape_of(width) for width in range(16, 512, 8)]
    assert (np.diff([s.params for s in shapes]) > 0).all()
    assert (np.diff([s.depth for s in shapes]) >= 0).all()


@pytest.mark.parametrize("width", [0, -16, 8, 20, 33])
def test_a_width_that_cannot_be_built_is_refused(width):
    with pytest.raises(InputError, match="multiple of 8, at least 16"):
        shape_of(width)


def test_flops_are_those_of_every_product_written_out():
    shape, context = shape_of(48), 128
    per_token = 2 * 256 * 48 + shape.depth * (2 * 4 * 48 * 48 + 2 * 3 * 48 * 128)
    keys = sum(range(1, context + 1)) / context
    per_token += shape.depth * 2 * (2 * 48 * keys)
    assert shape.flops(1000, context) == pytest.approx(3 * per_token * 1000, rel=1e-12)


def test_the_derivation_is_numbered_sourced_and_agrees_with_what_it_sets():
    recipe = Recipe(lr=0.007, lr_params=-0.55, lr_tokens=0.307)
    derived = derive(64, 3_200_000, recipe)
    said = {step.name: step.value for step in derived.steps}
    assert all(step.source for step in derived.steps)
    assert said["params"] == derived.shape.params == 117_056
    assert said["batch_tokens"] == derived.sequences * 128
    assert said["tokens"] == derived.tokens == derived.updates * derived.sequences * 128
    assert said["lr"] == derived.lr == pytest.approx(0.007 * 1.17056**-0.55 * 3.2**0.307, rel=1e-12)
    assert said["flops"] == 6 * derived.shape.params * derived.tokens


def test_the_batch_follows_the_step_law():
    derived = derive(64, 3_200_000, Recipe())
    assert derived.sequences == round(0.58 * 3_200_000**0.571 / 128) == 23


def test_cosine_rises_then_falls_to_zero():
    values = [multiplier(s, 100, 10) for s in range(100)]
    np.testing.assert_allclose(values[:10], np.arange(1, 11) / 10, rtol=1e-12)
    assert values[54] == pytest.approx(0.5, abs=1e-12)
    assert values[99] == pytest.approx(0.0, abs=1e-12)
    assert (np.diff(values[10:]) < 0).all()


def test_wsd_holds_then_falls_in_a_line():
    values = [multiplier(s, 100, 10, schedule="wsd", decay=0.2) for s in range(100)]
    assert values[10:81] == [1.0] * 71
    np.testing.assert_allclose(values[80:], np.arange(20, 0, -1) / 20, rtol=1e-12)


def test_an_unknown_schedule_is_refused():
    with pytest.raises(InputError, match="cosine, wsd"):
        multiplier(0, 10, 1, schedule="step")
