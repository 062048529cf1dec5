"""Rolling back-test: fit the small runs, predict the larger ones, move the cut, repeat."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Unpack

import numpy as np

from isoflop.engine import Progress, map_tasks
from isoflop.errors import FitError, TableError
from isoflop.fit.fitting import fit_law
from isoflop.fit.objective import Objective, parse_objective
from isoflop.fit.result import Fit
from isoflop.laws.law import Law
from isoflop.runs.table import RunTable
from isoflop.uncertainty.bootstrap import bootstrap as add_draws
from isoflop.validate.folds import FitSettings, free_parameters, positive, predict_fold, rows_for
from isoflop.validate.outcome import Backtest, Split
from isoflop.validate.splits import Fold, Rolling, Skipped, roll


@dataclass(frozen=True)
class _Task:
    """One cut with its own random state."""

    fold: Fold
    rng: np.random.Generator


def backtest(
    law: Law,
    table: RunTable,
    *,
    rng: np.random.Generator,
    by: str = "flops",
    hold_out: int | None = None,
    cuts: Sequence[float] | None = None,
    objective: str | Objective = "log-huber",
    bootstrap: int = 200,
    resample: str = "bayes",
    level: float = 0.9,
    progress: Progress | None = None,
    workers: int | None = None,
    **settings: Unpack[FitSettings],
) -> Backtest:
    """Fit the small runs, predict the larger ones, move the cut, and repeat.

    For each cut c: fit on runs with x < c, predict those with x >= c, where x is the column `by`.
    Leaving out single or random runs tests interpolation; this tests what a forecast is for.

    Args:
        law: the law.
        table: the runs.
        rng: random state; the same state gives the same bits on any number of threads.
        by: column of the cuts, such as flops, params or tokens.
        hold_out: how many of the largest groups are held out, with one cut below each; groups are
            distinct sizes or budgets, or bins of half a decade where values are continuous. None
            is three, or half of the groups where there are fewer than six.
        cuts: values of the column to cut at instead.
        objective: what is minimised; `auto` chooses it on each cut's fitted runs alone.
        bootstrap: draws behind the intervals; 0 for errors without intervals.
        resample: bayes, pairs, or cluster:COLUMN, as for the fit whose forecasts are judged.
        level: confidence level of the intervals.
        progress: called with (cuts done, cuts).
        workers: threads; all cores when None.
        settings: response, fix, prior, weights and noise as `fit_law` takes them.

    Returns:
        Errors, coverage and inflation, per cut and over all.

    Raises:
        TableError: no cut leaves enough runs on both sides.

    >>> N, D = (x.ravel() for x in np.meshgrid(np.geomspace(1e7, 1e9, 5), np.geomspace(1e9, 1e10, 4)))
    >>> runs = RunTable.from_columns({"N": N, "D": D, "loss": 1.7 + 480 / N**0.35 + 2000 / D**0.37})
    >>> from isoflop import laws
    >>> rng = np.random.default_rng(0)
    >>> found = backtest(laws.get("chinchilla"), runs, by="params", hold_out=2, rng=rng, bootstrap=0)
    >>> [len(split.test_rows) for split in found.splits], found.mean_abs_rel_error < 1e-6
    ([8, 4], True)
    """
    runs = rows_for(law, table, by, settings)
    rolled = roll(
        positive(runs, by), by=by, parameters=free_parameters(law, runs, settings), hold_out=hold_out, cuts=cuts
    )
    return run_folds(
        law, runs, rolled, rng=rng, objective=objective, bootstrap=bootstrap, resample=resample, level=level,
        progress=progress, workers=workers, settings=settings,
    )  # fmt: skip


def run_folds(
    law: Law,
    runs: RunTable,
    rolled: Rolling,
    *,
    rng: np.random.Generator,
    objective: str | Objective,
    bootstrap: int,
    level: float,
    settings: FitSettings,
    resample: str = "bayes",
    progress: Progress | None = None,
    workers: int | None = None,
) -> Backtest:
    """Back-test on cuts that are given.

    Args:
        law: the law.
        runs: usable runs.
        rolled: cuts of exactly these runs.
        rng: random state.
        objective: what is minimised, or `auto`.
        bootstrap: draws behind the intervals, or 0.
        level: confidence level.
        settings: as `fit_law` takes them.
        resample: bootstrap scheme.
        progress: called with (cuts done, cuts).
        workers: threads.

    Returns:
        The back-test.
    """
    if objective != "auto":
        objective = parse_objective(objective)
    size = np.asarray(runs.column(rolled.by), dtype=float)

    def work(task: _Task) -> Split | Skipped:
        train = runs.take(task.fold.train)
        try:
            fit = _fit(law, train, rolled.by, objective=objective, rng=task.rng, settings=settings)
            if bootstrap:
                fit = add_draws(fit, train, draws=bootstrap, resample=resample, rng=task.rng, workers=1)
        except FitError as error:
            return Skipped(task.fold.cut, str(error))
        return predict_fold(fit, runs, task.fold, size, level)

    tasks = [_Task(fold, child) for fold, child in zip(rolled.folds, rng.spawn(len(rolled.folds)), strict=True)]
    parts = map_tasks(work, tasks, workers=workers, progress=progress)
    splits = tuple(part for part in parts if isinstance(part, Split))
    skipped = (*rolled.skipped, *(part for part in parts if isinstance(part, Skipped)))
    if not splits:
        raise TableError("No cut could be fitted: " + " ".join(s.reason for s in skipped))
    name = objective if isinstance(objective, str) else objective.name
    notes = (*_notes(splits, level), *runs.notes)
    return Backtest(law.name, law.formula, name, rolled.by, level, splits, skipped, notes)


def _fit(
    law: Law,
    train: RunTable,
    by: str,
    *,
    objective: str | Objective,
    rng: np.random.Generator,
    settings: FitSettings,
) -> Fit:
    """Fit the small runs; `auto` looks for the objective among them only."""
    if objective == "auto":
        from isoflop.validate.choose import choose_objective

        objective = choose_objective(law, train, rng=rng, by=by, workers=1, **settings).objective
    return fit_law(law, train, objective=objective, **settings)


def _notes(splits: Sequence[Split], level: float) -> tuple[str, ...]:
    """What to know when reading the numbers."""
    notes = []
    predictions = [p for split in splits for p in split.predictions]
    if len(predictions) * (1 - level) < 1 - 1e-9:
        notes.append(
            f"{len(predictions)} predictions are too few for a {level:.0%} quantile: "
            "the inflation is that of the worst one."
        )
    open_ended = sum(p.interval is not None and p.covered is None for p in predictions)
    if open_ended:
        notes.append(
            f"{open_ended} predictions have no interval (too many draws without a value); coverage leaves them out."
        )
    doubtful = [s for s in splits if s.fit.certificate.verdict != "certified"]
    if doubtful:
        listed = ", ".join(f"{len(s.train_rows)} runs {s.fit.certificate.verdict}" for s in doubtful)
        notes.append(f"Not every fit was certified: {listed}.")
    return tuple(notes)


def with_backtest(fit: Fit, found: Backtest) -> Fit:
    """Let a fit's forecasts carry the inflation that a back-test showed.

    Args:
        fit: a fit.
        found: a back-test, with intervals, of the same law and objective.

    Returns:
        The fit with its inflation; its intervals of forecasts are that much wider.

    Raises:
        FitError: the back-test is of another law or objective, or has no intervals.

    >>> import isoflop as iso
    >>> runs = iso.embedded("ladder")
    >>> fit = iso.fit("kaplan-tokens", runs, bootstrap=50)
    >>> with_backtest(fit, iso.backtest("kaplan-tokens", runs, hold_out=2, bootstrap=50)).inflation > 1
    True
    """
    if (fit.law.name, fit.law.formula) != (found.law, found.formula):
        raise FitError(
            f"The back-test is of law {found.law!r}, the fit of {fit.law.name!r}. Back-test the law that is fitted."
        )
    if found.objective not in ("auto", fit.objective.name):
        raise FitError(
            f"The back-test minimised {found.objective}, the fit {fit.objective.name}. Use one objective for both."
        )
    if found.inflation is None:
        raise FitError("The back-test has no intervals, so it shows no inflation. Run it with bootstrap=200.")
    return replace(fit, inflation=found.inflation)
