"""The demonstration's work: predict the largest embedded runs from the others, then fit, compare, plan, report."""

import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from isoflop import api
from isoflop.runs.published import embedded, embedded_path
from isoflop.validate.scores import Prediction, Scores, score

if TYPE_CHECKING:
    from isoflop.fit.result import Fit
    from isoflop.plan.optimum.result import Plan
    from isoflop.runs.table import RunTable
    from isoflop.validate.comparison import Comparison, Entry
    from isoflop.validate.outcome import Backtest

LAWS: Final = ("chinchilla", "gadre", "kaplan-tokens")
"""Laws in params and tokens that the back-tests choose from."""

HELD_OUT_DECADES: Final = 0.5
"""Runs whose compute is within this many powers of ten of the largest are held out."""

DRAWS: Final = 500
"""Bootstrap draws behind every interval."""

AHEAD: Final = 100.0
"""The plan is for this many times the compute of the largest run."""


@dataclass(frozen=True)
class Trial:
    """The largest runs, predicted from the others.

    Attributes:
        small: the runs that were fitted.
        large: the runs that were held out.
        comparison: of the laws, by back-tests among the small runs.
    """

    small: "RunTable"
    large: "RunTable"
    comparison: "Comparison"

    @property
    def fit(self) -> "Fit":
        """The chosen law fitted to the small runs, its intervals widened by its back-test."""
        return choose(self.comparison).fit

    @cached_property
    def predictions(self) -> tuple[Prediction, ...]:
        """One per held-out run, in the order of the table."""
        found = self.fit.predict(params=self.large.column("params"), tokens=self.large.column("tokens"))
        largest = self.small.column("flops").max()
        return tuple(
            Prediction(
                row=int(self.large.source_rows[k]),
                columns={word: float(self.large.column(word)[k]) for word in ("params", "tokens")},
                observed=float(self.large.column("loss")[k]),
                predicted=float(found.value[k]),
                interval=(float(found.interval[0][k]), float(found.interval[1][k])),
                distance_decades=float(np.log10(self.large.column("flops")[k] / largest)),
            )
            for k in range(len(self.large))
        )

    @cached_property
    def scores(self) -> Scores:
        """Errors and coverage of the predictions."""
        return score(self.predictions, self.fit.level)


@dataclass(frozen=True)
class Whole:
    """What all runs together say.

    Attributes:
        runs: all of them.
        comparison: of the laws, by back-tests.
        plan: by the chosen law, for much more compute than any run had.
    """

    runs: "RunTable"
    comparison: "Comparison"
    plan: "Plan"

    @property
    def fit(self) -> "Fit":
        """The chosen law fitted to all runs, its intervals widened by its back-test."""
        return choose(self.comparison).fit

    @property
    def backtest(self) -> "Backtest":
        """The chosen law's back-test, rolling by compute."""
        return choose(self.comparison).backtest


def choose(comparison: "Comparison") -> "Entry":
    """Choose the law with the smallest error on held-out runs among those whose fit is certified.

    Args:
        comparison: the laws, best first.

    Returns:
        The first certified law; the first of all where none is.
    """
    certified = [entry for entry in comparison.entries if entry.fit.certificate.ok]
    return (certified or list(comparison.entries))[0]


def predict_largest(seed: int = 0) -> Trial:
    """Choose a law on the smaller embedded runs, fit it to them and predict the others.

    Args:
        seed: seed of everything random.

    Returns:
        The trial; its predictions use nothing of the held-out runs but their sizes.
    """
    runs = embedded("ladder")
    flops = runs.column("flops")
    within = flops < flops.max() / 10**HELD_OUT_DECADES
    small = runs.select(within, "held out")
    large = runs.select(~within, "fitted")
    return Trial(small, large, api.compare(LAWS, small, bootstrap=DRAWS, seed=seed))


def fit_all(seed: int = 0) -> Whole:
    """Compare, fit, back-test and plan with all embedded runs.

    Args:
        seed: seed of everything random.

    Returns:
        What they say.
    """
    runs = embedded("ladder")
    comparison = api.compare(LAWS, runs, bootstrap=DRAWS, seed=seed)
    plan = api.plan(choose(comparison).fit, flops=AHEAD * float(runs.column("flops").max()))
    return Whole(runs, comparison, plan)


def write_files(directory: Path, whole: Whole) -> dict[str, Path]:
    """Write the table, the fit and the report.

    Args:
        directory: where; made if missing.
        whole: what all runs say.

    Returns:
        What → path.
    """
    from isoflop.report import write_report

    directory.mkdir(parents=True, exist_ok=True)
    table, fit, report = (directory / name for name in ("runs.csv", "fit.json", "report.html"))
    shutil.copyfile(embedded_path("ladder"), table)
    whole.fit.to_json(fit)
    write_report(
        report, whole.fit, whole.runs, backtest=whole.backtest, plan=whole.plan, command="isoflop demo",
        title="The embedded runs",
    )  # fmt: skip
    return {"table": table, "fit": fit, "report": report}
