"""One run in a process of its own: `python -m isoflop.ladder.one LADDER.toml FOLDER WIDTH TOKENS SEED`."""

import os
import platform
import sys
from pathlib import Path

from isoflop.errors import MissingExtraError
from isoflop.ladder.corpus import load
from isoflop.ladder.grid import Job, read_ladder
from isoflop.ladder.rows import Record, row_of, write_record


def machine() -> str:
    """Describe the processor, without names of hosts or people."""
    info = Path("/proc/cpuinfo")
    model = platform.processor() or platform.machine()
    if info.exists():
        named = (line for line in info.read_text(encoding="utf-8").splitlines() if line.startswith("model name"))
        model = next(named, f":{model}").split(":", 1)[1].strip()
    return f"{model}, {os.cpu_count()} cores, 1 thread a run"


def main(arguments: list[str]) -> None:
    """Make one run and write its record; stop at once if the process that started it is gone.

    Args:
        arguments: ladder file, folder, width, tokens, seed.

    Raises:
        MissingExtraError: PyTorch is not installed.
    """
    try:
        import torch
    except ModuleNotFoundError as error:
        raise MissingExtraError.from_extra("PyTorch", "ladder") from error
    from isoflop.ladder.train import train

    torch.set_num_threads(1)
    parent = os.getppid()

    def alive() -> None:
        """Leave the run to a later start."""
        if os.getppid() != parent:
            sys.exit("the ladder that started this run is gone")

    ladder = read_ladder(Path(arguments[0]))
    folder = Path(arguments[1])
    job = Job(*(int(number) for number in arguments[2:5]))
    derived = ladder.derive(job)
    corpus = load(folder / "corpus")
    windows = ladder.held_out_windows
    outcome = train(derived, ladder.recipe, corpus, seed=job.seed, held_out_windows=windows, alive=alive)
    alive()
    about = {"machine": machine(), "torch": torch.__version__, "corpus_sha256": corpus.facts.sha256}
    write_record(folder / "runs", Record(row_of(job, derived, ladder.recipe, outcome), about, outcome.curve))


if __name__ == "__main__":
    main(sys.argv[1:])
