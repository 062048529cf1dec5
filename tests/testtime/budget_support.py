"""Two made-up models on the same problems: a cheap one that knows little and a dear one that knows more."""

import numpy as np

from isoflop.testtime.budgets.budget import Menu, menu
from isoflop.testtime.budgets.charge import charge_observed
from isoflop.testtime.budgets.routes import routes_from_counts
from isoflop.testtime.counts import Counts


def counts_of(rates: np.ndarray, n: int, rng: np.random.Generator) -> Counts:
    """Counts of n samples at the problems' rates."""
    problems = tuple(f"p{place}" for place in range(len(rates)))
    return Counts(problems, np.full(len(rates), n), rng.binomial(n, rates))


def two_models(problems: int = 120, n: int = 64, seed: int = 3, draws: int = 300) -> Menu:
    """A small model at 1 cent a sample and a large one at 10, both by pass@k."""
    rng = np.random.default_rng(seed)
    small = rng.beta(0.4, 1.2, problems)
    large = np.minimum(1.0, small + 0.5 * (1 - small) * rng.random(problems))
    routes = [
        *routes_from_counts("small", counts_of(small, n, rng), charge_observed(np.full(problems, 0.01)), ["pass@k"]),
        *routes_from_counts("large", counts_of(large, n, rng), charge_observed(np.full(problems, 0.1)), ["pass@k"]),
    ]
    return menu(routes, [f"p{k}" for k in range(problems)], rng=rng, draws=draws)
