"""Run tables with a known truth."""

import numpy as np

from isoflop.runs.table import RunTable

TRUTH = {"E": 1.69, "A": 406.4, "B": 410.7, "alpha": 0.34, "beta": 0.28}


def chinchilla_runs(rng: np.random.Generator, *, noise: float = 0.003, sizes: int = 6, ratios: int = 4) -> RunTable:
    """Sizes times tokens per parameter, with relative noise in the loss."""
    N = np.geomspace(1e8, 3e9, sizes)
    params, ratio = (x.ravel() for x in np.meshgrid(N, np.geomspace(5, 80, ratios), indexing="ij"))
    tokens = params * ratio
    loss = TRUTH["E"] + TRUTH["A"] / params ** TRUTH["alpha"] + TRUTH["B"] / tokens ** TRUTH["beta"]
    loss = loss * np.exp(noise * rng.standard_normal(len(loss)))
    return RunTable.from_columns({"N": params, "D": tokens, "loss": loss})


def bent_runs(rng: np.random.Generator, *, noise: float = 0.001) -> RunTable:
    """Losses over compute with a floor that a power law without one cannot follow."""
    flops = np.repeat(np.geomspace(1e17, 1e22, 11), 4)
    loss = (2 + 60 / (flops / 1e15) ** 0.3) * np.exp(noise * rng.standard_normal(len(flops)))
    return RunTable.from_columns({"C": flops, "loss": loss})
