"""Runs the code blocks of a page and writes what they print where the page shows it."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
WIDTH = "96"

# Runs every Python block of a page in one namespace and reports what each printed.
_RUNNER = """
import contextlib, io, json, sys
printed, space = [], {"__name__": "__main__"}
for number, block in enumerate(json.load(sys.stdin), 1):
    stream = io.StringIO()
    with contextlib.redirect_stdout(stream):
        exec(compile(block, f"<block {number}>", "exec"), space)
    printed.append(stream.getvalue())
json.dump(printed, sys.stdout)
"""


class PageError(Exception):
    """A block of a page does not run, or shows an output that it does not have."""


@dataclass(frozen=True)
class Block:
    """One fenced block: its place in the page, its language and its text."""

    start: int
    end: int
    language: str
    body: str


def fenced(page: str) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    return [
        Block(found.start(), found.end(), found["info"].split(" ")[0], found["body"]) for found in _FENCE.finditer(page)
    ]


def rendered(page: str, files: dict[str, Path]) -> str:
    """Return the page with the true output of its `python` and `console` blocks.

    A `text` block right after a `python` block holds what that one prints. In a `console`
    block every line after `$ ` is run by the shell and what it prints follows.

    Args:
        page: Markdown.
        files: name → file, copied into the empty folder in which the blocks run.

    Returns:
        The page, its output replaced.

    Raises:
        PageError: a block fails, or prints where the page has no place for it.
    """
    blocks = fenced(page)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for target, source in files.items():
            shutil.copy(source, folder / target)
        printed = iter(_run_python([b.body for b in blocks if b.language == "python"], folder))
        return "".join(_pieces(page, blocks, printed, folder))


def _pieces(page: str, blocks: list[Block], printed: Iterator[str], folder: Path) -> Iterator[str]:
    """Yield the page in pieces, outputs replaced."""
    done, pending = 0, ""
    for block in blocks:
        between = page[done : block.start]
        shown_here = block.language == "text" and not between.strip()
        if pending and not shown_here:
            raise PageError(f"A Python block prints this, and no text block shows it:\n{pending}")
        yield between
        if block.language == "python":
            pending = next(printed)
            yield page[block.start : block.end]
        elif shown_here and pending:
            yield f"```text\n{pending.rstrip()}\n```"
            pending = ""
        elif block.language == "console":
            yield f"```console\n{_run_console(block.body, folder)}```"
        else:
            yield page[block.start : block.end]
        done = block.end
    if pending:
        raise PageError(f"The last Python block prints this, and no text block shows it:\n{pending}")
    yield page[done:]


def environment() -> dict[str, str]:
    """Return the surroundings of every run: no colour, a fixed width, this Python's commands first."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return {**os.environ, "PATH": path, "COLUMNS": WIDTH, "NO_COLOR": "1", "TERM": "dumb", "PYTHONWARNINGS": "error"}


def _run_python(bodies: list[str], folder: Path) -> list[str]:
    """Run Python blocks in one namespace."""
    if not bodies:
        return []
    ended = subprocess.run(
        [sys.executable, "-c", _RUNNER],
        input=json.dumps(bodies),
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise PageError(f"A Python block fails:\n{ended.stderr}")
    printed: list[str] = json.loads(ended.stdout)
    return printed


def _run_console(body: str, folder: Path) -> str:
    """Run the commands of a console block; a status other than 0 is shown as bash users would ask for it."""
    lines: list[str] = []
    for command in re.findall(r"^\$ ((?:.*\\\n)*.*)$", body, re.MULTILINE):
        if command == "echo $?":  # written below, when there is something to ask for
            continue
        ended = subprocess.run(
            ["bash", "-o", "pipefail", "-c", command],
            cwd=folder,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            check=False,
        )
        if "Traceback (most recent call last)" in ended.stdout or ended.returncode == 127:
            raise PageError(f"$ {command}\n{ended.stdout}")
        lines += [f"$ {command}", *(line.rstrip() for line in ended.stdout.rstrip().splitlines())]
        lines += ["$ echo $?", str(ended.returncode)] if ended.returncode else []
    return "\n".join(lines) + "\n"


def same(old: str, new: str) -> bool:
    """Say whether two pages agree: the same words, numbers within two units of their last digit.

    Another processor or library may round the last printed digit the other way.
    """
    if _NUMBER.sub("0", old) != _NUMBER.sub("0", new):
        return False
    pairs = zip(_NUMBER.findall(old), _NUMBER.findall(new), strict=True)
    return all(a == b or abs(float(a) - float(b)) <= 2.001 * max(_last_digit(a), _last_digit(b)) for a, b in pairs)


def _last_digit(number: str) -> float:
    """Return what one unit of a printed number's last digit is worth; a whole number must be equal."""
    mantissa, _, exponent = number.lower().partition("e")
    decimals = len(mantissa.partition(".")[2])
    if not decimals and not exponent:
        return 0.0
    return 10.0 ** (int(exponent or 0) - decimals)
