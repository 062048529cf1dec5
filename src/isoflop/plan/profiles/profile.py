"""One isoFLOP profile: runs of a budget, the polynomial through them, and whether its minimum counts."""

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.fit.estimate import Correction, Estimate, estimate_from_draws
from isoflop.plan.optimum.result import estimate_dict
from isoflop.plan.profiles.budgets import Group
from isoflop.plan.profiles.polynomial import Polynomials, fit_polynomials
from isoflop.runs.table import RunTable
from isoflop.units import FLOPS_PER_PARAM_TOKEN, format_quantity

Array = NDArray[Any]

KNOWN_BIAS: Final = (
    "the bias of a polynomial on a curve that is none, and of sizes that are not centred on the optimum "
    "(for parabolas 0.3 to 23 % of the tokens, Czech et al. 2026)"
)

ELEMENTS: Final = 1 << 20
"""Replicates times runs worked on at once."""


@dataclass(frozen=True)
class Profile:
    """Runs of one budget and the minimum of the polynomial through them.

    Args:
        flops: the budget.
        rows: number of each run in the table's source, from 1.
        params: best size, NaN where the polynomial has no minimum.
        tokens: C/(6N) there.
        loss: the polynomial there.
        sizes: sizes of the runs, shape (n,).
        losses: their losses, shape (n,).
        curve: (N, loss) of the polynomial over the runs' sizes, shape (2, 61).
        flags: why the profile is not used; empty when it is.
        spread: largest over smallest flops among the runs, minus 1.
    """

    flops: float
    rows: tuple[int, ...]
    params: Estimate
    tokens: Estimate
    loss: Estimate
    sizes: Array
    losses: Array
    curve: Array
    flags: tuple[str, ...]
    spread: float

    @property
    def used(self) -> bool:
        """Whether the power law goes through it."""
        return not self.flags

    def to_dict(self) -> dict[str, Any]:
        """Everything but the curve for JSON; a number that does not exist is None."""
        numbers = {key: estimate_dict(getattr(self, key)) for key in ("params", "tokens", "loss")}
        texts = {key: list(getattr(self, key)) for key in ("rows", "flags")}
        return {"flops": self.flops, "used": self.used, **numbers, **texts, "spread": self.spread}


@dataclass(frozen=True)
class Options:
    """How profiles are made."""

    degree: int
    response: str
    draws: int
    level: float
    rng: np.random.Generator


def make_profile(runs: RunTable, group: Group, options: Options) -> tuple[Profile, Array]:
    """One profile, and ln N* of the runs and of each replicate.

    Args:
        runs: usable runs.
        group: those of the budget.
        options: degree, response, replicates.

    Returns:
        The profile; ln N*, shape (draws + 1,), NaN where a replicate has no minimum inside the sizes.
    """
    order = group.rows[np.argsort(runs.column("params")[group.rows], kind="stable")]
    sizes, losses = runs.column("params")[order], runs.column(options.response)[order]
    x, n = np.log(sizes), len(order)
    flags = _too_few(sizes, options.degree)
    if flags:
        nothing = np.full(options.draws + 1, np.nan)
        best, level, curve = nothing, nothing, np.full((2, 0), np.nan)
    else:
        polynomials = _replicates(x, losses, options)
        valley = polynomials.valley()
        grid = np.linspace(x[0], x[-1], 61)
        curve = np.stack([np.exp(grid), polynomials.at(grid)[0]])
        flags = _shape_flags(valley.x[0], valley.loss[0], curve, sizes[losses.argmin()])
        inside = (valley.x > x[0]) & (valley.x < x[-1])
        inside[0] = True
        best, level = np.where(inside, valley.x, np.nan), np.where(inside, valley.loss, np.nan)
    correction = Correction(n, options.degree + 1)
    tokens = group.flops / (FLOPS_PER_PARAM_TOKEN * np.exp(best))

    def estimate(values: Array) -> Estimate:
        return estimate_from_draws(
            float(values[0]), values[1:], level=options.level, correction=correction, leaves_out=(KNOWN_BIAS,)
        )

    rows = tuple(int(row) for row in runs.source_rows[order])
    profile = Profile(
        group.flops, rows, estimate(np.exp(best)), estimate(tokens), estimate(level), sizes, losses, curve, flags,
        group.spread,
    )  # fmt: skip
    return profile, best


def _replicates(x: Array, losses: Array, options: Options) -> Polynomials:
    """Polynomials of the runs and of each replicate under Dirichlet weights, a few at a time."""
    n = len(x)
    first = fit_polynomials(x, losses, np.ones((1, n)), options.degree)
    size = max(ELEMENTS // n, 1)
    parts = [first.coefficients]
    for done in range(0, options.draws, size):
        weights = n * options.rng.dirichlet(np.ones(n), min(size, options.draws - done))
        parts.append(fit_polynomials(x, losses, weights, options.degree).coefficients)
    return replace(first, coefficients=np.concatenate(parts))


def _too_few(sizes: Array, degree: int) -> tuple[str, ...]:
    """Say when there are not enough sizes for a polynomial and one to spare."""
    count, needed = len(np.unique(sizes)), degree + 2
    return (
        ()
        if count >= needed
        else (f"{count} size{'s' if count > 1 else ''}; degree {degree} needs at least {needed}.",)
    )


def _shape_flags(x: float, loss: float, curve: Array, best: float) -> tuple[str, ...]:
    """Why a minimum does not count: not convex, not bracketed, or not the lowest point."""
    if not np.isfinite(x):
        return ("the polynomial has no minimum (it does not bend upwards).",)
    size = format_quantity(float(np.exp(x)))
    if not curve[0, 0] < np.exp(x) < curve[0, -1]:
        return (f"the minimum at {size} parameters lies outside the sizes of the runs.",)
    if not curve[0, 0] * (1 + 1e-9) < best < curve[0, -1] * (1 - 1e-9):
        end = "smallest" if best < np.exp(x) else "largest"
        return (f"the {end} size has the lowest loss: the minimum is not bracketed.",)
    if curve[1].min() < loss - 1e-9 * abs(loss):
        return ("the polynomial falls below its minimum again within the sizes of the runs.",)
    return ()
