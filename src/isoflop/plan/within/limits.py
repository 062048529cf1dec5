"""Limits of a plan: `money <= $2M`, `6*N*D + 2*N*serve_tokens <= 1e24`, `loss <= 2.1`, `a + b + c = 1`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from isoflop.errors import InputError, UnitsError
from isoflop.plan.within.expressions import Expression, expression
from isoflop.plan.within.quantities import kind_of, read_value
from isoflop.units import format_bytes, format_duration, format_quantity

_SIDES: Final = re.compile(r"(?P<left>[^<>=]+)(?P<sign><=|>=|==|<|>|=|≤|≥)(?P<right>[^<>=]+)")


@dataclass(frozen=True)
class Limit:
    """One side that must not exceed the other, or must equal it.

    Args:
        text: as written.
        left: what is limited.
        right: what limits it.
        below: whether left must stay below right (else above).
        key: name of the number on the right among the inputs; empty where it is a formula.
        value: that number; None where it is a formula.
        equal: whether both sides must be equal.
    """

    text: str
    left: Expression
    right: Expression
    below: bool
    key: str = ""
    value: float | None = None
    equal: bool = False

    @property
    def kind(self) -> str:
        """Kind of its unit."""
        return kind_of(self.left.text)

    def show(self, value: float) -> str:
        """A value in its unit."""
        return show_value(self.left.text, value)


def read_limits(texts: Sequence[str], *, prefix: str = "limit") -> tuple[Limit, ...]:
    """Read limits.

    Args:
        texts: such as `money <= $2M`, `tokens <= 4*unique_tokens` or `web + books + code = 1`.
        prefix: of the names of numbers on the right.

    Returns:
        The limits, in order.

    Raises:
        InputError: one has another form, or its unit does not fit.

    >>> read_limits(["time <= 3 days"])[0].value
    259200.0
    """
    found = []
    for number, text in enumerate(texts, 1):
        sides = _SIDES.fullmatch(text.strip())
        if sides is None:
            raise InputError(f"{text!r} is no limit. Write what <= how much, such as 'money <= $2M' or 'loss <= 2.1'.")
        left, sign = expression(sides["left"]), sides["sign"]
        below, equal = sign not in {">=", ">", "≥"}, sign in {"=", "=="}
        if not left.words:
            raise InputError(f"{text!r} has a number on its left. Write the quantity first, as in 'money <= $2M'.")
        key = f"{prefix}_{number}"
        value = _number(left, sides["right"].strip())
        right = Expression(key, (key,)) if value is not None else expression(sides["right"])
        found.append(Limit(text.strip(), left, right, below, key if value is not None else "", value, equal))
    return tuple(found)


def _number(left: Expression, text: str) -> float | None:
    """The right side as a number in the unit of the left one, or None where it is a formula."""
    try:
        return read_value(left.text, text)
    except UnitsError:
        # A formula has names that are no units: it is read as one, and a wrong unit stays an error.
        if re.search(r"[*/^()]|^[^\W\d]\w*$", text) and not text.startswith("$"):
            try:
                made = expression(text)
            except InputError:
                made = None
            if made is not None and made.words:
                return None
        raise


def show_value(word: str, value: float) -> str:
    """A number with the unit of its word."""
    match kind_of(word):
        case "memory":
            return format_bytes(value)
        case "time":
            return format_duration(value)
        case "money":
            return f"${format_quantity(value)}"
        case "devices":
            return f"{value:.6g}"
        case "device-hours":
            return f"{format_quantity(value)} GPU-hours"
    return format_quantity(value, 4)
