"""Intervals for the mean of a benchmark: resampling of problems, of samples within problems, and of both."""

from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import FitError, TableError
from isoflop.fit.estimate import Correction, Estimate, check_level
from isoflop.fit.quantiles import normal_quantile, normal_share
from isoflop.testtime.estimators.coverage import counted
from isoflop.testtime.estimators.ragged import by_size, checked_starts

Array = NDArray[Any]
Again: TypeAlias = Callable[[np.random.Generator, int], Array]
"""Gives the problems' estimates from samples drawn again so many times, shape (draws, problems, ks)."""

CELLS: Final = 1 << 22
"""Draws times problems held at once."""

FEWEST: Final = 2

NOT_IN: Final = ("that other problems than these may be asked for", "errors of the checker that says what is correct")
NO_SPREAD: Final = "anything: every problem has the same estimate, so that draws do not differ"


def check_draws(draws: int) -> None:
    """Refuse draws that give no interval.

    Raises:
        FitError: there are none.
    """
    if draws < 1:
        raise FitError(f"{draws} draws give no interval. Ask for 100 or more; 1000 is usual.")


def problem_weights(problems: int, draws: int, rng: np.random.Generator) -> Array:
    """Shares of problems drawn with replacement, each row with sum 1.

    Args:
        problems: how many there are.
        draws: rows.
        rng: random state.

    Returns:
        Weights, shape (draws, problems): the same rows serve every quantity that is to share draws.

    >>> problem_weights(4, 2, np.random.default_rng(0)).sum(axis=1).tolist()
    [1.0, 1.0]
    """
    check_draws(draws)
    picked = rng.integers(0, problems, (draws, problems))
    picked += np.arange(draws)[:, None] * problems
    counts = np.bincount(picked.ravel(), minlength=draws * problems).reshape(draws, problems)
    return np.asarray(counts / problems)


def weight_blocks(problems: int, draws: int, rng: np.random.Generator) -> Iterator[Array]:
    """Give the rows of `problem_weights` in blocks that fit in memory; the same state gives the same rows."""
    check_draws(draws)
    size = max(CELLS // problems, 1)
    for first in range(0, draws, size):
        yield problem_weights(problems, min(size, draws - first), rng)


def benchmark_mean(
    values: Array,
    *,
    rng: np.random.Generator,
    draws: int = 1000,
    level: float = 0.9,
    again: Again | None = None,
    fixed_problems: bool = False,
) -> Estimate:
    """Mean over problems with its interval.

    Problems are drawn with replacement, each with the estimate that its own samples gave. That the samples
    are few is in the interval, because the estimates scatter for that reason too. With `again`, samples are
    drawn again within the drawn problems as well (two levels), which counts their scatter twice: with few
    samples per problem such intervals are too wide. With `fixed_problems`, only samples are drawn again: an
    interval for these very problems, too narrow where k is not small against n (91 % instead of 95 % at n = 20
    and k = 10); for pass@k `fixed_mean` is better.

    Ends are percentiles at the tail `Φ(−√(P/(P−1)) t_(P−1))` for P problems, so that they stay within the
    range of the draws. Draws of samples are moved to the estimate problem by problem, because
    estimates from resampled samples are too low or too high on average where k is not small against n.

    Reference: Davison and Hinkley 1997, section 3.8 (two levels); Hesterberg 2015 (tails).

    Args:
        values: estimates of every problem, shape (problems,) or (problems, ks).
        rng: random state; the same state gives the same bits.
        draws: replicates.
        level: confidence level.
        again: gives the estimates from samples drawn again: `redraw_counts` and `redraw_samples` make one.
        fixed_problems: whether the problems are all that there are.

    Returns:
        The mean, a number or shape (ks,), with its draws.

    Raises:
        TableError: fewer than two problems, or a value is missing.
        FitError: a level that is no probability, no draws, or fixed problems without `again`.

    >>> found = benchmark_mean(np.array([0.1, 0.4, 0.3, 0.8]), rng=np.random.default_rng(0))
    >>> round(found.value, 6), found.interval[0] < 0.4 < found.interval[1]
    (0.4, True)
    """
    table = _table(values)
    if fixed_problems and again is None:
        raise FitError("Where the problems are fixed only samples can be drawn again. Give again=redraw_counts(…).")
    if again is None:
        blocks = [weights @ table for weights in weight_blocks(len(table), draws, rng)]
        found = np.concatenate(blocks)
    else:
        found = _two_levels(table, again, rng, draws, fixed=fixed_problems)
    leaves_out = NOT_IN if not fixed_problems else NOT_IN[1:]
    return _estimate(values, table, found, level, leaves_out)


def fixed_mean(values: Array, variances: Array, *, level: float = 0.9) -> Estimate:
    """Mean over these very problems, with an interval from the variances of their estimates.

    Args:
        values: estimates of every problem, shape (problems,) or (problems, ks).
        variances: of each, as from `pass_at_k_variance`.
        level: confidence level.

    Returns:
        The mean; its ends are normal and may pass the end of the range by chance.

    Raises:
        TableError: shapes that differ, or a value is missing.
        FitError: the level is no probability.

    >>> found = fixed_mean(np.array([0.2, 0.4]), np.array([0.01, 0.01]), level=0.95)
    >>> round(found.value, 6), [round(end, 4) for end in found.interval]
    (0.3, [0.1614, 0.4386])
    """
    check_level(level)
    table, spread = _table(values), _table(variances)
    if table.shape != spread.shape or np.any(spread < 0):
        raise TableError(f"Estimates {table.shape} and variances {spread.shape} do not fit. Give one for each.")
    mean = table.mean(axis=0)
    reach = normal_quantile(0.5 + level / 2) * np.sqrt(spread.sum(axis=0)) / len(table)
    if np.ndim(values) == 1:
        return Estimate(float(mean[0]), (float((mean - reach)[0]), float((mean + reach)[0])), level, None, NOT_IN[1:])
    return Estimate(mean, (mean - reach, mean + reach), level, None, NOT_IN[1:])


def redraw_counts(estimator: Callable[[Array, Array], Array], n: Array, c: Array) -> Again:
    """Make estimates again from counts of samples drawn with replacement.

    Args:
        estimator: of counts n and c, shape (problems,) each, to estimates.
        n: samples of every problem.
        c: correct ones among them.

    Returns:
        What `benchmark_mean` takes as `again`.

    >>> again = redraw_counts(lambda n, c: c / n, np.array([4, 8]), np.array([4, 0]))
    >>> again(np.random.default_rng(0), 2).tolist()
    [[1.0, 0.0], [1.0, 0.0]]
    """
    samples, correct = counted(n, c)

    def again(rng: np.random.Generator, draws: int) -> Array:
        drawn = rng.binomial(samples, correct / samples, (draws, len(samples)))
        # All draws at once, as if they were so many more problems: equal counts are worked out once.
        found = estimator(np.tile(samples, draws), drawn.ravel())
        return found.reshape(draws, len(samples), *found.shape[1:])

    return again


def redraw_samples(estimator: Callable[[Array], Array], starts: Array) -> Again:
    """Make estimates again from samples drawn with replacement within every problem.

    Args:
        estimator: of the places of the drawn samples, shape (samples,), to estimates; the problems start where
            they did.
        starts: place of every problem's first sample, and the number of samples.

    Returns:
        What `benchmark_mean` takes as `again`.
    """
    begin = checked_starts(starts, int(starts[-1]))

    def again(rng: np.random.Generator, draws: int) -> Array:
        found = []
        for _ in range(draws):
            places = np.empty(int(begin[-1]), dtype=np.int64)
            for n, _, own in by_size(begin):
                places[own] = own[:, :1] + rng.integers(0, n, own.shape)
            found.append(estimator(places))
        return np.stack(found)

    return again


def ratio_of_means(
    above: Array, below: Array, *, rng: np.random.Generator, draws: int = 1000, level: float = 0.9, unit: str = ""
) -> Estimate:
    """Ratio of two means over problems, both from the same drawn problems.

    Args:
        above: what stands above, shape (problems,).
        below: what stands below.
        rng: random state.
        draws: replicates.
        level: confidence level.
        unit: of the ratio.

    Returns:
        The ratio; infinite where nothing stands below, in draws too.

    Raises:
        TableError: fewer than two problems, or a value is missing.

    >>> ratio_of_means(np.array([2.0, 4.0]), np.array([1.0, 1.0]), rng=np.random.default_rng(0)).value
    3.0
    """
    pair = _table(np.stack([above, below], axis=1))
    sums = np.concatenate([weights @ pair for weights in weight_blocks(len(pair), draws, rng)])
    with np.errstate(divide="ignore", invalid="ignore"):
        found = sums[:, 0] / sums[:, 1]
        value = float(np.divide(pair[:, 0].mean(), pair[:, 1].mean()))
    low, high = ends(found, level, len(pair))
    return Estimate(value, (float(low), float(high)), level, found, NOT_IN, unit)


def ends(draws: Array, level: float, problems: int) -> tuple[Any, Any]:
    """Percentiles of draws at tails that are right for the mean of so many problems.

    Args:
        draws: shape (draws, …).
        level: confidence level.
        problems: that were drawn from.

    Returns:
        Lower and upper end.

    Raises:
        FitError: the level is no probability.
    """
    factor = Correction(problems, 1).factor(level)
    tail = normal_share(-factor * normal_quantile(0.5 + level / 2))
    # An infinite draw is an end like any other, never interpolated with.
    low = np.quantile(draws, tail, axis=0, method="lower")
    return low, np.quantile(draws, 1 - tail, axis=0, method="higher")


def _table(values: Array) -> Array:
    """Estimates of problems, shape (problems, ks), checked."""
    found = np.asarray(values, dtype=float)
    table = found[:, None] if found.ndim == 1 else found
    if table.ndim != 2 or len(table) < FEWEST:
        raise TableError(f"Estimates of shape {found.shape} have no interval. Give those of two problems or more.")
    if not np.isfinite(table).all():
        missing = int((~np.isfinite(table)).any(axis=1).sum())
        raise TableError(f"{missing} of {len(table)} problems have no finite estimate. Leave them out, and say so.")
    return table


def _two_levels(table: Array, again: Again, rng: np.random.Generator, draws: int, *, fixed: bool) -> Array:
    """Means of drawn problems whose samples are drawn again."""
    problems, ks = table.shape
    mean, found, kept = np.zeros_like(table), [], []
    check_draws(draws)
    size = max(CELLS // (8 * problems * ks), 1)
    for first in range(0, draws, size):
        count = min(size, draws - first)
        drawn = np.asarray(again(rng, count), dtype=float).reshape(count, problems, ks)
        weights = np.full((count, problems), 1 / problems) if fixed else problem_weights(problems, count, rng)
        mean += drawn.sum(axis=0) / draws
        found.append(np.einsum("dp,dpk->dk", weights, drawn))
        kept.append(weights)
    return np.asarray(np.concatenate(found) + np.concatenate(kept) @ (table - mean))


def _estimate(values: Array, table: Array, found: Array, level: float, leaves_out: tuple[str, ...]) -> Estimate:
    """The mean with its ends, of the shape that was given."""
    low, high = ends(found, level, len(table))
    if np.ptp(found) == 0:
        leaves_out = (NO_SPREAD,)
    if np.ndim(values) == 1:
        return Estimate(float(table.mean()), (float(low[0]), float(high[0])), level, found[:, 0], leaves_out)
    return Estimate(table.mean(axis=0), (low, high), level, found, leaves_out)
