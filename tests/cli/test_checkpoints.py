"""Several rows of one run: what a fit says of its intervals, on screen, in JSON and on the page."""

from pathlib import Path

import numpy as np
import pytest
from tests.cli.conftest import Isoflop
from tests.report.support import text_of

import isoflop as iso
from isoflop.report import render_report
from isoflop.uncertainty.bootstrap import bootstrap

LINE = "E + K/D^a"
SAID = "rows of one run are not independent"


def rows(runs: int, each: int = 6) -> dict[str, list[object]]:
    """Return checkpoints of runs that each have an offset of their own."""
    rng = np.random.default_rng(4)
    tokens = np.geomspace(1e9, 1e11, each)
    offsets = 0.01 * rng.standard_normal(runs)
    loss = [1.8 + 4e3 / tokens**0.4 + offset + 1e-3 * rng.standard_normal(each) for offset in offsets]
    names = [f"r{k}" for k in range(runs) for _ in range(each)]
    return {"run": names, "tokens": np.tile(tokens, runs).tolist(), "loss": np.concatenate(loss).tolist()}


def notes_of(runs: int, each: int = 6, **choices: object) -> list[str]:
    """Return what a fit notes on its checkpoints."""
    found = iso.fit(LINE, rows(runs, each), **{"bootstrap": 20, **choices})
    return [note for note in found.data.notes if SAID in note]


@pytest.mark.parametrize("resample", ["bayes", "pairs"])
def test_intervals_that_take_checkpoints_as_independent_say_so(resample: str) -> None:
    (note,) = notes_of(8, resample=resample)
    assert note.startswith("8 runs have up to 6 rows each")
    assert note.endswith("too narrow. Resample by run: --resample cluster:run.")


def test_forecasts_from_such_a_fit_say_so_too() -> None:
    fit = iso.fit(LINE, rows(8), bootstrap=20)
    for one in (fit, iso.Fit.from_json(fit.to_json())):
        assert any(SAID in text for text in one.predict(tokens=1e12).leaves_out)
    again = bootstrap(fit, iso.as_runs(rows(8)), rng=np.random.default_rng(0), draws=20, resample="cluster:run")
    assert not any(SAID in text for text in again.predict(tokens=1e12).leaves_out)


@pytest.mark.parametrize("choices", [{"resample": "cluster:run"}, {"bootstrap": 0}])
def test_resampling_by_run_or_no_interval_leaves_nothing_to_say(choices: dict[str, object]) -> None:
    assert notes_of(8, **choices) == []


def test_runs_of_one_row_leave_nothing_to_say() -> None:
    assert notes_of(8, each=1) == []


def test_a_few_runs_cannot_be_resampled_by_run() -> None:
    (note,) = notes_of(4)
    assert note.endswith("4 runs are too few to resample by run (5 are needed): read them as too narrow.")
    assert "--resample" not in note


def test_rows_left_out_do_not_count() -> None:
    columns = rows(8, each=2)
    columns["loss"][1::2] = [float("nan")] * 8
    assert not any(SAID in note for note in iso.fit(LINE, columns, bootstrap=20).data.notes)


def test_checkpoints_stay_noted_in_a_stored_fit(tmp_path: Path) -> None:
    found = iso.fit(LINE, rows(8), bootstrap=20)
    found.to_json(tmp_path / "fit.json")
    assert any(SAID in note for note in iso.Fit.from_json(tmp_path / "fit.json").data.notes)


def test_the_command_says_it_on_screen_and_in_json(isoflop: Isoflop, tmp_path: Path) -> None:
    table = tmp_path / "runs.csv"
    columns = rows(8)
    lines = ["run,tokens,loss", *(",".join(map(str, row)) for row in zip(*columns.values(), strict=True))]
    table.write_text("\n".join(lines), "utf-8")
    asked = ("fit", table, "--law", LINE, "--bootstrap", "20")
    assert f"note: 8 runs have up to 6 rows each; {SAID}" in isoflop(*asked).out
    assert any(SAID in note for note in isoflop(*asked, "--json").json["data"]["notes"])
    assert SAID not in isoflop(*asked, "--resample", "cluster:run").out


def test_the_page_advises_it_until_it_is_done() -> None:
    table = iso.as_runs(rows(8))
    told = text_of(render_report(iso.fit(LINE, table, bootstrap=20), table))
    assert f"{SAID}; the draws took them to be" in told
    done = text_of(render_report(iso.fit(LINE, table, bootstrap=20, resample="cluster:run"), table))
    assert f"{SAID}; the intervals drew them together (resampling cluster:run)." in done
    assert "Resample by run" not in done
