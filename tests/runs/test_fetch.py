"""Downloads against a local server: resumed, verified, refused."""

import hashlib
import re
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from urllib.parse import unquote

import pytest

from isoflop.cli.boundary import run
from isoflop.errors import FileError, InputError
from isoflop.runs import fetch as fetching
from isoflop.runs import published
from isoflop.runs.published import PublishedTable
from isoflop.runs.published import catalogue as shipped

TABLE = ("N,D,loss\n" + "".join(f"{n}e8,2e9,{3 - n / 100}\n" for n in range(1, 4000))).encode()
ENTRY = PublishedTable(
    name="tiny", title="a table of the tests", file="tiny.csv", rows=3999, sha256=hashlib.sha256(TABLE).hexdigest(),
    source="https://github.com/someone/tiny", commit="0" * 40, original=("raw/a file.csv",), licence="none",
    citation="The tests", counted="params", originals=MappingProxyType({"raw/a file.csv": len(TABLE)}),
    columns=MappingProxyType({"N": "parameters", "D": "tokens", "loss": "nats per token"}),
)  # fmt: skip


@dataclass
class Mirror:
    """A server of files that can break off, and remembers what it was asked."""

    address: str
    files: dict[str, bytes]
    breaks_after: int | None = None
    ranges: bool = True
    asked: list[str] = field(default_factory=list)
    encodings: list[str] = field(default_factory=list)


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    """Serve files on this machine while a test runs."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            start = 0
            given = self.headers.get("Range", "")
            found.asked.append(given)
            found.encodings.append(self.headers.get("Accept-Encoding", ""))
            content = found.files.get(unquote(self.path).lstrip("/"))
            if content is None:
                self.send_error(404)
                return
            if given and found.ranges:
                start = int(given.removeprefix("bytes=").removesuffix("-"))
                if start >= len(content):
                    self.send_error(416)
                    return
            rest = content[start:]
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(rest)))
            self.end_headers()
            self.wfile.write(rest if found.breaks_after is None else rest[: found.breaks_after])

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Mirror(f"http://127.0.0.1:{server.server_port}", {"tiny.csv": TABLE, "raw/a file.csv": TABLE})
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def _own_catalogue(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A catalogue of one table, and a cache of the test's own."""
    for module in (fetching, published):
        monkeypatch.setattr(module, "catalogue", lambda: {"tiny": ENTRY})
    monkeypatch.setenv("ISOFLOP_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("ISOFLOP_DATA", raising=False)


def test_a_table_is_fetched_and_verified(mirror: Mirror, tmp_path: Path) -> None:
    found = fetching.fetch("tiny", mirror=mirror.address)
    assert found.paths == (tmp_path / "cache" / "tiny.csv",)
    assert found.paths[0].read_bytes() == TABLE
    assert found.verified == f"sha256:{ENTRY.sha256}"
    assert [path.name for path in found.paths[0].parent.iterdir()] == ["tiny.csv"]


def test_what_is_there_is_not_fetched_again(mirror: Mirror) -> None:
    fetching.fetch("tiny", mirror=mirror.address)
    fetching.fetch("tiny", mirror=mirror.address)
    assert len(mirror.asked) == 1


def test_a_broken_download_goes_on(mirror: Mirror, tmp_path: Path) -> None:
    mirror.breaks_after = 10_000
    with pytest.raises(FileError, match=r"broke off after \d+ bytes.*Call again: it goes on from there"):
        fetching.fetch("tiny", mirror=mirror.address)
    part = tmp_path / "cache" / "tiny.csv.part"
    have = part.stat().st_size
    assert 0 < have <= 10_000
    assert part.read_bytes() == TABLE[:have]
    mirror.breaks_after = None
    assert fetching.fetch("tiny", mirror=mirror.address).paths[0].read_bytes() == TABLE
    assert mirror.asked == ["", f"bytes={have}-"]
    # A server that compresses would count its ranges in compressed bytes.
    assert mirror.encodings == ["identity", "identity"]


def test_a_server_that_cannot_go_on_sends_all(mirror: Mirror, tmp_path: Path) -> None:
    mirror.ranges = False
    folder = tmp_path / "cache"
    folder.mkdir()
    (folder / "tiny.csv.part").write_bytes(TABLE[:500])
    assert fetching.fetch("tiny", mirror=mirror.address).paths[0].read_bytes() == TABLE


def test_a_part_that_was_whole_is_used(mirror: Mirror, tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    folder.mkdir()
    (folder / "tiny.csv.part").write_bytes(TABLE)
    assert fetching.fetch("tiny", mirror=mirror.address).paths[0].read_bytes() == TABLE


def test_a_wrong_hash_is_refused_and_nothing_is_kept(mirror: Mirror, tmp_path: Path) -> None:
    mirror.files["tiny.csv"] = TABLE.replace(b"1e8", b"9e8")
    with pytest.raises(FileError, match="is not the catalogued file: its hash is not sha256:"):
        fetching.fetch("tiny", mirror=mirror.address)
    assert list((tmp_path / "cache").iterdir()) == []
    # A part with a wrong beginning is thrown away too, so that the next call starts anew.
    mirror.files["tiny.csv"] = TABLE
    assert fetching.fetch("tiny", mirror=mirror.address).paths[0].read_bytes() == TABLE


def test_what_lies_there_with_another_hash_is_replaced(mirror: Mirror, tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    folder.mkdir()
    (folder / "tiny.csv").write_text("N\n1\n")
    assert fetching.fetch("tiny", mirror=mirror.address).paths[0].read_bytes() == TABLE


def test_a_folder_serves_offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / "mirror"
    folder.mkdir()
    (folder / "tiny.csv").write_bytes(TABLE)
    monkeypatch.setenv("ISOFLOP_DATA", str(folder))
    assert fetching.fetch("tiny", directory=tmp_path / "here").paths[0].read_bytes() == TABLE
    assert len(published.load_published("tiny")) == 3999
    shutil.rmtree(folder)
    with pytest.raises(FileError, match=r"The mirror has no .*tiny\.csv"):
        fetching.fetch("tiny")


def test_a_fetched_table_is_read_from_the_cache(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISOFLOP_DATA", mirror.address)
    with pytest.raises(FileError, match=r"names an address\. Fetch the table first: isoflop data fetch tiny"):
        published.load_published("tiny")
    fetching.fetch("tiny")
    assert len(published.load_published("tiny")) == 3999
    monkeypatch.delenv("ISOFLOP_DATA")
    assert len(published.load_published("tiny")) == 3999


def test_no_mirror_and_no_such_table(mirror: Mirror) -> None:
    with pytest.raises(FileError, match=r"no mirror of 'tiny' is named.*isoflop data fetch tiny --original"):
        fetching.fetch("tiny")
    with pytest.raises(InputError, match=r"no published table 'x'\. There are tiny"):
        fetching.fetch("x", mirror=mirror.address)
    mirror.files.clear()
    with pytest.raises(FileError, match="answers 404"):
        fetching.fetch("tiny", mirror=mirror.address)


def test_a_redirect_must_not_leave_encryption(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Answer:
        url, status_code, ok, reason = "http://elsewhere/tiny.csv", 200, True, "OK"

        def __enter__(self) -> "Answer":
            return self

        def __exit__(self, *_: object) -> None:
            """Close nothing."""

    monkeypatch.setattr("requests.get", lambda *_, **__: Answer())
    with pytest.raises(FileError, match=r"leads to http://elsewhere/tiny\.csv, which is not encrypted"):
        fetching.fetch("tiny", mirror="https://mirror", directory=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_catalogue_names_no_file_outside_its_folder() -> None:
    """Names become paths below the folder of downloads."""
    for entry in shipped().values():
        for name in (entry.file, *entry.originals):
            path = PurePosixPath(name)
            assert not path.is_absolute(), name
            assert ".." not in path.parts, name
        assert len(PurePosixPath(entry.file).parts) == 1
        assert re.fullmatch("[0-9a-f]{64}", entry.sha256)
        assert re.fullmatch("[0-9a-f]{40}", entry.commit)
        assert entry.address.startswith("https://")


def test_nobody_answers(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="broke off after 0 bytes"):
        fetching.fetch("tiny", mirror="http://127.0.0.1:9")


def test_originals_are_checked_by_size_and_then_by_their_first_hash(mirror: Mirror, tmp_path: Path) -> None:
    folder = tmp_path / "originals"
    found = fetching.fetch_originals("tiny", base=mirror.address, directory=folder)
    assert found.paths == (folder / "raw" / "a file.csv",)
    assert (folder / "SHA256SUMS").read_text() == f"{ENTRY.sha256}  raw/a file.csv\n"
    found.paths[0].unlink()
    mirror.files["raw/a file.csv"] = TABLE[:-2] + b"8\n"
    with pytest.raises(FileError, match="is not the catalogued file"):
        fetching.fetch_originals("tiny", base=mirror.address, directory=folder)


def test_an_original_of_another_size_is_refused(mirror: Mirror, tmp_path: Path) -> None:
    mirror.files["raw/a file.csv"] = b"<html>not found</html>"
    with pytest.raises(FileError, match=rf"has 22 bytes, not the {len(TABLE)} that were catalogued"):
        fetching.fetch_originals("tiny", base=mirror.address, directory=tmp_path)
    assert not (tmp_path / "raw" / "a file.csv").exists()


def test_originals_that_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    many = replace(ENTRY, original=("evals/*.json",), originals=MappingProxyType({}))
    monkeypatch.setattr(fetching, "catalogue", lambda: {"tiny": many})
    with pytest.raises(
        FileError, match=r"evals/\*\.json: too many files to list. Clone https://github.com/someone/tiny"
    ):
        fetching.fetch_originals("tiny")


def test_the_command(mirror: Mirror, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert run(["data", "fetch", "tiny", "--from", mirror.address]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert Path(shown[0]).read_bytes() == TABLE
    assert shown[1] == f"from {mirror.address}/tiny.csv, verified by sha256:{ENTRY.sha256}"
    assert run(["data", "list"]) == 0
    assert capsys.readouterr().out.splitlines()[1].split() == ["tiny", "3999", *ENTRY.title.split(), "none", "here"]
    assert run(["data", "fetch", "tiny"]) == 2
    assert "no mirror of 'tiny' is named" in capsys.readouterr().err
