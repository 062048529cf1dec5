"""Sloth: many benchmarks of many families through a few skills that grow with size and tokens alike everywhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import ColumnError, FitError
from isoflop.fit.estimate import Correction, Estimate, estimate_from_draws
from isoflop.methods.sloth_search import Shape, Task, sigmoid
from isoflop.units import parse_quantity

Array = NDArray[Any]

CHANCE: Final = MappingProxyType(
    {
        "mmlu": 0.25, "hellaswag": 0.25, "winogrande": 0.5, "gsm8k": 0.0, "arc": 0.25, "truthfulqa": 0.31,
        "ifeval": 0.0, "math": 0.0, "mmlu-pro": 0.1, "gpqa": 0.25,
    }
)  # fmt: skip
"""Scores of guessing that the source uses."""

_PARAMS, _TOKENS = 1e9, 1e12
MOST: Final = 1.5
"""Scores above it are percent: noise and normalisation may leave 0 to 1, but not by as much."""

NOT_IN: Final = (
    "how much the efficiency of a family of one model may differ: it is fitted to that model alone",
    "that models beyond the largest may leave the sigmoid",
    "the noise of a single model's score",
)


@dataclass(frozen=True, eq=False)
class Sloth:
    """A fitted Sloth: `mu = C + (1 - C) sigma(Lambda theta + b)`, `theta = alpha_f + B x`.

    Args:
        benchmarks: names.
        families: names.
        chance: C, score of guessing of each benchmark, shape (benchmarks,).
        loadings: Lambda, the first benchmarks' being the unit matrix, shape (benchmarks, skills).
        offsets: b, shape (benchmarks,).
        slopes: B on (log N/1e9, log T/1e12, their product), shape (skills, 3).
        efficiency: alpha, mean zero over families, shape (families, skills).
        mean_abs_error: on the scores that were fitted.
        scores: how many were fitted.
        draws: all coefficients under resampled models, shape (draws, coefficients).
    """

    benchmarks: tuple[str, ...]
    families: tuple[str, ...]
    chance: Array
    loadings: Array
    offsets: Array
    slopes: Array
    efficiency: Array
    mean_abs_error: float
    scores: int
    draws: Array

    def skills(self, family: str, params: float | str, tokens: float | str) -> Array:
        """Skills of a model, shape (skills,).

        Raises:
            ColumnError: the family was not fitted.
        """
        if family not in self.families:
            raise ColumnError(
                f"Family {family!r} was not among the models; known: {', '.join(self.families)}. "
                "Fit again with at least one model of it."
            )
        x = _features(np.array([parse_quantity(params)]), np.array([parse_quantity(tokens)]))
        return np.asarray(self.efficiency[self.families.index(family)] + (x @ self.slopes.T)[0])

    def predict(self, family: str, params: float | str, tokens: float | str) -> Mapping[str, float]:
        """Score of every benchmark for a model of a fitted family.

        Args:
            family: its family.
            params: parameters N.
            tokens: training tokens T.

        Returns:
            Benchmark → score, a fraction.
        """
        z = self.loadings @ self.skills(family, params, tokens) + self.offsets
        return dict(zip(self.benchmarks, (self.chance + (1 - self.chance) * sigmoid(z)).tolist(), strict=True))

    def forecast(
        self, family: str, params: float | str, tokens: float | str, *, level: float = 0.9
    ) -> Mapping[str, Estimate]:
        """Score of every benchmark for a model of a fitted family, with an interval.

        Args:
            family: its family.
            params: parameters N.
            tokens: training tokens T.
            level: confidence level.

        Returns:
            Benchmark → score, with the interval of the fitted curve under resampled models.

        Raises:
            FitError: the fit has no draws.
        """
        point = self.predict(family, params, tokens)
        if len(self.draws) < 2:
            raise FitError("This fit has no draws, so it gives no intervals. Fit again with draws=100.")
        shape = Shape(len(self.benchmarks), len(self.families), self.slopes.shape[0])
        place = np.array([self.families.index(family)])
        design = (_features(np.array([parse_quantity(params)]), np.array([parse_quantity(tokens)])), place)
        drawn = shape.model(self.draws, design, self.chance)[:, 0]
        correction = Correction(self.scores, shape.size)
        return {
            name: estimate_from_draws(
                point[name], drawn[:, j], level=level, correction=correction, leaves_out=NOT_IN, unit="fraction"
            )
            for j, name in enumerate(self.benchmarks)
        }


def fit_sloth(
    scores: Mapping[str, ArrayLike],
    families: Sequence[str],
    params: ArrayLike,
    tokens: ArrayLike,
    *,
    rng: np.random.Generator,
    skills: int = 2,
    chance: Mapping[str, float] = CHANCE,
    starts: int = 3,
    draws: int = 0,
) -> Sloth:
    """Fit skills to benchmark scores of many families by the smooth L1 loss of the source.

    Intervals come from Bayesian weights of whole models: all scores of a model weigh alike.

    Reference: Maia Polo et al. 2024, arXiv:2412.06540.

    Args:
        scores: benchmark → scores of the models, fractions, NaN where missing.
        families: family of each model.
        params: parameters N.
        tokens: training tokens T.
        rng: random state of the starts and of the resampling.
        skills: number of skills, at most the number of benchmarks.
        chance: benchmark → score of guessing, in lower case; 0 where it is not named.
        starts: searches from random starts, of which the best is kept.
        draws: refits behind the intervals of `forecast`; none unless asked for.

    Returns:
        The fit.

    Raises:
        FitError: more skills than benchmarks, fewer scores than coefficients, scores in percent, or a model
            without size or tokens.
    """
    names, levels = tuple(scores), tuple(sorted(set(families)))
    y = np.stack([np.asarray(values, dtype=float) for values in scores.values()], axis=1)
    shape = Shape(len(names), len(levels), skills)
    if not 1 <= skills <= len(names):
        raise FitError(f"{skills} skills cannot stand behind {len(names)} benchmarks. Ask for 1 to {len(names)}.")
    known = np.isfinite(y)
    if known.sum() <= shape.size - len(levels) * skills:
        raise FitError(
            f"{int(known.sum())} scores are too few for {shape.size} coefficients. Ask for fewer skills, or add models."
        )
    floor = np.array([chance.get(name.lower(), 0.0) for name in names])
    x = _checked(y, np.asarray(params, float), np.asarray(tokens, float))
    place = np.searchsorted(levels, families)
    order = np.argsort(place, kind="stable")
    task = Task(shape, y[order], (x[order], place[order]), floor)
    found, value = task.search(np.stack([shape.start(rng) for _ in range(starts)]), np.ones((starts, len(y))))
    best = found[np.argmin(value)]
    weights = rng.standard_exponential((draws, len(y)))
    weights /= weights.mean(axis=1, keepdims=True)
    drawn, _ = task.search(np.tile(best, (draws, 1)), weights[:, order])
    loadings, offsets, slopes, efficiency = shape.parts(best)
    middle = efficiency.mean(axis=0)
    error = float(np.mean(np.abs(shape.model(best, (x, place), floor) - y)[known]))
    return Sloth(
        names, levels, floor, loadings, offsets + loadings @ middle, slopes, efficiency - middle, error,
        int(known.sum()), drawn,
    )  # fmt: skip


def _checked(scores: Array, params: Array, tokens: Array) -> Array:
    """Features of the models, all of them usable."""
    if np.nanmax(scores) > MOST:
        raise FitError(f"Scores are fractions, but one is {np.nanmax(scores):g}. Divide percent by 100.")
    lost = np.flatnonzero(~(np.isfinite(params) & np.isfinite(tokens) & (params > 0) & (tokens > 0)))
    if len(lost):
        raise FitError(f"Model {lost[0]} has no size or no tokens above zero. Add them, or leave the model out.")
    return _features(params, tokens)


def _features(params: Array, tokens: Array) -> Array:
    """Logarithms of size and tokens, and their product, shape (models, 3)."""
    n, t = np.log(params / _PARAMS), np.log(tokens / _TOKENS)
    return np.stack([n, t, n * t], axis=1)
