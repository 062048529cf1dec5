"""What a comparison of laws found, law by law."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from isoflop.fit.result import Fit
from isoflop.laws.law import Law
from isoflop.validate.averages import Average
from isoflop.validate.outcome import Backtest
from isoflop.validate.paired import Difference
from isoflop.validate.target import Target

UNDECIDED: Final = "not distinguishable"
"""Verdict when chance could have made the best law best."""


@dataclass(frozen=True)
class Entry:
    """One law of a comparison.

    Attributes:
        label: the law's name, with the objective where a law takes part twice.
        formula: the law's text.
        objective: what was minimised.
        parameters: how many numbers were estimated.
        backtest: on the cuts that all laws share.
        against_best: this law minus the best, run by run; None for the best itself.
        aicc: corrected Akaike criterion of the fit to all runs, lower is better; None when not comparable.
        aicc_weight: Akaike weight; shown, never used to choose.
        fit: fit to all runs, with draws and the back-test's inflation where intervals were asked for.
    """

    label: str
    formula: str
    objective: str
    parameters: int
    backtest: Backtest
    against_best: Difference | None
    aicc: float | None
    aicc_weight: float | None
    fit: Fit = field(repr=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """Keys for JSON."""
        test = self.backtest
        return {
            "law": self.label,
            "formula": self.formula,
            "objective": self.objective,
            "parameters": self.parameters,
            "mean_abs_rel_error": test.mean_abs_rel_error,
            "mean_signed_rel_error": test.mean_signed_rel_error,
            "coverage": test.coverage,
            "inflation": test.inflation,
            "by_cut": [split.mean_abs_rel_error for split in test.splits],
            "aicc": self.aicc,
            "aicc_weight": self.aicc_weight,
            "certificate": self.fit.certificate.verdict,
            "against_best": None if self.against_best is None else self.against_best.to_dict(),
        }


@dataclass(frozen=True)
class Comparison:
    """Laws side by side, best first.

    Attributes:
        entries: the laws by error on held-out runs, smallest first.
        verdict: label of the best law, or `not distinguishable`.
        reason: why, in one sentence.
        tied: labels of the laws that chance could have put behind the best one.
        averages: equal weights, stacked, and Akaike weights.
        target: forecasts of a run that nobody has trained, if one was given.
        by: column of the cuts.
        rows: runs that every law could use.
        level: confidence level.
        notes: what to know when reading the numbers.
    """

    entries: tuple[Entry, ...]
    verdict: str
    reason: str
    tied: tuple[str, ...]
    averages: tuple[Average, ...]
    target: Target | None
    by: str
    rows: int
    level: float
    notes: tuple[str, ...] = ()

    @property
    def best(self) -> Entry:
        """The law with the smallest error on held-out runs, distinguishable or not."""
        return self.entries[0]

    @property
    def backtests(self) -> Mapping[str, Backtest]:
        """Label → back-test."""
        return {entry.label: entry.backtest for entry in self.entries}

    def to_dict(self) -> dict[str, Any]:
        """Keys for JSON."""
        return {
            "verdict": self.verdict,
            "reason": self.reason,
            "best": self.best.label,
            "tied": list(self.tied),
            "by": self.by,
            "rows": self.rows,
            "level": self.level,
            "cuts": [split.cut for split in self.best.backtest.splits],
            "laws": [entry.to_dict() for entry in self.entries],
            "averages": [average.to_dict() for average in self.averages],
            "target": None if self.target is None else self.target.to_dict(),
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        """One line per law and average, and the verdict."""
        width = max(len(entry.label) for entry in self.entries) + 1
        lines = [
            f"{len(self.best.backtest.splits)} cuts by {self.by}, {self.rows} runs",
            f"{'law':<{width}} {'|error|':>8} {'error':>8} {'coverage':>9} {'inflation':>10} {'AICc weight':>12}",
        ]
        for entry in self.entries:
            test = entry.backtest
            shown = [_number(test.coverage), _number(test.inflation), _number(entry.aicc_weight)]
            lines.append(
                f"{entry.label:<{width}} {test.mean_abs_rel_error:>8.2%} {test.mean_signed_rel_error:>+8.2%} "
                f"{shown[0]:>9} {shown[1]:>10} {shown[2]:>12}"
            )
        for average in self.averages:
            error = "—" if average.mean_abs_rel_error is None else f"{average.mean_abs_rel_error:.2%}"
            weights = ", ".join(f"{name} {weight:.2f}" for name, weight in average.weights.items())
            known = sum(e is not None for e in average.by_cut)
            over = "" if known == len(average.by_cut) else f" over the last {known} cuts"
            lines.append(f"average, {average.name} ({weights}): |error| {error}{over}")
        lines.append(f"verdict: {self.verdict}; {self.reason}")
        if self.target is not None:
            low, high = self.target.interval
            lines.append(
                f"target: {self.target.averages['equal']:.4g} [{low:.4g}, {high:.4g}] ({self.level:.0%}), "
                f"laws differ by {self.target.between:.2%}"
            )
        return "\n".join([*lines, *self.notes])


def label_of(law: Law) -> str:
    """What to call a law beside others; laws from one line of text have no name of their own.

    Args:
        law: the law.

    Returns:
        Its name, or its formula.
    """
    return law.formula if law.name == "formula" else law.name


def _number(value: float | None) -> str:
    """A number for a table."""
    return "—" if value is None else f"{value:.2f}"
