"""What a design promises against what it then gives: intervals expected, found, and whether they hold the truth.

Thirty runs that follow Chinchilla's law with Epoch's constants; a design of eight further runs for one target, which
are made and fitted. Run: python experiments/design_promise.py [simulations]
It writes docs/results/design_promise.json.
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
from isoflop.laws import get
from isoflop.plan.design.design import next_runs
from isoflop.plan.design.scoring import Score, score_design
from isoflop.runs.table import RunTable
from isoflop.uncertainty.bootstrap import bootstrap

LAW = get("chinchilla")
TRUTH = LAW.published_set("epoch-2024").values
THETA = np.array([[TRUTH[name] for name in LAW.parameter_names]])
TARGET = {"params": 7e9, "tokens": 1.4e11}
BUDGET = 3e21
RUNS = 8
NOISE = 0.003
RESULT = Path(__file__).parent.parent / "docs" / "results" / "design_promise.json"


def loss_of(columns: dict[str, np.ndarray]) -> np.ndarray:
    """Exact loss."""
    return np.asarray(LAW.evaluate(THETA, columns)[0])


def fitted(table: RunTable, seed: int) -> Fit:
    """A fit by least squares of logarithms, with draws."""
    rng = np.random.default_rng([seed, len(table)])
    return bootstrap(fit_law(LAW, table, objective="log-ls"), table, draws=200, rng=rng, workers=1)


def one(seed: int) -> Score:
    """One study: runs, design, further runs, score."""
    rng = np.random.default_rng(seed)
    flops, ratio = (g.ravel() for g in np.meshgrid(np.geomspace(1e18, 1e20, 6), np.geomspace(5, 80, 5)))
    params = np.sqrt(flops / 6 / ratio)
    first = {"params": params, "tokens": params * ratio}
    loss = loss_of(first) * np.exp(NOISE * rng.standard_normal(len(params)))
    table = RunTable.from_columns({**first, "loss": loss})
    design = next_runs(fitted(table, seed), TARGET, budget=BUDGET, runs=table, most=RUNS)
    bought = {w: np.array([run.columns[w] for run in design.runs]) for w in first}
    more = loss_of(bought) * np.exp(NOISE * rng.standard_normal(len(design.runs)))
    both = {w: np.concatenate([first[w], bought[w]]) for w in first} | {"loss": np.concatenate([loss, more])}
    truth = loss_of({w: np.array([v]) for w, v in TARGET.items()})
    everything = RunTable.from_columns(both)
    return score_design(design, fitted(everything, seed + 1), runs=everything, truth=truth)


def simulate(seeds: range) -> dict[str, float]:
    """Median and quartiles of found over expected half-width, coverage, and the mean square of the surprise."""
    scores = [one(seed) for seed in seeds]
    ratios = np.array([score.width_ratio[0] for score in scores])
    surprise = np.array([score.surprise[0] for score in scores])
    low, middle, high = np.quantile(ratios, [0.25, 0.5, 0.75]).tolist()
    return {
        "ratio_median": middle, "ratio_quarter": low, "ratio_three_quarters": high,
        "coverage": float(np.mean([score.covered == (True,) for score in scores])),
        "surprise_rms": float(np.sqrt(np.mean(surprise**2))),
    }  # fmt: skip


def main(count: int) -> None:
    """Run the simulation and write its result."""
    began = time.process_time()
    found = simulate(range(count))
    rows = [
        ["half-width found over expected, median", f"{found['ratio_median']:.2f}"],
        ["the same, middle half", f"{found['ratio_quarter']:.2f} to {found['ratio_three_quarters']:.2f}"],
        ["90 % intervals found that hold the truth", f"{found['coverage']:.1%}"],
        ["move of the forecast over the expected one, root mean square", f"{found['surprise_rms']:.2f}"],
    ]
    result = {
        "title": "What a design promises, and what it gives",
        "text": f"{count} simulated studies: 30 runs of Chinchilla's law with {NOISE:.1%} noise, a design of {RUNS} "
        "further ones for a forecast at 7B parameters and 140B tokens, scored after they were made.",
        "command": "python experiments/design_promise.py",
        "machine": f"{os.cpu_count()} cores, {time.process_time() - began:.0f} CPU-s in all",
        "columns": ["what", "value"],
        "rows": rows,
        "simulations": count,
        **found,
        "versions": {"isoflop": version("isoflop"), "numpy": version("numpy"), "python": platform.python_version()},
    }
    RESULT.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(json.dumps(rows))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
