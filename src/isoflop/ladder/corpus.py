"""Real text that any machine can get: Python sources of pinned wheels, split by file."""

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import FileError, InputError

MOST_DIGITS: Final = 0.2
"""Files with a greater part of digits are tables, not sources."""

WHEEL_TAGS: Final = (
    *("--only-binary", ":all:", "--implementation", "cp", "--python-version", "3.11"),
    *("--abi", "cp311", "--abi", "none"),
    *("--platform", "manylinux_2_28_x86_64", "--platform", "manylinux_2_27_x86_64"),
    *("--platform", "manylinux2014_x86_64", "--platform", "any"),
)
"""One fixed build of each wheel, so that every system reads the same bytes."""


@dataclass(frozen=True)
class Package:
    """One pinned wheel.

    Attributes:
        name: distribution.
        version: pinned version.
        sha256: of the wheel's file.
    """

    name: str
    version: str
    sha256: str


@dataclass(frozen=True)
class CorpusFacts:
    """What a corpus was made of.

    Attributes:
        sha256: of the training bytes followed by the held-out bytes.
        train_files: files to train on.
        train_bytes: their bytes, one zero byte after each file included.
        held_out_files: files to test on.
        held_out_bytes: their bytes, one zero byte after each file included.
        left_out: reason → files left out.
    """

    sha256: str
    train_files: int
    train_bytes: int
    held_out_files: int
    held_out_bytes: int
    left_out: dict[str, int]


@dataclass(frozen=True)
class Corpus:
    """Bytes to train on and bytes of other files to test on.

    Attributes:
        train: byte values, shape (train_bytes,).
        held_out: byte values, shape (held_out_bytes,).
        facts: what they were made of.
    """

    train: NDArray[np.uint8]
    held_out: NDArray[np.uint8]
    facts: CorpusFacts


def fetch(packages: Sequence[Package], folder: Path) -> list[Path]:
    """Get the wheels from the package index, each checked against its SHA-256.

    Args:
        packages: what to get.
        folder: where wheels go; one that is there already is not fetched again.

    Returns:
        The wheels' paths in the order of the packages.

    Raises:
        FileError: a wheel cannot be had, or is not the pinned one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    wheels = []
    for package in packages:
        wheel = _present(package, folder)
        if wheel is None:
            _download(package, folder)
            wheel = _present(package, folder)
        if wheel is None:
            raise FileError(
                f"No wheel of {package.name} {package.version} with SHA-256 {package.sha256} came from the "
                f"package index into {folder}. Check the pin in the ladder file, or put that wheel there by hand."
            )
        wheels.append(wheel)
    return wheels


def _present(package: Package, folder: Path) -> Path | None:
    """The pinned wheel in the folder, if it is there."""
    for path in sorted(folder.glob(f"{package.name}-{package.version}-*.whl")):
        if hashlib.sha256(path.read_bytes()).hexdigest() == package.sha256:
            return path
    return None


def _download(package: Package, folder: Path) -> None:
    """Ask pip for one wheel."""
    wanted = f"{package.name}=={package.version}"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", *WHEEL_TAGS]
    done = subprocess.run([*command, "--dest", str(folder), wanted], capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise FileError(f"pip could not download {wanted}: {last}. Check the network and the pin in the ladder file.")


def is_held_out(path: str, one_in: int) -> bool:
    """Say whether a file is held out: the first 12 hex digits of its path's SHA-256, modulo `one_in`, are zero.

    Args:
        path: path inside the wheel.
        one_in: one file in about this many is held out.

    Returns:
        Whether it is.

    >>> sum(is_held_out(f"pkg/module_{i}.py", 10) for i in range(1000))
    95
    """
    return int(hashlib.sha256(path.encode()).hexdigest()[:12], 16) % one_in == 0


def _sources(wheels: Sequence[Path]) -> Iterator[tuple[str, bytes]]:
    """Every Python source in the wheels: path inside the wheel and bytes."""
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                if name.endswith(".py"):
                    yield name, archive.read(name)


def _reason_to_leave_out(name: str, text: bytes) -> str | None:
    """Why a file is not prose of programmers, or None."""
    if not text.strip():
        return "empty"
    if name.endswith(("__config__.py", "/version.py")) or "_antlr/" in name:
        return "generated"
    if 0 in text:
        return "binary"
    digits = sum(text.count(d) for d in b"0123456789")
    return "table of numbers" if digits > MOST_DIGITS * len(text) else None


def build(wheels: Sequence[Path], one_in: int) -> Corpus:
    """Read the sources, leave out copies and tables, and split them by file.

    Files stand in the order of the SHA-256 of their paths, which mixes the packages, with a
    zero byte after each.

    Args:
        wheels: wheel files.
        one_in: one file in this many is held out.

    Returns:
        The corpus with what it was made of.
    """
    parts: dict[bool, list[bytes]] = {False: [], True: []}
    left_out: dict[str, int] = {}
    seen: set[bytes] = set()
    named = sorted(_sources(wheels), key=lambda item: hashlib.sha256(item[0].encode()).digest())
    for name, text in named:
        digest = hashlib.sha256(text).digest()
        reason = "copy of another file" if digest in seen else _reason_to_leave_out(name, text)
        if reason is not None:
            left_out[reason] = left_out.get(reason, 0) + 1
            continue
        seen.add(digest)
        parts[is_held_out(name, one_in)].append(text + b"\0")
    train, held_out = (np.frombuffer(b"".join(parts[k]), dtype=np.uint8) for k in (False, True))
    digest_all = hashlib.sha256(train.tobytes() + held_out.tobytes()).hexdigest()
    counts = (len(parts[False]), train.size, len(parts[True]), held_out.size)
    return Corpus(train, held_out, CorpusFacts(digest_all, *counts, dict(sorted(left_out.items()))))


def save(corpus: Corpus, folder: Path) -> None:
    """Write the two parts and the facts; `load` reads them back.

    Args:
        corpus: what to write.
        folder: where to; made if missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, part in (("train", corpus.train), ("held_out", corpus.held_out)):
        write_atomically(folder / f"{name}.bin", part.tobytes())
    write_atomically(folder / "corpus.json", json.dumps(asdict(corpus.facts), indent=1).encode())


def load(folder: Path) -> Corpus:
    """Open a saved corpus; the bytes stay on disk until they are used.

    Args:
        folder: where `save` put it.

    Returns:
        The corpus.

    Raises:
        FileError: there is none.
    """
    facts = load_facts(folder)
    train, held_out = (np.memmap(folder / f"{name}.bin", dtype=np.uint8, mode="r") for name in ("train", "held_out"))
    return Corpus(train, held_out, facts)


def load_facts(folder: Path) -> CorpusFacts:
    """Read what a saved corpus was made of.

    Args:
        folder: where `save` put it.

    Returns:
        The facts.

    Raises:
        FileError: there is no corpus.
    """
    path = folder / "corpus.json"
    if not path.exists():
        raise FileError(f"There is no corpus in {folder}. Run the ladder once, which builds it.")
    return CorpusFacts(**json.loads(path.read_text(encoding="utf-8")))


def prepare(packages: Sequence[Package], one_in: int, folder: Path, sha256: str | None) -> Corpus:
    """Give the corpus of a ladder: read from the folder, or fetched, built and saved there.

    Args:
        packages: pinned wheels.
        one_in: one file in this many is held out.
        folder: where wheels and corpus are kept.
        sha256: what the corpus must hash to; None takes what comes.

    Returns:
        The corpus.

    Raises:
        InputError: the corpus has another hash.
        FileError: a wheel cannot be had.
    """
    if not (folder / "corpus.json").exists():
        save(build(fetch(packages, folder / "wheels"), one_in), folder)
    corpus = load(folder)
    if sha256 is not None and corpus.facts.sha256 != sha256:
        raise InputError(
            f"The corpus in {folder} has SHA-256 {corpus.facts.sha256}, the ladder file wants {sha256}. "
            f"Remove the folder to build it again, or correct the ladder file."
        )
    return corpus


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all, even after a crash.

    Args:
        path: the file.
        content: its bytes.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    with temporary.open("wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())
    temporary.replace(path)
