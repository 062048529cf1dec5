"""Logs that are no tables become columns here: EvalPlus, lm-evaluation-harness, Inspect."""

import gzip
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from isoflop.errors import FileError
from isoflop.testtime.reading.harness import read_harness
from isoflop.testtime.reading.inspect_log import is_log, read_inspect, zipped
from isoflop.testtime.reading.unpacked import Unpacked, opened, read_object

_HEAD: Final = 1 << 24
"""Bytes of the first line that are looked at."""
_PASS: Final = frozenset({"pass", "success", "passed"})


def unpack(path: Path, correct: str | None = None) -> Unpacked | None:
    """Read a log whose samples are nested in it.

    Args:
        path: the file.
        correct: metric or scorer that says what is correct, where the log has several.

    Returns:
        Its samples; None when the file is a plain table.

    Raises:
        FileError: the log is broken or has no samples, or it has several metrics and none is named.
    """
    try:
        with opened(path) as stream:
            head = stream.readline(_HEAD)
            text = (head + stream.read(1 << 16)).decode("utf-8", "ignore").removeprefix("\ufeff").lstrip()
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise FileError(f"{path} breaks off: {error}. Copy or compress it again.") from None
    if head.startswith(b"PK\x03\x04"):
        return read_inspect(path, zipped(path), correct) if is_log(path) else None
    if not text.startswith("{"):
        return None
    first = read_object(text.partition("\n")[0])
    if first is not None and "doc_id" in first and {"resps", "filtered_resps"} & set(first):
        return read_harness(path, correct)
    if first is not None and not {"eval", "samples"} & set(first):
        return None
    if first is None and not ('"eval"' in text or '"samples"' in text):
        return None
    with opened(path) as stream:
        whole = read_object(stream.read().decode("utf-8-sig", "replace"))
    return None if whole is None else _whole(path, whole, correct)


def _whole(path: Path, log: Mapping[str, Any], correct: str | None) -> Unpacked | None:
    """A log that is one JSON object."""
    tasks, samples = log.get("eval"), log.get("samples")
    if isinstance(samples, list) and all(isinstance(one, dict) and "id" in one for one in samples):
        return read_inspect(path, samples, correct)
    if isinstance(tasks, dict) and tasks and all(isinstance(one, list | dict) for one in tasks.values()):
        return _evalplus(path, tasks)
    return None


# ---- EvalPlus ----


def _evalplus(path: Path, tasks: Mapping[str, Any]) -> Unpacked:
    """Results of EvalPlus: a sample is correct when it passes the base tests and, where they ran, the further ones."""
    found = Unpacked("EvalPlus")
    for task, results in tasks.items():
        for attempt, (base, plus) in enumerate(_statuses(path, task, results)):
            weak = base in _PASS
            found.add(problem=task, attempt=attempt, correct=float(weak and (plus is None or plus in _PASS)))
            found.add(base=float(weak))
    if not found.columns:
        raise FileError(f"{path} holds results of EvalPlus for no task. Run its evaluation again.")
    found.notes.append("correct: passes EvalPlus's base tests and, where they ran, its further tests")
    return found


def _statuses(path: Path, task: str, results: object) -> Iterator[tuple[str, str | None]]:
    """(Base, further) status of every sample of a task, in the form of either version."""
    if isinstance(results, list):
        for one in results:
            if not isinstance(one, dict) or "base_status" not in one:
                raise FileError(f"{path}: a sample of {task!r} has no base_status. Run EvalPlus's evaluation again.")
            yield str(one["base_status"]), one.get("plus_status")
        return
    parts = results if isinstance(results, dict) else {}
    base = parts.get("base")
    if not isinstance(base, list):
        raise FileError(f"{path}: task {task!r} has no list of results. Run EvalPlus's evaluation again.")
    plus = parts.get("plus") or [None] * len(base)
    if len(plus) != len(base):
        raise FileError(f"{path}: task {task!r} has {len(base)} base and {len(plus)} further results. Run it again.")
    for weak, strong in zip(base, plus, strict=True):
        yield str(weak[0]), None if strong is None else str(strong[0])
