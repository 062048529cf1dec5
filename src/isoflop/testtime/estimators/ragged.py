"""Values of samples that lie one problem after another, and the values of k that all problems allow."""

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import TableError
from isoflop.runs.cells import FloatArray, IntArray
from isoflop.testtime.counts import named, whole

Array: TypeAlias = NDArray[Any]


def allowed_ks(ks: ArrayLike, n: IntArray, names: Sequence[str] | None = None, *, each: int = 1) -> IntArray:
    """Take values of k that every problem has the samples for.

    Args:
        ks: numbers of samples, a number or shape (ks,).
        n: samples of every problem, shape (problems,).
        names: of the problems, for the error; their places when None.
        each: samples that a k takes for each of its own, such as 2 where 2k are needed.

    Returns:
        The values, shape (ks,).

    Raises:
        TableError: a k is below 1, or above n of some problems, which are named.
    """
    asked = np.atleast_1d(whole(ks, "values of k"))
    if asked.ndim > 1 or not len(asked) or asked.min() < 1:
        raise TableError(f"k = {asked.tolist()} is no list of numbers of samples. Give k of at least 1.")
    largest = int(asked.max())
    short = np.flatnonzero(n // each < largest)
    if len(short):
        needs = "" if each == 1 else f" needs {each} k = {each * largest} samples, which"
        most = int(n.min()) // each
        raise TableError(
            f"k = {largest}{needs} is above the number of samples of {_named(short, names)} ({int(n[short].min())} to "
            f"{int(n[short].max())} samples). Beyond n nothing is estimated: "
            + (f"give k up to {most}, leave these problems out, or " if most else "leave these problems out, or ")
            + ("forecast it with a law." if each == 1 else "draw more samples.")
        )
    return asked


def checked_starts(starts: ArrayLike, samples: int) -> IntArray:
    """Take the place of every problem's first sample, and the number of samples.

    Args:
        starts: shape (problems + 1,), from 0, rising.
        samples: how many there are.

    Returns:
        The same as integers.

    Raises:
        TableError: a problem has no sample, or the ends do not fit.
    """
    found = whole(starts, "starts")
    if found.ndim != 1 or len(found) < 2 or found[0] != 0 or found[-1] != samples or np.any(np.diff(found) < 1):
        raise TableError(
            f"Starts of shape {found.shape} do not cut {samples} samples into problems. Give the place of every "
            "problem's first sample, rising from 0, and the number of samples at the end."
        )
    return found


def finite(values: ArrayLike, starts: IntArray, what: str, names: Sequence[str] | None = None) -> FloatArray:
    """Take numbers, none missing.

    Args:
        values: shape (samples,).
        starts: of the problems.
        what: what they are, for the error.
        names: of the problems.

    Returns:
        The same as floats.

    Raises:
        TableError: a value is missing or infinite; the problems are named.
    """
    given = np.asarray(values)
    if given.dtype.kind not in "biuf":
        raise TableError(f"The {what} are no numbers: {given.dtype} was given. Give numbers.")
    found = given.astype(float)
    if found.shape != (int(starts[-1]),):
        raise TableError(f"The {what} have shape {found.shape}. Give one for each of the {int(starts[-1])} samples.")
    bad = np.flatnonzero(~np.isfinite(found))
    if len(bad):
        problems = np.unique(np.searchsorted(starts, bad, side="right") - 1)
        raise TableError(
            f"{len(bad)} {what} are missing or infinite, in {_named(problems, names)}. Leave those samples out, or "
            "give their values."
        )
    return found


def graded(correct: ArrayLike, starts: IntArray, names: Sequence[str] | None = None) -> FloatArray:
    """Take how right samples are, from 0 to 1.

    Args:
        correct: shape (samples,).
        starts: of the problems.
        names: of the problems.

    Returns:
        The same as floats.

    Raises:
        TableError: a value is missing, below 0 or above 1; the problems are named.
    """
    found = finite(correct, starts, "values of correct", names)
    bad = np.flatnonzero((found < 0) | (found > 1))
    if len(bad):
        problems = np.unique(np.searchsorted(starts, bad, side="right") - 1)
        raise TableError(
            f"{_named(problems, names)}: correct is {found[bad[0]]:g}. Give 1 for right, 0 for wrong, or a share."
        )
    return found


def by_size(starts: IntArray) -> Iterator[tuple[int, IntArray, IntArray]]:
    """Give the problems of each size together.

    Args:
        starts: of the problems.

    Yields:
        The number of samples n, the places of the problems, and the places of their samples, shape (problems, n).
    """
    sizes = np.diff(starts)
    for n in np.unique(sizes).tolist():
        problems = np.flatnonzero(sizes == n)
        yield n, problems, starts[problems][:, None] + np.arange(n)


def _named(places: IntArray, names: Sequence[str] | None) -> str:
    """Problems in words."""
    return named([names[k] if names is not None else str(k) for k in places.tolist()])
