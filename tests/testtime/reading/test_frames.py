"""Frames of pandas, polars and pyarrow are read as files are."""

import numpy as np
import pytest

from isoflop.errors import TableError
from isoflop.testtime.reading.read import read_counts, read_counts_by, read_samples

ROWS = {
    "model": ["a", "a", "a", "b", "b", "b"],
    "task_id": ["q1", "q1", "q2", "q1", "q2", "q2"],
    "passed": [True, False, True, False, None, True],
    "answer": ["7", "8", None, "7", "1", "2"],
    "reward": [0.5, None, 0.25, 1.0, 2.0, 3.0],
}


def framed(library: str, rows: dict):
    if library == "pandas":
        return pytest.importorskip("pandas").DataFrame(rows)
    if library == "polars":
        return pytest.importorskip("polars").DataFrame(rows)
    if library == "lazy":
        return pytest.importorskip("polars").LazyFrame(rows)
    return pytest.importorskip("pyarrow").table(rows)


LIBRARIES = ("pandas", "polars", "lazy", "pyarrow")


@pytest.mark.parametrize("library", LIBRARIES)
def test_counts_by_part(library: str) -> None:
    found = read_counts_by(framed(library, ROWS), by=["model"])
    assert {name: (one.problems, one.n.tolist(), one.c.tolist()) for name, one in found.items()} == {
        "a": (("q1", "q2"), [2, 1], [1, 1]),
        "b": (("q1", "q2"), [1, 1], [0, 1]),
    }


@pytest.mark.parametrize("library", LIBRARIES)
def test_samples_with_missing_cells(library: str) -> None:
    found = read_samples(framed(library, ROWS), where="model = 'a'")
    assert found.column("correct").tolist() == [1, 0, 1]
    np.testing.assert_array_equal(found.column("score"), [0.5, np.nan, 0.25])
    assert found.answer is not None
    # A missing answer is none, not the text "nan" or "None".
    assert found.answer.levels == ("7", "8")
    assert found.answer.codes.tolist() == [0, 1, -1]


@pytest.mark.parametrize("library", LIBRARIES)
def test_counts_of_problems(library: str) -> None:
    found = read_counts(framed(library, {"problem": ["p10", "p2"], "n": [8, 4], "c": [3, 4]}))
    assert (found.problems, found.n.tolist(), found.c.tolist()) == (("p2", "p10"), [4, 8], [4, 3])


def test_what_is_no_frame_is_named() -> None:
    with pytest.raises(TableError, match=r"A table of samples cannot be read from int\. Give a path, a frame"):
        read_counts(3)
    with pytest.raises(TableError, match="no columns"):
        read_counts({})


def test_checks_hold_for_frames() -> None:
    frame = framed("pandas", {"problem": ["a"], "n": [4], "c": [5]})
    with pytest.raises(TableError, match="problem a"):
        read_counts(frame)


def test_a_missing_text_may_be_written_as_no_number() -> None:
    found = read_samples({"problem": ["a", "a"], "answer": ["7", float("nan")]})
    assert found.answer is not None
    assert found.answer.levels == ("7",)
    assert found.answer.codes.tolist() == [0, -1]
