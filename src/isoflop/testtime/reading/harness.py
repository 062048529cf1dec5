"""Samples logged by lm-evaluation-harness (`--log_samples`): a line is a document under one filter."""

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from isoflop.errors import FileError
from isoflop.testtime.reading.unpacked import Unpacked, number_of, opened, read_object

_KNOWN: Final = frozenset(
    {"doc_id", "doc", "target", "arguments", "resps", "filtered_resps", "filter", "metrics", "doc_hash", "prompt_hash",
     "target_hash"}
)  # fmt: skip
_USUAL: Final = ("exact_match", "acc", "em", "pass@1", "pass_at_1")


def read_harness(path: Path, correct: str | None) -> Unpacked:
    """Read samples, one or many answers a document.

    Args:
        path: JSON lines.
        correct: metric that says what is correct; the usual one when None.

    Returns:
        The samples, with a column `filter`.

    Raises:
        FileError: a line is no object, or which metric counts is not clear.
    """
    found = Unpacked("lm-evaluation-harness")
    said: dict[str, None] = {}
    for number, row in _lines(path):
        metrics = {name: cell for name, cell in row.items() if name not in _KNOWN}
        name = _metric(path, metrics, correct)
        answers = _answers(row)
        said[f"correct: {name} of lm-evaluation-harness"] = None
        scores = _each(path, number, row, name, answers)
        if len(answers) < _drawn(row):
            said[f"{_drawn(row)} answers were drawn of a document, of which the filter kept {len(answers)}"] = None
        for attempt, (answer, score) in enumerate(zip(answers, scores.values, strict=True)):
            found.add(problem=str(row.get("doc_id")), correct=score, answer=answer, filter=str(row.get("filter", "")))
            if len(answers) > 1:
                found.add(attempt=attempt)
        said |= dict.fromkeys(scores.notes)
    if len(found.columns.get("attempt", ())) < len(found.columns["problem"]):
        found.columns.pop("attempt", None)
    found.notes += said
    return found


@dataclass(frozen=True)
class _Scores:
    """Correctness of the answers of one document, and how it was found."""

    values: list[float | None]
    notes: tuple[str, ...] = ()


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Objects of a file of JSON lines, with their numbers."""
    with io.TextIOWrapper(opened(path), encoding="utf-8-sig") as stream:
        for number, line in enumerate(stream, start=1):
            if not line.strip():
                continue
            found = read_object(line)
            if found is None:
                raise FileError(f"{path}, line {number} is no JSON object. Cut the line off, or log the samples again.")
            yield number, found


def _metric(path: Path, metrics: Mapping[str, Any], correct: str | None) -> str:
    """The metric that says what is correct."""
    numbers: list[str] = [name for name, cell in metrics.items() if isinstance(cell, int | float | list)]
    wanted = correct or next((name for name in _USUAL if name in metrics), None)
    if wanted is None and len(numbers) == 1:
        wanted = numbers[0]
    if wanted is None or wanted not in metrics:
        listed = f"There are {', '.join(numbers)}" if numbers else "There is none"
        raise FileError(
            f"{path}: which metric says that a sample is correct? {listed}. Name one: --map correct=METRIC."
        )
    return wanted


def _answers(row: Mapping[str, Any]) -> list[str | None]:
    """Answers that the filter left of a document; one, None, where they are likelihoods of choices."""
    kept = row.get("filtered_resps")
    if not isinstance(kept, list) or len(kept) != 1:
        return [None]
    only = kept[0]
    if isinstance(only, str):
        return [only]
    if isinstance(only, list) and only and all(isinstance(one, str) for one in only) and not _likelihood(only):
        return list(only)
    return [None]


def _likelihood(pair: list[str]) -> bool:
    """Whether two texts are a log-likelihood and whether it is the greedy one: the harness logs both as text."""
    return len(pair) == 2 and pair[1] in ("True", "False") and pair[0].lstrip("-").replace(".", "", 1).isdigit()


def _drawn(row: Mapping[str, Any]) -> int:
    """Answers drawn of a document before the filter."""
    drawn = row.get("resps")
    if isinstance(drawn, list) and len(drawn) == 1 and isinstance(drawn[0], list):
        return len(drawn[0]) if all(isinstance(one, str) for one in drawn[0]) else 1
    return 1


def _each(path: Path, number: int, row: Mapping[str, Any], name: str, answers: list[str | None]) -> _Scores:
    """Correctness of every answer of a document."""
    metric = row.get(name)
    if isinstance(metric, list) and len(metric) == len(answers):
        return _Scores([number_of(one) for one in metric])
    if len(answers) == 1:
        return _Scores([number_of(metric)])
    value = number_of(metric)
    if value is not None and name.replace("_at_", "@") == "pass@1":
        # The mean over the repeats: it tells how many are correct, not which.
        passed = value * len(answers)
        if abs(passed - round(passed)) > 1e-6:
            raise FileError(
                f"{path}, line {number}: {name} is {value:g}, no share of {len(answers)} answers. Check it."
            )
        return _Scores(
            [float(k < round(passed)) for k in range(len(answers))],
            ("which of a document's answers are correct is not logged; how many is",),
        )
    target = str(row.get("target", "")).strip()
    equal: list[float | None] = [float(str(answer).strip() == target) for answer in answers]
    return _Scores(equal, ("correct: the filtered answer is the target, as the harness scores a document only once",))
