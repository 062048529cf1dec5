"""Readers of quantities with units, for options."""

from collections.abc import Callable

import typer

from isoflop.errors import UnitsError


def measure(kind: str) -> Callable[[str], float]:
    """A reader of one kind of quantity; the message about any other names the option.

    >>> measure("time")("3 days")
    259200.0
    """

    def read(text: str) -> float:
        # Imported when a quantity is read: the help of the commands needs no NumPy.
        from isoflop.units import parse_measure

        try:
            return parse_measure(text, kind)
        except UnitsError as error:
            raise typer.BadParameter(str(error)) from None

    return read


def whole(text: str) -> float:
    """Read a number of devices.

    >>> whole("64 GPUs")
    64.0
    """
    number = measure("devices")(text)
    if number != int(number):
        raise typer.BadParameter(f"{text!r} is no whole number of devices. Write, for example, 64.")
    return number
