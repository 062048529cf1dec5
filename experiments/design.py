"""What a tenth of a pool's cost buys: designs against random choice, cheapest first, and all data.

Three pools of finished runs with their own held-out split (ScaleBench: Farseer's dense runs, Step Law's
sweep of learning rate and batch, sparse upcycled models). Every way of choosing may spend 10 % of the pool's
cost; the law is then fitted to what was bought and predicts the held-out runs. All begin with the same cheapest
runs; the design is fitted again in four rounds, and never looks at results that it did not buy.

Run: ISOFLOP_DATA=folder python experiments/design.py [seeds] [pool ...]
It writes docs/results/design.json.
"""

import json
import os
import platform
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

import isoflop as iso
from isoflop.laws import Law, from_text, get
from isoflop.plan.design.replay import Replay, replay_design, replay_order, start_rows
from isoflop.runs.table import RunTable

SHARE = 0.1
POWERS = (None, 0.4, 0.0)
RESULT = Path(__file__).parent.parent / "docs" / "results" / "design.json"
STEPLAW = "E + A/N^alpha + B/D^beta + p*log(lr/(1.79*N^-0.713*D^0.307))^2 + s*log(batch_tokens/(0.58*D^0.571))^2"


def farseer(table: RunTable) -> RunTable:
    """Size, tokens, loss."""
    return RunTable.from_columns({w: table.column(w) for w in ("params", "tokens", "loss")})


def steplaw(table: RunTable) -> RunTable:
    """The same with learning rate and batch; sequences have 2,048 tokens."""
    columns = {w: table.column(w) for w in ("params", "tokens", "lr", "loss")}
    return RunTable.from_columns({**columns, "batch_tokens": table.column("batch_sequences") * 2048})


def sparsity(table: RunTable) -> RunTable:
    """Active parameters and tokens of the second stage; the price counts both stages."""
    size, data = table.column("params"), 1e9 * table.column("D2_")
    dense = 1e9 * table.column("N_dense_B") * 1e9 * table.column("D1_")
    return RunTable.from_columns(
        {"params": size, "tokens": data, "loss": table.column("loss"), "flops": 6 * (dense + size * data)}
    )


POOLS: dict[str, tuple[Any, tuple[Law, ...]]] = {
    "farseer_dense": (farseer, (get("chinchilla"), get("skaling"))),
    "sparsity_moe": (sparsity, (get("chinchilla"),)),
    "steplaw_scalebench": (
        steplaw,
        (from_text(STEPLAW, name="chinchilla with Step Law's bowl", columns=("lr", "batch_tokens")),),
    ),
}
"""Pool → how its columns are read, and the laws to fit."""


def row(found: Replay, seconds: float, **more: object) -> dict[str, Any]:
    """One result as JSON."""
    return {
        "strategy": found.strategy, **more, "runs": len(found.rows), "spent": round(found.spent, 4),
        "mean_abs_rel_error": round(found.error, 5), "r2": round(found.r2, 4), "verdict": found.verdict,
        "cpu_seconds": round(seconds, 2),
    }  # fmt: skip


def replays(law: Law, pool: RunTable, held_out: RunTable, seeds: int) -> list[dict[str, Any]]:
    """All ways of choosing on one pool."""
    found = []

    def timed(strategy: str, order: np.ndarray, share: float, **more: object) -> None:
        began = time.process_time()
        done = replay_order(law, pool, held_out, order, strategy=strategy, share=share)
        found.append(row(done, time.process_time() - began, **more))

    for power, curvature in (*((power, None) for power in POWERS), (None, 0.0)):
        began = time.process_time()
        done = replay_design(law, pool, held_out, share=SHARE, power=power, curvature=curvature)
        words = "best of 1, 0.4, 0" if power is None else power
        trusted = {} if curvature is None else {"curvature": curvature}
        found.append(row(done, time.process_time() - began, power=words, **trusted))
    start = start_rows(pool.column("flops"), len(law.parameter_names))
    rest = np.setdiff1d(np.arange(len(pool)), start)
    for seed in range(seeds):
        order = np.concatenate([start, np.random.default_rng(seed).permutation(rest)])
        timed("random", order, SHARE, seed=seed)
    timed("cheapest", np.argsort(pool.column("flops"), kind="stable"), SHARE)
    timed("all", np.arange(len(pool)), 1.0)
    return found


def shown(result: dict[str, Any]) -> dict[str, Any]:
    """The result with the table that the documentation shows."""
    rows = []
    for pool in result["pools"]:
        of = f"{pool['pool']}, {pool['law']}"
        for r in pool["results"]:
            if r["strategy"] != "random":
                way = r["strategy"] if "power" not in r else f"design, power {r['power']}"
                way += ", the law taken as right" if "curvature" in r else ""
                rows.append((of, way, str(r["runs"]), f"{r['mean_abs_rel_error']:.2%}", f"{r['r2']:.2f}"))
        spread = f"{pool['random_mean_abs_rel_error']:.2%} ± {pool['random_sd']:.2%}"
        rows.append((of, f"random, {len(result['seeds'])} seeds", "", spread, ""))
    text = (
        f"Finished runs of three pools with their own held-out split. Every way but `all` spends at most "
        f"{result['share_of_cost']:.0%} of the pool's cost, and all but `cheapest` and `all` begin with the same "
        "cheapest runs. Error is the mean of |predicted/observed − 1| over the held-out runs. The default is the best "
        "of three powers of the cost by the criterion, with the squared bias of what the law may miss in second order; "
        "`the law taken as right` leaves that bias out, as designs did before."
    )
    return {
        "title": "A tenth of a pool's cost, by design", "text": text, "command": "python experiments/design.py",
        "machine": f"{os.cpu_count()} cores, {result['cpu_seconds']} CPU-s in all",
        "columns": ["pool and law", "way of choosing", "runs", "error", "R²"], "rows": rows, **result,
    }  # fmt: skip


def main(seeds: int, names: list[str]) -> None:
    """Replay every pool and write the result."""
    folder, began = Path(os.environ["ISOFLOP_DATA"]), time.process_time()
    result: dict[str, Any] = {"share_of_cost": SHARE, "rounds": 4, "seeds": list(range(seeds)), "pools": []}
    for name in names:
        columns, laws = POOLS[name]
        pool, held_out = (
            columns(iso.read_runs(folder / f"{name}.csv", where=f"split = '{split}'")) for split in ("train", "test")
        )
        for law in laws:
            rows = replays(law, pool, held_out, seeds)
            errors = [r["mean_abs_rel_error"] for r in rows if r["strategy"] == "random"]
            result["pools"].append(
                {
                    "pool": name, "law": law.name, "formula": law.formula, "runs": len(pool),
                    "held_out": len(held_out), "random_mean_abs_rel_error": round(float(np.mean(errors)), 5),
                    "random_sd": round(float(np.std(errors, ddof=1)), 5), "results": rows,
                }
            )  # fmt: skip
            print(json.dumps(result["pools"][-1], indent=1), flush=True)
    result["cpu_seconds"] = round(time.process_time() - began, 1)
    result["versions"] = {"isoflop": version("isoflop"), "numpy": version("numpy"), "python": platform.python_version()}
    result["pools_left_out"] = [name for name in POOLS if name not in names]
    RESULT.write_text(json.dumps(shown(result), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10, sys.argv[2:] or list(POOLS))
