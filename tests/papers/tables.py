"""The published tables as the papers used them."""

from pathlib import Path

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
