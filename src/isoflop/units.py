"""Symbols, units and conventions; the only home of 6ND and of the words for big numbers."""

import math
import re
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import UnitsError

FLOPS_PER_PARAM_TOKEN: Final = 6.0
"""Training FLOPs per parameter and token: 2 forward, 4 backward (Kaplan et al. 2020, section 2.1)."""

FLOPS_PER_PF_DAY: Final = 8.64e19
"""One petaFLOP/s-day: 1e15 x 86,400."""

NATS_PER_BIT: Final = math.log(2.0)

CONVENTION_6ND: Final = "flops = 6·params·tokens (attention and embedding look-ups not counted)"

_SUFFIX: Final = {
    "": 1.0,
    "K": 1e3,
    "M": 1e6,
    "B": 1e9,
    "G": 1e9,
    "T": 1e12,
    "P": 1e15,
    "E": 1e18,
    "Z": 1e21,
    "Y": 1e24,
}
_QUANTITY: Final = re.compile(
    r"([+-]?(?:\d{1,3}(?:,\d{3})+|\d+(?:_\d+)*|(?=\.\d))(?:\.\d*)?(?:[eE][+-]?\d+)?)"
    r"\s*([A-Za-z]?)"
)


def training_flops(
    params: float | NDArray[np.float64], tokens: float | NDArray[np.float64]
) -> float | NDArray[np.float64]:
    """Training compute of a dense model, `C = 6 N D`.

    Reference: Kaplan et al. 2020, section 2.1; Hoffmann et al. 2022, approach 3.

    Args:
        params: parameters N, as the law counts them.
        tokens: training tokens D, repeats counted.

    Returns:
        FLOPs of forward and backward passes, attention scores not counted.

    >>> training_flops(70e9, 1.4e12)
    5.88e+23
    """
    return FLOPS_PER_PARAM_TOKEN * params * tokens


def decades_beyond(values: ArrayLike, span: tuple[float, float]) -> float:
    """How far the farthest value lies outside a span, in powers of ten; 0 when all are inside.

    Args:
        values: numbers from 0 up.
        span: smallest and largest value; 0 and infinity leave a side open.

    Returns:
        `max(log10(x / high), log10(low / x), 0)` over the values.

    >>> decades_beyond([1e8, 1e12], (1e6, 1e10)), decades_beyond(1e8, (0.0, 1e10))
    (2.0, 0.0)
    """
    x = np.asarray(values, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        # 0 at an open side is 0/0, which fmax leaves out as it does what is missing.
        beyond = np.fmax(np.log10(x / span[1]), np.log10(span[0] / x))
    farthest = float(np.fmax.reduce(np.ravel(beyond), initial=0.0))
    # Dividing at the edge itself may leave a rounding error.
    return farthest if farthest > 1e-9 else 0.0


def parse_quantity(text: str | float) -> float:
    """Read a number as people write it: `7B`, `1.4T`, `3e21`, `1,000`.

    Args:
        text: a number, or text with an optional suffix K, M, B (or G), T, P, E, Z, Y.

    Returns:
        The number.

    Raises:
        UnitsError: the text is not such a number.

    >>> parse_quantity("1.4T")
    1400000000000.0
    """
    if not isinstance(text, str):
        return float(text)
    stripped = text.strip()
    found = _QUANTITY.fullmatch(stripped)
    if not found or found.group(2).upper() not in _SUFFIX:
        raise UnitsError(
            f"{text!r} is not a quantity. Write a number such as 7B, 1.4T, 5.76e23 or 1,000 "
            f"(suffixes: K, M, B or G, T, P, E, Z, Y)."
        )
    return float(found.group(1).replace(",", "").replace("_", "")) * _SUFFIX[found.group(2).upper()]


def format_quantity(value: float, digits: int = 3) -> str:
    """Write a number as people read it, the inverse of `parse_quantity` up to rounding.

    Args:
        value: the number.
        digits: significant digits.

    Returns:
        `7.00B` style up to a quadrillion; scientific notation beyond, as FLOPs are written.

    >>> format_quantity(72.2e9), format_quantity(5.76e23)
    ('72.2B', '5.76e+23')
    """
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    rounded = float(f"{value:.{digits - 1}e}")
    size = abs(rounded)
    if size < 1e3 or size >= 1e15:
        return f"{rounded:.{digits}g}" if size < 1e15 else f"{rounded:.{digits - 1}e}"
    for suffix, unit in (("T", 1e12), ("B", 1e9), ("M", 1e6), ("K", 1e3)):
        if size >= unit:
            whole = len(str(int(size / unit)))
            return f"{rounded / unit:.{max(digits - whole, 0)}f}{suffix}"
    raise AssertionError(value)
