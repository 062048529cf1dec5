"""The reference of the command line, from the commands themselves."""

from collections.abc import Iterator
from typing import Any

import typer
from docs.generators.laws import table

_INTRODUCTION = """# Command line

The same verbs as in Python. Every command reads its input, makes one library call and prints: a table for people,
or one JSON object with `--json` ([its keys](json.md)).

The exit status is 0 when all is well, 1 for a result that must not be trusted (a fit that is not certified,
under `--strict`) and 2 for bad usage or input, with one line on standard error that says what was found and what to do.
"""


def pages() -> dict[str, str]:
    """Return the page by its path below docs/."""
    from isoflop.cli import app

    return {"cli.md": _INTRODUCTION + "".join(_sections(command_of(app), ["isoflop"]))}


def command_of(app: typer.Typer) -> Any:
    """Return the command that typer builds from an app."""
    return typer.main.get_command(app)


def commands(group: Any, path: list[str]) -> Iterator[tuple[list[str], Any]]:
    """Yield (words, command) of every command that does something."""
    for name, command in group.commands.items():
        if command.hidden:
            continue
        if hasattr(command, "commands"):
            yield from commands(command, [*path, name])
        else:
            yield [*path, name], command


def _sections(group: Any, path: list[str]) -> Iterator[str]:
    """Yield a section for every command."""
    for words, command in commands(group, path):
        title = " ".join(words)
        yield f"\n## {title}\n\n{_text(command.help)}\n\n```text\n{_usage(title, command)}\n```\n"
        arguments = [(f"`{_metavar(p)}`", _text(p.help)) for p in command.params if p.param_type_name == "argument"]
        if arguments:
            yield "\n" + table(("Argument", "Meaning"), arguments) + "\n"
        options = [_option(p) for p in command.params if p.param_type_name == "option" and not p.hidden]
        if options:
            yield "\n" + table(("Option", "Value", "Default", "Meaning"), options) + "\n"


def _text(text: str | None) -> str:
    """Return a help text as one paragraph per paragraph, without the console's escapes."""
    cleaned = (text or "").replace("\b", "").strip()
    return "\n\n".join(" ".join(part.split()) for part in cleaned.split("\n\n"))


def _metavar(parameter: Any) -> str:
    """Return how an argument is shown in the usage line."""
    name = parameter.metavar or parameter.name.upper()
    name += "..." if parameter.nargs == -1 else ""
    return name if parameter.required else f"[{name}]"


def _usage(title: str, command: Any) -> str:
    """Return the usage line."""
    shown = [_metavar(p) for p in command.params if p.param_type_name == "argument"]
    return " ".join([title, *shown, "[OPTIONS]"])


def _option(parameter: Any) -> tuple[str, str, str, str]:
    """Return an option's row."""
    names = ", ".join(f"`{name}`" for name in [*parameter.opts, *parameter.secondary_opts])
    value = "" if parameter.is_flag else (parameter.metavar or parameter.type.name.upper())
    default = parameter.default
    shown = "" if default in (None, False, (), []) or callable(default) else str(default)
    return names, value, "required" if parameter.required else shown, _text(parameter.help)
