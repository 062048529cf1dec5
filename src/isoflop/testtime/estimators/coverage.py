"""Coverage: the chance that one of k samples is right, and that all k are, without bias."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import TableError
from isoflop.testtime.counts import named, whole
from isoflop.testtime.estimators.ragged import allowed_ks

Array = NDArray[Any]

BLOCK: Final = 1 << 16
"""Products that run together: what stays in the cache."""

UNSEEN: Final = 1e-20
"""A share below which nothing is left to add to 1."""

VANISHED: Final = 1e-290


class Shares(NamedTuple):
    """Shares of the subsets of k samples.

    Args:
        none: that hold none of the marked samples.
        some: that hold at least one; computed by itself, so that small ones are exact too.
    """

    none: Array
    some: Array


def subset_shares(n: ArrayLike, marked: ArrayLike, k: ArrayLike, *, least: float = VANISHED) -> Shares:
    """Share of the k-subsets of n samples without, and with, one of the marked ones.

    `C(n−m, k)/C(n, k) = Π_{j<a} (1 − b/(n−j))` with a = min(m, k) and b = max(m, k): a running product, so that
    nothing overflows; its complement is the running sum of what every factor takes away.

    Args:
        n: samples; arrays of one shape, or numbers.
        marked: m, how many of them are marked.
        k: size of the subsets, at most n.
        least: the products stop below this share.

    Returns:
        Both shares.

    >>> none, some = subset_shares(50, 5, 5)
    >>> round(float(some), 6)
    0.423361
    """
    total, m, size = (np.asarray(x) for x in np.broadcast_arrays(n, marked, k))
    shape = total.shape
    total, m, size = (x.ravel().astype(float) for x in (total, m, size))
    a, b = np.minimum(m, size), np.maximum(m, size)
    # A product of a factors 1 − b/n or less is below exp(−a b/n).
    enough = np.minimum(a, np.ceil(-np.log(least) * total / np.maximum(b, 1)))
    order = np.argsort(-enough, kind="stable")
    none, some = np.empty(len(order)), np.empty(len(order))
    for first in range(0, len(order), BLOCK):
        rows = order[first : first + BLOCK]
        none[rows], some[rows] = _running(total[rows], b[rows], enough[rows])
    certain = m + size > total
    none[certain], some[certain] = 0.0, 1.0
    return Shares(none.reshape(shape), some.reshape(shape))


def running_shares(n: Array, marked: Array, most: int) -> Array:
    """Share of the k-subsets without a marked sample for every k up to `most`, the running product itself.

    Args:
        n: samples, shape (problems,).
        marked: how many of them are marked.
        most: largest k, at most the smallest n.

    Returns:
        Shares, shape (problems, most).

    >>> running_shares(np.array([4]), np.array([1]), 4).tolist()
    [[0.75, 0.5, 0.25, 0.0]]
    """
    left = n[:, None] - np.arange(most)
    return np.asarray(np.cumprod(np.maximum(left - marked[:, None], 0) / left, axis=1))


def _running(n: Array, b: Array, terms: Array) -> tuple[Array, Array]:
    """Product of `1 − b/(n−j)` over j below `terms`, which falls along the rows, and what it takes away."""
    left, taken, away = np.ones(len(n)), np.zeros(len(n)), n.copy()
    steps = int(terms[0]) if len(terms) else 0
    # Rows with more terms than j, for every j.
    active = np.searchsorted(-terms, -np.arange(steps), side="left")
    for count in active.tolist():
        now, one, rest = left[:count], b[:count], away[:count]
        taken[:count] += now * (one / rest)
        # Not the difference of the two: it would lose the digits of small shares.
        now *= (rest - one) / rest
        rest -= 1
    # The sum may end a rounding above 1.
    return left, np.minimum(taken, 1.0)


def pass_at_k(n: ArrayLike, c: ArrayLike, ks: ArrayLike, *, names: Sequence[str] | None = None) -> Array:
    """Chance that at least one of k samples is correct, `1 − C(n−c, k)/C(n, k)` for every problem.

    Without bias for `1 − (1 − p)^k`. To put c/n there for p is too low on average: at n = 50, p = .1, k = 5 by .013.

    Reference: Chen et al. 2021, arXiv:2107.03374, equation 1.

    Args:
        n: samples of every problem, shape (problems,).
        c: correct ones among them.
        ks: values of k, shape (ks,).
        names: of the problems, for errors.

    Returns:
        Estimates, shape (problems, ks).

    Raises:
        TableError: k is above n of some problems, which are named; or counts that cannot be.

    >>> pass_at_k([50, 8], [5, 6], [1, 4]).round(6).tolist()
    [[0.1, 0.35304], [0.75, 1.0]]
    """
    samples, correct = counted(n, c, names)
    return _over_pairs(samples, correct, allowed_ks(ks, samples, names), "some", UNSEEN)


def pass_hat_k(n: ArrayLike, c: ArrayLike, ks: ArrayLike, *, names: Sequence[str] | None = None) -> Array:
    """Chance that all of k samples are correct, pass^k `= C(c, k)/C(n, k)`, without bias for `p^k`.

    Reference: Yao et al. 2024 (τ-bench), arXiv:2406.12045; that it has no bias is recomputed in the tests.

    Args:
        n: samples of every problem, shape (problems,).
        c: correct ones among them.
        ks: values of k, shape (ks,).
        names: of the problems, for errors.

    Returns:
        Estimates, shape (problems, ks).

    Raises:
        TableError: k is above n of some problems, which are named; or counts that cannot be.

    >>> round(float(pass_hat_k(8, 6, 4)[0, 0]), 6)
    0.214286
    """
    samples, correct = counted(n, c, names)
    return _over_pairs(samples, samples - correct, allowed_ks(ks, samples, names), "none", VANISHED)


def pass_at_k_variance(n: ArrayLike, c: ArrayLike, ks: ArrayLike, *, names: Sequence[str] | None = None) -> Array:
    """Variance of `pass_at_k` for a problem's own p, `q_k² − q_2k` with q_j the share of j-subsets without success.

    Without bias, and never negative. It needs n of at least 2k: `q_2k` stands for the square of `(1 − p)^k`.

    Reference: the variance of any unbiased estimate whose square's mean has one too; checked by summing the binomial.

    Args:
        n: samples of every problem, shape (problems,).
        c: correct ones among them.
        ks: values of k.
        names: of the problems, for errors.

    Returns:
        Variances, shape (problems, ks).

    Raises:
        TableError: 2k is above n of some problems, which are named with the largest k that they allow.

    >>> pass_at_k_variance(50, 5, 5).round(6).tolist()
    [[0.021949]]
    """
    samples, correct = counted(n, c, names)
    asked = allowed_ks(ks, samples, names, each=2)
    once = _over_pairs(samples, correct, asked, "none", VANISHED)
    return np.asarray(np.maximum(once**2 - _over_pairs(samples, correct, 2 * asked, "none", VANISHED), 0.0))


def counted(n: ArrayLike, c: ArrayLike, names: Sequence[str] | None = None) -> tuple[Array, Array]:
    """Take counts of samples and correct ones, shape (problems,) each.

    Raises:
        TableError: more correct than samples, no samples, or no whole numbers.
    """
    samples, correct = one_each(whole(n, "samples n"), whole(c, "correct samples c"))
    if samples.ndim != 1 or not len(samples):
        raise TableError(f"Samples of shape {samples.shape} are no counts. Give one n and one c per problem.")
    bad = np.flatnonzero((samples < 1) | (correct < 0) | (correct > samples))
    if len(bad):
        at = int(bad[0])
        who = named([names[k] if names is not None else str(k) for k in bad.tolist()])
        raise TableError(
            f"{who}: {int(correct[at])} correct of {int(samples[at])} samples is impossible. Give n of at least 1, and "
            "c between 0 and n."
        )
    return samples, correct


def one_each(*columns: Array) -> tuple[Array, ...]:
    """Give columns of problems one shape; a number stands for all problems, a column of another length for none.

    Raises:
        TableError: lengths that differ.
    """
    shapes = {column.shape for column in columns if column.ndim}
    if len(shapes) > 1:
        raise TableError(
            f"Columns of {' and '.join(str(column.shape) for column in columns)} problems do not fit. Give one number "
            "per problem in each."
        )
    return tuple(np.atleast_1d(column) for column in np.broadcast_arrays(*columns))


def _over_pairs(n: Array, marked: Array, ks: Array, which: str, least: float) -> Array:
    """One of the shares for all problems and k, worked out once for every pair of counts that occurs."""
    total, row = np.unique(n, return_inverse=True)
    width = int(marked.max()) + 1
    if len(total) * width < 1 << 62:
        pair, place = np.unique(row * width + marked, return_inverse=True)
        distinct = total[pair // width], pair % width
    else:
        # No whole number holds both: counts beyond 2^32 are rare enough for the slower way.
        both, place = np.unique(np.stack([n, marked]), axis=1, return_inverse=True)
        distinct = both[0], both[1]
    found = subset_shares(distinct[0][:, None], distinct[1][:, None], ks, least=least)
    return np.asarray(getattr(found, which)[place.ravel()])
