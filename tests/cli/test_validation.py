"""backtest and compare: cuts, errors, verdicts, the way of an inflation into a forecast."""

from pathlib import Path

import pytest
from tests.cli.conftest import Isoflop, chinchilla_rows, write_csv

QUICK = ("--bootstrap", "30")


def test_backtest_predicts_larger_runs_from_smaller_ones(isoflop: Isoflop, runs: Path) -> None:
    found = isoflop("backtest", runs, "--law", "chinchilla", "--by", "flops", "--hold-out", 2, *QUICK, "--json").json
    assert [(s["train_rows"], s["test_rows"]) for s in found["splits"]] == [(15, 10), (20, 5)]
    assert found["mean_abs_rel_error"] < 0.02
    assert abs(found["mean_signed_rel_error"]) <= found["mean_abs_rel_error"]
    assert 0 <= found["coverage"] <= 1 <= found["inflation"]
    flops = [6 * p["columns"]["params"] * p["columns"]["tokens"] for p in found["splits"][1]["predictions"]]
    assert flops == pytest.approx([1e20] * 5)


def test_backtest_prints_a_row_per_cut_and_the_sums(isoflop: Isoflop, runs: Path) -> None:
    ended = isoflop("backtest", runs, "--law", "chinchilla", "--hold-out", 2, *QUICK)
    assert ended.status == 0
    cells = [line.split() for line in ended.out.splitlines()]
    assert [row[1:3] for row in cells if row and row[0] in {"3.16e+19", "1.00e+20"}] == [["15", "10"], ["20", "5"]]
    (sums,) = [line for line in ended.out.splitlines() if line.startswith("mean |error|")]
    assert "coverage" in sums
    assert "inflation" in sums


@pytest.mark.parametrize("by", ["flops", "params", "tokens"])
def test_backtest_by_any_size(isoflop: Isoflop, runs: Path, by: str) -> None:
    found = isoflop("backtest", runs, "--law", "chinchilla", "--by", by, "--bootstrap", 0, "--json").json
    assert found["by"] == by
    assert found["coverage"] is None
    assert found["mean_abs_rel_error"] < 0.02


def test_a_doubtful_fit_in_a_backtest_ends_with_1_under_strict(isoflop: Isoflop, proportional: Path) -> None:
    call = ("backtest", proportional, "--law", "chinchilla", "--bootstrap", 0, "--hold-out", 1)
    plain, strict = isoflop(*call), isoflop(*call, "--strict")
    assert (plain.status, strict.status) == (0, 1)
    assert "smallest runs is weakly identified" in plain.err
    assert strict.err.count("\n") == 1


def test_the_inflation_of_a_backtest_widens_forecasts(isoflop: Isoflop, tmp_path: Path) -> None:
    # A bend that the law does not know: the back-test must see it.
    rows = chinchilla_rows()
    rows["loss"] = rows["loss"] + 0.02 * (rows["N"] * rows["D"] > 5e18 / 6)
    table, fit = write_csv(tmp_path / "runs.csv", rows), tmp_path / "fit.json"
    found = isoflop("fit", table, "--law", "chinchilla", *QUICK, "--backtest", "flops", "-o", fit, "--json").json
    assert found["inflation"] > 1.1

    def width(*options: str) -> float:
        ended = isoflop("predict", fit, "--params", "1e9", "--tokens", "20B", "--json", *options).json
        low, high = ended["loss"]["interval"]
        return float(high - low)

    assert width() == pytest.approx(found["inflation"] * width("--no-inflation"), rel=0.1)
    assert "widened" in isoflop("predict", fit, "--params", "1e9", "--tokens", "20B").out


def test_compare_puts_the_law_that_made_the_runs_first(isoflop: Isoflop, runs: Path) -> None:
    ended = isoflop(
        "compare", runs, "--law", "power-flops", "--law", "chinchilla", "--law", "E + A/C^a", *QUICK, "--json"
    )
    assert ended.status == 0
    found = ended.json
    assert found["best"] == "chinchilla"
    assert found["verdict"] in {"chinchilla", "not distinguishable"}
    weights = {average["name"]: average["weights"] for average in found["averages"]}
    assert sum(weights["equal"].values()) == pytest.approx(1)


def test_compare_forecasts_a_run_with_every_law(isoflop: Isoflop, runs: Path) -> None:
    call = ("compare", runs, "--law", "chinchilla", "--law", "power-flops-floor", *QUICK)
    found = isoflop(*call, "--params", "1e10", "--tokens", "200B", "--json").json["target"]
    assert set(found["laws"]) == {"chinchilla", "power-flops-floor"}
    assert found["interval"][0] < found["averages"]["equal"] < found["interval"][1]
    shown = isoflop(*call, "--params", "1e10", "--tokens", "200B").out
    assert "target: " in shown
    assert "verdict: " in shown


def test_a_multiverse_spans_the_choices(isoflop: Isoflop, runs: Path) -> None:
    call = ("multiverse", runs, "--law", "chinchilla", "--flops", "1e21", "--objective", "log-ls", "--objective", "ls")
    found = isoflop(*call, "--exclude", "all runs", "--exclude", "without outliers", "--json").json
    assert {(u["objective"], u["exclusion"]) for u in found["universes"]} == {
        ("log-ls", "all runs"), ("log-ls", "without outliers"), ("ls", "all runs"), ("ls", "without outliers"),
    }  # fmt: skip
    span = found["ranges"]["tokens_per_param"]
    assert span["low"] <= span["median"] <= span["high"]
    shown = isoflop(*call, "--exclude", "all runs").out
    assert "2 universes" in shown
    assert "tokens per param" in shown


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("backtest {runs} --law chinchilla --by size", "no column 'size'"),
        ("backtest {runs} --law chinchilla --hold-out 0", "'--hold-out'"),
        ("backtest {runs} --law chinchilla --hold-out 5", "hold_out=5 would hold out all 5 groups"),
        ("backtest {runs} --law chinchilla --where N>1e9", "No cut by flops leaves enough runs"),
        ("backtest {runs}", "Missing option '--law'"),
        ("compare {runs} --law chinchilla", "two"),
        ("compare {runs}", "Missing option '--law'"),
        ("compare {runs} --law chinchilla --law chinchila", "Did you mean 'chinchilla'?"),
        ("compare {runs} --law chinchilla --law gadre --params 1e9", "tokens"),
        ("multiverse {runs} --law chinchilla", "Give a budget (--flops 5.76e23)"),
        ("multiverse {runs} --law chinchilla --flops 1e21 --objective hubr", "'hubr' is not known"),
        ("multiverse {runs} --law chinchilla --flops 1e21 --exclude some", "some"),
        ("multiverse {runs} --flops 1e21", "Missing option '--law'"),
    ],
)
def test_what_cannot_be_asked_is_refused(isoflop: Isoflop, runs: Path, line: str, said: str) -> None:
    ended = isoflop(*(word.format(runs=runs) for word in line.split()))
    assert (ended.status, ended.out) == (2, "")
    assert said in ended.err
    assert ended.err.count("\n") == 1
