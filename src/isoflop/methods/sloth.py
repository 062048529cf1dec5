"""Sloth: many benchmarks of many families through a few skills that grow with size and tokens alike everywhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import ColumnError, FitError
from isoflop.fit.estimate import Correction, Estimate, estimate_from_draws
from isoflop.units import parse_quantity

Array = NDArray[Any]

WIDTH: Final = 0.01
"""Width of the smooth L1 loss: beta of the source."""

CHANCE: Final = MappingProxyType(
    {
        "mmlu": 0.25, "hellaswag": 0.25, "winogrande": 0.5, "gsm8k": 0.0, "arc": 0.25, "truthfulqa": 0.31,
        "ifeval": 0.0, "math": 0.0, "mmlu-pro": 0.1, "gpqa": 0.25,
    }
)  # fmt: skip
"""Scores of guessing that the source uses."""

_PARAMS, _TOKENS = 1e9, 1e12
STEPS: Final = 100
"""Evaluations of one search."""

MOST: Final = 1.5
"""Scores above it are percent: noise and normalisation may leave 0 to 1, but not by as much."""

_RIDGE: Final = 1e-4
"""Weight of a penalty that only settles what the data leave open (families of one model, rotations)."""

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
        return dict(zip(self.benchmarks, (self.chance + (1 - self.chance) * _sigmoid(z)).tolist(), strict=True))

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
        shape = _Shape(len(self.benchmarks), len(self.families), self.slopes.shape[0])
        place = np.array([self.families.index(family)])
        design = (_features(np.array([parse_quantity(params)]), np.array([parse_quantity(tokens)])), place)
        drawn = np.stack([shape.model(v, design, self.chance)[0] for v in self.draws])
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
        draws: refits behind the intervals of `forecast`; each costs up to one search, so none unless asked for.

    Returns:
        The fit.

    Raises:
        FitError: more skills than benchmarks, fewer scores than coefficients, scores in percent, or a model
            without size or tokens.
    """
    names, levels = tuple(scores), tuple(sorted(set(families)))
    y = np.stack([np.asarray(values, dtype=float) for values in scores.values()], axis=1)
    shape = _Shape(len(names), len(levels), skills)
    if not 1 <= skills <= len(names):
        raise FitError(f"{skills} skills cannot stand behind {len(names)} benchmarks. Ask for 1 to {len(names)}.")
    known = np.isfinite(y)
    if known.sum() <= shape.size - len(levels) * skills:
        raise FitError(
            f"{int(known.sum())} scores are too few for {shape.size} coefficients. Ask for fewer skills, or add models."
        )
    floor = np.array([chance.get(name.lower(), 0.0) for name in names])
    x = _checked(y, np.asarray(params, float), np.asarray(tokens, float))
    task = _Task(shape, y, (x, np.searchsorted(levels, families)), floor)
    even = np.ones(len(y))
    best = min((task.search(shape.start(rng), even) for _ in range(starts)), key=lambda one: one[1])[0]
    weights = rng.standard_exponential((draws, len(y)))
    drawn = [task.search(best, own / own.mean())[0] for own in weights]
    loadings, offsets, slopes, efficiency = shape.parts(best)
    middle = efficiency.mean(axis=0)
    error = float(np.mean(np.abs(shape.model(best, task.design, floor) - y)[known]))
    return Sloth(
        names, levels, floor, loadings, offsets + loadings @ middle, slopes, efficiency - middle, error,
        int(known.sum()), np.reshape(drawn, (draws, shape.size)),
    )  # fmt: skip


def _checked(scores: Array, params: Array, tokens: Array) -> Array:
    """Features of the models, all of them usable."""
    if np.nanmax(scores) > MOST:
        raise FitError(f"Scores are fractions, but one is {np.nanmax(scores):g}. Divide percent by 100.")
    lost = np.flatnonzero(~(np.isfinite(params) & np.isfinite(tokens) & (params > 0) & (tokens > 0)))
    if len(lost):
        raise FitError(f"Model {lost[0]} has no size or no tokens above zero. Add them, or leave the model out.")
    return _features(params, tokens)


@dataclass(frozen=True, eq=False)
class _Task:
    """What is fitted: scores, NaN where missing, and the models that have them."""

    shape: "_Shape"
    scores: Array
    design: tuple[Array, Array]
    floor: Array

    def search(self, start: Array, weights: Array) -> tuple[Array, float]:
        """Coefficients under weights of the models, and the objective there."""
        from scipy.optimize import least_squares

        known = np.isfinite(self.scores)
        weigh = np.append(np.broadcast_to(weights[:, None], known.shape)[known], np.ones(self.shape.size))

        def residuals(v: Array) -> Array:
            return np.concatenate([(self.shape.model(v, self.design, self.floor) - self.scores)[known], _RIDGE * v])

        def slopes_of(v: Array) -> Array:
            slopes = self.shape.jacobian(v, self.design, self.floor)[known]
            return np.concatenate([slopes, _RIDGE * np.eye(self.shape.size)])

        def loss(z: Array) -> Array:
            # Huber's loss of the squared residual with its two slopes, each model by its weight.
            far = np.maximum(z, 1.0)
            bent = np.stack([2 * np.sqrt(far) - 1, far**-0.5, -0.5 * far**-1.5])
            return np.asarray(weigh * np.where(z <= 1, np.stack([z, np.ones_like(z), np.zeros_like(z)]), bent))

        options: dict[str, Any] = {"jac": slopes_of, "loss": loss, "f_scale": WIDTH, "max_nfev": STEPS, "ftol": 1e-7}
        found = least_squares(residuals, start, **options)
        return np.asarray(found.x), float(found.cost)


@dataclass(frozen=True)
class _Shape:
    """How the coefficients lie in one vector."""

    benchmarks: int
    families: int
    skills: int

    @property
    def size(self) -> int:
        """Number of coefficients."""
        k = self.skills
        return (self.benchmarks - k) * k + self.benchmarks + 3 * k + self.families * k

    def parts(self, v: Array) -> tuple[Array, Array, Array, Array]:
        """Loadings, offsets, slopes, efficiencies."""
        k, j = self.skills, self.benchmarks
        free, offsets, slopes, efficiency = np.split(v, np.cumsum([(j - k) * k, j, 3 * k]))
        loadings = np.concatenate([np.eye(k), free.reshape(j - k, k)])
        return loadings, offsets, slopes.reshape(k, 3), efficiency.reshape(self.families, k)

    def start(self, rng: np.random.Generator) -> Array:
        """Random coefficients near what benchmarks usually do."""
        v = rng.normal(0.0, 0.1, self.size)
        free = (self.benchmarks - self.skills) * self.skills
        v[:free] += 1.0 / self.skills
        v[free + self.benchmarks : free + self.benchmarks + 3 * self.skills] += np.tile([0.4, 0.3, 0.0], self.skills)
        return v

    def model(self, v: Array, design: tuple[Array, Array], floor: Array) -> Array:
        """Scores of all models, shape (models, benchmarks)."""
        loadings, offsets, slopes, efficiency = self.parts(v)
        theta = efficiency[design[1]] + design[0] @ slopes.T
        return np.asarray(floor + (1 - floor) * _sigmoid(theta @ loadings.T + offsets))

    def jacobian(self, v: Array, design: tuple[Array, Array], floor: Array) -> Array:
        """Slopes of all scores in all coefficients, shape (models, benchmarks, size)."""
        loadings, offsets, slopes, efficiency = self.parts(v)
        x, family = design
        theta = efficiency[family] + x @ slopes.T
        share = _sigmoid(theta @ loadings.T + offsets)
        rate = (1 - floor) * share * (1 - share)
        k, j = self.skills, self.benchmarks
        # z_ij = sum_k Lambda_jk theta_ik + b_j: one block of columns per kind of coefficient.
        by_loading = np.einsum("ij,ik,jm->ijmk", rate, theta, np.eye(j)[:, k:])
        by_offset = np.einsum("ij,jm->ijm", rate, np.eye(j))
        by_slope = np.einsum("ij,jk,il->ijkl", rate, loadings, x)
        by_family = np.einsum("ij,jk,if->ijfk", rate, loadings, np.eye(self.families)[family])
        blocks = (by_loading, by_offset, by_slope, by_family)
        return np.concatenate([block.reshape(*rate.shape, -1) for block in blocks], axis=-1)


def _features(params: Array, tokens: Array) -> Array:
    """Logarithms of size and tokens, and their product, shape (models, 3)."""
    n, t = np.log(params / _PARAMS), np.log(tokens / _TOKENS)
    return np.stack([n, t, n * t], axis=1)


def _sigmoid(z: Array) -> Array:
    """The logistic function, without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * z)))
