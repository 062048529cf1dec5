"""Rounding to any small format, on numbers that nobody chose."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from isoflop.methods.block_formats import BLOCK_FORMATS
from isoflop.methods.formats import LIBRARY, FloatFormat

formats = st.builds(FloatFormat, exponent_bits=st.integers(1, 8), mantissa_bits=st.integers(0, 10)) | st.sampled_from(
    list(LIBRARY.values())
)
numbers = st.floats(-1e38, 1e38, allow_nan=False)


@given(fmt=formats, x=numbers)
def test_rounding_again_changes_nothing(fmt: FloatFormat, x: float) -> None:
    once = fmt.round(x)
    np.testing.assert_array_equal(fmt.round(once), once)


@given(fmt=formats, x=numbers, y=numbers)
def test_rounding_keeps_order_and_sign(fmt: FloatFormat, x: float, y: float) -> None:
    top = fmt.largest
    a, b = fmt.round(np.clip([min(x, y), max(x, y)], -top, top))
    assert a <= b
    np.testing.assert_array_equal(fmt.round(-x), -fmt.round(x) + 0.0 if fmt.specials == "fnuz" else -fmt.round(x))


@given(fmt=formats, x=numbers)
def test_no_number_of_the_format_is_nearer(fmt: FloatFormat, x: float) -> None:
    inside = float(np.clip(x, -fmt.largest, fmt.largest))
    distance = abs(float(fmt.round(inside)) - inside)
    place = int(np.searchsorted(fmt.values, abs(inside)))
    near = fmt.values[max(place - 1, 0) : place + 1]
    assert distance == np.min(np.abs(near - abs(inside)))


@given(fmt=formats, x=numbers)
def test_codes_come_back_as_the_number(fmt: FloatFormat, x: float) -> None:
    inside = np.clip(x, -fmt.largest, fmt.largest)
    assert fmt.decode(fmt.encode(inside)) == fmt.round(inside)


@given(
    fmt=st.sampled_from(list(BLOCK_FORMATS.values())),
    x=st.lists(st.floats(-1e6, 1e6, allow_nan=False, width=32), min_size=32, max_size=32),
)
def test_blocks_store_nothing_larger_than_twice_the_block(fmt, x: list[float]) -> None:
    block = np.array(x)
    stored = fmt.round(block)
    assert stored.shape == block.shape
    assert np.all(np.isfinite(stored))
    assert np.all(np.abs(stored) <= 2 * np.abs(block).max())
    assert np.all(stored * block >= 0)
