"""Numbers in blocks that share a scale: MXFP8, MXFP6, MXFP4, MXINT8, NVFP4 and any other combination."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import InputError
from isoflop.methods.formats import E2M1, E2M3, E3M2, E4M3, E5M2, INT8, FloatFormat

Array = NDArray[Any]
Scale = Literal["floor", "ceil", "rceil", "e4m3", "float32"]

SCALE_EXPONENTS: Final = (-127, 127)
"""Exponents that an E8M0 scale can hold."""
FLOAT32_BITS: Final = 32
SCALE_BITS: Final = 8


@dataclass(frozen=True)
class BlockFormat:
    """Elements of few bits, each block of them with one scale.

    Reference: OCP Microscaling Formats v1.0, section 6; NVIDIA NVFP4.

    Args:
        name: as the field writes it.
        element: format of one element; scaled elements that are too large become the largest.
        block: elements that share a scale.
        scale: a power of two (E8M0) by `floor`, the rule of OCP, `ceil` or `rceil`, which does not
            clip; `e4m3` under a float32 scale of the whole tensor, as in NVFP4; or `float32`.
    """

    name: str
    element: FloatFormat
    block: int
    scale: Scale = "floor"

    def __post_init__(self) -> None:
        """Refuse an empty block and a scale that is not known."""
        if self.scale not in get_args(Scale):
            raise InputError(f"There is no scale {self.scale!r}. Choose {', '.join(get_args(Scale))}.")
        if self.block < 1:
            raise InputError(f"A block of {self.block} elements holds nothing. Give at least 1.")

    @property
    def bits_per_element(self) -> float:
        """Bits of an element with its part of the block's scale; scales of the whole tensor are not counted.

        >>> NVFP4.bits_per_element, MXFP4.bits_per_element
        (4.5, 4.25)
        """
        return self.element.bits + (FLOAT32_BITS if self.scale == "float32" else SCALE_BITS) / self.block

    def scales(self, blocks: ArrayLike) -> Array:
        """The scale of each block.

        `floor`: `X = 2^(floor(log2 max|v|) - emax)`; `ceil`: `2^(ceil(log2 max|v|) - emax)`;
        `rceil`: `2^ceil(log2(max|v|/largest))`;
        `e4m3`: `s_t E4M3(max|v|/(6 s_t))`, `s_t = max|tensor|/(6 448)`; `float32`: `max|v|/largest`.

        Reference: OCP Microscaling Formats v1.0, section 6.3; NVIDIA NVFP4.

        Args:
            blocks: numbers, shape (blocks, block).

        Returns:
            Scales, shape (blocks, 1); powers of two are kept within the exponents of E8M0. A block of
            zeros has any scale; one that is too small for its E4M3 scale has infinity, and stores zeros.

        >>> float(MXFP4.scales([[7.0] + [0.0] * 31])[0, 0])
        1.0
        """
        most = np.max(np.abs(np.asarray(blocks, dtype=float)), axis=-1, keepdims=True)
        safe = np.where(most > 0, most, self.element.largest)
        if self.scale == "float32":
            return np.asarray(safe / self.element.largest, dtype=np.float32).astype(float)
        if self.scale == "e4m3":
            return self._two_levels(safe, float(most.max(initial=0.0)))
        return np.asarray(np.ldexp(1.0, np.clip(self._exponents(safe), *SCALE_EXPONENTS)))

    def _exponents(self, most: Array) -> Array:
        """Exponents of power-of-two scales."""
        if self.scale == "rceil":
            mantissa, exponent = np.frexp(most / self.element.largest)
            return np.where(mantissa == 0.5, exponent - 1, exponent)
        mantissa, exponent = np.frexp(most)
        up = (mantissa > 0.5) if self.scale == "ceil" else np.zeros(most.shape, dtype=bool)
        return np.asarray(exponent - 1 + up - self.element.largest_exponent)

    def _two_levels(self, most: Array, tensor: float) -> Array:
        """Scales in E4M3 under one float32 scale."""
        if tensor == 0.0:
            return np.ones_like(most)
        whole = float(np.float32(tensor / (self.element.largest * E4M3.largest)))
        scales = E4M3.round(np.minimum(most / (self.element.largest * whole), E4M3.largest))
        # A block whose scale rounds to zero is stored as zeros, whatever it is divided by.
        return np.asarray(np.where(scales > 0, scales * whole, np.inf))

    def round(self, x: ArrayLike, *, rng: np.random.Generator | None = None) -> Array:
        """Quantize and read back, in blocks along the last axis.

        Args:
            x: finite numbers; the last axis holds whole blocks.
            rng: generator for stochastic rounding of the elements; nearest, ties to even, when None.

        Returns:
            What the format stores, float64, of the same shape.

        Raises:
            InputError: the last axis is no multiple of the block, or a number is not finite.

        >>> MXFP4.round([7.0, 0.3] + [0.0] * 30)[:2].tolist()
        [6.0, 0.5]
        """
        given = np.asarray(x, dtype=float)
        if given.ndim == 0 or given.shape[-1] % self.block or not given.size:
            raise InputError(
                f"{self.name} shares a scale over {self.block} elements, but the last axis of shape {given.shape} "
                "is no multiple of that. Pad it with zeros."
            )
        if not np.isfinite(given).all():
            raise InputError(f"{self.name} holds finite numbers only. Replace infinities and NaN first.")
        blocks = given.reshape(-1, self.block)
        scales = self.scales(blocks)
        top = self.element.largest
        with np.errstate(invalid="ignore"):
            elements = self.element.round(np.clip(blocks / scales, -top, top), rng=rng)
            stored = np.where(np.isfinite(scales), elements * np.where(np.isfinite(scales), scales, 0.0), 0.0)
        return np.asarray(stored.reshape(given.shape))

    def relative_error(self, x: ArrayLike, *, rng: np.random.Generator | None = None) -> float:
        """Mean squared error of what is stored, over the mean square of what was given.

        Args:
            x: as for `round`.
            rng: as for `round`.

        Returns:
            The ratio; NaN when every number is zero.
        """
        given = np.asarray(x, dtype=float)
        power = float(np.mean(given**2))
        return float(np.mean((self.round(given, rng=rng) - given) ** 2)) / power if power else float("nan")


MXFP8_E4M3: Final = BlockFormat("MXFP8-E4M3", E4M3, 32)
MXFP8_E5M2: Final = BlockFormat("MXFP8-E5M2", E5M2, 32)
MXFP6_E2M3: Final = BlockFormat("MXFP6-E2M3", E2M3, 32)
MXFP6_E3M2: Final = BlockFormat("MXFP6-E3M2", E3M2, 32)
MXFP4: Final = BlockFormat("MXFP4", E2M1, 32)
MXINT8: Final = BlockFormat("MXINT8", INT8, 32)
NVFP4: Final = BlockFormat("NVFP4", E2M1, 16, "e4m3")

BLOCK_FORMATS: Final[Mapping[str, BlockFormat]] = MappingProxyType(
    {f.name: f for f in (MXFP8_E4M3, MXFP8_E5M2, MXFP6_E2M3, MXFP6_E3M2, MXFP4, MXINT8, NVFP4)}
)
"""Name → the standard block formats."""
