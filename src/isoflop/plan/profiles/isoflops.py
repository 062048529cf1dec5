"""IsoFLOP profiles (approach 2): the best size of each budget from a polynomial, then a power law through them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import TableError
from isoflop.fit.estimate import Correction, Estimate, estimate_from_draws
from isoflop.plan.optimum.result import estimate_dict
from isoflop.plan.profiles.budgets import group_by_budget
from isoflop.plan.profiles.profile import KNOWN_BIAS, Options, Profile, make_profile
from isoflop.runs.check import usable
from isoflop.runs.table import RunTable
from isoflop.units import FLOPS_PER_PARAM_TOKEN, format_quantity, parse_quantity

Array = NDArray[Any]

WIDE_SPREAD: Final = 0.1


@dataclass(frozen=True)
class Allocation:
    """Best size and data of a budget by the power law through the profiles.

    Args:
        flops: the budget.
        params: N*.
        tokens: C/(6 N*).
        tokens_per_param: their ratio.
        warnings: distance from the profiles.
    """

    flops: float
    params: Estimate
    tokens: Estimate
    tokens_per_param: Estimate
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Isoflops:
    """Profiles of all budgets and the power law `N* = G C^a` through their minima.

    Args:
        profiles: from the smallest budget to the largest, unused ones with their flags.
        degree: of the polynomials.
        exponent: a; NaN with fewer than two usable profiles.
        exponent_tokens: exponent of D*, `1 - a`.
        warnings: what speaks against using it.
        leaves_out: what the intervals do not contain.
        level: confidence level.
        slope: a of the runs and of each replicate, shape (draws + 1,).
        offset: ln G of the same.
        correction: small-sample correction of the intervals.
    """

    profiles: tuple[Profile, ...]
    degree: int
    exponent: Estimate
    exponent_tokens: Estimate
    warnings: tuple[str, ...]
    leaves_out: tuple[str, ...]
    level: float
    slope: Array
    offset: Array
    correction: Correction

    @property
    def used(self) -> tuple[Profile, ...]:
        """Profiles that the power law goes through."""
        return tuple(p for p in self.profiles if p.used)

    def at(self, flops: float | str) -> Allocation:
        """Best size and data of any budget, by the power law.

        Args:
            flops: training compute.

        Returns:
            The allocation with intervals.
        """
        budget = parse_quantity(flops)
        params = np.exp(self.slope * np.log(budget) + self.offset)
        tokens = budget / (FLOPS_PER_PARAM_TOKEN * params)
        largest = max((p.flops for p in self.used), default=np.nan)
        beyond = float(np.log10(budget / largest))
        far = f"{format_quantity(budget)} FLOPs lies {beyond:.1f} decades above the largest profile used."
        return Allocation(
            budget,
            self._estimate(params),
            self._estimate(tokens),
            self._estimate(tokens / params),
            warnings=(far,) if beyond > 0.05 else (),
        )

    def _estimate(self, values: Array) -> Estimate:
        return estimate_from_draws(
            float(values[0]), values[1:], level=self.level, correction=self.correction, leaves_out=self.leaves_out
        )

    def to_dict(self) -> dict[str, Any]:
        """Everything for JSON; a number that does not exist is None."""
        return {
            "degree": self.degree,
            "exponent": estimate_dict(self.exponent),
            "exponent_tokens": estimate_dict(self.exponent_tokens),
            "level": self.level,
            "profiles": [p.to_dict() for p in self.profiles],
            "warnings": list(self.warnings),
            "leaves_out": list(self.leaves_out),
        }

    def __str__(self) -> str:
        """Profiles and exponent as a table."""
        lines = [f"IsoFLOP profiles of degree {self.degree} ({self.level:.0%} intervals)"]
        for p in self.profiles:
            budget = f"  {format_quantity(p.flops):<10} {len(p.rows):>3} runs  "
            best = (
                f"N* {format_quantity(p.params.value)}, D* {format_quantity(p.tokens.value)}, loss {p.loss.value:.4f}"
            )
            lines.append(budget + (best if p.used else f"not used: {' '.join(p.flags)}"))
        if self.used:
            low, high = self.exponent.interval
            lines.append(f"  a of N* ∝ C^a: {self.exponent.value:.3f} [{low:.3f}, {high:.3f}]")
        return "\n".join([*lines, *(f"Warning: {text}" for text in self.warnings)])


def isoflop_profiles(
    table: RunTable,
    *,
    budgets: Sequence[float] | None = None,
    degree: int = 3,
    response: str = "loss",
    draws: int = 1000,
    level: float = 0.9,
    rng: np.random.Generator | None = None,
) -> Isoflops:
    """Approach 2: the best size of each compute budget, and the power law through these.

    Per budget, loss is fitted by a polynomial in ln N; its minimum counts when runs lie on both
    sides of it and the curve bends upwards. Intervals are from the Bayesian bootstrap over the runs
    within each budget.

    Reference: Hoffmann et al. 2022, approach 2 (parabolas); Czech et al. 2026 for their bias, which
    a cubic reduces where the sizes are centred on the optimum or lie within a factor of 8 of their centre.

    Args:
        table: runs with params and flops.
        budgets: nominal budgets; found from gaps in flops when None.
        degree: 3, or 2 for the parabola of the paper.
        response: column whose minimum is looked for.
        draws: bootstrap replicates.
        level: confidence level.
        rng: random state; `default_rng(0)` when None.

    Returns:
        Profiles with flags, exponent, and a method `at` for any budget.

    Raises:
        TableError: params, flops or the response are missing, or a given budget has no runs.

    >>> C, k = (g.ravel() for g in np.meshgrid([1e18, 1e19, 1e20], np.linspace(-1, 1, 9)))
    >>> N = 0.4 * np.sqrt(C) * 4**k
    >>> L = 1.7 + 400 / N**0.3 + 400 / (C / (6 * N)) ** 0.3
    >>> found = isoflop_profiles(RunTable.from_columns({"params": N, "flops": C, "loss": L}), draws=50)
    >>> round(found.exponent.value, 3)
    0.5
    """
    if degree not in (2, 3):
        raise TableError(f"Profiles of degree {degree} are not known. Choose 3, or 2 for a parabola.")
    runs = usable(table, columns=("params", "flops"), response=response)
    rng = np.random.default_rng(0) if rng is None else rng
    groups = group_by_budget(np.asarray(runs.column("flops")), budgets)
    children = rng.spawn(len(groups))
    made = [
        make_profile(runs, g, Options(degree, response, draws, level, child))
        for g, child in zip(groups, children, strict=True)
    ]
    profiles = tuple(p for p, _ in made)
    used = [(p, sizes) for p, sizes in made if p.used]
    slope, offset = _power_law(used, draws)
    count = sum(len(p.rows) for p, _ in used)
    correction = Correction(max(count, 1), (degree + 1) * len(used))
    left = (KNOWN_BIAS, "that the power law may bend beyond the budgets")

    def estimate(values: Array) -> Estimate:
        return estimate_from_draws(float(values[0]), values[1:], level=level, correction=correction, leaves_out=left)

    return Isoflops(
        profiles, degree, estimate(slope), estimate(1 - slope), _warnings(profiles, slope), left, level, slope, offset,
        correction,
    )  # fmt: skip


def _power_law(used: list[tuple[Profile, Array]], draws: int) -> tuple[Array, Array]:
    """Least squares of ln N* on ln C, for the runs and for each replicate: slope and offset.

    A replicate that has lost the minimum of a budget goes through the others.
    """
    if len(used) < 2:
        return np.full(draws + 1, np.nan), np.full(draws + 1, np.nan)
    c = np.log([p.flops for p, _ in used])
    y = np.stack([sizes for _, sizes in used], axis=1)
    present = np.isfinite(y)
    count = present.sum(axis=1)
    with np.errstate(all="ignore"):
        mean_c = (present * c).sum(axis=1) / count
        mean_y = np.where(present, y, 0.0).sum(axis=1) / count
        away = present * (c - mean_c[:, None])
        slope = (away * np.where(present, y, 0.0)).sum(axis=1) / (away**2).sum(axis=1)
    slope = np.where(count >= 2, slope, np.nan)
    return slope, mean_y - slope * mean_c


def _warnings(profiles: tuple[Profile, ...], slope: Array) -> tuple[str, ...]:
    """What speaks against the power law."""
    used = [p for p in profiles if p.used]
    found = []
    if len(used) < 2:
        found.append(f"{len(used)} of {len(profiles)} budgets give a minimum; a power law needs two, better five.")
    elif len(used) < len(profiles):
        found.append(f"{len(profiles) - len(used)} of {len(profiles)} budgets are not used; see their flags.")
    if len(used) == 2:
        found.append("Two budgets give a line, but nothing to check it with.")
    wide = max((p.spread for p in used), default=0.0)
    if wide > WIDE_SPREAD:
        found.append(
            f"Runs of one budget differ in flops by up to {wide:.0%}; the profiles carry that as noise. "
            "Give budgets=…, or runs nearer to them."
        )
    lost = float(np.mean(~np.isfinite(slope[1:])))
    if len(used) >= 2 and lost > 0:
        found.append(f"{lost:.1%} of the replicates lose the minima of all but one budget.")
    return tuple(found)
