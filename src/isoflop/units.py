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


# "80B" is eighty billion, so a byte alone is spelt out.
_BYTES: Final = (
    {"bytes": 1.0}
    | {f"{p}B": 1e3**k for k, p in enumerate(("k", "M", "G", "T", "P"), 1)}
    | {f"{p}iB": 1024.0**k for k, p in enumerate(("K", "M", "G", "T", "P"), 1)}
)
_SECONDS: Final = {"ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "day": 86400.0, "week": 604800.0, "year": 31557600.0}
_WORDS: Final = {
    "sec": "s", "second": "s", "minute": "min", "hr": "h", "hour": "h", "d": "day", "wk": "week", "yr": "year",
    "USD": "$", "dollar": "$", "token": "tokens", "tok": "tokens", "FLOPS": "FLOP", "KB": "kB", "gpu-hour": "GPU-h",
    "gpu-h": "GPU-h", "gpuh": "GPU-h", "device-hour": "GPU-h", "device-h": "GPU-h", "param": "parameters",
    "parameter": "parameters", "gpu": "GPUs", "device": "GPUs", "byte": "bytes",
}  # fmt: skip


def _scaled(unit: str, *prefixes: str) -> dict[str, float]:
    """A unit with SI prefixes in front."""
    return {
        p + unit: {"": 1.0, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18}[p]
        for p in prefixes
    }


MEASURES: Final[dict[str, tuple[str, dict[str, float]]]] = {
    "memory": ("80GB", _BYTES),
    "time": ("3 days", _SECONDS),
    "money": ("$2M", {"$": 1.0}),
    "tokens": ("1e13 tokens", {"tokens": 1.0}),
    "parameters": ("7B", {"parameters": 1.0}),
    "compute": ("1e24 FLOP", _scaled("FLOP", "", "G", "T", "P", "E")),
    "speed": ("989 TFLOP/s", {f"{u}/s": v for u, v in _scaled("FLOP", "", "G", "T", "P", "E").items()}),
    "bandwidth": ("3.35 TB/s", {f"{u}/s": v for u, v in _BYTES.items()}),
    "power": ("700 W", _scaled("W", "", "k", "M", "G")),
    "energy": ("12 kWh", _scaled("Wh", "", "k", "M", "G", "T")),
    "carbon intensity": ("0.4 kg/kWh", {"kg/kWh": 1.0, "g/kWh": 1e-3}),
    "price": ("$2.5/h", {"$/h": 1.0, "$/GPU-h": 1.0}),
    "device-hours": ("1e6 GPU-hours", {"GPU-h": 1.0}),
    "devices": ("64 GPUs", {"GPUs": 1.0}),
}
"""Kind of a quantity → how one is written, and unit → factor onto bytes, seconds, dollars, FLOP/s, W, Wh and so on."""

_UNITS: Final = frozenset(unit for _, units in MEASURES.values() for unit in units)
_MEASURE: Final = re.compile(r"(?P<front>\$|USD\s)?\s*(?P<number>[+-]?[\d.,_]+(?:[eE][+-]?\d+)?)\s*(?P<rest>.*)")


def parse_measure(text: str | float, kind: str) -> float:
    """Read a number with its unit, and check that the unit is of the kind that is asked for.

    A number without a unit is taken in the base unit: bytes, seconds, dollars, tokens, FLOP, FLOP/s,
    bytes/s, watts, watt-hours, kg/kWh, dollars per hour.

    Args:
        text: such as `80GB`, `3 days`, `$2M`, `1e13 tokens`, `989 TFLOP/s`; or a number.
        kind: one of `MEASURES`.

    Returns:
        The number in the base unit.

    Raises:
        UnitsError: it is no such quantity, its unit belongs to another kind, or it is not positive and finite.

    >>> parse_measure("80GB", "memory"), parse_measure("3 days", "time"), parse_measure("$2M", "money")
    (80000000000.0, 259200.0, 2000000.0)
    """
    written, units = MEASURES[kind]
    if not isinstance(text, str):
        return _positive(float(text), text, kind)
    found = _MEASURE.fullmatch(text.strip())
    if found is None:
        raise UnitsError(f"{text!r} is not a quantity of {kind}. Write, for example, {written}.")
    unit = found["rest"].strip()
    if found["front"]:
        # "$2M" and "$2.5/h": what follows the number is a suffix, and perhaps a "per hour".
        suffix, slash, per = unit.partition("/")
        unit = f"{suffix.strip()} ${slash}{per}".strip()
    number, factor = _split(found["number"], unit, units)
    if factor is None:
        bare = unit.upper() in _SUFFIX
        other = [name for name, (_, known) in MEASURES.items() if _split(found["number"], unit, known)[1] is not None]
        reason = f"is a quantity of {other[0]}" if other and not bare else f"has no unit of {kind}"
        raise UnitsError(f"{text!r} {reason}, and {kind} is asked for. Write, for example, {written}.")
    return _positive(number * factor, text, kind)


def _split(number: str, unit: str, units: dict[str, float]) -> tuple[float, float | None]:
    """A number with its suffix, and the factor of its unit; None for a unit that is not of this kind."""
    if not unit:
        return parse_quantity(number), 1.0
    if (known := _known(unit, units)) is not None:
        return parse_quantity(number), units[known]
    # "15T tokens", "2M $", "15T": a suffix, and then perhaps a unit. Bytes take prefixes only, as 80B is no 80 bytes.
    if unit[0].upper() in _SUFFIX and units is not _BYTES:
        rest = unit[1:].strip()
        if not rest:
            counted = {"tokens", "parameters", "$", "FLOP", "GPUs", "GPU-h"} & set(units)
            return parse_quantity(number + unit), 1.0 if counted else None
        if (known := _known(rest, units)) is not None and unit[1:2] in {" ", rest[:1]}:
            return parse_quantity(number + unit[0]), units[known]
    return 0.0, None


def _known(unit: str, units: dict[str, float]) -> str | None:
    """The unit's own name: plurals and words for it mean the same."""
    if unit in units:
        return unit
    name = "/".join(_word(part.strip()) for part in unit.split("/", 1))
    if name in units:
        return name
    # Speeds are written TFLOPS as often as TFLOP/s.
    speed = f"{unit[:-1]}/s"
    return speed if unit.endswith("FLOPS") and speed in units else None


def _word(unit: str) -> str:
    """One unit without a slash, singular and under its own name."""
    word = unit.replace(" ", "-")
    singular = word[:-1] if len(word) > 2 and word.endswith("s") else word
    for name in (word, singular, word.lower(), singular.lower()):
        if name in _WORDS:
            return _WORDS[name]
    return word if word in _UNITS else singular


def _positive(number: float, text: str | float, kind: str) -> float:
    """The number, if it is positive and finite."""
    if not (number > 0 and math.isfinite(number)):
        raise UnitsError(f"{text!r} is no amount of {kind} above zero. Write, for example, {MEASURES[kind][0]}.")
    return number


def format_bytes(value: float) -> str:
    """Write an amount of memory with three digits, in powers of a thousand.

    >>> format_bytes(31.4e9)
    '31.4 GB'
    """
    for unit in ("PB", "TB", "GB", "MB", "kB"):
        if value >= 0.9995 * _BYTES[unit]:
            return f"{value / _BYTES[unit]:.3g} {unit}"
    return f"{value:.3g} B"


def format_duration(seconds: float) -> str:
    """Write a time in the unit that suits it.

    >>> format_duration(90), format_duration(2.5 * 86400), format_duration(0.0123)
    ('1.5 min', '2.5 days', '12.3 ms')
    """
    for unit, size in (("years", 31557600.0), ("days", 86400.0), ("h", 3600.0), ("min", 60.0), ("s", 1.0)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e3:.3g} ms"
