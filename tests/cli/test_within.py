"""plan-within: limits, prices, runs to start, conflicts."""

import json
import math
import tomllib
from pathlib import Path

import pytest
from tests.cli.conftest import Isoflop

from isoflop.ladder.grid import read_ladder

LADDER = Path(__file__).parents[2] / "examples" / "ladder_small.toml"
BOTH = ("--choose", "params", "--choose", "tokens")


def test_one_limit_of_compute_is_the_plan(isoflop: Isoflop, fit_file: Path) -> None:
    found = isoflop("plan-within", fit_file, *BOTH, "--limit", "flops <= 1e20", "--json").json
    known = isoflop("plan", fit_file, "--flops", "1e20", "--json").json
    assert found["variables"]["params"]["value"] == pytest.approx(known["params"]["value"], rel=1e-5)
    assert found["variables"]["params"]["interval"] == pytest.approx(known["params"]["interval"], rel=1e-4)
    assert found["certificate"]["verdict"] == "certified"


def test_money_time_and_quality(isoflop: Isoflop, fit_file: Path) -> None:
    ended = isoflop(
        "plan-within", fit_file, *BOTH, "--limit", "loss <= 2.2", "--minimise", "total_money", "--device", "H100",
        "--set", "price=$2/h", "--set", "serve_tokens=1e12 tokens", "--set", "serve_mfu=0.2", "--steps",
    )  # fmt: skip
    assert ended.status == 0
    for part in ("total_money", "beyond the runs", "yes", "(assumption)", "within 1% of the best", "10% more of price"):
        assert part in ended.out


def test_the_run_is_written(isoflop: Isoflop, fit_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "runs.toml"
    found = isoflop("plan-within", fit_file, *BOTH, "--limit", "flops<=1e20", "-o", path, "--seeds", "2", "--json").json
    runs = tomllib.loads(path.read_text("utf-8"))["runs"]
    assert [run["seed"] for run in runs] == [0, 1]
    assert runs[0]["params"] == found["nearby"]["values"]["params"]
    # The size that exists is 1 % smaller than the best one; its data fill the limit up to half a step.
    assert abs(runs[0]["flops"] / 1e20 - 1) <= 0.5 / runs[0]["steps"]
    assert abs(found["nearby"]["worse"]) < 1e-4


def test_the_ladder_reads_what_was_written_for_it(isoflop: Isoflop, fit_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "ladder.toml"
    ended = isoflop(
        "plan-within", fit_file, "--choose", "params=1e5..1e8", "--choose", "tokens=1e6..1e9",
        "--limit", "flops <= 1e13", "-o", path, "--ladder", LADDER,
    )  # fmt: skip
    assert ended.status == 0
    assert len(read_ladder(path).jobs) == 1


def test_contradicting_limits_end_with_2_and_the_change(isoflop: Isoflop, fit_file: Path) -> None:
    ended = isoflop("plan-within", fit_file, *BOTH, "--limit", "flops <= 1e18", "--limit", "loss <= 2.0")
    assert ended.status == 2
    assert "contradict each other" in ended.err
    assert "would have to be" in ended.err
    assert not ended.out


def test_memory_and_latency_need_no_shape(isoflop: Isoflop, fit_file: Path) -> None:
    ended = isoflop(
        "plan-within", fit_file, *BOTH, "--choose", "zero=1|3", "--limit", "flops <= 1e24", "--limit",
        "memory <= 72GB", "--limit", "latency <= 5ms", "--limit", "serve_memory <= 72 GB", "--device", "H100",
        "--set", "devices=64", "--set", "serve_batch=8", "--set", "weight_bits=8", "--json",
    )  # fmt: skip
    found = ended.json
    assert found["variables"]["zero"]["value"] in (1, 3)
    held = {use["text"]: use for use in found["limits"]}
    assert any(use["active"] for text, use in held.items() if text != "flops <= 1e24")
    assert all(use["used"]["value"] <= use["limit"]["value"] * (1 + 1e-6) for use in held.values())
    assumed = {step["formula"] for step in found["steps"] if step["assumption"]}
    assert {"tensor", "pipeline", "kv_elements = shape(params)"} <= assumed


def test_shares_sum_to_one(isoflop: Isoflop, tmp_path: Path) -> None:
    rows = ["web,code,loss"]
    for k in range(12):
        share = 0.05 + 0.9 * k / 11
        loss = 1 + 0.8 * math.exp(-2 * share) + 0.6 * math.exp(-1.5 * (1 - share)) + 1e-4 * (-1) ** k
        rows.append(f"{share},{1 - share},{loss}")
    (tmp_path / "mixtures.csv").write_text("\n".join(rows), "utf-8")
    fit = tmp_path / "fit.json"
    law = "loss = c + 0.8*exp(-a*web) + 0.6*exp(-b*code)"
    made = isoflop("fit", tmp_path / "mixtures.csv", "--law", law, "--response", "loss", "--bootstrap", "20", "-o", fit)
    assert made.status == 0, made.err
    found = isoflop(
        "plan-within", fit, "--choose", "web=0..1", "--choose", "code=0..1", "--limit", "web + code = 1", "--json"
    ).json
    web, code = (found["variables"][word]["value"] for word in ("web", "code"))
    assert web + code == pytest.approx(1.0, abs=1e-12)
    # 1.6 exp(-2 w) = 0.9 exp(-1.5 (1 - w)) at w = (1.5 + ln(1.6/0.9))/3.5.
    assert web == pytest.approx((1.5 + math.log(1.6 / 0.9)) / 3.5, abs=0.01)


def test_a_further_response(isoflop: Isoflop, fit_file: Path, tmp_path: Path) -> None:
    rows = ["loss,accuracy", *(f"{2 + 0.1 * k},{0.8 - 0.03 * k + 0.002 * (-1) ** k}" for k in range(10))]
    (tmp_path / "acc.csv").write_text("\n".join(rows), "utf-8")
    other = tmp_path / "acc.json"
    ended = isoflop(
        "fit", tmp_path / "acc.csv", "--law", "accuracy = a - b*L", "--response", "accuracy", "--bootstrap", "50",
        "--objective", "ls", "-o", other,
    )  # fmt: skip
    assert ended.status == 0, ended.err
    found = isoflop(
        "plan-within", fit_file, *BOTH, "--limit", "flops <= 1e20", "--maximise", "accuracy", "--also", other, "--json"
    ).json
    assert json.dumps(found["quantities"]["accuracy"]["value"]) != "null"
    assert found["sense"] == "maximise"
