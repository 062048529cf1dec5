"""Samples of logs of Inspect, as JSON or as an archive (`.eval`): an epoch is an attempt."""

import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from isoflop.errors import FileError
from isoflop.testtime.reading.unpacked import Unpacked, number_of, read_object

_GRADES: Final = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0}
"""Letters for correct, incorrect, partial, no answer."""


def is_log(path: Path) -> bool:
    """Say whether a file is an archive with samples in it."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.startswith("samples/") for name in archive.namelist())


def zipped(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the samples of an archive, one at a time.

    Args:
        path: the archive.

    Raises:
        FileError: a part of it cannot be read.
    """
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if not (name.startswith("samples/") and name.endswith(".json")):
                continue
            try:
                found = read_object(archive.read(name).decode("utf-8", "replace"))
            except (zipfile.BadZipFile, NotImplementedError) as error:
                raise FileError(
                    f"{path}: {name} cannot be unpacked: {error}. Convert the log: inspect log convert --to json."
                ) from None
            if found is None:
                raise FileError(f"{path}: {name} is no JSON object. Convert the log: inspect log convert --to json.")
            yield found


def read_inspect(path: Path, samples: Iterable[Mapping[str, Any]], correct: str | None) -> Unpacked:
    """Read samples.

    Args:
        path: the log, for messages.
        samples: its samples.
        correct: scorer that says what is correct; the only one when None.

    Returns:
        The samples.

    Raises:
        FileError: there are none, or which scorer counts is not clear.
    """
    found = Unpacked("Inspect")
    names: dict[str, None] = {}
    for sample in samples:
        name, score = _scorer(path, sample, correct)
        names[name] = None
        usage = [one for one in (sample.get("model_usage") or {}).values() if isinstance(one, dict)]
        value = score.get("value") if isinstance(score, dict) else None
        found.add(
            problem=str(sample.get("id")),
            attempt=sample.get("epoch", 1),
            correct=_GRADES.get(value) if isinstance(value, str) else number_of(value),
            answer=score.get("answer") if isinstance(score, dict) else None,
            tokens=_sum(usage, "output_tokens"),
            input_tokens=_sum(usage, "input_tokens"),
            seconds=number_of(sample.get("working_time", sample.get("total_time"))),
        )
    if not found.columns:
        raise FileError(f"{path} is a log of Inspect without samples. Run with log_samples, or give another log.")
    listed = ", ".join(name for name in names if name)
    found.notes.append(f"correct: score {listed or 'none'} of Inspect (C 1, I and N 0, P 0.5); an epoch is an attempt")
    return found


def _scorer(path: Path, sample: Mapping[str, Any], correct: str | None) -> tuple[str, Any]:
    """The score of a sample that says what is correct: (scorer, score)."""
    scores = sample.get("scores") or ({"score": sample["score"]} if sample.get("score") else {})
    if not scores:
        return "", None
    if correct is None and len(scores) > 1:
        raise FileError(
            f"{path}: which scorer says that a sample is correct? There are {', '.join(scores)}. "
            f"Name one: --map correct=SCORER."
        )
    name = correct or next(iter(scores))
    if name not in scores:
        raise FileError(f"{path} has no scorer {name!r}; it has {', '.join(scores)}. Name one of these.")
    return name, scores[name]


def _sum(parts: list[dict[str, Any]], name: str) -> float | None:
    """Sum over models, None where no model says it."""
    values = [float(part[name]) for part in parts if isinstance(part.get(name), int | float)]
    return sum(values) if values else None
