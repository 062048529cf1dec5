"""Compression: bits of codes as their papers print them, and fronts over the published points.

Sections 9, 12, 15, 16, 17 of the reference sheet precision_and_cost.md.
"""

import numpy as np
import pytest
from tests.papers.support import assert_prints_as

from isoflop.errors import InputError
from isoflop.methods.compression import (
    PV_TUNING,
    VISION,
    codebook_bits,
    front_of,
    pareto_front,
    ternary_entropy,
    vector_bits,
)


def test_bits_of_codes() -> None:
    assert vector_bits(8, 65536, 256) == 3.0
    assert vector_bits(16, 65536, 1024) == 1.625
    assert_prints_as(70e9 * vector_bits(8, 65536, 256) / 8 / 1e9, "26.25")
    assert codebook_bits(2, 8, 8) == 2.0
    with pytest.raises(InputError, match="are no code"):
        vector_bits(0, 256)


def test_entropy_of_ternary_weights() -> None:
    # The sheet has 0.629, cut: the formula gives 0.6297.
    assert 0.629 <= ternary_entropy(0.885) < 0.630
    assert ternary_entropy(1 / 3) == pytest.approx(np.log2(3))
    with pytest.raises(InputError, match="between 0 and 1"):
        ternary_entropy(1.0)


def test_the_front_by_brute_force(rng: np.random.Generator) -> None:
    cost, quality = rng.integers(0, 6, 40).astype(float), rng.integers(0, 9, 40).astype(float)
    found = set(pareto_front(cost, quality, larger_is_better=True).tolist())
    for i in range(40):
        same = (cost == cost[i]) & (quality == quality[i])
        beaten = np.any((cost <= cost[i]) & (quality >= quality[i]) & ~same)
        assert (i in found) == (not beaten and i == int(np.argmax(same)))


def test_at_two_bits_every_front_point_is_pv_tuned() -> None:
    front = front_of(PV_TUNING, by="weight_bytes")
    assert all("PV-Tuning" in p.method for p in front)
    assert [p.value for p in front] == [7.85, 5.68, 5.05, 3.78]


def test_a_larger_model_at_one_bit_does_not_beat_a_smaller_one_at_two() -> None:
    sizes = {p.method: p for p in PV_TUNING if p.model == "Llama-2-7B"}
    assert sizes["PV-Tuning 1x16g16"].weight_bytes == sizes["PV-Tuning 1x16g8"].weight_bytes / 2
    assert sizes["PV-Tuning 1x16g16"].value > sizes["PV-Tuning 1x16g8"].value + 3


def test_four_bits_are_on_every_front_of_image_models_and_full_precision_is_on_none() -> None:
    for model in ("ResNet-50", "DeiT-T", "DeiT-S", "Swin-T"):
        bits = [p.weight_bits for p in front_of([p for p in VISION if p.model == model])]
        assert 4 in bits
        assert 16 not in bits
        assert 32 not in bits


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: codebook_bits(1, 16, 0), "1x16g0 is no code"),
        (lambda: vector_bits(0, 16), "no code"),
        (lambda: ternary_entropy(1.0), "share of zeros"),
        (lambda: front_of(VISION), "4 metrics"),
        (lambda: front_of(PV_TUNING, by="price"), "by 'price'"),
        (lambda: VISION[0].weight_bytes, "without a number of parameters"),
        (lambda: pareto_front([1.0, 2.0], [1.0], larger_is_better=True), "one cost and one quality"),
        (lambda: pareto_front([1.0], [np.nan], larger_is_better=True), "all numbers"),
    ],
)
def test_refusals(make, said: str) -> None:
    with pytest.raises(InputError, match=said):
        make()
