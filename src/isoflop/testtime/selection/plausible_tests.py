"""Choosing code by generated tests of which some are wrong: B4, CodeT, most tests passed, largest agreement."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import InputError

Array = NDArray[Any]


def _passes(passes: ArrayLike) -> Array:
    """The matrix as numbers 0 and 1, checked."""
    matrix = np.asarray(passes)
    if matrix.ndim < 2 or 0 in matrix.shape[-2:]:
        raise InputError(
            f"The passes have shape {matrix.shape}; they need at least one solution and one test. "
            "Give an array of shape (solutions, tests)."
        )
    if matrix.dtype != bool:
        wrong = ~np.isin(matrix, (0, 1))
        if wrong.any():
            place = tuple(int(i) for i in np.argwhere(wrong)[0])
            raise InputError(f"passes{list(place)} is {matrix[place]}, neither 0 nor 1. Write 1 where the test passed.")
    # Sums of products up to 2^53 stay exact, and matrix products are fast.
    return matrix.astype(np.float64)


def _agreeing(passes: Array) -> tuple[Array, Array, Array]:
    """Tests passed per solution, tests that two solutions both pass, and whether their rows are the same."""
    passed = passes.sum(axis=-1)
    both = passes @ np.swapaxes(passes, -1, -2)
    # Rows are equal when neither passes a test that the other fails.
    same = (both == passed[..., :, None]) & (both == passed[..., None, :])
    return passed, both, same


def consensus_sets(passes: ArrayLike) -> tuple[tuple[int, ...], ...]:
    """Solutions grouped by the tests that they pass, in order of first appearance.

    Args:
        passes: whether a solution passes a test, shape (solutions, tests).

    Returns:
        Places of the solutions of every set.

    Raises:
        InputError: the matrix is empty, holds something besides 0 and 1, or is of several problems.

    >>> consensus_sets([[1, 1, 0], [0, 1, 1], [1, 1, 0]])
    ((0, 2), (1,))
    """
    matrix = _passes(passes)
    if matrix.ndim != 2:
        raise InputError(f"Passes of shape {matrix.shape} are of several problems. Group them one problem at a time.")
    sets: dict[bytes, list[int]] = {}
    for place, row in enumerate(matrix):
        sets.setdefault(row.tobytes(), []).append(place)
    return tuple(tuple(members) for members in sets.values())


def max_pass_scores(passes: ArrayLike) -> Array:
    """Number of tests that a solution passes, n_y: the vote of CodeMonkeys too.

    Reference: Ehrlich et al. 2025 (CodeMonkeys), arXiv:2501.14723; Chen et al. 2024, arXiv:2409.08692, MaxPass.

    Args:
        passes: shape (…, solutions, tests).

    Returns:
        Scores, shape (…, solutions); the largest is chosen.

    >>> max_pass_scores([[1, 1, 0], [0, 1, 1], [1, 1, 1]])
    array([2., 2., 3.])
    """
    return np.asarray(_passes(passes).sum(axis=-1))


def mbr_exec_scores(passes: ArrayLike) -> Array:
    """Number of solutions with the same row, n_x.

    Reference: Shi et al. 2022 (MBR-exec), arXiv:2204.11454, as Chen et al. 2024, arXiv:2409.08692, compare it.

    Args:
        passes: shape (…, solutions, tests).

    Returns:
        Scores, shape (…, solutions).

    >>> mbr_exec_scores([[1, 1, 0], [0, 1, 1], [1, 1, 0]])
    array([2., 1., 2.])
    """
    return np.asarray(_agreeing(_passes(passes))[2].sum(axis=-1, dtype=float))


def codet_scores(passes: ArrayLike) -> Array:
    """Tests passed times the root of the solutions that agree, `n_y √n_x`.

    Reference: Chen et al. 2022 (CodeT), arXiv:2207.10397, as Chen et al. 2024, arXiv:2409.08692, compare it.

    Args:
        passes: shape (…, solutions, tests).

    Returns:
        Scores, shape (…, solutions).

    >>> codet_scores([[1, 1, 0, 0, 1], [1, 1, 0, 0, 1], [1, 0, 1, 0, 0], [0, 0, 0, 1, 0]]).round(4)
    array([4.2426, 4.2426, 2.    , 1.    ])
    """
    passed, _, same = _agreeing(_passes(passes))
    return np.asarray(passed * np.sqrt(same.sum(axis=-1)))


def b4_scores(passes: ArrayLike, *, beta0: float = 10.0, alpha: float = 10.0) -> Array:
    """Log posterior that a solution's consensus set is the correct one, up to a constant.

    With N solutions, M tests, n_x solutions in the set and n_y tests that it passes, and s1 (s0) passes of
    the solutions outside on the tests that the set passes (fails),
    `ln B(n_x + α, N − n_x + 1) + ln B(n_y + α, M − n_y + 1)
    + ln B(s1 + 1, (N − n_x) n_y − s1 + 1) + ln B(s0 + 1, (N − n_x)(M − n_y) − s0 + β0)`.

    Reference: Chen et al. 2024 (B4), arXiv:2409.08692, and its code.

    Args:
        passes: shape (…, solutions, tests).
        beta0: prior that wrong solutions rarely pass wrong tests, above 0; the source takes 10 in simulation
            and 1e4 to 1e6 on real data.
        alpha: prior that correct solutions and tests are many, above 0; 10 there, and 1e3.

    Returns:
        Scores, shape (…, solutions).

    Raises:
        InputError: the matrix is empty or holds something besides 0 and 1, or a prior is not above 0.

    >>> b4_scores([[1, 1, 0, 0, 1], [1, 1, 0, 0, 1], [1, 0, 1, 0, 0], [0, 0, 0, 1, 0]]).round(4)
    array([-24.9481, -24.9481, -33.5544, -34.6126])
    """
    from scipy.special import betaln

    if not (np.isfinite([beta0, alpha]).all() and min(beta0, alpha) > 0):
        raise InputError(f"beta0 = {beta0} and alpha = {alpha} must be numbers above 0. Correct them.")
    matrix = _passes(passes)
    count, tests = matrix.shape[-2:]
    passed, both, same = _agreeing(matrix)
    members = same.sum(axis=-1)
    ones = np.where(same, 0.0, both).sum(axis=-1)
    zeros = np.where(same, 0.0, passed[..., None, :] - both).sum(axis=-1)
    outside = count - members
    return np.asarray(
        betaln(members + alpha, outside + 1)
        + betaln(passed + alpha, tests - passed + 1)
        + betaln(ones + 1, outside * passed - ones + 1)
        + betaln(zeros + 1, outside * (tests - passed) - zeros + beta0)
    )


def chosen(scores: ArrayLike) -> Array:
    """Which solutions share the best score; any of them may be taken.

    Args:
        scores: shape (…, solutions).

    Returns:
        True for the best, same shape.

    Raises:
        InputError: there is no score, or one is no number.

    >>> chosen([2.0, 3.0, 3.0])
    array([False,  True,  True])
    """
    values = np.asarray(scores, dtype=float)
    if values.ndim == 0 or values.shape[-1] == 0 or np.isnan(values).any():
        raise InputError(f"Scores of shape {values.shape} are empty or hold NaN. Score every solution.")
    return np.asarray(values == values.max(axis=-1, keepdims=True))


def expected_correct(scores: ArrayLike, correct: ArrayLike) -> Array:
    """Chance that the pick is correct when ties for the best score are broken at random.

    Args:
        scores: shape (…, solutions).
        correct: whether a solution is correct, same shape.

    Returns:
        Shape (…).

    Raises:
        InputError: shapes differ, or a score or a mark is missing.

    >>> float(expected_correct([2.0, 3.0, 3.0], [1, 0, 1]))
    0.5
    """
    best, truth = chosen(scores), np.asarray(correct, dtype=float)
    if truth.shape != best.shape:
        raise InputError(f"{best.shape} scores do not match {truth.shape} marks. Give one mark per solution.")
    if not ((truth >= 0) & (truth <= 1)).all():
        raise InputError("A mark is missing or outside 0 to 1. Write 1 for a correct solution and 0 for a wrong one.")
    return np.asarray((best * truth).sum(axis=-1) / best.sum(axis=-1))


def shortlist(
    passes: ArrayLike, lengths: ArrayLike, *, keep: int = 3, texts: Sequence[str] | None = None
) -> tuple[int, ...]:
    """The solutions that pass most tests, shorter ones first among equals, exact duplicates once.

    Reference: Ehrlich et al. 2025 (CodeMonkeys), arXiv:2501.14723, and its code: the top 3 go to a model
    that writes tests to tell them apart.

    Args:
        passes: shape (solutions, tests).
        lengths: length of each solution, in any unit, shape (solutions,).
        keep: how many.
        texts: the solutions themselves; without them nothing counts as a duplicate.

    Returns:
        Places of the solutions, the best first; fewer than `keep` where there are no more.

    Raises:
        InputError: sizes differ, or nothing is to be kept.

    >>> shortlist([[1, 1], [1, 1], [0, 1], [1, 1]], [90, 40, 10, 40], keep=2, texts=["a", "b", "c", "b"])
    (1, 0)
    """
    votes, size = max_pass_scores(passes), np.asarray(lengths, dtype=float)
    if votes.ndim != 1 or size.shape != votes.shape or (texts is not None and len(texts) != len(votes)) or keep < 1:
        raise InputError(
            f"{votes.shape} votes, {size.shape} lengths, {'no' if texts is None else len(texts)} texts, keep = {keep}: "
            "give one length (and text) per solution, and keep at least 1."
        )
    if not np.isfinite(size).all():
        raise InputError(f"{int((~np.isfinite(size)).sum())} lengths are missing or infinite. Give them.")
    found: list[int] = []
    seen: set[str] = set()
    for place in np.lexsort((size, -votes)):
        if texts is not None:
            if texts[place] in seen:
                continue
            seen.add(texts[place])
        found.append(int(place))
    return tuple(found[:keep])
