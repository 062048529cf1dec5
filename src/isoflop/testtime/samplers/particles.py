"""Texts drawn by particles that a process reward model weighs step by step, and resampled by the weights."""

import math
from dataclasses import dataclass, field
from typing import Any, Generic, Literal

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import InputError
from isoflop.testtime.samplers.protocol import Generator, S, Scorer, check_start, extend_all, score_all, too_long
from isoflop.testtime.samplers.resampling import (
    Scheme,
    Weight,
    check_word,
    effective_particles,
    normalised,
    resample,
    step_weights,
)

Array = NDArray[Any]

Ended = Literal["once", "every round"]


@dataclass(frozen=True)
class ParticleRun(Generic[S]):
    """What a particle filter ended with.

    Args:
        texts: finished texts.
        log_weights: their log weights at the end, shape (particles,).
        scores: the last score of each.
        effective: effective sample size of every round before resampling.
        resampled: rounds in which particles were resampled.
        log_evidence: log of an unbiased estimate of `Σ p(text) Π r`, where finished texts weigh once.
        drawn: steps that the model drew; what the run costs, a score for each.
    """

    texts: tuple[tuple[S, ...], ...]
    log_weights: Array = field(repr=False)
    scores: Array = field(repr=False)
    effective: tuple[float, ...] = field(repr=False)
    resampled: tuple[int, ...] = field(repr=False)
    log_evidence: float
    drawn: int

    @property
    def weights(self) -> Array:
        """Weights that add to 1."""
        return normalised(self.log_weights)

    @property
    def best(self) -> tuple[S, ...]:
        """The text with the largest weight, the first among equals."""
        return self.texts[int(self.log_weights.argmax())]

    def shares(self) -> dict[tuple[S, ...], float]:
        """Total weight of each different text, the heaviest first."""
        found: dict[tuple[S, ...], float] = {}
        for text, weight in zip(self.texts, self.weights, strict=True):
            found[text] = found.get(text, 0.0) + float(weight)
        return dict(sorted(found.items(), key=lambda item: -item[1]))

    def draw(self, rng: np.random.Generator) -> tuple[S, ...]:
        """One text by weight."""
        return self.texts[int(resample(self.weights, 1, rng=rng)[0])]


@dataclass(frozen=True)
class Filter:
    """How particles are weighed and resampled.

    Args:
        particles: N.
        weight: what a score weighs, see `step_weights`.
        resample_below: resample when the effective size is at most this share of N; 1 is every round, as
            the source does. Weights multiply up over rounds without resampling.
        scheme: how to resample.
        ended: a finished text weighs its last score "once", or in "every round" until all are finished, as
            in the source's library. Only "once" aims at `Π p r` when texts differ in length: under "every
            round" short texts with low scores die out, and how much depends on the longest text.
        most_steps: length at which to give up.
    """

    particles: int
    weight: Weight = "score"
    resample_below: float = 1.0
    scheme: Scheme = "multinomial"
    ended: Ended = "once"
    most_steps: int = 10_000

    def __post_init__(self) -> None:
        """Refuse settings that mean nothing."""
        for name, kind in (("weight", Weight), ("scheme", Scheme), ("ended", Ended)):
            check_word(name, getattr(self, name), kind)
        if self.particles < 1 or not 0 <= self.resample_below <= 1:
            raise InputError(
                f"{self.particles} particles, resample_below = {self.resample_below}: give at least 1 and a share."
            )


def particle_filter(
    generator: Generator[S], scorer: Scorer[S], settings: Filter, *, rng: np.random.Generator
) -> ParticleRun[S]:
    """Texts from `Π p(step) r(prefix)` over its sum, in the limit of many particles.

    Every round extends each unfinished particle by one step, scores it and resamples all by weight. The
    weight is the latest score, not a product of earlier ones: those were spent in resampling.

    Reference: Puri et al. 2025, arXiv:2502.01618; its library its_hub.

    Args:
        generator: the model.
        scorer: r of a beginning, 0 to 1.
        settings: particles, weights and resampling.
        rng: random state.

    Returns:
        Texts with weights.

    Raises:
        InputError: a text does not end, a score is no probability, or all particles have weight 0.

    >>> class Letters:  # your model: three letters, b as likely as a
    ...     def extend(self, prefix, rng):
    ...         return "ab"[int(rng.integers(2))]
    ...     def finished(self, prefix):
    ...         return len(prefix) == 3
    >>> def likes_a(prefix):  # your process reward model
    ...     return 0.9 if prefix[-1] == "a" else 0.1
    >>> run = particle_filter(Letters(), likes_a, Filter(2000), rng=np.random.default_rng(0))
    >>> "".join(run.best), abs(run.shares()[("a", "a", "a")] - 0.9**3) < 0.05
    ('aaa', True)
    """
    return _sweep(generator, scorer, settings, rng, None)


def particle_gibbs(
    generator: Generator[S], scorer: Scorer[S], settings: Filter, *, iterations: int, rng: np.random.Generator
) -> tuple[tuple[S, ...], ...]:
    """A chain of texts from the target of `particle_filter`, for any number of particles.

    Every iteration runs the particles with the present text as one of them, its beginning never resampled
    away, and draws the next text from their weights. N times iterations is the budget.

    Reference: Andrieu, Doucet, Holenstein 2010, conditional sequential Monte Carlo; Puri et al. 2025,
    arXiv:2502.01618, for language models.

    Args:
        generator: the model.
        scorer: r of a beginning, 0 to 1.
        settings: at least 2 particles, "multinomial", finished texts weighing "once".
        iterations: states of the chain.
        rng: random state.

    Returns:
        One text per iteration; the first comes from an ordinary filter.

    Raises:
        InputError: as `particle_filter`; or the settings would not leave the target as it is.

    >>> from isoflop.testtime.samplers.toy import ToyModel
    >>> model = ToyModel({"a": 0.5, "b": 0.5}, {"a": {".": 1.0}, "b": {".": 1.0}})
    >>> chain = particle_gibbs(model, lambda text: 0.9 if text[0] == "a" else 0.1, Filter(4), iterations=200,
    ...                        rng=np.random.default_rng(0))
    >>> chain.count(("a", ".")) > 180
    True
    """
    if settings.particles < 2 or settings.scheme != "multinomial" or settings.ended != "once" or iterations < 1:
        raise InputError(
            f"Particle Gibbs needs at least 2 particles (found {settings.particles}), scheme 'multinomial', finished "
            f"texts weighing 'once' and at least 1 iteration (found {iterations}): the chain leaves its target else."
        )
    chain: list[tuple[S, ...]] = []
    for _ in range(iterations):
        chain.append(_sweep(generator, scorer, settings, rng, chain[-1] if chain else None).draw(rng))
    return tuple(chain)


def _sweep(
    generator: Generator[S],
    scorer: Scorer[S],
    settings: Filter,
    rng: np.random.Generator,
    reference: tuple[S, ...] | None,
) -> ParticleRun[S]:
    """One run of the particles; a reference, if any, is the first of them and always its own ancestor."""
    check_start(generator)
    count = settings.particles
    texts: list[tuple[S, ...]] = [()] * count
    logs, scores, open_ = np.zeros(count), np.zeros(count), np.ones(count, dtype=bool)
    effective: list[float] = []
    resampled: list[int] = []
    evidence, drawn = 0.0, 0
    while open_.any():
        if len(effective) >= settings.most_steps:
            raise too_long(settings.most_steps)
        kept = 0 if reference is None else 1
        free = [int(i) for i in np.flatnonzero(open_) if i >= kept]
        for place, text in zip(free, extend_all(generator, [texts[i] for i in free], rng), strict=True):
            texts[place] = text
        drawn += len(free)
        if reference is not None:
            texts[0] = reference[: len(effective) + 1]
        weighed = np.flatnonzero(open_)
        scores[weighed] = score_all(scorer, [texts[i] for i in weighed])
        logs += np.where(open_ | (settings.ended == "every round"), step_weights(scores, settings.weight), 0.0)
        effective.append(effective_particles(logs))
        open_ = np.array([not generator.finished(text) for text in texts])
        # Equal weights have an effective size of N up to rounding.
        if open_.any() and effective[-1] <= settings.resample_below * count * (1 + 1e-9):
            evidence += _log_mean(logs)
            parents = resample(normalised(logs), count, rng=rng, scheme=settings.scheme)
            parents[:kept] = 0
            texts, scores, open_ = [texts[i] for i in parents], scores[parents], open_[parents]
            logs = np.zeros(count)
            resampled.append(len(effective) - 1)
    evidence += _log_mean(logs)
    return ParticleRun(tuple(texts), logs, scores, tuple(effective), tuple(resampled), evidence, drawn)


def _log_mean(logs: Array) -> float:
    """Logarithm of the mean weight."""
    top = float(logs.max())
    return top + math.log(float(np.exp(logs - top).mean()))
