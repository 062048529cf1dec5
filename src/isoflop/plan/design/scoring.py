"""A design scored afterwards: what was expected against what the bought runs gave."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import FitError
from isoflop.fit.estimate import Correction, Estimate, estimate_from_draws
from isoflop.fit.result import Fit
from isoflop.plan.design.designed import Design
from isoflop.runs.table import RunTable
from isoflop.uncertainty.influence import corrected, influence

Array = NDArray[Any]


@dataclass(frozen=True)
class Score:
    """What came of a design, one entry per target.

    Args:
        expected: value of the time with the interval that was expected.
        found: value and interval of the fit to all runs.
        width_ratio: half-width found over half-width expected.
        surprise: how far ln L moved, in the standard deviations of the move that the design expected.
        covered: whether the interval found contains the truth, where the truth is known.
        decided: for a decision, whether the interval found leaves zero out.
    """

    expected: tuple[Estimate, ...]
    found: tuple[Estimate, ...]
    width_ratio: tuple[float, ...]
    surprise: tuple[float, ...]
    covered: tuple[bool, ...] | None
    decided: bool | None


def score_design(design: Design, fit: Fit, *, runs: RunTable | None = None, truth: ArrayLike | None = None) -> Score:
    """Score a design by the fit to the old runs and those that it bought.

    A design puts weight on few runs, which the fit then follows closely: without their leverages
    its intervals are too narrow (docs/results/design_promise.json).

    Args:
        design: as `next_runs` gave it.
        fit: the same law fitted to all runs, with draws.
        runs: all those runs; the intervals found then count the leverage of each.
        truth: what the targets turned out to be (for a decision, the difference of ln L), if known.

    Returns:
        Expected against found; a surprise above 2 or so says that the law does not hold as it was fitted.

    Raises:
        FitError: the fit is of another law, or has no draws.

    >>> import isoflop as iso
    >>> runs = iso.embedded("ladder")
    >>> fit = iso.fit("kaplan-tokens", runs, bootstrap=100)
    >>> from isoflop.plan.design.design import next_runs
    >>> design = next_runs(fit, {"params": 1e6, "tokens": 2e7}, budget=1e14, most=3)
    >>> score_design(design, fit).surprise
    (0.0,)
    """
    if fit.law.formula != design.formula:
        raise FitError(f"The design was for law {design.law!r}, the fit is of {fit.law.name!r}. Fit the same law.")
    if fit.draws is None:
        raise FitError("This fit has no draws, so it has no intervals to score. Fit with bootstrap=1000.")
    value = design.aim.log_values(fit, fit.theta[None])[0]
    draws = design.aim.log_values(fit, fit.draws)
    wanted = [(value, draws)] if design.decision else [(np.exp(value), np.exp(draws))]
    points, spread = wanted[0]
    corrections = _corrections(design, fit, runs, value)
    found = tuple(
        estimate_from_draws(float(points[k]), spread[:, k], level=design.level, correction=corrections[k])
        for k in range(len(points))
    )
    pairs = list(zip(design.before, design.after, found, strict=True))
    return Score(
        design.after, found,
        tuple(_half(now, design) / _half(then, design) for _, then, now in pairs),
        tuple(_surprise(before, then, now, design) for before, then, now in pairs),
        None if truth is None else tuple(
            bool(f.interval[0] <= t <= f.interval[1]) for f, t in zip(found, np.atleast_1d(truth).tolist(), strict=True)
        ),
        bool(found[0].interval[0] > 0 or found[0].interval[1] < 0) if design.decision else None,
    )  # fmt: skip


def _corrections(design: Design, fit: Fit, runs: RunTable | None, value: Array) -> list[Correction]:
    """What widens the interval of each target: by the leverages of the runs, where these are given."""
    if runs is None:
        return [fit.correction] * len(value)
    moved = influence(fit, runs)
    pull = design.aim.log_values(fit, moved.theta) - value
    return [corrected(fit.correction, pull[:, k], moved.maker) for k in range(len(value))]


def _log(value: float, design: Design) -> float:
    """A number on the scale on which the design works."""
    return float(value) if design.decision else float(np.log(value))


def _half(estimate: Estimate, design: Design) -> float:
    """Half-width on the scale on which the design works."""
    low, high = (_log(end, design) for end in estimate.interval)
    return (high - low) / 2


def _surprise(before: Estimate, then: Estimate, now: Estimate, design: Design) -> float:
    """Move of the estimate in units of the move that was expected."""
    from scipy.special import ndtri

    # Half-widths serve as standard errors: both intervals have the same level.
    normal = float(ndtri(0.5 + design.level / 2))
    moves = np.sqrt(max(_half(before, design) ** 2 - _half(then, design) ** 2, 0.0)) / normal
    moved = abs(_log(now.value, design) - _log(before.value, design))
    return float(moved / moves) if moves > 0 else 0.0
