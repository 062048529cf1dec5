"""Measure everything of `benchmarks/` once and write docs/results/benchmarks.json.

Run from the root of the repository, on a quiet machine: `python -m benchmarks.run`.
"""

import json
import os
import platform
import sys
import tempfile
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
from benchmarks.cases import FITTED, OBJECTIVES, case, chinchilla_runs, cpu_seconds, interleaved
from benchmarks.coverage import KINDS, counts, covered
from benchmarks.coverage import LIMIT as COVERAGE_LIMIT
from benchmarks.curves import CASES as CURVES
from benchmarks.curves import LIMIT as CURVES_LIMIT
from benchmarks.curves import SEARCHES, curves, one_fit, searches
from benchmarks.designs import LIMIT as DESIGN_LIMIT
from benchmarks.designs import WAYS, designed
from benchmarks.difficulty import KINDS as SPREADS
from benchmarks.difficulty import LIMIT as SPREAD_LIMIT
from benchmarks.difficulty import difficult, fitted
from benchmarks.peers import curve_fit_from_its_start, grid_of_starts, pypi_chinchilla_alone
from benchmarks.plans import LIMIT, PLANS, fit_with_draws, planned
from benchmarks.refits import lower_elsewhere, refitted, worst_left
from benchmarks.scale import ROWS, cold_start, measured

from isoflop.fit.fitting import fit_law
from isoflop.fit.result import Fit
from isoflop.runs.table import RunTable
from isoflop.uncertainty.bootstrap import bootstrap

TARGET = Path(__file__).parent.parent / "docs" / "results" / "benchmarks.json"
Row = tuple[str, str, str, str]
FIT_LIMIT, REFITS_LIMIT, EXCESS_LIMIT, COLD_LIMIT, GROWTH_LIMIT = 0.03, 3.0, 1e-9, 2.0, 1.5

PASSES = 25
"""Passes over all fits."""

REFIT_PASSES = 5
"""Passes over all refits."""

SAMPLE = 100
"""Refits that are searched for from everywhere."""


def main() -> None:
    """Measure, print and write."""
    rows: list[Row] = []
    for part in (fits, refits, plans, designs, coverage, difficulty, loss_curves, growth, start, peers):
        for row in part():
            rows.append(row)
            print(" | ".join(row), flush=True)
    result = {
        "title": "Time and memory",
        "text": (
            f"CPU time on one core, the least of several repeats, after import and a first fit. The table is "
            f"{chinchilla_runs()[1]} (240 runs); the law with a break has 250 made-up runs. Other tools minimise "
            "the same objective (Huber, 1e-3) on the same table in the same run. A refit may have several optima: it "
            "is held to the one that it ended in, and how many have a lower one is counted beside it."
        ),
        "command": "python -m benchmarks.run",
        "machine": machine(),
        "versions": {name: version(name) for name in ("isoflop", "numpy", "scipy")}
        | {"python": sys.version.split()[0]},
        "date": datetime.now(UTC).date().isoformat(),
        "columns": ["what", "of", "measured", "limit"],
        "rows": rows,
    }
    TARGET.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", "utf-8")


def fits() -> list[Row]:
    """One fit with its certificate, every law and objective in turn, so that a slow phase falls on all alike."""
    asked = [(name, objective) for name in FITTED for objective in OBJECTIVES]
    tables = {name: case(name) for name in FITTED}
    calls = [partial(fit_law, *tables[name], objective=objective) for name, objective in asked]
    interleaved(calls, 1)
    return [
        ("one fit", f"{name}, {objective}", f"{spent:.3f} CPU-s", judged(spent, FIT_LIMIT, "CPU-s"))
        for (name, objective), spent in zip(asked, interleaved(calls, PASSES), strict=True)
    ]


def refits() -> list[Row]:
    """4000 refits, whether each is at its own optimum, and how many have a lower one elsewhere."""
    asked = [(name, objective) for name in FITTED for objective in OBJECTIVES]
    tables = {name: case(name) for name in FITTED}
    fits = [fit_law(*tables[name], objective=objective) for name, objective in asked]
    calls = [partial(drawn, fit, tables[name][1]) for fit, (name, _) in zip(fits, asked, strict=True)]
    rows = []
    for (name, objective), fit, spent in zip(asked, fits, interleaved(calls, REFIT_PASSES), strict=True):
        of = f"{name}, {objective}"
        made = refitted(fit, tables[name][1], rng=np.random.default_rng(1))
        left = worst_left(made)
        count, most = lower_elsewhere(made, sample=SAMPLE, rng=np.random.default_rng(1))
        found = f"{count} of {SAMPLE}" + (f", lower by at most {most:.1e}" if count else "")
        rows.append(("4000 refits", of, f"{spent:.2f} CPU-s", judged(spent, REFITS_LIMIT, "CPU-s")))
        rows.append(("worst of 4000 refits above its own optimum", of, f"{left:.1e}", judged(left, EXCESS_LIMIT, "")))
        rows.append(("refits with a lower optimum elsewhere", of, found, ""))
    return rows


def drawn(fit: Fit, table: RunTable) -> object:
    """Refit 4000 replicates on one thread."""
    return bootstrap(fit, table, rng=np.random.default_rng(0), draws=4000, resample="pairs", workers=1)


def plans() -> list[Row]:
    """Full plans under limits, with shadow prices, flat region and sensitivities."""
    fit, rows = fit_with_draws(), []
    for name in PLANS:
        spent = cpu_seconds(lambda: planned(name, fit), 3)  # noqa: B023  # called at once
        rows.append(("a plan with 1000 draws", name, f"{spent:.2f} CPU-s", judged(spent, LIMIT, "CPU-s")))
    return rows


def designs() -> list[Row]:
    """Twenty runs from 3000 candidates, fit and draws included."""
    rows = []
    for way in WAYS:
        spent = cpu_seconds(lambda: designed(way), 2)  # noqa: B023  # called at once
        rows.append(("20 runs from 3000 candidates", way, f"{spent:.2f} CPU-s", judged(spent, DESIGN_LIMIT, "CPU-s")))
    return rows


def coverage() -> list[Row]:
    """pass@k of many problems with many samples, without bias."""
    rows = []
    for kind in KINDS:
        n, c = counts(kind)
        spent = cpu_seconds(lambda: covered(n, c), 3)  # noqa: B023  # called at once
        text, limit = f"{spent:.2f} CPU-s", judged(spent, COVERAGE_LIMIT, "CPU-s")
        rows.append(("pass@k of 10000 problems with 10000 samples, 30 values of k", kind, text, limit))
    return rows


def difficulty() -> list[Row]:
    """Distributions of difficulty by maximum likelihood."""
    rows = []
    for kind in SPREADS:
        correct = difficult(kind)
        spent = cpu_seconds(lambda: fitted(kind, correct), 5)  # noqa: B023  # called at once
        text, limit = f"{spent:.3f} CPU-s", judged(spent, SPREAD_LIMIT, "CPU-s")
        rows.append(("beta-binomial fit of 1000 problems", kind, text, limit))
    return rows


def loss_curves() -> list[Row]:
    """Whole loss curves by the multi-power law."""
    rows = []
    for what in CURVES:
        law, runs = curves(what)
        spent = cpu_seconds(lambda: one_fit(law, runs), 3)  # noqa: B023  # called at once
        rows.append((what, "one fit with certificate", f"{spent:.2f} CPU-s", judged(spent, CURVES_LIMIT, "CPU-s")))
        spent = cpu_seconds(lambda: searches(law, runs), 3)  # noqa: B023  # called at once
        of = f"{SEARCHES} searches on all rows, {searches(law, runs)} at one end"
        rows.append((what, of, f"{spent:.2f} CPU-s", judged(spent, CURVES_LIMIT, "CPU-s")))
    return rows


def growth() -> list[Row]:
    """The search as the table grows: time per run and memory against those at 10,000 runs."""
    found = {count: measured(count) for count in ROWS}
    base = found[10_000]
    rows = []
    for count, one in found.items():
        slower = one["cpu"] / count / (base["cpu"] / 10_000)
        linear = count <= 10_000 or (slower <= GROWTH_LIMIT and one["taken"] <= GROWTH_LIMIT * base["taken"])
        limit = f"per run and in memory at most {GROWTH_LIMIT:g} times 10000 runs: " + ("holds" if linear else "missed")
        text = f"{one['cpu']:.3f} CPU-s, {one['taken']:.1f} MiB beyond the table"
        rows.append(("one search", f"chinchilla, {count} runs", text, limit if count > 10_000 else ""))
    return rows


def start() -> list[Row]:
    """The command from nothing to its answer."""
    with tempfile.TemporaryDirectory() as folder:
        spent = cold_start(Path(folder))
    return [("`isoflop fit` from a cold start", "chinchilla", f"{spent:.2f} s", judged(spent, COLD_LIMIT, "s"))]


def peers() -> list[Row]:
    """The others, as multiples of isoflop's time and of its objective."""
    law, table = case("chinchilla")
    fit = fit_law(law, table, objective="log-huber:1e-3")
    own = cpu_seconds(lambda: fit_law(law, table, objective="log-huber:1e-3"), 25)
    rows = [("the same fit", "isoflop, with certificate", f"{own:.3f} CPU-s, objective {fit.value:.11g}", "")]

    def add(name: str, found: dict[str, object], note: str = "") -> None:
        ratio, above = float(str(found["cpu"])) / own, float(str(found["objective"])) / fit.value - 1
        measured = f"{float(str(found['cpu'])):.3g} CPU-s = {ratio:.3g} times; objective {above:+.2g} relative{note}"
        rows.append(("the same fit", name, measured, ""))

    grid = grid_of_starts(table, 0.1, np.random.default_rng(0))
    share = f"; {grid['reached']:.1%} of the starts come within 1e-4"
    add(f"SciPy L-BFGS-B, {grid['starts']} starts (450 run, time scaled)", dict(grid), share)
    curve = curve_fit_from_its_start(table)
    if "failed" in curve:
        rows.append(("the same fit", "SciPy curve_fit, default start", f"stops: {curve['failed']}", ""))
    else:
        shown = ", ".join(f"{value:.3g}" for value in curve["parameters"])
        add("SciPy curve_fit, default start", curve, f"; returns {shown} for E, A, B, α, β")
    try:
        add("PyPI chinchilla, 32 starts", pypi_chinchilla_alone())
    except ImportError as error:
        rows.append(("the same fit", "PyPI chinchilla", f"not measured: {error}", ""))
    return rows


def judged(value: float, limit: float, unit: str) -> str:
    """Return the limit and whether it holds."""
    return f"{limit:g} {unit}".strip() + (": holds" if value <= limit else ": missed")


def machine() -> str:
    """Return the processor's model and the number of cores, nothing else about the machine."""
    model = platform.machine()
    with Path("/proc/cpuinfo").open(encoding="utf-8") as lines:
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), model)
    return f"{model}, {os.cpu_count()} cores"


if __name__ == "__main__":
    main()
