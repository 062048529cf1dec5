"""Quantities as people write them."""

import re

import numpy as np
import pytest

from isoflop.errors import UnitsError
from isoflop.units import (
    MEASURES,
    format_bytes,
    format_duration,
    format_quantity,
    parse_measure,
    parse_quantity,
    training_flops,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7B", 7e9), ("7b", 7e9), ("1.4T", 1.4e12), ("3e21", 3e21), ("1,000", 1000.0), ("5.76E23", 5.76e23),
        ("2.5 M", 2.5e6), ("12G", 12e9), ("1_000", 1000.0), ("-3", -3.0), ("+4.", 4.0), (".5K", 500.0),
        (" 8 ", 8.0), ("1,234,567.5", 1234567.5), ("6e-4", 6e-4), (7, 7.0), (np.int64(5), 5.0), ("2Z", 2e21),
    ],
)  # fmt: skip
def test_quantities_are_read(text, value):
    assert parse_quantity(text) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "seven",
        "7BB",
        "1,00",
        "1,0000",
        "--3",
        "e1",
        ".e5",
        "1.5.",
        "1__0",
        "1_",
        "7 %",
        "nan",
        "inf",
        "0x10",
        ".",
    ],
)
def test_what_is_no_quantity_is_refused(text):
    with pytest.raises(UnitsError, match="is not a quantity"):
        parse_quantity(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [(7e9, "7.00B"), (72.2e9, "72.2B"), (999.9e6, "1.00B"), (1.4e12, "1.40T"), (5.76e23, "5.76e+23"), (1000, "1.00K"),
     (12.5, "12.5"), (0, "0"), (-7e9, "-7.00B")],
)  # fmt: skip
def test_quantities_are_written(value, text):
    assert format_quantity(value) == text


def test_writing_and_reading_agree_to_the_digits_shown():
    for value in np.geomspace(1e-3, 1e25, 200):
        assert parse_quantity(format_quantity(value)) == pytest.approx(value, rel=6e-3)


def test_the_chinchilla_budget():
    assert training_flops(70e9, 1.4e12) == pytest.approx(5.88e23)


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("80GB", "memory", 80e9), ("80 GiB", "memory", 80 * 2**30), ("512 bytes", "memory", 512.0),
        (3e9, "memory", 3e9), ("3 days", "time", 259200.0), ("1 day", "time", 86400.0), ("12h", "time", 43200.0),
        ("90 min", "time", 5400.0),
        ("30 ms", "time", 0.03), ("2 hours", "time", 7200.0), ("$2M", "money", 2e6), ("2M$", "money", 2e6),
        ("USD 2M", "money", 2e6), ("1,500 dollars", "money", 1500.0), ("1e13 tokens", "tokens", 1e13),
        ("15T tokens", "tokens", 15e12), ("15T", "tokens", 15e12), ("989 TFLOP/s", "speed", 989e12),
        ("989TFLOPS", "speed", 989e12), ("3.35TB/s", "bandwidth", 3.35e12), ("0.7kW", "power", 700.0),
        ("12 MWh", "energy", 12e6), ("400 g/kWh", "carbon intensity", 0.4), ("$2.5/h", "price", 2.5),
        ("2.5 $/GPU-hour", "price", 2.5), ("1M GPU hours", "device-hours", 1e6), ("64 GPUs", "devices", 64.0),
        ("1e24 FLOPs", "compute", 1e24), ("7B parameters", "parameters", 7e9),
    ],
)  # fmt: skip
def test_quantities_with_units_are_read(text, kind, value):
    assert parse_measure(text, kind) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("3 days", "memory", "is a quantity of time, and memory is asked for. Write, for example, 80GB."),
        ("80GB", "time", "is a quantity of memory, and time is asked for"),
        ("$3", "tokens", "is a quantity of money"),
        ("989 TFLOP/s", "compute", "is a quantity of speed"),
        ("80B", "memory", "has no unit of memory"),
        ("5m", "time", "has no unit of time"),
        ("80 gb", "memory", "has no unit of memory"),
        ("2 fortnights", "time", "has no unit of time"),
        ("soon", "time", "is not a quantity of time"),
        ("", "money", "is not a quantity of money"),
        ("0 days", "time", "is no amount of time above zero"),
        ("-1", "money", "is no amount of money above zero"),
        (float("nan"), "tokens", "is no amount of tokens above zero"),
    ],
)
def test_a_unit_of_another_kind_is_refused(text, kind, said):
    with pytest.raises(UnitsError, match=re.escape(said)):
        parse_measure(text, kind)


@pytest.mark.parametrize("kind", sorted(set(MEASURES) - {"parameters"}))
def test_the_example_of_every_kind_is_read_as_that_kind_alone(kind):
    written = MEASURES[kind][0]
    assert parse_measure(written, kind) > 0
    for other in set(MEASURES) - {kind}:
        with pytest.raises(UnitsError, match="is asked for"):
            parse_measure(written, other)


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (format_bytes(31.4e9), "31.4 GB"), (format_bytes(999.9e6), "1 GB"), (format_bytes(512), "512 B"),
        (format_duration(90), "1.5 min"), (format_duration(2.5 * 86400), "2.5 days"),
        (format_duration(0.0123), "12.3 ms"), (format_duration(3 * 31557600), "3 years"),
    ],
)  # fmt: skip
def test_memory_and_time_are_written(written, text):
    assert written == text
