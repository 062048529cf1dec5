"""Two recipes run by run: the gap of paired runs, its trend, and what it forecasts."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import FitError, TableError
from isoflop.fit.estimate import Estimate, check_level
from isoflop.recipes.fieller import RealSet, fieller
from isoflop.runs.table import RunTable

Array = NDArray[Any]

KEYS: Final = ("params", "tokens", "unique_tokens", "seed")
"""Columns that two runs of a pair have in common, where the table has them."""
FEWEST: Final = 3


@dataclass(frozen=True)
class Paired:
    """Trend of the gap between paired runs, `d = ln(L_1/L_2) = u + v (ln C - ln C_top)`.

    Args:
        first: recipe 1.
        second: recipe 2.
        pairs: how many pairs.
        keys: columns that the runs of a pair have in common.
        top: largest scale among the pairs, C_top.
        at: scale of the forecast.
        gap_top: u, gap at the top; negative where recipe 1 has the lower response.
        trend: v, change of the gap per e-fold of the scale.
        gap_at: mean gap forecast at the scale.
        p_top: how often chance makes such a gap at the top.
        p_trend: the same for the trend.
        noise: standard deviation of one pair's gap about the line.
        crossing: logarithms of the scales at which the line may pass 0; Fieller's set.
        crossing_value: scale at which the line itself passes 0.
        decided: whether the interval at the scale leaves 0 out.
    """

    first: str
    second: str
    pairs: int
    keys: tuple[str, ...]
    top: float
    at: float
    gap_top: Estimate
    trend: Estimate
    gap_at: Estimate
    p_top: float
    p_trend: float
    noise: float
    crossing: RealSet
    crossing_value: float

    @property
    def decided(self) -> bool:
        """Whether the interval at the scale leaves 0 out."""
        low, high = self.gap_at.interval
        return bool(low > 0 or high < 0)

    def to_dict(self) -> dict[str, Any]:
        """Keys for JSON; the crossing as scales, null for an end that does not exist."""
        ends = [[None if end in (0.0, math.inf) else end for end in part] for part in self.crossing.exp().parts]
        return {
            "pairs": self.pairs,
            "keys": list(self.keys),
            "top": self.top,
            "at": self.at,
            "gap_top": self.gap_top.to_dict() | {"p_value": self.p_top},
            "trend": self.trend.to_dict() | {"p_value": self.p_trend},
            "gap_at": self.gap_at.to_dict(),
            "noise": self.noise,
            "crossing": {"value": self.crossing_value, "region": ends, "kind": self.crossing.kind},
            "decided": self.decided,
        }


def pair_runs(
    table: RunTable,
    first: str,
    second: str,
    *,
    column: str = "recipe",
    keys: Sequence[str] = KEYS,
    by: str = "flops",
    response: str = "loss",
) -> tuple[Array, Array, tuple[str, ...]]:
    """Scale and gap `ln(L_1/L_2)` of runs that differ in the recipe alone.

    Args:
        table: the runs.
        first: recipe 1.
        second: recipe 2.
        column: column of the recipe.
        keys: columns that must agree; those that the table lacks are left out.
        by: column of the scale.
        response: column of the gap.

    Returns:
        Scale of each pair, shape (pairs,), its gap, and the keys that were used.

    Raises:
        TableError: no runs form a pair, or the table has none of the keys.
        ColumnError: a column is missing.
    """
    used = tuple(key for key in keys if key in table.names)
    if not used:
        raise TableError(f"The table has none of the columns {', '.join(keys)} by which runs are paired. Name others.")
    names, codes = table.labels(column)
    design = np.stack([table.column(key) for key in used], axis=1)
    size, loss = table.column(by), table.column(response)
    good = np.isfinite(size) & (size > 0) & np.isfinite(loss) & (loss > 0)
    groups: dict[tuple[float, ...], dict[int, list[int]]] = {}
    wanted = {name: names.index(name) for name in (first, second) if name in names}
    for row in np.flatnonzero(good & np.isin(codes, list(wanted.values()))).tolist():
        key = tuple(np.where(np.isnan(design[row]), -1.0, design[row]).tolist())
        groups.setdefault(key, {}).setdefault(int(codes[row]), []).append(row)
    both = [own for own in groups.values() if len(own) == 2]
    if len(wanted) < 2 or not both:
        raise TableError(
            f"No run of {first} has a partner of {second} with the same {', '.join(used)}. Give the columns by which "
            "they are paired (keys), or compare the fits alone."
        )
    # Runs that agree in all keys are repeats of one setting: their mean stands for them.
    logs = [[float(np.log(loss[own[wanted[name]]]).mean()) for name in (first, second)] for own in both]
    scale = np.array([float(np.exp(np.log(size[[r for rows in own.values() for r in rows]]).mean())) for own in both])
    return scale, np.diff(np.array(logs)[:, ::-1], axis=1)[:, 0], used


def paired_trend(
    table: RunTable,
    first: str,
    second: str,
    *,
    at: float,
    level: float = 0.9,
    column: str = "recipe",
    keys: Sequence[str] = KEYS,
    by: str = "flops",
    response: str = "loss",
) -> Paired:
    """Gap of paired runs at the largest scale, its trend, and its forecast.

    `d(C0) ± t_(n-2) s sqrt(1/n + (x0 - mean)^2/S_xx)`. What a pair has in common (seed, order of the
    data, size) cancels, `Var(d) = 2 sigma^2 (1 - rho)`.

    Reference: Draper and Smith 1998, chapter 1 (line and interval); Fieller 1954 (where it passes 0).

    Args:
        table: the runs.
        first: recipe 1.
        second: recipe 2.
        at: scale of the forecast.
        level: confidence level.
        column: column of the recipe.
        keys: columns that the runs of a pair have in common.
        by: column of the scale.
        response: column of the gap.

    Returns:
        The trend.

    Raises:
        TableError: fewer than three pairs, or all at one scale.

    >>> C, gap = [1e18, 1e19, 1e20, 1e21], [-0.031, -0.019, -0.011, 0.001]
    >>> rows = {"recipe": ["a"] * 4 + ["b"] * 4, "flops": C * 2, "params": [1e8, 3e8, 1e9, 3e9] * 2}
    >>> rows["loss"] = [3.0 * math.exp(d) for d in gap] + [3.0] * 4
    >>> found = paired_trend(RunTable.from_columns(rows), "a", "b", at=1e22)
    >>> round(found.gap_at.value, 4), f"{found.crossing_value:.2g}", found.crossing.kind
    (0.011, '8.8e+20', 'bounded')
    """
    check_level(level)
    scale, gap, used = pair_runs(table, first, second, column=column, keys=keys, by=by, response=response)
    if len(gap) < FEWEST or np.ptp(np.log(scale)) == 0:
        raise TableError(
            f"{first} and {second} have {len(gap)} pairs at {len(np.unique(scale))} scales; a trend needs "
            f"{FEWEST} pairs at two scales. Add paired runs, or compare the fits alone."
        )
    top = float(scale.max())
    line = _fit_line(np.log(scale / top), gap)
    ends = {"gap_top": line.at(0.0, level), "trend": line.slope(level), "gap_at": line.at(math.log(at / top), level)}
    u, v = line.value
    crossing = math.exp(min(-u / v, 600.0)) * top if v else math.nan
    # The line passes 0 at x = -u/v.
    region = fieller(-u, v, line.covariance * np.array([[1, -1], [-1, 1]]), line.critical(level))
    return Paired(
        first, second, len(gap), used, top, at, **ends, p_top=line.p_value(0), p_trend=line.p_value(1),
        noise=line.noise, crossing=region.shift(math.log(top)), crossing_value=crossing,
    )  # fmt: skip


@dataclass(frozen=True)
class _Line:
    """Least-squares line u + v x with its covariance."""

    value: tuple[float, float]
    covariance: Array
    noise: float
    freedom: int

    def critical(self, level: float) -> float:
        """Quantile of Student's t."""
        from scipy.special import stdtrit

        return float(stdtrit(self.freedom, 0.5 + level / 2))

    def at(self, x: float, level: float) -> Estimate:
        """The line at a point, for the mean over runs."""
        place = np.array([1.0, x])
        reach = self.critical(level) * math.sqrt(max(float(place @ self.covariance @ place), 0.0))
        value = self.value[0] + self.value[1] * x
        left = ("the noise of a single run", "that the gap may not be linear in the logarithm of the scale")
        return Estimate(value, (value - reach, value + reach), level, leaves_out=left)

    def slope(self, level: float) -> Estimate:
        """The slope."""
        reach = self.critical(level) * math.sqrt(float(self.covariance[1, 1]))
        return Estimate(self.value[1], (self.value[1] - reach, self.value[1] + reach), level)

    def p_value(self, place: int) -> float:
        """Two-sided p of u (0) or v (1)."""
        from scipy.special import stdtr

        error = math.sqrt(float(self.covariance[place, place]))
        if error == 0:
            return float(self.value[place] == 0)
        return 2 * float(stdtr(self.freedom, -abs(self.value[place]) / error))


def _fit_line(x: Array, y: Array) -> _Line:
    """Fit a line by least squares."""
    matrix = np.stack([np.ones_like(x), x], axis=1)
    inverse = np.linalg.inv(matrix.T @ matrix)
    u, v = (inverse @ matrix.T @ y).tolist()
    freedom = len(x) - 2
    noise = float(np.sqrt(np.sum((y - u - v * x) ** 2) / freedom))
    return _Line((u, v), inverse * noise**2, noise, freedom)


def replicates_needed(
    difference: float, *, noise: float, correlation: float = 0.0, level: float = 0.9, power: float = 0.8
) -> int:
    """Paired runs that detect a gap.

    `K = 2 sigma^2 (1 - rho) (z_(alpha/2) + z_power)^2 / delta^2`.

    Args:
        difference: gap delta of ln L to detect.
        noise: standard deviation sigma of ln L between seeds, of one recipe.
        correlation: rho between the paired runs: what seed and data order have in common.
        level: confidence level 1 - alpha, two-sided.
        power: how often the gap is to be detected.

    Returns:
        Runs of each recipe, rounded up.

    Raises:
        FitError: a number is out of its range.

    >>> replicates_needed(0.005, noise=0.004), replicates_needed(0.005, noise=0.004, correlation=0.8)
    (8, 2)
    """
    from scipy.special import ndtri

    check_level(level)
    check_level(power)
    if not (difference != 0 and noise >= 0 and -1 <= correlation <= 1):
        raise FitError(
            f"difference = {difference}, noise = {noise}, correlation = {correlation}: the difference must not be 0, "
            "the noise not negative, the correlation between -1 and 1. Correct it."
        )
    spread = 2 * noise**2 * (1 - correlation)
    return max(math.ceil(spread * float(ndtri(0.5 + level / 2) + ndtri(power)) ** 2 / difference**2), 1)
