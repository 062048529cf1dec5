"""Three ways to share exponents between recipes, scored where the truth is known.

Four recipes with eight runs each of `K/C^a`, whose exponents vary by nothing, a little or a lot; the forecast of
ln L a hundred times beyond the largest run. Run: python experiments/partial.py [simulations]
It writes docs/results/partial.json.
"""

import json
import os
import platform
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np

from isoflop.fit.fitting import fit_law
from isoflop.fit.result import Fit
from isoflop.laws.catalogue import as_law
from isoflop.laws.law import Law
from isoflop.recipes.partial import partial_family, plain_draws, prior_of, spreads_of
from isoflop.recipes.pool import Prior, family_of, fit_each
from isoflop.runs.table import RunTable

LAW = as_law("K/(C/1e18)^a")
NAMES = ("a", "b", "c", "d")
FLOPS = np.geomspace(1e18, 1e20, 8)
TARGET = 1e22
NOISE = 0.01
EXPONENT = 0.15
SPREADS = (0.0, 0.003, 0.01, 0.03)
MARGIN = 1.25
"""How much larger the error of partial pooling may be than that of the better of the two others."""
RESULT = Path(__file__).parent.parent / "docs" / "results" / "partial.json"


def plain(law: Law, table: RunTable, /, prior: Prior | None = None) -> Fit:
    """A fit by least squares of logarithms, without draws."""
    return fit_law(law, table, objective="log-ls", prior=prior)


def one(spread: float, seed: int) -> dict[str, float]:
    """Mean squared error of the forecasts of ln L: way → number."""
    rng = np.random.default_rng([seed, round(1e6 * spread)])
    exponents = EXPONENT + spread * rng.standard_normal(len(NAMES))
    scales = 2 * np.exp(0.1 * rng.standard_normal(len(NAMES)))
    logs = np.log(scales)[:, None] - exponents[:, None] * np.log(FLOPS / 1e18)
    loss = np.exp(logs + NOISE * rng.standard_normal(logs.shape))
    table = RunTable.from_columns(
        {"recipe": np.repeat(NAMES, len(FLOPS)), "flops": np.tile(FLOPS, len(NAMES)), "loss": loss.ravel()}
    )
    truth = np.log(scales) - exponents * np.log(TARGET / 1e18)
    family = family_of(LAW)
    apart, joint = fit_each(family, table, plain), plain(family.joint, table)
    partly = partial_family(family)
    fit = plain(partly.joint, table, prior_of(spreads_of(family, table, apart)))
    theta = {
        "separate": [apart[name].theta[None] for name in NAMES],
        "shared": [plain_draws(family, joint, joint.theta[None], name) for name in NAMES],
        "partial": [plain_draws(partly, fit, fit.theta[None], name) for name in NAMES],
    }
    forecast = {way: np.log([LAW.evaluate(p, {"flops": [TARGET]})[0, 0] for p in own]) for way, own in theta.items()}
    return {way: float(np.mean((found - truth) ** 2)) for way, found in forecast.items()}


def simulate(spread: float, seeds: range) -> dict[str, float]:
    """Root mean squared error of each way."""
    studies = [one(spread, seed) for seed in seeds]
    return {way: float(np.sqrt(np.mean([study[way] for study in studies]))) for way in studies[0]}


def main(count: int) -> None:
    """Run the simulation and write its result."""
    began = time.process_time()
    errors = {spread: simulate(spread, range(count)) for spread in SPREADS}
    rows = []
    for spread, found in errors.items():
        better = min(found["separate"], found["shared"])
        ways = (f"{found[way]:.2%}" for way in ("separate", "shared", "partial"))
        rows.append([f"{spread:g}", *ways, f"{found['partial'] / better:.2f}"])
    result = {
        "title": "Exponents shared in part",
        "text": f"{count} simulated studies a row: four recipes with eight runs each of K/C^a, {NOISE:.0%} noise, "
        f"exponents around {EXPONENT} with a standard deviation between recipes; root mean squared error of ln L a "
        "hundred times beyond the largest run.",
        "command": "python experiments/partial.py",
        "machine": f"{os.cpu_count()} cores, {time.process_time() - began:.0f} CPU-s in all",
        "columns": ["spread of exponents", "separate", "shared", "partial", "partial over the better of the others"],
        "rows": rows,
        "simulations": count,
        "errors": {str(spread): found for spread, found in errors.items()},
        "versions": {"isoflop": version("isoflop"), "numpy": version("numpy"), "python": platform.python_version()},
    }
    RESULT.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(json.dumps(result["rows"]))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 150)
