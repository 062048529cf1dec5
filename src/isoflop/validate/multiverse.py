"""How far the answer hangs on choices: every objective with every law, set of runs and way to count compute."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Unpack

import numpy as np

from isoflop.engine import Progress, map_tasks
from isoflop.errors import FitError, InputError, LawError, TableError
from isoflop.fit.fitting import fit_law
from isoflop.fit.objective import parse_objective
from isoflop.fit.prepare import prepare
from isoflop.fit.result import Fit
from isoflop.laws.law import Law
from isoflop.laws.optimum import Status, compute_optimum
from isoflop.runs.table import RunTable
from isoflop.units import FLOPS_PER_PARAM_TOKEN
from isoflop.validate.comparison import label_of
from isoflop.validate.folds import FitSettings
from isoflop.validate.spread import Multiverse, Universe
from isoflop.validate.universe import EXCLUSIONS, Convention, conventions_of, exclude

OBJECTIVES: Final = ("log-huber", "log-huber:1e-3", "log-ls")
"""Objectives that are tried when none are named."""


@dataclass(frozen=True)
class _Task:
    """One fit, and the ways to count compute that share it."""

    law: Law
    objective: str
    exclusion: str
    conventions: tuple[Convention, ...]
    runs: RunTable


def multiverse(
    laws: Sequence[Law],
    table: RunTable,
    *,
    flops: float | None = None,
    target: Mapping[str, Any] | None = None,
    objectives: Sequence[str] = OBJECTIVES,
    exclusions: Sequence[str] = EXCLUSIONS,
    conventions: Sequence[Convention] | None = None,
    progress: Progress | None = None,
    workers: int | None = None,
    **settings: Unpack[FitSettings],
) -> Multiverse:
    """Repeat the analysis under every combination of defensible choices.

    Each universe is a fit: an objective, a law, a set of runs, and a way to count compute. At
    training compute C it gives N*, D* and D/N on `C = k N D`; at a target run, a forecast.

    Reference: Steegen et al. 2016 (multiverse analysis); the choices are those that Li et al. 2025,
    arXiv:2502.18969, found to move published scaling laws.

    Args:
        laws: laws.
        table: the runs.
        flops: training compute at which to allocate, FLOPs in each convention's own count.
        target: word → value of a run to forecast.
        objectives: what is minimised.
        exclusions: sets of runs, from `EXCLUSIONS`.
        conventions: ways to count compute; those that the table supports by itself when None.
        progress: called with (fits done, fits).
        workers: threads.
        settings: response, fix, prior, weights and noise as `fit_law` takes them.

    Returns:
        All universes, the range of each quantity, and how far each kind of choice moves it.

    Raises:
        InputError: neither flops nor a target is given.
        TableError: no universe could be fitted.

    >>> N, D = (x.ravel() for x in np.meshgrid(np.geomspace(1e8, 1e10, 5), np.geomspace(2e9, 2e11, 5)))
    >>> runs = RunTable.from_columns({"N": N, "D": D, "loss": 1.8172 + 482.01 / N**0.3478 + 2085.43 / D**0.3658})
    >>> from isoflop import laws
    >>> found = multiverse([laws.get("chinchilla")], runs, flops=5.76e23)
    >>> len(found.universes), round(found.ranges["tokens_per_param"].median, 1)
    (12, 18.4)
    """
    if flops is None and target is None:
        raise InputError("Nothing is asked. Give flops=5.76e23, or target={'params': 7e9, 'tokens': 1e12}.")
    unknown = sorted(set(exclusions) - set(EXCLUSIONS))
    if unknown:
        raise InputError(f"Exclusions not known: {', '.join(unknown)}. Choose from: {', '.join(EXCLUSIONS)}.")
    for objective in objectives:
        parse_objective(objective)
    ways = tuple(conventions) if conventions is not None else conventions_of(table)
    tasks = [
        _Task(law, objective, exclusion, shared, runs)
        for law in laws
        for shared, runs in _tables(law, table, ways, settings)
        for objective, exclusion in itertools.product(objectives, exclusions)
    ]

    def work(task: _Task) -> list[Universe]:
        return _universes(task, flops, target, settings)

    parts = map_tasks(work, tasks, workers=workers, progress=progress)
    found = tuple(universe for part in parts for universe in part)
    if not any(universe.counts for universe in found):
        raise TableError("No universe could be fitted: " + " ".join(sorted({u.reason for u in found})))
    return Multiverse(found, flops, None if target is None else dict(target), tuple(table.notes))


def _tables(
    law: Law, table: RunTable, ways: Sequence[Convention], settings: FitSettings
) -> list[tuple[tuple[Convention, ...], RunTable]]:
    """Usable runs per convention; conventions that the law's columns do not show share one table."""
    named = (settings.get("weights"), settings.get("noise"))
    extra = tuple(name for name in named if name is not None and name != "seeds")
    shared: dict[tuple[str, ...], list[Convention]] = {}
    for way in ways:
        shows = (way.name,) if "flops" in law.columns else (way.params or "",)
        shared.setdefault(shows, []).append(way)
    response = settings.get("response") or law.response
    return [(tuple(group), prepare(law, group[0].apply(table), response, extra)) for group in shared.values()]


def _universes(
    task: _Task, flops: float | None, target: Mapping[str, Any] | None, settings: FitSettings
) -> list[Universe]:
    """Fit once, and ask under every convention that shares the fit."""
    bare = Universe(label_of(task.law), task.objective, task.exclusion, "", 0)
    try:
        full = fit_law(task.law, task.runs, objective=task.objective, **settings)
        runs = exclude(task.runs, task.exclusion, full)
        fit = full if len(runs) == len(task.runs) else fit_law(task.law, runs, objective=task.objective, **settings)
    except (FitError, TableError) as error:
        return [replace(bare, convention=way.name, reason=str(error)) for way in task.conventions]
    bare = replace(bare, rows=fit.rows, verdict=fit.certificate.verdict)
    prediction = None if target is None else _forecast(fit, target)
    bare = replace(bare, prediction=prediction)
    return [_allocated(replace(bare, convention=way.name), fit, way, flops) for way in task.conventions]


def _forecast(fit: Fit, target: Mapping[str, Any]) -> float | None:
    """Forecast at the target; None where the law has no finite value."""
    value = float(np.ravel(fit.evaluate(**target))[0])
    return value if np.isfinite(value) else None


def _allocated(universe: Universe, fit: Fit, way: Convention, flops: float | None) -> Universe:
    """Add the compute-optimal allocation under a convention."""
    if flops is None:
        return universe
    try:
        # On C = k N D the optimum is that of 6 N D at 6 C / k.
        best = compute_optimum(fit.law, fit.theta, flops * FLOPS_PER_PARAM_TOKEN / way.flops_per_param_token)
    except LawError as error:
        return replace(universe, reason=str(error))
    if int(best.status) != Status.INTERIOR:
        return replace(universe, reason=best.words())
    params, tokens = float(best.params), float(best.tokens)
    return replace(universe, params=params, tokens=tokens, tokens_per_param=tokens / params, loss=float(best.loss))
