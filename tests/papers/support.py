"""Comparison at the rounding of print."""

import re


def printed(text: str) -> tuple[float, float]:
    """Value of a printed number and half a unit of its last digit.

    >>> printed("2.3756"), printed("4.036e10")
    ((2.3756, 5e-05), (40360000000.0, 5000000.0))
    """
    mantissa, _, exponent = re.sub(r"^[+-]", "", text).lower().partition("e")
    decimals = len(mantissa.partition(".")[2])
    return float(text), 0.5 * 10.0 ** (int(exponent or 0) - decimals)


def assert_prints_as(value: float, text: str) -> None:
    """Fail unless the value rounds to the printed number (the last digit may be cut either way)."""
    expected, half = printed(text)
    difference = abs(float(value) - expected)
    assert difference <= half * (1 + 1e-9), (
        f"{float(value)!r} does not print as {text}: off by {difference / half / 2:.2f} last digits"
    )
