"""Forecasts that hang on few runs: coverage with one small-sample factor for all quantities, and with each one's own.

Four designs whose truth is known, among them thirty small runs with two large ones that decide the forecast. Run:
python experiments/leverage.py [simulations]
It writes docs/results/leverage.json.
"""

import json
import os
import platform
import sys
import time
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from isoflop.fit.fitting import fit_law
from isoflop.laws import get
from isoflop.laws.catalogue import as_law
from isoflop.laws.law import Law
from isoflop.runs.table import RunTable
from isoflop.uncertainty.bootstrap import bootstrap

CHINCHILLA, LINE = get("chinchilla"), as_law("E + A/N^a")
TRUTH = dict(CHINCHILLA.published_set("epoch-2024").values)
ALONG = {"E": TRUTH["E"], "A": TRUTH["A"], "a": TRUTH["alpha"]}
TARGET = {"params": 7e9, "tokens": 1.4e11}
NOISE = 0.004
LEVELS = (0.9, 0.95)
WAYS = ("one factor for all", "its own factor", "its own, a new run")
RESULT = Path(__file__).parent.parent / "docs" / "results" / "leverage.json"

Columns = dict[str, np.ndarray]


def crossed(flops: np.ndarray, ratios: np.ndarray) -> Columns:
    """Every budget with every number of tokens per parameter."""
    c, ratio = (grid.ravel() for grid in np.meshgrid(flops, ratios))
    params = np.sqrt(c / 6 / ratio)
    return {"params": params, "tokens": params * ratio}


def few_large() -> Columns:
    """Thirty small runs, and two a hundred times as large."""
    small = crossed(np.geomspace(1e18, 1e19, 6), np.geomspace(5, 80, 5))
    large = crossed(np.array([1e21]), np.array([10.0, 40.0]))
    return {word: np.concatenate([small[word], large[word]]) for word in small}


def designs() -> dict[str, tuple[Law, Columns]]:
    """Name → law and runs."""
    ladder = {"params": np.repeat(np.geomspace(1.9e8, 1.28e9, 4), 4)}
    ladder["tokens"] = ladder["params"] * np.tile([20.0, 40.0, 100.0, 200.0], 4)
    return {
        "40 runs, 5 budgets x 8 sizes": (CHINCHILLA, crossed(np.geomspace(1e18, 1e20, 5), np.geomspace(2, 200, 8))),
        "30 small runs and 2 large ones": (CHINCHILLA, few_large()),
        "16 runs, 4 sizes x 4 ratios": (CHINCHILLA, ladder),
        "10 sizes, a law of size alone": (LINE, {"params": np.geomspace(5e7, 1e9, 10)}),
    }


def one(law: Law, columns: Columns, seed: int) -> dict[tuple[str, float], bool]:
    """Whether intervals of one study hold the law's loss at the target, or a new run's: (way, level) → bool."""
    truth = TRUTH if law is CHINCHILLA else ALONG
    theta = np.array([[truth[name] for name in law.parameter_names]])
    target: dict[str, Any] = {word: TARGET[word] for word in law.columns}
    rng = np.random.default_rng([seed, len(columns["params"])])
    loss = law.evaluate(theta, columns)[0]
    runs = RunTable.from_columns({**columns, "loss": loss * np.exp(NOISE * rng.standard_normal(len(loss)))})
    fit = bootstrap(fit_law(law, runs), runs, draws=300, rng=np.random.default_rng(seed), workers=1)
    true = float(law.evaluate(theta, {word: np.array([value]) for word, value in target.items()})[0, 0])
    new = true * np.exp(NOISE * rng.standard_normal())
    found = {}
    for level in LEVELS:
        old = replace(fit, leverage=None).predict(level=level, new_run=False, **target).interval
        own = fit.predict(level=level, new_run=False, **target).interval
        run = fit.predict(level=level, **target).interval
        for way, (low, high), value in zip(WAYS, (old, own, run), (true, true, new), strict=True):
            found[way, level] = bool(low <= value <= high)
    return found


def simulate(name: str, seeds: range) -> dict[tuple[str, float], float]:
    """Share of studies whose intervals hold: (way, level) → share."""
    studies = [one(*designs()[name], seed) for seed in seeds]
    return {key: float(np.mean([study[key] for study in studies])) for key in studies[0]}


def main(count: int) -> None:
    """Run the simulation and write its result."""
    began = time.process_time()
    shares = {name: simulate(name, range(count)) for name in designs()}
    rows = [
        [name, f"{level:.0%}", *(f"{found[way, level]:.1%}" for way in WAYS)]
        for name, found in shares.items()
        for level in LEVELS
    ]
    result = {
        "title": "Coverage of forecasts that hang on few runs",
        "text": f"{count} simulated studies of each design, {NOISE:.1%} noise, 300 draws: the share whose interval "
        "holds the loss of 7B parameters after 140B tokens, with one small-sample factor √(n/(n−p)) for all "
        "quantities, and with the factor that the leverages of the runs give each quantity, which is the default.",
        "command": "python experiments/leverage.py",
        "machine": f"{os.cpu_count()} cores, {time.process_time() - began:.0f} CPU-s in all",
        "columns": ["design", "nominal", *WAYS],
        "rows": rows,
        "simulations": count,
        "versions": {"isoflop": version("isoflop"), "numpy": version("numpy"), "python": platform.python_version()},
    }
    RESULT.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(json.dumps(rows, ensure_ascii=False))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 400)
