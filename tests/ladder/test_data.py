"""The table that isoflop ships is what its grid asks for, counted as it says, and complete."""

import csv
import gzip
import json
from importlib.resources import files

import pytest
from tests.ladder.test_grid import SHIPPED

from isoflop.ladder.assemble import COLUMNS, CURVE_COLUMNS
from isoflop.ladder.grid import read_ladder
from isoflop.ladder.rows import check_row
from isoflop.ladder.shape import shape_of
from isoflop.runs.read import read_runs

DATA = files("isoflop.ladder") / "data"
TEXT = {"run", "status"}


@pytest.fixture(scope="module")
def rows():
    read = csv.DictReader((DATA / "ladder.csv").read_text(encoding="utf-8").splitlines())
    assert tuple(read.fieldnames) == COLUMNS
    return [{k: v if k in TEXT else float(v) for k, v in row.items() if v != ""} for row in read]


def test_every_run_of_the_grid_has_one_usable_row(rows):
    assert sorted(row["run"] for row in rows) == sorted(job.name for job in read_ladder(SHIPPED).jobs)
    for row in rows:
        check_row(row)
        assert row["status"] == "finished"


def test_settings_and_counts_are_those_that_the_code_derives(rows):
    ladder = read_ladder(SHIPPED)
    jobs = {job.name: job for job in ladder.jobs}
    for row in rows:
        derived = ladder.derive(jobs[row["run"]])
        shape = shape_of(int(row["width"]))
        assert (row["params"], row["params_non_embedding"]) == (shape.params, shape.params_non_embedding)
        assert (row["tokens"], row["steps"]) == (derived.tokens, derived.updates)
        assert row["batch_tokens"] == derived.sequences * 128
        assert row["lr"] == pytest.approx(derived.lr, rel=1e-12)
        assert row["flops"] == 6 * row["params"] * row["tokens"]
        assert row["flops_exact"] == pytest.approx(shape.flops(derived.tokens, 128), rel=1e-12)


def test_the_loss_is_measured_to_better_than_a_third_of_a_percent(rows):
    assert all(0 < row["evaluation_se"] < 0.0034 * row["loss"] for row in rows)


def test_every_run_has_a_curve_that_ends_where_its_row_says(rows):
    with gzip.open(DATA / "ladder_curves.csv.gz", "rt", encoding="utf-8") as handle:
        points = list(csv.DictReader(handle))
    assert tuple(points[0]) == CURVE_COLUMNS
    last = {point["run"]: point for point in points}
    assert set(last) == {row["run"] for row in rows}
    for row in rows:
        end = last[row["run"]]
        assert (int(end["step"]), int(end["tokens"])) == (row["steps"], row["tokens"])
        assert float(end["train_loss"]) == pytest.approx(row["train_loss"], rel=1e-5)


def test_the_provenance_names_corpus_machine_and_code(rows):
    about = json.loads((DATA / "ladder.json").read_text(encoding="utf-8"))
    assert about["rows"] == len(rows)
    assert about["runs_missing"] == []
    assert about["corpus"]["sha256"] == read_ladder(SHIPPED).corpus_sha256
    assert len(about["commit"]) == 40
    assert set(about["licences"]) == {package.name for package in read_ladder(SHIPPED).packages}
    assert all(about[word] for word in ("machine", "torch", "recipe", "counted", "last_run_ended", "lr_probe"))


def test_the_table_reads_as_a_run_table(rows):
    table = read_runs(str(DATA / "ladder.csv"))
    assert len(table) == len(rows)
    assert not table.derived
    assert table.column("loss").tolist() == [row["loss"] for row in rows]
    assert table.column("params").tolist() == [row["params"] for row in rows]
