"""curves: the fit, the ranking of schedules, what is refused."""

from pathlib import Path

import pytest
from tests.cli.conftest import Isoflop

LOG = ("--map", "checkpoint_step=step", "--by", "run", "--warmup", "200")


def test_schedules_are_ranked_with_intervals(isoflop: Isoflop, curve_log: Path) -> None:
    found = isoflop("curves", curve_log, *LOG, "--bootstrap", "30", "--json").json
    assert found["certificate"]["verdict"] == "certified"
    assert (found["curves"], found["rows"], found["steps"]) == (2, 192, 6000)
    assert found["parameters"]["L0"]["value"] == pytest.approx(2.65, abs=0.05)
    assert set(found["fixed"]) == {"C", "beta", "gamma"}
    names = [one["name"] for one in found["schedules"]]
    assert names[0] == "best"
    assert names.index("wsd-linear") < names.index("cosine")
    losses = [one["loss"]["value"] for one in found["schedules"]]
    assert losses == sorted(losses)
    low, high = found["schedules"][-1]["behind"]["interval"]
    assert 0 < low < found["schedules"][-1]["behind"]["value"] < high


def test_the_table_names_the_best(isoflop: Isoflop, curve_log: Path) -> None:
    out = isoflop("curves", curve_log, *LOG, "--bootstrap", "10", "--steps", "9000", "--end", "1e-5").out
    assert "schedules of 9000 steps from a peak of 0.0003 to 1e-05, by their last loss" in out
    assert "wsd-exponential" in out


def test_a_log_without_rates_is_refused(isoflop: Isoflop, curve_log: Path) -> None:
    ended = isoflop("curves", curve_log, *LOG, "--rate", "learning")
    assert ended.status == 2
    assert "learning" in ended.err
    assert "Traceback" not in ended.err
