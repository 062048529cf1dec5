"""Search over steps: best of N, beams that a process reward model prunes, and rewards for progress."""

from dataclasses import dataclass, field
from typing import Any, Generic

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import InputError
from isoflop.testtime.samplers.protocol import (
    Generator,
    S,
    Scorer,
    check_start,
    complete,
    extend_all,
    score_all,
    too_long,
)

Array = NDArray[Any]


@dataclass(frozen=True)
class Found(Generic[S]):
    """Texts with their scores.

    Args:
        texts: finished texts, the best first.
        scores: of the finished texts, falling.
        drawn: steps that the model drew.
        scored: calls of the scorer.
    """

    texts: tuple[tuple[S, ...], ...]
    scores: Array = field(repr=False)
    drawn: int
    scored: int

    @property
    def best(self) -> tuple[S, ...]:
        """The text with the highest score, the first drawn among equals."""
        return self.texts[0]


def _sorted(texts: list[tuple[S, ...]], scores: Array, drawn: int, scored: int) -> Found[S]:
    """Texts by falling score, equal ones as they came."""
    order = np.argsort(-scores, kind="stable")
    return Found(tuple(texts[i] for i in order), scores[order], drawn, scored)


def best_of_n(
    generator: Generator[S], scorer: Scorer[S], count: int, *, rng: np.random.Generator, most_steps: int = 10_000
) -> Found[S]:
    """Draw N texts and score each once it is finished.

    Args:
        generator: the model.
        scorer: score of a finished text, larger is better.
        count: N.
        rng: random state.
        most_steps: length at which to give up on a text.

    Returns:
        The texts, the best first.

    Raises:
        InputError: N is below 1, a text does not end or a score is missing.

    >>> class Guess:  # your model: a number from 0 to 9
    ...     def extend(self, prefix, rng):
    ...         return int(rng.integers(10))
    ...     def finished(self, prefix):
    ...         return len(prefix) == 1
    >>> best_of_n(Guess(), lambda text: -abs(text[0] - 7), 50, rng=np.random.default_rng(0)).best
    (7,)
    """
    check_start(generator)
    if count < 1:
        raise InputError(f"The best of {count} texts is none. Draw 1 or more.")
    texts = [complete(generator, (), rng=rng, most_steps=most_steps) for _ in range(count)]
    return _sorted(texts, np.array(score_all(scorer, texts)), sum(len(text) for text in texts), count)


def beam_search(
    generator: Generator[S],
    scorer: Scorer[S],
    *,
    beams: int,
    width: int,
    rng: np.random.Generator,
    most_steps: int = 40,
) -> Found[S]:
    """Keep the N/M best beginnings, draw M next steps of each, and so on until all are finished.

    A beginning counts by its latest score. Finished texts stay among the beams by theirs and draw no more.

    Reference: Snell et al. 2024, arXiv:2408.03314: N beams, width M = 4, up to 40 steps, the last step's score.

    Args:
        generator: the model.
        scorer: score of a beginning, larger is better.
        beams: N.
        width: M, which divides N.
        rng: random state.
        most_steps: length at which to give up.

    Returns:
        The beams, the best first.

    Raises:
        InputError: M does not divide N, a text does not end or a score is missing.

    >>> class Walk:  # your model: up or down, four times
    ...     def extend(self, prefix, rng):
    ...         return int(rng.choice([-1, 1]))
    ...     def finished(self, prefix):
    ...         return len(prefix) == 4
    >>> beam_search(Walk(), sum, beams=8, width=4, rng=np.random.default_rng(0)).best
    (1, 1, 1, 1)
    """
    check_start(generator)
    if width < 1 or beams < 1 or beams % width:
        raise InputError(f"Width {width} does not divide {beams} beams. Give a divisor, such as 4 of 16.")
    texts: list[tuple[S, ...]] = [()] * beams
    done: list[tuple[S, ...]] = []
    scores, drawn, scored = np.zeros(0), 0, 0
    for _ in range(most_steps):
        longer = extend_all(generator, texts, rng)
        drawn, scored = drawn + len(longer), scored + len(longer)
        scores = np.concatenate([scores[: len(done)], score_all(scorer, longer)])
        kept = np.argsort(-scores, kind="stable")
        pool = done + longer
        open_ = [i for i in kept if not generator.finished(pool[i])]
        if not open_:
            return _sorted([pool[i] for i in kept[:beams]], scores[kept[:beams]], drawn, scored)
        kept = kept[: beams // width]
        ended = [int(i) for i in kept if generator.finished(pool[i])]
        going = [int(i) for i in kept if not generator.finished(pool[i])]
        if not going:
            return _sorted([pool[i] for i in ended], scores[ended], drawn, scored)
        done, scores = [pool[i] for i in ended], scores[ended]
        texts = [pool[i] for i in going for _ in range(width)]
    raise too_long(most_steps)


def prover_value(value: ArrayLike, samples: int = 4) -> Array:
    """Chance that the best of K samples from a beginning is correct, `Q^BoK = 1 − (1 − Q)^K`.

    Reference: Setlur et al. 2024 (PAV), arXiv:2410.08146; K = 4 was best for search.

    Args:
        value: Q, chance that one sample is correct.
        samples: K.

    Returns:
        Chances.

    Raises:
        InputError: a value is no probability, or K is below 1.

    >>> prover_value([0.0, 0.5, 1.0]).tolist()
    [0.0, 0.9375, 1.0]
    """
    q = np.asarray(value, dtype=float)
    if not ((q >= 0) & (q <= 1)).all() or samples < 1:
        raise InputError(f"Values must be probabilities and K = {samples} at least 1. Correct them.")
    with np.errstate(divide="ignore"):
        return np.asarray(-np.expm1(samples * np.log1p(-q)))


def progress(value: ArrayLike, start: ArrayLike) -> Array:
    """Advantage of each step under a prover, `A(s_h, a_h) = Q(s_h, a_h) − Q(s_(h−1), a_(h−1))`.

    Reference: Setlur et al. 2024 (PAV), arXiv:2410.08146, section 3.

    Args:
        value: Q of the prover after every step, shape (…, steps).
        start: Q before the first step, shape (…).

    Returns:
        Advantages, shape (…, steps); they add up to the last Q less the start.

    >>> progress([0.5, 0.75, 0.25], 0.25).tolist()
    [0.25, 0.25, -0.5]
    """
    q, first = np.asarray(value, dtype=float), np.asarray(start, dtype=float)
    return np.asarray(np.diff(np.concatenate([first[..., None], q], axis=-1), axis=-1))


def effective_reward(value: ArrayLike, advantage: ArrayLike, alpha: float) -> Array:
    """Score of a step for search, `Q^π + α A^μ`: the policy's own value and the prover's progress.

    Reference: Setlur et al. 2024 (PAV), arXiv:2410.08146, section 3; the source's α was not found.

    Args:
        value: Q of the policy after the step.
        advantage: A of the prover, see `progress`.
        alpha: α, 0 or more.

    Returns:
        Scores.

    Raises:
        InputError: α is negative or no number.

    >>> effective_reward([0.5, 0.25], [0.1, 0.4], 3.0).round(6).tolist()
    [0.8, 1.45]
    """
    if not (np.isfinite(alpha) and alpha >= 0):
        raise InputError(f"alpha = {alpha} must be 0 or more. Correct it.")
    return np.asarray(np.asarray(value, dtype=float) + alpha * np.asarray(advantage, dtype=float))
