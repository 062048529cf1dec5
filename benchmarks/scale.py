"""Cost and memory of one fit as the table grows; every size in a process of its own."""

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

ROWS = (240, 1_000, 10_000, 100_000, 1_000_000)
_MEGABYTE = 1 << 20


def measured(rows: int) -> dict[str, float]:
    """Return the CPU time and memory of one fit, measured in a new process."""
    shown = subprocess.run(
        [sys.executable, "-m", "benchmarks.scale", str(rows)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parent.parent,
    )
    found: dict[str, float] = json.loads(shown.stdout)
    return found


def cold_start(folder: Path, repeats: int = 5) -> float:
    """Return the least wall time of `isoflop fit runs.csv --law chinchilla` in a new process, which ends by itself."""
    from benchmarks.cases import chinchilla_runs

    runs = chinchilla_runs()[0]
    path = folder / "runs.csv"
    words = ("params", "tokens", "loss")
    lines = [",".join(map(repr, row)) for row in zip(*(runs.column(w).tolist() for w in words), strict=True)]
    path.write_text("\n".join([",".join(words), *lines]) + "\n", "utf-8")
    command = [sys.executable, "-c", "from isoflop.cli import main; main()", "fit", str(path), "--law", "chinchilla"]
    # As on a user's machine: the modules are compiled once, when they are installed or first used.
    compiled = {"PYTHONPYCACHEPREFIX": str(folder / "compiled")}
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | compiled
    subprocess.run(command, capture_output=True, check=True, env=environment)
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        subprocess.run(command, capture_output=True, check=True, env=environment)
        times.append(time.perf_counter() - start)
    return min(times)


def _measure(rows: int) -> None:
    """Print the CPU time of a second fit, and the memory that one takes beyond its table."""
    import tracemalloc

    from benchmarks.cases import cpu_seconds, made_up_runs

    from isoflop import laws
    from isoflop.fit.objective import parse_objective
    from isoflop.fit.prepare import bind_checked, prepare
    from isoflop.fit.search import search

    law, objective = laws.get("chinchilla"), parse_objective("log-huber:1e-3")
    runs = prepare(law, made_up_runs(rows), "loss")
    problem = bind_checked(law, runs, "loss", objective, fix={}, prior={}, weights=None, noise=None)
    optimum = search(problem, objective)
    spent = cpu_seconds(lambda: search(problem, objective), 3 if rows < 1e5 else 1)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    tracemalloc.start()
    search(problem, objective)
    taken = tracemalloc.get_traced_memory()[1] / _MEGABYTE
    print(json.dumps({"cpu": spent, "peak": peak, "taken": taken, "objective": optimum.value}))


if __name__ == "__main__":
    _measure(int(sys.argv[1]))
