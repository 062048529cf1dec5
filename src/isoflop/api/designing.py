"""The verbs next_runs and score_design."""

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

from isoflop.api.inputs import Runs, as_runs
from isoflop.fit.result import Fit
from isoflop.plan.design.design import Options
from isoflop.plan.design.design import next_runs as choose_runs
from isoflop.plan.design.designed import Design
from isoflop.plan.design.scoring import score_design

__all__ = ["next_runs", "score_design"]


def next_runs(
    fit: Fit,
    target: Mapping[str, Any],
    *,
    budget: float | str,
    candidates: Runs | None = None,
    beats: Sequence[str] | None = None,
    runs: Runs | None = None,
    cost: str | None = None,
    level: float | None = None,
    **options: Unpack[Options],
) -> Design:
    """Choose the runs that shrink the interval at a target most for the money.

    `ΔV = (g'SJ)^2/(sigma^2 + tau^2 h + J'SJ)` per cost, then swaps of single runs.

    Reference: Fedorov 1972; Chaloner 1984; Li et al. 2026, arXiv 2604.22753.

    Args:
        fit: the fit so far; with a back-test's inflation where there was one.
        target: word → value (or several, for several points); flops alone mean the compute-optimal size.
        budget: what may be spent, in the unit of the costs: FLOPs unless `cost` names another.
        candidates: runs that could be made, as a table, path, frame or mapping of columns; a grid when None.
        beats: two recipes: does the first have the lower loss at the target?
        runs: the fit's own runs: the covariance is then the curvature's, and what the law may miss in second
            order counts as bias; else the covariance is that of the draws, and the law is taken as right.
        cost: column of prices among the candidates; training compute when None.
        level: confidence level; the fit's own when None.
        options: criterion (V, c, A, D), method (exchange, greedy), power, most, replicates, half_width,
            least_gain, tokens_per_param, discrepancy, noise, curvature; see `isoflop.plan.design.design.Options`.

    Returns:
        The runs in the order in which they pay, with the interval to expect after each.

    Raises:
        LawError: target, candidates or options do not suit the law, or nothing is affordable.

    >>> import isoflop as iso
    >>> fit = iso.fit("kaplan-tokens", iso.embedded("ladder"), bootstrap=100)
    >>> design = next_runs(fit, {"params": 1e6, "tokens": 2e7}, budget=1e14, most=8)
    >>> design.half_width_after < design.half_width_before
    True
    """
    first = fit.law.columns[0]
    pool = None if candidates is None else as_runs(candidates, response=first)
    table = None if runs is None else as_runs(runs, response=fit.response)
    return choose_runs(
        fit, target, budget=budget, candidates=pool, beats=beats, runs=table, cost=cost, level=level, **options
    )
