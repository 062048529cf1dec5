"""Projektor: loss of a mixture of sources from optimal transport to the target, projected to larger data."""

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import FitError, RangeWarning
from isoflop.fit.estimate import Correction, Estimate, estimate_from_draws
from isoflop.methods.transport import Transport, share_gradient, transport
from isoflop.uncertainty.bootstrap import draw_weights

Array = NDArray[Any]

RATE: Final = 5e-4
ITERATIONS: Final = 100
"""Step and number of steps of the selection, as in the paper."""

NOT_IN: Final = (
    "that other shares may be best: the interval is at the shares that were chosen",
    "that they were chosen because their loss came out low",
    "that the line in ln N may bend",
)
"""What the intervals of a selection do not contain."""


@dataclass(frozen=True)
class PilotFit:
    """Loss at one pilot size against the shares of sources and the transport distance.

    Args:
        size: samples of the pilots.
        sources: number of sources.
        coefficients: b2, b1 of every source, b0, c2, c1 of every source, c0.
        residuals: loss minus fit of every pilot.
        draws: coefficients under Bayesian weights of the pilots, shape (draws, coefficients), or None.
    """

    size: float
    sources: int
    coefficients: Array
    residuals: Array
    draws: Array | None = None

    def predict(self, shares: ArrayLike, distance: ArrayLike) -> Array:
        """Losses at this size, shape (n,)."""
        return _features(np.atleast_2d(np.asarray(shares, dtype=float)), np.atleast_1d(distance)) @ self.coefficients


def _features(shares: Array, distance: Array) -> Array:
    """Columns of the regression: `p_i^2, p_i, 1` times the distance, and alone."""
    alone = np.concatenate([shares**2, shares, np.ones((len(shares), 1))], axis=1)
    return np.concatenate([alone * np.asarray(distance, dtype=float)[:, None], alone], axis=1)


def fit_pilots(
    shares: ArrayLike,
    distance: ArrayLike,
    loss: ArrayLike,
    *,
    size: float,
    rng: np.random.Generator | None = None,
    draws: int = 300,
) -> PilotFit:
    """Least squares at one pilot size.

    `L(p) = (sum_i b2_i p_i^2 + b1_i p_i + b0) OT(p) + sum_i c2_i p_i^2 + c1_i p_i + c0`. As shares
    sum to one, the smallest of the equal solutions is taken.

    Reference: Kang et al. 2023, arXiv:2307.02460, eq. 4.

    Args:
        shares: shares of the sources, shape (pilots, sources).
        distance: transport distance of every pilot's data to the target.
        loss: loss of every pilot.
        size: samples of a pilot.
        rng: random state of the resampling of pilots; no draws when None.
        draws: refits behind the intervals of a selection.

    Returns:
        The fit.

    Raises:
        FitError: fewer pilots than independent coefficients.
    """
    p, values = np.atleast_2d(np.asarray(shares, dtype=float)), np.asarray(loss, dtype=float)
    features = _features(p, np.asarray(distance, dtype=float))
    needed = 4 * p.shape[1]
    if len(values) < needed:
        raise FitError(f"{len(values)} pilots for {needed} independent coefficients. Train at least {needed} mixtures.")
    coefficients = np.linalg.lstsq(features, values, rcond=1e-10)[0]
    drawn = None
    if rng is not None:
        roots = np.sqrt(draw_weights(rng, draws, len(values), "bayes", None))
        drawn = np.stack([np.linalg.lstsq(features * r[:, None], values * r, rcond=1e-10)[0] for r in roots])
    return PilotFit(float(size), p.shape[1], coefficients, values - features @ coefficients, drawn)


def project(low: float | Array, high: float | Array, sizes: tuple[float, float], size: float) -> Array:
    """Loss at another size from the losses at two, log-linear.

    `L(N) = [ln(N/N0) L(N1) - ln(N/N1) L(N0)]/ln(N1/N0)`; a straight line in ln N, which falls
    below every floor far out: read it near the pilots.

    Reference: Kang et al. 2023, arXiv:2307.02460, theorem 1.

    Args:
        low: loss at the smaller pilot size N0.
        high: loss at the larger pilot size N1.
        sizes: N0 and N1.
        size: N.

    Returns:
        The loss at N.

    Raises:
        FitError: a size is not positive, or the pilots are not of two sizes, the smaller first.

    >>> float(project(2.0, 1.5, (1e3, 1e4), 1e5))
    1.0
    """
    small, large = sizes
    if not 0 < small < large:
        raise FitError(f"Pilot sizes {small:g} and {large:g} give no line. Give two positive sizes, the smaller first.")
    if not size > 0:
        raise FitError(f"Nothing can be projected to {size:g} samples. Give a positive size.")
    slope = math.log(size / small) / math.log(large / small)
    return np.asarray(slope * np.asarray(high) + (1 - slope) * np.asarray(low))


@dataclass(frozen=True)
class Selection:
    """Shares of the sources that the projection likes best.

    Args:
        shares: share of every source.
        loss: projected loss there.
        start_loss: projected loss at equal shares.
        distance: transport distance there.
        slopes: slope of that distance in every share; the lowest source is the one to add.
        size: samples that were projected to.
        projected: the projected loss there with its interval; None where the pilots have no draws.
        gain: how much it lies below the loss at equal shares, with its interval; None likewise.
    """

    shares: Array
    loss: float
    start_loss: float
    distance: float
    slopes: Array
    size: float
    projected: Estimate | None
    gain: Estimate | None


def select_sources(
    pilots: tuple[PilotFit, PilotFit],
    sources: Sequence[Array],
    target: Array,
    *,
    size: float,
    rate: float = RATE,
    iterations: int = ITERATIONS,
    level: float = 0.9,
) -> Selection:
    """Choose shares by projected gradient on the projected loss.

    The gradient of the transport distance comes from its dual; shares are put back on the simplex
    after every step, and the best point on the way is kept.

    Reference: Kang et al. 2023, arXiv:2307.02460, sec. 3.3.

    Args:
        pilots: fits at the smaller and the larger pilot size.
        sources: features of every source's sample.
        target: features of the validation sample.
        size: samples to project to.
        rate: length of a step, in shares per unit of slope.
        iterations: steps.
        level: confidence level of the intervals.

    Returns:
        The best shares found; with intervals of the loss where the pilots were fitted with draws.

    Raises:
        MissingExtraError: POT is not installed.

    Warns:
        RangeWarning: the projected loss is zero or below, which no loss can be.
    """
    points = np.concatenate(list(sources))
    source = np.repeat(np.arange(len(sources)), [len(part) for part in sources])
    counts = np.bincount(source)
    sizes = (pilots[0].size, pilots[1].size)

    def moved(p: Array) -> Transport:
        return transport(points, target, weights=np.maximum(p, 1e-12)[source] / counts[source])

    def at(p: Array) -> tuple[float, Array]:
        found = moved(p)
        loss, by_share, by_distance = _projected(pilots, sizes, size, p, found.distance)
        # A constant in the dual moves all shares alike, which the simplex undoes.
        return loss, by_share + by_distance * np.bincount(source, weights=found.dual) / counts

    loss, p, first = _descend(at, np.full(len(sources), 1 / len(sources)), rate, iterations)
    best = moved(p)
    if loss <= 0:
        warnings.warn(
            f"The line through pilots of {sizes[0]:g} and {sizes[1]:g} samples reaches a loss of {loss:.3g} at "
            f"{size:g}. Project less far, or train larger pilots.",
            RangeWarning,
            stacklevel=2,
        )
    equal = np.full(len(sources), 1 / len(sources))
    projected, gain = _intervals(pilots, (p, equal), (best.distance, moved(equal).distance), size, level)
    return Selection(p, loss, first, best.distance, share_gradient(best.dual, source, p), size, projected, gain)


def _intervals(
    pilots: tuple[PilotFit, PilotFit], shares: tuple[Array, Array], distance: tuple[float, float], size: float,
    level: float,
) -> tuple[Estimate | None, Estimate | None]:  # fmt: skip
    """The projected loss at the first shares, and how much lower it is than at the second, over paired draws."""
    drawings = [fit.draws for fit in pilots if fit.draws is not None]
    if len(drawings) < 2:
        return None, None
    count = min(map(len, drawings))
    features = _features(np.stack(shares), np.array(distance))
    sizes = (pilots[0].size, pilots[1].size)
    losses = [
        [features @ fit.coefficients, own[:count] @ features.T] for fit, own in zip(pilots, drawings, strict=True)
    ]
    point, drawn = (project(low, high, sizes, size) for low, high in zip(*losses, strict=True))
    few = min(pilots, key=lambda fit: len(fit.residuals))
    correction = Correction(len(few.residuals), 4 * few.sources)

    def estimate(value: Array, draws: Array) -> Estimate:
        return estimate_from_draws(float(value), draws, level=level, correction=correction, leaves_out=NOT_IN)

    return estimate(point[0], drawn[:, 0]), estimate(point[1] - point[0], drawn[:, 1] - drawn[:, 0])


def _projected(
    pilots: tuple[PilotFit, PilotFit], sizes: tuple[float, float], size: float, p: Array, distance: float
) -> tuple[float, Array, float]:
    """Projected loss, and its slopes in the shares at equal distance and in the distance."""
    parts = []
    for fit in pilots:
        m = fit.sources
        b, c = fit.coefficients[: 2 * m + 1], fit.coefficients[2 * m + 1 :]
        alone = np.concatenate([p**2, p, [1.0]])
        slopes = [2 * p * side[:m] + side[m : 2 * m] for side in (b, c)]
        parts.append([alone @ b * distance + alone @ c, slopes[0] * distance + slopes[1], alone @ b])
    loss, by_share, by_distance = (project(a, b, sizes, size) for a, b in zip(*parts, strict=True))
    return float(loss), by_share, float(by_distance)


def _descend(
    at: Callable[[Array], tuple[float, Array]], p: Array, rate: float, iterations: int
) -> tuple[float, Array, float]:
    """Projected gradient: the best loss on the way, its point, and the loss at the start."""
    first, slope = at(p)
    best = first, p
    for _ in range(iterations):
        p = onto_simplex(p - rate * slope)
        loss, slope = at(p)
        if loss < best[0]:
            best = loss, p
    return *best, first


def onto_simplex(values: Array) -> Array:
    """Nearest point with non-negative entries that sum to one.

    >>> onto_simplex(np.array([0.9, 0.5, -0.2])).round(12).tolist()
    [0.7, 0.3, 0.0]
    """
    falling = np.sort(values)[::-1]
    excess = (np.cumsum(falling) - 1) / np.arange(1, len(values) + 1)
    level = excess[np.flatnonzero(falling > excess)[-1]]
    return np.asarray(np.maximum(values - level, 0.0))
