"""The verbs backtest, compare and multiverse."""

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

import numpy as np

from isoflop.api.inputs import LawLike, Runs, as_laws, as_runs, response_of
from isoflop.engine import Progress
from isoflop.fit.estimate import check_level
from isoflop.fit.objective import Objective
from isoflop.laws.catalogue import as_law
from isoflop.validate.backtest import backtest as run_backtest
from isoflop.validate.compare import compare as run_compare
from isoflop.validate.comparison import Comparison
from isoflop.validate.folds import FitSettings
from isoflop.validate.multiverse import OBJECTIVES
from isoflop.validate.multiverse import multiverse as run_multiverse
from isoflop.validate.outcome import Backtest
from isoflop.validate.spread import Multiverse
from isoflop.validate.universe import EXCLUSIONS, Convention


def backtest(  # noqa: PLR0913 -- one keyword per decision, each with the expert's default
    law: LawLike,
    runs: Runs,
    *,
    by: str = "flops",
    hold_out: int | None = None,
    cuts: Sequence[float] | None = None,
    objective: str | Objective = "log-huber",
    bootstrap: int = 200,
    resample: str = "bayes",
    level: float = 0.9,
    seed: int = 0,
    where: str | None = None,
    mapping: Mapping[str, str] | None = None,
    progress: Progress | None = None,
    **settings: Unpack[FitSettings],
) -> Backtest:
    """Fit the small runs, predict the larger ones, move the cut, and repeat.

    Args:
        law: a name, a formula, a TOML file, or a `Law`.
        runs: a table, a path, a frame, or a mapping of columns.
        by: column of the cuts: `flops`, `params` or `tokens`.
        hold_out: how many of the largest groups are held out, one cut for each.
        cuts: cuts of one's own, instead.
        objective: what is minimised.
        bootstrap: draws of each fit.
        resample: `bayes`, `pairs`, or `cluster:COLUMN`.
        level: confidence level of the intervals that are scored.
        seed: seed of everything random.
        where: SQL filter, when `runs` is a file.
        mapping: word → column of the source.
        progress: called with (cuts done, cuts).
        settings: response, fix, prior, weights and noise, as `fit` takes them.

    Returns:
        Errors, coverage and inflation on runs that the fits had not seen.

    >>> runs = {"C": [10.0**k for k in range(16, 24)]}
    >>> runs["loss"] = [1.7 + 30 * c**-0.09 for c in runs["C"]]
    >>> backtest("E + K/C^a", runs, hold_out=2, bootstrap=20).mean_abs_rel_error < 1e-6
    True
    """
    check_level(level)
    table = as_runs(runs, where=where, mapping=mapping, response=settings.get("response") or response_of(law))
    return run_backtest(
        as_law(law, columns=table.names), table, rng=np.random.default_rng([seed, 2]), by=by, hold_out=hold_out,
        cuts=cuts, objective=objective, bootstrap=bootstrap, resample=resample, level=level, progress=progress,
        **settings,
    )  # fmt: skip


def compare(
    laws: Sequence[LawLike],
    runs: Runs,
    *,
    by: str = "flops",
    hold_out: int | None = None,
    target: Mapping[str, Any] | None = None,
    objective: str = "log-huber",
    bootstrap: int = 200,
    level: float = 0.9,
    seed: int = 0,
    where: str | None = None,
    mapping: Mapping[str, str] | None = None,
    progress: Progress | None = None,
    **settings: Unpack[FitSettings],
) -> Comparison:
    """Compare laws by what they say of larger runs than they were fitted to.

    Args:
        laws: names, formulas, TOML files, or laws.
        runs: a table, a path, a frame, or a mapping of columns.
        by: column of the cuts.
        hold_out: how many of the largest groups are held out.
        target: word → value of a point at which the laws' forecasts are set side by side.
        objective: what is minimised.
        bootstrap: draws of each fit.
        level: confidence level.
        seed: seed of everything random.
        where: SQL filter, when `runs` is a file.
        mapping: word → column of the source.
        progress: called with (fits done, fits).
        settings: response, fix, prior, weights and noise, as `fit` takes them.

    Returns:
        Laws by error on held-out runs, averages of them, and a verdict.

    >>> runs = {"C": [10.0**k for k in range(16, 24)]}
    >>> runs["loss"] = [1.7 + 30 * c**-0.09 + 1e-3 * (-1) ** k for k, c in enumerate(runs["C"])]
    >>> compare(["E + K/C^a", "K/C^a"], runs, hold_out=2, bootstrap=20).entries[0].formula
    'E + K/C^a'
    """
    check_level(level)
    table = as_runs(runs, where=where, mapping=mapping, response=settings.get("response") or "loss")
    return run_compare(
        as_laws(laws, table), table, rng=np.random.default_rng([seed, 3]), by=by, hold_out=hold_out, target=target,
        objective=objective, bootstrap=bootstrap, level=level, progress=progress, **settings,
    )  # fmt: skip


def multiverse(
    laws: Sequence[LawLike],
    runs: Runs,
    *,
    flops: float | None = None,
    target: Mapping[str, Any] | None = None,
    where: str | None = None,
    mapping: Mapping[str, str] | None = None,
    progress: Progress | None = None,
    objectives: Sequence[str] = OBJECTIVES,
    exclusions: Sequence[str] = EXCLUSIONS,
    conventions: Sequence[Convention] | None = None,
    **settings: Unpack[FitSettings],
) -> Multiverse:
    """Repeat the analysis under every combination of defensible choices.

    Args:
        laws: names, formulas, TOML files, or laws.
        runs: a table, a path, a frame, or a mapping of columns.
        flops: compute at which the best size is asked for.
        target: word → value of a point to predict.
        where: SQL filter, when `runs` is a file.
        mapping: word → column of the source.
        progress: called with (fits done, fits).
        objectives: objectives to combine.
        exclusions: sets of runs to combine.
        conventions: ways to count compute; 6ND, and the table's own where it differs, when None.
        settings: response, fix, prior, weights and noise, as `fit` takes them.

    Returns:
        Every universe with its answers, and the range of each answer.

    >>> runs = {"C": [10.0**k for k in range(16, 24)]}
    >>> runs["loss"] = [1.7 + 30 * c**-0.09 for c in runs["C"]]
    >>> len(multiverse(["E + K/C^a"], runs, target={"flops": 1e24}, exclusions=["all runs"]).universes)
    3
    """
    table = as_runs(runs, where=where, mapping=mapping, response=settings.get("response") or "loss")
    return run_multiverse(
        as_laws(laws, table), table, flops=flops, target=target, objectives=objectives, exclusions=exclusions,
        conventions=conventions, progress=progress, **settings,
    )  # fmt: skip
