"""What others do with the same table and the same objective: SciPy's grid of starts, curve_fit, PyPI's chinchilla."""

import contextlib
import importlib.util
import io
import itertools
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoflop.runs.table import RunTable

Array = NDArray[Any]

# Hoffmann et al. 2022, appendix D.3.
GRID = {
    "a": np.arange(0, 26, 5.0),
    "b": np.arange(0, 26, 5.0),
    "e": np.arange(-1, 1.1, 0.5),
    "alpha": np.arange(0, 2.1, 0.5),
    "beta": np.arange(0, 2.1, 0.5),
}
DELTA = 1e-3


def huber_objective(runs: RunTable) -> Callable[[Array], float]:
    """Return the objective of Hoffmann et al. in (a, b, e, alpha, beta), in the fastest plain NumPy."""
    from scipy.special import huber

    n, d, loss = (np.log(runs.column(word)) for word in ("params", "tokens", "loss"))

    def objective(x: Array) -> float:
        a, b, e, alpha, beta = x
        fitted = np.logaddexp(np.logaddexp(a - alpha * n, b - beta * d), e)
        return float(huber(DELTA, loss - fitted).sum())

    return objective


def grid_of_starts(runs: RunTable, share: float, rng: np.random.Generator) -> dict[str, float]:
    """Run SciPy's L-BFGS-B from a share of the 4500 starts, and scale the time to all of them."""
    from scipy.optimize import minimize

    starts = np.array(list(itertools.product(*GRID.values())))
    chosen = rng.choice(len(starts), round(share * len(starts)), replace=False)
    objective = huber_objective(runs)
    began = time.process_time()
    ends = [minimize(objective, starts[k], method="L-BFGS-B").fun for k in chosen]
    spent = time.process_time() - began
    best = min(ends)
    return {
        "starts": len(starts),
        "cpu": spent * len(starts) / len(chosen),
        "objective": best,
        "reached": float(np.mean(np.array(ends) <= best * (1 + 1e-4))),
    }


def curve_fit_from_its_start(runs: RunTable) -> dict[str, Any]:
    """Run SciPy's curve_fit with its default start, all ones."""
    import warnings

    from scipy.optimize import curve_fit

    def law(columns: Array, e: float, a: float, b: float, alpha: float, beta: float) -> Array:
        return e + a / columns[0] ** alpha + b / columns[1] ** beta

    columns = np.stack([runs.column("params"), runs.column("tokens")])
    began = time.process_time()
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            e, a, b, alpha, beta = curve_fit(law, columns, runs.column("loss"))[0]
        except RuntimeError as error:
            return {"cpu": time.process_time() - began, "failed": str(error)}
    spent = time.process_time() - began
    with np.errstate(all="ignore"):
        value = huber_objective(runs)(np.array([np.log(a), np.log(b), np.log(e), alpha, beta]))
    return {"cpu": spent, "objective": value, "parameters": [float(v) for v in (e, a, b, alpha, beta)]}


def pypi_chinchilla(runs: RunTable) -> dict[str, Any]:
    """Fit with PyPI's `chinchilla`, whose BFGS starts from 32 points around usual values.

    Raises:
        ImportError: the package is not installed.
    """
    from chinchilla import Chinchilla
    from chinchilla._metrics import log_huber

    starts = {
        "E": [1.0, 2.0],
        "a": [3.0, 10.0],
        "b": [3.0, 10.0],
        "alpha": [0.2, 0.5],
        "beta": [0.2, 0.5],
    }

    def loss(true: Array, fitted: Array) -> Array:
        return np.asarray(log_huber(true, fitted, DELTA))

    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        fitter = Chinchilla(folder, param_grid=starts, loss_fn=loss, log_level=40)
        for size, tokens, value in zip(*(runs.column(w) for w in ("params", "tokens", "loss")), strict=True):
            fitter.append(N=size, D=tokens, loss=value, C=6 * size * tokens)
        began = _cpu_with_children()
        fitter.fit()
        spent = _cpu_with_children() - began
    values = np.array([np.log(fitter.A), np.log(fitter.B), np.log(fitter.E), fitter.alpha, fitter.beta], dtype=float)
    return {"cpu": spent, "objective": huber_objective(runs)(values), "starts": 32}


def pypi_chinchilla_alone() -> dict[str, Any]:
    """Run `pypi_chinchilla` in a process of its own: it forks, which a process with threads should not.

    Raises:
        ImportError: the package is not installed.
    """
    if importlib.util.find_spec("chinchilla") is None:
        raise ImportError("chinchilla is not installed (pip install chinchilla)")
    root = Path(__file__).parent.parent
    shown = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "benchmarks.peers"],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=root,
        timeout=300,
    )
    found: dict[str, Any] = json.loads(shown.stdout.splitlines()[-1])
    return found


def _cpu_with_children() -> float:
    """Return CPU time of this process and of those that it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


if __name__ == "__main__":
    from benchmarks.cases import chinchilla_runs

    print(json.dumps(pypi_chinchilla(chinchilla_runs()[0])))
