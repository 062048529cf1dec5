"""Laws side by side: the same cuts, the same held-out runs, and whether their errors differ beyond chance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Unpack

import numpy as np

from isoflop.engine import Progress
from isoflop.errors import LawError
from isoflop.fit.fitting import fit_law
from isoflop.fit.result import Fit
from isoflop.laws.law import Law
from isoflop.runs.table import RunTable
from isoflop.uncertainty.bootstrap import bootstrap as add_draws
from isoflop.validate.backtest import run_folds, with_backtest
from isoflop.validate.choose import choose_objective
from isoflop.validate.comparison import Comparison, label_of
from isoflop.validate.folds import FitSettings, free_parameters, positive, rows_for
from isoflop.validate.judge import judge, shared_runs
from isoflop.validate.outcome import Backtest
from isoflop.validate.splits import roll


@dataclass(frozen=True)
class _Candidate:
    """A law with what is minimised."""

    label: str
    law: Law
    objective: str


def compare(
    laws: Sequence[Law | tuple[Law, str]],
    table: RunTable,
    *,
    rng: np.random.Generator,
    by: str = "flops",
    hold_out: int | None = None,
    cuts: Sequence[float] | None = None,
    objective: str = "log-huber",
    bootstrap: int = 200,
    level: float = 0.9,
    target: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
    workers: int | None = None,
    **settings: Unpack[FitSettings],
) -> Comparison:
    """Compare laws by what they say of larger runs than they were fitted to.

    All laws see the same runs and the same cuts. The order is that of the mean absolute relative
    error on held-out runs. AICc is shown beside it and chooses nothing: on published runs it has
    preferred, with weight .95, the law that extrapolates worse.

    Args:
        laws: laws, or (law, objective) pairs.
        table: the runs.
        rng: random state.
        by: column of the cuts.
        hold_out: how many of the largest groups are held out; see `backtest`.
        cuts: values of the column to cut at instead.
        objective: what is minimised where a law comes without its own.
        bootstrap: draws behind the intervals; 0 for errors without intervals.
        level: confidence level of intervals and of the verdict.
        target: word → value of a run to forecast with every law; needs draws.
        progress: called with (laws done, laws).
        workers: threads.
        settings: response, fix, prior, weights and noise as `fit_law` takes them.

    Returns:
        The laws, best first, with averages and a verdict, which may be `not distinguishable`.

    Raises:
        LawError: fewer than two laws, or laws of different responses.
        TableError: no cut suits all laws.
    """
    candidates = _candidates(laws, objective)
    runs = table
    for candidate in candidates:
        runs = rows_for(candidate.law, runs, by, settings)
    free = {c.label: free_parameters(c.law, runs, settings) for c in candidates}
    rolled = roll(positive(runs, by), by=by, parameters=max(free.values()), hold_out=hold_out, cuts=cuts)
    tests: dict[str, Backtest] = {}
    fits: dict[str, Fit] = {}
    for candidate, child in zip(candidates, rng.spawn(len(candidates)), strict=True):
        test = run_folds(
            candidate.law, runs, rolled, rng=child, objective=candidate.objective, bootstrap=bootstrap, level=level,
            workers=workers, settings=settings,
        )  # fmt: skip
        tests[candidate.label] = test
        fits[candidate.label] = _on_all_runs(candidate, runs, test, draws=bootstrap, rng=child, settings=settings)
        if progress is not None:
            progress(len(tests), len(candidates))
    tests, notes = shared_runs(tests)
    return judge(tests, fits, free, runs, rng=rng, level=level, target=target, notes=notes)


def _candidates(laws: Sequence[Law | tuple[Law, str]], objective: str) -> list[_Candidate]:
    """Laws with their objectives and a name of their own."""
    pairs = [law if isinstance(law, tuple) else (law, objective) for law in laws]
    if len(pairs) < 2:
        raise LawError("A comparison needs at least two laws. Give another, such as chinchilla or skaling.")
    if len({law.response for law, _ in pairs}) > 1:
        listed = ", ".join(f"{law.name} ({law.response})" for law, _ in pairs)
        raise LawError(f"The laws explain different columns: {listed}. Compare laws of one response.")
    names = [label_of(law) for law, _ in pairs]
    labels = [
        name if names.count(name) == 1 else f"{name} {goal}" for name, (_, goal) in zip(names, pairs, strict=True)
    ]
    if len(set(labels)) < len(labels):
        labels = [f"{law.formula} {goal}" for law, goal in pairs]
    if len(set(labels)) < len(labels):
        raise LawError(f"A law takes part twice with one objective: {', '.join(labels)}. Leave one of them out.")
    return [_Candidate(label, *pair) for label, pair in zip(labels, pairs, strict=True)]


def _on_all_runs(
    candidate: _Candidate,
    runs: RunTable,
    test: Backtest,
    *,
    draws: int,
    rng: np.random.Generator,
    settings: FitSettings,
) -> Fit:
    """Fit to all runs, with the inflation that the back-test showed."""
    objective = candidate.objective
    if objective == "auto":
        objective = choose_objective(candidate.law, runs, rng=rng, by=test.by, **settings).objective
    fit = fit_law(candidate.law, runs, objective=objective, **settings)
    return with_backtest(add_draws(fit, runs, draws=draws, rng=rng, resample="bayes"), test) if draws else fit
