"""What the samplers ask of a model: draw one more step, say whether a text is finished, score a text."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar, runtime_checkable

import numpy as np

from isoflop.errors import InputError

S = TypeVar("S")
"""A step: a token, a line, a reasoning step; anything hashable."""


class Generator(Protocol[S]):
    """A model that extends a text by one step at a time; the prompt is its own affair.

    A text is a tuple of steps. The step that ends it (an end token, a final answer) is one of its steps.

    >>> class Coin:  # heads and tails until the first tail
    ...     def extend(self, prefix, rng):
    ...         return "H" if rng.random() < 0.5 else "T"
    ...     def finished(self, prefix):
    ...         return prefix[-1:] == ("T",)
    >>> complete(Coin(), (), rng=np.random.default_rng(2))
    ('H', 'H', 'T')
    """

    def extend(self, prefix: tuple[S, ...], rng: np.random.Generator) -> S:
        """Draw the next step of an unfinished text."""
        ...

    def finished(self, prefix: tuple[S, ...]) -> bool:
        """Whether the text ends here; the empty text must not."""
        ...


@runtime_checkable
class BatchGenerator(Protocol[S]):
    """A generator that can also extend many texts at once, as a served model does; samplers use it where it is."""

    def extend(self, prefix: tuple[S, ...], rng: np.random.Generator) -> S:
        """Draw the next step of an unfinished text."""
        ...

    def extend_many(self, prefixes: list[tuple[S, ...]], rng: np.random.Generator) -> list[S]:
        """Draw the next step of each unfinished text."""
        ...

    def finished(self, prefix: tuple[S, ...]) -> bool:
        """Whether the text ends here."""
        ...


Scorer = Callable[[tuple[S, ...]], float]
"""A score of a text or of its beginning: a reward model, a verifier, a process reward model."""


@runtime_checkable
class BatchScorer(Protocol[S]):
    """A scorer that can also score many texts at once."""

    def __call__(self, prefix: tuple[S, ...]) -> float:
        """Score a text."""
        ...

    def score_many(self, prefixes: list[tuple[S, ...]]) -> list[float]:
        """Score each text."""
        ...


@dataclass(frozen=True)
class FromFunctions(Generic[S]):
    """A generator made of two functions.

    Args:
        draw: the next step of a text, given the text so far and the random state.
        ends: whether a text is finished.

    >>> digits = FromFunctions(lambda text, rng: int(rng.integers(10)), lambda text: len(text) == 4)
    >>> len(complete(digits, (7,), rng=np.random.default_rng(0)))
    4
    """

    draw: Callable[[tuple[S, ...], np.random.Generator], S]
    ends: Callable[[tuple[S, ...]], bool]

    def extend(self, prefix: tuple[S, ...], rng: np.random.Generator) -> S:
        """Draw the next step."""
        return self.draw(prefix, rng)

    def finished(self, prefix: tuple[S, ...]) -> bool:
        """Whether the text ends here."""
        return self.ends(prefix)


def too_long(limit: int, option: str = "most_steps") -> InputError:
    """The error of a text that does not end."""
    return InputError(
        f"A text is not finished after {limit} steps. Let finished() return True at the longest text that you "
        f"allow, or raise {option}."
    )


def check_start(generator: Generator[S]) -> None:
    """Refuse a generator that calls the empty text finished.

    Raises:
        InputError: it does.
    """
    if generator.finished(()):
        raise InputError("finished(()) is True: there is nothing to draw. Let it return False for the empty text.")


def extend_all(generator: Generator[S], prefixes: list[tuple[S, ...]], rng: np.random.Generator) -> list[tuple[S, ...]]:
    """Every text, one step longer.

    Args:
        generator: the model.
        prefixes: unfinished texts.
        rng: random state.

    Returns:
        The longer texts, in order.

    Raises:
        InputError: a batched model returns another number of steps than there are texts.
    """
    if not isinstance(generator, BatchGenerator):
        return [(*prefix, generator.extend(prefix, rng)) for prefix in prefixes]
    steps = generator.extend_many(prefixes, rng) if prefixes else []
    if len(steps) != len(prefixes):
        raise InputError(
            f"extend_many returned {len(steps)} steps for {len(prefixes)} texts. Return one per text, in order."
        )
    return [(*prefix, step) for prefix, step in zip(prefixes, steps, strict=True)]


def complete(
    generator: Generator[S], prefix: tuple[S, ...], *, rng: np.random.Generator, most_steps: int = 10_000
) -> tuple[S, ...]:
    """Draw steps until the text is finished.

    Args:
        generator: the model.
        prefix: the beginning; empty for a whole text.
        rng: random state.
        most_steps: length at which to give up.

    Returns:
        The finished text.

    Raises:
        InputError: it is not finished at that length.

    >>> countdown = FromFunctions(lambda text, rng: text[-1] - 1, lambda text: text[-1:] == (0,))
    >>> complete(countdown, (3,), rng=np.random.default_rng(0))
    (3, 2, 1, 0)
    """
    text = prefix
    while not generator.finished(text):
        if len(text) >= most_steps:
            raise too_long(most_steps)
        text = (*text, generator.extend(text, rng))
    return text


def scored(scorer: Scorer[S], text: tuple[S, ...]) -> float:
    """The score of a text, checked.

    Raises:
        InputError: it is NaN or +inf.
    """
    return _number(scorer(text), len(text))


def _number(score: float, steps: int) -> float:
    """A score that orders texts."""
    value = float(score)
    if np.isnan(value) or value == np.inf:
        raise InputError(f"The scorer returned {value} for a text of {steps} steps. Return a finite number.")
    return value


def score_all(scorer: Scorer[S], texts: list[tuple[S, ...]]) -> list[float]:
    """The scores of texts, checked.

    Args:
        scorer: the scorer; in one call where it has `score_many`.
        texts: the texts.

    Returns:
        One score per text, in order.

    Raises:
        InputError: a score is NaN or +inf, or there are not as many scores as texts.
    """
    if not isinstance(scorer, BatchScorer):
        return [scored(scorer, text) for text in texts]
    scores = scorer.score_many(texts) if texts else []
    if len(scores) != len(texts):
        raise InputError(
            f"score_many returned {len(scores)} scores for {len(texts)} texts. Return one per text, in order."
        )
    return [_number(score, len(text)) for score, text in zip(scores, texts, strict=True)]
