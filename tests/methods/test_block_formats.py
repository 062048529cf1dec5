"""Blocks that share a scale: the rules of OCP and NVFP4 by hand, and their errors on normal numbers."""

import numpy as np
import pytest
from tests.papers.support import assert_prints_as

from isoflop.errors import InputError
from isoflop.methods.block_formats import BLOCK_FORMATS, MXFP4, MXFP8_E4M3, MXINT8, NVFP4, BlockFormat
from isoflop.methods.formats import E2M1, E4M3, FloatFormat

INT4 = FloatFormat(0, 3, bias=0)


def block(*numbers: float, size: int = 32) -> np.ndarray:
    return np.array([*numbers, *[0.0] * (size - len(numbers))])


# Reference sheet precision_and_cost.md, section 23.
@pytest.mark.parametrize(
    ("name", "bits"), [("MXFP8-E4M3", 8.25), ("MXFP6-E3M2", 6.25), ("MXFP4", 4.25), ("NVFP4", 4.5)]
)
def test_bits_per_element(name: str, bits: float) -> None:
    assert BLOCK_FORMATS[name].bits_per_element == bits


def test_the_floor_rule_clips_just_below_the_next_power_of_two() -> None:
    # max 7 = 2^2 1.75: scale 2^(2 - 2) = 1, and 7 is beyond 6.
    assert MXFP4.round(block(7.0, -3.2, 0.24)).tolist()[:3] == [6.0, -3.0, 0.0]
    assert BlockFormat("c", E2M1, 32, "rceil").round(block(7.0, -3.2, 0.6)).tolist()[:3] == [8.0, -3.0, 1.0]
    assert BlockFormat("c", E2M1, 32, "ceil").scales([block(4.0)])[0, 0] == 1.0
    assert BlockFormat("c", E2M1, 32, "ceil").scales([block(4.1)])[0, 0] == 2.0
    assert BlockFormat("c", E2M1, 32, "rceil").scales([block(6.0)])[0, 0] == 1.0
    assert BlockFormat("c", E2M1, 32, "rceil").scales([block(6.1)])[0, 0] == 2.0


def test_scales_are_powers_of_two_within_their_code(rng: np.random.Generator) -> None:
    x = rng.normal(size=(64, 32)) * 10.0 ** rng.uniform(-60, 60, size=(64, 1))
    for name in ("MXFP8-E4M3", "MXFP8-E5M2", "MXFP6-E2M3", "MXFP6-E3M2", "MXFP4", "MXINT8"):
        scales = BLOCK_FORMATS[name].scales(x)
        assert np.all(np.frexp(scales)[0] == 0.5)
        assert scales.min() >= 2.0**-127
        assert scales.max() <= 2.0**127


def test_power_of_two_factors_pass_through(rng: np.random.Generator) -> None:
    x = rng.normal(size=(4, 64))
    for fmt in (MXFP4, MXFP8_E4M3, MXINT8):
        np.testing.assert_array_equal(fmt.round(x * 2.0**20), fmt.round(x) * 2.0**20)


def test_nvfp4_is_the_two_scales_written_out(rng: np.random.Generator) -> None:
    x = rng.normal(size=(8, 16)) * np.geomspace(1e-3, 1e2, 8)[:, None]
    whole = float(np.float32(np.abs(x).max() / (6 * 448)))
    for row, stored in zip(x, NVFP4.round(x), strict=True):
        scale = float(E4M3.round(np.abs(row).max() / (6 * whole))) * whole
        np.testing.assert_array_equal(stored, E2M1.round(np.clip(row / scale, -6, 6)) * scale)


def test_a_block_far_below_the_tensor_becomes_zero() -> None:
    x = np.stack([block(1.0, size=16), block(1e-8, size=16), block(size=16)])
    stored = NVFP4.round(x)
    assert stored[0, 0] == pytest.approx(1.0, rel=0.07)
    assert not stored[1:].any()


# Reference sheet precision_and_cost.md, section 23: mean squared error over variance, 640,000 normal numbers.
@pytest.mark.parametrize(
    ("fmt", "printed"),
    [
        (MXFP4, ".01324"),
        (BlockFormat("mx", E2M1, 32, "rceil"), ".01333"),
        (BlockFormat("mx", E2M1, 32, "ceil"), ".02073"),
        (NVFP4, ".00905"),
        (BlockFormat("fp4", E2M1, 32, "float32"), ".01024"),
        (BlockFormat("fp4", E2M1, 16, "float32"), ".00887"),
        (BlockFormat("int4", INT4, 16, "float32"), ".00726"),
        (BlockFormat("int4", INT4, 32, "float32"), ".00942"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{value.name}-{value.scale}-{value.block}",
)
def test_errors_on_normal_numbers(fmt: BlockFormat, printed: str) -> None:
    x = np.random.default_rng(0).normal(size=640_000)
    assert_prints_as(fmt.relative_error(x), printed)


def test_stochastic_rounding_is_right_on_average(rng: np.random.Generator) -> None:
    x = np.tile(block(4.0, 0.3, 1.2, 2.7), (20_000, 1))
    np.testing.assert_allclose(MXFP4.round(x, rng=rng).mean(axis=0)[:4], [4.0, 0.3, 1.2, 2.7], atol=0.02)


@pytest.mark.parametrize(
    ("numbers", "said"),
    [(np.zeros(31), r"\(31,\) is no multiple"), (np.zeros((2, 0)), "no multiple"), (block(np.nan), "finite numbers")],
)
def test_refusals(numbers: np.ndarray, said: str) -> None:
    with pytest.raises(InputError, match=said):
        MXFP4.round(numbers)


def test_nothing_but_zeros() -> None:
    assert not MXFP4.round(np.zeros(32)).any()
    assert not NVFP4.round(np.zeros(32)).any()
    assert np.isnan(MXFP4.relative_error(np.zeros(32)))


def test_an_unknown_scale_is_refused() -> None:
    with pytest.raises(InputError, match=r"no scale 'ocp'\. Choose floor, ceil"):
        BlockFormat("MXFP4", E2M1, 32, "ocp")  # type: ignore[arg-type]
