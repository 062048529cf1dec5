"""Every exception of isoflop: built from facts, ending with the next step."""

from collections.abc import Iterable
from difflib import get_close_matches


class IsoflopError(Exception):
    """Root of all errors that isoflop raises on purpose."""


class InputError(IsoflopError):
    """What the user gave cannot be used as it is; the command line exits with status 2."""


class FileError(InputError):
    """A file cannot be read or written."""


class TableError(InputError):
    """A run table cannot be used for what was asked."""


class ColumnError(TableError):
    """A column is missing or has the wrong kind of values."""

    @classmethod
    def from_missing(cls, missing: str, available: Iterable[str]) -> "ColumnError":
        """Name the missing column, what is there, and the nearest name."""
        names = list(available)
        listed = ", ".join(names) if names else "no columns"
        return cls(f"The table has no column {missing!r}; it has {listed}. {_mapping_step(missing, names)}")

    @classmethod
    def from_law(cls, law: str, missing: Iterable[str], available: Iterable[str], instead: str = "") -> "ColumnError":
        """Name every column that a law lacks, what is there, and what to do."""
        names, lacking = list(available), list(missing)
        listed = ", ".join(names) if names else "no columns"
        quoted = ", ".join(repr(name) for name in lacking)
        return cls(
            f"The table has no column{'s' if len(lacking) > 1 else ''} {quoted}, which law {law!r} needs; "
            f"it has {listed}. {_mapping_step(lacking[0], names)} {instead}".rstrip()
        )


def _mapping_step(missing: str, names: list[str]) -> str:
    """The nearest name, and how to map a column."""
    near = [n for n in names if missing.lower() in n.lower()][:1] or get_close_matches(missing, names, n=1)
    step = f"Did you mean {near[0]!r}? " if near else ""
    return (
        f"{step}Map a column of yours onto it: mapping={{{missing!r}: 'your_column'}} "
        f"(command line: --map {missing}=your_column)."
    )


class UnitsError(InputError):
    """A quantity or a unit cannot be read."""


class FormulaError(InputError):
    """The text of a law is not a formula that isoflop accepts."""


class LawError(InputError):
    """A law is unknown, incomplete, or does not suit the table."""


class FitError(InputError):
    """A fit was asked for that these data or settings cannot give."""


class InfeasibleError(InputError):
    """Limits of a plan contradict each other; it carries which ones, and the smallest change that helps.

    Args:
        message: all of it in words.
        limits: texts of the limits that cannot hold together; without any one of them the others can.
        relaxed: the limit whose change alone is smallest; empty where no change of one is enough.
        needed: what its right side would have to become, in base units; None where there is none.
        factor: needed over what it is now, or by what all limits would have to be relaxed together.
    """

    def __init__(
        self,
        message: str,
        limits: tuple[str, ...] = (),
        *,
        relaxed: str = "",
        needed: float | None = None,
        factor: float | None = None,
    ) -> None:
        """Keep the facts beside the message."""
        super().__init__(message)
        self.limits = limits
        self.relaxed = relaxed
        self.needed = needed
        self.factor = factor


class RangeWarning(UserWarning):
    """A law is used outside the range that its source supports; the text says how far."""


class NotCertifiedError(IsoflopError):
    """A result exists but must not be trusted; it carries the reasons."""

    def __init__(self, message: str, reasons: tuple[str, ...] = ()) -> None:
        """Keep the reasons beside the message."""
        super().__init__(message)
        self.reasons = reasons


class MissingExtraError(InputError):
    """An optional dependency is not installed."""

    @classmethod
    def from_extra(cls, package: str, extra: str) -> "MissingExtraError":
        """Name the package and the extra that brings it."""
        return cls(f"This needs {package}, which is not installed. Install it: pip install 'isoflop[{extra}]'.")
