"""Downloads of published tables and of their originals: resumed where they broke off, refused where they differ."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from isoflop.errors import FileError, InputError, MissingExtraError
from isoflop.runs.published import PublishedTable, cache_folder, catalogue, mirror_of, sha256_of

TIMEOUT: Final = 30.0
"""Seconds of silence after which a server counts as gone."""

CHUNK: Final = 1 << 13


@dataclass(frozen=True)
class Fetched:
    """What a download left behind.

    Attributes:
        name: name of the published table.
        paths: files, all of them verified.
        source: where they came from.
        verified: how: by hash, or by size.
    """

    name: str
    paths: tuple[Path, ...]
    source: str
    verified: str


def fetch(name: str, *, mirror: str | Path | None = None, directory: str | Path | None = None) -> Fetched:
    """Fetch a published table from a mirror and verify it by its SHA-256.

    Args:
        name: a name of the catalogue.
        mirror: folder or address that holds the tables; what ISOFLOP_DATA names when None.
        directory: where to put it; isoflop's cache folder when None.

    Returns:
        Where it is. A file that is already there and right is not fetched again.

    Raises:
        InputError: the catalogue has no such name.
        FileError: no mirror is named, it cannot be reached or lacks the file, or the hash is another.
        MissingExtraError: pooch is not installed.

    >>> fetch("no-such-table")
    Traceback (most recent call last):
    isoflop.errors.InputError: There is no published table 'no-such-table'...
    """
    entry = entry_of(name)
    place = mirror if mirror is not None else mirror_of()
    if place is None:
        raise FileError(
            f"isoflop hosts no tables, and no mirror of {name!r} is named. Name a folder or an address: "
            f"ISOFLOP_DATA=PLACE or --from PLACE. Or fetch what it was made from: isoflop data fetch {name} --original."
        )
    address = f"{str(place).rstrip('/')}/{entry.file}"
    folder = Path(directory) if directory is not None else cache_folder()
    path = _retrieve(address, folder / entry.file, f"sha256:{entry.sha256}")
    return Fetched(name, (path,), address, f"sha256:{entry.sha256}")


def fetch_originals(name: str, *, base: str | None = None, directory: str | Path | None = None) -> Fetched:
    """Fetch the files that a published table was made from, at their commit, and check their sizes.

    Their hashes were not recorded: the first download writes them to SHA256SUMS, and later ones must agree.

    Args:
        name: a name of the catalogue.
        base: address that stands for the repository at its commit; GitHub's own when None.
        directory: where to put them; a folder of isoflop's cache when None.

    Returns:
        Where they are.

    Raises:
        InputError: the catalogue has no such name.
        FileError: the originals are too many to be listed, cannot be reached, or differ in size or hash.
        MissingExtraError: pooch is not installed.
    """
    entry = entry_of(name)
    if not entry.originals:
        raise FileError(
            f"{name!r} was made from {', '.join(entry.original)}: too many files to list. Clone {entry.source} and "
            f"check out {entry.commit}."
        )
    root = base if base is not None else entry.address
    folder = Path(directory) if directory is not None else cache_folder() / "originals" / name
    known = _read_sums(folder)
    paths = []
    for original, size in entry.originals.items():
        target = folder / original
        path = _retrieve(f"{root.rstrip('/')}/{quote(original)}", target, known.get(original))
        found = path.stat().st_size
        if found != size:
            path.unlink()
            raise FileError(
                f"{original} of {entry.source} has {found} bytes, not the {size} that were catalogued: it is another "
                "file. Check the commit, or whether the address answers with an error page."
            )
        paths.append(path)
        known[original] = f"sha256:{sha256_of(path)}"
    lines = [f"{text.removeprefix('sha256:')}  {original}\n" for original, text in sorted(known.items())]
    part = folder / "SHA256SUMS.part"
    part.write_text("".join(lines), "utf-8")
    part.replace(folder / "SHA256SUMS")
    return Fetched(name, tuple(paths), root, "size in bytes")


def entry_of(name: str) -> PublishedTable:
    """An entry of the catalogue.

    Raises:
        InputError: there is none.
    """
    if name not in catalogue():
        raise InputError(f"There is no published table {name!r}. There are {', '.join(catalogue())}.")
    return catalogue()[name]


def _read_sums(folder: Path) -> dict[str, str]:
    """Hashes of an earlier download: original → `sha256:…`."""
    path = folder / "SHA256SUMS"
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    pairs = (line.split("  ", 1) for line in lines)
    return {original: f"sha256:{digest}" for digest, original in pairs}


def _retrieve(address: str, target: Path, known: str | None) -> Path:
    """Fetch one file through pooch, which verifies it before it takes its place."""
    try:
        import pooch
    except ImportError:
        raise MissingExtraError.from_extra("pooch", "data") from None
    pooch.get_logger().setLevel("ERROR")
    part = target.with_name(f"{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        found = pooch.retrieve(
            address, known, fname=target.name, path=target.parent, downloader=_Resuming(part), progressbar=False
        )
    except ValueError as error:
        part.unlink(missing_ok=True)
        raise FileError(
            f"{address} is not the catalogued file: its hash is not {known}. It was not kept ({error}). "
            "Use another mirror, or read the file as your own."
        ) from None
    except OSError as error:
        raise FileError(
            f"{address} cannot be put at {target} ({error.strerror or error}). Check the place, the rights and the "
            "free space."
        ) from None
    part.unlink(missing_ok=True)
    return Path(found)


@dataclass(frozen=True)
class _Resuming:
    """A downloader for pooch that goes on where an earlier one broke off.

    Attributes:
        part: what has come so far; it stays when the connection breaks.
    """

    part: Path

    def __call__(self, url: str, output_file: str | Path, pooch: object) -> None:
        """Fetch an address, or copy a file of a folder that serves as mirror."""
        if not url.startswith(("http://", "https://")):
            if not Path(url).is_file():
                raise FileError(f"The mirror has no {url}. Check the folder, or name another mirror.")
            shutil.copyfile(url, output_file)
            return
        self._download(url)
        shutil.copyfile(self.part, output_file)

    def _download(self, url: str) -> None:
        """Ask for what is missing, and append it."""
        import requests

        have = self.part.stat().st_size if self.part.is_file() else 0
        # Of a compressed answer the bytes written would not be those that a range counts.
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
        try:
            with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
                if url.startswith("https://") and not answer.url.startswith("https://"):
                    raise FileError(f"{url} leads to {answer.url}, which is not encrypted. Use another address.")
                if answer.status_code == 416:
                    return  # nothing is missing; the hash tells whether it is right
                if not answer.ok:
                    raise FileError(f"{url} answers {answer.status_code} {answer.reason}. Check the address.")
                self._write(answer, append=answer.status_code == 206)
        except requests.RequestException as error:
            have = self.part.stat().st_size if self.part.is_file() else 0
            raise FileError(
                f"The download of {url} broke off after {have} bytes ({type(error).__name__}). "
                "Call again: it goes on from there."
            ) from None

    def _write(self, answer: Any, *, append: bool) -> None:  # noqa: ANN401 - requests ships no types
        """Write what comes; a server that cannot go on sends the whole file again."""
        with self.part.open("ab" if append else "wb") as file:
            for chunk in answer.iter_content(CHUNK):
                file.write(chunk)
