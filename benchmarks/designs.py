"""A design of 20 runs from 3000 candidates, from the draws and from the curvature."""

import numpy as np
from benchmarks.cases import case

from isoflop.fit.fitting import fit_law
from isoflop.plan.design.design import next_runs
from isoflop.plan.design.designed import Design
from isoflop.uncertainty.bootstrap import bootstrap

LIMIT = 10.0
WAYS = ("draws", "curvature")


def designed(way: str) -> Design:
    """Choose 20 runs for a model of 70B parameters on 1.4T tokens."""
    law, table = case("chinchilla")
    fit = bootstrap(fit_law(law, table), table, rng=np.random.default_rng(0), draws=1000, workers=1)
    rng = np.random.default_rng(1)
    params = np.exp(rng.uniform(np.log(1e8), np.log(1e10), 3000))
    pool = {"params": params, "tokens": params * np.exp(rng.uniform(np.log(5), np.log(80), 3000))}
    target, runs = {"params": 7e10, "tokens": 1.4e12}, table if way == "curvature" else None
    return next_runs(fit, target, budget=1e23, candidates=pool, runs=runs, most=20)
