"""The compute-optimal size of any law in N and D, for a batch of parameter draws at once.

Along `C = 6 N D` the optimum satisfies `N dL/dN = D dL/dD`. Where the ratio of the two sides is a
power of N times a power of D the optimum has a closed form, found from the formula; else all local
minima on a searched range are found from sign changes of the slope and polished by Newton steps.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import LawError
from isoflop.laws.isocurve import BoundCurve, bind_curve
from isoflop.laws.law import Law
from isoflop.units import FLOPS_PER_PARAM_TOKEN

Array = NDArray[Any]

RATIOS: Final = (1e-4, 1e8)
"""Tokens per parameter between which a numeric search looks when nothing else is said."""

GRID: Final = 64
ELEMENTS: Final = 1 << 15


class Status(IntEnum):
    """What a search for the optimum found."""

    INTERIOR = 0
    AT_SMALLEST = 1
    AT_LARGEST = 2
    UNDEFINED = 3

    def __str__(self) -> str:
        """In words."""
        return {
            Status.INTERIOR: "interior optimum",
            Status.AT_SMALLEST: "no interior optimum: the smallest model searched is best",
            Status.AT_LARGEST: "no interior optimum: the largest model searched is best",
            Status.UNDEFINED: "no optimum: the law has no finite minimum there",
        }[self]


@dataclass(frozen=True)
class Optimum:
    """Compute-optimal allocations; arrays of one shape, NaN where there is no interior optimum.

    Args:
        params: N*.
        tokens: D* = C/(6 N*).
        loss: the law's loss there.
        flops: C.
        exponent: d ln N*/d ln C, the `a` of N* ∝ C^a; constant where a closed form exists.
        status: a `Status` per element.
        lower_elsewhere: whether the law is lower still at an end of the searched range.
        closed_form: whether the optimum is a formula rather than a search.
    """

    params: Array
    tokens: Array
    loss: Array
    flops: Array
    exponent: Array
    status: Array
    lower_elsewhere: Array
    closed_form: bool

    def words(self) -> str:
        """Status of a single optimum in words."""
        return str(Status(int(np.asarray(self.status).ravel()[0])))


def compute_optimum(
    law: Law,
    theta: ArrayLike,
    flops: ArrayLike,
    *,
    columns: Mapping[str, float] | None = None,
    ratios: tuple[float, float] = RATIOS,
) -> Optimum:
    """Size and data with the least loss at given training compute.

    `N* = argmin L(N, C/(6N))`; for `E + A/N^alpha + B/D^beta` this is
    `N* = G (C/6)^(beta/(alpha+beta))`, `G = (alpha A/(beta B))^(1/(alpha+beta))`.

    Reference: Hoffmann et al. 2022, approach 3, eq. 4.

    Args:
        law: a law with params and tokens, or one of them with flops.
        theta: parameters in the order of `law.parameter_names`, shape (…, p).
        flops: training compute C, scalar or shape (k,).
        columns: word → value of the law's other columns.
        ratios: tokens per parameter between which laws without a closed form are searched.

    Returns:
        The optimum, shape (…) for scalar flops, else (…, k).

    Raises:
        LawError: the law does not depend on both size and data, or flops are not positive.
        ColumnError: another column of the law has no value.

    >>> from isoflop import laws
    >>> law = laws.get("chinchilla")
    >>> epoch = law.published_set("epoch-2024").values
    >>> best = compute_optimum(law, [epoch[name] for name in law.parameter_names], 5.76e23)
    >>> round(float(best.tokens / best.params), 2), round(float(best.loss), 4)
    (18.39, 1.9744)
    """
    values, budgets = np.asarray(theta, dtype=float), np.asarray(flops, dtype=float)
    if not np.all((budgets > 0) & np.isfinite(budgets)):
        raise LawError(f"Training compute must be positive and finite, not {budgets}. Give FLOPs, such as 1e21.")
    lead = values.shape[:-1]
    curve = bind_curve(law, values.reshape(-1, values.shape[-1]), columns)
    c = np.broadcast_to(np.log(budgets / FLOPS_PER_PARAM_TOKEN).reshape(1, -1), (curve.draws, budgets.size))
    found = optimum_on(curve, c, ratios)
    shape = (*lead, *budgets.shape)
    arrays: dict[str, Any] = {name: a.reshape(shape) for name, a in vars(found).items() if isinstance(a, np.ndarray)}
    return replace(found, **arrays)


def optimum_on(curve: BoundCurve, c: Array, ratios: tuple[float, float] = RATIOS) -> Optimum:
    """Optimum of a bound curve at `c = ln(C/6)`, shape (draws, k); see `compute_optimum`."""
    closed = curve.closed_form()
    elsewhere = np.zeros(c.shape, dtype=bool)
    if closed is None:
        x, status, elsewhere = _search(curve, c, ratios)
    else:
        x, status = closed[0] * c + closed[1], np.full(c.shape, int(Status.INTERIOR), dtype=np.int8)
    return _summary(curve, x, c, status, elsewhere)


def _summary(curve: BoundCurve, x: Array, c: Array, status: Array, elsewhere: Array) -> Optimum:
    """Evaluate the law at the optima, and refuse those that are no minimum."""
    local = curve.at(x, c)
    with np.errstate(all="ignore"):
        # A kink (max, min) has no bend; a smooth stationary point must bend upwards.
        minimum = np.isfinite(local.loss) & ((local.bend > 0) | (curve.curve.condition is None))
        status = np.where((status == Status.INTERIOR) & ~minimum, np.int8(Status.UNDEFINED), status)
        good = status == Status.INTERIOR
        x = np.where(good, x, np.nan)
        return Optimum(
            params=np.exp(x),
            tokens=np.exp(c - x),
            loss=np.where(good, local.loss, np.nan),
            flops=FLOPS_PER_PARAM_TOKEN * np.exp(c),
            exponent=np.where(good, -local.cross / local.bend, np.nan),
            status=status,
            lower_elsewhere=elsewhere & good,
            closed_form=curve.curve.condition is not None,
        )


def _search(curve: BoundCurve, c: Array, ratios: tuple[float, float]) -> tuple[Array, Array, Array]:
    """Lowest local minimum of every draw at every budget: `x`, status, whether an end is lower."""
    # ln(D/N) = c - 2x: the highest ratio is the smallest model.
    offsets = -0.5 * np.linspace(math.log(ratios[1]), math.log(ratios[0]), GRID)
    size = max(ELEMENTS // (GRID * c.shape[1]), 1)
    parts = [
        _search_some(curve.take(slice(k, k + size)), c[k : k + size], offsets) for k in range(0, curve.draws, size)
    ]
    x, status, elsewhere = (np.concatenate(column) for column in zip(*parts, strict=True))
    return x, status, elsewhere


def _search_some(curve: BoundCurve, c: Array, offsets: Array) -> tuple[Array, Array, Array]:
    """Search a few draws: grid, sign changes of the slope, polish."""
    rows = len(c)
    grid = 0.5 * c[..., None] + offsets
    wide = curve.at(grid.reshape(rows, -1), np.repeat(c, GRID, axis=1))
    loss, slope = wide.loss.reshape(grid.shape), wide.slope.reshape(grid.shape)
    valley = (slope[..., :-1] < 0) & (slope[..., 1:] >= 0)
    lowest = np.where(np.isfinite(loss), loss, np.inf)
    depth = np.where(valley, np.minimum(lowest[..., :-1], lowest[..., 1:]), np.inf)
    place = depth.argmin(axis=-1)[..., None]
    found = np.isfinite(np.take_along_axis(depth, place, -1)[..., 0])
    low, high = np.take_along_axis(grid, place, -1)[..., 0], np.take_along_axis(grid, place + 1, -1)[..., 0]
    x = _polish(curve, c, low, high)
    ends = np.minimum(lowest[..., 0], lowest[..., -1])
    with np.errstate(invalid="ignore"):
        elsewhere = found & (ends < curve.at(x, c).loss)
    edge = np.where(lowest[..., 0] < lowest[..., -1], int(Status.AT_SMALLEST), int(Status.AT_LARGEST))
    status = np.where(found, int(Status.INTERIOR), np.where(np.isfinite(ends), edge, int(Status.UNDEFINED)))
    return x, status.astype(np.int8), elsewhere


def _polish(curve: BoundCurve, c: Array, low: Array, high: Array) -> Array:
    """Root of the slope between two points with a sign change: Newton, bisection where that leaves."""
    x = 0.5 * (low + high)
    for _ in range(60):
        local = curve.at(x, c)
        below = local.slope < 0
        low, high = np.where(below, x, low), np.where(below, high, x)
        with np.errstate(all="ignore"):
            step = x - local.slope / local.bend
        inside = (step > low) & (step < high)
        moved = np.where(inside, step, 0.5 * (low + high))
        change = np.abs(moved - x).max(initial=0.0)
        x = moved
        if not change > 1e-12:
            break
    return x
