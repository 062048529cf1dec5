"""SQL for the cells of sample tables; text only, nothing is run here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from isoflop.runs.sql import quoted

TRUE: Final = ("true", "pass", "passed", "correct", "success", "succeeded", "solved", "resolved", "yes", "right", "c")
FALSE: Final = ("false", "fail", "failed", "incorrect", "wrong", "no", "unsolved", "timeout", "timed out", "i", "error")
SEPARATOR: Final = " / "
"""Between the values of several columns that name a part."""
PLACE: Final = "isoflop place"
"""Column with the number of a row in its source, from 1."""
_TEXTS: Final = ("VARCHAR", "JSON")


@dataclass(frozen=True)
class Column:
    """One column of the source.

    Attributes:
        header: its name there.
        kind: its type in SQL.
    """

    header: str
    kind: str

    @property
    def listed(self) -> bool:
        """Whether a row holds the values of several samples."""
        return self.kind.endswith("[]")

    @property
    def wordy(self) -> bool:
        """Whether its cells are text."""
        return self.kind in _TEXTS

    def text(self) -> str:
        """SQL for the cell as text, NULL where blank."""
        name = quoted(self.header)
        value = f"({name} ->> '$')" if self.kind == "JSON" else f"CAST({name} AS VARCHAR)"
        return f"nullif(trim({value}), '')" if self.wordy else value

    def number(self) -> str:
        """SQL for the cell as a number, NULL where it is none."""
        name = quoted(self.header)
        if self.wordy:
            return _finite(f"TRY_CAST({self.text()} AS DOUBLE)")
        if self.kind in ("FLOAT", "DOUBLE"):
            return _finite(f"CAST({name} AS DOUBLE)")
        return f"TRY_CAST({name} AS DOUBLE)"

    def whole(self) -> str:
        """SQL for the cell as a whole number, NULL where it is none."""
        if self.wordy:
            return f"CASE WHEN regexp_full_match({self.text()}, '-?[0-9]+') THEN TRY_CAST({self.text()} AS BIGINT) END"
        return f"TRY_CAST({quoted(self.header)} AS BIGINT)" if "INT" in self.kind else "NULL::BIGINT"

    def truth(self) -> str:
        """SQL for the cell as 1 or 0, where a word says so; another number stays what it is."""
        if not self.wordy:
            return self.number()
        word = f"lower({self.text()})"
        # HumanEval writes the reason behind: `failed: AssertionError`.
        return (
            f"CASE WHEN {word} IN ({listed(TRUE)}) THEN 1.0 "
            f"WHEN {word} IN ({listed(FALSE)}) OR starts_with({word}, 'failed:') THEN 0.0 ELSE {self.number()} END"
        )


@dataclass(frozen=True)
class Layout:
    """Which column of the source means what.

    Attributes:
        words: word → column.
        by: columns that name a part of the source.
        threshold: score from which a sample is correct; None where correctness is 0 or 1 already.
        telling: columns whose values should not be mixed.
    """

    words: Mapping[str, Column]
    by: tuple[Column, ...] = ()
    threshold: float | None = None
    telling: tuple[Column, ...] = ()

    @property
    def counted(self) -> bool:
        """Whether a row is a problem with its counts, rather than a sample."""
        return "n" in self.words and "c" in self.words

    @property
    def both(self) -> bool:
        """Whether correctness takes two columns: EvalPlus's further tests count only beside its base tests."""
        return self.words["correct"].header.casefold() == "plus_status" and "base" in self.words

    def part(self) -> str:
        """SQL for the name of the part that a row belongs to."""
        texts = [f"coalesce({column.text()}, 'none')" for column in self.by]
        return f" || '{SEPARATOR}' || ".join(texts) or "''"

    def problem(self) -> str:
        """SQL for the name of the problem."""
        return self.words["problem"].text()

    def correct(self) -> str | None:
        """SQL for correctness; None where no column says it."""
        words = self.words
        if "correct" in words:
            value = words["correct"].truth()
            if self.threshold is not None:
                return f"CAST(({value}) >= {self.threshold!r} AS DOUBLE)"
            return f"(({value}) * ({words['base'].truth()}))" if self.both else value
        if "answer" in words and "target" in words:
            return f"CAST({words['answer'].text()} = {words['target'].text()} AS DOUBLE)"
        return None


def flattened(columns: Sequence[Column], source: str) -> tuple[str, list[Column]]:
    """Give every sample a row of its own where a row holds lists of samples.

    Args:
        columns: columns of the source.
        source: SQL that selects from the source, with the place of each row.

    Returns:
        SQL with one row per sample, and its columns without the place.
    """
    if not any(column.listed for column in columns):
        return source, list(columns)
    parts = [
        f"unnest({quoted(column.header)}) AS {quoted(column.header)}" if column.listed else quoted(column.header)
        for column in columns
    ]
    flat = [Column(column.header, column.kind.removesuffix("[]")) for column in columns]
    return f"SELECT {', '.join((*parts, quoted(PLACE)))} FROM ({source})", flat


def counting(layout: Layout, rows: str) -> str:
    """SQL for one row per part and problem: samples, those with a score, the correct ones, what is wrong.

    Args:
        layout: which column means what.
        rows: SQL for one row per sample.

    Returns:
        SQL with the columns part, problem, rows, n, c, odd, garbled, mixed and what the attempts add up to.
    """
    words = layout.words
    wordy = "correct" in words and words["correct"].wordy
    given = f"{words['correct'].text()} IS NOT NULL" if wordy else "false"
    attempt = words["attempt"].whole() if "attempt" in words else "NULL::BIGINT"
    told = "".join(f", {column.text()} AS told{place}" for place, column in enumerate(layout.telling))
    mixed = " OR ".join(f"min(told{place}) <> max(told{place})" for place in range(len(layout.telling))) or "false"
    inner = (
        f"SELECT {layout.part()} AS part, {layout.problem()} AS problem, {layout.correct() or 'NULL::DOUBLE'} AS "
        f"correct, {given} AS given, {attempt} AS attempt{told} FROM ({rows})"
    )
    return (
        'SELECT part, problem, count(*) AS "rows", count(correct) AS n, '
        "count(*) FILTER (correct = 1) AS c, count(*) FILTER (correct NOT IN (0, 1)) AS odd, "
        "count(*) FILTER (given AND correct IS NULL) AS garbled, "
        f"CAST(coalesce({mixed}, false) AS BIGINT) AS mixed, "
        "count(attempt) AS numbered, min(attempt) AS first, max(attempt) AS last, sum(hash(attempt)) AS hashes "
        f"FROM ({inner}) GROUP BY part, problem"
    )


def repeats(layout: Layout, rows: str, problems: Sequence[str] | None) -> str:
    """SQL for the problems with attempts that are there more than once.

    Args:
        layout: which column means what, `attempt` among them.
        rows: SQL for one row per sample.
        problems: names of those to look at; all when None.

    Returns:
        SQL with the columns part, problem and double.
    """
    only = "" if problems is None else f" WHERE {layout.problem()} IN ({listed(problems)})"
    inner = (
        f"SELECT {layout.part()} AS part, {layout.problem()} AS problem, {layout.words['attempt'].text()} AS attempt "
        f"FROM ({rows}){only}"
    )
    return (
        f"SELECT part, problem, count(attempt) - count(DISTINCT attempt) AS double FROM ({inner}) "
        "WHERE problem IS NOT NULL GROUP BY part, problem HAVING double > 0"
    )


def sampling(layout: Layout, rows: str, measures: Mapping[str, str], only: str = "true") -> str:
    """SQL for the samples themselves.

    Args:
        layout: which column means what.
        rows: SQL for one row per sample, with its place.
        measures: name → SQL of a number.
        only: SQL condition on the rows.

    Returns:
        SQL with the columns place, code (rank of the problem's name), attempt, answer and the measures.
    """
    words = layout.words
    attempt = words["attempt"].number() if "attempt" in words else "NULL::DOUBLE"
    answer = words["answer"].text() if "answer" in words else "NULL::VARCHAR"
    numbers = "".join(f", {sql} AS {quoted(name)}" for name, sql in measures.items())
    inner = (
        f"SELECT {layout.problem()} AS problem, {attempt} AS attempt, {answer} AS answer{numbers}, "
        f"{quoted(PLACE)} AS place FROM ({rows}) WHERE {only}"
    )
    return f"SELECT * EXCLUDE problem, dense_rank() OVER (ORDER BY problem) - 1 AS code FROM ({inner})"


def _finite(value: str) -> str:
    """SQL for a number that may be NaN, which is none."""
    return f"CASE WHEN isnan({value}) THEN NULL ELSE {value} END"


def listed(words: Sequence[str]) -> str:
    """Give words as an SQL list.

    >>> listed(["a", "it's"])
    "'a', 'it''s'"
    """
    return ", ".join("'" + word.replace("'", "''") + "'" for word in words)
