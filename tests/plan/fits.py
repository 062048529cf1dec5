"""Fits with draws that the tests of plans share."""

from functools import cache

import numpy as np

from isoflop import laws
from isoflop.fit import Fit, fit_law
from isoflop.laws import Law
from isoflop.runs.table import RunTable
from isoflop.uncertainty.bootstrap import bootstrap

EPOCH = {"E": 1.8172, "A": 482.01, "alpha": 0.3478, "B": 2085.43, "beta": 0.3658}


def grid(law: Law, values: dict[str, float], noise: float, **more: object) -> RunTable:
    """Runs on 6 sizes x 6 amounts of data."""
    params, tokens = (g.ravel() for g in np.meshgrid(np.geomspace(1e8, 1e10, 6), np.geomspace(1e9, 1e12, 6)))
    loss = law.predict(values, params=params, tokens=tokens)
    loss = loss * np.exp(np.random.default_rng(7).normal(0, noise, len(loss)))
    return RunTable.from_columns({"params": params, "tokens": tokens, "loss": loss, **more})


@cache
def fitted(noise: float = 0.003, draws: int = 200) -> Fit:
    """Chinchilla's law fitted to runs that follow the Epoch constants."""
    law = laws.get("chinchilla")
    runs = grid(law, EPOCH, noise)
    return bootstrap(fit_law(law, runs, objective="log-ls"), runs, draws=draws, rng=np.random.default_rng(1), workers=1)


@cache
def searched(draws: int = 200) -> Fit:
    """The same runs by a law without a closed form: a third term that these runs do not need much."""
    law = laws.from_text("E + A/N^alpha + B/D^beta + G/(N*D)^g")
    runs = grid(laws.get("chinchilla"), EPOCH, 0.003)
    fit = fit_law(law, runs, objective="log-ls", fix={"g": 0.2, "E": EPOCH["E"]})
    return bootstrap(fit, runs, draws=draws, rng=np.random.default_rng(1), workers=1)


@cache
def two_recipes(draws: int = 100) -> Fit:
    """One size term per recipe: the second recipe's is half of the first's."""
    law = laws.get("chinchilla")
    first, second = grid(law, EPOCH, 0.003), grid(law, {**EPOCH, "A": EPOCH["A"] / 2}, 0.003)
    runs = RunTable.from_columns(
        {word: np.concatenate([first.column(word), second.column(word)]) for word in ("params", "tokens", "loss")}
        | {"recipe": ["plain"] * len(first) + ["better"] * len(second)}
    )
    indexed = laws.from_text("E + A[recipe]/N^alpha + B/D^beta")
    fit = fit_law(indexed, runs, objective="log-ls")
    return bootstrap(fit, runs, draws=draws, rng=np.random.default_rng(1), workers=1)
