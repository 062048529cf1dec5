"""Small tables with a known truth."""

import numpy as np

from isoflop.laws import get
from isoflop.runs.table import RunTable

TRUTH = {"E": 1.69, "A": 406.4, "B": 410.7, "alpha": 0.34, "beta": 0.28}


def grid(sizes=8, ratios=(5.0, 20.0, 80.0)):
    """Params and tokens of a spread design."""
    params = np.repeat(np.geomspace(3e7, 1e10, sizes), len(ratios))
    return params, params * np.tile(ratios, sizes)


def chinchilla_runs(noise=0.0, seed=0, **design):
    """Runs of the rounded Chinchilla law, with relative Gaussian noise."""
    params, tokens = grid(**design)
    loss = get("chinchilla").predict(TRUTH, params=params, tokens=tokens)
    loss = loss * np.exp(np.random.default_rng(seed).normal(0, noise, len(loss)))
    return RunTable.from_columns({"params": params, "tokens": tokens, "loss": loss})
