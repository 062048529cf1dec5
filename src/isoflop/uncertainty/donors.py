"""Ends that other replicates may start from: which one lies lowest, and which one lies lower than it should."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.fit.evaluate import Evaluator
from isoflop.fit.penalty import penalties
from isoflop.fit.problem import Problem
from isoflop.uncertainty.searches import CLOSE, ELEMENTS, Searches, Starts

Array = NDArray[Any]

FEWEST_DONORS: Final = 25
"""With room for fewer (large tables), all start from the fit: their optima are close to it."""

SMALL_PRODUCT: Final = 200_000
"""Multiplications that BLAS does on one thread: its own threads would wait for each other beside ours."""


@dataclass(frozen=True)
class Donors:
    """Ends from which other replicates may start.

    Args:
        u: search coordinates, shape (donors, q).
        rho: what every run adds to the objective there, shape (donors, n).
    """

    u: Array
    rho: Array

    def first(self) -> "Donors":
        """The fit's optimum alone."""
        return Donors(self.u[:1], self.rho[:1])

    def values(self, problem: Problem, weights: Array) -> Array:
        """Objective of every donor under the weights of every replicate, shape (replicates, donors)."""
        weights_of_runs = np.ascontiguousarray(weights[:, : problem.rows])
        step = max(SMALL_PRODUCT // weights_of_runs.size, 1)
        parts = [weights_of_runs @ self.rho[k : k + step].T for k in range(0, len(self.rho), step)]
        found = np.concatenate(parts, axis=1)
        # A run without weight may have no finite value.
        found[np.isnan(found)] = np.inf
        return found + penalties(problem, self.u, weights) if problem.priors else found


def donors_of(search: Searches, index: Array, optimum: Array) -> Donors | None:
    """The fit's optimum and ends of some replicates; None where the table is too large for them to pay.

    Args:
        search: the searches so far.
        index: replicates whose ends are taken.
        optimum: the fit's optimum, shape (q,).
    """
    room = 2 * ELEMENTS // search.problem.rows
    if min(len(index), room) < FEWEST_DONORS:
        return None
    known = search.u[index[search.promise[index] < CLOSE][:room]]
    return donors_at(search, np.concatenate([optimum[None], known]))


def donors_at(search: Searches, u: Array) -> Donors:
    """Points as donors, shape (donors, q)."""
    return Donors(u, Evaluator(search.problem, search.objective).contributions(u))


def nearest(search: Searches, donors: Donors, more: Array) -> Starts:
    """The donor at which a replicate's objective is least, and further starts."""

    def starts(index: Array, weights: Array) -> Array:
        best = donors.u[donors.values(search.problem, weights).argmin(axis=1)]
        return np.concatenate([best[None], np.repeat(more[:, None], len(index), axis=1)])

    return starts


def elsewhere(search: Searches, donors: Donors, optimum: Array) -> Callable[[Array, Array], tuple[Array, Array]]:
    """The donor that lies furthest below what a parabola around the replicate's end says, and its share of that."""
    metric = Evaluator(search.problem, search.objective).local(optimum[None]).metric[0]
    # A coordinate that the runs do not feel has no length, and a sum of squares may be singular.
    squares, axes = np.linalg.eigh(metric)
    root = axes * np.sqrt(np.maximum(squares, 0.0))
    places = donors.u @ root
    lengths = 0.5 * (places**2).sum(axis=1)

    def choose(index: Array, weights: Array) -> tuple[Array, Array]:
        value, own = search.value[index][:, None], search.u[index] @ root
        away = 0.5 * (own**2).sum(axis=1)[:, None] + lengths - own @ places.T
        rise = donors.values(search.problem, weights) - value
        ratio = np.where(away > 1e-3 * value, rise / np.maximum(away, 1e-300), np.inf)
        best = ratio.argmin(axis=1)
        return best, ratio[np.arange(len(best)), best]

    return choose
