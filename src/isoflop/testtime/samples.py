"""Samples of problems: a ragged table of problem × attempt, and the counts that it comes down to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from isoflop.errors import ColumnError, TableError
from isoflop.runs.cells import FloatArray, IntArray, Labels, labels_of
from isoflop.runs.finding import Finding
from isoflop.runs.provenance import Provenance
from isoflop.testtime.counts import Counts as Counts
from isoflop.testtime.counts import frozen, natural_order

MEASURES: Final = MappingProxyType(
    {
        "correct": "whether the sample solves its problem, 1 or 0",
        "base": "whether it passes a weaker verifier, such as the public tests, 1 or 0",
        "score": "score by a verifier or reward model, larger is better",
        "log_prob": "log-probability of the sample's text, nats",
        "mean_log_prob": "its mean per token, nats",
        "tokens": "tokens of the answer, thinking included",
        "input_tokens": "tokens of the question",
        "efficiency": "efficiency of the answer, 0 where it is wrong",
        "seconds": "time of the answer, s",
        "cost": "price of the sample, in one currency",
    }
)
"""Columns of numbers that samples may have, with what they mean."""


@dataclass(frozen=True, eq=False)
class Samples:
    """One row per sample, sorted by problem.

    Attributes:
        problems: names of the problems, distinct.
        starts: place of every problem's first row, and the number of rows, shape (problems + 1,).
        measures: name of `MEASURES` → values, NaN where missing, shape (samples,).
        answer: canonical answers, where given.
        source_rows: number of each row in its source, from 1, shape (samples,).
        provenance: where they came from.
        group: which part of the source they are, such as a model; empty when all of it.
        findings: what the checks found.
    """

    problems: tuple[str, ...]
    starts: IntArray
    measures: Mapping[str, FloatArray]
    answer: Labels | None
    source_rows: IntArray
    provenance: Provenance = field(default_factory=lambda: Provenance(None, ""))
    group: str = ""
    findings: tuple[Finding, ...] = ()

    @classmethod
    def from_columns(
        cls,
        problem: Sequence[str],
        *,
        answer: Sequence[str | None] | None = None,
        provenance: Provenance | None = None,
        **measures: ArrayLike,
    ) -> "Samples":
        """Build the table from columns in memory, one value per sample.

        Args:
            problem: which problem a sample is of, in any order.
            answer: canonical answers; None where there is none.
            provenance: where they came from.
            measures: columns of `MEASURES`; NaN where missing.

        Returns:
            The table, problems in natural order, samples of a problem in the order given.

        Raises:
            TableError: no rows, columns of different lengths, or an unknown column.

        >>> table = Samples.from_columns(["b", "a", "b"], correct=[1, 0, 0])
        >>> table.problems, table.starts.tolist(), table.column("correct").tolist()
        (('a', 'b'), [0, 1, 3], [0.0, 1.0, 0.0])
        """
        unknown = [name for name in measures if name not in MEASURES]
        if unknown:
            raise TableError(f"Samples have no column {unknown[0]!r}. Give some of {', '.join(MEASURES)}, answer.")
        columns = {name: np.array(values, dtype=np.float64) for name, values in measures.items()}
        lengths = {"problem": len(problem)} | {name: len(values) for name, values in columns.items()}
        lengths |= {} if answer is None else {"answer": len(answer)}
        if len(set(lengths.values())) > 1 or not len(problem):
            listed = ", ".join(f"{name} {length}" for name, length in lengths.items())
            raise TableError(f"Lengths of the columns: {listed}. Give one value per sample, and a sample at least.")
        texts = [str(name) for name in problem]
        names = natural_order(set(texts))
        place = {name: at for at, name in enumerate(names)}
        codes = np.fromiter((place[text] for text in texts), np.int64, len(texts))
        order = np.argsort(codes, kind="stable")
        return cls(
            problems=names,
            starts=frozen(np.concatenate([[0], np.cumsum(np.bincount(codes, minlength=len(names)))])),
            measures=MappingProxyType({name: frozen(values[order]) for name, values in columns.items()}),
            answer=None if answer is None else labels_of(answer[k] for k in order.tolist()),
            source_rows=frozen(order + 1),
            provenance=provenance or Provenance(None, "", rows_read=len(texts)),
        )

    def __len__(self) -> int:
        """Number of samples."""
        return int(self.starts[-1])

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns that are there."""
        return (*self.measures, *(() if self.answer is None else ("answer",)))

    @property
    def sizes(self) -> IntArray:
        """Samples of every problem, shape (problems,)."""
        return np.diff(self.starts)

    @property
    def problem_of(self) -> IntArray:
        """Place of every sample's problem, shape (samples,)."""
        return np.repeat(np.arange(len(self.problems)), self.sizes)

    def column(self, name: str) -> FloatArray:
        """Give a column of numbers.

        Args:
            name: a name of `MEASURES`.

        Returns:
            Values, NaN where missing, shape (samples,), read-only.

        Raises:
            ColumnError: the samples do not have it.
        """
        if name not in self.measures:
            raise ColumnError.from_missing(name, self.names)
        return self.measures[name]

    def complete(self, *names: str) -> "Samples":
        """Keep the samples that have a value in all of some columns; problems left with none go.

        Args:
            names: names of columns, `answer` among them.

        Returns:
            A new table.

        Raises:
            ColumnError: a column is not there.
            TableError: no sample has them all.
        """
        keep = np.ones(len(self), dtype=bool)
        for name in names:
            if name == "answer" and self.answer is not None:
                keep &= self.answer.codes >= 0
            else:
                keep &= ~np.isnan(self.column(name))
        if not keep.any():
            raise TableError(f"No sample has a value in {' and '.join(names)}. Map other columns onto them.")
        return self.take(keep)

    def take(self, keep: ArrayLike) -> "Samples":
        """Keep some samples, in their order; problems left with none go.

        Args:
            keep: one truth value per sample.

        Returns:
            A new table.
        """
        kept = np.asarray(keep, dtype=bool)
        sizes = np.bincount(self.problem_of[kept], minlength=len(self.problems))
        answer = self.answer
        return replace(
            self,
            problems=tuple(name for name, size in zip(self.problems, sizes.tolist(), strict=True) if size),
            starts=frozen(np.concatenate([[0], np.cumsum(sizes[sizes > 0])])),
            measures=MappingProxyType({name: frozen(values[kept]) for name, values in self.measures.items()}),
            answer=None if answer is None else Labels(answer.levels, frozen(answer.codes[kept])),
            source_rows=frozen(self.source_rows[kept]),
        )

    def counts(self, of: str = "correct") -> Counts:
        """Count samples and correct ones of every problem; samples without a value take no part.

        Args:
            of: column that holds 1 or 0.

        Returns:
            The counts.

        Raises:
            ColumnError: the column is not there.
            TableError: a value is neither 0 nor 1.

        >>> Samples.from_columns(["a", "a", "b"], correct=[1, 0, 0]).counts().c
        array([1, 0])
        """
        known = self.complete(of)
        values = known.column(of)
        other = values[(values != 0) & (values != 1)]
        if len(other):
            raise TableError(f"{of} is {other[0]:g} in {len(other)} samples. Give 1 or 0, or name a threshold.")
        c = np.add.reduceat(values, known.starts[:-1]).astype(np.int64)
        return Counts(known.problems, known.sizes, c, self.provenance, self.group, self.findings)
