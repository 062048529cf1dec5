import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isoflop.figures.axes import axis, padded, text_of, ticks


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (1e18, 1e22, [1e18, 1e19, 1e20, 1e21, 1e22]),
        (5e7, 2e10, [1e8, 3e8, 1e9, 3e9, 1e10]),
        (2.2, 3.6, [2.5, 3.0, 3.5]),
        (2.6, 3.3, [2.6, 2.8, 3.0, 3.2]),
        (1e15, 1e24, [1e16, 1e18, 1e20, 1e22, 1e24]),
    ],
)
def test_ticks_are_round(low, high, expected):
    assert ticks(low, high, log=True) == expected


@given(st.floats(1e-6, 1e25), st.floats(1.05, 1e9), st.booleans())
def test_there_are_always_ticks_and_never_too_many(low, factor, log):
    found = ticks(low, low * factor, log=log)
    assert 2 <= len(found) <= 7
    assert found == sorted(found)
    assert all(low * (1 - 1e-9) <= tick <= low * factor * (1 + 1e-9) for tick in found)


@pytest.mark.parametrize("log", [True, False])
def test_one_value_still_has_a_range(log):
    low, high = padded(3.0, 3.0, log=log)
    assert low < 3.0 < high


def test_an_axis_without_values_can_be_drawn():
    shown = axis("loss", [[math.nan]])
    assert shown.low < shown.high


def test_values_are_written_as_people_write_them():
    assert text_of("params", 7e9) == "7.00B"
    assert text_of("flops", 5.76e23) == "5.76e23"
    assert text_of("loss", 2.34567) == "2.3457"
