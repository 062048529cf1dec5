"""A corpus made in memory and a ladder file that needs no network."""

import hashlib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from isoflop.ladder.corpus import Corpus, build

WHEEL = "tiny-1.0-py3-none-any.whl"
FILES = 60


@pytest.fixture(scope="session")
def wheel(tmp_path_factory) -> Path:
    """A wheel of 60 small sources, one copy, one table of numbers and one empty file."""
    rng = np.random.default_rng(7)
    words = ["alpha", "beta", "gamma", "return", "def", "for", "if", "None", "self", "loss"]
    path = tmp_path_factory.mktemp("wheels") / WHEEL
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(FILES):
            lines = (" ".join(rng.choice(words, 6)) for _ in range(80))
            archive.writestr(f"tiny/module_{number}.py", f"# module {number}\n" + "\n".join(lines))
        archive.writestr("tiny/copied.py", archive.read("tiny/module_0.py"))
        archive.writestr("tiny/table.py", "x = [" + "12345, " * 500 + "]")
        archive.writestr("tiny/__init__.py", "")
        archive.writestr("tiny/notes.txt", "not a source")
    return path


@pytest.fixture(scope="session")
def corpus(wheel) -> Corpus:
    """The corpus of that wheel, one file in five held out."""
    return build([wheel], 5)


@pytest.fixture
def ladder_file(wheel, corpus, tmp_path) -> Path:
    """A ladder of four runs, each of about a second, with the wheel already in its folder."""
    kept = tmp_path / "out" / "corpus" / "wheels"
    kept.mkdir(parents=True)
    (kept / WHEEL).write_bytes(wheel.read_bytes())
    path = tmp_path / "ladder.toml"
    path.write_text(
        f"""
[corpus]
held_out_one_in = 5
held_out_windows = 32
sha256 = "{corpus.facts.sha256}"
packages = [{{ name = "tiny", version = "1.0", sha256 = "{hashlib.sha256(wheel.read_bytes()).hexdigest()}" }}]

[recipe]
context = 32
lr = 0.02

[[grid]]
width = 16
tokens = ["10K", "20K"]
seeds = [0, 1]
""",
        encoding="utf-8",
    )
    return path


@pytest.fixture
def one_thread(torch_installed) -> Iterator[None]:
    """One thread, as a run has: threads that wait for one another on a busy machine take minutes."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
