"""Early checkpoints: fit the first part of each learning curve, predict the rest of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import FitError, IsoflopError
from isoflop.fit.estimate import Correction, Estimate, estimate_from_draws
from isoflop.fit.fitting import fit_law
from isoflop.fit.result import Fit
from isoflop.laws.catalogue import as_law
from isoflop.laws.law import Law
from isoflop.runs.table import RunTable

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class CurveForecast:
    """One learning curve, fitted early and scored late.

    Args:
        run: its name.
        fit: the law on the early checkpoints.
        rmse: root mean square error on the late ones.
        end: prediction at the last checkpoint.
        actual_end: what was measured there.
    """

    run: str
    fit: Fit
    rmse: float
    end: float
    actual_end: float


@dataclass(frozen=True, eq=False)
class EarlyPrediction:
    """All curves of a table.

    Args:
        curves: one per run that could be fitted.
        skipped: run → why it could not.
    """

    curves: tuple[CurveForecast, ...]
    skipped: tuple[tuple[str, str], ...]

    @property
    def mean_rmse(self) -> float:
        """Mean over the curves of their errors."""
        return float(np.mean([curve.rmse for curve in self.curves]))

    @property
    def mean_abs_rel_error(self) -> float:
        """Mean over the curves of the relative error at the last checkpoint."""
        return float(self._end_errors().mean())

    def error_interval(self, *, rng: np.random.Generator, draws: int = 1000, level: float = 0.9) -> Estimate:
        """Mean relative error at the last checkpoint, with an interval from resampled runs.

        Whole runs are drawn: the checkpoints of a run are not independent, so an interval from them
        would be far too narrow.

        Args:
            rng: random state.
            draws: resamplings, each with Bayesian weights of the runs.
            level: confidence level.

        Returns:
            The mean error that other runs of this kind would show.

        Raises:
            FitError: fewer than three curves.
        """
        errors = self._end_errors()
        if len(errors) < 3:
            raise FitError(f"{len(errors)} curves show no spread of errors. Give at least three runs.")
        drawn = rng.dirichlet(np.ones(len(errors)), draws) @ errors
        left = ("that runs of another kind or size may miss by more",)
        return estimate_from_draws(
            float(errors.mean()), drawn, level=level, correction=Correction(len(errors), 1), leaves_out=left
        )

    def _end_errors(self) -> Array:
        """Relative error of every curve at its last checkpoint, without its sign."""
        return np.array([abs(curve.end / curve.actual_end - 1) for curve in self.curves])


def early_part(table: RunTable, *, by: str = "tokens", share: float = 0.3, skip: float = 0.1) -> Array:
    """Which checkpoints are early: those below a share of their run's last one, but not the very first.

    The first part of a run is left out because its loss follows no power law; a third of a run
    foretells its end (Choshen, Zhang, Andreas 2024, arXiv:2410.11840).

    Args:
        table: checkpoints with the column run.
        by: column that grows along a run.
        share: of the run's largest value, up to which checkpoints are early.
        skip: of the run's largest value, below which they take no part in the fit.

    Returns:
        True for the checkpoints to fit, shape (rows,).

    Raises:
        FitError: the shares do not say 0 <= skip < share < 1.
    """
    if not 0 <= skip < share < 1:
        raise FitError(f"A share of {share:g} after {skip:g} is no early part. Give 0 <= skip < share < 1.")
    x, codes = table.column(by), table.labels("run")[1]
    last = np.array([x[codes == code].max() for code in range(int(codes.max()) + 1)])[codes]
    return np.asarray((x >= skip * last) & (x <= share * last))


def predict_curves(
    law: str | Law, table: RunTable, early: ArrayLike, *, late: ArrayLike | None = None, objective: str = "log-ls"
) -> EarlyPrediction:
    """Fit a law to the early checkpoints of every run and score it on the late ones.

    Args:
        law: a law in columns that change along a run, such as `power-tokens-floor`.
        table: checkpoints with the column run.
        early: True for the checkpoints to fit, shape (rows,); see `early_part`.
        late: True for those to score; all others of the run, after its early ones, when None.
        objective: what is minimised.

    Returns:
        One forecast per run.

    Raises:
        FitError: no run could be fitted.
    """
    chosen = as_law(law, columns=table.names)
    first = np.asarray(early, dtype=bool)
    x = table.column(chosen.columns[0])
    names, codes = table.labels("run")
    curves, skipped = [], []
    for code, name in enumerate(names):
        own = codes == code
        start = first & own
        last = x[start].max() if start.any() else np.inf
        rest = own & ~first & (x > last) if late is None else own & np.asarray(late, dtype=bool)
        if not start.any() or not rest.any():
            skipped.append((name, "it has no early or no late checkpoints"))
            continue
        try:
            curves.append(_one(name, chosen, table, (np.flatnonzero(start), np.flatnonzero(rest)), objective))
        except IsoflopError as error:
            skipped.append((name, str(error)))
    if not curves:
        raise FitError("No run could be fitted: " + " ".join(f"{name}: {why}" for name, why in skipped[:3]))
    return EarlyPrediction(tuple(curves), tuple(skipped))


def _one(name: str, law: Law, table: RunTable, rows: Sequence[NDArray[np.intp]], objective: str) -> CurveForecast:
    """Fit one curve's early rows and score its late ones."""
    start, rest = rows
    fit = fit_law(law, table.take(start), objective=objective)
    predicted = fit.evaluate(**{word: table.column(word)[rest] for word in law.columns})
    actual = table.column(law.response)[rest]
    end = int(np.argmax(table.column(law.columns[0])[rest]))
    rmse = float(np.sqrt(np.mean((predicted - actual) ** 2)))
    return CurveForecast(name, fit, rmse, float(predicted[end]), float(actual[end]))
