"""One record per finished run: checked when written, by the code that reads run tables."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from isoflop.errors import FileError, TableError
from isoflop.ladder.corpus import write_atomically
from isoflop.ladder.grid import Job
from isoflop.ladder.outcome import CurvePoint, Outcome
from isoflop.ladder.shape import Derived, Recipe
from isoflop.runs.columns import VOCABULARY
from isoflop.runs.table import RunTable
from isoflop.units import training_flops

Cell = float | int | str
Row = Mapping[str, Cell]

SETTINGS: Final = (
    *("run", "params", "params_non_embedding", "tokens", "flops", "flops_exact", "steps", "batch_tokens", "lr", "seed"),
    *("width", "depth", "heads", "hidden", "status", "seconds", "tokens_per_second"),
)
"""Words that every row has."""

MEASURED: Final = ("loss", "evaluation_se", "train_loss", "evaluation_seconds")
"""Words that the row of a finished run has and that of a diverged one lacks."""

FINISHED: Final = "finished"
DIVERGED: Final = "diverged"


@dataclass(frozen=True)
class Record:
    """What is kept of one run.

    Attributes:
        row: word → value; what was not measured is absent.
        about: machine, version of torch, hash of the corpus.
        curve: the training curve.
    """

    row: Row
    about: Mapping[str, str]
    curve: tuple[CurvePoint, ...]


def row_of(job: Job, derived: Derived, recipe: Recipe, outcome: Outcome) -> dict[str, Cell]:
    """Make the row of one run; what was not measured is absent.

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
        "flops": float(training_flops(float(shape.params), float(outcome.tokens))),
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
        "status": DIVERGED if outcome.loss is None else FINISHED,
    }
    for word in MEASURED:
        value = getattr(outcome, word)
        if value is not None:
            row[word] = value
    return row


def check_row(row: Row) -> None:
    """Refuse a row that a fit could not use, by reading it as a run table.

    Args:
        row: word → value.

    Raises:
        TableError: a word is missing, or a number is not finite, not positive (a seed may be 0),
            or above what the vocabulary allows.
    """
    name = row.get("run", "without a name")
    wanted = SETTINGS if row.get("status") == DIVERGED else (*SETTINGS, *MEASURED)
    missing = [word for word in wanted if word not in row]
    if missing:
        raise TableError(f"The row of run {name} has no {missing[0]!r}. Remove its record; the ladder makes it again.")
    table = RunTable.from_columns({word: [value] for word, value in row.items()})
    for word in wanted:
        if isinstance(row[word], str):
            continue
        value = float(table.column(word)[0])
        column = VOCABULARY.get(word)
        high = column.high if column else math.inf
        usable = math.isfinite(value) and 0 <= value <= high and (value > 0 or word == "seed")
        if not usable:
            raise TableError(
                f"The row of run {name} has {word} = {value}, which no run can have. "
                f"Remove its record; the ladder makes it again."
            )


def write_record(folder: Path, record: Record) -> None:
    """Write what is kept of one run into one file, whole or not at all.

    Args:
        folder: where records are kept.
        record: what to write.

    Raises:
        TableError: the row is not usable.
    """
    check_row(record.row)
    folder.mkdir(parents=True, exist_ok=True)
    content = {"row": dict(record.row), "about": dict(record.about), "curve": [asdict(p) for p in record.curve]}
    write_atomically(folder / f"{record.row['run']}.json", json.dumps(content, indent=1, allow_nan=False).encode())


def read_record(path: Path) -> Record:
    """Read and check what `write_record` wrote.

    Args:
        path: one run's file.

    Returns:
        The record.

    Raises:
        FileError: the file is not a record.
        TableError: its row is not usable.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        record = Record(content["row"], content["about"], tuple(CurvePoint(**point) for point in content["curve"]))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, KeyError, TypeError) as error:
        raise FileError(
            f"{path} is not the record of a run ({error!r}). Remove it; the ladder makes that run again."
        ) from error
    check_row(record.row)
    return record
