"""The two-step model ladder: size and tokens to task loss, task loss to accuracy, both resampled by run."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop import laws
from isoflop.errors import FitError
from isoflop.fit.estimate import Correction, Estimate, estimate_from_draws
from isoflop.fit.fitting import fit_law
from isoflop.fit.result import Fit
from isoflop.fit.values import evaluate_slots
from isoflop.runs.table import RunTable
from isoflop.uncertainty.bootstrap import bind_fit
from isoflop.uncertainty.refits import refit_all
from isoflop.uncertainty.searches import Replicates

Array = NDArray[Any]

COLUMNS: Final = ("params", "tokens", "task_loss", "accuracy")
BATCH: Final = 25
"""Replicates refitted together."""

NOT_IN: Final = (
    "that the target's recipe differs from the ladder's (mid-training, other data)",
    "that either step may be wrong beyond the ladder",
    "the noise of a single run",
)


@dataclass(frozen=True)
class StepErrors:
    """Relative errors at a target that was trained: of each step alone, and of the chain.

    Args:
        first: task loss predicted from size and tokens, over the true one, minus 1.
        second: accuracy predicted from the true task loss, over the true one, minus 1.
        chained: accuracy predicted from size and tokens, over the true one, minus 1.
    """

    first: float
    second: float
    chained: float


@dataclass(frozen=True)
class TwoStepForecast:
    """What a two-step ladder says of a target.

    Args:
        task_loss: after the first step, bits per byte.
        accuracy: after both, a fraction.
    """

    task_loss: Estimate
    accuracy: Estimate


@dataclass(frozen=True, eq=False)
class TwoStep:
    """Both fits of a ladder, and draws in which whole runs were resampled in both at once.

    Args:
        first: task loss from params and tokens.
        second: accuracy from task loss.
        runs: names of the runs.
        draws: parameters of both laws under the same resampled runs.
    """

    first: Fit
    second: Fit
    runs: tuple[str, ...]
    draws: tuple[Array, Array]

    def _chain(self, theta: tuple[Array, Array], params: float, tokens: float) -> tuple[Array, Array]:
        """Task loss and accuracy for batches of parameters of both laws."""
        loss = evaluate_slots(self.first.law, {}, theta[0], {"params": params, "tokens": tokens})[:, 0]
        second = self.second.law
        # Each draw has a task loss of its own: row k with the k-th parameters.
        accuracy = [
            evaluate_slots(second, {}, t[None], {"task_loss": x})[0, 0] for t, x in zip(theta[1], loss, strict=True)
        ]
        return loss, np.array(accuracy)

    def predict(self, params: float, tokens: float, *, level: float = 0.9) -> TwoStepForecast:
        """Task loss and accuracy of a target.

        Args:
            params: parameters N, counted as in the ladder.
            tokens: training tokens D.
            level: confidence level.

        Returns:
            Both, with intervals from resampled runs.
        """
        loss, accuracy = self._chain((self.first.theta[None], self.second.theta[None]), params, tokens)
        losses, accuracies = self._chain(self.draws, params, tokens)
        correction = Correction(len(self.runs), len(self.first.names))
        task_loss = estimate_from_draws(
            float(loss[0]), losses, level=level, correction=correction, leaves_out=NOT_IN, unit="bits/byte"
        )
        chained = estimate_from_draws(
            float(accuracy[0]), accuracies, level=level, correction=correction, leaves_out=NOT_IN, unit="fraction"
        )
        return TwoStepForecast(task_loss, chained)

    def errors(self, target: Mapping[str, float]) -> StepErrors:
        """Relative errors of both steps and of the chain at a target that was trained.

        Args:
            target: params, tokens, task_loss and accuracy.

        Returns:
            The errors: a flat sigmoid can hide a large one of the first step.
        """
        loss, accuracy = self._chain(
            (self.first.theta[None], self.second.theta[None]), target["params"], target["tokens"]
        )
        second = float(self.second.evaluate(task_loss=target["task_loss"])[0])
        return StepErrors(
            float(loss[0]) / target["task_loss"] - 1,
            second / target["accuracy"] - 1,
            float(accuracy[0]) / target["accuracy"] - 1,
        )


def final_rows(table: RunTable, *, last: int = 5) -> RunTable:
    """One row per run: the mean of its last evaluations, at its final tokens.

    Args:
        table: checkpoints with run, params, tokens, task_loss and accuracy.
        last: evaluations to average.

    Returns:
        One row per run.
    """
    rows = [(name, own[-1], own[-last:]) for name, own in _by_run(table).items()]
    columns: dict[str, Any] = {"run": [name for name, _, _ in rows]}
    columns |= {word: [float(table.column(word)[end]) for _, end, _ in rows] for word in ("params", "tokens")}
    columns |= {word: [float(table.column(word)[some].mean()) for _, _, some in rows] for word in COLUMNS[2:]}
    return RunTable.from_columns(columns)


def smoothed_rows(
    table: RunTable, *, drop: float = 0.1, window: int = 5, anchor: tuple[float, float] | None = (0.0, 1.0)
) -> RunTable:
    """All checkpoints after the first part of each run, both axes averaged over the latest few.

    Args:
        table: checkpoints with run, params, tokens, task_loss and accuracy.
        drop: share of each run's first checkpoints to leave out.
        window: checkpoints in the moving average; fewer at the start of a run.
        anchor: task loss and accuracy of one artificial point, which pins the upper end; None for none.

    Returns:
        Columns run, task_loss and accuracy; the anchor's run is called `anchor`.
    """
    names: list[str] = []
    columns: dict[str, list[float]] = {"task_loss": [], "accuracy": []}
    for name, rows in _by_run(table).items():
        kept = rows[math.ceil(drop * len(rows)) :]
        names += [name] * len(kept)
        for word, values in columns.items():
            values += _moving_average(table.column(word)[kept], window).tolist()
    if anchor is not None:
        names.append("anchor")
        for word, value in zip(columns, anchor, strict=True):
            columns[word].append(value)
    return RunTable.from_columns({"run": names, **columns})


def two_step(
    table: RunTable, *, rng: np.random.Generator, draws: int = 200, last: int = 5, drop: float = 0.1
) -> TwoStep:
    """Fit both steps of a model ladder and resample whole runs through the chain.

    `L = E + A/N^alpha + B/D^beta` on one point per run, then `Acc = b + a sigma(k (L - L0))` on all
    later checkpoints and the anchor (0, 1).

    Reference: Bhagia et al. 2024, arXiv:2412.04403.

    Args:
        table: checkpoints with run, params, tokens, task_loss (bits/byte) and accuracy (fraction).
        rng: random state of the resampling.
        draws: resamplings, each with Bayesian weights of the runs; the anchor keeps its weight.
        last: evaluations of each run that make its point of the first step.
        drop: share of each run's first checkpoints that the second step leaves out.

    Returns:
        Both fits and the draws.

    Raises:
        FitError: fewer runs than the first step has parameters.
    """
    finals, checkpoints = final_rows(table, last=last), smoothed_rows(table, drop=drop)
    first = fit_law(laws.get("task-loss"), finals, objective="log-huber:1e-3")
    second = fit_law(laws.get("task-sigmoid"), checkpoints, objective="ls")
    runs = finals.labels("run")[0]
    if len(runs) <= len(first.names):
        raise FitError(f"{len(runs)} runs cannot be resampled for {len(first.names)} parameters. Add runs.")
    gaps = rng.standard_exponential((draws, len(runs)))
    weights = dict(zip(runs, (gaps / gaps.mean(axis=1, keepdims=True)).T, strict=True)) | {"anchor": np.ones(draws)}
    return TwoStep(first, second, runs, (_redraw(first, finals, weights), _redraw(second, checkpoints, weights)))


def _redraw(fit: Fit, rows: RunTable, weights: Mapping[str, Array]) -> Array:
    """Parameters under the resampled runs, shape (draws, p)."""
    problem = bind_fit(fit, rows)
    names, codes = rows.labels("run")
    by_row = np.stack([weights[name] for name in names], axis=1)[:, codes]
    replicates = Replicates(len(by_row), BATCH, lambda block: by_row[block * BATCH : (block + 1) * BATCH])
    return problem.natural(refit_all(problem, fit.objective, problem.search(fit.theta[None]), replicates))


def _by_run(table: RunTable) -> dict[str, NDArray[np.intp]]:
    """Run → places of its checkpoints, in the order of tokens."""
    names, codes = table.labels("run")
    order = np.argsort(table.column("tokens"), kind="stable")
    return {name: order[codes[order] == code] for code, name in enumerate(names)}


def _moving_average(values: Array, window: int) -> Array:
    """Mean of each value and the few before it."""
    total = np.concatenate([[0.0], np.cumsum(values)])
    end = np.arange(1, len(values) + 1)
    start = np.maximum(end - window, 0)
    return np.asarray((total[end] - total[start]) / (end - start))
