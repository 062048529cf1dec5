"""The installed command in processes of its own: pipes, status, start-up, other locales."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-c", "from isoflop.cli import main; main()"]


def isoflop(*arguments: object, **settings) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **settings.pop("environment", {})}
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], env=environment, capture_output=True, text=True, check=False, **settings
    )


def test_the_console_script_is_this_command() -> None:
    from importlib.metadata import entry_points, version

    (script,) = entry_points(group="console_scripts", name="isoflop")
    assert script.value == "isoflop.cli:main"
    shown = subprocess.run(
        [Path(sys.executable).with_name("isoflop"), "--version"], capture_output=True, text=True, check=True
    )
    assert shown.stdout == f"isoflop {version('isoflop')}\n"


def test_fit_pipes_into_predict(runs: Path) -> None:
    fitted = isoflop("fit", runs, "--law", "chinchilla", "--bootstrap", 20, "--json")
    assert (fitted.returncode, fitted.stderr) == (0, "")
    found = isoflop("predict", "-", "--params", "7e9", "--tokens", "1.4T", "--json", input=fitted.stdout)
    assert (found.returncode, found.stderr) == (0, "")
    low, high = json.loads(found.stdout)["loss"]["interval"]
    assert low < high


def test_a_reader_that_has_seen_enough_ends_the_command_quietly() -> None:
    with subprocess.Popen([*COMMAND, "laws", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == -signal.SIGPIPE


def test_standard_output_that_is_full_is_said_in_one_line() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        ended = subprocess.run([*COMMAND, "laws"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr.startswith("isoflop: No space left on device")
    assert ended.stderr.count("\n") == 1


def test_a_terminal_without_greek_letters_gets_its_tables() -> None:
    shown = isoflop("show", "chinchilla", environment={"PYTHONIOENCODING": "ascii"})
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "E = 1.8172 ? 0.02566" in shown.stdout


def test_a_name_that_is_no_text_is_refused_like_any_other(tmp_path: Path) -> None:
    ended = isoflop("check", os.fsdecode(os.fsencode(tmp_path) + b"/r\xff.csv"))
    assert ended.returncode == 2
    assert ended.stderr.startswith("isoflop: ")
    assert ended.stderr.count("\n") == 1


def test_help_names_every_command_and_needs_nothing_heavy() -> None:
    code = "import sys; from isoflop.cli.boundary import run; run(['--help']); print(*sys.modules, file=sys.stderr)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for command in (
        "laws",
        "show",
        "check",
        "fit",
        "predict",
        "backtest",
        "compare",
        "multiverse",
        "plan",
        "report",
        "demo",
    ):
        assert f"\n  {command} " in shown.stdout
    loaded = {name.split(".")[0] for name in shown.stderr.split()}
    assert not loaded & {"numpy", "scipy", "sympy", "duckdb", "altair", "torch", "rich", "pandas"}


def test_a_defect_shows_one_line_and_its_traceback_on_request(tmp_path: Path) -> None:
    code = "import isoflop.api as a; a.as_runs = lambda *_, **__: 1 / 0; from isoflop.cli import main; main()"
    call = [sys.executable, "-c", code, "fit", str(tmp_path), "--law", "chinchilla"]
    short = subprocess.run(call, capture_output=True, text=True, check=False)
    assert short.returncode == 1
    assert short.stderr.startswith("isoflop: a defect of isoflop, not of your input: ZeroDivisionError")
    assert short.stderr.count("\n") == 1
    full = subprocess.run(
        call, capture_output=True, text=True, check=False, env={**os.environ, "ISOFLOP_TRACEBACK": "1"}
    )
    assert "Traceback" in full.stderr


def test_without_a_command_there_is_help() -> None:
    assert isoflop().stdout == isoflop("--help").stdout
