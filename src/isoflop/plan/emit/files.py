"""Runs as files: TOML or JSON for any trainer, or the grid of a ladder file."""

import json
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from isoflop.errors import FileError
from isoflop.plan.emit.run import RunSpec


def write_run_file(path: str | Path, runs: Sequence[RunSpec]) -> None:
    """Write runs as TOML (`[[runs]]`) or JSON (`{"runs": [...]}`), by the file's ending.

    Args:
        path: to write, .toml or .json.
        runs: from `runs_of` or `run_spec`.

    Returns:
        Nothing; the file holds one table a run, with every setting and its derivation.

    Raises:
        FileError: the ending is another, or the file cannot be written.

    >>> import tempfile
    >>> from isoflop.plan.emit.run import run_spec
    >>> path = Path(tempfile.mkdtemp(), "runs.toml")
    >>> write_run_file(path, [run_spec(4e8, 8e9)])
    >>> tomllib.loads(path.read_text("utf-8"))["runs"][0]["schedule"]
    'cosine'
    """
    target, rows = Path(path), [run.to_dict() for run in runs]
    match target.suffix:
        case ".json":
            text = json.dumps({"runs": rows}, indent=1, allow_nan=False) + "\n"
        case ".toml":
            text = "\n".join(
                "\n".join(["[[runs]]", *(f"{k} = {_toml(v)}" for k, v in row.items()), ""]) for row in rows
            )
        case other:
            raise FileError(f"Runs are written as .toml or .json, not {other or 'without an ending'}. Rename {path}.")
    _write(target, text)


def write_ladder_file(
    path: str | Path,
    template: str | Path,
    runs: Sequence[tuple[float, float, int]],
    size_of: Callable[[int], float],
    *,
    notes: Sequence[str] = (),
) -> None:
    """Write runs as the grid of a ladder file, with the corpus and recipe of another one.

    The ladder derives shape, batch and learning rate from the width by its own recipe, so only the
    width nearest in size and the tokens are carried over.

    Args:
        path: to write, TOML.
        template: ladder file whose corpus and recipe are kept.
        runs: size N, tokens D and seed of every run.
        size_of: parameters of a ladder model of a width.
        notes: what to know of the runs, such as how far they lie beyond others; written as comments.

    Raises:
        FileError: the template cannot be read, or the file cannot be written.
    """
    try:
        text = Path(template).read_text(encoding="utf-8")
        tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FileError(f"The ladder file {template} cannot be read: {error}. Give a TOML file.") from error
    head = text.partition("[[grid]]")[0].rstrip()
    cells: dict[tuple[int, int], list[int]] = {}
    for params, tokens, seed in runs:
        cells.setdefault((ladder_width(params, size_of), round(tokens)), []).append(seed)
    blocks = [f"[[grid]]\nwidth = {w}\ntokens = [{_toml(str(d))}]\nseeds = {s}" for (w, d), s in sorted(cells.items())]
    _write(
        Path(path), "\n\n".join([head, *(["\n".join(f"# {note}" for note in notes)] if notes else []), *blocks]) + "\n"
    )


def ladder_width(params: float, size_of: Callable[[int], float]) -> int:
    """The width whose ladder model is nearest in size, a multiple of 8.

    Args:
        params: size N.
        size_of: parameters of a ladder model of a width.

    Returns:
        The width.

    >>> ladder_width(1000.0, lambda width: float(width**2))
    32
    """
    width = 16
    while size_of(width + 8) <= params:
        width += 8
    return width if params / size_of(width) <= size_of(width + 8) / params else width + 8


def _toml(value: Any) -> str:  # noqa: ANN401 - plain values
    """A plain value as TOML writes it; JSON's strings are TOML's."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{k} = {_toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return repr(value) if isinstance(value, float) else json.dumps(value, ensure_ascii=False)


def _write(path: Path, text: str) -> None:
    """Write a text file."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise FileError(f"{path} cannot be written: {error}. Give another place.") from error
