"""Toy models with a known target, and a goodness-of-fit bound."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np

from isoflop.testtime.samplers import particles
from isoflop.testtime.samplers.toy import ToyModel, stepwise

# Texts of 1 to 4 steps, their lengths unequal in chance.
TOY = ToyModel(
    {"a": 0.5, "b": 0.3, ".": 0.2},
    {"a": {"a": 0.2, "b": 0.5, ".": 0.3}, "b": {"a": 0.6, ".": 0.4}},
    longest=4,
)


def reward(text) -> float:
    """Return more for a's, less for length."""
    return text.count("a") - 0.3 * len(text)


def score(prefix) -> float:
    """Return a chance that depends on the whole prefix."""
    return {"a": 0.9, "b": 0.4, ".": 0.7}[prefix[-1]] / (1 + 0.2 * prefix.count("b"))


TARGET, TOTAL = stepwise(TOY.texts(), score)


def chi_square_excess(drawn: Iterable, target: Mapping, least: float = 5.0) -> float:
    """Return how many standard deviations chi-square lies above its mean; rare texts are taken together."""
    counts = Counter(drawn)
    assert set(counts) <= set(target), "a text outside the target was drawn"
    total = sum(counts.values())
    rare = [text for text, chance in target.items() if chance * total < least]
    cells = [(counts[t], total * p) for t, p in target.items() if t not in set(rare)]
    if rare:
        cells.append((sum(counts[t] for t in rare), total * sum(target[t] for t in rare)))
    chi = sum((seen - expected) ** 2 / expected for seen, expected in cells)
    freedom = len(cells) - 1
    return (chi - freedom) / math.sqrt(2 * freedom)


def gibbs_from_target(settings: particles.Filter, count: int, rng: np.random.Generator) -> list:
    """Return texts after one iteration of particle Gibbs, each from its own draw of the target."""
    names, chances = list(TARGET), np.array(list(TARGET.values()))
    drawn = []
    for place in rng.choice(len(names), size=count, p=chances):
        run = particles._sweep(TOY, score, settings, rng, names[place])
        assert run.texts[0] == names[place], "the reference lives"
        drawn.append(run.draw(rng))
    return drawn
