"""Small models whose every text can be listed, so that what a sampler aims at is known exactly."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from isoflop.errors import InputError
from isoflop.testtime.samplers.protocol import Scorer

Text = tuple[str, ...]


@dataclass(frozen=True)
class ToyModel:
    """A Markov chain over steps that ends at one of them, or at a length.

    Args:
        first: chance of each first step.
        after: chance of each next step, by the step before.
        end: the step that ends a text.
        longest: length at which a text ends anyway.

    >>> toy = ToyModel({"a": 0.5, ".": 0.5}, {"a": {"a": 0.5, ".": 0.5}}, longest=3)
    >>> {" ".join(text): chance for text, chance in toy.texts().items()}
    {'a a a': 0.125, 'a a .': 0.125, 'a .': 0.25, '.': 0.5}
    """

    first: Mapping[str, float]
    after: Mapping[str, Mapping[str, float]]
    end: str = "."
    longest: int = 8

    def __post_init__(self) -> None:
        """Refuse rows that are no distributions, steps without a row, and no length."""
        rows = {"first": self.first, **{f"after[{step!r}]": row for step, row in self.after.items()}}
        for name, row in rows.items():
            total = sum(row.values())
            if not row or min(row.values()) < 0 or not abs(total - 1) <= 1e-9:
                raise InputError(f"{name} adds up to {total:g}, or has a negative chance. Make it add to 1.")
            lost = [step for step in row if step != self.end and step not in self.after]
            if lost:
                raise InputError(f"{name} leads to {lost[0]!r}, which has no row in after. Add it.")
        if self.longest < 1:
            raise InputError(f"The longest text has {self.longest} steps. Allow at least 1.")

    def _next(self, prefix: Text) -> Mapping[str, float]:
        """Chances of the next step."""
        return self.after[prefix[-1]] if prefix else self.first

    def extend(self, prefix: Text, rng: np.random.Generator) -> str:
        """Draw the next step."""
        row = self._next(prefix)
        at = rng.random() * sum(row.values())
        for step, chance in row.items():
            at -= chance
            if at < 0:
                return step
        return [step for step, chance in row.items() if chance > 0][-1]

    def finished(self, prefix: Text) -> bool:
        """Whether the end was drawn or the length is reached."""
        return bool(prefix) and (prefix[-1] == self.end or len(prefix) >= self.longest)

    def texts(self) -> dict[Text, float]:
        """Every finished text with its chance."""
        found: dict[Text, float] = {}
        open_: list[tuple[Text, float]] = [((), 1.0)]
        while open_:
            prefix, chance = open_.pop()
            if self.finished(prefix):
                found[prefix] = chance
                continue
            longer = [((*prefix, step), chance * p) for step, p in self._next(prefix).items() if p > 0]
            open_ += longer[::-1]
        return found


def tilted(texts: Mapping[Text, float], reward: Scorer[str], beta: float) -> dict[Text, float]:
    """What QAlign's chain aims at, `p(y) exp(r(y)/β)` over its sum.

    Args:
        texts: chance of every text.
        reward: r of a finished text.
        beta: β, above 0.

    Returns:
        Chance of every text.

    >>> tilted({("a",): 0.5, ("b",): 0.5}, lambda text: float(text == ("a",)), beta=1 / math.log(3))
    {('a',): 0.75, ('b',): 0.25}
    """
    logs = {text: math.log(chance) + reward(text) / beta for text, chance in texts.items()}
    top = max(logs.values())
    total = math.fsum(math.exp(value - top) for value in logs.values())
    return {text: math.exp(value - top) / total for text, value in logs.items()}


def stepwise(texts: Mapping[Text, float], score: Scorer[str]) -> tuple[dict[Text, float], float]:
    """What a particle filter aims at, `Π p(step) r(prefix)` over its sum.

    Args:
        texts: chance of every text.
        score: r of every beginning of a text, 0 or more.

    Returns:
        Chance of every text, and the sum.

    >>> stepwise({("a", "."): 0.5, ("b", "."): 0.5}, lambda text: 0.8 if text[0] == "a" else 0.4)[0]
    {('a', '.'): 0.8, ('b', '.'): 0.2}
    """
    weights = {
        text: chance * math.prod(score(text[: i + 1]) for i in range(len(text))) for text, chance in texts.items()
    }
    total = math.fsum(weights.values())
    if total <= 0:
        raise InputError("Every text has weight 0: there is nothing to aim at. Give some beginning a score above 0.")
    return {text: weight / total for text, weight in weights.items()}, total


def distance(counts: Mapping[Text, float], target: Mapping[Text, float]) -> float:
    """Total variation between drawn texts and their target, `½ Σ |share − chance|`.

    Args:
        counts: how often each text was drawn, or its weight.
        target: chance of every text.

    Returns:
        0 where they agree, 1 where nothing overlaps.

    >>> distance({("a",): 3, ("b",): 1}, {("a",): 0.5, ("b",): 0.5})
    0.25
    """
    total = math.fsum(counts.values())
    keys = set(counts) | set(target)
    return 0.5 * math.fsum(abs(counts.get(k, 0.0) / total - target.get(k, 0.0)) for k in keys)
