import csv
import gzip
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from isoflop.errors import FileError, InputError, IsoflopError, MissingExtraError
from isoflop.ladder import run_ladder

CALL = "import sys; from isoflop.ladder import run_ladder; run_ladder(sys.argv[1], directory=sys.argv[2], workers=1)"


def records(folder):
    return {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in (folder / "runs").glob("*.json")}


def start(ladder_file, folder):
    return subprocess.Popen([sys.executable, "-c", CALL, str(ladder_file), str(folder)])


def wait_for(count, folder, process, seconds=60):
    deadline = time.monotonic() + seconds
    while len(records(folder)) < count:
        assert process.poll() is None, "the ladder ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.usefixtures("torch_installed")
def test_a_killed_ladder_goes_on_without_losing_or_repeating_a_run(ladder_file, tmp_path):
    folder = tmp_path / "out"
    process = start(ladder_file, folder)
    wait_for(2, folder, process)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    before = records(folder)
    calls = []
    result = run_ladder(
        ladder_file, directory=folder, workers=1, progress=lambda done, total: calls.append((done, total))
    )
    after = records(folder)
    # A run that was being written when its ladder died may still have finished: it counts as found.
    assert result.found >= len(before) == 2
    assert result.found + result.made == len(after) == 4
    assert {name: after[name] for name in before} == before
    assert calls == [(done, 4) for done in range(result.found, 5)]
    assert not list((folder / "runs").glob("*.part"))
    check_tables(folder)


def check_tables(folder):
    rows = list(csv.DictReader((folder / "ladder.csv").read_text(encoding="utf-8").splitlines()))
    assert len(rows) == 4
    assert all(row["status"] == "finished" and float(row["loss"]) > 0 for row in rows)
    with gzip.open(folder / "ladder_curves.csv.gz", "rt") as curves:
        traced = {row["run"] for row in csv.DictReader(curves)}
    assert traced == {row["run"] for row in rows}
    about = json.loads((folder / "ladder.json").read_text(encoding="utf-8"))
    assert about["rows"] == 4
    assert about["runs_missing"] == []
    assert about["corpus"]["sha256"]


@pytest.mark.usefixtures("torch_installed")
def test_two_ladders_in_one_folder_are_refused(ladder_file, tmp_path, monkeypatch):
    folder = tmp_path / "out"
    process = start(ladder_file, folder)
    try:
        wait_for(1, folder, process)
        monkeypatch.setattr("isoflop.ladder.run.PATIENCE_SECONDS", 0.1)
        with pytest.raises(FileError, match="Another ladder is running"):
            run_ladder(ladder_file, directory=folder)
    finally:
        process.kill()
        process.wait()


@pytest.mark.usefixtures("torch_installed")
def test_a_folder_of_another_recipe_is_refused(ladder_file, tmp_path, monkeypatch):
    folder = tmp_path / "out"
    monkeypatch.setattr("isoflop.ladder.run._one", lambda *_: (_ for _ in ()).throw(IsoflopError("stop here")))
    with pytest.raises(IsoflopError, match="stop here"):
        run_ladder(ladder_file, directory=folder, workers=1)
    text = ladder_file.read_text(encoding="utf-8")
    ladder_file.write_text(text.replace("lr = 0.02", "lr = 0.03"), encoding="utf-8")
    with pytest.raises(InputError, match="another recipe or corpus"):
        run_ladder(ladder_file, directory=folder, workers=1)


@pytest.mark.usefixtures("torch_installed")
def test_a_run_that_fails_is_named_with_its_reason(ladder_file, tmp_path):
    text = ladder_file.read_text(encoding="utf-8")
    ladder_file.write_text(text.replace('"10K", "20K"', '"10M"'), encoding="utf-8")
    with pytest.raises(IsoflopError, match=r"w16-d10000000-s0 failed: .*Ask for fewer tokens.* call again to go on"):
        run_ladder(ladder_file, directory=tmp_path / "out", workers=1)


def test_without_torch_the_extra_is_named(ladder_file, tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"isoflop\[ladder\]"):
        run_ladder(ladder_file, directory=tmp_path / "out")


def test_the_package_imports_without_torch():
    code = "import sys; sys.modules['torch'] = None; import isoflop.ladder, isoflop.ladder.assemble, isoflop.ladder.one"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
