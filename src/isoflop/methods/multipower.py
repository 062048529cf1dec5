"""The multi-power law on a table of loss curves: the fit, and the final losses of schedules not yet run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import LawError
from isoflop.fit.estimate import Estimate, estimate_from_draws
from isoflop.fit.fitting import fit_law
from isoflop.fit.result import Fit
from isoflop.laws.multipower import LUO_CONSTANTS, NAMES, multi_power
from isoflop.methods.schedules import ADDED, Schedule, annealing_columns
from isoflop.runs.table import RunTable

Array = NDArray[Any]

TYPICAL_SHAPE: Final[Mapping[str, float]] = {
    name: float(np.mean([values[NAMES.index(name)] for values in LUO_CONSTANTS.values()]))
    for name in ("C", "beta", "gamma")
}
"""C, beta and gamma as the means of the published sets, which agree within 4 % from 25M to 400M parameters."""


@dataclass(frozen=True)
class ScheduleForecast:
    """What a fitted law says of one schedule.

    Args:
        schedule: the schedule.
        loss: loss at its last step; with an interval where the fit has draws.
        behind: how much more that is than the best schedule of the comparison.
    """

    schedule: Schedule
    loss: Estimate
    behind: Estimate


def fit_curves(
    table: RunTable,
    schedules: Sequence[Schedule],
    *,
    objective: str = "log-huber:1e-3",
    fix: Mapping[str, float] | None = None,
    by: str = "schedule",
) -> Fit:
    """Fit the multi-power law to the loss curves of one model size.

    Two curves seldom determine all seven parameters (the certificate says so): fix the shape of
    the gain with `fix=TYPICAL_SHAPE`, and fit the other four. The optimum of the objective lies
    below the published parameters, which come from 200 steps of a gradient method; on the public
    curves it is the less accurate on schedules that were not fitted.

    Reference: Luo et al. 2025, arXiv:2503.12811.

    Args:
        table: one row per checkpoint, with `checkpoint_step`, `loss` and the name of its schedule; or such a
            table after `annealing_columns`, which then is not called again.
        schedules: all schedules that the table names.
        objective: what is minimised.
        fix: parameter → value that it keeps.
        by: column that names the schedule.

    Returns:
        The fit. For draws, give it to `isoflop.uncertainty.bootstrap` with the table of
        `annealing_columns` and `resample="cluster:segment"` or `"cluster:curve"`.
    """
    columns = table if set(ADDED) <= set(table.names) else annealing_columns(table, schedules, by=by)
    return fit_law(multi_power([s.lr for s in schedules]), columns, objective=objective, fix=fix)


def final_losses(fit: Fit, schedules: Sequence[Schedule]) -> tuple[Array, Array]:
    """Losses at the last step of schedules, under a fit and under each of its draws.

    Args:
        fit: a fit of the multi-power law.
        schedules: any schedules for the same model and batch size.

    Returns:
        Losses, shape (schedules,), and of each draw, shape (draws, schedules), with no draws (0, schedules).

    Raises:
        LawError: the fit is of another law.

    Warns:
        RangeWarning: a schedule is longer than the fitted curves, and than those of the source.
    """
    if tuple(fit.names) != NAMES:
        raise LawError(f"This is a fit of {fit.law.name!r}; schedules are compared with the multi-power law. Fit it.")
    law = multi_power([s.lr for s in schedules])
    columns = {
        "curve": np.arange(len(schedules), dtype=float),
        "checkpoint_step": np.array([float(s.steps) for s in schedules]),
    }
    # Where the fitted curves themselves reach, the source's range says nothing.
    if fit.distance(columns).get("checkpoint_step", 1.0) > 0:
        law.warn_outside({"checkpoint_step": columns["checkpoint_step"]})
    value = law.evaluate(fit.theta, columns)
    return value, law.evaluate(fit.draws, columns) if fit.draws is not None else np.zeros((0, len(schedules)))


def compare_schedules(fit: Fit, schedules: Sequence[Schedule], *, level: float | None = None) -> list[ScheduleForecast]:
    """Rank schedules by the loss that a fitted multi-power law predicts at their ends.

    Args:
        fit: a fit of the multi-power law; with draws, losses and differences get intervals.
        schedules: the candidates.
        level: confidence level; the fit's own when None.

    Returns:
        Forecasts, best first; `behind` compares draw by draw, so what is common to all cancels.
    """
    value, draws = final_losses(fit, schedules)
    best = int(np.argmin(value))
    chosen = fit.level if level is None else level

    def estimate(point: float, own: Array) -> Estimate:
        if not len(draws):
            return Estimate(point, (np.nan, np.nan), chosen, None, ("everything: the fit has no draws",), fit.law.unit)
        return estimate_from_draws(
            point, own, level=chosen, correction=fit.correction_of(point, own), leaves_out=fit.leaves_out,
            unit=fit.law.unit,
        )  # fmt: skip

    found = [
        ScheduleForecast(
            schedule,
            estimate(float(value[k]), draws[:, k]),
            estimate(float(value[k] - value[best]), draws[:, k] - draws[:, best]),
        )
        for k, schedule in enumerate(schedules)
    ]
    return sorted(found, key=lambda f: float(f.loss.value))
