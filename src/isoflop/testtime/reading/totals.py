"""What a source of samples comes down to before anything judges it: sums per problem."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import TableError
from isoflop.runs.cells import IntArray
from isoflop.testtime.counts import frozen, named, natural_order

Missing = Literal["out", "wrong"]
"""What becomes of samples without a score: they take no part, or count as wrong."""

SUMS = ("rows", "n", "c", "odd", "garbled", "double", "mixed")
"""The sums of a problem, as the attributes of `Totals`."""


@dataclass(frozen=True, eq=False)
class Totals:
    """What one part of a source comes down to, problem by problem.

    Attributes:
        part: name of the part, such as a model; empty when it is all of the source.
        problems: names of the problems, in natural order.
        rows: samples, shape (problems,).
        n: those with a score.
        c: the correct ones.
        odd: those whose score is neither 0 nor 1; for counts, whether they are impossible.
        garbled: those whose score is a text that says neither.
        double: those that repeat an attempt that is there already; for counts, further rows of the problem.
        mixed: whether they come from several values of a column such as the model.
        counted: whether the source holds counts rather than samples.
        example: a score that is neither 0 nor 1, as it stands there.
        nameless: rows that name no problem.
        telling: columns whose values should not be mixed.
    """

    part: str
    problems: tuple[str, ...]
    rows: IntArray
    n: IntArray
    c: IntArray
    odd: IntArray
    garbled: IntArray
    double: IntArray
    mixed: IntArray
    counted: bool = False
    example: str = ""
    nameless: int = 0
    telling: tuple[str, ...] = ()

    def take(self, places: slice) -> "Totals":
        """Keep some problems."""
        sums = {name: getattr(self, name)[places] for name in SUMS}
        return replace(self, problems=self.problems[places], **sums)

    def named(self, mask: NDArray[np.bool_]) -> str:
        """Name the problems where a mask holds."""
        return named([self.problems[k] for k in np.flatnonzero(mask).tolist()])

    def scored(self, missing: Missing) -> IntArray:
        """Samples of every problem that count, shape (problems,)."""
        return self.n if missing == "out" else self.rows


def by_part(parts: Any, problems: Any, sums: Mapping[str, IntArray], **facts: Any) -> list[Totals]:  # noqa: ANN401
    """Sort sums per part and problem.

    Args:
        parts: name of every row's part, shape (rows,).
        problems: name of its problem, masked where it has none.
        sums: name of `SUMS` → values, shape (rows,).
        facts: `counted`, `example` and `telling` of all parts.

    Returns:
        One total per part in natural order, problems in natural order.

    Raises:
        TableError: there are no rows, or none of a part names a problem.
    """
    names, texts = np.ma.filled(parts, ""), np.ma.asarray(problems)
    blank = np.ma.getmaskarray(texts)
    if not len(names):
        raise TableError("There are no samples. Loosen the filter, or give another file.")
    distinct, codes = np.unique(names.astype(str), return_inverse=True)
    found = []
    for part in natural_order(set(distinct.tolist())):
        mine = codes == np.searchsorted(distinct, part)
        here = np.flatnonzero(mine & ~blank)
        if not len(here):
            raise TableError(f"No row of {part or 'the source'} names a problem. Map a column onto it: problem=COLUMN.")
        labels = texts.data[here].tolist()
        order = {name: place for place, name in enumerate(natural_order(set(labels)))}
        index = here[np.argsort([order[name] for name in labels], kind="stable")]
        sorted_sums: dict[str, Any] = {name: frozen(sums[name][index]) for name in SUMS}
        nameless = int(sums["rows"][mine & blank].sum())
        found.append(Totals(part, tuple(order), **sorted_sums, nameless=nameless, **facts))
    return found


def batches(rows: IntArray, most: int) -> Iterator[slice]:
    """Cut problems into runs with so many samples.

    Args:
        rows: samples of every problem, shape (problems,).
        most: samples of a run; a problem that has more is a run by itself.

    Yields:
        Places of the problems of each run.

    >>> [(cut.start, cut.stop) for cut in batches(np.array([3, 3, 9, 1]), 6)]
    [(0, 2), (2, 3), (3, 4)]
    """
    first = held = 0
    for place, count in enumerate(rows.tolist()):
        if held and held + count > most:
            yield slice(first, place)
            first, held = place, 0
        held += count
    yield slice(first, len(rows))
