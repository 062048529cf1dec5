"""Texts drawn by a Markov chain that a reward steers: QAlign's Metropolis steps over suffixes."""

import math
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, Generic

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import InputError
from isoflop.testtime.samplers.protocol import Generator, S, Scorer, check_start, complete, scored

Array = NDArray[Any]

CLIP = 20.0
"""Largest exponent of the acceptance in the source's code."""


def acceptance(
    reward: ArrayLike, proposed: ArrayLike, length: ArrayLike, proposed_length: ArrayLike, *, beta: float
) -> Array:
    """Chance that a new suffix is taken, `min(1, exp((r' − r)/β + ln |y| − ln |y'|))`.

    The model's own chances cancel because the suffix is drawn from the model; the lengths stay because
    the place to cut is drawn uniformly. The exponent is held within ±20 as in the source's code.

    Reference: Faria, Smith 2025 (QAlign), arXiv:2504.03790, and its code.

    Args:
        reward: r of the present text.
        proposed: r' of the proposed one.
        length: |y|, steps of the present text, the one that ends it included.
        proposed_length: |y'|.
        beta: β, above 0; smaller follows the reward more.

    Returns:
        Probabilities.

    Raises:
        InputError: β is not above 0, or a length is below 1.

    >>> acceptance([1, 1, 1], [1.2, 0.5, 0.5], 100, [120, 80, 80], beta=1.0).round(6)
    array([1.      , 0.758163, 0.758163])
    >>> round(float(acceptance(1, 0.5, 100, 80, beta=0.5)), 6)
    0.459849
    """
    if not (math.isfinite(beta) and beta > 0):
        raise InputError(f"beta = {beta} must be a number above 0. Correct it.")
    old, new = np.asarray(length, dtype=float), np.asarray(proposed_length, dtype=float)
    if np.any(old < 1) or np.any(new < 1):
        raise InputError("A text has no steps. Count the step that ends a text as one of its steps.")
    gain = (np.asarray(proposed, dtype=float) - np.asarray(reward, dtype=float)) / beta
    return np.asarray(np.exp(np.minimum(np.clip(gain + np.log(old) - np.log(new), -CLIP, CLIP), 0.0)))


@dataclass(frozen=True)
class Chain(Generic[S]):
    """States of a Metropolis chain, a state that stays counted again.

    Args:
        texts: the start, then the state after every step, steps + 1 of them.
        rewards: their rewards.
        accepted: whether each step took the proposal, shape (steps,).
        drawn: steps that the model drew, the start included; what the chain costs.
        beta: β.
    """

    texts: tuple[tuple[S, ...], ...]
    rewards: Array = field(repr=False)
    accepted: Array = field(repr=False)
    drawn: int
    beta: float

    @property
    def acceptance_rate(self) -> float:
        """Share of proposals that were taken; NaN without steps."""
        return float(self.accepted.mean()) if len(self.accepted) else math.nan

    def shares(
        self, answer: Callable[[tuple[S, ...]], Hashable] = lambda text: text, *, skip: int = 0
    ) -> dict[Hashable, float]:
        """Share of the states that give each answer, the most frequent first.

        The source's code takes every state after the first accepted one and burns nothing in; `skip`
        drops the first states, which still remember the start.

        Args:
            answer: the answer of a text; the text itself when left out.
            skip: states to drop at the beginning.

        Returns:
            Shares that add to 1.

        Raises:
            InputError: no state would be left.

        >>> import numpy as np
        >>> chain = Chain((("a",), ("a",), ("b",)), np.zeros(3), np.array([False, True]), drawn=3, beta=1.0)
        >>> chain.shares(skip=1)
        {('a',): 0.5, ('b',): 0.5}
        """
        if not 0 <= skip < len(self.texts):
            raise InputError(f"skip = {skip} leaves none of {len(self.texts)} states. Skip fewer.")
        counts: dict[Hashable, int] = {}
        for text in self.texts[skip:]:
            key = answer(text)
            counts[key] = counts.get(key, 0) + 1
        ordered = sorted(counts.items(), key=lambda item: -item[1])
        return {key: count / (len(self.texts) - skip) for key, count in ordered}


def metropolis_chain(
    generator: Generator[S],
    reward: Scorer[S],
    *,
    steps: int,
    beta: float,
    rng: np.random.Generator,
    start: tuple[S, ...] | None = None,
    most_steps: int = 10_000,
) -> Chain[S]:
    """Texts from `p(y) exp(r(y)/β)` over its sum, in the limit of many steps.

    Every step cuts the text at a uniformly drawn place, draws a new end from the model and takes it by
    `acceptance`. A step costs about half a text and one call of the reward.

    Reference: Faria, Smith 2025 (QAlign), arXiv:2504.03790.

    Args:
        generator: the model.
        reward: r of a finished text, finite.
        steps: T, proposals.
        beta: β.
        rng: random state.
        start: a finished text to start from; drawn from the model when left out.
        most_steps: length at which to give up on a text.

    Returns:
        The chain.

    Raises:
        InputError: a text does not end, the start is not finished, a reward is no finite number, steps are
            negative or β is not above 0.

    >>> class Guess:  # your model: here it draws one number, 1 in half of the cases, 2 in a quarter, …
    ...     def extend(self, prefix, rng):
    ...         return int(rng.geometric(0.5))
    ...     def finished(self, prefix):
    ...         return len(prefix) == 1
    >>> def right(text):  # your reward model
    ...     return 1.0 if text == (3,) else 0.0
    >>> chain = metropolis_chain(Guess(), right, steps=4000, beta=0.3, rng=np.random.default_rng(0))
    >>> exact = math.exp(1 / 0.3) / 8 / (math.exp(1 / 0.3) / 8 + 7 / 8)
    >>> abs(chain.shares()[(3,)] - exact) < 0.03
    True
    """
    check_start(generator)
    if steps < 0:
        raise InputError(f"{steps} steps cannot be taken. Give 0 or more.")
    present = complete(generator, (), rng=rng, most_steps=most_steps) if start is None else tuple(start)
    if not present or not generator.finished(present):
        raise InputError(f"The start of {len(present)} steps is not finished. Complete it first.")
    texts, rewards, accepted = [present], [_finite(reward, present)], []
    drawn = len(present) if start is None else 0
    acceptance(0.0, 0.0, 1, 1, beta=beta)
    for _ in range(steps):
        cut = int(rng.integers(len(present)))
        proposal = complete(generator, present[:cut], rng=rng, most_steps=most_steps)
        drawn += len(proposal) - cut
        gained = _finite(reward, proposal)
        taken = rng.random() < acceptance(rewards[-1], gained, len(present), len(proposal), beta=beta)
        present = proposal if taken else present
        texts.append(present)
        rewards.append(gained if taken else rewards[-1])
        accepted.append(bool(taken))
    return Chain(tuple(texts), np.array(rewards), np.array(accepted, dtype=bool), drawn, beta)


def _finite(reward: Scorer[S], text: tuple[S, ...]) -> float:
    """A reward; −inf would leave the chain where it stands for ever."""
    value = scored(reward, text)
    if not math.isfinite(value):
        raise InputError(f"The reward of a text of {len(text)} steps is {value}. Return a finite number.")
    return value
