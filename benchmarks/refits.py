"""Whether refits end at their own optimum, and how many of them have a lower one elsewhere."""

from dataclasses import dataclass

import numpy as np

from isoflop.fit.evaluate import Evaluator
from isoflop.fit.result import Fit
from isoflop.fit.seeds import make_seeds
from isoflop.fit.solve import minimise
from isoflop.runs.table import RunTable
from isoflop.uncertainty.bootstrap import bind_fit, draw_weights
from isoflop.uncertainty.refits import refit_all
from isoflop.uncertainty.searches import ELEMENTS, Replicates

DRAWS = 4000
SAME = 1e-9


@dataclass(frozen=True)
class Refits:
    """Replicates with their weights, shape (replicates, rows), and where they ended, shape (replicates, q)."""

    evaluator: Evaluator
    weights: np.ndarray
    ends: np.ndarray


def refitted(fit: Fit, table: RunTable, *, rng: np.random.Generator) -> Refits:
    """Refit all replicates, and keep what they were fitted to."""
    problem = bind_fit(fit, table)
    weights = draw_weights(rng, DRAWS, problem.rows, "pairs", None)
    size = ELEMENTS // problem.rows
    blocks = Replicates(DRAWS, size, lambda block: weights[block * size : (block + 1) * size])
    ends = refit_all(problem, fit.objective, problem.search(fit.theta[None]), blocks)
    return Refits(Evaluator(problem, fit.objective), weights, ends)


def worst_left(made: Refits) -> float:
    """Return how far the worst of all refits lies above the optimum that a long search from there finds, relative."""
    size = ELEMENTS // made.evaluator.problem.rows
    found = minimise(made.evaluator, made.ends, made.weights, damping=1e-3, together=size)
    return float((made.evaluator.value(made.ends, made.weights) / found.value - 1).max())


def lower_elsewhere(made: Refits, *, sample: int, rng: np.random.Generator) -> tuple[int, float]:
    """Return how many refits of a sample have a lower optimum that searches from everywhere find, and by how much."""
    evaluator, problem = made.evaluator, made.evaluator.problem
    # The thorough grid of a fit, ranked for each replicate's own weights, and starts around the refit.
    seeds = make_seeds(evaluator, thorough=True)
    above = []
    for k in np.linspace(0, DRAWS - 1, sample).astype(int):
        near = made.ends[k] + 0.3 * rng.standard_normal((16, problem.size))
        starts = np.concatenate([seeds, near])
        own = made.weights[k][None]
        ends = minimise(evaluator, starts, np.repeat(own, len(starts), axis=0))
        above.append(float(evaluator.value(made.ends[k][None], own)[0] / ends.value.min() - 1))
    return sum(x > SAME for x in above), max(0.0, *above)
