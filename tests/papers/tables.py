"""The published tables as the papers used them."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from isoflop.runs.read import read_runs
from isoflop.runs.table import RunTable


def epoch_points(directory: Path, where: str = "outlier = 0") -> RunTable:
    """Points of Besiroglu et al.; 240 without the 5 flagged ones."""
    return read_runs(directory / "chinchilla_epoch.csv", where=where)


def gadre_runs(directory: Path, train_set: str, where: str) -> RunTable:
    """Runs of Gadre et al. on one training set, with the loss on C4 validation as the paper fits it."""
    return read_runs(
        directory / "gadre_overtraining.csv",
        where=f"train_set = '{train_set}' AND ({where})",
        mapping={"loss": "loss_c4_val"},
    )


FIVE_RUNS = (
    "(tokens_per_param = 20 AND N < 5e8 AND model IN "
    "('d=96_l=8_h=4', 'd=512_l=8_h=4', 'd=576_l=24_h=8', 'd=1024_l=24_h=8')) "
    "OR (tokens_per_param = 320 AND model = 'd=96_l=8_h=4')"
)


def farseer_runs(directory: Path, split: str) -> RunTable:
    """Dense runs of Farseer in the ScaleBench split: 404 to fit, the 7 costliest to predict."""
    return read_runs(directory / "farseer_dense.csv", where=f"split = '{split}'")


def bigcode_runs(directory: Path) -> RunTable:
    """IsoFLOP runs on code of the BigCode project."""
    return read_runs(directory / "bigcode_isoflop.csv")


LADDER_RUNS = tuple(f"{size}-{times}xC" for size in ("190M", "370M", "760M", "1B") for times in (1, 2, 5, 10))
LADDER_TARGETS = {"7B-4T": ("peteish7_eval_anneal", 1), "13B-5T": ("peteish13_eval_final", 5)}
# Weights of MMLU's four groups in the authors' evaluation.
MMLU = {"stem": 0.215, "humanities": 0.335, "social_sciences": 0.219, "other": 0.231}


def _task(table: RunTable, kind: str, task: str) -> NDArray[np.float64]:
    """Column of a task; MMLU is the weighted mean of its groups."""
    if task == "mmlu":
        return np.sum([weight * table.column(f"{kind}_mmlu_{group}_test") for group, weight in MMLU.items()], axis=0)
    return table.column(f"{kind}_{task}")


def _checkpoints(directory: Path, runs: tuple[str, ...], task: str) -> RunTable:
    """Checkpoints of some runs in the words of the two-step ladder."""
    listed = ", ".join(f"'{run}'" for run in runs)
    table = read_runs(directory / "olmo_ladder.csv", where=f"run IN ({listed})", response="loss_c4")
    names, codes = table.labels("run")
    return RunTable.from_columns(
        {
            "run": [names[code] for code in codes],
            "params": table.column("params"),
            "tokens": table.column("tokens"),
            "task_loss": _task(table, "bpb", task),
            "accuracy": _task(table, "acc", task),
        }
    )


def ladder_checkpoints(directory: Path, task: str) -> RunTable:
    """All checkpoints of the 16 runs of the OLMo ladder."""
    return _checkpoints(directory, LADDER_RUNS, task)


def ladder_target(directory: Path, task: str, target: str) -> dict[str, float]:
    """A target of the OLMo ladder: the mean of its last evaluations."""
    run, last = LADDER_TARGETS[target]
    table = _checkpoints(directory, (run,), task)
    rows = np.argsort(table.column("tokens"))[-last:]
    found = {word: float(table.column(word)[rows].mean()) for word in ("params", "task_loss", "accuracy")}
    return found | {"tokens": float(table.column("tokens").max())}
