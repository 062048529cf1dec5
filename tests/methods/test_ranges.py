"""Procedures that use a law outside the range of its source say so, as the law's own prediction does."""

import warnings
from collections.abc import Callable

import numpy as np
import pytest

from isoflop import laws
from isoflop.errors import LawError, RangeWarning
from isoflop.methods import batch, bit_budget, densing, filtering, growth, low_precision, mixing, qat, shape, sparse
from isoflop.methods.bit_budget import Layout
from isoflop.methods.crossing import crossing
from isoflop.methods.steplaw import step_law
from isoflop.methods.vocabulary import best_vocabularies, tokens_per_character

TWO = laws.get("mixing-two").published_set("github-70m-30k").values
QUARTET = laws.get("quartet").published_set("quartet").values
W4A4 = laws.get("qat-loss").published_set("chen-2025-w4a4").values
LOSS, SCORE = (laws.get(name).published_set("olmo-ladder-hellaswag").values for name in ("task-loss", "task-sigmoid"))
# A third of the published sensitivities: a third of the bits.
FINE = {name: value / 3 if name.startswith("gamma") else value for name, value in low_precision.KUMAR.items()}
POOL = filtering.Pool(-0.1, 3.0, 12.8e6)
FP4 = low_precision.FP4_SPEEDS["fp4-fp4"]


def loss_at_share(share: float) -> float:
    return float(TWO["c"] + np.exp(TWO["b"] + TWO["k"] * share))


# What is asked, within the range and beyond it, and what the warning says.
ASKED: dict[str, tuple[Callable[[], object], Callable[[], object], str]] = {
    "growth": (
        lambda: growth.growth_tokens(7e9, 1e22), lambda: growth.growth_tokens(7e10, 1e23), "params by 1 decades",
    ),
    "growth plan": (
        lambda: growth.plan_growth(7e9, 1e22), lambda: growth.plan_growth(7e10, 1e24), "params by 1 decades",
    ),
    "sparse": (
        lambda: sparse.sparse_size_multiplier([0.0, 0.875]), lambda: sparse.sparse_size_multiplier(0.95),
        "weight_sparsity by 0.036",
    ),
    "vocabulary": (
        lambda: best_vocabularies(3e9), lambda: best_vocabularies(7e9), r"nonvocab_params by 0\.37 decades",
    ),
    "characters": (
        lambda: tokens_per_character(2e5), lambda: tokens_per_character(1e6), "1,000,000 get that value",
    ),
    "critical tokens": (
        lambda: bit_budget.critical_tokens(6e8, Layout(1, 1), block_elements=256),
        lambda: bit_budget.critical_tokens(6e8, Layout(4, 3), block_elements=256), r"tokens by 2\.\d decades",
    ),
    "layout": (lambda: bit_budget.best_layout(8), lambda: bit_budget.best_layout(16), r"exponent_bits by 0\.12"),
    "size at few bits": (
        lambda: bit_budget.effective_params(5e8, 1e11, 8), lambda: bit_budget.effective_params(5e9, 1e11, 8), "params",
    ),
    "bits": (
        lambda: bit_budget.best_bits(tokens=1e11), lambda: bit_budget.best_bits(tokens=1e13), r"tokens by 2 decades",
    ),
    "share at few bits": (
        lambda: low_precision.effective_share(4, 8, 16), lambda: low_precision.effective_share(8, 8, 2),
        r"kv_bits by 0\.18",
    ),
    "training bits": (
        low_precision.best_training_bits,
        lambda: low_precision.best_training_bits(values=FINE),
        "weight_bits by",
    ),
    "shift": (lambda: low_precision.allocation_shift(8), lambda: low_precision.allocation_shift(32), r"weight_bits by"),
    "tokens before quantizing": (
        lambda: low_precision.critical_tokens_post(3e7, 3), lambda: low_precision.critical_tokens_post(3e7, 6),
        "tokens",
    ),
    "equal time": (
        lambda: low_precision.loss_at_equal_time(3e7, 3e9, FP4, QUARTET),
        lambda: low_precision.loss_at_equal_time(3e8, 3e10, FP4, QUARTET), "params",
    ),
    "streams": (lambda: shape.stream_factor(8, 0.39), lambda: shape.stream_factor(16, 0.39), r"streams by 0\.3 dec"),
    "loops": (lambda: shape.looped_params(1, 1, 8), lambda: shape.looped_params(1, 1, 80), "loops by 1 decades"),
    "visual tokens": (
        lambda: shape.best_visual_tokens(50, {"alpha": 0.077, "beta": 0.015}),
        lambda: shape.best_visual_tokens(5e4, {"alpha": 0.077, "beta": 0.015}), "visual_tokens by",
    ),
    "split": (lambda: qat.split_tokens(396e6, 1e11, 2), lambda: qat.split_tokens(8e9, 1.5e13, 4), "params .* tokens"),
    "quantized share": (
        lambda: qat.effective_share(594e6, 1e11, 128, W4A4), lambda: qat.effective_share(7e9, 1e11, 128, W4A4),
        "params",
    ),
    "critical batch": (lambda: batch.critical_batch(3.0), lambda: batch.critical_batch(1.5), r"loss by 0\.12"),
    "loss at a batch": (
        lambda: batch.loss_at_batch(1e9, 1e5, 5e5), lambda: batch.loss_at_batch(1e11, 1e7, 5e7), "loss by",
    ),
    "least steps": (lambda: batch.least_steps(1e5, 5e5, 2.5), lambda: batch.least_steps(1e5, 5e5, 1.0), "loss by 0.3"),
    "step law": (lambda: step_law(1e9, 1e11), lambda: step_law(1e9, 1e12), "tokens by 1 decades"),
    "share of data": (
        lambda: mixing.critical_share(TWO, loss_at_share(0.4)), lambda: mixing.critical_share(TWO, loss_at_share(0.95)),
        r"share by 0\.1",
    ),
    "pools": (
        lambda: filtering.mixture_error([POOL, POOL], 64e6, a=0.01),
        lambda: filtering.mixture_error([POOL, POOL], 64e8, a=0.01), "samples by 1 decades",
    ),
    "best pools": (
        lambda: filtering.best_pools({"one": POOL}, 64e6, a=0.01),
        lambda: filtering.best_pools({"one": filtering.Pool(-0.1, 3.0, 1.28e6)}, 64e6, a=0.01), "pool_size by 1",
    ),
    "density": (
        lambda: densing.effective_params(0.8, LOSS, SCORE, tokens=4e12),
        lambda: densing.effective_params(0.8, LOSS, SCORE, tokens=5.1e13), "tokens by 1 decades",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ASKED)
def test_outside_the_range_of_the_source_there_is_a_warning(name: str) -> None:
    _, beyond, said = ASKED[name]
    with pytest.warns(RangeWarning, match=said) as caught:
        beyond()
    assert len(caught) == 1
    assert caught[0].filename == __file__, "the warning names the line that asked"


@pytest.mark.parametrize("name", ASKED)
def test_inside_there_is_none(name: str) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ASKED[name][0]()
    assert not caught


def test_a_crossing_outside_the_runs_warns() -> None:
    law = laws.get("scalerl")
    base = law.published_set("scalerl-2025-base").values
    slower = {**base, "C_mid": 3 * base["C_mid"], "A": base["A"] + 0.002}
    with pytest.warns(RangeWarning, match="gpu_hours by"):
        found = crossing(law, base, slower, column="gpu_hours", span=(3e3, 1e9), initial_reward=0.2)
    assert found[0] > 1e5
    longer = law.published_set("scalerl-2025-length-32k").values
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(crossing(law, base, longer, column="gpu_hours", span=(3e3, 1e5), initial_reward=0.2)) == 1


def test_more_than_all_tokens_cannot_be_quantized() -> None:
    """Below one token per parameter-byte the formula of `qat-fraction` gives a share above one."""
    law = laws.get("qat-fraction")
    values = law.published_set().values
    theta = [values[name] for name in law.parameter_names]
    columns = {"params": np.array([1e9, 1e9]), "tokens": np.array([1e11, 1e8]), "weight_bits": 4.0}
    assert law.evaluate(theta, columns)[1] > 1
    with pytest.raises(LawError, match=r"gives a qat_fraction of .*, which lies between 0 and 1 .*above one token per"):
        law.predict(values, **columns)
    assert law.predict(values, params=1e9, tokens=1e11, weight_bits=4.0) < 1
