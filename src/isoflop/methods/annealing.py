"""The annealing law with its decay profiled: which lambda the curves prefer, and which they also allow."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from isoflop.errors import FitError
from isoflop.fit.fitting import fit_law
from isoflop.fit.objective import parse_objective
from isoflop.fit.result import Fit
from isoflop.laws.schedule import ANNEALING
from isoflop.methods.schedules import Schedule, annealing_columns
from isoflop.runs.table import RunTable

DECAYS: Final = (0.99, 0.995, 0.998, 0.999, 0.9995)


@dataclass(frozen=True)
class DecayProfile:
    """Fits of the annealing law at several decays.

    Args:
        decays: lambda of each fit.
        fits: the fits.
    """

    decays: tuple[float, ...]
    fits: tuple[Fit, ...]

    @property
    def best(self) -> int:
        """Place of the decay with the least objective."""
        return min(range(len(self.fits)), key=lambda k: self.fits[k].value)

    @property
    def decay(self) -> float:
        """The decay with the least objective."""
        return self.decays[self.best]

    @property
    def fit(self) -> Fit:
        """The fit at that decay."""
        return self.fits[self.best]

    def allowed(self, slack: float = 0.1) -> tuple[float, ...]:
        """Decays whose objective is within a share of the least: where there are several, lambda is weakly known."""
        limit = self.fit.value * (1 + slack)
        return tuple(d for d, fit in zip(self.decays, self.fits, strict=True) if fit.value <= limit)


def profile_decay(
    table: RunTable,
    schedules: Sequence[Schedule],
    *,
    decays: Sequence[float] = DECAYS,
    objective: str = "log-huber:1e-3",
    by: str = "schedule",
) -> DecayProfile:
    """Fit the annealing law L = L0 + A/S1^alpha - K S2 at each of several decays lambda.

    Reference: Tissue, Wang, Wang 2024, arXiv:2408.11029, where lambda is set by hand.

    Args:
        table: one row per checkpoint after warm-up, with `checkpoint_step`, `loss` and the schedule's name.
        schedules: all schedules that the table names.
        decays: values of lambda to try.
        objective: what each fit minimises; one with a fixed scale, so that the fits can be compared.
        by: column that names the schedule.

    Returns:
        The fits, to be compared by their objectives.

    Raises:
        FitError: no decays, or an objective whose scale each fit would set for itself.
    """
    if not decays:
        raise FitError("There are no decays to profile. Give some, as (0.99, 0.999).")
    if parse_objective(objective).needs_scale:
        raise FitError(
            f"With {objective!r} every decay would be judged on a scale of its own. Use log-huber:1e-3 or log-ls."
        )
    fits = tuple(
        fit_law(ANNEALING, annealing_columns(table, schedules, decay=decay, by=by), objective=objective)
        for decay in decays
    )
    return DecayProfile(tuple(decays), fits)
