"""The table of a ladder: one row a run, the curves beside it, and where all of it came from."""

import csv
import gzip
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from isoflop.errors import FileError
from isoflop.ladder.corpus import CorpusFacts, load_facts, write_atomically
from isoflop.ladder.grid import Ladder
from isoflop.ladder.rows import MEASURED, SETTINGS, Record, read_record

COLUMNS: Final = ("run", *SETTINGS[1:5], *MEASURED[:3], *SETTINGS[5:], MEASURED[3])
"""Order of the table's columns."""

CURVE_COLUMNS: Final = ("run", "step", "tokens", "train_loss", "lr")

COUNTED: Final = {
    "params": "all parameters N: matrices, norm gains, and the embedding once (it is the output head as well, tied)",
    "params_non_embedding": "params without the tied embedding (256 x width)",
    "tokens": "training tokens D; a token is a byte; no part of the corpus is read twice",
    "flops": "6 params tokens",
    "flops_exact": "3 tokens (2 matrix parameters + 2 depth width (context + 1)): causal attention counted",
    "loss": "mean over the held-out windows at the end of the run, nats per byte",
    "evaluation_se": "standard error of loss over windows; windows are shared by all runs, which differ by less",
    "train_loss": "mean of the last stretch of the training curve, nats per byte",
    "seconds": "wall time of training on a machine that did other work as well",
    "hidden": "width of the feed-forward layer",
}
"""What the columns count."""


def write_table(folder: Path, ladder: Ladder, *, remarks: Mapping[str, object] | None = None) -> int:
    """Write `ladder.csv`, `ladder_curves.csv.gz` and `ladder.json` from the records in a folder.

    Args:
        folder: where `run_ladder` put its records; the tables go beside them.
        ladder: the ladder whose runs to take; records of other runs are left alone.
        remarks: more to say in `ladder.json`, such as how the learning rate was found.

    Returns:
        Rows written.

    Raises:
        FileError: there is no record yet, or one cannot be read.
        TableError: a record has a row that is not usable.
    """
    paths = {job.name: folder / "runs" / f"{job.name}.json" for job in ladder.jobs}
    present = {name: path for name, path in paths.items() if path.exists()}
    if not present:
        raise FileError(f"There is no finished run in {folder}. Run the ladder first.")
    records = sorted((read_record(path) for path in present.values()), key=_by_size)
    write_atomically(folder / "ladder.csv", _csv(COLUMNS, (record.row for record in records)))
    curves = _csv(CURVE_COLUMNS, (point for record in records for point in _points(record)))
    write_atomically(folder / "ladder_curves.csv.gz", gzip.compress(curves, mtime=0))
    ends = [datetime.fromtimestamp(path.stat().st_mtime, UTC) for path in present.values()]
    about = _about(ladder, records, load_facts(folder / "corpus"), ends)
    about["runs_missing"] = [name for name in paths if name not in present]
    about.update(remarks or {})
    write_atomically(folder / "ladder.json", (json.dumps(about, indent=1, ensure_ascii=False) + "\n").encode())
    return len(records)


def _by_size(record: Record) -> tuple[float, ...]:
    """Order of the rows: width, tokens, seed."""
    return tuple(float(record.row[word]) for word in ("width", "tokens", "seed"))


def _csv(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> bytes:
    """Rows as CSV; what a row does not have is an empty cell."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _points(record: Record) -> list[dict[str, object]]:
    """A run's curve with the run's name, losses to six digits."""
    rounded = ({k: v if isinstance(v, int) else float(f"{v:.6g}") for k, v in asdict(p).items()} for p in record.curve)
    return [{"run": record.row["run"], **point} for point in rounded]


def _about(
    ladder: Ladder, records: Sequence[Record], corpus: CorpusFacts, ends: Sequence[datetime]
) -> dict[str, object]:
    """Provenance: packages, corpus, machine, versions, times, conventions."""
    seconds = sum(float(r.row["seconds"]) + float(r.row.get("evaluation_seconds", 0.0)) for r in records)
    return {
        "title": "Byte-level transformers trained by isoflop's ladder on Python sources",
        "rows": len(records),
        "diverged": sum(record.row["status"] != "finished" for record in records),
        "units": {"loss": "nats per byte", "seconds": "s", "lr": "per step"},
        "counted": COUNTED,
        "corpus": {
            "text": "Python sources (.py) of the pinned wheels, empty files, copies and tables of numbers left out",
            "packages": [asdict(package) for package in ladder.packages],
            "held_out": f"files whose path's SHA-256 (first 12 hex digits) is 0 modulo {ladder.held_out_one_in}",
            "held_out_windows": ladder.held_out_windows,
            **asdict(corpus),
        },
        "recipe": asdict(ladder.recipe),
        "machine": sorted({record.about["machine"] for record in records}),
        "torch": sorted({record.about["torch"] for record in records}),
        "isoflop": version("isoflop"),
        "first_run_ended": min(ends).isoformat(timespec="seconds"),
        "last_run_ended": max(ends).isoformat(timespec="seconds"),
        "run_seconds": round(seconds),
    }
