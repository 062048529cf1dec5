"""Number formats: every value of FP8, FP6 and FP4, and rounding bit for bit as ml_dtypes does it."""

import numpy as np
import pytest

from isoflop.errors import InputError
from isoflop.methods.formats import (
    E2M1,
    E2M3,
    E3M2,
    E4M3,
    E5M2,
    INT8,
    LIBRARY,
    FloatFormat,
    library_round,
    library_values,
)

every_format = pytest.mark.parametrize("name", LIBRARY)
SMALL = [FloatFormat(e, m) for e in range(5) for m in range(5) if 1 <= e + m <= 6]


def inputs(fmt: FloatFormat) -> np.ndarray:
    """Every half-precision number, every number of the format, every midpoint and its neighbours, both signs."""
    halves = np.arange(2**16, dtype=np.uint16).view(np.float16)
    halves = halves[np.isfinite(halves)].astype(np.float32)
    values = fmt.values.astype(np.float32)
    middle = ((fmt.values[1:] + fmt.values[:-1]) / 2).astype(np.float32)
    near = [np.nextafter(middle, np.float32(side)) for side in (0.0, np.finfo(np.float32).max)]
    beyond = np.float32(fmt.largest) * np.array([1.01, 1.03, 1.05, 1.1, 1.25, 1.5, 3.0], dtype=np.float64)
    beyond = beyond[beyond < np.finfo(np.float32).max].astype(np.float32)
    all_of_them = np.concatenate([halves, values, middle, *near, beyond])
    return np.concatenate([all_of_them, -all_of_them])


@every_format
def test_every_code_is_the_number_that_the_library_has(name: str) -> None:
    fmt = LIBRARY[name]
    reference = library_values(name)
    ours = fmt.decode(np.arange(2**fmt.bits))
    finite = np.isfinite(reference)
    np.testing.assert_array_equal(np.isfinite(ours), finite)
    np.testing.assert_array_equal(ours[finite], reference[finite])
    np.testing.assert_array_equal(np.signbit(ours[finite]), np.signbit(reference[finite]))


@every_format
def test_rounding_is_that_of_the_library_bit_for_bit(name: str) -> None:
    fmt = LIBRARY[name]
    x = inputs(fmt)
    assert x.size > 126_000
    reference, ours = library_round(name, x), fmt.round(x)
    np.testing.assert_array_equal(ours, reference)  # NaN equal to NaN
    number = ~np.isnan(reference)
    np.testing.assert_array_equal(np.signbit(ours[number]), np.signbit(reference[number]))


# Reference sheet precision_and_cost.md, section 23.
@pytest.mark.parametrize(
    ("fmt", "largest", "smallest_normal", "smallest", "emax"),
    [
        (E2M1, 6, 1, 0.5, 2),
        (E2M3, 7.5, 1, 0.125, 2),
        (E3M2, 28, 0.25, 0.0625, 4),
        (E4M3, 448, 2**-6, 2**-9, 8),
        (E5M2, 57344, 2**-14, 2**-16, 15),
        (INT8, 127 / 64, 1, 2**-6, 0),
    ],
    ids=str,
)
def test_the_limits_of_the_standards(
    fmt: FloatFormat, largest: float, smallest_normal: float, smallest: float, emax: int
) -> None:
    assert fmt.largest == largest
    assert fmt.values[1] == smallest
    assert fmt.largest_exponent == emax
    assert 2.0**fmt.smallest_exponent == (smallest_normal if fmt is not INT8 else 2)


def test_the_value_sets_of_the_small_formats() -> None:
    assert E2M1.values.tolist() == [0, 0.5, 1, 1.5, 2, 3, 4, 6]
    fine = [np.arange(0, 2, 0.125), np.arange(2, 4, 0.25), np.arange(4, 8, 0.5)]
    assert E2M3.values.tolist() == np.concatenate(fine).tolist()
    steps = [(0, 0.5, 0.0625), (0.5, 1, 0.125), (1, 2, 0.25), (2, 4, 0.5), (4, 8, 1), (8, 16, 2), (16, 29, 4)]
    assert E3M2.values.tolist() == np.concatenate([np.arange(*step) for step in steps]).tolist()
    np.testing.assert_array_equal(INT8.values, np.arange(128) / 64)


@pytest.mark.parametrize("fmt", SMALL, ids=str)
def test_any_format_rounds_to_its_nearest_value(fmt: FloatFormat) -> None:
    x = np.linspace(0, fmt.largest, 4001)
    rounded = fmt.round(x)
    assert np.isin(rounded, fmt.values).all()
    nearest = np.abs(x[:, None] - fmt.values).min(axis=1)
    np.testing.assert_array_equal(np.abs(rounded - x), nearest)
    np.testing.assert_array_equal(fmt.round(fmt.values), fmt.values)
    np.testing.assert_array_equal(fmt.decode(fmt.encode(-fmt.values)), -fmt.values)


@pytest.mark.parametrize("fmt", [f for f in SMALL if f.mantissa_bits], ids=str)
def test_ties_go_to_the_even_code(fmt: FloatFormat) -> None:
    middle = (fmt.values[1:] + fmt.values[:-1]) / 2
    assert np.all(fmt.encode(middle) % 2 == 0)


def test_stochastic_rounding_is_right_on_average(rng: np.random.Generator) -> None:
    x = np.full(40_000, 2.3)  # between 2 and 3
    rounded = E2M1.round(x, rng=rng)
    assert set(rounded) == {2.0, 3.0}
    assert abs(rounded.mean() - 2.3) < 4 * np.sqrt(0.3 * 0.7 / x.size)
    again = E2M1.round(x, rng=np.random.default_rng(1))
    np.testing.assert_array_equal(again, E2M1.round(x, rng=np.random.default_rng(1)))
    assert not np.array_equal(again, rounded)


def test_what_is_no_number_stays_so() -> None:
    assert np.isnan(E4M3.round(np.nan))
    assert np.isnan(E4M3.round(np.inf))
    assert E5M2.round(-np.inf) == -np.inf
    assert E2M1.round(np.inf) == 6.0


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: FloatFormat(9, 1), "0 to 8 exponent bits"),
        (lambda: FloatFormat(0, 0), "at least one of both"),
        (lambda: FloatFormat(0, 3, specials="ieee"), "no last exponent"),
        (lambda: E4M3.encode([1.0, 500.0]), "1 of 2 numbers have no finite code in E4M3"),
        (lambda: E2M1.decode([3, 16]), "from 3 to 16 are not all of 4 bits"),
        (lambda: E4M3.decode(-1), "from 0 to 255"),
        (lambda: library_values("float3"), "no format 'float3'"),
    ],
)
def test_refusals_say_what_is_allowed(make, said: str) -> None:
    with pytest.raises(InputError, match=said):
        make()
