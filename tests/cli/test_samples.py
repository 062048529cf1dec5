"""samples: tables, JSON, parts, files that it writes, what it refuses."""

import json
from pathlib import Path

import numpy as np
import pytest
from tests.cli.conftest import Isoflop, write_csv

QUICK = ("--bootstrap", "100")


def test_one_part_in_full(isoflop: Isoflop, samples_file: Path) -> None:
    out = isoflop("samples", samples_file, "--where", "model = 'small'", *QUICK).out
    assert "40 problems, 1,600 samples (40 each)" in out
    assert "pass@k = exp(-a k^-b)" in out
    assert "given counts" in out
    assert "* smallest error in the back-test: 10 and 2 of 40 samples kept" in out
    assert "the forecast to go by: given counts" in out
    assert "one of 4,000 is expected to be right in" in out
    assert "not in the intervals: " in out


def test_numbers_agree_with_the_library(isoflop: Isoflop, samples_file: Path) -> None:
    from isoflop.testtime.estimators.coverage import pass_at_k
    from isoflop.testtime.reading.read import read_counts

    found = isoflop("samples", samples_file, "--where", "model = 'small'", "--k", 1, "--k", 8, *QUICK, "--json").json
    part = found["parts"][0]
    counts = read_counts(samples_file, where="model = 'small'")
    expected = pass_at_k(counts.n, counts.c, [1, 8]).mean(axis=0)
    assert [row["k"] for row in part["curve"]] == [1, 8]
    assert [row["pass_at_k"]["value"] for row in part["curve"]] == pytest.approx(expected.tolist())
    low, high = part["curve"][0]["pass_at_k"]["interval"]
    assert low < expected[0] < high
    assert part["forecast"]["best"] == min(
        part["backtest"]["methods"], key=lambda name: part["backtest"]["methods"][name]["rms_error"]
    )
    assert part["forecast"]["headline"] == "given counts"
    assert sum(part["forecast"]["families"].values()) == pytest.approx(1)
    assert part["power_law"]["certificate"]["ok"]
    assert part["difficulty"]["outcome"] == "interior"
    assert found["data"]["mapping"] == {"problem": "task_id", "n": "n_samples", "c": "n_correct"}


def test_the_same_seed_gives_the_same_bytes(isoflop: Isoflop, samples_file: Path) -> None:
    words = ("samples", samples_file, "--by", "model", *QUICK, "--no-backtest", "--seed", "7", "--json")
    assert isoflop(*words).out == isoflop(*words).out


def test_parts_side_by_side(isoflop: Isoflop, samples_file: Path) -> None:
    out = isoflop("samples", samples_file, "--by", "model", *QUICK, "--no-backtest").out
    assert "2 parts; 90% intervals over problems" in out
    rows = [line.split()[0] for line in out.splitlines()]
    assert "small" in rows
    assert "large" in rows
    found = isoflop("samples", samples_file, "--by", "model", *QUICK, "--no-backtest", "--json").json
    small, large = (next(p for p in found["parts"] if p["name"] == name) for name in ("small", "large"))
    assert small["curve"][0]["pass_at_k"]["value"] < large["curve"][0]["pass_at_k"]["value"]
    assert small["backtest"] is None


def test_files_that_it_writes(isoflop: Isoflop, samples_file: Path, tmp_path: Path) -> None:
    result, page, figure = (tmp_path / name for name in ("result.json", "page.html", "figure.svg"))
    words = ("samples", samples_file, "--where", "model = 'large'", *QUICK, "--no-backtest")
    ended = isoflop(*words, "-o", result, "--html", page, "--figure", figure, "--json")
    assert json.loads(result.read_text("utf-8")) == ended.json
    assert figure.read_text("utf-8").startswith("<svg")
    text = page.read_text("utf-8")
    assert "Solved by k samples" in text
    assert "isoflop samples" in text


def test_samples_one_row_each(isoflop: Isoflop, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    problem = np.repeat(np.arange(30), 8)
    rows = {"task": problem, "attempt": np.tile(np.arange(8), 30), "reward": rng.random(240).round(3)}
    path = write_csv(tmp_path / "rows.csv", rows)
    words = ("samples", path, "--map", "correct=reward", *QUICK, "--json")
    ended = isoflop(*words)
    assert ended.status == 2
    assert "neither 0 nor 1" in ended.err
    assert "Traceback" not in ended.err
    part = isoflop(*words, "--threshold", "0.8").json["parts"][0]
    assert (part["problems"], part["samples"]) == (30, 240)
    assert part["findings"][-1]["message"] == "correct: column 'reward' of at least 0.8"


def test_unscored_samples_may_count_as_wrong(isoflop: Isoflop, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("problem,correct\n" + "".join(f"p{k},{v}\n" for k in range(5) for v in ("1", "0", "")), "utf-8")
    out = isoflop("samples", path, *QUICK).out
    assert "5 of 15 samples have no score and take no part" in out
    part = isoflop("samples", path, *QUICK, "--unscored-wrong", "--json").json["parts"][0]
    assert part["curve"][0]["pass_at_k"]["value"] == pytest.approx(1 / 3)
    assert any("count as wrong" in finding["message"] for finding in part["findings"])


def test_too_few_samples_give_the_curve_and_say_so(isoflop: Isoflop, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("problem,correct\n" + "".join(f"p{k},{k % 2}\n" for k in range(40)), "utf-8")
    ended = isoflop("samples", path, *QUICK)
    assert ended.status == 0
    assert "no forecast: Some problem has a single sample" in ended.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--k", "41"), "k = 41 is above the number of samples of problems p0, p1"),
        (("--by", "nonsense"), "no column 'nonsense'"),
        (("--where", "model ="), "no condition"),
        (("--map", "x"), "NAME=VALUE"),
        (("--times", "1"), "times the samples at hand is none"),
        (("--level", "90"), "not between 0 and 1"),
    ],
)
def test_what_it_refuses(isoflop: Isoflop, samples_file: Path, words: tuple[str, ...], said: str) -> None:
    where = () if "--where" in words or "--by" in words else ("--where", "model = 'small'")
    ended = isoflop("samples", samples_file, *where, *words, *QUICK)
    assert ended.status == 2
    assert said in ended.err
    assert ended.err.count("\n") == 1
    assert "Traceback" not in ended.err


def test_models_are_not_mixed(isoflop: Isoflop, samples_file: Path) -> None:
    ended = isoflop("samples", samples_file)
    assert ended.status == 2
    assert "rows of a problem beyond the first" in ended.err
    assert isoflop("samples", samples_file.with_name("none.csv")).status == 2
