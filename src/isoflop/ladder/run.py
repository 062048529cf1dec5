"""Make the runs of a ladder file: in processes, resumable, each finished run kept for good."""

import fcntl
import hashlib
import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from isoflop.engine import map_tasks
from isoflop.errors import FileError, InputError, IsoflopError, MissingExtraError
from isoflop.ladder.assemble import write_table
from isoflop.ladder.corpus import prepare
from isoflop.ladder.grid import Job, Ladder, read_ladder
from isoflop.ladder.rows import read_record

PATIENCE_SECONDS: Final = 20.0
"""How long to wait for runs of a killed ladder to notice that it is gone."""

ALLOCATOR: Final = {"MALLOC_MMAP_THRESHOLD_": "1073741824", "MALLOC_TRIM_THRESHOLD_": "2147483648"}
"""Keeps glibc from handing memory back after every step, a fifth of the time of small models; ignored elsewhere."""


@dataclass(frozen=True)
class LadderResult:
    """What is in the folder now.

    Attributes:
        directory: the folder.
        made: runs made by this call.
        found: runs that were there before.
    """

    directory: Path
    made: int
    found: int

    @property
    def table(self) -> Path:
        """The table of runs, one row a run."""
        return self.directory / "ladder.csv"


def run_ladder(
    config_path: str | Path,
    *,
    directory: str | Path,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> LadderResult:
    """Make every run of a ladder file that the folder does not have yet.

    A run is a process with one thread; its record appears whole when the run is finished, or not
    at all, so that after a crash or kill the same call goes on without losing or repeating one.
    At the end `ladder.csv`, `ladder_curves.csv.gz` and `ladder.json` are written from the records.

    Args:
        config_path: the ladder file.
        directory: where corpus and records are kept; made if missing.
        workers: runs at a time; one per core when None.
        progress: called with (finished, all) at the start and after each run.

    Returns:
        How many runs were made now and how many were there already.

    Raises:
        MissingExtraError: PyTorch is not installed.
        FileError: the ladder file, a wheel or the folder cannot be read.
        InputError: the ladder file cannot be followed, or the folder belongs to another one.
        TableError: a record in the folder is not usable.
        IsoflopError: a run failed.
    """
    if importlib.util.find_spec("torch") is None:
        raise MissingExtraError.from_extra("PyTorch", "ladder")
    config, folder = Path(config_path), Path(directory)
    ladder = read_ladder(config)
    folder.mkdir(parents=True, exist_ok=True)
    with _only_one(folder) as lock:
        _same_ladder(folder, ladder)
        prepare(ladder.packages, ladder.held_out_one_in, folder / "corpus", ladder.corpus_sha256)
        missing = [job for job in ladder.jobs if not _is_finished(record_path(folder, job))]
        found = len(ladder.jobs) - len(missing)
        report = progress or (lambda done, total: None)
        report(found, len(ladder.jobs))
        map_tasks(
            lambda job: _one(config, folder, job, lock),
            missing,
            workers=workers,
            progress=lambda done, _: report(found + done, len(ladder.jobs)),
        )
        write_table(folder, ladder)
    return LadderResult(folder, len(missing), found)


def _is_finished(path: Path) -> bool:
    """Whether a run has its record; one that cannot be read is an error, not a reason to train again."""
    if not path.exists():
        return False
    read_record(path)
    return True


def record_path(folder: Path, job: Job) -> Path:
    """Where the record of a run stands."""
    return folder / "runs" / f"{job.name}.json"


def _one(config: Path, folder: Path, job: Job, lock: int) -> None:
    """Make one run in its own process, which holds the folder's lock as long as it lives."""
    command = [sys.executable, "-m", "isoflop.ladder.one", str(config), str(folder)]
    numbers = [str(job.width), str(job.tokens), str(job.seed)]
    environment = {**os.environ, **ALLOCATOR, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*command, *numbers], env=environment, pass_fds=(lock,), capture_output=True, text=True, check=False
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        raise IsoflopError(f"Run {job.name} failed: {last}. Finished runs are kept; call again to go on.")


@contextmanager
def _only_one(folder: Path) -> Iterator[int]:
    """Hold the folder's lock; processes of a killed ladder hold it until they have noticed."""
    with (folder / "lock").open("a") as handle:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise FileError(
                        f"Another ladder is running in {folder}. Wait for it, or use another folder."
                    ) from None
                time.sleep(0.2)
        yield handle.fileno()


def _same_ladder(folder: Path, ladder: Ladder) -> None:
    """Refuse to mix runs of two recipes or corpora in one folder; a longer grid is welcome."""
    shared = (ladder.packages, ladder.held_out_one_in, ladder.held_out_windows, ladder.recipe)
    fingerprint = hashlib.sha256(repr(shared).encode()).hexdigest()
    stamp = folder / "recipe.sha256"
    if stamp.exists() and stamp.read_text(encoding="utf-8") != fingerprint:
        raise InputError(f"{folder} holds runs of another recipe or corpus. Use another folder for this ladder file.")
    stamp.write_text(fingerprint, encoding="utf-8")
