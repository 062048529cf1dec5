"""Chances that an answer wins the vote of k samples drawn without replacement: exact, and by drawing."""

import itertools
import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def exact_work(votes: Array, most: int) -> float:
    """Products that the exact vote takes: one for every vote, winner's count, tie and size of the subset."""
    nodes = sum(_ties(votes, most, t) // 2 + 1 for t in range(1, min(int(votes.max(initial=0)), most) + 1))
    return float(np.minimum(votes, most).sum()) * nodes * (most + 1)


def majority_exact(votes: Array, truth: Array, ks: Array, *, spoiled: int = 0) -> Array:
    """Accuracy of the majority of k samples, the mean over all subsets.

    For an answer with m samples to win with t of k votes, all others must have less, or as many and lose the
    draw: with r of these the chance is `1/(1+r) = ∫ z^r dz`. So the number of winning subsets is
    `C(m, t) ∫ [x^(k−t)] Π_a (Σ_(v<t) C(m_a, v) x^v + z C(m_a, t) x^t) dz`, and the integral of a
    polynomial in z is a finite sum (Gauss and Legendre). One pass serves every k.

    Args:
        votes: samples of every answer, shape (answers,).
        truth: 1 for right answers, 0 for wrong ones.
        ks: sizes of the subsets.
        spoiled: samples without an answer.

    Returns:
        Accuracies, shape (ks,).
    """
    total, most = int(votes.sum()) + spoiled, int(ks.max())
    # Every sample is drawn with one chance, and the size of the draw is divided out in the end: no large numbers.
    chance = min((most + 1) / (total + 2), 0.5)
    size = _binomial(total, total, chance)[ks]
    found = np.zeros(len(ks))
    level, z, weight = _levels(votes, most)
    for place in np.flatnonzero(np.asarray(truth) != 0):
        own = _binomial(int(votes[place]), most, chance)
        rest = _others(np.delete(votes, place), spoiled, most, chance, (level, z))
        for row, k in enumerate(ks.tolist()):
            usable = level <= min(k, int(votes[place]))
            won = own[level[usable]] * weight[usable] * rest[usable, k - level[usable]]
            found[row] += float(truth[place]) * won.sum()
    # The sum may end a rounding above 1.
    return np.asarray(np.minimum(found / size, 1.0))


def majority_sampled(codes: Array, truth: Array, ks: Array, rng: np.random.Generator, subsets: int) -> Array:
    """The same from drawn subsets, nested over k."""
    order = rng.permuted(np.broadcast_to(np.arange(len(codes)), (subsets, len(codes))), axis=1)
    return _tallied(codes[order], None, truth, ks)


def weighted_sampled(
    codes: Array, truth: Array, weights: Array, ks: Array, *, rng: np.random.Generator, subsets: int
) -> Array:
    """Accuracy of the weighted vote: over all subsets of a size where these are few, else over drawn ones."""
    found = np.empty(len(ks))
    few = np.array([math.comb(len(codes), k) <= subsets for k in ks.tolist()])
    for row in np.flatnonzero(few):
        chosen = np.array(list(itertools.combinations(range(len(codes)), int(ks[row]))))
        found[row] = _tallied(codes[chosen], weights[chosen], truth, ks[row : row + 1])[0]
    if not few.all():
        order = rng.permuted(np.broadcast_to(np.arange(len(codes)), (subsets, len(codes))), axis=1)
        found[~few] = _tallied(codes[order], weights[order], truth, ks[~few])
    return found


def _tallied(codes: Array, weights: Array | None, truth: Array, ks: Array) -> Array:
    """Mean accuracy of the votes of the first k columns, for every k."""
    rows, answers = len(codes), len(truth)
    tally, there, found, seen = np.zeros((rows, answers)), np.zeros((rows, answers), bool), np.zeros(len(ks)), 0
    if not answers:
        return found
    value = np.asarray(truth, dtype=float)
    for place in np.argsort(ks, kind="stable").tolist():
        new = codes[:, seen : int(ks[place])]
        flat = np.where(new < 0, answers, new) + (answers + 1) * np.arange(rows)[:, None]
        own = None if weights is None else weights[:, seen : int(ks[place])].ravel()
        more = np.bincount(flat.ravel(), weights=own, minlength=rows * (answers + 1))
        tally += more.reshape(rows, answers + 1)[:, :answers]
        # By itself, because answers whose weights are all 0 are there too.
        there |= np.bincount(flat.ravel(), minlength=more.size).reshape(rows, answers + 1)[:, :answers] > 0
        seen = int(ks[place])
        best = tally.max(axis=1, keepdims=True)
        # Sums of equal weights in another order may differ in their last digits.
        winners = (tally >= best * (1 - 1e-12)) & there
        count = winners.sum(axis=1)
        found[place] = ((winners @ value) / np.maximum(count, 1)).mean()
    return found


def _levels(votes: Array, most: int) -> tuple[Array, Array, Array]:
    """Counts t that a winner may have, each with the nodes and weights that integrate over its ties."""
    parts = []
    for t in range(1, min(int(votes.max(initial=0)), most) + 1):
        nodes, weights = _nodes(_ties(votes, most, t) // 2 + 1)
        parts.append(np.stack([np.full(len(nodes), t), nodes, weights]))
    level, z, weight = np.concatenate(parts, axis=1) if parts else np.zeros((3, 0))
    return level.astype(np.int64), z, weight


def _ties(votes: Array, most: int, level: int) -> int:
    """How many other answers can have as many votes as a winner with `level`."""
    return max(min(int((votes >= level).sum()) - 1, most // level - 1), 0)


@lru_cache(maxsize=512)
def _nodes(count: int) -> tuple[Array, Array]:
    """Places and weights of Gauss and Legendre between 0 and 1."""
    places, weights = np.polynomial.legendre.leggauss(count)
    return (places + 1) / 2, weights / 2


def _others(votes: Array, spoiled: int, most: int, chance: float, rows: tuple[Array, Array]) -> Array:
    """Coefficients of x^0 to x^most of the product over all other answers, a row for every (t, z)."""
    level, z = rows
    product = np.zeros((len(level), most + 1))
    # Samples without an answer may be as many as they are.
    own = _binomial(spoiled, most, chance)
    product[:, : len(own)] = own
    for count in votes[votes > 0].tolist():
        product = _times(product, _binomial(count, most, chance), level, z)
    return product


def _times(product: Array, own: Array, level: Array, z: Array) -> Array:
    """Product with one answer's polynomial, cut to its winner's count."""
    made: Array = product * own[0]
    for v in range(1, len(own)):
        factor = np.where(v < level, own[v], np.where(v == level, own[v] * z, 0.0))
        made[:, v:] += factor[:, None] * product[:, : product.shape[1] - v]
    return made


def _binomial(count: int, most: int, chance: float) -> Array:
    """Chances of 0 to min(count, most) successes of `count`."""
    drawn = np.arange(1, min(count, most) + 1)
    steps = (count - drawn + 1) / drawn * (chance / (1 - chance))
    logs = count * math.log1p(-chance) + np.concatenate([[0.0], np.cumsum(np.log(steps))])
    return np.asarray(np.exp(logs))
