"""Which objective extrapolates on these runs: an inner rolling back-test decides, or says that it cannot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Unpack

import numpy as np

from isoflop.errors import TableError
from isoflop.laws.law import Law
from isoflop.runs.table import RunTable
from isoflop.validate.backtest import run_folds
from isoflop.validate.folds import FitSettings, free_parameters, positive, rows_for
from isoflop.validate.judge import shared_runs
from isoflop.validate.outcome import Backtest
from isoflop.validate.paired import Difference, difference, p_words
from isoflop.validate.splits import roll

DEFAULT: Final = "log-huber"
"""What is minimised when the back-test does not tell objectives apart."""

CANDIDATES: Final = (DEFAULT, "log-huber:1e-3", "log-ls", "asymmetric", "student-t")
"""Objectives that are tried: Huber at the residuals' scale, Hoffmann's, least squares, one-sided noise, long tails."""


@dataclass(frozen=True)
class Choice:
    """An objective, and why it was chosen.

    Attributes:
        objective: the chosen one.
        reason: one sentence.
        errors: objective → mean absolute relative error on held-out runs; empty when there could be no back-test.
        against_default: the best one minus the default, run by run; None when the default was best.
        backtests: objective → its inner back-test.
    """

    objective: str
    reason: str
    errors: Mapping[str, float]
    against_default: Difference | None = None
    backtests: Mapping[str, Backtest] = field(default_factory=dict, repr=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """Keys for JSON."""
        against = None if self.against_default is None else self.against_default.to_dict()
        return {
            "objective": self.objective,
            "reason": self.reason,
            "errors": dict(self.errors),
            "against_default": against,
        }

    def __str__(self) -> str:
        """The reason, and the error of each candidate."""
        lines = [f"  {name:<16} {error:.3%}" for name, error in sorted(self.errors.items(), key=lambda item: item[1])]
        return "\n".join([f"objective {self.objective}: {self.reason}", *lines])


def choose_objective(
    law: Law,
    table: RunTable,
    *,
    rng: np.random.Generator,
    by: str | None = None,
    hold_out: int | None = None,
    candidates: Sequence[str] = CANDIDATES,
    level: float = 0.9,
    workers: int | None = None,
    **settings: Unpack[FitSettings],
) -> Choice:
    """Choose what to minimise by a rolling back-test on the runs at hand.

    The objective with the smallest mean absolute relative error on held-out runs is taken when it
    differs from the default beyond chance; otherwise the default, log-Huber, stays.

    Args:
        law: the law.
        table: the runs.
        rng: random state.
        by: column of the cuts; flops, params, tokens or another column of the law when None.
        hold_out: groups held out; see `backtest`.
        candidates: objectives to try; the first is the default.
        level: confidence level of the comparison.
        workers: threads.
        settings: response, fix, prior, weights and noise as `fit_law` takes them.

    Returns:
        The choice with its reason.
    """
    if by is None:
        by = next((word for word in ("flops", "params", "tokens") if word in table.names), law.columns[0])
    runs = rows_for(law, table, by, settings)
    values = positive(runs, by)
    default = candidates[0]
    try:
        rolled = roll(values, by=by, parameters=free_parameters(law, runs, settings), hold_out=hold_out)
        found = {
            name: run_folds(
                law, runs, rolled, rng=rng, objective=name, bootstrap=0, level=level, workers=workers, settings=settings
            )
            for name in candidates
        }
        found, _ = shared_runs(found)
    except TableError as error:
        return Choice(default, f"the default, for these runs allow no back-test. {error}", {})
    return _decide(found, level, rng)


def _decide(found: Mapping[str, Backtest], level: float, rng: np.random.Generator) -> Choice:
    """The best objective where it differs from the default, the first, beyond chance."""
    default, errors = next(iter(found)), {name: test.mean_abs_rel_error for name, test in found.items()}
    best = min(errors, key=lambda name: errors[name])
    where = f"on {len(found[default].splits)} cuts by {found[default].by}"
    if best == default:
        return Choice(default, f"the default, and the smallest error of held-out runs {where}", errors, None, found)
    gap = difference(found[best], found[default], level=level, rng=rng, comparisons=len(found) - 1)
    if gap.distinguishable:
        reason = f"the smallest error of held-out runs {where}, beyond chance ({p_words(gap.p_value)})"
        return Choice(best, reason, errors, gap, found)
    reason = f"the default; {best} has the smallest error of held-out runs {where}, but not distinguishably"
    return Choice(
        default, f"{reason} ({p_words(gap.p_value)}, ahead at {gap.ahead} of {gap.cuts} cuts)", errors, gap, found
    )
