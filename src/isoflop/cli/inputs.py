"""What users write in options becomes values here: NAME=VALUE pairs, laws' settings, fits from files."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from isoflop.errors import InputError, UnitsError

if TYPE_CHECKING:
    from isoflop.fit.result import Fit


class Choices(TypedDict):
    """What fits and back-tests have in common, under the names of the library."""

    objective: str
    response: str | None
    fix: Mapping[str, float]
    prior: Mapping[str, tuple[float, float]]
    weights: str | None
    noise: str | None
    level: float
    seed: int


def pairs(items: Sequence[str] | None, option: str, form: str) -> dict[str, str]:
    """Read repeated NAME=VALUE options.

    Args:
        items: what was given, in order.
        option: the option's name, for messages.
        form: what one should look like, for messages.

    Returns:
        Name → text.

    Raises:
        InputError: one has another form, or a name comes twice.

    >>> pairs(["loss=loss_c4_val"], "--map", "loss=loss_c4_val")
    {'loss': 'loss_c4_val'}
    """
    found: dict[str, str] = {}
    for item in items or ():
        name, equals, value = (part.strip() for part in item.partition("="))
        if not (name and equals and value):
            raise InputError(
                f"{option} {item!r} has another form than NAME=VALUE. Write, for example, {option} {form}."
            )
        if name in found:
            raise InputError(f"{option} names {name!r} twice, as {found[name]} and as {value}. Keep one of them.")
        found[name] = value
    return found


def quantity(text: str) -> float:
    """Read a number such as 7e9, 7B or 1.4T."""
    from isoflop.units import parse_quantity

    return parse_quantity(text)


def number(text: str, option: str) -> float:
    """Read a number such as 7e9, 7B or 0.34.

    Raises:
        InputError: it is none; the message names the option.
    """
    try:
        return quantity(text)
    except UnitsError as error:
        raise InputError(f"{option}: {error}") from None


def mapping(items: Sequence[str] | None) -> dict[str, str]:
    """Read `--map WORD=COLUMN`; a letter or alias on the left means its word."""
    from isoflop.runs.columns import resolve

    found: dict[str, str] = {}
    for name, column in pairs(items, "--map", "loss=loss_c4_val").items():
        word = resolve(name) or name
        if word in found:
            raise InputError(f"--map names {word!r} twice, as {found[word]} and as {column}. Keep one of them.")
        found[word] = column
    return found


def fixed(items: Sequence[str] | None) -> dict[str, float]:
    """Read `--fix NAME=VALUE`."""
    return {name: number(text, f"--fix {name}") for name, text in pairs(items, "--fix", "E=1.6").items()}


def priors(items: Sequence[str] | None) -> dict[str, tuple[float, float]]:
    """Read `--prior NAME=MEAN,SD`."""
    found = {}
    for name, text in pairs(items, "--prior", "alpha=0.34,0.05").items():
        mean, comma, sd = text.partition(",")
        if not comma:
            raise InputError(
                f"--prior {name}={text} has no standard deviation. Write, for example, --prior alpha=0.34,0.05."
            )
        found[name] = (number(mean, f"--prior {name}"), number(sd, f"--prior {name}"))
    return found


def place(
    given: Mapping[str, float | None], items: Sequence[str] | None, labels: Sequence[str] = ()
) -> dict[str, float | str]:
    """Read where a law is to be evaluated.

    Args:
        given: word → value of the options that have a name of their own, None where not given.
        items: `--set NAME=VALUE` options.
        labels: columns whose values are names rather than numbers.

    Returns:
        Column → value.
    """
    found: dict[str, float | str] = {word: value for word, value in given.items() if value is not None}
    for name, text in pairs(items, "--set", "unique_tokens=1e9").items():
        if name in found:
            raise InputError(f"{name!r} is given twice, by --{name} and by --set. Keep one of them.")
        found[name] = text if name in labels else number(text, f"--set {name}")
    return found


def load_fit(source: str) -> "Fit":
    """Read a fit from a file, or from standard input for `-`.

    Raises:
        FileError: it is not a fit that isoflop wrote.
    """
    from isoflop.fit.result import Fit

    if source != "-":
        return Fit.from_json(Path(source))
    text = sys.stdin.read()
    if not text.lstrip().startswith("{"):
        raise InputError("Standard input holds no fit. Give it one: isoflop fit RUNS --law LAW --json | isoflop … -")
    return Fit.from_json(text)
