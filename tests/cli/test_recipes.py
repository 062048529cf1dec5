"""recipes: the table, JSON, the report, what is refused."""

from pathlib import Path

import pytest
from tests.cli.conftest import Isoflop
from tests.report.support import text_of

QUICK = ("--law", "chinchilla", "--bootstrap", "50", "--no-backtest")


def test_the_better_recipe_is_found_with_its_interval(isoflop: Isoflop, recipe_runs: Path) -> None:
    found = isoflop("recipes", recipe_runs, *QUICK, "--flops", "1e20", "--json").json
    assert found["winner"]["recipe"] == "muon"
    by_name = {entry["recipe"]: entry for entry in found["recipes"]}
    low, high = by_name["muon"]["relative"]["interval"]
    assert low < -0.01 < high < 0
    assert by_name["muon"]["multiplier"]["value"] > 1
    assert by_name["muon"]["probability_better"] > 0.95
    assert by_name["adamw"]["probability_better"] is None
    # 25 settings that both recipes were run at.
    assert by_name["muon"]["paired"]["pairs"] == 25


def test_the_table_says_the_same(isoflop: Isoflop, recipe_runs: Path) -> None:
    out = isoflop("recipes", recipe_runs, *QUICK, "--flops", "1e23").out
    assert "best: muon" in out
    assert "crossing: " in out
    assert "paired with the baseline" in out
    assert "3.0 decades outside the runs of muon" in out


def test_the_baseline_the_way_and_the_place_are_options(isoflop: Isoflop, recipe_runs: Path) -> None:
    given = ("--params", "1B", "--tokens", "20B", "--baseline", "muon", "--fit", "separate")
    found = isoflop("recipes", recipe_runs, *QUICK, *given, "--json").json
    assert (found["baseline"], found["way"], found["shared"]) == ("muon", "separate", [])
    assert found["at"] == pytest.approx(6 * 1e9 * 20e9)
    assert found["held"] == "20 tokens per parameter"


def test_a_back_test_is_told(isoflop: Isoflop, recipe_runs: Path) -> None:
    found = isoflop(
        "recipes", recipe_runs, "--law", "chinchilla", "--bootstrap", "20", "--flops", "1e20", "--json"
    ).json
    assert found["inflation"] >= 1
    assert any("back-test" in note for note in found["notes"])


def test_the_report_has_a_section_on_recipes(isoflop: Isoflop, recipe_runs: Path, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    isoflop("recipes", recipe_runs, *QUICK, "--flops", "1e21", "--report", path, "--json")
    page = path.read_text("utf-8")
    assert '<section id="recipes">' in page
    text = text_of(page)
    assert "Best: muon, with a probability of" in text
    assert "isoflop recipes" in text


def write(path: Path, text: str) -> Path:
    """Write rows of words as CSV."""
    path.write_text("\n".join(",".join(line.split()) for line in text.splitlines()) + "\n", "utf-8")
    return path


def test_times_need_no_law(isoflop: Isoflop, tmp_path: Path) -> None:
    rows = "recipe workload study hours\nadamw lm 0 5\nadamw lm 1 6\nmuon lm 0 4\nmuon lm 1 3\nmuon vision 0 8"
    table = write(tmp_path / "times.csv", rows)
    found = isoflop("recipes", table, "--time", "hours", "--json").json
    assert found["classes"] is None
    adamw, muon = found["times"]["recipes"]
    assert (adamw["times"], adamw["solved"]) == ({"lm": 5.5, "vision": None}, 1)
    assert adamw["score"] == pytest.approx((4 - 5.5 / 3.5) / 3 / 2)
    assert (muon["score"], muon["speedup"]) == (1.0, pytest.approx(5.5 / 3.5))
    assert "never" in isoflop("recipes", table, "--time", "hours").out


def test_classes_need_no_law(isoflop: Isoflop, tmp_path: Path) -> None:
    table = write(tmp_path / "hours.csv", "recipe gpu_hours loss\ngpt 6 3.0\nlstm 6 3.3\ngpt 12 2.8\nlstm 12 2.7")
    found = isoflop("recipes", table, "--hours", "gpu_hours", "--json").json
    assert [entry["best"] for entry in found["classes"]] == ["gpt", "lstm", None, None, None]
    assert "12 h   lstm" in isoflop("recipes", table, "--hours", "gpu_hours").out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("", "Give flops=…, or params=… with tokens=…"),
        ("--flops 1e20 --fit both", "partial or separate"),
        ("--flops 1e20 --baseline sgd", "not among the recipes adamw, muon"),
        ("--flops 1e20 --column optimizer", "no column 'optimizer'"),
        ("--flops 1e20 --share gamma", "gamma cannot be shared"),
        ("--flops 1e20 --bootstrap 0", "bootstrap=1000"),
    ],
)
def test_what_cannot_be_compared_is_refused(isoflop: Isoflop, recipe_runs: Path, options: str, said: str) -> None:
    ended = isoflop("recipes", recipe_runs, "--law", "chinchilla", "--no-backtest", *options.split())
    assert (ended.status, ended.out) == (2, "")
    assert said in ended.err
    assert ended.err.count("\n") == 1


def test_nothing_asked_is_refused(isoflop: Isoflop, recipe_runs: Path) -> None:
    ended = isoflop("recipes", recipe_runs)
    assert (ended.status, ended.out) == (2, "")
    assert "Give a law and a scale" in ended.err


def test_the_figures_are_written_on_request(isoflop: Isoflop, recipe_runs: Path, tmp_path: Path) -> None:
    path = tmp_path / "recipes.svg"
    isoflop("recipes", recipe_runs, *QUICK, "--flops", "1e21", "--figure", path, "--json")
    assert "Loss of the recipes" in path.read_text("utf-8")
    assert "Compute multiplier" in (tmp_path / "recipes-multiplier.svg").read_text("utf-8")


def test_the_sense_is_an_option(isoflop: Isoflop, recipe_runs: Path) -> None:
    given = (*QUICK, "--flops", "1e20", "--tokens-per-param", "20", "--better", "higher", "--json")
    found = isoflop("recipes", recipe_runs, *given).json
    assert (found["better"], found["winner"]["recipe"]) == ("higher", "adamw")
    assert any("better=lower" in text for text in found["warnings"])
