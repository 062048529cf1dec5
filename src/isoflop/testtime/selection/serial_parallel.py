"""Serial against parallel compute: correctness of the answer voted for, by rounds of refinement and by attempts."""

from itertools import combinations
from math import comb
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import InputError
from isoflop.testtime.selection.plausible_tests import expected_correct

Array = NDArray[Any]

SUBSETS: Final = 1000
"""Subsets of the attempts up to which all are taken; beyond, so many random ones."""


def vote_surface(passes: ArrayLike, correct: ArrayLike, tests_of: ArrayLike, *, rng: np.random.Generator) -> Array:
    """Chance that the vote of tests picks a correct answer, for every number of rounds and of attempts.

    An attempt is a chain of refinements with tests of its own. With m attempts after t rounds only their answers and
    their tests take part; the answer that passes most tests is given, ties at random; mean over subsets of m attempts.

    Reference: Ehrlich et al. 2025 (CodeMonkeys), arXiv:2501.14723, and its code (votes of tests, exit code 0).

    Args:
        passes: whether the answer of an attempt passes a test after a round, shape (rounds, attempts, tests).
        correct: whether it is correct, shape (rounds, attempts).
        tests_of: attempt that wrote each test, 0 and up, shape (tests,).
        rng: random state, used where there are more than `SUBSETS` subsets.

    Returns:
        Chances, shape (rounds, attempts): row t is round t + 1, column m is m + 1 attempts.

    Raises:
        InputError: shapes do not match, or a mark is neither 1 nor 0.

    >>> passes = [[[1, 0], [1, 1]], [[1, 1], [1, 1]]]
    >>> vote_surface(passes, [[0, 1], [1, 1]], [0, 1], rng=np.random.default_rng(0)).tolist()
    [[0.5, 1.0], [1.0, 1.0]]
    """
    passed, right, owner = (np.asarray(given) for given in (passes, correct, tests_of))
    if passed.ndim != 3 or right.shape != passed.shape[:2] or owner.shape != passed.shape[2:]:
        raise InputError(
            f"passes {passed.shape}, correct {right.shape}, tests_of {owner.shape} do not match. Give passes of shape "
            "(rounds, attempts, tests), correct (rounds, attempts), and one attempt per test."
        )
    attempts = passed.shape[1]
    if not (np.isin(passed, (0, 1)).all() and np.isin(right, (0, 1)).all() and np.isin(owner, range(attempts)).all()):
        raise InputError(
            f"A pass or a mark is neither 1 nor 0, or a test is of an attempt beyond the {attempts}. Correct them."
        )
    # Votes of the tests of each attempt on its own: shape (rounds, attempts, owners).
    votes = passed.astype(float) @ (owner[:, None] == np.arange(attempts)).astype(float)
    found = np.empty((len(passed), attempts))
    for size in range(1, attempts + 1):
        chosen = _subsets(attempts, size, rng)
        share = [expected_correct(votes[:, s][:, :, s].sum(axis=2), right[:, s]) for s in chosen]
        found[:, size - 1] = np.mean(share, axis=0)
    return found


def _subsets(attempts: int, size: int, rng: np.random.Generator) -> list[Array]:
    """All subsets of a size, or random ones where they are too many."""
    if comb(attempts, size) <= SUBSETS:
        return [np.array(one) for one in combinations(range(attempts), size)]
    return [rng.permutation(attempts)[:size] for _ in range(SUBSETS)]
