"""Number formats of few bits: exact value sets, rounding of any ExMy, and their codes."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import InputError, MissingExtraError

Array = NDArray[Any]
Specials = Literal["none", "nan", "ieee", "fnuz"]


@dataclass(frozen=True)
class FloatFormat:
    """A floating-point number of a sign, E exponent bits and M mantissa bits, with subnormals.

    `value = (-1)^s 2^(e - bias) (1 + m/2^M)` for e > 0, `(-1)^s 2^(1 - bias) m/2^M` for e = 0.

    Reference: OCP Microscaling Formats v1.0, section 5.3; OCP 8-bit Floating Point v1.0.

    Args:
        exponent_bits: E, 0 to 8; 0 is fixed point.
        mantissa_bits: M, 0 to 15.
        bias: of the exponent; `2^(E-1) - 1` when None.
        specials: which codes are no numbers: `none`; `nan`, the last code alone (E4M3 of OCP);
            `ieee`, the whole last exponent (infinities, NaN); `fnuz`, minus zero, which is NaN.
        saturates: whether what is too large becomes the largest number; else infinity or NaN.

    >>> E2M1.values.tolist()
    [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0]
    """

    exponent_bits: int
    mantissa_bits: int
    bias: int | None = None
    specials: Specials = "none"
    saturates: bool = True

    def __post_init__(self) -> None:
        """Refuse what double precision cannot hold exactly."""
        fits = 0 <= self.exponent_bits <= 8 and 0 <= self.mantissa_bits <= 15
        if not fits or self.exponent_bits + self.mantissa_bits < 1:
            raise InputError(
                f"E{self.exponent_bits}M{self.mantissa_bits} is not emulated: allowed are 0 to 8 exponent bits and "
                "0 to 15 mantissa bits, at least one of both."
            )
        if self.specials == "ieee" and self.exponent_bits == 0:
            raise InputError("A format without exponent bits has no last exponent to reserve. Use specials='none'.")

    def __str__(self) -> str:
        """As the field writes it."""
        return f"E{self.exponent_bits}M{self.mantissa_bits}"

    @property
    def bits(self) -> int:
        """Bits of one number, sign included."""
        return 1 + self.exponent_bits + self.mantissa_bits

    @property
    def offset(self) -> int:
        """The bias in force."""
        return self.bias if self.bias is not None else max(2 ** (self.exponent_bits - 1) - 1, 0)

    @property
    def smallest_exponent(self) -> int:
        """Exponent of the smallest normal number, and of all subnormal ones."""
        return 1 - self.offset

    @cached_property
    def values(self) -> Array:
        """All numbers from 0 up, by code, float64 and exact; numbers below zero mirror them."""
        codes = np.arange(self._positive_codes)
        exponent, mantissa = codes >> self.mantissa_bits, codes & (2**self.mantissa_bits - 1)
        normal = exponent > 0
        digits = mantissa / 2.0**self.mantissa_bits + normal
        power = np.where(normal, exponent - self.offset, self.smallest_exponent)
        found: Array = np.ldexp(digits, power)
        found.setflags(write=False)
        return found

    @property
    def _positive_codes(self) -> int:
        """How many codes with sign 0 are numbers."""
        everything = 1 << (self.bits - 1)
        taken = {"none": 0, "fnuz": 0, "nan": 1, "ieee": 1 << self.mantissa_bits}[self.specials]
        return everything - taken

    @property
    def largest(self) -> float:
        """The largest number."""
        return float(self.values[-1])

    @property
    def largest_exponent(self) -> int:
        """Exponent of the largest number, `emax` of the MX standard.

        >>> E4M3.largest_exponent, E5M2.largest_exponent
        (8, 15)
        """
        return int(np.frexp(self.largest)[1]) - 1

    def round(self, x: ArrayLike, *, rng: np.random.Generator | None = None) -> Array:
        """Round to the format: to the nearest with ties to even, or at random in proportion.

        Args:
            x: numbers, any shape.
            rng: generator for stochastic rounding, whose mean is x; nearest when None.

        Returns:
            Numbers of the format, float64; what is too large becomes the largest number,
            infinity or NaN, as the format says.

        >>> E2M1.round([0.2, 0.25, 0.75, 2.5, 5.0, 100.0]).tolist()
        [0.0, 0.0, 1.0, 2.0, 4.0, 6.0]
        """
        given = np.asarray(x, dtype=float)
        size = np.abs(given)
        exponent = np.maximum(np.frexp(size)[1] - 1, self.smallest_exponent)
        steps = np.ldexp(size, self.mantissa_bits - exponent)
        with np.errstate(invalid="ignore"):
            whole = np.rint(steps) if rng is None else np.floor(steps + rng.random(size.shape))
            rounded = np.ldexp(whole, exponent - self.mantissa_bits)
        return np.asarray(self._signed(self._limited(rounded, size), given))

    def _limited(self, rounded: Array, size: Array) -> Array:
        """Put the largest number, infinity or NaN for what is too large; NaN stays NaN."""
        too_large = rounded > self.largest
        beyond = np.inf if self.specials == "ieee" else np.nan
        if self.saturates:
            beyond = self.largest
        return np.where(np.isnan(size), np.nan, np.where(too_large, beyond, rounded))

    def _signed(self, rounded: Array, given: Array) -> Array:
        """The sign of what was given; a format without minus zero has plus zero."""
        signed = np.copysign(rounded, given)
        return np.where(signed == 0.0, 0.0, signed) if self.specials == "fnuz" else signed

    def encode(self, x: ArrayLike, *, rng: np.random.Generator | None = None) -> Array:
        """Round, and give the codes: sign, exponent, mantissa from the highest bit down.

        Args:
            x: numbers, any shape.
            rng: as for `round`.

        Returns:
            Codes, uint32.

        Raises:
            InputError: a number has no code, such as NaN in a format without it.

        >>> [f"{code:04b}" for code in E2M1.encode([6.0, -0.5])]
        ['0111', '1001']
        """
        rounded = self.round(x, rng=rng)
        if not np.isfinite(rounded).all():
            count = int(np.count_nonzero(~np.isfinite(rounded)))
            raise InputError(f"{count} of {rounded.size} numbers have no finite code in {self}. Clip them first.")
        codes = np.searchsorted(self.values, np.abs(rounded))
        return np.asarray(codes + np.signbit(rounded) * (1 << (self.bits - 1)), dtype=np.uint32)

    def decode(self, codes: ArrayLike) -> Array:
        """Numbers of codes, the inverse of `encode`; NaN for codes that are no numbers.

        Args:
            codes: whole numbers from 0 up to `2^bits - 1`.

        Returns:
            Numbers, float64.

        Raises:
            InputError: a code is below 0 or needs more bits.

        >>> E2M1.decode([7, 9]).tolist()
        [6.0, -0.5]
        """
        given = np.asarray(codes, dtype=np.int64)
        if ((given < 0) | (given >= 2**self.bits)).any():
            raise InputError(
                f"Codes from {given.min()} to {given.max()} are not all of {self.bits} bits. "
                f"Give whole numbers from 0 to {2**self.bits - 1}."
            )
        half = 2 ** (self.bits - 1)
        place = given % half
        size = np.where(place < self._positive_codes, self.values[np.minimum(place, self._positive_codes - 1)], np.nan)
        signed = np.where(given >= half, -size, size)
        none = (given == half) & (self.specials == "fnuz")
        return np.asarray(np.where(none, np.nan, signed))


E2M1: Final = FloatFormat(2, 1)
E2M3: Final = FloatFormat(2, 3)
E3M2: Final = FloatFormat(3, 2)
E4M3: Final = FloatFormat(4, 3, specials="nan", saturates=False)
E5M2: Final = FloatFormat(5, 2, specials="ieee", saturates=False)
INT8: Final = FloatFormat(0, 7, bias=0)
"""Element of MXINT8: whole multiples of 1/64 up to 127/64."""

LIBRARY: Final[Mapping[str, FloatFormat]] = MappingProxyType(
    {
        "float4_e2m1fn": E2M1,
        "float6_e2m3fn": E2M3,
        "float6_e3m2fn": E3M2,
        "float8_e3m4": FloatFormat(3, 4, specials="ieee", saturates=False),
        "float8_e4m3": FloatFormat(4, 3, specials="ieee", saturates=False),
        "float8_e4m3fn": E4M3,
        "float8_e4m3fnuz": FloatFormat(4, 3, bias=8, specials="fnuz", saturates=False),
        "float8_e4m3b11fnuz": FloatFormat(4, 3, bias=11, specials="fnuz", saturates=False),
        "float8_e5m2": E5M2,
        "float8_e5m2fnuz": FloatFormat(5, 2, bias=16, specials="fnuz", saturates=False),
        "bfloat16": FloatFormat(8, 7, specials="ieee", saturates=False),
    }
)
"""Name in ml_dtypes → the same format here."""


def library_values(name: str) -> Array:
    """Every number of a format from the package ml_dtypes, by code, as an independent reference.

    Args:
        name: one of `LIBRARY`.

    Returns:
        Numbers by code, float64; infinities and NaN where a code is one.

    Raises:
        MissingExtraError: ml_dtypes is not installed.
        InputError: there is no such format.
    """
    dtype = _library_type(name)
    bits = LIBRARY[name].bits
    codes = np.arange(2**bits, dtype=np.uint16 if bits == 16 else np.uint8)
    with np.errstate(invalid="ignore"):
        return np.asarray(codes.view(dtype).astype(np.float64))


def library_round(name: str, x: ArrayLike) -> Array:
    """Round by the cast of the package ml_dtypes.

    Args:
        name: one of `LIBRARY`.
        x: numbers, taken as float32.

    Returns:
        Rounded numbers, float64.

    Raises:
        MissingExtraError: ml_dtypes is not installed.
        InputError: there is no such format.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(x, dtype=np.float32).astype(_library_type(name)).astype(np.float64)


def _library_type(name: str) -> Any:  # noqa: ANN401 -- a NumPy extension type, which has no static type
    """The type of ml_dtypes."""
    if name not in LIBRARY:
        raise InputError(f"There is no format {name!r}. Known: {', '.join(LIBRARY)}.")
    try:
        import ml_dtypes
    except ImportError:
        raise MissingExtraError.from_extra("ml_dtypes", "formats") from None
    return getattr(ml_dtypes, name)
