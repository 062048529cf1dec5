import json
import shutil
from pathlib import Path

import pytest

from isoflop.errors import FileError, InputError
from isoflop.runs import catalogue, embedded, embedded_path, load_published

NAMES = sorted(catalogue())


@pytest.mark.parametrize("name", NAMES)
def test_the_catalogue_agrees_with_the_record_of_each_table(name: str, data_directory: Path) -> None:
    entry = catalogue()[name]
    record = json.loads((data_directory / f"{name}.json").read_text("utf-8"))
    original = record["original_path"]
    assert (entry.file, entry.rows, entry.sha256) == (record["file"], record["rows"], record["sha256"])
    assert (entry.source, entry.commit, entry.licence) == (record["source_repo"], record["commit"], record["licence"])
    assert entry.citation == record["citation"]
    assert entry.original[0] == (original if isinstance(original, str) else original[0])


def test_every_table_of_the_folder_is_in_the_catalogue(data_directory: Path) -> None:
    assert sorted(path.stem for path in data_directory.glob("*.json")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_published_tables_are_read(name: str, data_directory: Path) -> None:
    entry = catalogue()[name]
    table = load_published(name, directory=data_directory, all_rows=True)
    assert len(table) == entry.rows
    assert table.provenance.sha256 == entry.sha256
    assert table.is_number(entry.response)
    assert f"counted: {entry.counted}" in table.notes


def test_the_authors_own_rows(data_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISOFLOP_DATA", str(data_directory))
    assert len(load_published("chinchilla_epoch")) == 240
    assert load_published("chinchilla_epoch").provenance.where == "outlier = 0"
    assert len(load_published("datablations")) == 182


def test_no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ISOFLOP_DATA", raising=False)
    with pytest.raises(FileError, match=r"analyzing-chinchilla at commit 92258837425e.*ISOFLOP_DATA=FOLDER"):
        load_published("chinchilla_epoch")


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"There is no .*farseer_dense\.csv\. It was made from .* of https://github"):
        load_published("farseer_dense", directory=tmp_path)


def test_another_file(tmp_path: Path) -> None:
    (tmp_path / "farseer_dense.csv").write_text("N,D,loss\n1e8,2e9,3\n1e9,2e9,2\n")
    with pytest.raises(FileError, match="is not the catalogued table 'farseer_dense': its SHA-256 is"):
        load_published("farseer_dense", directory=tmp_path)


def test_one_changed_byte_is_seen(tmp_path: Path, data_directory: Path) -> None:
    path = tmp_path / "bigcode_isoflop.csv"
    shutil.copy(data_directory / path.name, path)
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(FileError, match="SHA-256"):
        load_published("bigcode_isoflop", directory=tmp_path)


def test_unknown_names() -> None:
    with pytest.raises(InputError, match=r"no published table 'chinchila'\. There are bigcode_isoflop"):
        load_published("chinchila")
    with pytest.raises(InputError, match=r"no embedded table 'x'\. There is ladder"):
        embedded_path("x")


def test_the_embedded_table_is_the_packages_own() -> None:
    table = embedded("ladder")
    assert table.provenance.file == str(embedded_path("ladder"))
    assert len(table) >= 60
    assert {"params", "tokens", "flops", "loss"} <= set(table.names)


@pytest.mark.parametrize("name", NAMES)
def test_columns_and_sizes_are_those_of_the_record(name: str, data_directory: Path) -> None:
    entry = catalogue()[name]
    record = json.loads((data_directory / f"{name}.json").read_text("utf-8"))
    assert dict(entry.columns) == record["columns"]
    assert dict(entry.originals) == {p: size for p, size in record["original_bytes"].items() if size is not None}


def test_every_original_has_an_address_at_its_commit() -> None:
    for entry in catalogue().values():
        assert entry.address.startswith("https://raw.githubusercontent.com/")
        assert entry.address.endswith(f"/{entry.commit}")
        assert len(entry.commit) == 40
        assert len(entry.sha256) == 64
        assert entry.columns
