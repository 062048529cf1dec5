"""Thinking only where it is hard: a difficulty threshold, and what it buys against spending at random."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import InputError
from isoflop.fit.estimate import Estimate, check_level
from isoflop.testtime.estimators.resample import NOT_IN, ends, weight_blocks
from isoflop.testtime.selection.risk_areas import check_draws

Array = NDArray[Any]
P = TypeVar("P")
A = TypeVar("A")


@dataclass(frozen=True)
class Solved(Generic[A]):
    """Answers to the steps of one problem.

    Args:
        answers: one per step.
        thought: whether each step was hard enough to think.
        tokens: spent on each step.
    """

    answers: tuple[A, ...]
    thought: tuple[bool, ...]
    tokens: tuple[float, ...]


def solve_by_difficulty(
    steps: Sequence[P],
    difficulty: Callable[[P], float],
    quick: Callable[[P, tuple[A, ...]], tuple[A, float]],
    think: Callable[[P, tuple[A, ...]], tuple[A, float]],
    *,
    threshold: float = 0.5,
) -> Solved[A]:
    """Solve the steps of a problem in order, each hard one with the expensive solver.

    Reference: Xiao et al. 2026 (SCALE), arXiv:2512.00466: think where the difficulty is above the threshold,
    .5 by default, .3 to spend more and .7 to spend less.

    Args:
        steps: the steps.
        difficulty: how hard a step is, 0 to 1 in the source.
        quick: the cheap solver; given a step and the answers before it, it returns an answer and its tokens.
        think: the expensive one.
        threshold: τ.

    Returns:
        Answers, and where the tokens went.

    Raises:
        InputError: a difficulty or the threshold is no number.

    >>> def difficulty(step):  # ask your model
    ...     return 0.9 if "prove" in step else 0.1
    >>> def quick(step, before):  # your model without thinking
    ...     return f"quick {len(before)}", 50
    >>> def think(step, before):  # and with it
    ...     return f"thought {len(before)}", 2000
    >>> found = solve_by_difficulty(["add", "prove", "add"], difficulty, quick, think)
    >>> found.answers, sum(found.tokens)
    (('quick 0', 'thought 1', 'quick 2'), 2100)
    """
    answers: list[A] = []
    thought: list[bool] = []
    tokens: list[float] = []
    for step in steps:
        hard = float(difficulty(step))
        if np.isnan(hard) or np.isnan(threshold):
            raise InputError(f"Difficulty {hard} and threshold {threshold} must be numbers. Correct them.")
        answer, spent = (think if hard > threshold else quick)(step, tuple(answers))
        answers.append(answer)
        thought.append(hard > threshold)
        tokens.append(spent)
    return Solved(tuple(answers), tuple(thought), tuple(tokens))


@dataclass(frozen=True, eq=False)
class ThresholdSweep:
    """Accuracy against tokens as a difficulty threshold rises.

    Args:
        thresholds: τ, rising; items harder than τ are thought about, so that −inf thinks about all.
        thinking: share of the items thought about at each τ.
        accuracy: mean at each τ, with intervals each for itself.
        tokens: mean tokens per item at each τ, with intervals.
        gain: accuracy above that of thinking about items drawn at random for the same mean tokens; NaN
            where both ways cost the same. What the difficulty itself is worth.
        efficient: whether no other τ has more accuracy for the same tokens or fewer.
    """

    thresholds: Array
    thinking: Array
    accuracy: Estimate
    tokens: Estimate
    gain: Estimate
    efficient: Array

    def within(self, tokens: float) -> float | None:
        """The threshold with the highest accuracy whose mean tokens are at most so many.

        It is chosen on these items and looks a little better there than on others.

        Args:
            tokens: mean tokens per item that may be spent.

        Returns:
            τ, the one that spends least among equals; None where even the cheapest spends more.
        """
        allowed = np.flatnonzero(self.tokens.value <= tokens)
        if not len(allowed):
            return None
        order = np.lexsort((self.tokens.value[allowed], -self.accuracy.value[allowed]))
        return float(self.thresholds[allowed[order[0]]])


def _columns(difficulty: ArrayLike, *others: ArrayLike) -> list[Array]:
    """Lists of one length without missing values, at least two items long."""
    lists = [np.asarray(values, dtype=float) for values in (difficulty, *others)]
    if any(v.ndim != 1 or v.shape != lists[0].shape for v in lists) or len(lists[0]) < 2:
        raise InputError(
            f"Shapes {[v.shape for v in lists]} are not five lists of one length. Give difficulty, marks and tokens "
            "of both ways for the same items, two or more."
        )
    if np.isnan(lists[0]).any() or not all(np.isfinite(v).all() for v in lists[1:]):
        raise InputError("A difficulty, a mark or a number of tokens is missing. Leave those items out, and say so.")
    return lists


def _default_thresholds(difficulty: Array) -> Array:
    """−inf and up to a hundred quantiles of the difficulty, all values where there are no more."""
    values = np.unique(difficulty[np.isfinite(difficulty)])
    if len(values) > 100:
        values = values[np.linspace(0, len(values) - 1, 100).round().astype(int)]
    return np.concatenate([[-np.inf], values])


def sweep_thresholds(
    difficulty: ArrayLike,
    quick: tuple[ArrayLike, ArrayLike],
    think: tuple[ArrayLike, ArrayLike],
    *,
    rng: np.random.Generator,
    thresholds: ArrayLike | None = None,
    draws: int = 1000,
    level: float = 0.9,
) -> ThresholdSweep:
    """Accuracy and tokens of thinking where `d > τ`, for every τ, from a table of both ways on the same items.

    Reference: Xiao et al. 2026 (SCALE), arXiv:2512.00466, for the rule; the comparison with random thinking is
    `(T(τ) − T_quick)/(T_think − T_quick)` of the way from the accuracy of the quick way to the other.

    Args:
        difficulty: d of every item (problem, or step), shape (items,).
        quick: marks (0 to 1) and tokens of the cheap way, each of shape (items,).
        think: the same of the expensive way.
        rng: random state.
        thresholds: values of τ; −inf and the difficulties that occur when left out, 101 at most.
        draws: bootstrap draws of items.
        level: confidence level of the intervals.

    Returns:
        The sweep.

    Raises:
        InputError: lists differ in length, a value is missing, or fewer than two items are given.

    >>> found = sweep_thresholds([0.1, 0.2, 0.8, 0.9], ([1, 1, 0, 0], [10] * 4), ([1, 1, 1, 0], [90] * 4),
    ...                          rng=np.random.default_rng(0), thresholds=[-np.inf, 0.5, 1])
    >>> found.accuracy.value.tolist(), found.tokens.value.tolist(), found.gain.value.tolist()
    ([0.75, 0.75, 0.5], [90.0, 50.0, 10.0], [0.0, 0.125, 0.0])
    """
    check_level(level)
    check_draws(draws)
    d, right, cost, right_slow, cost_slow = _columns(difficulty, *quick, *think)
    taus = _default_thresholds(d) if thresholds is None else np.sort(np.asarray(thresholds, dtype=float).ravel())
    if np.isnan(taus).any() or not len(taus):
        raise InputError("There is no threshold, or one is NaN. Give numbers.")
    slow = d[:, None] > taus
    marks = np.where(slow, right_slow[:, None], right[:, None])
    spent = np.where(slow, cost_slow[:, None], cost[:, None])
    both = np.stack([right, right_slow, cost, cost_slow], axis=1)
    even = np.full((1, len(d)), 1 / len(d))
    point = _means(even, marks, spent, both)
    drawn = [_means(weights, marks, spent, both) for weights in weight_blocks(len(d), draws, rng)]
    accuracy, tokens, gain = (
        _interval(value[0], np.concatenate(parts), level, len(d))
        for value, parts in zip(point, zip(*drawn, strict=True), strict=True)
    )
    return ThresholdSweep(taus, slow.mean(axis=0), accuracy, tokens, gain, _efficient(tokens.value, accuracy.value))


def _means(weights: Array, marks: Array, spent: Array, both: Array) -> tuple[Array, Array, Array]:
    """Accuracy, tokens and gain over random thinking, shape (draws, thresholds)."""
    accuracy, tokens, ends_ = weights @ marks, weights @ spent, weights @ both
    low, high, cheap, dear = (column[:, None] for column in ends_.T)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(dear == cheap, np.nan, (tokens - cheap) / (dear - cheap))
    return accuracy, tokens, accuracy - (low + share * (high - low))


def _interval(value: Array, draws: Array, level: float, items: int) -> Estimate:
    """Values with the percentiles of their draws; NaN where a draw has no value."""
    low, high = ends(draws, level, items)
    return Estimate(value, (low, high), level, draws, NOT_IN)


def _efficient(tokens: Array, accuracy: Array) -> Array:
    """Whether a point is beaten by none: the best accuracy for its tokens or fewer."""
    order = np.lexsort((-accuracy, tokens))
    found = np.zeros(len(tokens), dtype=bool)
    best = -np.inf
    for place in order:
        if accuracy[place] > best:
            found[place], best = True, accuracy[place]
    return found
