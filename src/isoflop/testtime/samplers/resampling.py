"""Weights of particles: from scores, normalised, their effective number, and who lives on."""

from typing import Any, Final, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import InputError

Array = NDArray[Any]

Weight = Literal["score", "odds"]
Scheme = Literal["multinomial", "systematic"]

ODDS_CLIP: Final = 1e-7
"""Distance from 0 and 1 at which its_hub clips a score before it takes the odds."""


def check_word(name: str, word: str, allowed: Any) -> None:  # noqa: ANN401  # a Literal is no type of its own
    """Refuse a word that is not one of a Literal's.

    Raises:
        InputError: it is not.
    """
    if word not in get_args(allowed):
        raise InputError(f"{name} = {word!r} is unknown. Write one of {', '.join(get_args(allowed))}.")


def step_weights(scores: ArrayLike, weight: Weight = "score") -> Array:
    """Log weight of a score: `ln r` as in the paper, or `ln r/(1 − r)` as in its library, which is sharper.

    Reference: Puri et al. 2025, arXiv:2502.01618, algorithm ("score"); its_hub 1.2.0 ("odds", clipped at 1e-7).

    Args:
        scores: r, chance that a beginning is right, 0 to 1, shape (particles,).
        weight: which of the two.

    Returns:
        Log weights; −inf where the score is 0 and the weight is the score.

    Raises:
        InputError: a score is no probability, or the weight is unknown.

    >>> from_scores = [normalised(step_weights([0.9, 0.6, 0.3, 0.05], w)) for w in ("score", "odds")]
    >>> [w.round(4).tolist() for w in from_scores]
    [[0.4865, 0.3243, 0.1622, 0.027], [0.8196, 0.1366, 0.039, 0.0048]]
    """
    check_word("weight", weight, Weight)
    r = np.asarray(scores, dtype=float)
    wrong = ~((r >= 0) & (r <= 1))
    if wrong.any():
        raise InputError(
            f"The score {r[wrong].flat[0]} is no probability. Return numbers from 0 to 1, such as 1/(1 + exp(-reward))."
        )
    if weight == "odds":
        r = np.clip(r, ODDS_CLIP, 1 - ODDS_CLIP)
        return np.asarray(np.log(r) - np.log1p(-r))
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(r))


def normalised(log_weights: ArrayLike) -> Array:
    """Weights that add to 1.

    Raises:
        InputError: none is above 0, or one is no number.

    >>> normalised([0.0, 0.0, -np.inf])
    array([0.5, 0.5, 0. ])
    """
    logs = np.asarray(log_weights, dtype=float)
    if logs.size == 0 or np.isnan(logs).any() or not np.isfinite(logs.max()):
        raise InputError("No particle has a weight above 0. Use more particles, or scores that are never all 0.")
    weights = np.exp(logs - logs.max())
    return np.asarray(weights / weights.sum())


def effective_particles(log_weights: ArrayLike) -> float:
    """Kish's effective sample size, `1/Σ W²` of the normalised weights.

    >>> round(effective_particles(step_weights([0.9, 0.6, 0.3, 0.05])), 3)
    2.711
    >>> round(effective_particles(step_weights([0.9, 0.6, 0.3, 0.05], "odds")), 3)
    1.445
    """
    return float(1 / np.square(normalised(log_weights)).sum())


def resample(weights: ArrayLike, count: int, *, rng: np.random.Generator, scheme: Scheme = "multinomial") -> Array:
    """Places of the particles that live on.

    Args:
        weights: chances, adding to 1, shape (particles,).
        count: how many to draw.
        rng: random state.
        scheme: "multinomial" as in the source; "systematic" spreads one uniform number and varies less.

    Returns:
        Places, shape (count,), in rising order under "systematic".

    Raises:
        InputError: the scheme is unknown, or a weight is negative, missing, or all are 0.

    >>> resample([0.0, 0.5, 0.5], 4, rng=np.random.default_rng(0), scheme="systematic")
    array([1, 1, 2, 2])
    """
    check_word("scheme", scheme, Scheme)
    chances = np.asarray(weights, dtype=float)
    if chances.ndim != 1 or not (chances >= 0).all() or not 0 < chances.sum() < np.inf or count < 0:
        raise InputError(f"{chances.size} weights to draw {count} from: give numbers of 0 or more, not all 0.")
    edges = np.cumsum(chances)
    at = rng.random(count) if scheme == "multinomial" else (np.arange(count) + rng.random()) / count
    # The last edge is 1 up to rounding; no particle of weight 0 is ever drawn.
    return np.searchsorted(edges / edges[-1], at, side="right").astype(np.int64)
