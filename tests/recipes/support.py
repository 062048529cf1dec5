"""Runs of made-up recipes."""

import numpy as np

from isoflop.fit.fitting import fit_law
from isoflop.laws.catalogue import as_law
from isoflop.recipes.compare import Question, compare_recipes
from isoflop.recipes.comparison import RecipeComparison
from isoflop.runs.table import RunTable
from isoflop.uncertainty.bootstrap import bootstrap

Law = dict[str, float]
FLOPS = np.geomspace(1e18, 1e21, 12)


def power_runs(recipes: dict[str, Law], *, noise: float = 1e-3, seed: int = 0, flops=FLOPS) -> RunTable:
    """Return runs of `E + K C^-a` per recipe."""
    rng, rows = np.random.default_rng(seed), {"recipe": [], "flops": [], "loss": []}
    for name, law in recipes.items():
        loss = law["E"] + law["K"] * (flops / 1e18) ** -law["a"]
        rows["recipe"] += [name] * len(flops)
        rows["flops"] += list(flops)
        rows["loss"] += list(loss * np.exp(noise * rng.standard_normal(len(flops))))
    return RunTable.from_columns(rows)


def plane_runs(recipes: dict[str, Law], *, noise: float = 1e-3, seed: int = 0) -> RunTable:
    """Return runs of Chinchilla's law per recipe: five budgets, five ratios."""
    rng, rows = np.random.default_rng(seed), {"recipe": [], "params": [], "tokens": [], "loss": []}
    flops, ratio = (g.ravel() for g in np.meshgrid(np.geomspace(1e18, 1e20, 5), np.geomspace(5, 120, 5)))
    params = np.sqrt(flops / 6 / ratio)
    tokens = flops / 6 / params
    for name, law in recipes.items():
        loss = law["E"] + law["A"] / params ** law["alpha"] + law["B"] / tokens ** law["beta"]
        rows["recipe"] += [name] * len(params)
        rows["params"] += list(params)
        rows["tokens"] += list(tokens)
        rows["loss"] += list(loss * np.exp(noise * rng.standard_normal(len(params))))
    return RunTable.from_columns(rows)


def compared(formula, table: RunTable, *, draws=200, seed=0, objective="log-ls", **asked) -> RecipeComparison:
    """Compare the recipes of a table, by least squares of logarithms unless told otherwise."""
    at = {word: asked.pop(word) for word in ("flops", "params", "tokens") if word in asked}

    def plain(law, runs, prior=None):
        return fit_law(law, runs, objective=objective, prior=prior)

    def fitter(law, runs, prior=None):
        return bootstrap(plain(law, runs, prior), runs, draws=draws, rng=np.random.default_rng([seed, len(runs)]))

    law = as_law(formula, columns=table.names)
    return compare_recipes(law, table, Question(at, **asked), fitter=fitter, plain=plain)
