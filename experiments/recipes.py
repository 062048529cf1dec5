"""How often intervals between recipes contain the truth: a simulation whose truth is known.

Two recipes with 20 runs each of `E + K C^-a`, forecast ten times beyond the largest run; and with 25 runs each
of Chinchilla's law, a hundred times beyond. One fit with common exponents, or one fit per recipe.

Run: python experiments/recipes.py [simulations]
It writes docs/results/recipes.json.
"""

import json
import os
import platform
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np

from isoflop.fit.fitting import fit_law
from isoflop.fit.result import Fit
from isoflop.laws.catalogue import as_law
from isoflop.laws.law import Law
from isoflop.laws.optimum import compute_optimum
from isoflop.recipes import gaps
from isoflop.recipes.curves import Curves, lay_joint, lay_separate, scale_of
from isoflop.recipes.pool import Prior, family_of, fit_each
from isoflop.runs.table import RunTable
from isoflop.uncertainty.bootstrap import bootstrap

LEVELS = (0.9, 0.95)
NOISE = 3e-3
DRAWS = 300
RESULT = Path(__file__).parent.parent / "docs" / "results" / "recipes.json"


@dataclass(frozen=True)
class Design:
    """Runs of two recipes, and where they are compared."""

    name: str
    law: Law
    columns: dict[str, np.ndarray]
    recipes: dict[str, dict[str, float]]
    flops: float

    def truth(self) -> dict[str, float]:
        """Difference and compute multiplier of the new recipe over the old one."""
        old, new = ([values[n] for n in self.law.parameter_names] for values in self.recipes.values())
        if "flops" in self.law.columns:
            gap = [float(self.law.evaluate(np.array([p]), {"flops": np.array([self.flops])})[0, 0]) for p in (old, new)]
            values = self.recipes["old"]
            reach = 1e18 * (values["K"] / (gap[1] - values["E"])) ** (1 / values["a"])
        else:
            gap = [float(compute_optimum(self.law, p, self.flops).loss) for p in (old, new)]
            grid = np.geomspace(self.flops, 10 * self.flops, 20001)
            reach = float(np.interp(-gap[1], -compute_optimum(self.law, old, grid).loss, grid))
        return {"difference": gap[1] - gap[0], "multiplier": reach / self.flops}

    def runs(self, seed: int) -> RunTable:
        """Runs of both recipes with noise."""
        rng, parts = np.random.default_rng(seed), []
        for values in self.recipes.values():
            # The plane begins below the range of the law's source, which is of no matter here.
            loss = self.law.evaluate(np.array([[values[n] for n in self.law.parameter_names]]), self.columns)[0]
            parts.append(loss * np.exp(NOISE * rng.standard_normal(len(loss))))
        count = len(parts[0])
        rows = {word: np.tile(column, 2) for word, column in self.columns.items()}
        return RunTable.from_columns(
            {"recipe": np.repeat(list(self.recipes), count), **rows, "loss": np.concatenate(parts)}
        )


def line() -> Design:
    """Twenty runs a recipe along one line of compute."""
    law = as_law("E + K/(C/1e18)^a")
    recipes = {"old": {"E": 1.7, "K": 1.2, "a": 0.15}, "new": {"E": 1.7, "K": 1.1, "a": 0.15}}
    return Design("E + K/C^a, 20 runs a recipe", law, {"flops": np.geomspace(1e18, 1e21, 20)}, recipes, 1e22)


def plane() -> Design:
    """Five budgets with five ratios a recipe."""
    flops, ratio = (g.ravel() for g in np.meshgrid(np.geomspace(1e18, 1e20, 5), np.geomspace(5, 120, 5)))
    params = np.sqrt(flops / 6 / ratio)
    dense = {"E": 1.69, "A": 406.4, "alpha": 0.34, "B": 410.7, "beta": 0.28}
    recipes = {"old": dense, "new": {**dense, "A": 380.0, "B": 385.0}}
    columns = {"params": params, "tokens": flops / 6 / params}
    return Design("Chinchilla, 25 runs a recipe", as_law("chinchilla"), columns, recipes, 1e22)


CASES = (
    (line(), "shared", "log-ls"),
    (line(), "separate", "log-ls"),
    (line(), "shared", "log-huber"),
    (line(), "separate", "log-huber"),
    (plane(), "shared", "log-huber"),
)


def laid(design: Design, way: str, objective: str, seed: int) -> Curves:
    """Both recipes fitted, with their draws."""
    table, family = design.runs(seed), family_of(design.law)

    def fitter(law: Law, runs: RunTable, /, prior: Prior | None = None) -> Fit:
        rng = np.random.default_rng([seed, len(runs)])
        return bootstrap(fit_law(law, runs, objective=objective, prior=prior), runs, draws=DRAWS, rng=rng, workers=1)

    scale, _ = scale_of(design.law, {"flops": design.flops}, None)
    if way == "shared":
        return lay_joint(family, fitter(family.joint, table), table, scale)
    return lay_separate(family, fit_each(family, table, fitter), table, scale)


def one(design: Design, way: str, objective: str, seed: int) -> dict[float, dict[str, bool]]:
    """Whether each interval of one study holds the truth: level → quantity → bool."""
    curves, x = laid(design, way, objective, seed), float(np.log(design.flops))
    old, new = (curves.losses(np.array([[x]]))[curves.names.index(name), :, 0] for name in ("old", "new"))
    truth, found = design.truth(), {}
    for level in LEVELS:
        at = Curves(**{**vars(curves), "level": level})
        intervals = {
            "difference": gaps.estimate_of(at, new - old).interval,
            "multiplier": gaps.multiplier_of(at, at.names.index("old"), new, x).interval,
        }
        found[level] = {name: bool(low <= truth[name] <= high) for name, (low, high) in intervals.items()}
    return found


def simulate(case: tuple[Design, str, str], seeds: Iterable[int]) -> dict[float, dict[str, float]]:
    """Share of studies whose intervals hold the truth: level → quantity → share."""
    studies = [one(*case, seed) for seed in seeds]
    return {v: {name: float(np.mean([s[v][name] for s in studies])) for name in studies[0][v]} for v in LEVELS}


def main(count: int) -> None:
    """Run the simulation and write its result."""
    began, rows, cases = time.process_time(), [], []
    for case in CASES:
        shares = simulate(case, range(count))
        design, way, objective = case
        cases.append({"design": design.name, "way": way, "objective": objective, "coverage": shares})
        for name in shares[LEVELS[0]]:
            rows.append([design.name, way, objective, name, *(f"{shares[level][name]:.1%}" for level in LEVELS)])
        print(rows[-2:], flush=True)
    result = {
        "title": "Intervals between recipes",
        "text": f"{count} simulated studies each of two recipes with {NOISE:.1%} noise and {DRAWS} draws, compared 10 "
        "(line) or 100 (plane) times beyond the largest runs. Share of intervals that hold the truth; its standard "
        f"error is {np.sqrt(0.09 / count):.1%} at 90 %.",
        "command": "python experiments/recipes.py",
        "machine": f"{os.cpu_count()} cores, {time.process_time() - began:.0f} CPU-s in all",
        "columns": ["runs", "fit", "objective", "interval of", *(f"nominal {level:.0%}" for level in LEVELS)],
        "rows": rows,
        "simulations": count,
        "cases": cases,
        "versions": {"isoflop": version("isoflop"), "numpy": version("numpy"), "python": platform.python_version()},
    }
    RESULT.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
