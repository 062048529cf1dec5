import hashlib
import re

import numpy as np
import pytest
from tests.ladder.conftest import FILES, WHEEL

from isoflop.errors import FileError, InputError
from isoflop.ladder.corpus import Package, build, fetch, is_held_out, load, prepare, save


def modules(part):
    return set(re.findall(rb"# module (\d+)\n", part.tobytes()))


def test_no_file_is_in_both_parts_and_none_is_lost(corpus):
    train, held_out = modules(corpus.train), modules(corpus.held_out)
    assert not train & held_out
    assert len(train) + len(held_out) == FILES
    assert (corpus.facts.train_files, corpus.facts.held_out_files) == (len(train), len(held_out))
    assert len(held_out) > 0


def test_the_path_alone_decides_the_part(corpus):
    for number in modules(corpus.held_out) - {b"0"}:
        assert is_held_out(f"tiny/module_{number.decode()}.py", 5)
    for number in modules(corpus.train) - {b"0"}:
        assert not is_held_out(f"tiny/module_{number.decode()}.py", 5)


def test_copies_tables_and_empty_files_are_left_out_with_a_reason(corpus):
    assert corpus.facts.left_out == {"copy of another file": 1, "empty": 1, "table of numbers": 1}


def test_the_same_wheel_gives_the_same_bytes(wheel, corpus, tmp_path):
    again = build([wheel], 5)
    assert again.facts == corpus.facts
    save(again, tmp_path)
    opened = load(tmp_path)
    assert opened.facts == corpus.facts
    np.testing.assert_array_equal(opened.train, corpus.train)
    np.testing.assert_array_equal(opened.held_out, corpus.held_out)
    assert hashlib.sha256(opened.train.tobytes() + opened.held_out.tobytes()).hexdigest() == corpus.facts.sha256


def test_a_corpus_with_another_hash_is_refused(wheel, tmp_path):
    kept = tmp_path / "wheels"
    kept.mkdir()
    (kept / WHEEL).write_bytes(wheel.read_bytes())
    package = Package("tiny", "1.0", hashlib.sha256(wheel.read_bytes()).hexdigest())
    with pytest.raises(InputError, match=r"has SHA-256 .* the ladder file wants 00"):
        prepare([package], 5, tmp_path, "00")


def test_a_wheel_that_is_not_the_pinned_one_is_not_used(wheel, tmp_path, monkeypatch):
    (tmp_path / WHEEL).write_bytes(wheel.read_bytes())
    monkeypatch.setattr("isoflop.ladder.corpus._download", lambda package, folder: None)
    with pytest.raises(FileError, match=r"No wheel of tiny 1\.0 with SHA-256 00"):
        fetch([Package("tiny", "1.0", "00")], tmp_path)


def test_no_corpus_is_said_with_the_next_step(tmp_path):
    with pytest.raises(FileError, match="Run the ladder once"):
        load(tmp_path)
