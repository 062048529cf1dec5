import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from isoflop.errors import ColumnError, TableError
from isoflop.runs import CheckReport, Excluded, RunTable, check, load_published, read_runs, usable

Columns = dict[str, Any]


def grid(**changes: Any) -> Columns:
    """Return 6 sizes × 5 ratios of runs that follow a law, with changes to cells: name={row: value}."""
    n, ratio = (axis.ravel() for axis in np.meshgrid(np.geomspace(1e7, 1e9, 6), np.geomspace(5, 100, 5)))
    d = n * ratio
    columns: Columns = {"N": n.tolist(), "D": d.tolist(), "loss": (1.8 + 480 / n**0.35 + 2000 / d**0.37).tolist()}
    for name, cells in changes.items():
        columns.setdefault(name, [None] * len(n))
        for row, value in cells.items():
            columns[name][row - 1] = value
    return columns


def codes(report: CheckReport) -> list[tuple[str, str, tuple[int, ...]]]:
    return [(f.level, f.code, f.rows) for f in report.findings if f.level != "note"]


def test_a_clean_table() -> None:
    report = check(RunTable.from_columns(grid()), law_parameters=5)
    assert codes(report) == []
    assert report.ok
    assert report.usable == report.rows == 30
    assert str(report).startswith("30 of 30 runs usable: 0 errors, 0 warnings, 3 notes\n  note: ")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"loss": {3: None}}, ("warning", "missing", (3,))),
        ({"loss": {3: float("nan"), 4: "NaN"}}, ("warning", "missing", (3, 4))),
        ({"loss": {3: 0.0, 5: -1.0}}, ("warning", "non_positive", (3, 5))),
        ({"loss": {3: "bad"}}, ("warning", "unreadable", (3,))),
        ({"loss": {3: float("inf")}}, ("warning", "infinite", (3,))),
        ({"N": {2: -5}}, ("warning", "non_positive", (2,))),
        ({"D": {2: 0}}, ("warning", "non_positive", (2,))),
    ],
)
def test_cells_that_cannot_be_used(changes: Columns, expected: tuple[str, str, tuple[int, ...]]) -> None:
    report = check(RunTable.from_columns(grid(**changes)))
    assert codes(report) == [expected]
    assert report.usable == 30 - len(expected[2])
    assert all(finding.next_step for finding in report.warnings)


def test_a_column_that_is_not_there() -> None:
    columns = grid()
    del columns["D"]
    report = check(RunTable.from_columns(columns))
    assert codes(report) == [("error", "no_column", ())]
    assert not report.ok
    assert "no column 'tokens'" in str(report)


def test_a_column_without_a_number() -> None:
    report = check(RunTable.from_columns({**grid(), "N": ["x"] * 30}))
    assert ("error", "unreadable", tuple(range(1, 31))) in codes(report)
    assert "every row (row 1: 'x')" in str(report)


def test_duplicates() -> None:
    columns = {name: [*values, values[4], values[4], values[0]] for name, values in grid().items()}
    assert codes(check(RunTable.from_columns(columns))) == [("warning", "duplicate", (31, 32, 33))]


def test_repeats_with_another_seed_are_no_duplicates() -> None:
    columns = {name: [*values, values[4]] for name, values in grid().items()}
    columns["loss"][-1] += 0.003
    assert codes(check(RunTable.from_columns(columns))) == []


@pytest.mark.parametrize(("factor", "shown"), [(1e-3, "1e3"), (1e-6, "1e6"), (1e-9, "1e9"), (1e3, "1e-3")])
def test_units_that_flops_give_away(factor: float, shown: str) -> None:
    columns = grid()
    columns["C"] = [6 * n * d for n, d in zip(columns["N"], columns["D"], strict=True)]
    columns["N"] = [n * factor for n in columns["N"]]
    found = [f for f in check(RunTable.from_columns(columns)).warnings if f.code == "units"]
    assert len(found) == 1
    assert f"about {shown} times 6·params·tokens in every row" in found[0].message


def test_units_that_the_range_gives_away() -> None:
    columns = grid()
    columns["N"] = [n / 1e6 for n in columns["N"]]
    found = check(RunTable.from_columns(columns)).warnings
    assert [(f.code, f.column) for f in found] == [("range", "params")]
    assert "params=COLUMN*1e9" in found[0].next_step


def test_one_row_in_another_unit() -> None:
    columns = grid()
    columns["C"] = [6 * n * d for n, d in zip(columns["N"], columns["D"], strict=True)]
    columns["C"][7] *= 1e9
    assert ("warning", "units", (8,)) in codes(check(RunTable.from_columns(columns)))


@pytest.mark.parametrize(("factor", "seen"), [(0.4, True), (0.6, False), (1.9, False), (2.1, True), (8 / 6, False)])
def test_flops_of_another_rule(factor: float, seen: bool) -> None:
    columns = grid()
    columns["C"] = [6 * factor * n * d for n, d in zip(columns["N"], columns["D"], strict=True)]
    found = [f for f in check(RunTable.from_columns(columns)).warnings if f.code == "flops_convention"]
    assert bool(found) == seen
    assert all(f"median ratio {factor:.3g}" in f.message for f in found)


def test_a_diverged_run() -> None:
    columns = grid()
    columns["loss"][12] *= 1.5
    assert codes(check(RunTable.from_columns(columns))) == [("warning", "off_trend", (13,))]


def test_noise_is_no_divergence(rng: np.random.Generator) -> None:
    columns = grid()
    columns["loss"] = [loss * float(np.exp(0.005 * rng.standard_normal())) for loss in columns["loss"]]
    assert codes(check(RunTable.from_columns(columns))) == []


def test_worse_than_a_uniform_guess() -> None:
    columns = {**grid(), "vocab_size": [4096] * 30}
    columns["loss"][0] = 8.4
    assert ("warning", "diverged", (1,)) in codes(check(RunTable.from_columns(columns)))


def test_status_of_runs() -> None:
    columns = {**grid(), "status": ["finished"] * 28 + ["Diverged", "running"]}
    report = codes(check(RunTable.from_columns(columns)))
    assert report == [("warning", "diverged", (29,)), ("warning", "unfinished", (30,))]


def test_runs_short_of_their_plan() -> None:
    columns = {**grid(), "steps": [1000.0] * 29 + [500.0], "planned_steps": [1000.0] * 30}
    assert codes(check(RunTable.from_columns(columns))) == [("warning", "unfinished", (30,))]


def test_checkpoints_of_one_run() -> None:
    columns = {**grid(), "run": [f"r{i // 2}" for i in range(30)]}
    found = check(RunTable.from_columns(columns)).warnings
    assert [f.code for f in found] == ["checkpoints"]
    assert "15 runs have up to 2 rows each" in found[0].message


def test_fewer_sizes_than_parameters() -> None:
    report = check(RunTable.from_columns(grid()), law_parameters=7)
    assert [(f.code, f.column) for f in report.warnings] == [("too_few_sizes", "params")]
    assert "6 distinct values, the law 7 free parameters" in report.warnings[0].message


def test_fewer_runs_than_parameters() -> None:
    columns = {name: values[::8] for name, values in grid().items()}
    report = check(RunTable.from_columns(columns), law_parameters=5)
    assert codes(report) == [("error", "too_few_rows", ())]


def test_one_size() -> None:
    columns = grid()
    columns["N"] = [1e8 + i for i in range(30)]
    assert "one_size" in [f.code for f in check(RunTable.from_columns(columns)).warnings]


def test_tokens_proportional_to_params(rng: np.random.Generator) -> None:
    columns = grid()
    columns["D"] = [20 * n * (1 + 0.01 * rng.random()) for n in columns["N"]]
    assert "collinear" in [f.code for f in check(RunTable.from_columns(columns)).warnings]


def test_many_findings_in_one_pass() -> None:
    columns = grid(loss={1: None, 2: -1.0, 3: "x"}, N={4: 0})
    columns["loss"][20] *= 2
    found = {f.code for f in check(RunTable.from_columns(columns)).warnings}
    assert found == {"missing", "non_positive", "unreadable", "off_trend"}


def test_usable_lists_every_row_it_leaves_out() -> None:
    table = usable(RunTable.from_columns(grid(loss={1: None, 2: -1.0, 3: "x"}, N={1: 0, 4: float("inf")})))
    assert table.excluded == (
        Excluded(1, "params is 0, not positive; loss is missing"),
        Excluded(2, "loss is -1, not positive"),
        Excluded(3, "loss 'x' is not a number"),
        Excluded(4, "params is infinite"),
    )
    assert len(table) == 26
    assert table.source_rows[0] == 5


def test_usable_says_why_a_derived_value_is_missing() -> None:
    table = RunTable.from_columns(grid(N={1: None}))
    assert usable(table, columns=("flops",)).excluded[0].reason.startswith("flops is missing (flops = 6·params·tokens")


def test_usable_of_a_clean_table_is_the_table() -> None:
    table = RunTable.from_columns(grid())
    assert usable(table) is table
    assert usable(table, columns=("N", "num_tokens"), response="L") is table


def test_another_response_may_be_negative() -> None:
    table = RunTable.from_columns({**grid(), "gain": [-1.0, float("nan")] + [0.0] * 28})
    assert usable(table, response="gain").excluded == (Excluded(2, "gain is missing"),)


def test_labels_must_be_there() -> None:
    table = RunTable.from_columns({**grid(), "recipe": [None] + ["a"] * 29})
    assert usable(table, columns=("params", "recipe")).excluded == (Excluded(1, "recipe is missing"),)


def test_zero_is_a_seed() -> None:
    table = RunTable.from_columns({**grid(), "seed": [0] * 30})
    assert usable(table, columns=("params", "seed")) is table


def test_usable_needs_its_columns() -> None:
    with pytest.raises(ColumnError, match="no column 'unique_tokens'"):
        usable(RunTable.from_columns(grid()), columns=("unique_tokens",))
    with pytest.raises(ColumnError, match="'name' holds labels, not numbers: row 1 is 'a'"):
        usable(RunTable.from_columns({**grid(), "name": ["a"] * 30}), response="name")


def test_nothing_left_names_rows_columns_and_the_next_step(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text("N;D;loss\n1e8;2e9;3,1\n1e9;2e10;2,5\n")
    with pytest.raises(TableError) as caught:
        usable(read_runs(path))
    assert re.search(r"runs\.csv: 0 of 2 runs can be used for params, tokens, loss", str(caught.value))
    assert "row 1: loss '3,1' is not a number" in str(caught.value)
    assert "Write decimals with a point, not a comma." in str(caught.value)
    assert str(caught.value).endswith("Repair these cells or map another column onto loss.")


def test_the_published_outliers_are_seen(data_directory: Path) -> None:
    table = load_published("chinchilla_epoch", directory=data_directory, all_rows=True)
    found = [f for f in check(table, law_parameters=5).warnings if f.code == "off_trend"]
    flagged = set(table.source_rows[table.column("outlier") == 1].tolist())
    assert len(found) == 1
    assert flagged <= set(found[0].rows)


def test_a_large_table_is_checked_in_one_go() -> None:
    n = np.geomspace(1e7, 1e10, 200_000)
    table = RunTable.from_columns({"N": n, "D": n[::-1] * 20, "loss": 1.8 + 480 / n**0.35})
    assert check(table, law_parameters=5).usable == 200_000
