"""Quantities as people write them."""

import numpy as np
import pytest

from isoflop.errors import UnitsError
from isoflop.units import format_quantity, parse_quantity, training_flops


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
