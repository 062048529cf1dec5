"""Counts of samples and of correct ones for every problem, which is all that pass@k needs."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import TableError
from isoflop.runs.cells import FloatArray, IntArray
from isoflop.runs.finding import Finding
from isoflop.runs.provenance import Provenance

Scalar = TypeVar("Scalar", bound=np.generic)

MOST: Final = 1 << 53
"""Largest count: up to here a float holds every whole number."""

_DIGITS: Final = re.compile(r"(\d+)")


@dataclass(frozen=True, eq=False)
class Counts:
    """How many samples of every problem there are, and how many are correct.

    Attributes:
        problems: names of the problems, distinct.
        n: samples, shape (problems,), at least one each.
        c: correct ones among them, shape (problems,).
        provenance: where they came from.
        group: which part of the source they are, such as a model; empty when all of it.
        findings: what the checks found.
    """

    problems: tuple[str, ...]
    n: IntArray
    c: IntArray
    provenance: Provenance = field(default_factory=lambda: Provenance(None, ""))
    group: str = ""
    findings: tuple[Finding, ...] = ()

    def __post_init__(self) -> None:
        """Refuse counts that no samples can have."""
        n, c = whole(self.n, "samples n"), whole(self.c, "correct samples c")
        if n.shape != (len(self.problems),) or c.shape != n.shape:
            raise TableError(
                f"{len(self.problems)} problems have {n.shape} samples and {c.shape} correct ones. Give one n and one "
                f"c per problem."
            )
        if not len(n):
            raise TableError("There are no problems. Give at least one.")
        if len(set(self.problems)) < len(self.problems):
            double = _doubles(self.problems)
            raise TableError(f"Problems are there more than once: {named(double)}. Add their counts, or rename them.")
        bad = np.flatnonzero((n < 1) | (c < 0) | (c > n))
        if len(bad):
            at = int(bad[0])
            raise TableError(
                f"{named([self.problems[k] for k in bad])}: {int(c[at])} correct of {int(n[at])} samples is "
                f"impossible. Give n of at least 1, and c between 0 and n."
            )
        object.__setattr__(self, "n", frozen(n))
        object.__setattr__(self, "c", frozen(c))

    def __len__(self) -> int:
        """Number of problems."""
        return len(self.problems)

    @property
    def samples(self) -> int:
        """Samples of all problems."""
        return int(self.n.sum())

    @property
    def fewest(self) -> int:
        """Samples of the problem that has fewest: the largest k of pass@k for all problems."""
        return int(self.n.min())

    @property
    def rates(self) -> FloatArray:
        """Share of correct samples, shape (problems,)."""
        return np.asarray(self.c / self.n)

    def take(self, index: ArrayLike) -> "Counts":
        """Keep some problems.

        Args:
            index: places of the problems, or one truth value per problem.

        Returns:
            Counts of these problems.

        >>> Counts(("a", "b"), np.array([4, 9]), np.array([1, 3])).take([1]).problems
        ('b',)
        """
        places = np.arange(len(self))[np.asarray(index)]
        return replace(self, problems=tuple(self.problems[k] for k in places), n=self.n[places], c=self.c[places])


def named(problems: Sequence[str], most: int = 5) -> str:
    """Name problems in words, the first few of them.

    >>> named(["p1", "p2"])
    'problems p1, p2'
    """
    more = f", … ({len(problems)} of them)" if len(problems) > most else ""
    return f"problem{'' if len(problems) == 1 else 's'} {', '.join(problems[:most])}{more}"


def natural_order(names: Sequence[str] | set[str]) -> tuple[str, ...]:
    """Sort names with their numbers as numbers.

    >>> natural_order(["task/10", "task/2"])
    ('task/2', 'task/10')
    """
    return tuple(sorted(names, key=_natural))


def whole(values: ArrayLike, what: str) -> IntArray:
    """Take whole numbers.

    Args:
        values: numbers.
        what: what they are, for the error.

    Returns:
        The same as integers.

    Raises:
        TableError: a number is not whole, or too large for a count.
    """
    array = np.asarray(values)
    # Rounding leaves an infinite number as it is, so it is looked for by itself.
    numeric = array.dtype.kind in "iuf" and bool(np.isfinite(array).all())
    if not numeric or not np.array_equal(array, np.rint(array)):
        raise TableError(f"The {what} are no whole numbers. Give counts.")
    if array.size and max(abs(int(array.min())), abs(int(array.max()))) > MOST:
        raise TableError(f"The {what} go beyond 2^53, where floats skip whole numbers. Give smaller counts.")
    return np.asarray(array, dtype=np.int64)


def marks(values: ArrayLike, count: int, what: str) -> NDArray[np.bool_]:
    """Take truth values, none missing.

    Args:
        values: true or false, or 1 or 0, shape (count,).
        count: how many there must be.
        what: what they say, for the error.

    Returns:
        The same as truth values.

    Raises:
        TableError: another number of them, or one that is neither 1 nor 0.
    """
    array = np.asarray(values)
    if array.shape != (count,) or array.dtype.kind not in "biuf" or not np.isin(array, (0, 1)).all():
        raise TableError(f"The {count} values of {what}, given in shape {array.shape}, must be 1 or 0, one each.")
    return np.asarray(array, dtype=bool)


def _natural(name: str) -> tuple[list[tuple[int, int, str]], str]:
    """Key of natural order: numbers before words, leading zeros last."""
    parts = _DIGITS.split(name)
    stripped = [(part.lstrip("0") or "0", part.isdecimal()) for part in parts if part]
    return [(0, len(part), part) if digits else (1, 0, part) for part, digits in stripped], name


def _doubles(names: Sequence[str]) -> list[str]:
    """Names that are there more than once."""
    seen: set[str] = set()
    return list(dict.fromkeys(name for name in names if name in seen or seen.add(name)))  # type: ignore[func-returns-value]


def frozen(values: NDArray[Scalar]) -> NDArray[Scalar]:
    """A copy that cannot be changed."""
    own = np.array(values)
    own.flags.writeable = False
    return own
