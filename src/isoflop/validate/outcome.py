"""What a back-test found, cut by cut and over all."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from isoflop.fit.result import Fit
from isoflop.units import format_quantity
from isoflop.validate.scores import Prediction, Scores, corrected_akaike, score
from isoflop.validate.splits import Skipped


@dataclass(frozen=True)
class Split:
    """One cut of a back-test.

    Attributes:
        cut: value of the column: runs below it were fitted, the others predicted.
        train_rows: source rows of the fitted runs.
        test_rows: source rows of the predicted runs.
        distance_decades: median distance of the predicted runs beyond the largest fitted one, in powers of ten.
        scores: errors, coverage and inflation of this cut alone.
        predictions: one per held-out run.
        objective: what was minimised; chosen on the fitted runs alone for `auto`.
        fit: the fit of the small runs.
    """

    cut: float
    train_rows: tuple[int, ...]
    test_rows: tuple[int, ...]
    distance_decades: float
    scores: Scores
    predictions: tuple[Prediction, ...] = field(repr=False)
    objective: str
    fit: Fit = field(repr=False, compare=False)

    @property
    def mean_abs_rel_error(self) -> float:
        """Mean of |predicted / observed - 1|."""
        return self.scores.mean_abs_rel_error

    @property
    def mean_signed_rel_error(self) -> float:
        """Mean of predicted / observed - 1; negative when the forecasts were too hopeful about a loss."""
        return self.scores.mean_signed_rel_error

    @property
    def rms_log_error(self) -> float | None:
        """Root mean square of ln predicted - ln observed."""
        return self.scores.rms_log_error

    @property
    def coverage(self) -> float | None:
        """Share of the held-out runs inside their intervals."""
        return self.scores.coverage

    @property
    def inflation(self) -> float | None:
        """Factor that the intervals of this cut lacked, at least 1."""
        return self.scores.inflation

    @property
    def aicc(self) -> float:
        """Akaike's criterion, corrected, of the fit of the small runs: `n ln(RSS/n) + 2kn/(n-k-1)`, k = p + 1."""
        return corrected_akaike(self.fit)

    def to_dict(self) -> dict[str, Any]:
        """Keys for JSON."""
        return {
            "cut": self.cut,
            "train_rows": len(self.train_rows),
            "test_rows": len(self.test_rows),
            "distance_decades": self.distance_decades,
            "mean_abs_rel_error": self.mean_abs_rel_error,
            "mean_signed_rel_error": self.mean_signed_rel_error,
            "coverage": self.coverage,
            "inflation": self.inflation,
            "objective": self.objective,
            "verdict": self.fit.certificate.verdict,
            "predictions": [p.to_dict() for p in self.predictions],
        }


@dataclass(frozen=True)
class Backtest:
    """A rolling back-test: the small runs fitted, the larger predicted, again and again.

    Errors, coverage and inflation are over all predictions of all cuts; a run above two cuts counts twice.

    Attributes:
        law: name of the law.
        formula: its text.
        objective: what was minimised, or `auto`.
        by: column of the cuts.
        level: confidence level of the intervals.
        splits: the cuts, smallest first.
        skipped: cuts that were not used, with reasons.
        notes: what to know when reading the numbers.
    """

    law: str
    formula: str
    objective: str
    by: str
    level: float
    splits: tuple[Split, ...]
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()

    @cached_property
    def predictions(self) -> tuple[Prediction, ...]:
        """Predictions of all cuts."""
        return tuple(p for split in self.splits for p in split.predictions)

    @cached_property
    def scores(self) -> Scores:
        """Errors, coverage and inflation over all predictions."""
        return score(self.predictions, self.level)

    @property
    def mean_abs_rel_error(self) -> float:
        """Mean of |predicted / observed - 1|."""
        return self.scores.mean_abs_rel_error

    @property
    def mean_signed_rel_error(self) -> float:
        """Mean of predicted / observed - 1; negative when the forecasts were too hopeful about a loss."""
        return self.scores.mean_signed_rel_error

    @property
    def coverage(self) -> float | None:
        """Share of the held-out runs inside their intervals."""
        return self.scores.coverage

    @property
    def inflation(self) -> float | None:
        """Factor by which intervals of forecasts must grow, at least 1; None without intervals."""
        return self.scores.inflation

    def to_dict(self) -> dict[str, Any]:
        """Keys for JSON."""
        return {
            "law": self.law,
            "formula": self.formula,
            "objective": self.objective,
            "by": self.by,
            "level": self.level,
            "splits": [split.to_dict() for split in self.splits],
            "skipped": [{"cut": s.cut, "reason": s.reason} for s in self.skipped],
            "mean_abs_rel_error": self.mean_abs_rel_error,
            "mean_signed_rel_error": self.mean_signed_rel_error,
            "coverage": self.coverage,
            "inflation": self.inflation,
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        """One line per cut, and the sums."""
        lines = [
            f"back-test of {self.law} by {self.by}, objective {self.objective}, intervals {self.level:.0%}",
            f"{'cut':>10} {'fitted':>7} {'held out':>9} {'decades on':>11} {'|error|':>8} {'error':>8} {'coverage':>9}",
        ]
        for s in self.splits:
            rows = f"{len(s.train_rows):>7} {len(s.test_rows):>9} {s.distance_decades:>11.2f}"
            lines.append(
                f"{format_quantity(s.cut):>10} {rows} "
                f"{s.mean_abs_rel_error:>8.2%} {s.mean_signed_rel_error:>+8.2%} {_share(s.coverage):>9}"
            )
        factor = "" if self.inflation is None else f", intervals must grow by {self.inflation:.2f}"
        lines.append(
            f"all: |error| {self.mean_abs_rel_error:.2%}, error {self.mean_signed_rel_error:+.2%}, "
            f"coverage {_share(self.coverage)}{factor}"
        )
        lines += [f"not cut at {self.by} {format_quantity(s.cut)}: {s.reason}" for s in self.skipped]
        return "\n".join([*lines, *self.notes])


def _share(value: float | None) -> str:
    """A share for a table."""
    return "—" if value is None else f"{value:.2f}"
