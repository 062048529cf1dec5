"""One record per finished run: checked when written, by the code that reads run tables."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Final

from isoflop.errors import FileError, TableError
from isoflop.ladder.corpus import write_atomically
from isoflop.ladder.grid import Job
from isoflop.ladder.shape import Derived, Recipe
from isoflop.ladder.train import Outcome
from isoflop.units import FLOPS_PER_PARAM_TOKEN

Cell = float | int | str

REQUIRED: Final = (
    *("params", "params_non_embedding", "tokens", "flops", "flops_exact", "steps", "batch_tokens", "lr", "seed"),
    *("width", "depth", "heads", "hidden", "seconds", "tokens_per_second", "status", "run"),
)
"""Words that every row has."""

MEASURED: Final = ("loss", "loss_se", "train_loss")
"""Words that a finished row has and a diverged one has not."""


def row_of(job: Job, derived: Derived, recipe: Recipe, outcome: Outcome) -> dict[str, Cell]:
    """The row of one run; what was not measured is absent.

    Args:
        job: which run.
        derived: its settings.
        recipe: what all runs share.
        outcome: what was measured.

    Returns:
        Word → value. `flops` is 6 · params · tokens, `flops_exact` counts attention as well.
    """
    shape = derived.shape
    row: dict[str, Cell] = {
        "run": job.name,
        "params": shape.params,
        "params_non_embedding": shape.params_non_embedding,
        "tokens": outcome.tokens,
        "flops": FLOPS_PER_PARAM_TOKEN * shape.params * outcome.tokens,
        "flops_exact": shape.flops(outcome.tokens, recipe.context),
        "steps": outcome.steps,
        "batch_tokens": derived.sequences * recipe.context,
        "lr": derived.lr,
        "seed": job.seed,
        "width": shape.width,
        "depth": shape.depth,
        "heads": shape.heads,
        "hidden": shape.hidden,
        "seconds": round(outcome.seconds, 3),
        "tokens_per_second": round(outcome.tokens / outcome.seconds, 1),
        "status": "finished" if outcome.loss is not None else "diverged",
    }
    measured = (outcome.loss, outcome.loss_se, outcome.train_loss)
    row.update({word: value for word, value in zip(MEASURED, measured, strict=True) if value is not None})
    if outcome.loss is not None:
        row["evaluation_seconds"] = round(outcome.evaluation_seconds, 3)
    return row


def check_row(row: Mapping[str, Cell]) -> None:
    """Refuse a row that a fit could not use.

    Args:
        row: word → value.

    Raises:
        TableError: a word is missing, or a number is not finite and positive (a seed may be 0).
    """
    name = row.get("run", "?")
    wanted = REQUIRED if row.get("status") == "diverged" else (*REQUIRED, *MEASURED)
    for word in wanted:
        if word not in row:
            raise TableError(f"The row of run {name} has no {word!r}. Make that run again.")
    for word, value in row.items():
        if isinstance(value, str):
            continue
        if not math.isfinite(value) or value < 0 or (value == 0 and word != "seed"):
            raise TableError(f"The row of run {name} has {word} = {value}, which no run can have. Make that run again.")


def write_record(folder: Path, row: Mapping[str, Cell], outcome: Outcome, about: Mapping[str, str]) -> None:
    """Write row, curve and machine of one run in one file, whole or not at all."""
    check_row(row)
    record = {"row": dict(row), "about": dict(about), "curve": [asdict(point) for point in outcome.curve]}
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(record, indent=1, allow_nan=False)
    write_atomically(folder / f"{row['run']}.json", text.encode())


def read_record(path: Path) -> dict[str, dict[str, Cell]]:
    """Read and check one run's file.

    Raises:
        FileError: the file is not one that `write_record` wrote.
        TableError: its row is not usable.
    """
    try:
        record: dict[str, dict[str, Cell]] = json.loads(path.read_text(encoding="utf-8"))
        check_row(record["row"])
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise FileError(f"{path} is not the record of a run: {error!r}. Remove it; the ladder makes that run again.") from error
    return record
