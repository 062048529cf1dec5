"""budget: the tables, the figure, what is refused."""

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Isoflop
from tests.testtime.sample_files import write_prices, write_samples

import isoflop as iso
from isoflop.cli.output import plain


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Return samples and prices."""
    return write_samples(tmp_path / "samples.csv"), write_prices(tmp_path / "prices.toml")


def test_the_tables_say_what_to_do(isoflop: Isoflop, files: tuple[Path, Path]) -> None:
    ended = isoflop("budget", files[0], "--prices", files[1], "--by", "model", "--bootstrap", "100", "--bins", "3")
    assert ended.status == 0, ended.err
    for said in (
        "small, large: 40 problems, cost of one in dollars; 90% intervals",
        "options that no cheaper one matches",
        "the best of each budget",
        "by difficulty at a budget of",
        "within 1 points of the best that a route reaches",
        "small against large · single with k = 1",
        "questions until its training is repaid",
        "not in the intervals: that other problems than these may be asked for",
    ):
        assert said in ended.out


def test_the_command_prints_what_the_verb_finds(isoflop: Isoflop, files: tuple[Path, Path]) -> None:
    found = iso.budget(*files, by="model", budgets=[0.001], draws=100)
    ended = isoflop(
        "budget", files[0], "--prices", files[1], "--by", "model", "--budget", "0.001", "--bootstrap", "100", "--json"
    )
    assert ended.status == 0, ended.err
    assert ended.json == json.loads(json.dumps(plain(found.to_dict())))


def test_json_and_figure(isoflop: Isoflop, files: tuple[Path, Path], tmp_path: Path) -> None:
    figure, page = tmp_path / "frontier.svg", tmp_path / "page.html"
    ended = isoflop(
        "budget", files[0], "--prices", files[1], "--by", "model", "--rule", "majority", "--budget", "1e-6",
        "--budget", "1e-2", "--bootstrap", "100", "--figure", figure, "--html", page, "--json",
    )  # fmt: skip
    found = ended.json
    assert figure.read_text("utf-8").startswith("<svg")
    assert "isoflop budget" in page.read_text("utf-8")
    assert found["budgets"][0]["best"] is None
    best = found["budgets"][1]["best"]
    assert best["accuracy"]["interval"][0] < best["accuracy"]["value"] < best["accuracy"]["interval"][1]
    costs = [option["cost"]["value"] for option in found["frontier"]]
    assert costs == sorted(costs)
    assert {route["rule"] for route in found["routes"]} == {"majority"}


def test_a_wrong_key_names_the_right_one(isoflop: Isoflop, files: tuple[Path, Path]) -> None:
    prices = write_prices(files[1], "[models.small]\nprice_ot = 1\n")
    ended = isoflop("budget", files[0], "--prices", prices, "--by", "model")
    assert ended.status == 2
    assert "Did you mean 'price_out'?" in ended.err


def test_a_missing_model_is_refused(isoflop: Isoflop, files: tuple[Path, Path]) -> None:
    prices = write_prices(files[1], "[models.huge]\nprice_sample = 1\n")
    ended = isoflop("budget", files[0], "--prices", prices, "--by", "model")
    assert ended.status == 2
    assert "Traceback" not in ended.err
