"""What a plan decides: columns with a range, or with a list of values to choose from."""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import InputError
from isoflop.plan.within.quantities import read_value, word_of

Array = NDArray[Any]

MOST: Final = 400
"""Combinations of listed values that are tried at most."""

_BELOW, _ABOVE = 1e-3, 1e6
_WIDE: Final = frozenset({"params", "tokens", "flops", "fp_tokens", "qat_tokens", "nonvocab_params", "vocab_params"})


@dataclass(frozen=True)
class Variable:
    """A column with a range.

    Args:
        word: the column.
        low: least value.
        high: largest value.
        logarithmic: whether steps are factors rather than differences.
        assumed: whether the range follows from the runs instead of being given.
    """

    word: str
    low: float
    high: float
    logarithmic: bool
    assumed: bool = False

    @property
    def scale(self) -> float:
        """Length of its coordinate, which starts at 0."""
        return math.log(self.high / self.low) if self.logarithmic else 1.0

    def value(self, x: Array) -> Array:
        """Values at coordinates."""
        if self.logarithmic:
            return np.asarray(self.low * np.exp(x))
        return np.asarray(self.low + (self.high - self.low) * x)

    def coordinate(self, value: Array) -> Array:
        """Coordinates of values."""
        if self.logarithmic:
            return np.asarray(np.log(value / self.low))
        return np.asarray((value - self.low) / (self.high - self.low))


@dataclass(frozen=True)
class Choice:
    """A column that takes listed values only.

    Args:
        word: the column.
        values: what it may be.
    """

    word: str
    values: tuple[float, ...]


def read_variables(
    choose: Mapping[str, Any], ranges: Mapping[str, tuple[float, float]]
) -> tuple[tuple[Variable, ...], tuple[Choice, ...]]:
    """Read what is to be decided.

    Args:
        choose: word → None (a range from the runs), `(low, high)`, a list of values, or text: `1e8..1e12`,
            `4|8|16`, `8..1024/8` for multiples.
        ranges: word → smallest and largest value among the runs.

    Returns:
        Variables with a range, and choices.

    Raises:
        InputError: a range is empty, cannot be read or is not known, or there are too many combinations.

    >>> read_variables({"N": "1e8..1e12", "weight_bits": "4|8"}, {})[1]
    (Choice(word='weight_bits', values=(4.0, 8.0)),)
    """
    variables, choices = [], []
    for name, asked in choose.items():
        word = word_of(name)
        read = _read(word, asked)
        if read is None:
            variables.append(_from_runs(word, ranges))
        elif isinstance(read, Choice):
            choices.append(read)
        else:
            variables.append(_ranged(word, *read))
    count = math.prod(len(choice.values) for choice in choices)
    if count > MOST:
        raise InputError(f"The listed values have {count} combinations; at most {MOST} are tried. List fewer.")
    if not variables and not choices:
        raise InputError("Nothing is to be decided. Name columns to choose, such as params and tokens.")
    return tuple(variables), tuple(choices)


def combinations(choices: Sequence[Choice]) -> list[dict[str, float]]:
    """All combinations of listed values."""
    words = [choice.word for choice in choices]
    return [dict(zip(words, some, strict=True)) for some in itertools.product(*(c.values for c in choices))]


def _read(word: str, asked: Any) -> Choice | tuple[float, float] | None:  # noqa: ANN401 - what users write
    """A range, a choice, or None for a range from the runs."""
    if asked is None or asked == "":
        return None
    if isinstance(asked, str):
        low, dots, rest = asked.partition("..")
        if not dots:
            return Choice(word, tuple(read_value(word, part.strip()) for part in asked.split("|")))
        high, slash, step = rest.partition("/")
        ends = read_value(word, low.strip()), read_value(word, high.strip())
        return _multiples(word, ends, read_value(word, step.strip())) if slash else ends
    if isinstance(asked, tuple):
        if len(asked) != 2:
            raise InputError(f"{word} = {asked!r} is no range. Give (low, high), or a list of values.")
        return read_value(word, asked[0]), read_value(word, asked[1])
    return Choice(word, tuple(read_value(word, value) for value in asked))


def _multiples(word: str, ends: tuple[float, float], step: float) -> Choice:
    """All multiples of a step between two ends."""
    if not step > 0:
        raise InputError(f"{word} cannot go in steps of {step:g}. Give a positive step.")
    first, last = math.ceil(ends[0] / step - 1e-9), math.floor(ends[1] / step + 1e-9)
    if last < first:
        raise InputError(f"{word} has no multiple of {step:g} between {ends[0]:g} and {ends[1]:g}. Widen the range.")
    if last - first + 1 > MOST:
        raise InputError(
            f"{word} would take {last - first + 1} values; at most {MOST} are tried. Use a larger step, or a range."
        )
    return Choice(word, tuple(step * k for k in range(first, last + 1)))


def _ranged(word: str, low: float, high: float) -> Variable:
    """A variable with given ends; logarithmic where both are positive and a factor of two apart or more."""
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise InputError(f"{word} has the empty range {low:g} to {high:g}. Give low..high, or fix it.")
    return Variable(word, low, high, low > 0 and high / low >= 2)


def _from_runs(word: str, ranges: Mapping[str, tuple[float, float]]) -> Variable:
    """A variable in the range of the runs; sizes, data and compute far around it."""
    if word not in ranges or not 0 <= ranges[word][0] <= ranges[word][1]:
        raise InputError(f"The runs have no range for {word}, so give one: {word}=low..high or {word}=4|8|16.")
    low, high = ranges[word]
    if word in _WIDE and low > 0:
        return Variable(word, low * _BELOW, high * _ABOVE, logarithmic=True, assumed=True)
    if low == high:
        raise InputError(f"All runs have {word} = {low:g}, so they say nothing of other values. Give a range.")
    return Variable(word, low, high, low > 0 and high / low >= 2, assumed=True)
