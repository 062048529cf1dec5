"""Filtered pools of data: their utilities fitted together, mixtures foretold, the best one at any compute."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import TableError
from isoflop.fit.fitting import fit_law
from isoflop.fit.result import Fit
from isoflop.laws.data_value import FILTERING, MOST_PASSES, SAMPLE_UNIT, filtering_loss
from isoflop.laws.law import Law, Parameter
from isoflop.runs.table import RunTable
from isoflop.uncertainty.bootstrap import bootstrap

Array = NDArray[Any]


@dataclass(frozen=True)
class Pool:
    """One pool of data.

    Args:
        utility: b, the exponent of samples on a first pass; negative.
        half_life: tau, passes after which the utility is halved.
        size: distinct samples.
    """

    utility: float
    half_life: float
    size: float


@dataclass(frozen=True)
class Choice:
    """The best set of pools at one amount of training.

    Args:
        pools: names, in the order given.
        samples: samples seen.
        error: predicted error.
        others: error of every other set that was tried, by its names.
    """

    pools: tuple[str, ...]
    samples: float
    error: float
    others: Mapping[tuple[str, ...], float]


def mixture_error(pools: Sequence[Pool], samples: float, *, a: float, d: float = 0.1) -> float:
    """Error after training on pools of one size, mixed in equal parts.

    `b_eff,k = mean_i b_i (1/2)^(k/(p tau_i))`: of p pools each is passed over p times more slowly,
    and the mixture is as large as all of them.

    Reference: Goyal et al. 2024, arXiv:2404.07177, theorem 1, and its code.

    Args:
        pools: the pools, of one size.
        samples: samples seen n, with repeats.
        a: scale of samples.
        d: floor, inside the product.

    Returns:
        The error.

    Raises:
        TableError: no pool, pools of different sizes, or a size, half-life, utility or number of
            samples that cannot be.

    Warns:
        RangeWarning: the samples, or the pools together, lie outside the range of the source, with the distance.

    >>> pools = [Pool(-0.1, 3.0, 12.8e6), Pool(-0.07, 8.0, 12.8e6)]
    >>> round(mixture_error(pools, 640e6, a=0.01), 5)
    0.85917
    """
    found = _mixed(pools, samples, a, d)
    FILTERING.warn_outside({"samples": samples, "pool_size": sum(pool.size for pool in pools)})
    return found


def _mixed(pools: Sequence[Pool], samples: float, a: float, d: float) -> float:
    """The law's error, at any samples and sizes."""
    sizes = {pool.size for pool in pools}
    if len(sizes) != 1:
        found = ", ".join(f"{size:g}" for size in sorted(sizes)) or "none"
        raise TableError(f"Pools that are mixed must be of one size, not {found}. Cut them to the smallest.")
    _check(pools, samples)
    count, size = len(pools), sizes.pop() * len(pools)
    utilities = np.array([pool.utility for pool in pools])
    lives = np.array([pool.half_life for pool in pools]) * count
    level = (a * min(samples, size) / SAMPLE_UNIT) ** utilities.mean() + d
    epochs = np.arange(1, int(samples // size) + 1)
    slopes = (utilities * 0.5 ** (epochs[:, None] / lives)).mean(axis=1)
    steps = np.log(np.minimum(size * (epochs + 1), samples) / (size * epochs))
    return float(level * np.exp(np.sum(slopes * steps)))


def _check(pools: Sequence[Pool], samples: float) -> None:
    """Refuse pools and samples for which the product has no value."""
    wrong = [p for p in pools if not (p.size > 0 and p.half_life > 0 and p.utility < 0)]
    if wrong:
        raise TableError(f"{wrong[0]} is no pool. Give a size and half-life above 0 and a utility below 0.")
    if not 0 < samples <= MOST_PASSES * pools[0].size:
        raise TableError(
            f"{samples:g} samples of pools of {pools[0].size:g}: give a positive number that passes over a pool at "
            f"most {MOST_PASSES:g} times, both as plain counts."
        )


def best_pools(pools: Mapping[str, Pool], samples: float, *, a: float, d: float = 0.1, nested: bool = True) -> Choice:
    """The set of pools with the least predicted error at an amount of training.

    Args:
        pools: name → pool, best quality first.
        samples: samples to be seen.
        a: scale of samples.
        d: floor.
        nested: whether only the best one, two, three … pools are tried, as a quality filter cuts
            them; otherwise every set is.

    Returns:
        The best set, with the errors of the others.

    Raises:
        TableError: there is no pool, or more than 12 of which every set would be tried.

    Warns:
        RangeWarning: the samples, or the chosen pools together, lie outside the range of the source, with the distance.
    """
    names = tuple(pools)
    if not names or (not nested and len(names) > 12):
        raise TableError(f"{len(names)} pools: give at least one, and at most 12 where every set is to be tried.")
    sets = [names[:k] for k in range(1, len(names) + 1)]
    if not nested:
        sets = [chosen for k in range(1, len(names) + 1) for chosen in combinations(names, k)]
    errors = {chosen: _mixed([pools[name] for name in chosen], samples, a, d) for chosen in sets}
    best = min(errors, key=lambda chosen: errors[chosen])
    FILTERING.warn_outside({"samples": samples, "pool_size": sum(pools[name].size for name in best)})
    return Choice(best, samples, errors.pop(best), errors)


def pools_law(names: Sequence[str]) -> Law:
    """Filtering law of several pools with one scale a, and a utility and half-life for each.

    Columns: samples, pool_size and pool_index, the place of the run's pool in `names`.

    Args:
        names: names of the pools; letters, digits and underscores.

    Returns:
        The law, with parameters a, d, b_NAME and tau_NAME.
    """
    labels = tuple(names)

    def error(parameters: Mapping[str, Array], columns: Mapping[str, Array]) -> Array:
        index = columns["pool_index"].astype(int)
        per_run = {
            letter: sum(parameters[f"{letter}_{name}"] * (index == k) for k, name in enumerate(labels))
            for letter in ("b", "tau")
        }
        # A run of no pool has no half-life; one keeps the division quiet and its slope is zero.
        per_run["tau"] = per_run["tau"] + ((index < 0) | (index >= len(labels)))
        return filtering_loss({**per_run, "a": parameters["a"], "d": parameters["d"]}, columns)

    shared = FILTERING.parameters
    own = {f"{letter}_{name}": shared[letter] for name in labels for letter in ("b", "tau")}
    parameters: dict[str, Parameter] = {"a": shared["a"], "d": shared["d"], **own}
    return Law(
        name="qqt-pools",
        formula=FILTERING.formula,
        title=f"Error on {len(labels)} filtered pools that share one scale",
        family="data",
        parameters=parameters,
        variables=("samples", "pool_size", "pool_index"),
        source=FILTERING.source,
        counted=f"{FILTERING.counted}; pool_index is the place of the pool among {', '.join(labels)}",
        valid=FILTERING.valid,
        advice=FILTERING.advice,
        unit="error",
        function=error,
    )


def fit_pools(
    runs: RunTable,
    *,
    pool: str = "pool",
    response: str = "error",
    d: float = 0.1,
    rng: np.random.Generator | None = None,
    draws: int = 1000,
) -> tuple[Fit, tuple[str, ...]]:
    """Fit utilities and half-lives of several pools with one scale, by least squares.

    The authors search a grid of 100 values each; here the fit engine polishes the optimum and
    certifies it.

    Args:
        runs: a table with samples, pool_size, the error, and a column that names the pool.
        pool: column with the names of pools.
        response: column of errors, 1 - accuracy.
        d: floor, fixed as in the paper.
        rng: draws the bootstrap over runs that gives intervals; no draws when None.
        draws: bootstrap draws.

    Returns:
        The fit, and the pools in the order of its parameters.
    """
    names, index = runs.labels(pool)
    columns = {word: runs.column(word) for word in ("samples", "pool_size", response)}
    table = RunTable.from_columns({**columns, "pool_index": index.astype(float)})
    fit = fit_law(pools_law(names), table, objective="ls", response=response, fix={"d": d})
    return (fit if rng is None else bootstrap(fit, table, draws=draws, rng=rng)), names
