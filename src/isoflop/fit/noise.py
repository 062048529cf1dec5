"""Noise of each run: from a column, or from runs that differ in their seed only."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import FitError
from isoflop.laws.law import Law
from isoflop.runs.table import RunTable

Array = NDArray[Any]


def run_noise(runs: RunTable, noise: str | None, law: Law, response: str) -> Array | None:
    """Noise per run from a column, or from repeated seeds."""
    if noise is None:
        return None
    if noise != "seeds":
        values = np.asarray(runs.column(noise), dtype=float)
        if not np.all(values > 0):
            raise FitError(f"Column {noise!r} holds noise that is not positive. Correct it, or leave noise out.")
        return values
    return seed_noise(runs, law, response)


def seed_noise(runs: RunTable, law: Law, response: str) -> Array:
    """Relative noise per run from runs that agree in all the law's columns.

    The standard deviation of ln L between seeds is smoothed along size when at least two groups
    repeat, else taken as one number.

    Raises:
        FitError: no two runs agree in all the law's columns.
    """
    key = np.stack([np.round(np.log(np.asarray(runs.column(w))), 6) for w in law.columns], axis=1)
    levels = [runs.labels(c)[1] for c in dict.fromkeys(law.parsed.indexed.values())]
    own = np.column_stack([key, *levels])
    _, group, counts = np.unique(own, axis=0, return_inverse=True, return_counts=True)
    group = group.ravel()
    if not (counts > 1).any():
        raise FitError("noise='seeds' needs runs that differ in their seed only; there are none. Leave noise out.")
    y = np.log(np.asarray(runs.column(response)))
    size = key.sum(axis=1)
    places, spreads, freedom = [], [], []
    for g in np.flatnonzero(counts > 1):
        rows = group == g
        places.append(size[rows].mean())
        spreads.append(max(y[rows].std(ddof=1), 1e-9))
        freedom.append(rows.sum() - 1)
    if len(places) == 1:
        return np.full(len(y), spreads[0])
    return _smoothed(np.array(places), np.array(spreads), np.array(freedom), size)


def _smoothed(places: Array, spreads: Array, freedom: Array, size: Array) -> Array:
    """Standard deviation along size, from those of a few seeds each: `ln sigma = u + v ln C`.

    `E[ln s] = ln sigma + (psi(k/2) - ln(k/2)) / 2` and `Var[ln s] = psi'(k/2) / 4` with k degrees of freedom.
    """
    from scipy.special import digamma, polygamma

    half = freedom / 2
    logs = np.log(spreads) - 0.5 * (digamma(half) - np.log(half))
    slope, level = np.polyfit(places, logs, 1, w=2 / np.sqrt(polygamma(1, half)))
    # The line is not drawn beyond the sizes of which there are seeds.
    return np.asarray(np.exp(level + slope * np.clip(size, places.min(), places.max())))
