"""report and demo: files, the command that makes them again, and forecasts that stand before measurements."""

import re
from pathlib import Path

import pytest
from tests.cli.conftest import Ended, Isoflop
from tests.cli.test_keys import leaves, pattern
from tests.report.support import text_of

from isoflop.cli import demo as job
from isoflop.cli.keys import KEYS
from isoflop.fit.result import Fit


def test_a_report_holds_the_command_that_makes_it_again(isoflop: Isoflop, runs: Path, tmp_path: Path) -> None:
    out = tmp_path / "my report.html"
    call = ("report", runs, "--law", "chinchilla", "--bootstrap", 20, "--flops", "1e21", "--title", "Ours & theirs")
    ended = isoflop(*call, "-o", out)
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.splitlines() == ["certified", f"written to {out}"]
    page = out.read_text("utf-8")
    assert "<title>Ours &amp; theirs</title>" in page
    assert f"isoflop report {runs} --law chinchilla --bootstrap 20 --flops 1e21" in page
    assert f"-o &#39;{out}&#39;" in page


def test_a_report_of_a_law_without_sizes_has_no_plan(isoflop: Isoflop, runs: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    ended = isoflop("report", runs, "--law", "power-flops-floor", "--bootstrap", 20, "-o", out, "--json")
    assert ended.json == {"report": str(out), "bytes": out.stat().st_size, "certificate": ended.json["certificate"]}


def test_a_report_of_a_doubtful_fit_is_written_and_ends_with_1_under_strict(
    isoflop: Isoflop, proportional: Path, tmp_path: Path
) -> None:
    out = tmp_path / "report.html"
    call = ("report", proportional, "--law", "chinchilla", "--bootstrap", 20, "--hold-out", 1, "-o", out)
    ended = isoflop(*call, "--strict")
    assert ended.status == 1
    assert ended.err.startswith("isoflop: the fit is weakly identified")
    assert out.is_file()


def test_the_plan_is_costed_on_an_assumed_device_until_one_is_named(
    isoflop: Isoflop, runs: Path, tmp_path: Path
) -> None:
    pages = {}
    for name, more in {"default": (), "named": ("--device", "A100"), "none": ("--device", "")}.items():
        out = tmp_path / f"{name}.html"
        call = ("report", runs, "--law", "chinchilla", "--bootstrap", 20, "--flops", "1e22", "--hold-out", 1)
        assert isoflop(*call, *more, "-o", out).status == 0
        pages[name] = text_of(out.read_text("utf-8"))
    said = "The accelerator is an assumption: nobody named one"
    assert said in pages["default"]
    assert "NVIDIA H100" in pages["default"]
    assert said not in pages["named"]
    assert "NVIDIA A100" in pages["named"]
    assert "Cost of" not in pages["none"]


def test_a_report_carries_other_laws_and_a_plan_under_limits(isoflop: Isoflop, runs: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    ended = isoflop(
        "report", runs, "--law", "chinchilla", "--bootstrap", 20, "--flops", "1e22", "--hold-out", 1,
        "--against", "power-flops-floor", "--choose", "params", "--choose", "tokens", "--limit", "money <= $100K",
        "--set", "price=$2/h", "--device", "H100", "-o", out,
    )  # fmt: skip
    assert (ended.status, ended.err) == (0, "")
    text = text_of(out.read_text("utf-8"))
    assert "Other laws on the same runs" in text
    assert "power-flops-floor" in text
    assert "What each law says of the target" in text
    assert "Plan under limits: minimise loss with money <= $100K" in text
    assert "What binds, and what more of it buys" in text


def test_an_unknown_device_is_refused_and_a_model_without_a_shape_is_told(
    isoflop: Isoflop, runs: Path, tmp_path: Path
) -> None:
    out = tmp_path / "report.html"
    call = ("report", runs, "--law", "chinchilla", "--bootstrap", 20, "--hold-out", 1, "-o", out)
    ended = isoflop(*call, "--device", "abacus")
    assert ended.status == 2
    assert "abacus" in ended.err
    assert not out.exists()
    assert isoflop(*call, "--flops", "1e13").status == 0
    assert "No cost can be given. No shape has about" in text_of(out.read_text("utf-8"))


def test_limits_of_a_report_need_something_to_decide(isoflop: Isoflop, runs: Path, tmp_path: Path) -> None:
    ended = isoflop("report", runs, "--law", "chinchilla", "--limit", "flops <= 1e22", "-o", tmp_path / "report.html")
    assert ended.status == 2
    assert "--choose params" in ended.err


def test_a_report_that_cannot_be_written_is_refused(isoflop: Isoflop, runs: Path, tmp_path: Path) -> None:
    ended = isoflop("report", runs, "--law", "chinchilla", "--bootstrap", 2, "-o", tmp_path / "no" / "report.html")
    assert ended.status == 2
    assert "cannot be written" in ended.err


@pytest.fixture(scope="module")
def trial() -> job.Trial:
    """Return the demonstration's forecasts of the largest embedded runs."""
    return job.predict_largest()


@pytest.fixture(scope="module")
def whole() -> job.Whole:
    """Return what the demonstration says with all embedded runs."""
    return job.fit_all()


@pytest.fixture
def ready(monkeypatch: pytest.MonkeyPatch, trial: job.Trial, whole: job.Whole) -> None:
    """Let the command find its two long steps done."""
    monkeypatch.setattr(job, "predict_largest", lambda _: trial)
    monkeypatch.setattr(job, "fit_all", lambda _: whole)


def test_the_forecasts_use_nothing_of_the_runs_held_out(trial: job.Trial) -> None:
    assert trial.large.column("flops").min() > trial.small.column("flops").max()
    assert trial.fit.rows == len(trial.small)
    assert len(trial.large) >= 3
    assert trial.fit.inflation is not None


def test_the_demonstration_predicts_before_it_shows(isoflop: Isoflop, ready: None, tmp_path: Path) -> None:
    ended = isoflop("demo", "-o", tmp_path / "new" / "folder")
    assert ended.status == 0
    before, after = ended.out.split("2. Now the measurements")
    assert "predicted" in before
    assert "measured" not in before
    assert "measured" in after
    titles = re.findall(r"^(\d)\. ", ended.out, re.MULTILINE)
    assert titles == ["1", "2", "3", "4", "5", "6", "7"]
    assert f"report: {tmp_path / 'new' / 'folder' / 'report.html'}" in ended.out


def test_the_demonstration_leaves_files_that_the_other_commands_take(
    isoflop: Isoflop, ready: None, tmp_path: Path
) -> None:
    ended = isoflop("demo", "-o", tmp_path, "--json")
    found = ended.json
    assert_documented(ended)
    assert Fit.from_json(Path(found["files"]["fit"])).rows <= found["rows"]
    assert isoflop("check", found["files"]["table"]).status == 0
    assert isoflop("plan", found["files"]["fit"], "--flops", "1e15").status == 0
    assert 100_000 < Path(found["files"]["report"]).stat().st_size < 3_000_000


def assert_documented(ended: Ended) -> None:
    found, documented = set(leaves(ended.json)), [pattern(key.path) for key in KEYS["demo"]]
    for path in found - {"certificate.reasons"}:
        assert any(re.fullmatch(known, path) for known in documented), path
    for known in documented:
        assert any(re.fullmatch(known, path) for path in found), known
