import math

import pytest

from isoflop.errors import FileError, TableError
from isoflop.ladder.grid import Job
from isoflop.ladder.outcome import CurvePoint, Outcome
from isoflop.ladder.rows import Record, check_row, read_record, row_of, write_record
from isoflop.ladder.shape import Recipe, derive

JOB = Job(16, 100_000, 0)
RECIPE = Recipe(lr=0.01)
CURVE = (CurvePoint(1, 384, 5.5, 0.001), CurvePoint(260, 99_840, 2.75, 1e-6))
ABOUT = {"machine": "a processor", "torch": "2", "corpus_sha256": "ab"}


def row(outcome=None):
    measured = Outcome(2.5, 0.004, 2.75, 260, 99_840, 6.0, 1.5, CURVE)
    return row_of(JOB, derive(16, 100_000, RECIPE), RECIPE, outcome or measured)


def test_a_good_row_passes_and_says_what_was_measured():
    check_row(row())
    assert row()["status"] == "finished"
    assert row()["flops"] == 6 * row()["params"] * row()["tokens"]
    assert row()["tokens_per_second"] == 16_640.0


@pytest.mark.parametrize("word", sorted(set(row())))
def test_a_row_without_a_word_is_refused(word):
    short = {key: value for key, value in row().items() if key != word}
    with pytest.raises(TableError, match=f"has no '{word}'"):
        check_row(short)


@pytest.mark.parametrize("word", sorted(key for key, value in row().items() if not isinstance(value, str)))
@pytest.mark.parametrize("bad", [math.nan, math.inf, -1.0])
def test_nan_infinite_and_negative_numbers_are_refused(word, bad):
    with pytest.raises(TableError, match=word):
        check_row({**row(), word: bad})


@pytest.mark.parametrize("word", ["params", "tokens", "flops", "loss", "evaluation_se", "lr", "seconds"])
def test_zero_is_no_way_to_say_missing(word):
    with pytest.raises(TableError, match=word):
        check_row({**row(), word: 0.0})


def test_a_loss_that_no_byte_model_has_is_refused():
    with pytest.raises(TableError, match="loss = 25"):
        check_row({**row(), "loss": 25.0})


def test_a_diverged_run_has_a_row_without_losses():
    diverged = row(Outcome(None, None, None, 12, 4608, 0.4, None, CURVE[:1]))
    check_row(diverged)
    assert diverged["status"] == "diverged"
    assert not {"loss", "evaluation_se", "train_loss", "evaluation_seconds"} & set(diverged)


def test_a_record_comes_back_as_it_was_written(tmp_path):
    record = Record(row(), ABOUT, CURVE)
    write_record(tmp_path, record)
    assert read_record(tmp_path / f"{JOB.name}.json") == record
    assert [path.name for path in tmp_path.iterdir()] == [f"{JOB.name}.json"]


def test_a_bad_row_is_not_written(tmp_path):
    with pytest.raises(TableError):
        write_record(tmp_path, Record({**row(), "loss": math.nan}, ABOUT, CURVE))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", ["", "{", "[]", '{"row": {}}', '{"row": 3, "about": {}, "curve": [{"x": 1}]}'])
def test_what_is_not_a_record_is_said_with_the_next_step(tmp_path, content):
    path = tmp_path / "run.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(FileError, match=r"not the record of a run.*Remove it"):
        read_record(path)
