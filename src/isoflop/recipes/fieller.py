"""Sets of values that a ratio may have: Fieller's theorem, with sets that have no end."""

import math
from dataclasses import dataclass
from typing import Any, Final

from isoflop.errors import FitError

EVERYWHERE: Final = (-math.inf, math.inf)


@dataclass(frozen=True)
class RealSet:
    """Intervals on the real line that a confidence set consists of.

    Args:
        parts: intervals in ascending order; an end may be infinite.
    """

    parts: tuple[tuple[float, float], ...]

    @property
    def kind(self) -> str:
        """`bounded`, `half-line`, `outside` (all but an interval), `everything` or `empty`."""
        if not self.parts:
            return "empty"
        if self.parts == (EVERYWHERE,):
            return "everything"
        open_ends = (self.parts[0][0] == -math.inf) + (self.parts[-1][1] == math.inf)
        return ("bounded", "half-line", "outside")[open_ends]

    @property
    def bounded(self) -> bool:
        """Whether it says where the value is."""
        return self.kind == "bounded"

    def __contains__(self, x: object) -> bool:
        """Whether a number belongs to it."""
        return isinstance(x, int | float) and any(low <= x <= high for low, high in self.parts)

    def exp(self) -> "RealSet":
        """The set of e^x."""
        return RealSet(tuple((_exp(low), _exp(high)) for low, high in self.parts))

    def shift(self, by: float) -> "RealSet":
        """The set of x + by."""
        return RealSet(tuple((low + by, high + by) for low, high in self.parts))

    def to_list(self) -> list[list[float | None]]:
        """Intervals for JSON; null for an end that does not exist."""
        return [[end if math.isfinite(end) else None for end in part] for part in self.parts]


def _exp(x: float) -> float:
    return math.exp(x) if x < 709 else math.inf


def fieller(u: float, v: float, covariance: Any, critical: float) -> RealSet:  # noqa: ANN401 - a 2 × 2 matrix
    """All x at which `u - x v` may be 0.

    `(u - x v)^2 <= t^2 (V_uu - 2 x V_uv + x^2 V_vv)`: a bounded interval only where v differs
    from 0, else all but an interval, or everything. The delta method is always bounded, and wrong.

    Reference: Fieller 1954, Some problems in interval estimation.

    Args:
        u: numerator.
        v: denominator; the ratio is u/v.
        covariance: matrix of (u, v), shape (2, 2).
        critical: quantile t of Student's t or of the normal.

    Returns:
        The set.

    Raises:
        FitError: a number is not finite, or the matrix is no covariance.

    >>> [[round(end, 3) for end in part] for part in fieller(2.0, 1.0, [[0.01, 0], [0, 0.01]], 1.96).parts]
    [[1.626, 2.534]]
    >>> fieller(2.0, 0.1, [[0.01, 0], [0, 0.01]], 1.96).kind
    'outside'
    """
    (uu, uv), (_, vv) = ((float(entry) for entry in row) for row in covariance)
    u, v, critical = float(u), float(v), float(critical)
    if not all(map(math.isfinite, (u, v, uu, uv, vv, critical))) or uu < 0 or vv < 0 or uv * uv > uu * vv * (1 + 1e-9):
        raise FitError(f"u = {u}, v = {v} with covariance {covariance} is no estimate of a ratio. Check the fit.")
    t2 = critical * critical
    a, b, c = v * v - t2 * vv, u * v - t2 * uv, u * u - t2 * uu
    # All x with a x² - 2 b x + c <= 0.
    if a == 0:
        return _linear(b, c)
    inner = b * b - a * c
    if inner < 0 or (inner == 0 and a < 0):
        return RealSet((EVERYWHERE,) if a < 0 else ())
    root = math.sqrt(inner)
    # The stable pair of roots: no difference of nearly equal numbers.
    far = b + math.copysign(root, b)
    ends = sorted((far / a, c / far if far else 0.0))
    if a > 0:
        return RealSet(((ends[0], ends[1]),))
    return RealSet(((-math.inf, ends[0]), (ends[1], math.inf)))


def _linear(b: float, c: float) -> RealSet:
    """All x with -2 b x + c <= 0."""
    if b == 0:
        return RealSet((EVERYWHERE,) if c <= 0 else ())
    edge = c / (2 * b)
    return RealSet(((edge, math.inf),) if b > 0 else ((-math.inf, edge),))
