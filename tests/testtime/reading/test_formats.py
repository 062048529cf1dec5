"""Logs of EvalPlus, lm-evaluation-harness and Inspect."""

import gzip
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from isoflop.errors import FileError, TableError
from isoflop.testtime.reading.read import read_counts, read_counts_by, read_samples


def written(path: Path, *rows: dict[str, Any], indent: int | None = None) -> Path:
    path.write_text("\n".join(json.dumps(row, indent=indent) for row in rows) + "\n", "utf-8")
    return path


def result(task: str, base: str, plus: str | None) -> dict[str, Any]:
    return {"task_id": task, "solution": "…", "base_status": base, "plus_status": plus, "base_fail_tests": []}


@pytest.mark.parametrize("indent", [None, 1])
def test_results_of_evalplus(tmp_path: Path, indent: int | None) -> None:
    tasks = {
        "HumanEval/0": [result("HumanEval/0", "pass", "pass"), result("HumanEval/0", "pass", "fail")],
        "HumanEval/1": [result("HumanEval/1", "timeout", "fail"), result("HumanEval/1", "fail", "pass")],
    }
    path = written(tmp_path / "s.eval_results.json", {"date": "2024", "hash": "x", "eval": tasks}, indent=indent)
    found = read_counts(path)
    assert found.problems == ("HumanEval/0", "HumanEval/1")
    assert (found.n.tolist(), found.c.tolist()) == ([2, 2], [1, 0])
    assert read_samples(path).column("base").tolist() == [1, 1, 0, 0]
    assert "base tests" in found.findings[-1].message


def test_results_of_evalplus_on_the_base_tests_alone(tmp_path: Path) -> None:
    tasks = {"t": [result("t", "pass", None), result("t", "fail", None)]}
    assert read_counts(written(tmp_path / "r.json", {"eval": tasks})).c.tolist() == [1]


def test_results_of_the_first_evalplus(tmp_path: Path) -> None:
    tasks = {
        "t": {"nfiles": 2, "base": [["success", [True]], ["success", [True]]], "plus": [["success", []], ["x", []]]}
    }
    assert read_counts(written(tmp_path / "r.json", {"eval": tasks})).c.tolist() == [1]
    tasks["t"]["plus"] = [["success", []]]
    with pytest.raises(FileError, match="2 base and 1 further results"):
        read_counts(written(tmp_path / "r.json", {"eval": tasks}))


def logged(doc: int, target: str, kept: Any, **cells: Any) -> dict[str, Any]:
    return {
        "doc_id": doc, "doc": {"question": "…"}, "target": target, "arguments": {}, "resps": [["long"]],
        "filtered_resps": kept, "doc_hash": "h", **cells,
    }  # fmt: skip


def test_harness_one_answer_a_document_under_two_filters(tmp_path: Path) -> None:
    rows = [
        logged(doc, "7", ["7" if right else "8"], filter=name, exact_match=float(right))
        for name, rights in (("strict", (1, 0)), ("flexible", (1, 1)))
        for doc, right in enumerate(rights)
    ]
    path = written(tmp_path / "samples_gsm8k.jsonl", *rows)
    found = read_counts_by(path)
    assert {name: counts.c.tolist() for name, counts in found.items()} == {"flexible": [1, 1], "strict": [1, 0]}
    with pytest.raises(TableError, match="several parts: flexible, strict"):
        read_counts(path)
    strict = read_samples(path, where="filter = 'strict'")
    assert strict.answer is not None
    assert strict.answer.levels == ("7", "8")


def test_harness_repeats_are_compared_with_the_target(tmp_path: Path) -> None:
    row = logged(3, "7", [["7", " 8", "7"]], filter="none", exact_match=1.0) | {"resps": [["a", "b", "c"]]}
    found = read_counts(written(tmp_path / "s.jsonl", row))
    assert (found.problems, found.n.tolist(), found.c.tolist()) == (("3",), [3], [2])
    assert any("scores a document only once" in f.message for f in found.findings)


def test_harness_pass_at_one_of_repeats_is_their_share(tmp_path: Path) -> None:
    row = logged(0, "test()", [["a", "b", "c", "d"]], **{"pass@1": 0.75})
    found = read_counts(written(tmp_path / "s.jsonl", row))
    assert (found.n.tolist(), found.c.tolist()) == ([4], [3])
    with pytest.raises(FileError, match=r"line 1: pass@1 is 0.3, no share of 4 answers"):
        read_counts(written(tmp_path / "s.jsonl", row | {"pass@1": 0.3}))


def test_harness_choices_and_a_metric_by_name(tmp_path: Path) -> None:
    kept = [["-3.0", "False"], ["-4.0", "True"]]
    rows = [logged(doc, "1", kept, acc=float(doc), acc_norm=1.0) for doc in range(2)]
    path = written(tmp_path / "s.jsonl", *rows)
    assert read_counts(path).c.tolist() == [0, 1]
    assert read_counts(path, mapping={"correct": "acc_norm"}).c.tolist() == [1, 1]
    odd = [logged(0, "1", ["x"], bleu=0.1, rouge=0.2)]
    with pytest.raises(FileError, match=r"which metric says.*bleu, rouge"):
        read_counts(written(tmp_path / "odd.jsonl", *odd))


def test_harness_likelihood_of_one_answer_is_one_sample(tmp_path: Path) -> None:
    row = logged(0, "word", [["-1.25", "False"]], acc=1.0, perplexity=-1.25) | {"resps": [[["-1.25", "False"]]]}
    found = read_counts(written(tmp_path / "s.jsonl", row))
    assert (found.n.tolist(), found.c.tolist()) == ([1], [1])


def test_harness_says_when_a_filter_dropped_repeats(tmp_path: Path) -> None:
    row = logged(0, "7", ["7"], exact_match=1.0) | {"resps": [["7", "8", "9"]]}
    notes = [f.message for f in read_counts(written(tmp_path / "s.jsonl", row)).findings]
    assert "3 answers were drawn of a document, of which the filter kept 1" in notes


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    path = written(tmp_path / "s.jsonl", logged(0, "7", ["7"], exact_match=1.0))
    path.write_text(path.read_text("utf-8") + '{"doc_id": 1, "resps"\n', "utf-8")
    with pytest.raises(FileError, match="line 2 is no JSON object"):
        read_counts(path)


def sample(name: str | int, epoch: int, value: object, **cells: Any) -> dict[str, Any]:
    usage = {"m": {"input_tokens": 5, "output_tokens": 10 * epoch, "total_tokens": 0}}
    scores = {"match": {"value": value, "answer": str(value).lower()}}
    return {"id": name, "epoch": epoch, "scores": scores, "model_usage": usage, "working_time": 1.5} | cells


def inspect_log(*samples: dict[str, Any]) -> dict[str, Any]:
    return {"version": 2, "status": "success", "eval": {"task": "t", "model": "m"}, "samples": list(samples)}


@pytest.mark.parametrize("form", ["json", "eval"])
def test_logs_of_inspect(tmp_path: Path, form: str) -> None:
    samples = [sample("q1", 2, "I"), sample("q1", 1, "C"), sample(7, 1, True), sample(7, 2, 0)]
    path = tmp_path / f"log.{form}"
    if form == "json":
        written(path, inspect_log(*samples), indent=2)
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("header.json", "{}")
            for one in samples:
                archive.writestr(f"samples/{one['id']}_epoch_{one['epoch']}.json", json.dumps(one))
    found = read_samples(path)
    assert found.problems == ("7", "q1")
    assert found.column("correct").tolist() == [1, 0, 1, 0]
    assert found.column("tokens").tolist() == [10, 20, 10, 20]
    assert found.column("input_tokens").tolist() == [5] * 4
    assert found.column("seconds").tolist() == [1.5] * 4
    assert found.answer is not None
    assert [found.answer.levels[k] for k in found.answer.codes] == ["true", "0", "c", "i"]


def test_a_partial_score_of_inspect_needs_a_threshold(tmp_path: Path) -> None:
    path = written(tmp_path / "log.json", inspect_log(sample("q", 1, "P"), sample("q", 2, "C")))
    with pytest.raises(TableError, match=r"neither 0 nor 1 in 1 samples, such as 0.5"):
        read_counts(path)
    assert read_counts(path, threshold=0.5).c.tolist() == [2]


def test_a_sample_of_inspect_that_failed_has_no_score(tmp_path: Path) -> None:
    path = written(tmp_path / "log.json", inspect_log(sample("q", 1, "C"), sample("q", 2, "C", scores=None)))
    assert read_counts(path).n.tolist() == [1]


def test_several_scorers_of_inspect_need_a_name(tmp_path: Path) -> None:
    scores = {"match": {"value": "C"}, "judge": {"value": "I"}}
    path = written(tmp_path / "log.json", inspect_log(sample("q", 1, "C", scores=scores)))
    with pytest.raises(FileError, match=r"which scorer.*match, judge"):
        read_counts(path)
    assert read_counts(path, mapping={"correct": "judge"}).c.tolist() == [0]
    with pytest.raises(FileError, match="no scorer 'x'"):
        read_counts(path, mapping={"correct": "x"})


def test_other_archives_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.xml", "<x/>")
    with pytest.raises(FileError, match="ZIP archive or a spreadsheet"):
        read_counts(path)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="There is no file"):
        read_counts(tmp_path / "none.csv")
    with pytest.raises(FileError, match="is a folder"):
        read_counts(tmp_path)


def packed(path: Path) -> Path:
    """Compress a file beside itself."""
    other = path.with_name(path.name + ".gz")
    other.write_bytes(gzip.compress(path.read_bytes()))
    return other


def test_gzipped_logs_are_read_as_the_plain_ones_are(tmp_path: Path) -> None:
    rows = [logged(k, "4", ["4" if k else "5"], exact_match=float(k > 0), filter="none") for k in range(3)]
    harness = written(tmp_path / "samples_x.jsonl", *rows)
    tasks = {"t": [result("t", "pass", "pass"), result("t", "fail", "fail")]}
    evalplus = written(tmp_path / "r.json", {"eval": tasks}, indent=1)
    for plain in (harness, evalplus):
        found, same = read_counts_by(packed(plain)), read_counts_by(plain)
        assert {name: (one.problems, one.n.tolist(), one.c.tolist()) for name, one in found.items()} == {
            name: (one.problems, one.n.tolist(), one.c.tolist()) for name, one in same.items()
        }
    (counts,) = read_counts_by(packed(harness)).values()
    assert counts.c.tolist() == [0, 1, 1]
    assert counts.problems == ("0", "1", "2")


def test_a_gzipped_log_that_breaks_off_is_refused(tmp_path: Path) -> None:
    rows = [logged(k, "4", [str(k)], exact_match=1.0, filter="none") for k in range(50)]
    whole = packed(written(tmp_path / "samples_x.jsonl", *rows))
    whole.write_bytes(whole.read_bytes()[:-40])
    with pytest.raises(FileError, match=r"samples_x\.jsonl\.gz"):
        read_counts(whole)
