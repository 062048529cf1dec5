"""What a table of samples can and cannot carry: all findings in one pass."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from isoflop.errors import TableError
from isoflop.runs.finding import Finding, at_level
from isoflop.runs.provenance import Provenance
from isoflop.testtime.counts import Counts
from isoflop.testtime.reading.totals import Missing, Totals

FEW: Final = 30
"""Problems below which an interval over problems is rough."""


@dataclass(frozen=True)
class SampleReport:
    """What one pass over samples found.

    Attributes:
        findings: errors first, then warnings, then notes.
        problems: how many there are.
        samples: how many there are.
        usable: problems with at least one scored sample.
        part: which part of the source they are.
    """

    findings: tuple[Finding, ...]
    problems: int
    samples: int
    usable: int
    part: str = ""

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Findings that make estimates impossible."""
        return at_level(self.findings, "error")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """Findings that travel into the report."""
        return at_level(self.findings, "warning")

    @property
    def notes(self) -> tuple[Finding, ...]:
        """Conventions that every output states."""
        return at_level(self.findings, "note")

    @property
    def ok(self) -> bool:
        """Whether estimates are possible."""
        return not self.errors

    def with_notes(self, notes: Iterable[str]) -> tuple[Finding, ...]:
        """Findings, and conventions to state beside them."""
        return (*self.findings, *(Finding("note", "convention", note) for note in notes))

    def __str__(self) -> str:
        """One line per finding."""
        head = (
            f"{self.usable} of {self.problems} problems usable, {self.samples} samples: {len(self.errors)} errors, "
            f"{len(self.warnings)} warnings, {len(self.notes)} notes"
        )
        return "\n".join((head, *(f"  {f}" for f in self.findings)))


def check_samples(totals: Totals, *, k: int | None = None, missing: Missing = "out") -> SampleReport:
    """Report in one pass what is wrong or doubtful in samples.

    Args:
        totals: the samples, problem by problem.
        k: how many of a problem are to be drawn, if that is known.
        missing: what becomes of samples without a score.

    Returns:
        All findings; only errors make estimates impossible.

    >>> one = np.array([1, 1])
    >>> totals = Totals("", ("p1", "p2"), 4 * one, np.array([4, 3]), one, *(0 * one for _ in range(4)))
    >>> [finding.code for finding in check_samples(totals, k=4).findings if finding.level != "note"]
    ['k_above_n', 'missing', 'uneven', 'few']
    """
    checks: tuple[Callable[[Totals, Missing], list[Finding]], ...] = (_cells, _doubles, _absent, _shape)
    findings = [found for one in checks for found in one(totals, missing)]
    n = totals.scored(missing)
    if k is not None and np.any((n < k) & (n > 0)):
        findings.append(
            Finding(
                "error",
                "k_above_n",
                f"k = {k} is above the number of samples of {totals.named((n < k) & (n > 0))}",
                column="n",
                step=f"Give k up to {int(n[n > 0].min())}, or leave these problems out.",
            )
        )
    order = {"error": 0, "warning": 1, "note": 2}
    return SampleReport(
        tuple(sorted(findings, key=lambda f: order[f.level])),
        len(totals.problems),
        int(totals.rows.sum()),
        int(np.count_nonzero(n)),
        totals.part,
    )


def counts_of(
    totals: Totals, provenance: Provenance, notes: tuple[str, ...] = (), *, missing: Missing = "out"
) -> Counts:
    """Turn what was read into counts, or say everything that speaks against it.

    Args:
        totals: the samples, problem by problem.
        provenance: where they came from.
        notes: conventions to state.
        missing: what becomes of samples without a score.

    Returns:
        Counts of the problems that have a scored sample.

    Raises:
        TableError: a check found an error.
    """
    report = check_samples(totals, missing=missing)
    refuse(report, provenance)
    n = totals.scored(missing)
    keep = np.flatnonzero(n)
    if not len(keep):
        where = provenance.file or "The samples"
        raise TableError(f"{where}: no sample has a score. Map the column that says what is correct: correct=COLUMN.")
    names = tuple(totals.problems[k] for k in keep.tolist())
    return Counts(names, n[keep], totals.c[keep], provenance, totals.part, report.with_notes(notes))


def refuse(report: SampleReport, provenance: Provenance) -> None:
    """Stop where a check found an error.

    Args:
        report: what was found.
        provenance: where the samples came from.

    Raises:
        TableError: there are errors; all of them are named.
    """
    if report.errors:
        where = f"{provenance.file or 'The samples'}{f' ({report.part})' if report.part else ''}"
        raise TableError(f"{where}: {' '.join(str(f).removeprefix('error: ') for f in report.errors)}")


def _cells(totals: Totals, missing: Missing) -> list[Finding]:
    """Scores that are none."""
    del missing
    found = []
    odd, garbled = int(totals.odd.sum()), int(totals.garbled.sum())
    if odd and totals.counted:
        found.append(
            Finding(
                "error",
                "impossible",
                f"{totals.named(totals.odd > 0)}: the correct samples are more than the samples, or no whole numbers "
                f"({totals.example})",
                column="c",
                step="Correct the counts, or map other columns: n=COLUMN, c=COLUMN.",
            )
        )
    elif odd:
        found.append(
            Finding(
                "error",
                "not_binary",
                f"correctness is neither 0 nor 1 in {odd} samples, such as {totals.example}, of "
                f"{totals.named(totals.odd > 0)}",
                column="correct",
                step="Name the score from which a sample is correct (threshold), or map another column.",
            )
        )
    if garbled:
        found.append(
            Finding(
                "error",
                "unreadable",
                f"correctness of {garbled} samples says neither right nor wrong, such as {totals.example!r}, of "
                f"{totals.named(totals.garbled > 0)}",
                column="correct",
                step="Write 1 or 0, true or false, pass or fail; leave the cell empty where there is no score.",
            )
        )
    return found


def _doubles(totals: Totals, missing: Missing) -> list[Finding]:
    """Samples that are there twice, and rows that belong to no problem."""
    del missing
    found = []
    if totals.double.any():
        what = "rows of a problem beyond the first" if totals.counted else "samples repeat an attempt of their problem"
        found.append(
            Finding(
                "error",
                "duplicates",
                f"{int(totals.double.sum())} {what}: {totals.named(totals.double > 0)}",
                column="problem",
                step="Name the columns that tell them apart, such as the model (by), select one part (where), or take "
                "the copies out.",
            )
        )
    if totals.nameless:
        found.append(
            Finding(
                "error",
                "nameless",
                f"{totals.nameless} rows name no problem",
                column="problem",
                step="Fill the cells, or map another column: problem=COLUMN.",
            )
        )
    return found


def _absent(totals: Totals, missing: Missing) -> list[Finding]:
    """Samples without a score, and problems without any."""
    absent, lost = totals.rows - totals.n, int((totals.rows - totals.n).sum())
    if not totals.n.any():
        return []
    empty = totals.scored(missing) == 0
    found = []
    if lost:
        fate = "take no part" if missing == "out" else "count as wrong"
        found.append(
            Finding(
                "warning",
                "missing",
                f"{lost} of {int(totals.rows.sum())} samples have no score and {fate}: {totals.named(absent > 0)}",
                column="correct",
                step="If they failed for want of time or memory, count them as wrong." if missing == "out" else "",
            )
        )
    if empty.any():
        found.append(
            Finding(
                "warning",
                "empty",
                f"{int(empty.sum())} problems have no scored sample and are left out: {totals.named(empty)}",
                column="correct",
                step="Score them: what is estimated here is of the others only.",
            )
        )
    return found


def _shape(totals: Totals, missing: Missing) -> list[Finding]:
    """Uneven numbers of samples, too few problems, nothing to tell apart."""
    n = totals.scored(missing)
    kept = n > 0
    if not kept.any():
        return []
    found = []
    if totals.mixed.any():
        found.append(
            Finding(
                "warning",
                "mixed",
                f"samples of {totals.named(totals.mixed > 0)} come from several values of {', '.join(totals.telling)}",
                column=totals.telling[0],
                step="Tell the parts apart by that column (by), or select one (where).",
            )
        )
    low, high = int(n[kept].min()), int(n[kept].max())
    if low < high:
        found.append(
            Finding(
                "warning",
                "uneven",
                f"problems have {low} to {high} samples; estimates over all problems reach up to k = {low}, of "
                f"{totals.named(kept & (n == low))}",
                column="n",
                step="Draw the missing samples, or leave the short problems out.",
            )
        )
    if kept.sum() < FEW:
        found.append(
            Finding("warning", "few", f"{int(kept.sum())} problems are few for an interval over problems",
                    step="Add problems.")
        )  # fmt: skip
    if not totals.c.any() or np.all(totals.c[kept] == n[kept]):
        what = "no sample is correct" if not totals.c.any() else "every sample is correct"
        step = "No law can be fitted; take harder or easier problems, or more samples."
        found.append(Finding("warning", "constant", what, column="correct", step=step))
    return found
