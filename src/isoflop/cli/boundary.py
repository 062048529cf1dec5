"""The error boundary: every ending of a command becomes an exit status and at most one line."""

import gc
import os
import signal
import sys
import warnings
from collections.abc import Sequence
from types import TracebackType
from typing import Final

from typer import Abort
from typer.exceptions import TyperException
from typer.main import get_command

from isoflop.cli.app import app
from isoflop.errors import InputError, IsoflopError

GOOD: Final = 0
NOT_TO_BE_TRUSTED: Final = 1
BAD_INPUT: Final = 2
INTERRUPTED: Final = 130
"""128 + SIGINT, as shells count it."""

TRACEBACK: Final = "ISOFLOP_TRACEBACK"
"""Set to 1, it shows the traceback of a defect of isoflop itself."""


def main() -> None:
    """Run the command line of this process and end it with the command's status."""
    # The engine spreads work over the cores; threads of BLAS beside it wait for each other, and change the last bit.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Imports make 170 thousand objects and hardly any garbage: looking for it takes a tenth of a second.
    gc.set_threshold(100_000, 20, 20)
    if hasattr(signal, "SIGPIPE"):
        # As in other filters: `isoflop laws | head -1` ends quietly when head has seen enough.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    if os.environ.get(TRACEBACK) != "1":
        sys.excepthook = _defect
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A terminal without the letter α gets a question mark, not an end.
            stream.reconfigure(errors="replace")
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command.

    Args:
        arguments: what stands after `isoflop`.

    Returns:
        0 good, 1 a result that must not be trusted, 2 bad usage or input, 130 interrupted.
    """
    try:
        # Not app() itself, which would put a hook of typer's over the one above.
        status = get_command(app).main(
            args=list(arguments), prog_name="isoflop", standalone_mode=False, obj=tuple(arguments)
        )
        sys.stdout.flush()
    except InputError as error:
        return _say(str(error), BAD_INPUT)
    except IsoflopError as error:
        return _say(str(error), NOT_TO_BE_TRUSTED)
    except TyperException as error:
        return _say(_usage(error), BAD_INPUT)
    except (KeyboardInterrupt, Abort):
        return INTERRUPTED
    except MemoryError:
        return _say("this does not fit into memory. Ask for fewer draws, or give fewer rows (--where).", BAD_INPUT)
    except RecursionError:
        return _say("the file or formula is nested too deeply. Give a simpler one.", BAD_INPUT)
    except OSError as error:
        place = f" {error.filename!r}" if error.filename else ""
        return _say(f"{error.strerror or error}{place}. Check the path, the rights and the free space.", BAD_INPUT)
    return status if isinstance(status, int) else GOOD


def _say(message: str, status: int) -> int:
    """Write one line to standard error and hand on the status."""
    sys.stderr.write(f"isoflop: {' '.join(message.split())}\n")
    return status


def _usage(error: TyperException) -> str:
    """What was wrong with the arguments, and where help is."""
    message = error.format_message().strip()
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "isoflop"
    return f"{message}{'' if message.endswith(('.', '?')) else '.'} Help: {command} --help"


def _defect(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Say that isoflop itself is wrong, without a traceback that helps no user."""
    if issubclass(kind, KeyboardInterrupt):
        return
    place = ""
    while trace is not None:
        code = trace.tb_frame.f_code
        if "isoflop" in code.co_filename:
            place = f" in {code.co_name}, line {trace.tb_lineno} of {os.path.basename(code.co_filename)}"  # noqa: PTH119
        trace = trace.tb_next
    _say(
        f"a defect of isoflop, not of your input: {kind.__name__}: {error}{place}. "
        f"Please report it with the traceback that {TRACEBACK}=1 shows.",
        NOT_TO_BE_TRUSTED,
    )
