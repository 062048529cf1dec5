"""What leaves a command: JSON for programs, tables for people, progress on a terminal, verdicts as status."""

import io
import json
import math
import shutil
import sys
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TextIO

from isoflop.errors import NotCertifiedError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from isoflop.engine import Progress
    from isoflop.fit.certificate import Certificate

PATIENCE_SECONDS: Final = 0.5
"""A progress bar appears when work takes longer than this."""

PIPED_WIDTH: Final = 10_000
"""Tables in a file or pipe have one line per row, unless COLUMNS says another width."""


def say(*texts: str, style: str | None = None) -> None:
    """Print paragraphs: wrapped on a terminal, one line each in a pipe."""
    for text in texts:
        _print(text, style)


def grid(headers: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: Collection[int] = ()) -> None:
    """Print rows under headers.

    On a terminal the header has a rule; in a pipe there are no lines at all.

    Args:
        headers: one per column.
        rows: cells as text.
        numbers: places of the columns that hold numbers; they are flush right.
    """
    from rich import box
    from rich.table import Table

    made = Table(
        box=box.SIMPLE_HEAD if sys.stdout.isatty() else None, pad_edge=False, show_edge=False, header_style="bold"
    )
    for index, header in enumerate(headers):
        made.add_column(header, justify="right" if index in numbers else "left", overflow="fold")
    for row in rows:
        made.add_row(*row)
    _print(made)


def _print(what: "str | Table", style: str | None = None) -> None:
    """Print through rich; text in it is text, never markup."""
    if sys.stdout.isatty():
        _console(sys.stdout, None).print(what, style=style)
    elif isinstance(what, str):
        sys.stdout.write(what + "\n")
    else:
        page = io.StringIO()
        _console(page, shutil.get_terminal_size((PIPED_WIDTH, 24)).columns).print(what)
        sys.stdout.write("".join(line.rstrip() + "\n" for line in page.getvalue().splitlines()))


def _console(file: TextIO, width: int | None) -> "Console":
    """A console that takes text as it is."""
    from rich.console import Console

    return Console(file=file, width=width, markup=False, emoji=False, highlight=False)


def plain(value: Any) -> Any:  # noqa: ANN401 - any result
    """Turn a result's parts into what JSON has; a number that is not finite becomes null.

    >>> plain({"a": float("nan"), "b": (1, 2.5)})
    {'a': None, 'b': [1, 2.5]}
    """
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def print_json(payload: Mapping[str, Any]) -> None:
    """Print one JSON object to standard output."""
    sys.stdout.write(json.dumps(plain(payload), indent=2, allow_nan=False) + "\n")


def warn(message: str) -> None:
    """Say something on standard error that does not stop the command."""
    sys.stderr.write(f"isoflop: warning: {' '.join(message.split())}\n")


def hold_to(certificate: "Certificate", *, strict: bool, what: str = "the fit") -> None:
    """Warn of a fit that is not certified; end the command with status 1 when strict.

    Raises:
        NotCertifiedError: strict, and the fit is not certified.
    """
    if certificate.ok:
        return
    message = f"{what} is {certificate.verdict}: {'; '.join(reason.rstrip('.') for reason in certificate.reasons)}."
    if strict:
        raise NotCertifiedError(message, certificate.reasons)
    warn(message)


@contextmanager
def progress(text: str) -> "Iterator[Progress | None]":
    """Give a callback that draws a bar on standard error, or None where nobody looks."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=Console(file=sys.stderr, markup=False), transient=True)
    task = bar.add_task(text, total=None)
    began = time.monotonic()

    def step(done: int, total: int) -> None:
        bar.update(task, completed=done, total=total)
        if time.monotonic() - began > PATIENCE_SECONDS:
            bar.start()

    try:
        yield step
    finally:
        bar.stop()
