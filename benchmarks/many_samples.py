"""Memory and time of counting samples of a Parquet file that does not fit into memory.

Run: python -m benchmarks.many_samples [samples]; 1e8 by default. Prints one JSON object.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROBLEMS = 10_000
LIMIT = 2048
"""Megabytes that reading may take."""


def write(path: Path, samples: int) -> None:
    """Write samples in random order: problem, attempt, and whether it is correct, at a rate of the problem's own."""
    import duckdb

    # A multiplier without a common factor visits every place once, as if shuffled.
    spread = f"SELECT (range * 7919) % {samples} AS place FROM range({samples})"
    rate = f"((place % {PROBLEMS}) + 0.5) / {PROBLEMS}"
    with duckdb.connect(":memory:") as connection:
        connection.execute("SET memory_limit = '1GB'")
        connection.execute(
            f"COPY (SELECT 'task/' || (place % {PROBLEMS}) AS problem, place // {PROBLEMS} AS attempt, "
            f"(hash(place) % 1000000) / 1000000.0 < {rate} AS correct FROM ({spread})) TO '{path}' (FORMAT parquet)"
        )


def read(path: Path) -> dict[str, float]:
    """Count in this process; its peak memory is that of Python, of DuckDB and of the counts."""
    from isoflop.testtime.reading.read import read_counts

    start, spent = time.perf_counter(), time.process_time()
    counts = read_counts(path)
    return {
        "samples": counts.samples, "problems": len(counts), "correct": int(counts.c.sum()),
        "wall": time.perf_counter() - start, "cpu": time.process_time() - spent,
        "peak_megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }  # fmt: skip


def main(samples: int) -> None:
    """Write, and read in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "samples.parquet"
        write(path, samples)
        shown = subprocess.run(
            [sys.executable, "-m", "benchmarks.many_samples", "--read", str(path)],
            capture_output=True, text=True, check=True, cwd=Path(__file__).parent.parent,
        )  # fmt: skip
    found = json.loads(shown.stdout)
    print(json.dumps(found))
    if found["samples"] != samples or found["peak_megabytes"] > LIMIT:
        raise SystemExit(f"{samples} samples were to be counted within {LIMIT} MB.")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--read"]:
        print(json.dumps(read(Path(sys.argv[2]))))
    else:
        main(int(float(sys.argv[1])) if len(sys.argv) > 1 else 10**8)
