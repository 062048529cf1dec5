"""plan: budgets, targets, given sizes, warnings."""

from pathlib import Path

import pytest
from tests.cli.conftest import LAW, Isoflop


def test_a_plan_spends_the_budget_and_is_optimal(isoflop: Isoflop, fit_file: Path) -> None:
    found = isoflop("plan", fit_file, "--flops", "1e20", "--json").json
    params, tokens = found["params"]["value"], found["tokens"]["value"]
    assert 6 * params * tokens == pytest.approx(1e20)
    assert found["tokens_per_param"]["value"] == pytest.approx(tokens / params)
    a = LAW["beta"] / (LAW["alpha"] + LAW["beta"])
    best = (LAW["alpha"] * LAW["A"] / (LAW["beta"] * LAW["B"])) ** (1 / (LAW["alpha"] + LAW["beta"])) * (1e20 / 6) ** a
    low, high = found["params"]["interval"]
    assert low < best < high
    assert found["certificate"]["verdict"] == "certified"


def test_a_target_loss_and_its_budget_agree(isoflop: Isoflop, fit_file: Path) -> None:
    budget = isoflop("plan", fit_file, "--flops", "1e21", "--json").json
    target = isoflop("plan", fit_file, "--loss", str(budget["loss"]["value"]), "--json").json
    assert target["flops"]["value"] == pytest.approx(1e21, rel=1e-6)
    assert target["params"]["value"] == pytest.approx(budget["params"]["value"], rel=1e-6)


def test_a_given_size_is_costed(isoflop: Isoflop, fit_file: Path) -> None:
    found = isoflop("plan", fit_file, "--params", "10B", "--tokens", "20B", "--json").json
    assert found["params"] == {"value": 1e10, "interval": [1e10, 1e10]}
    assert found["choice"]["factor"]["value"] > 2
    assert found["choice"]["extra_compute"]["value"] > 0.1


def test_a_plan_is_a_table_with_its_warnings_and_on_request_its_steps(isoflop: Isoflop, fit_file: Path) -> None:
    short, long = (
        isoflop("plan", fit_file, "--flops", "5.76e23"),
        isoflop("plan", fit_file, "--flops", "5.76e23", "--steps"),
    )
    rows = {line.split("  ")[0]: line for line in short.out.splitlines()}
    for name in ("parameters", "tokens", "tokens per parameter", "loss", "FLOPs"):
        assert name in rows
    assert "decades above" in short.out
    assert set(short.out.splitlines()) < set(long.out.splitlines())
    assert "\n1. " in long.out


def test_a_level_narrows_the_plan(isoflop: Isoflop, fit_file: Path) -> None:
    def ratio(*options: str) -> float:
        low, high = isoflop("plan", fit_file, "--flops", "1e22", "--json", *options).json["params"]["interval"]
        return float(high / low)

    assert ratio("--level", "0.5") < ratio()


def test_a_plan_from_a_doubtful_fit_ends_with_1_under_strict(isoflop: Isoflop, doubtful: Path) -> None:
    plain, strict = (
        isoflop("plan", doubtful, "--flops", "1e20"),
        isoflop("plan", doubtful, "--flops", "1e20", "--strict"),
    )
    assert (plain.status, strict.status) == (0, 1)
    assert plain.err.startswith("isoflop: warning: the fit is weakly identified")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("plan {fit}", "flops"),
        ("plan {fit} --flops 1e20 --loss 2", "flops"),
        ("plan {fit} --flops lots", "'--flops': 'lots' is not a quantity"),
        ("plan {fit} --flops -1", "'--flops': '-1' is no amount of compute above zero"),
        ("plan {fit} --flops 0", "'--flops': '0' is no amount of compute above zero"),
        ("plan {fit} --params 1e9", "params"),
        ("plan {fit} --flops 1e20 --set lr=3", "lr"),
        ("plan {fit} --flops 1e20 --level 3", "between 0 and 1"),
        ("plan nowhere.json --flops 1e20", "nowhere.json"),
    ],
)
def test_what_cannot_be_planned_is_refused(isoflop: Isoflop, fit_file: Path, line: str, said: str) -> None:
    ended = isoflop(*(word.format(fit=fit_file) for word in line.split()))
    assert (ended.status, ended.out) == (2, "")
    assert said in ended.err
    assert ended.err.count("\n") == 1


def test_a_loss_below_the_floor_is_not_reached(isoflop: Isoflop, fit_file: Path) -> None:
    found = isoflop("plan", fit_file, "--loss", "1.0", "--json").json
    assert not found["exists"]
    assert found["flops"]["value"] is None
    assert found["warnings"]
