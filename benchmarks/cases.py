"""The tables, laws and clock of the benchmarks."""

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from isoflop import laws
from isoflop.laws.law import Law
from isoflop.runs.read import read_runs
from isoflop.runs.table import RunTable

OBJECTIVES = ("log-huber", "log-huber:1e-3")
FITTED = ("chinchilla", "skaling", "bnsl-1-flops", "kaplan-tokens", "gadre", "power-flops-floor")
HOFFMANN = {"E": 1.8172, "A": 477.8, "B": 2143.0, "alpha": 0.3473, "beta": 0.3672}
ONE_BREAK = {"a": 1.5, "b": 60.0, "c0": 0.1, "c1": 0.12, "d1": 1e20, "f1": 0.4}


def chinchilla_runs() -> tuple[RunTable, str]:
    """Return the 240 points of the Chinchilla figure where ISOFLOP_DATA holds them, else made-up ones."""
    named = os.environ.get("ISOFLOP_DATA", "")
    path = Path(named) / "chinchilla_epoch.csv"
    if named and path.is_file():
        return read_runs(path, where="outlier = 0"), "chinchilla_epoch"
    return made_up_runs(240), "made-up runs"


def made_up_runs(rows: int) -> RunTable:
    """Return runs around the Chinchilla law, with 2 % of t-distributed noise."""
    rng = np.random.default_rng(0)
    params = np.exp(rng.uniform(np.log(6e7), np.log(1.6e10), rows))
    tokens = params * np.exp(rng.uniform(np.log(2), np.log(200), rows))
    loss = laws.get("chinchilla").predict(HOFFMANN, params=params, tokens=tokens)
    return RunTable.from_columns({"params": params, "tokens": tokens, "loss": loss * _noise(rng, rows, 0.02)})


def broken_runs(rows: int = 250) -> RunTable:
    """Return runs along compute whose exponent changes once, with half a percent of noise."""
    flops = np.geomspace(1e15, 1e25, rows)
    loss = laws.get("bnsl-1-flops").predict(ONE_BREAK, flops=flops)
    return RunTable.from_columns({"flops": flops, "loss": loss * _noise(np.random.default_rng(0), rows, 0.005)})


def _noise(rng: np.random.Generator, rows: int, scale: float) -> np.ndarray:
    return np.exp(scale * rng.standard_t(5, rows))


def case(name: str) -> tuple[Law, RunTable]:
    """Return a law with the table that it is fitted to."""
    return laws.get(name), broken_runs() if name.startswith("bnsl") else chinchilla_runs()[0]


def cpu_seconds(function: Callable[[], object], repeats: int) -> float:
    """Return the least CPU time of several calls: what a shared machine adds is left out."""
    return interleaved([function], repeats)[0]


def interleaved(functions: Sequence[Callable[[], object]], passes: int) -> list[float]:
    """Return the least CPU time of each function over some passes, in each of which every one is called once.

    A machine is slower for seconds at a time: calls of one function all in a row may never see it fast.
    """
    least = [float("inf")] * len(functions)
    for _ in range(passes):
        for place, function in enumerate(functions):
            start = time.process_time()
            function()
            least[place] = min(least[place], time.process_time() - start)
    return least
