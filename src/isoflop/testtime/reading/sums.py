"""A source of samples summed up per problem, and its samples one by one."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np

from isoflop.runs.cells import FloatArray, IntArray, labels_of
from isoflop.runs.finding import Finding
from isoflop.testtime.counts import frozen
from isoflop.testtime.reading.query import counting, listed, repeats, sampling
from isoflop.testtime.reading.source import Source
from isoflop.testtime.reading.totals import Missing, Totals, by_part
from isoflop.testtime.samples import MEASURES, Samples

NAMED: Final = 500
"""Problems that a query names one by one; for more of them it looks at all."""


def totals_of(source: Source) -> list[Totals]:
    """Sum up every part of a source.

    Args:
        source: the source.

    Returns:
        One total per part, in natural order; without a column that says what is correct, no sample is scored.

    Raises:
        TableError: there are no rows.
    """
    telling = tuple(column.header for column in source.layout.telling)
    if source.layout.counted:
        return _counted(source, telling)
    found = source.ask(counting(source.layout, source.rows))
    sums = {name: _whole(found[name]) for name in ("rows", "n", "c", "odd", "garbled", "mixed")}
    example = _example(source) if sums["odd"].any() or sums["garbled"].any() else ""
    sums["double"] = _doubles(source, found)
    return by_part(found["part"], found["problem"], sums, example=example, telling=telling)


def narrowed(source: Source, totals: Totals) -> Source:
    """Give a source with the samples of some problems only.

    Args:
        source: the source.
        totals: sums of these problems.

    Returns:
        The same source under a further condition; places of rows are still those of the whole.
    """
    only = f"{source.layout.problem()} IN ({listed(totals.problems)})"
    return replace(source, only=only)


def samples_of(source: Source, totals: Totals, findings: tuple[Finding, ...], missing: Missing) -> Samples:
    """Read every sample of a source that is one part.

    Args:
        source: the source, one row per sample.
        totals: its sums.
        findings: what the checks found.
        missing: what becomes of samples without a score.

    Returns:
        The samples, sorted by problem, then by attempt, then as they stand in the source.
    """
    layout, words = source.layout, source.layout.words
    measures = {name: words[name].number() for name in MEASURES if name in words}
    measures |= {name: words[name].truth() for name in ("base",) if name in words}
    correct = layout.correct()
    if correct is not None:
        measures["correct"] = f"coalesce({correct}, 0)" if missing == "wrong" else correct
    found = source.ask(sampling(layout, source.rows, measures, source.only))
    # The query ranks names as text; here they stand in natural order.
    order = {name: code for code, name in enumerate(totals.problems)}
    natural = np.array([order[name] for name in sorted(totals.problems)])
    codes = natural[_whole(found["code"])]
    place = _whole(found["place"])
    index = np.lexsort((place, _number(found["attempt"]), codes))
    answers = np.ma.filled(found["answer"], None)[index].tolist() if "answer" in words else None
    return Samples(
        problems=totals.problems,
        starts=frozen(np.concatenate([[0], np.cumsum(totals.rows)])),
        measures={name: frozen(_number(found[name])[index]) for name in MEASURES if name in measures},
        answer=None if answers is None else labels_of(answers),
        source_rows=frozen(place[index]),
        provenance=source.provenance,
        group=totals.part,
        findings=findings,
    )


def _counted(source: Source, telling: tuple[str, ...]) -> list[Totals]:
    """Totals of a source that holds counts already."""
    words, layout = source.layout.words, source.layout
    found = source.ask(
        f"SELECT {layout.part()} AS part, {layout.problem()} AS problem, {words['n'].number()} AS n, "
        f"{words['c'].number()} AS c FROM ({source.rows})"
    )
    n, c = _number(found["n"]), _number(found["c"])
    known = ~np.isnan(n) & ~np.isnan(c)
    with np.errstate(invalid="ignore"):
        odd = (n < 0) | (c < 0) | (c > n) | (np.mod(n, 1) != 0) & ~np.isnan(n) | (np.mod(c, 1) != 0) & ~np.isnan(c)
    fine = ~odd & ~np.isnan(n)
    keys = np.char.add(np.ma.filled(found["part"], "").astype(str), np.ma.filled(found["problem"], "").astype(str))
    _, first, inverse, times = np.unique(keys, return_index=True, return_inverse=True, return_counts=True)
    sums = {
        "rows": np.where(fine, n, 0).astype(np.int64),
        "n": np.where(fine & known, n, 0).astype(np.int64),
        "c": np.where(fine & known, c, 0).astype(np.int64),
        "odd": odd.astype(np.int64),
        "garbled": np.zeros(len(n), dtype=np.int64),
        "mixed": np.zeros(len(n), dtype=np.int64),
        "double": (times - 1)[inverse],
    }
    at = np.flatnonzero(odd)
    example = f"{c[at[0]]:g} of {n[at[0]]:g}" if len(at) else ""
    one = np.sort(first)
    return by_part(
        found["part"][one], found["problem"][one], {name: values[one] for name, values in sums.items()},
        counted=True, example=example, telling=telling,
    )  # fmt: skip


def _doubles(source: Source, found: Mapping[str, Any]) -> IntArray:
    """Samples of every problem that repeat an attempt, shape (problems,)."""
    rows = _whole(found["rows"])
    doubles = np.zeros(len(rows), dtype=np.int64)
    if "attempt" not in source.layout.words:
        return doubles
    first, last = _whole(found["first"]), _whole(found["last"])
    complete = (_whole(found["numbered"]) == rows) & (last - first + 1 == rows)
    # Attempts from first to last without a gap have a known sum of hashes: no need to keep them all.
    ends = np.stack([first, last])[:, complete]
    hashes = np.ma.getdata(found["hashes"])
    unsure = ~complete
    for low, high in np.unique(ends, axis=1).T.tolist():
        if len(np.unique(ends, axis=1).T) > NAMED:
            unsure[:] = True
            break
        sql = f"SELECT sum(hash(i::BIGINT)) AS hashes FROM range({low}, {high + 1}) AS t(i)"
        same = complete & (first == low) & (last == high)
        unsure |= same & (hashes != source.ask(sql)["hashes"][0])
    if not unsure.any():
        return doubles
    names = np.ma.filled(found["problem"], "")
    some = sorted(set(names[unsure].tolist())) if np.count_nonzero(unsure) <= NAMED else None
    again = source.ask(repeats(source.layout, source.rows, some))
    place = {pair: k for k, pair in enumerate(zip(found["part"].tolist(), names.tolist(), strict=True))}
    for part, name, extra in zip(*(again[key].tolist() for key in ("part", "problem", "double")), strict=True):
        doubles[place[part, name]] = extra
    return doubles


def _example(source: Source) -> str:
    """A score that is neither 0 nor 1, as it stands in the source."""
    layout = source.layout
    text = layout.words["correct"].text() if "correct" in layout.words else "''"
    value = layout.correct()
    found = source.ask(
        f"SELECT {text} AS example FROM ({source.rows}) WHERE ({value}) NOT IN (0, 1) OR "
        f"(({value}) IS NULL AND {text} IS NOT NULL AND {text} <> 'nan') LIMIT 1"
    )
    return str(found["example"][0])


def _whole(values: Any) -> IntArray:  # noqa: ANN401 - masked or not, as DuckDB gives it
    """Whole numbers, 0 where missing."""
    return np.asarray(np.ma.filled(values, 0), dtype=np.int64)


def _number(values: Any) -> FloatArray:  # noqa: ANN401
    """Numbers, NaN where missing."""
    return np.asarray(np.ma.filled(np.ma.asarray(values, dtype=np.float64), np.nan))
