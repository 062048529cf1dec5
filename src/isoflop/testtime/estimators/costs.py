"""Costs of being right: price of a sample, cost of a pass, tokens per correct answer, and ARISE."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import InputError, TableError
from isoflop.fit.estimate import Estimate
from isoflop.testtime.estimators.ragged import by_size, checked_starts, finite
from isoflop.testtime.estimators.resample import ends, ratio_of_means, weight_blocks

Array = NDArray[Any]

BASELINE: Final = -1
"""Place of the baseline among the models."""
NOBODY: Final = -2
"""Place where no model solves a problem."""

SOLVED_ONLY = "problems that are never solved: their cost is infinite"


@dataclass(frozen=True, eq=False)
class CostOfPass:
    """What a correct answer costs.

    Args:
        problems: mean cost over mean success of every problem, infinite where none is correct, shape (problems,).
        infinite: share of the problems that are infinite.
        finite_mean: mean over the others, with its interval; None with fewer than two of them.
        pooled: mean cost of a sample over the mean success, over all problems: what a correct answer costs when
            problems are tried alike and unsolved ones are paid for as well.
    """

    problems: Array
    infinite: float
    finite_mean: Estimate | None
    pooled: Estimate


def sample_cost(input_tokens: ArrayLike, tokens: ArrayLike, *, price_in: float, price_out: float) -> Array:
    """Price of samples, `n_in c_in + n_out c_out`.

    Args:
        input_tokens: tokens read.
        tokens: tokens written, thinking included.
        price_in: dollars per million tokens read.
        price_out: dollars per million tokens written.

    Returns:
        Dollars, of the shape of the tokens.

    Raises:
        InputError: a number that is negative, missing or infinite.

    >>> round(float(sample_cost(1000, 2000, price_in=2.5, price_out=10.0)), 6)
    0.0225
    """
    read, written = np.asarray(input_tokens, dtype=float), np.asarray(tokens, dtype=float)
    if not all(np.all((part >= 0) & np.isfinite(part)) for part in (read, written, price_in, price_out)):
        raise InputError("Tokens and prices must be numbers of 0 or more, none missing. Correct them.")
    return np.asarray((read * price_in + written * price_out) / 1e6)


def cost_of_pass(
    cost: ArrayLike,
    correct: ArrayLike,
    starts: ArrayLike,
    *,
    rng: np.random.Generator,
    draws: int = 1000,
    level: float = 0.9,
    names: Sequence[str] | None = None,
) -> CostOfPass:
    """Expected cost of a correct answer, `E[cost]/E[success]` of every problem: a ratio of means.

    It is what independent retries with a perfect verifier spend until the first success. With few samples the
    ratio is too high on average, and infinite for problems that were only unlucky.

    Reference: Erol et al. 2025, arXiv:2504.13359, and its code.

    Args:
        cost: of every sample, shape (samples,).
        correct: whether it is correct, 1 or 0.
        starts: place of every problem's first sample, and the number of samples.
        rng: random state.
        draws: replicates of the bootstrap over problems.
        level: confidence level.
        names: of the problems, for errors.

    Returns:
        Cost of every problem, how many are infinite, and means.

    Raises:
        TableError: a value is missing, or there is one problem only.

    >>> rng = np.random.default_rng(0)
    >>> found = cost_of_pass([1, 1, 2, 2, 3, 3], [1, 0, 1, 1, 0, 0], [0, 2, 4, 6], rng=rng)
    >>> found.problems.tolist(), round(found.infinite, 3), found.finite_mean.value, found.pooled.value
    ([2.0, 2.0, inf], 0.333, 2.0, 4.0)
    """
    paid, right = _means(cost, correct, starts, names)
    with np.errstate(divide="ignore"):
        each = np.where(right > 0, paid / np.where(right > 0, right, 1.0), np.inf)
    solved = right > 0
    mean = None
    if solved.sum() > 1:
        draw = np.concatenate([w @ each[solved] for w in weight_blocks(int(solved.sum()), draws, rng)])
        low, high = ends(draw, level, int(solved.sum()))
        mean = Estimate(float(each[solved].mean()), (float(low), float(high)), level, draw, (SOLVED_ONLY,))
    pooled = ratio_of_means(paid, right, rng=rng, draws=draws, level=level)
    return CostOfPass(each, float((~solved).mean()), mean, pooled)


def cost_frontier(costs: Sequence[ArrayLike], *, baseline: ArrayLike | None = None) -> tuple[Array, Array]:
    """Least cost of a pass over models, problem by problem, a person's own cost among them.

    Reference: Erol et al. 2025, arXiv:2504.13359: the frontier, whose human term keeps it finite.

    Args:
        costs: costs of a pass of each model, shape (problems,) each.
        baseline: what a person asks for the problem, a number or shape (problems,).

    Returns:
        Least costs, and which model has them, −1 for the baseline and −2 where nobody solves the problem,
        shape (problems,).

    Raises:
        InputError: models with different problems, or none, or a cost that is missing or negative.

    >>> least, who = cost_frontier([[1.0, float("inf")], [0.5, float("inf")]], baseline=20.0)
    >>> least.tolist(), who.tolist()
    ([0.5, 20.0], [1, -1])
    """
    shapes = {np.shape(own) for own in costs}
    if len(shapes) != 1 or len(next(iter(shapes))) != 1:
        raise InputError(f"Costs have shapes {sorted(map(str, shapes))}. Give one per problem for every model.")
    table = np.stack([np.asarray(own, dtype=float) for own in costs])
    human = np.asarray(np.inf if baseline is None else baseline, dtype=float)
    if human.shape not in ((), table.shape[1:]):
        raise InputError(f"A baseline of shape {human.shape} is not for {table.shape[1]} problems. Give one for each.")
    if not np.all(table >= 0) or not np.all(human >= 0):
        raise InputError("A cost is missing or negative. Write infinity where a model never solves a problem.")
    who, least = np.where(human < table.min(axis=0), BASELINE, table.argmin(axis=0)), table.min(axis=0)
    least = np.minimum(least, human)
    return least, np.where(np.isinf(least), NOBODY, who)


def tokens_per_correct(
    tokens: ArrayLike,
    correct: ArrayLike,
    starts: ArrayLike,
    *,
    rng: np.random.Generator,
    draws: int = 1000,
    level: float = 0.9,
    names: Sequence[str] | None = None,
) -> Estimate:
    """Tokens written for one correct answer: mean tokens of a sample over the mean accuracy, over all problems.

    Args:
        tokens: of every sample, shape (samples,).
        correct: whether it is correct, 1 or 0.
        starts: place of every problem's first sample, and the number of samples.
        rng: random state.
        draws: replicates of the bootstrap over problems.
        level: confidence level.
        names: of the problems, for errors.

    Returns:
        Tokens, infinite where nothing is correct.

    Raises:
        TableError: a value is missing, or there is one problem only.

    >>> rng = np.random.default_rng(0)
    >>> tokens_per_correct([100, 300, 200, 200], [1, 0, 1, 1], [0, 2, 4], rng=rng).value
    266.666667
    """
    used, right = _means(tokens, correct, starts, names)
    return ratio_of_means(used, right, rng=rng, draws=draws, level=level, unit="tokens")


def arise(accuracy: ArrayLike, tokens: ArrayLike) -> Array:
    """ARISE of every problem: gains of accuracy discounted by the tokens that they took, losses amplified.

    `Σ_j Δa_j (t_(j−1)/t_j)^sign(Δa_j)` over levels in the order of the effort that was asked for. A level that took
    fewer tokens than the one before it makes a gain count for more, and a loss for less, as the formula says.
    All right and all wrong both have 0, and the value depends on how many levels there are: compare on the same ones.

    Reference: Yin et al. 2025, arXiv:2510.06014, and its code.

    Args:
        accuracy: a_j, from 0 to 1, shape (problems, levels) or (levels,).
        tokens: t_j, of the same shape; a step from or to 0 tokens is left out, as in the code.

    Returns:
        Scores, shape (problems,).

    Raises:
        InputError: other shapes, one level only, accuracies outside 0 to 1, or tokens below 0 or missing.

    >>> arise([[0, 1, 0], [1 / 3, 2 / 3, 1]], [[1000, 2000, 3000], [1000, 1500, 4000]]).round(6).tolist()
    [-1.0, 0.347222]
    """
    a, t = _levels(accuracy, tokens)
    gain, usable = np.diff(a, axis=1), (t[:, :-1] > 0) & (t[:, 1:] > 0)
    ratio = np.where(usable, t[:, :-1], 1.0) / np.where(usable, t[:, 1:], 1.0)
    return np.asarray(np.where(usable, gain * ratio ** np.sign(gain), 0.0).sum(axis=1))


def scaling_metric(accuracy: ArrayLike, tokens: ArrayLike) -> Array:
    """Mean gain of accuracy over mean gain of tokens, what ARISE is compared with; 0 where tokens do not grow.

    Reference: Yin et al. 2025, arXiv:2510.06014, and its code.

    Args:
        accuracy: a_j, shape (problems, levels) or (levels,).
        tokens: t_j, of the same shape.

    Returns:
        Accuracy per token, shape (problems,).

    Raises:
        InputError: as for `arise`.

    >>> scaling_metric([0, 1, 1], [1000, 2000, 5000]).tolist()
    [0.00025]
    """
    a, t = _levels(accuracy, tokens)
    gain, more = np.diff(a, axis=1).mean(axis=1), np.diff(t, axis=1).mean(axis=1)
    return np.asarray(np.where(more > 0, gain / np.where(more > 0, more, 1.0), 0.0))


def _means(above: ArrayLike, correct: ArrayLike, starts: ArrayLike, names: Sequence[str] | None) -> tuple[Array, Array]:
    """Means of the samples of every problem, of a cost and of correctness."""
    begin = checked_starts(starts, len(np.asarray(correct)))
    paid, right = finite(above, begin, "costs", names), finite(correct, begin, "values of correct", names)
    if np.any(paid < 0) or not np.isin(right, (0.0, 1.0)).all():
        raise TableError("Costs must be 0 or more, and correct 1 or 0. Correct them.")
    found = np.empty((2, len(begin) - 1))
    for _, problems, places in by_size(begin):
        found[0, problems], found[1, problems] = paid[places].mean(axis=1), right[places].mean(axis=1)
    return found[0], found[1]


def _levels(accuracy: ArrayLike, tokens: ArrayLike) -> tuple[Array, Array]:
    """Both as (problems, levels)."""
    a, t = np.atleast_2d(np.asarray(accuracy, dtype=float)), np.atleast_2d(np.asarray(tokens, dtype=float))
    if a.shape != t.shape or a.ndim != 2 or a.shape[1] < 2:
        raise InputError(f"Accuracies {a.shape} and tokens {t.shape} do not fit. Give both for two levels or more.")
    if not np.all((a >= 0) & (a <= 1)) or not np.all((t >= 0) & np.isfinite(t)):
        raise InputError("Accuracies must be shares from 0 to 1, tokens 0 or more, none missing. Correct them.")
    return a, t
