"""next: runs to buy, their file, and what is refused."""

import csv
from pathlib import Path

import pytest
from tests.cli.conftest import Isoflop, write_csv

WAY = ("--params", "1e10", "--tokens", "2e11", "--budget", "1e21", "--most", "8")


def test_eight_runs_within_the_budget(isoflop: Isoflop, fit_file: Path) -> None:
    found = isoflop("next", fit_file, *WAY, "--json").json
    assert 0 < len(found["runs"]) <= 8
    assert sum(run["cost"] for run in found["runs"]) == pytest.approx(found["spent"])
    assert found["spent"] <= 1e21 * (1 + 1e-9)
    assert found["half_width_after"] < found["half_width_before"]
    assert found["distance_decades"]["params"] > 0


def test_the_table_shows_runs_interval_warnings_and_steps(isoflop: Isoflop, fit_file: Path, runs: Path) -> None:
    shown = isoflop("next", fit_file, *WAY, "--runs", runs, "--steps")
    assert shown.status == 0
    for word in (
        "expected then",
        "today",
        "decades",
        "warning: There was no back-test",
        "1. ln L by the law",
        "curvature",
    ):
        assert word in shown.out


def test_candidates_with_prices_and_a_file_of_runs(isoflop: Isoflop, fit_file: Path, tmp_path: Path) -> None:
    offers = write_csv(tmp_path / "offers.csv", {"N": [1e9, 2e9, 4e9], "D": [2e10, 4e10, 8e10], "price": [10, 40, 160]})
    out = tmp_path / "runs.csv"
    found = isoflop(
        "next", fit_file, "--params", "1e10", "--tokens", "2e11", "--budget", "200", "--candidates", offers,
        "--cost", "price", "-o", out, "--json",
    ).json  # fmt: skip
    assert found["unit"] == "price"
    assert found["spent"] <= 200
    with out.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["params"]) for row in rows] == [run["columns"]["params"] for run in found["runs"]]
    away = [max(run["distance_decades"].values(), default=0) for run in found["runs"]]
    assert [float(row["decades_beyond_the_runs"]) for row in rows] == away
    assert {row["intervals_widened_by"] for row in rows} == {""}


def test_a_budget_has_the_unit_of_its_costs(isoflop: Isoflop, fit_file: Path, tmp_path: Path) -> None:
    """FLOPs where no column of costs is named; dollars or device-hours where one is."""
    offers = write_csv(tmp_path / "offers.csv", {"N": [1e9, 2e9, 4e9], "D": [2e10, 4e10, 8e10], "price": [10, 40, 160]})
    priced = ("--params", "1e10", "--tokens", "200B tokens", "--candidates", offers, "--cost", "price", "--json")
    for text in ("$0.2K", "200 GPU-hours", "200"):
        assert isoflop("next", fit_file, *priced, "--budget", text).json["budget"] == 200
    assert isoflop("next", fit_file, *WAY[:4], "--budget", "1e21 FLOP", "--json").json["budget"] == 1e21
    ended = isoflop("next", fit_file, *WAY[:4], "--budget", "$2M")
    assert (ended.status, ended.out) == (2, "")
    assert "is a quantity of money, and compute is asked for" in ended.err


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("next {fit} --params 1e10 --tokens 2e11", "--budget"),
        ("next {fit} --params 1e10 --budget 1e21", "does not say tokens"),
        ("next {fit} --flops 1e23 --budget 1e10", "below the smallest run"),
        ("next {fit} --flops 1e23 --budget 1e21 --beats a", "does not name two recipes"),
        ("next {fit} --flops 1e23 --budget 1e21 --beats a,b", "per recipe"),
        ("next {fit} --flops 1e23 --budget 1e21 --tokens-per-param 5", "has one number"),
        ("next {fit} --flops 1e23 --budget 1e21 --criterion Z", "is not known"),
    ],
)
def test_what_cannot_be_chosen_is_refused(isoflop: Isoflop, fit_file: Path, line: str, said: str) -> None:
    ended = isoflop(*(word.format(fit=fit_file) for word in line.split()))
    assert (ended.status, ended.out) == (2, "")
    assert said in ended.err


def test_the_figures_are_written_on_request(isoflop: Isoflop, fit_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "next.svg"
    isoflop("next", fit_file, *WAY, "--figure", path, "--json")
    assert "The runs to buy next" in path.read_text("utf-8")
    assert "The interval to expect" in (tmp_path / "next-interval.svg").read_text("utf-8")
