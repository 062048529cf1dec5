"""Sample tables from files and columns: words, forms, parts, conditions, memory."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
import pytest

from isoflop.errors import ColumnError, FileError, TableError
from isoflop.testtime.reading.read import check_source, read_counts, read_counts_by, read_samples, stream_samples

ROWS = [("t/2", 0, "true"), ("t/2", 1, "false"), ("t/10", 0, "true"), ("t/10", 1, "true")]


def write(path: Path, header: str, rows: list[tuple[object, ...]], sep: str = ",") -> Path:
    lines = [header, *(sep.join(str(cell) for cell in row) for row in rows)]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


@pytest.mark.parametrize("form", ["csv", "tsv", "jsonl", "json", "parquet", "csv.gz"])
def test_one_row_a_sample_in_every_form(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"samples.{form}"
    if form in ("csv", "tsv"):
        sep = "," if form == "csv" else "\t"
        write(path, sep.join(("task_id", "completion_id", "passed")), ROWS, sep)
    elif form == "csv.gz":
        path.write_bytes(gzip.compress(write(tmp_path / "x.csv", "task_id,completion_id,passed", ROWS).read_bytes()))
    elif form == "parquet":
        values = ", ".join(f"('{t}', {a}, {p})" for t, a, p in ROWS)
        duckdb.sql(f"COPY (SELECT * FROM (VALUES {values}) v(task_id, completion_id, passed)) TO '{path}'")
    else:
        rows = [{"task_id": t, "completion_id": a, "passed": p == "true"} for t, a, p in ROWS]
        path.write_text("\n".join(map(json.dumps, rows)) if form == "jsonl" else json.dumps(rows), "utf-8")
    found = read_counts(path)
    assert found.problems == ("t/2", "t/10")
    assert (found.n.tolist(), found.c.tolist()) == ([2, 2], [1, 2])
    assert found.provenance.file == str(path)
    assert len(found.provenance.sha256) == 64
    assert found.provenance.mapping == {"problem": "task_id", "attempt": "completion_id", "correct": "passed"}


def test_counts_per_problem_are_read_by_their_headers() -> None:
    found = read_counts({"problem": ["a", "b"], "n_samples": [100, 50], "n_correct": [7, 50]})
    assert (found.n.tolist(), found.c.tolist()) == ([100, 50], [7, 50])
    assert [f.code for f in found.findings] == ["uneven", "few"]


def test_correct_beside_n_is_a_count_when_problems_are_there_once() -> None:
    assert read_counts({"problem": ["a", "b"], "n": [9, 9], "correct": [1, 0]}).c.tolist() == [1, 0]
    rows = read_counts({"problem": ["a", "a"], "n": [2, 2], "correct": [1, 0]})
    assert (rows.n.tolist(), rows.c.tolist()) == ([2], [1])


def test_lists_of_samples_in_one_row(tmp_path: Path) -> None:
    path = tmp_path / "lists.jsonl"
    rows = [{"question": "q1", "is_corrects": [True, False, True]}, {"question": "q2", "is_corrects": [False, None]}]
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    found = read_counts(path)
    assert (found.n.tolist(), found.c.tolist()) == ([3, 1], [2, 0])
    assert "missing" in [f.code for f in found.findings]


def test_evalplus_counts_a_sample_only_when_both_statuses_pass(tmp_path: Path) -> None:
    rows = [("t", "pass", "pass"), ("t", "pass", "fail"), ("t", "fail", "pass")]
    path = write(tmp_path / "s.csv", "task_id,base_status,plus_status", rows)
    assert read_counts(path).c.tolist() == [1]
    samples = read_samples(path)
    assert samples.column("base").tolist() == [1, 1, 0]
    assert samples.column("correct").tolist() == [1, 0, 0]


def test_humaneval_results_say_why_a_sample_failed(tmp_path: Path) -> None:
    path = tmp_path / "samples.jsonl_results.jsonl"
    rows = [
        {"task_id": "HumanEval/0", "completion": "pass", "result": "failed: AssertionError", "passed": False},
        {"task_id": "HumanEval/0", "completion": "return 1", "result": "passed", "passed": True},
    ]
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    assert read_counts(path).c.tolist() == [1]
    assert read_counts(path, mapping={"correct": "result"}).c.tolist() == [1]


def test_answers_are_compared_with_the_target_where_nothing_else_says_it() -> None:
    columns = {"question_id": [1, 1, 2], "prediction": ["7", "8", "9"], "answer": ["7", "7", "9"]}
    found = read_counts(columns)
    assert (found.n.tolist(), found.c.tolist()) == ([2, 1], [1, 1])
    assert found.findings[-1].message == "correct: 'prediction' is 'answer', as text"


def test_a_threshold_makes_a_score_right_or_wrong() -> None:
    columns = {"problem": ["a", "a", "b"], "correct": [0.4, 0.9, 0.5]}
    with pytest.raises(TableError, match=r"neither 0 nor 1 in 3 samples.*problems a, b.*threshold"):
        read_counts(columns)
    found = read_counts(columns, threshold=0.5)
    assert found.c.tolist() == [1, 1]
    assert found.findings[-1].message == "correct: column 'correct' of at least 0.5"


def test_missing_scores_take_no_part_or_count_as_wrong() -> None:
    columns = {"problem": ["a", "a", "b"], "correct": [1, None, None]}
    out = read_counts(columns)
    assert (out.problems, out.n.tolist()) == (("a",), [1])
    assert [f.code for f in out.findings if f.level == "warning"] == ["missing", "empty", "few", "constant"]
    wrong = read_counts(columns, missing="wrong")
    assert (wrong.problems, wrong.n.tolist(), wrong.c.tolist()) == (("a", "b"), [2, 1], [1, 0])


@pytest.mark.parametrize("missing", ["nan", "NA", "", "null"])
def test_blank_scores_of_a_csv_are_missing(tmp_path: Path, missing: str) -> None:
    path = write(tmp_path / "s.csv", "problem,correct", [("a", 1), ("a", missing)])
    assert read_counts(path).n.tolist() == [1]


def test_not_a_number_is_missing() -> None:
    assert read_counts({"problem": ["a", "a"], "correct": np.array([1.0, np.nan])}).n.tolist() == [1]


def test_a_word_that_says_neither_is_an_error() -> None:
    with pytest.raises(TableError, match="says neither right nor wrong, such as 'perhaps', of problem b"):
        read_counts({"problem": ["a", "b"], "correct": ["yes", "perhaps"]})


@pytest.mark.parametrize("attempts", [[0, 1, 1], [0, 2, 2], ["x", "y", "x"], [5, 5, 5], [0.0, 1.5, 1.5]])
def test_an_attempt_that_is_there_twice_is_an_error(attempts: list[object]) -> None:
    columns = {"problem": ["a", "a", "a", "b"], "attempt": [*attempts, attempts[0]], "correct": [1, 0, 1, 1]}
    with pytest.raises(TableError, match=r"samples repeat an attempt of their problem: problem a\."):
        read_counts(columns)


@pytest.mark.parametrize("attempts", [[0, 1, 2], [2, 0, 1], [0, 2, 7], ["x", "y", "z"], [0.5, 1.5, 2.5]])
def test_attempts_that_differ_are_none(attempts: list[object]) -> None:
    columns = {"problem": ["a", "a", "a", "b"], "attempt": [*attempts, attempts[0]], "correct": [1, 0, 1, 1]}
    assert read_counts(columns).n.tolist() == [3, 1]


def test_sums_that_agree_by_chance_do_not_hide_a_double() -> None:
    # 0+1+5+6+... : same number, range and sum as 0..6, with two attempts there twice.
    attempts = [0, 1, 1, 3, 5, 5, 6]
    assert sum(attempts) == sum(range(7))
    with pytest.raises(TableError, match="2 samples repeat an attempt"):
        read_counts({"problem": ["a"] * 7, "attempt": attempts, "correct": [1] * 7})


def test_parts_are_told_apart_by_columns() -> None:
    columns = {"model": ["m1", "m1", "m2"], "t": [0.1, 0.2, 0.1], "task": ["p", "p", "p"], "n": [4] * 3, "c": [1, 2, 3]}
    with pytest.raises(TableError, match="1 rows of a problem beyond the first: problem p"):
        read_counts_by(columns, by=["model"])
    found = read_counts_by(columns, by=["model", "t"])
    assert {name: counts.c.tolist() for name, counts in found.items()} == {
        "m1 / 0.1": [1], "m1 / 0.2": [2], "m2 / 0.1": [3],
    }  # fmt: skip
    assert {counts.group for counts in found.values()} == set(found)
    with pytest.raises(TableError, match=r"several parts: m1 / 0\.1, m1 / 0\.2, m2 / 0\.1"):
        read_counts(columns, by=["model", "t"])
    assert read_counts(columns, where="model = 'm2'").c.tolist() == [3]


def test_samples_of_several_models_are_not_mixed_without_a_word() -> None:
    columns = {"model": ["m1", "m2", "m1"], "problem": ["p", "p", "q"], "correct": [1, 0, 1]}
    codes = {f.code: f for f in read_counts(columns).findings}
    assert codes["mixed"].message == "samples of problem p come from several values of model"
    assert "mixed" not in {f.code for f in read_counts_by(columns, by=["model"])["m1"].findings}


def test_impossible_counts_name_the_problems() -> None:
    with pytest.raises(TableError, match=r"problem b: the correct samples are more than.*11 of 10"):
        read_counts({"problem": ["a", "b"], "n": [10, 10], "c": [3, 11]})
    with pytest.raises(TableError, match=r"problem a: .*2.5 of 10"):
        read_counts({"problem": ["a"], "n": [10], "c": [2.5]})


def test_k_above_n_is_an_error_that_names_the_problems() -> None:
    report = check_source({"problem": ["a", "b"], "n": [10, 5], "c": [1, 1]}, k=8)[0]
    assert [f.message for f in report.errors] == ["k = 8 is above the number of samples of problem b"]
    assert not report.ok
    assert "1 errors" in str(report)


def test_rows_without_a_problem_are_an_error() -> None:
    with pytest.raises(TableError, match="1 rows name no problem"):
        read_counts({"problem": ["a", None], "correct": [1, 0]})


def test_a_condition_sees_the_columns_and_nothing_else(tmp_path: Path) -> None:
    path = write(tmp_path / "s.csv", "problem,correct,model", [("a", 1, "x"), ("a", 0, "y")])
    assert read_counts(path, where="model = 'y'").c.tolist() == [0]
    for wrong, said in (
        ("1=1); DROP VIEW raw; SELECT (1", "more than one condition"),
        ("nope > 3", "no condition on these columns"),
        ("model ==", "no condition"),
        ("model = 'z'", "There are no samples"),
    ):
        with pytest.raises(TableError, match=said):
            read_counts(path, where=wrong)
    other = write(tmp_path / "other.csv", "a", [("secret",)])
    with pytest.raises(FileError, match="Permission"):
        read_counts(path, where=f"model IN (SELECT a FROM read_csv('{other}'))")


def test_solutions_that_nobody_tested_are_refused_with_the_next_step(tmp_path: Path) -> None:
    path = tmp_path / "samples.jsonl"
    path.write_text('{"task_id": "t", "solution": "return 1"}\n', "utf-8")
    with pytest.raises(ColumnError, match="nobody has tested yet: run the evaluation"):
        read_counts(path)


@pytest.mark.parametrize(
    ("columns", "error", "said"),
    [
        ({"n": [1], "c": [1]}, ColumnError, "no column 'problem'"),
        ({"problem": ["a"], "x": [1]}, ColumnError, "no column says what is correct"),
        ({"problem": ["a"], "correct": [1, 0]}, TableError, "Lengths of the columns: problem 1, correct 2"),
        ({"problem": [], "correct": []}, TableError, "a row at least"),
        ([1, 2], TableError, "cannot be read from list"),
        ({"problem": ["a"], "correct": [None]}, TableError, "no sample has a score"),
    ],
)
def test_what_cannot_be_read_says_why(columns: object, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        read_counts(columns)


@pytest.mark.parametrize(("mapping", "said"), [({"nonsense": "x"}, "no word 'nonsense'"), ({"correct": "y"}, "'y'")])
def test_a_wrong_mapping_is_refused(mapping: dict[str, str], said: str) -> None:
    with pytest.raises(ColumnError, match=said):
        read_counts({"problem": ["a"], "x": [1]}, mapping=mapping)
    assert read_counts({"problem": ["a"], "x": [1]}, mapping={"correct": "x"}).c.tolist() == [1]


def test_samples_are_sorted_by_problem_and_attempt(tmp_path: Path) -> None:
    rows = [("t/10", 1, 0.5, "x", 10), ("t/2", 11, 0.1, "", 20), ("t/2", 9, 0.2, "y", 30), ("t/10", 0, "", "x", 40)]
    path = write(tmp_path / "s.csv", "task_id,sample_id,reward,answer,output_tokens", rows)
    found = read_samples(path)
    assert found.problems == ("t/2", "t/10")
    assert found.starts.tolist() == [0, 2, 4]
    assert found.column("tokens").tolist() == [30, 20, 40, 10]
    np.testing.assert_array_equal(found.column("score"), [0.2, 0.1, np.nan, 0.5])
    assert found.answer is not None
    assert [found.answer.levels[code] if code >= 0 else None for code in found.answer.codes] == ["y", None, "x", "x"]
    assert found.source_rows.tolist() == [3, 2, 4, 1]
    with pytest.raises(TableError, match="counts of samples"):
        read_samples({"problem": ["a"], "n": [1], "c": [1]})


def test_rows_of_a_large_file_keep_their_places(tmp_path: Path) -> None:
    path = tmp_path / "s.parquet"
    duckdb.sql(
        f"COPY (SELECT (i * 7919 % 100)::INT AS problem, i AS tokens, i % 3 = 0 AS correct FROM range(300000) t(i)) "
        f"TO '{path}' (ROW_GROUP_SIZE 20000)"
    )
    found = read_samples(path)
    assert np.array_equal(found.column("tokens"), found.source_rows - 1)
    assert np.all(np.diff(found.source_rows.reshape(100, 3000), axis=1) > 0)
    counts = read_counts(path)
    assert np.array_equal(counts.n, np.full(100, 3000))
    assert np.array_equal(counts.c, found.counts().c)


def test_batches_hold_the_same_samples(tmp_path: Path) -> None:
    path = tmp_path / "s.parquet"
    duckdb.sql(
        f"COPY (SELECT 'p''' || (i * 7 % 13) AS problem, i // 13 AS attempt, i AS tokens, i % 2 = 0 AS correct, "
        f"'x' AS file_row_number FROM range(1300) t(i)) TO '{path}' (ROW_GROUP_SIZE 100)"
    )
    whole = read_samples(path)
    batches = list(stream_samples(path, at_once=250))
    assert [len(batch) for batch in batches] == [200] * 6 + [100]
    assert [name for batch in batches for name in batch.problems] == list(whole.problems)
    for name in ("tokens", "correct"):
        assert np.array_equal(np.concatenate([batch.column(name) for batch in batches]), whole.column(name))
    rows = np.concatenate([batch.source_rows for batch in batches])
    assert np.array_equal(rows, whole.source_rows)
    assert np.array_equal(rows, whole.column("tokens") + 1)
    with pytest.raises(TableError, match="counts of samples"):
        next(stream_samples({"problem": ["a"], "n": [1], "c": [1]}))


@pytest.mark.parametrize("form", ["csv", "jsonl", "columns"])
def test_places_are_those_in_the_source(tmp_path: Path, form: str) -> None:
    rows: list[tuple[object, ...]] = [(f"p{k % 3}", k) for k in range(9)]
    path = write(tmp_path / "s.csv", "problem,tokens", rows)
    if form == "jsonl":
        path = tmp_path / "s.jsonl"
        path.write_text("\n".join(json.dumps({"problem": p, "tokens": k}) for p, k in rows), "utf-8")
    source = path if form != "columns" else {"problem": [p for p, _ in rows], "tokens": [k for _, k in rows]}
    found = read_samples(source, where="tokens <> 4")
    assert found.source_rows.tolist() == [1, 4, 7, 2, 8, 3, 6, 9]
    assert np.array_equal(found.column("tokens") + 1, found.source_rows)


PEAK = """
import resource, sys
from isoflop.testtime.reading.read import read_counts
import duckdb
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
found = read_counts(sys.argv[1])
print(found.samples, int(found.c.sum()), (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


def test_a_million_samples_stream_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "many.parquet"
    duckdb.sql(
        f"COPY (SELECT 'p' || (i // 1000) AS task_id, i % 1000 AS completion_id, i % 5 = 0 AS passed, "
        f"md5(i::VARCHAR) AS completion FROM range(1000000) t(i)) TO '{path}'"
    )
    ended = subprocess.run([sys.executable, "-c", PEAK, str(path)], capture_output=True, text=True, check=True)
    samples, correct, megabytes = ended.stdout.split()
    assert (samples, correct) == ("1000000", "200000")
    # The columns alone are 60 MB as text.
    assert float(megabytes) < 150
