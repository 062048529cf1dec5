"""Formulas over columns, quantities and prices, and which of them a plan can have from what it knows."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import FormulaError, InputError
from isoflop.laws.functions import FUNCTIONS
from isoflop.laws.law import Law
from isoflop.plan.within.quantities import QUANTITIES, word_of
from isoflop.plan.within.shape_rule import COUNTED, Shaped

Array = NDArray[Any]

_UNIT: Final = "one_"
"""Laws need a parameter; an expression has this one, which is 1."""

_NAME: Final = re.compile(r"(?<![\w.])[^\W\d]\w*")


@dataclass(frozen=True)
class Expression:
    """A formula over words alone; make it by `expression`.

    Args:
        text: names written as words.
        words: those that it depends on, in order of appearance.
    """

    text: str
    words: tuple[str, ...]

    @cached_property
    def _law(self) -> Law:
        """The expression as a law with one parameter that is 1; a number alone stands on a column that is 1."""
        text = f"{_UNIT}*({self.text})" if self.words else f"{_UNIT}*({self.text})*params"
        return Law("expression", text, variables=self.words)

    def at(self, values: Mapping[str, Array]) -> Array:
        """Its value at words' values, broadcast."""
        if self.words == (self.text,):
            return values[self.text]
        if not self.words:
            return np.asarray(self._law.evaluate(np.ones(1), {"params": np.ones(1)})[0])
        shape = np.broadcast_shapes((1,), *(np.shape(values[w]) for w in self.words))
        columns = {w: np.broadcast_to(values[w], shape) for w in self.words}
        return np.asarray(self._law.evaluate(np.ones(1), columns))

    def check(self) -> None:
        """Parse now what would be parsed at the first use."""
        self._law.program()


@lru_cache(maxsize=1024)
def expression(text: str) -> Expression:
    """Read a formula over columns, quantities and prices.

    Args:
        text: such as `6*N*D + 2*N*serve_tokens`; letters and aliases stand for words.

    Returns:
        The expression.

    Raises:
        InputError: it does not parse; the message says where.

    >>> expression("2*N*serve_tokens").words
    ('params', 'serve_tokens')
    """
    plain = _NAME.sub(lambda m: m[0] if m[0] in FUNCTIONS else word_of(m[0]), text.strip())
    names = dict.fromkeys(name for name in _NAME.findall(plain) if name not in FUNCTIONS)
    made = Expression(plain, tuple(names))
    try:
        made.check()
    except FormulaError as error:
        said = str(error).replace(f"{_UNIT}*({plain})", plain)
        raise InputError(f"{text!r} cannot be read as a limit or an objective: {said}") from None
    return made


class Made(Protocol):
    """A way to have a quantity: a formula, a count of the shape that is made for N, a variable that follows."""

    @property
    def text(self) -> str:
        """How it is written."""

    @property
    def words(self) -> tuple[str, ...]:
        """What it depends on."""

    def at(self, values: Mapping[str, Array]) -> Array:
        """Its value at words' values."""


@dataclass(frozen=True)
class Scope:
    """Which words a plan knows, and how each comes about.

    Args:
        known: words with a value of their own: variables, given numbers, the response.
        own: quantities of the user, name → formula.
        smooth: whether N has a range, so that counts of its shape are taken between shapes.
        solved: variables that follow from limits which must hold exactly.
    """

    known: frozenset[str]
    own: Mapping[str, str]
    smooth: bool = True
    solved: Mapping[str, Made] = field(default_factory=dict)

    def _ways(self, word: str) -> tuple[Made, ...]:
        """All ways to have a word, in order."""
        if word in self.solved:
            return (self.solved[word],)
        if word in self.own:
            return (expression(self.own[word]),)
        if word in COUNTED:
            return (Shaped(word, self.smooth),)
        return tuple(expression(text) for text in QUANTITIES[word].formulas) if word in QUANTITIES else ()

    def formula(self, word: str, seen: tuple[str, ...] = ()) -> Made | None:
        """Formula of a quantity whose names all come about; None where there is none."""
        if word in seen:
            return None
        for made in self._ways(word):
            if all(w in self.known or self.formula(w, (*seen, word)) is not None for w in made.words):
                return made
        return None

    def require(self, words: Iterable[str], what: str) -> None:
        """Refuse words that do not come about.

        Raises:
            InputError: one does not; the message names what is lacking.
        """
        for word in words:
            if word in self.known or self.formula(word) is not None:
                continue
            lacking = self._lacking(word, ())
            listed = ", ".join(f"{name} = …" for name in lacking)
            raise InputError(f"{what} needs {word}, which follows from nothing that was given. Give {listed}.")

    def _lacking(self, word: str, seen: tuple[str, ...]) -> list[str]:
        """Names that would have to be given for a word to come about."""
        ways = self._ways(word)
        if not ways or word in seen:
            return [word]
        below = [w for w in ways[0].words if w not in self.known and self.formula(w) is None]
        return list(dict.fromkeys(x for w in below for x in self._lacking(w, (*seen, word))))

    def value(self, word: str, values: dict[str, Array]) -> Array:
        """A word's value from those that are there; what is found on the way is kept in `values`."""
        if word not in values:
            made = self.formula(word)
            if made is None:
                raise InputError(f"{word} follows from nothing that was given. Give {word} = ….")
            for other in made.words:
                self.value(other, values)
            values[word] = made.at(values)
        return values[word]

    def chain(self, words: Iterable[str]) -> tuple[str, ...]:
        """All quantities behind some words, each after those that it needs."""
        found: dict[str, None] = {}
        for word in words:
            if word not in self.known and (made := self.formula(word)) is not None:
                found |= dict.fromkeys((*self.chain(made.words), word))
        return tuple(found)

    def chain_words(self, word: str) -> tuple[str, ...]:
        """All words that one depends on, at any distance."""
        below = self.formula(word) if word not in self.known else None
        return () if below is None else tuple(x for w in below.words for x in (w, *self.chain_words(w)))
