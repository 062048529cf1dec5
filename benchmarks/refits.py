"""Whether refits end at their own optimum: a sample of them against searches from many other starts."""

import numpy as np

from isoflop.fit.evaluate import Evaluator
from isoflop.fit.result import Fit
from isoflop.fit.seeds import make_seeds
from isoflop.fit.solve import minimise
from isoflop.runs.table import RunTable
from isoflop.uncertainty.bootstrap import bind_fit, draw_weights, refit


def worst_excess(fit: Fit, table: RunTable, *, sample: int, rng: np.random.Generator) -> float:
    """Return how far the worst refit of a sample lies above the best end of many searches, relative."""
    problem = bind_fit(fit, table)
    evaluator = Evaluator(problem, fit.objective)
    start = problem.search(fit.theta[None])
    weights = draw_weights(rng, sample, problem.rows, "pairs", None)
    found = refit(evaluator, start, weights)
    values = evaluator.value(found, weights)
    # The thorough grid of a fit, ranked for each replicate's own weights, and starts around the refit.
    seeds = make_seeds(evaluator, thorough=True)
    worst = 0.0
    for k in range(sample):
        near = found[k] + 0.3 * rng.standard_normal((16, problem.size))
        starts = np.concatenate([seeds, near])
        ends = minimise(evaluator, starts, np.repeat(weights[k][None], len(starts), axis=0))
        worst = max(worst, float(values[k] / ends.value.min() - 1))
    return worst
