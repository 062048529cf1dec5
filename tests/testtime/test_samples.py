"""Counts and samples as values: what they refuse, how they are taken apart."""

import numpy as np
import pytest

from isoflop.errors import ColumnError, TableError
from isoflop.testtime.counts import natural_order, whole
from isoflop.testtime.samples import Counts, Samples


def test_counts_cannot_be_changed_and_know_their_rates() -> None:
    n = np.array([4, 8])
    counts = Counts(("a", "b"), n, np.array([1, 8]))
    n[0] = 99
    assert counts.n.tolist() == [4, 8]
    assert counts.rates.tolist() == [0.25, 1.0]
    assert (len(counts), counts.samples, counts.fewest) == (2, 12, 4)
    with pytest.raises(ValueError, match="read-only"):
        counts.n[0] = 1


@pytest.mark.parametrize(
    ("problems", "n", "c", "said"),
    [
        (("a",), [3], [4], "problem a: 4 correct of 3 samples is impossible"),
        (("a", "b"), [3, 0], [1, 0], "problem b: 0 correct of 0"),
        (("a", "a"), [3, 3], [1, 0], "more than once: problem a"),
        (("a",), [3, 3], [1, 0], "one n and one c per problem"),
        ((), [], [], "no problems"),
        (("a",), [2.5], [1], "no whole numbers"),
    ],
)
def test_impossible_counts_are_refused(problems: tuple[str, ...], n: list[float], c: list[float], said: str) -> None:
    with pytest.raises(TableError, match=said):
        Counts(problems, np.array(n), np.array(c))


def test_a_part_of_the_counts() -> None:
    counts = Counts(("a", "b", "c"), np.array([4, 8, 2]), np.array([1, 8, 0]))
    assert counts.take(counts.n > 3).problems == ("a", "b")
    assert counts.take([2, 0]).c.tolist() == [0, 1]


def test_samples_come_in_natural_order_of_problems() -> None:
    table = Samples.from_columns(["t10", "t2", "t10"], correct=[1, 0, np.nan], score=[3, 2, 1], answer=["x", None, "y"])
    assert table.problems == ("t2", "t10")
    assert table.sizes.tolist() == [1, 2]
    assert table.problem_of.tolist() == [0, 1, 1]
    assert table.names == ("correct", "score", "answer")
    assert table.source_rows.tolist() == [2, 1, 3]
    assert len(table) == 3
    counts = table.counts()
    assert (counts.n.tolist(), counts.c.tolist()) == ([1, 1], [0, 1])
    assert table.complete("answer").problems == ("t10",)
    kept = table.complete("correct", "answer")
    assert (kept.problems, kept.column("score").tolist(), kept.starts.tolist()) == (("t10",), [3.0], [0, 1])


def test_what_samples_refuse() -> None:
    with pytest.raises(TableError, match="no column 'reward'"):
        Samples.from_columns(["a"], reward=[1])
    with pytest.raises(TableError, match="problem 1, correct 2"):
        Samples.from_columns(["a"], correct=[1, 0])
    with pytest.raises(TableError, match="a sample at least"):
        Samples.from_columns([])
    table = Samples.from_columns(["a", "a"], correct=[0.5, 1], score=[np.nan, np.nan])
    with pytest.raises(ColumnError, match="tokens"):
        table.column("tokens")
    with pytest.raises(TableError, match=r"correct is 0.5 in 1 samples"):
        table.counts()
    with pytest.raises(TableError, match="No sample has a value in score"):
        table.complete("score")


def test_numbers_in_names_count_as_numbers() -> None:
    assert natural_order({"p10", "p9", "p09", "x", "10", "9"}) == ("9", "10", "p09", "p9", "p10", "x")
    assert whole([1.0, 2.0], "n").dtype == np.int64
