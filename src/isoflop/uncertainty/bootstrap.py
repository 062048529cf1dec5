"""Refits under resampled runs: every replicate polished to its own optimum, in batches."""

from copy import deepcopy
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.engine import Progress
from isoflop.errors import FitError
from isoflop.fit.prepare import bind_checked, prepare
from isoflop.fit.problem import Problem
from isoflop.fit.result import DEPENDENT, Fit
from isoflop.runs.design import checkpoints
from isoflop.runs.table import RunTable
from isoflop.uncertainty.far_ends import far_ends
from isoflop.uncertainty.leverages import leverage_of
from isoflop.uncertainty.refits import refit_all
from isoflop.uncertainty.searches import ELEMENTS, Replicates

Array = NDArray[Any]

FEWEST_CLUSTERS: Final = 5


def bind_fit(fit: Fit, table: RunTable) -> Problem:
    """The problem that a fit solved, bound again to its runs."""
    weights, noise = fit.settings.get("weights"), fit.settings.get("noise")
    extra = tuple(c for c in (weights, noise) if c is not None and c != "seeds")
    runs = prepare(fit.law, table, fit.response, extra)
    digest = runs.digest(tuple(dict.fromkeys((*fit.law.columns, fit.response, *fit.levels))))
    if digest != fit.data.sha256:
        raise FitError(
            f"These runs are not the ones that {fit.law.name!r} was fitted to (hash {digest[:12]} against "
            f"{fit.data.sha256[:12]}). Fit again, or give the same table."
        )
    problem = bind_checked(
        fit.law, runs, fit.response, fit.objective, fix=fit.fixed, prior=fit.priors, weights=weights, noise=noise
    )
    return replace(problem, prior_weight=float(fit.settings.get("prior_weight", 0.0)))


def clusters_of(problem: Problem, runs: RunTable, resample: str) -> Array | None:
    """Cluster of each run, or None when runs are resampled one by one.

    Raises:
        FitError: the scheme is not known.
    """
    if resample in ("pairs", "bayes"):
        return None
    kind, _, column = resample.partition(":")
    if kind != "cluster" or not column:
        raise FitError(f"The resampling {resample!r} is not known. Choose pairs, bayes, or cluster:COLUMN.")
    _, codes = np.unique(np.asarray(runs.labels(column)[1]), return_inverse=True)
    count = int(codes.max()) + 1
    if count < FEWEST_CLUSTERS:
        raise FitError(
            f"Column {column!r} has {count} different values; clusters give an interval from {FEWEST_CLUSTERS} on. "
            "Resample by run (bayes), or by a column with more values."
        )
    return codes


def draw_pairs(rng: np.random.Generator, replicates: int, rows: int, least: int) -> Array:
    """Multinomial counts of runs; replicates with fewer than `least` distinct runs are drawn again.

    Raises:
        FitError: so few runs that most replicates could not be fitted.
    """
    weights = rng.multinomial(rows, np.full(rows, 1 / rows), size=replicates).astype(float)
    for _ in range(100):
        poor = np.flatnonzero((weights > 0).sum(axis=1) < least)
        if not len(poor):
            return weights
        weights[poor] = rng.multinomial(rows, np.full(rows, 1 / rows), size=len(poor))
    raise FitError(
        f"Drawing {rows} runs with replacement seldom leaves the {least} distinct ones that the law needs. "
        "Use resample='bayes', which keeps every run."
    )


def draw_weights(
    rng: np.random.Generator, replicates: int, rows: int, resample: str, clusters: Array | None, *, least: int = 1
) -> Array:
    """Weights of the runs in each replicate, each row summing to the number of runs.

    Pairs: multinomial counts of runs. Bayes: Dirichlet weights. Clusters: multinomial counts of clusters.
    """
    if resample == "bayes":
        gaps = rng.standard_exponential((replicates, rows))
        return np.asarray(gaps * (rows / gaps.sum(axis=1, keepdims=True)))
    if clusters is None:
        return draw_pairs(rng, replicates, rows, least)
    count = int(clusters.max()) + 1
    drawn = rng.multinomial(count, np.full(count, 1 / count), size=replicates).astype(float)
    weights = drawn[:, clusters]
    return np.asarray(weights * (rows / np.maximum(weights.sum(axis=1, keepdims=True), 1.0)))


def bootstrap(
    fit: Fit,
    table: RunTable,
    *,
    rng: np.random.Generator,
    draws: int = 1000,
    resample: str = "bayes",
    progress: Progress | None = None,
    workers: int | None = None,
) -> Fit:
    """Add bootstrap draws to a fit.

    Every replicate is polished to its own optimum from the fit or from the ends of others; one that
    does not come close is searched again from other starts, and stays NaN if that fails too. Where the fit is not
    certified, replicates also start far from it, where the law explains the runs about as well: from the fit
    alone they would keep the split of terms that it happens to have.

    Reference: Efron and Tibshirani 1993 (pairs); Rubin 1981 (Bayesian weights).

    Args:
        fit: the fit.
        table: the runs that it was fitted to.
        rng: random state; the same state gives the same bits on any number of threads.
        draws: replicates.
        resample: `pairs`, `bayes`, or `cluster:COLUMN` (runs of one recipe, seed group or size together).
        progress: called with (replicates done, replicates).
        workers: threads; all cores when None.

    Returns:
        The fit with its draws.

    Raises:
        FitError: other runs than the fit's, an unknown scheme, or too few clusters or draws.

    >>> import isoflop as iso
    >>> runs = iso.as_runs({"C": [1e18, 1e19, 1e20, 1e21, 1e22], "loss": [3.1, 2.71, 2.4, 2.2, 2.05]})
    >>> fit = iso.fit("E + K/C^a", runs, bootstrap=0)
    >>> bootstrap(fit, runs, rng=np.random.default_rng(0), draws=50).draws.shape
    (50, 3)
    """
    if draws < 2:
        raise FitError(f"{draws} bootstrap draws give no interval. Ask for at least 2; 1000 is usual.")
    problem = bind_fit(fit, table)
    runs = prepare(fit.law, table, fit.response)
    clusters = clusters_of(problem, runs, resample)
    start = problem.search(fit.theta[None])
    spread = _starts(problem, fit, start[0])
    least = min(problem.size + 1, problem.rows) - len(problem.priors)
    size = max(ELEMENTS // problem.rows, 1)
    states = rng.spawn(-(-draws // size))

    def draw(block: int) -> Array:
        state, count = deepcopy(states[block]), min(size, draws - block * size)
        weights = draw_weights(state, count, problem.rows, resample, clusters, least=least)
        # A prior is an observation too: its mean is drawn again in every replicate.
        shifts = state.normal(0.0, [p.sd for p in problem.priors], (count, len(problem.priors)))
        return np.concatenate([weights, shifts], axis=1)

    ends = refit_all(problem, fit.objective, spread, Replicates(draws, size, draw), workers=workers, progress=progress)
    theta = problem.natural(ends)
    earlier = {key: value for key, value in fit.settings.items() if key not in ("clusters", DEPENDENT)}
    settings = {**earlier, "bootstrap": draws, "resample": resample}
    if clusters is not None:
        settings["clusters"] = int(clusters.max()) + 1
    elif checkpoints(runs):
        settings[DEPENDENT] = True
    found = leverage_of(problem, fit.objective, start[0], theta) if resample == "bayes" else None
    return replace(fit, draws=theta, settings=settings, leverage=found)


def _starts(problem: Problem, fit: Fit, optimum: Array) -> Array:
    """The optimum; in small tables a few points around it; and other ends where the runs do not settle which."""
    found = [optimum]
    if problem.rows < 20:
        # A replicate may have lost the runs that hold it near the optimum.
        steps = np.linspace(-0.6, 0.6, 8)
        found += [optimum + s * np.where(np.arange(len(optimum)) % 2 == k % 2, 1.0, -0.5) for k, s in enumerate(steps)]
    if not fit.certificate.ok:
        found += far_ends(problem, fit.objective, optimum)
    return np.stack(found)
