"""Drafts accepted or handed to a larger model by conformal p-values of their scores."""

from dataclasses import dataclass
from typing import Any, Generic

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import InputError
from isoflop.fit.estimate import Estimate, check_level
from isoflop.testtime.samplers.protocol import Generator, S, Scorer, check_start, extend_all, score_all, too_long

Array = NDArray[Any]


def _numbers(values: ArrayLike, what: str) -> Array:
    """A list of scores, checked."""
    found = np.asarray(values, dtype=float)
    if found.ndim > 1 or np.isnan(found).any():
        raise InputError(f"{what} of shape {found.shape} must be a list without NaN. Correct them.")
    return found


def _chance(alpha: float) -> None:
    """Refuse an α that is no probability."""
    if not 0 <= alpha <= 1:
        raise InputError(f"alpha = {alpha} is no probability. Give a number from 0 to 1.")


def conformal_p_values(scores: ArrayLike, pool: ArrayLike) -> Array:
    """Rank of a score among stored ones, `p = (1 + #{stored ≥ s})/(stored + 1)`; large where the score is low.

    Reference: Xiong et al. 2025 (ATTS), arXiv:2509.15148.

    Args:
        scores: s, larger is better, such as the log-likelihood of a draft under the target; shape (drafts,).
        pool: stored scores of other drafts, exchangeable with these, shape (stored,).

    Returns:
        p-values above 0 up to 1, of the shape of the scores.

    Raises:
        InputError: a score is missing.

    >>> pool = [-3, -2.5, -2.2, -1.9, -1.5, -1.2, -1, -0.8, -0.5, -0.2]
    >>> (11 * conformal_p_values([-2.3, -1.1, -0.1], pool)).round(9).tolist()
    [9.0, 5.0, 1.0]
    """
    s, stored = _numbers(scores, "Scores"), np.sort(_numbers(pool, "Stored scores").ravel())
    above = len(stored) - np.searchsorted(stored, s, side="left")
    return np.asarray((1 + above) / (len(stored) + 1))


def rejected(p_values: ArrayLike, alpha: float) -> Array:
    """Whether a draft is in the set `C = {p > α}` of low confidence, which the target continues.

    A draft whose score is exchangeable with the pool is in it with a chance of at least 1 − α.

    Reference: Xiong et al. 2025 (ATTS), arXiv:2509.15148; the direction of the inequality is the usual one
    and was not read in the source.

    Args:
        p_values: from `conformal_p_values`.
        alpha: α, the largest share of drafts that is to be kept as it is.

    Returns:
        True where the draft is rejected.

    Raises:
        InputError: α or a p-value is no probability.

    >>> rejected([0.82, 0.45, 0.09], 0.1).tolist()
    [True, True, False]
    """
    _chance(alpha)
    p = np.asarray(p_values, dtype=float)
    if not ((p >= 0) & (p <= 1)).all():
        raise InputError("A p-value is missing or outside 0 to 1. Take them from conformal_p_values.")
    return np.asarray(p > alpha)


def alpha_for_budget(p_values: ArrayLike, budget: int) -> float:
    """The smallest α under which at most so many of these drafts are rejected.

    Tied p-values are rejected together or not at all, so that fewer than the budget may be.

    Args:
        p_values: of all drafts of a round, shape (drafts,).
        budget: B, drafts that the target can continue.

    Returns:
        α.

    Raises:
        InputError: the budget is negative, or a p-value is no probability.

    >>> p = [0.9, 0.7, 0.7, 0.2]
    >>> [(alpha_for_budget(p, b), int(rejected(p, alpha_for_budget(p, b)).sum())) for b in (0, 1, 2, 3, 4)]
    [(0.9, 0), (0.7, 1), (0.7, 1), (0.2, 3), (0.0, 4)]
    """
    if budget < 0:
        raise InputError(f"A budget of {budget} drafts is impossible. Give 0 or more.")
    p = np.sort(np.asarray(p_values, dtype=float).ravel())[::-1]
    rejected(p, 0.0)
    return float(p[budget]) if budget < len(p) else 0.0


def kept_share(stored: int, alpha: float, *, level: float = 0.9) -> Estimate:
    """Share of exchangeable drafts that a rule with one pool keeps, without ties.

    Over pools its mean is `k/(n + 1)`, the largest multiple of 1/(n + 1) that α allows, and it follows
    Beta(k, n + 1 − k): a small pool may keep far more or fewer than α.

    Reference: Vovk 2012, arXiv:1209.2673, for the distribution given the calibration set.

    Args:
        stored: n, scores in the pool.
        alpha: α.
        level: share of pools for which the share lies in the interval.

    Returns:
        The mean over pools with its interval.

    Raises:
        InputError: α is no probability, or there is no pool.
        FitError: the level is no probability.

    >>> found = kept_share(99, 0.1)
    >>> found.value, [round(end, 3) for end in found.interval]
    (0.1, [0.056, 0.153])
    """
    from scipy.special import betaincinv

    _chance(alpha)
    check_level(level)
    if stored < 1:
        raise InputError(f"A pool of {stored} scores says nothing. Store 1 or more.")
    # Rounding must not move a p-value of exactly α to the other side.
    near = int(alpha * (stored + 1))
    k = max(m for m in range(max(near - 1, 0), near + 2) if m == 0 or m / (stored + 1) <= alpha)
    tail = (1 - level) / 2
    if k in (0, stored + 1):
        return Estimate(float(k > 0), (float(k > 0), float(k > 0)), level)
    low, high = (float(betaincinv(k, stored + 1 - k, q)) for q in (tail, 1 - tail))
    return Estimate(k / (stored + 1), (low, high), level, leaves_out=("that drafts and pool may not be exchangeable",))


@dataclass(frozen=True)
class Drafted(Generic[S]):
    """What drafting with a target behind ended with.

    Args:
        texts: finished texts.
        rejected: share of the unfinished drafts handed to the target in each round; at least 1 − α is expected.
        drafted: steps that the draft model drew.
        continued: steps that the target drew.
        pool: stored scores at the end.
    """

    texts: tuple[tuple[S, ...], ...]
    rejected: tuple[float, ...]
    drafted: int
    continued: int
    pool: Array


@dataclass(frozen=True)
class Rounds:
    """How drafts and target take turns.

    Args:
        drafts: m, texts grown side by side.
        draft_steps: K_d, steps drafted a round.
        target_steps: K_t, steps that the target adds to a rejected text.
        alpha: α.
        most_rounds: rounds at which to give up.
    """

    drafts: int
    draft_steps: int
    target_steps: int
    alpha: float
    most_rounds: int = 1000

    def __post_init__(self) -> None:
        """Refuse turns in which nothing is drawn."""
        _chance(self.alpha)
        if min(self.drafts, self.draft_steps, self.most_rounds) < 1 or self.target_steps < 0:
            raise InputError(
                f"{self.drafts} drafts, {self.draft_steps} and {self.target_steps} steps, {self.most_rounds} rounds: "
                "give at least 1 (the target may add 0 steps)."
            )


def draft_and_continue(
    draft: Generator[S],
    target: Generator[S],
    scorer: Scorer[S],
    rounds: Rounds,
    *,
    pool: ArrayLike,
    rng: np.random.Generator,
) -> Drafted[S]:
    """Grow texts with a small model; those with low conformal confidence get their next steps from a large one.

    Each round drafts some steps of every unfinished text, scores it, and lets the target continue the
    rejected ones. Scores join the pool after the round.

    Reference: Xiong et al. 2025 (ATTS), arXiv:2509.15148, from its description; not its code.

    Args:
        draft: the small model.
        target: the large model.
        scorer: score of a beginning, larger is better.
        rounds: turns.
        pool: scores stored before, from drafts like these, shape (stored,).
        rng: random state.

    Returns:
        The texts, and who drew how much.

    Raises:
        InputError: texts do not end, or a score is missing.

    >>> from isoflop.testtime.samplers.protocol import FromFunctions
    >>> small = FromFunctions(lambda text, rng: "s", lambda text: len(text) == 4)
    >>> large = FromFunctions(lambda text, rng: "L", lambda text: len(text) == 4)
    >>> taken = Rounds(drafts=2, draft_steps=1, target_steps=1, alpha=0.5)
    >>> found = draft_and_continue(small, large, lambda text: -1.0, taken, pool=[0.0], rng=np.random.default_rng(0))
    >>> found.texts[0], found.rejected
    (('s', 'L', 's', 'L'), (1.0, 1.0))
    """
    check_start(draft)
    texts: list[tuple[S, ...]] = [()] * rounds.drafts
    stored, drawn = _numbers(pool, "Stored scores").ravel(), [0, 0]
    shares: list[float] = []
    while open_ := [i for i, text in enumerate(texts) if not draft.finished(text)]:
        if len(shares) >= rounds.most_rounds:
            raise too_long(max(len(text) for text in texts), "most_rounds")
        drawn[0] += _grow(draft, texts, open_, rounds.draft_steps, rng)
        scores = np.array(score_all(scorer, [texts[i] for i in open_]))
        low = rejected(conformal_p_values(scores, stored), rounds.alpha)
        drawn[1] += _grow(target, texts, [i for i, r in zip(open_, low, strict=True) if r], rounds.target_steps, rng)
        stored = np.concatenate([stored, scores])
        shares.append(float(low.mean()))
    return Drafted(tuple(texts), tuple(shares), drawn[0], drawn[1], stored)


def _grow(
    model: Generator[S], texts: list[tuple[S, ...]], places: list[int], steps: int, rng: np.random.Generator
) -> int:
    """Extend texts in place by up to so many steps; the number of steps drawn."""
    drawn = 0
    for _ in range(steps):
        places = [i for i in places if not model.finished(texts[i])]
        for i, text in zip(places, extend_all(model, [texts[i] for i in places], rng), strict=True):
            texts[i] = text
        drawn += len(places)
    return drawn
