"""Whether refits end at their own optimum: a sample of them against searches from many other starts."""

import numpy as np

from isoflop.fit.evaluate import Evaluator
from isoflop.fit.result import Fit
from isoflop.fit.seeds import make_seeds
from isoflop.fit.solve import minimise
from isoflop.runs.table import RunTable
from isoflop.uncertainty.bootstrap import bind_fit, draw_weights
from isoflop.uncertainty.refits import refit_all
from isoflop.uncertainty.searches import ELEMENTS, Replicates

DRAWS = 1000
"""Replicates among which the sample is drawn: they start from each other's ends."""


def worst_excess(fit: Fit, table: RunTable, *, sample: int, rng: np.random.Generator) -> float:
    """Return how far the worst refit of a sample lies above the best end of many searches, relative."""
    problem = bind_fit(fit, table)
    evaluator = Evaluator(problem, fit.objective)
    weights = draw_weights(rng, DRAWS, problem.rows, "pairs", None)
    size = ELEMENTS // problem.rows
    blocks = Replicates(DRAWS, size, lambda block: weights[block * size : (block + 1) * size])
    found = refit_all(problem, fit.objective, problem.search(fit.theta[None]), blocks)
    # The thorough grid of a fit, ranked for each replicate's own weights, and starts around the refit.
    seeds = make_seeds(evaluator, thorough=True)
    worst = 0.0
    for k in np.linspace(0, DRAWS - 1, sample).astype(int):
        near = found[k] + 0.3 * rng.standard_normal((16, problem.size))
        starts = np.concatenate([seeds, near])
        own = weights[k][None]
        ends = minimise(evaluator, starts, np.repeat(own, len(starts), axis=0))
        worst = max(worst, float(evaluator.value(found[k][None], own)[0] / ends.value.min() - 1))
    return worst
