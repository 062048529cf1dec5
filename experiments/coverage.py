"""How often isoflop's intervals contain the truth: a simulation whose truth is known.

Five budgets with eight sizes each, from the rounded Chinchilla law with 0.5 % noise (Gaussian, and
Student-t with 3 degrees of freedom scaled to the same standard deviation); the target lies a
thousand times beyond the largest budget. Run: python experiments/coverage.py [simulations]
It writes docs/results/coverage.json, which docs/intervals.md shows.
"""

import json
import platform
import sys
import time
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

import isoflop as iso
from isoflop.laws.optimum import compute_optimum

TRUTH = {"E": 1.69, "A": 406.4, "alpha": 0.34, "B": 410.7, "beta": 0.28}
LAW = iso.laws.get("chinchilla")
BUDGETS = np.geomspace(1e18, 1e20, 5)
SPREAD = np.geomspace(1 / 8, 8, 8)
TARGET = 1e23
NOISE = 0.005
LEVELS = (0.9, 0.95)
RESULT = Path(__file__).parent.parent / "docs" / "results" / "coverage.json"


def best_params(theta: ArrayLike, flops: float) -> NDArray[np.float64]:
    """N* at one budget for a batch of parameter vectors."""
    return compute_optimum(LAW, np.atleast_2d(theta), flops).params


def design() -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Params, tokens and exact loss of the forty runs."""
    truth = [TRUTH[n] for n in LAW.parameter_names]
    params = np.concatenate([best_params(truth, c)[0] * SPREAD for c in BUDGETS])
    tokens = np.repeat(BUDGETS, len(SPREAD)) / (6 * params)
    return params, tokens, LAW.predict(TRUTH, params=params, tokens=tokens)


def noise_of(kind: str, rng: np.random.Generator, size: int) -> NDArray[np.float64]:
    """Relative noise with standard deviation NOISE."""
    if kind == "gaussian":
        return rng.normal(0, NOISE, size)
    return rng.standard_t(3, size) * NOISE / np.sqrt(3)


def one(kind: str, seed: int, draws: int = 1000) -> dict[float, dict[str, bool]]:
    """Whether each interval of one simulated study contains the truth: quantity → level → bool."""
    params, tokens, loss = design()
    rng = np.random.default_rng([seed, 0 if kind == "gaussian" else 1])
    noisy = loss * np.exp(noise_of(kind, rng, len(loss)))
    runs = iso.RunTable.from_columns({"params": params, "tokens": tokens, "loss": noisy})
    fit = iso.fit(LAW, runs, seed=seed, bootstrap=draws)
    truth = [TRUTH[n] for n in LAW.parameter_names]
    size = float(best_params(truth, TARGET)[0])
    there = {"params": size, "tokens": TARGET / 6 / size}

    def optimum(p: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
        return best_params(np.stack([p[n] for n in LAW.parameter_names], axis=-1), TARGET)

    found = {}
    for level in LEVELS:
        intervals = {
            "alpha": (fit.interval("alpha", level), TRUTH["alpha"]),
            "beta": (fit.interval("beta", level), TRUTH["beta"]),
            "N* at the target": (iso.propagate(fit, optimum, level=level).interval, size),
            "L at the target": (
                fit.predict(level=level, new_run=False, **there).interval,
                float(LAW.predict(TRUTH, **there)),
            ),
        }
        found[level] = {name: bool(low <= true <= high) for name, ((low, high), true) in intervals.items()}
    return found


def simulate(kind: str, seeds: Iterable[int], draws: int = 1000) -> dict[float, dict[str, float]]:
    """Share of studies whose intervals contain the truth: level → quantity → share."""
    studies = [one(kind, seed, draws) for seed in seeds]
    return {
        level: {name: float(np.mean([s[level][name] for s in studies])) for name in studies[0][level]}
        for level in LEVELS
    }


def main(count: int) -> None:
    """Run the simulation and write its result."""
    started = time.process_time()
    coverage = {
        kind: {f"{level:.0%}": shares for level, shares in simulate(kind, range(count)).items()}
        for kind in ("gaussian", "student-t 3")
    }
    result = {
        "design": f"{len(BUDGETS)} budgets {BUDGETS[0]:.0e} to {BUDGETS[-1]:.0e} x {len(SPREAD)} sizes, "
        f"noise {NOISE:.1%}, target {TARGET:.0e} FLOPs ({TARGET / BUDGETS[-1]:.0f} times the largest budget)",
        "simulations": count,
        "draws": 1000,
        "resample": "bayes",
        "standard_error": round(float(np.sqrt(0.9 * 0.1 / count)), 4),
        "coverage": coverage,
        "cpu_seconds": round(time.process_time() - started, 1),
        "versions": {"isoflop": version("isoflop"), "numpy": version("numpy"), "python": platform.python_version()},
    }
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
