"""Answering only where a confidence is high: risk against coverage, and how well any score ranks its errors."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import InputError
from isoflop.fit.estimate import Estimate, check_level
from isoflop.testtime.estimators.resample import NOT_IN, ends
from isoflop.testtime.estimators.studentised import studentised
from isoflop.testtime.selection.risk_areas import (
    Areas,
    Ranked,
    accuracies,
    areas,
    checked_marks,
    drawn_counts,
    ranked_problems,
    standard_errors,
)

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class RiskCoverage:
    """Risk of the answers given, as fewer and fewer are given.

    Args:
        thresholds: different confidences, falling; an answer is given where the confidence is at least this.
        coverage: share of the problems answered at each threshold, rising to 1.
        risk: share of wrong ones among those answered.
        area: AURC, the mean risk over all numbers of answers, tied problems in random order.
        best: AURC of a score that puts every error last.
        excess: E-AURC, what the score loses to that one; 0 is a perfect ranking.
        error_rate: risk when all are answered; the AURC of a score that knows nothing.
    """

    thresholds: Array
    coverage: Array
    risk: Array
    area: Estimate
    best: float
    excess: Estimate
    error_rate: float

    def threshold_for(self, risk: float) -> float | None:
        """The threshold with the most answers whose risk, in these problems, is at most so large.

        It is chosen on these problems and looks a little better there than on others.

        Args:
            risk: most that is allowed.

        Returns:
            Threshold; None where even the surest answers are wrong too often.
        """
        allowed = np.flatnonzero(self.risk <= risk)
        return float(self.thresholds[allowed[-1]]) if len(allowed) else None


def risk_coverage(
    confidence: ArrayLike, correct: ArrayLike, *, rng: np.random.Generator, draws: int = 1000, level: float = 0.9
) -> RiskCoverage:
    """Risk–coverage curve of a confidence, with its area and what it loses to a perfect ranking.

    `AURC = (1/n) Σ_i (errors among the i surest)/i`, `E-AURC = AURC − AURC*`. Intervals are studentised, as few
    errors at high confidence decide both; with a handful of errors in all they are wide.

    Reference: El-Yaniv, Wiener 2010; Geifman, Uziel, El-Yaniv 2019, arXiv:1805.08206 (excess).

    Args:
        confidence: any number that should be larger where the answer is right, shape (problems,): share of
            votes, mean log-probability, a verifier's score.
        correct: whether the answer is right, or the share of right ones, shape (problems,).
        rng: random state.
        draws: bootstrap draws of problems.
        level: confidence level of the intervals.

    Returns:
        The curve.

    Raises:
        InputError: sizes differ, a value is missing, or a mark is outside 0 to 1.

    >>> found = risk_coverage([0.9, 0.8, 0.7, 0.6], [1, 1, 0, 1], rng=np.random.default_rng(0))
    >>> found.risk.round(3).tolist(), round(found.area.value, 4), round(found.excess.value, 4)
    ([0.0, 0.0, 0.333, 0.25], 0.1458, 0.0833)
    """
    check_level(level)
    scores, loss = checked_marks(confidence, correct)
    ranked, perfect = ranked_problems(scores, loss), ranked_problems(-loss, loss)
    once = np.ones((1, len(loss)))
    blocks = drawn_counts(len(loss), draws, rng)
    size, losses = ranked.blocks(once)
    answered = size[0].cumsum()
    area, excess = _areas(ranked, perfect, (once, *blocks))
    return RiskCoverage(
        thresholds=scores[ranked.order][ranked.first],
        coverage=answered / len(loss),
        risk=losses[0].cumsum() / answered,
        area=_estimated(area, level, len(loss)),
        best=float(area[0, 0] - excess[0, 0]),
        excess=_estimated(excess, level, len(loss)),
        error_rate=float(loss.mean()),
    )


def _areas(ranked: Ranked, perfect: Ranked, blocks: Iterable[Array]) -> tuple[Array, Array]:
    """AURC and what it is above that of the perfect ranking, each with its standard error, shape (2, draws)."""
    found: list[tuple[Array, Array]] = []
    for counts in blocks:
        whole = areas(ranked, counts)
        found.append((_with_errors(whole, counts), _with_errors(whole.less(areas(perfect, counts)), counts)))
    area, excess = (np.concatenate(part, axis=1) for part in zip(*found, strict=True))
    return area, excess


def _with_errors(found: Areas, counts: Array) -> Array:
    """Values and standard errors of draws, shape (2, draws)."""
    return np.stack([found.value, standard_errors(found, counts)])


def _estimated(found: Array, level: float, problems: int) -> Estimate:
    """A value with its studentised interval, from values and standard errors of the problems and of their draws."""
    value, error = (float(x) for x in found[:, 0])
    drawn, errors = found[:, 1:]
    if problems < 2:
        return Estimate(value, (np.nan, np.nan), level, drawn, NOT_IN)
    return studentised((value, error), (drawn, errors), level=level, bounds=(0.0, 1.0))


def _estimate(value: float | Array, draws: Array, level: float, problems: int) -> Estimate:
    """A value with the percentiles of its draws."""
    low, high = ends(draws, level, problems) if problems > 1 else (np.full(np.shape(value), np.nan),) * 2
    if np.ndim(value) == 0:
        return Estimate(float(value), (float(low), float(high)), level, draws, NOT_IN)
    return Estimate(value, (low, high), level, draws, NOT_IN)


def accuracy_at_coverage(
    confidence: ArrayLike,
    correct: ArrayLike,
    coverage: ArrayLike,
    *,
    rng: np.random.Generator,
    draws: int = 1000,
    level: float = 0.9,
) -> Estimate:
    """Accuracy when only the surest share of the problems is answered, tied problems taken at random.

    Args:
        confidence: shape (problems,).
        correct: marks, shape (problems,).
        coverage: shares to answer, above 0 up to 1, shape (shares,) or a number.
        rng: random state.
        draws: bootstrap draws of problems.
        level: confidence level of the intervals.

    Returns:
        Accuracies with intervals, each for itself, of the shape of the shares.

    Raises:
        InputError: as `risk_coverage`, or a share is not above 0 up to 1.

    >>> found = accuracy_at_coverage([0.9, 0.8, 0.7, 0.6], [1, 1, 0, 1], [0.5, 1], rng=np.random.default_rng(0))
    >>> found.value.tolist()
    [1.0, 0.75]
    """
    check_level(level)
    scores, loss = checked_marks(confidence, correct)
    shares = np.asarray(coverage, dtype=float)
    if shares.ndim > 1 or not ((shares > 0) & (shares <= 1)).all():
        raise InputError(f"Coverages {shares} must lie above 0 and at most at 1. Correct them.")
    asked, ranked = np.atleast_1d(shares), ranked_problems(scores, loss)
    value = accuracies(ranked, np.ones((1, len(loss))), asked)[0]
    drawn = np.concatenate([accuracies(ranked, counts, asked) for counts in drawn_counts(len(loss), draws, rng)])
    if shares.ndim == 0:
        return _estimate(float(value[0]), drawn[:, 0], level, len(loss))
    return _estimate(value, drawn, level, len(loss))


@dataclass(frozen=True, eq=False)
class RankedScore:
    """A confidence among others on the same problems.

    Args:
        name: of the score.
        area: its AURC.
        behind: its AURC less that of the first score, from the same draws.
        first: share of the draws in which it has the smallest AURC, ties shared.
    """

    name: str
    area: Estimate
    behind: Estimate
    first: float


def rank_scores(
    scores: Mapping[str, ArrayLike],
    correct: ArrayLike,
    *,
    rng: np.random.Generator,
    draws: int = 1000,
    level: float = 0.9,
) -> tuple[RankedScore, ...]:
    """Confidence scores of the same answers by their area under the risk–coverage curve, the best first.

    Args:
        scores: confidences by name, each of shape (problems,).
        correct: marks, shape (problems,).
        rng: random state.
        draws: bootstrap draws of problems, the same for all scores.
        level: confidence level of the intervals.

    Returns:
        One entry per score.

    Raises:
        InputError: there is no score; or as `risk_coverage`.

    >>> right = [1, 1, 0, 1, 0, 0] * 5
    >>> scores = {"votes": [5, 4, 4, 3, 2, 1] * 5, "length": [1, 2, 3, 4, 5, 6] * 5}
    >>> found = rank_scores(scores, right, rng=np.random.default_rng(0))
    >>> [entry.name for entry in found], found[1].behind.interval[0] > 0
    (['votes', 'length'], True)
    """
    check_level(level)
    if not scores:
        raise InputError("There is no score to rank. Give one or more, by name.")
    checked = {name: checked_marks(values, correct) for name, values in scores.items()}
    ranked = {name: ranked_problems(values, loss) for name, (values, loss) in checked.items()}
    problems = len(next(iter(checked.values()))[0])
    blocks = (np.ones((1, problems)), *drawn_counts(problems, draws, rng))
    found = {
        name: np.concatenate([_with_errors(areas(r, counts), counts) for counts in blocks], axis=1)
        for name, r in ranked.items()
    }
    names = sorted(found, key=lambda name: float(found[name][0, 0]))
    table = np.stack([found[name][0, 1:] for name in names])
    least = table == table.min(axis=0)
    wins = (least / least.sum(axis=0)).mean(axis=1)
    # A difference of two areas leans to neither side: its percentiles do.
    return tuple(
        RankedScore(
            name,
            _estimated(found[name], level, problems),
            _estimate(float(found[name][0, 0] - found[names[0]][0, 0]), row - table[0], level, problems),
            float(win),
        )
        for name, row, win in zip(names, table, wins, strict=True)
    )
