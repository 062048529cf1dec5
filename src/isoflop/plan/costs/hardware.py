"""Accelerators: a table with sources and dates, rows and overrides of the user, and no sparse peak for a dense one."""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from isoflop.errors import FileError, InputError
from isoflop.units import parse_measure

STEP: Final = 2.1
"""A halved format is at most about twice as fast; more than that is a figure with sparsity."""

_FIELDS: Final = frozenset(
    {
        "title", "dense", "sparse", "memory", "bandwidth", "link", "watts", "price", "typical_price", "mfu",
        "source", "date", "note", "unverified",
    }
)  # fmt: skip
_NEEDED: Final = ("dense", "memory", "bandwidth", "source", "date")
_HALVES: Final = (("bf16", "fp8"), ("fp16", "fp8"), ("bf16", "int8"), ("fp8", "fp4"))


@dataclass(frozen=True)
class Device:
    """One accelerator.

    Args:
        name: in the table.
        title: in full.
        dense: precision → peak without sparsity, FLOP/s.
        sparse: precision → what the vendor prints with 2:4 sparsity, FLOP/s; never used.
        memory: bytes of HBM.
        bandwidth: of the HBM, bytes/s.
        link: to other devices of the node, both directions, bytes/s; None where it is not known.
        watts: board power; None where it is not known.
        price: dollars an hour that money is counted with; None where none is known.
        price_range: lowest and highest price quoted.
        mfu: share of the dense peak that the user measured; None for a plan's own assumption.
        source: where the figures come from.
        date: when they were looked up.
        note: what to know.
        unverified: fields that no source at hand confirmed.
    """

    name: str
    title: str
    dense: Mapping[str, float]
    sparse: Mapping[str, float]
    memory: float
    bandwidth: float
    link: float | None
    watts: float | None
    price: float | None
    price_range: tuple[float, float] | None
    mfu: float | None
    source: str
    date: str
    note: str
    unverified: tuple[str, ...]

    def peak(self, precision: str) -> float:
        """Dense peak at a precision, FLOP/s.

        Raises:
            InputError: the device has no such peak.

        >>> device("H100").peak("bf16")
        989000000000000.0
        """
        if precision not in self.dense:
            raise InputError(
                f"{self.title} has no dense peak for {precision!r}; it has {', '.join(self.dense)}. "
                "Choose one of these, or add the peak in a file of your own."
            )
        return self.dense[precision]

    def to_dict(self) -> dict[str, Any]:
        """Everything for JSON."""
        plain = {k: dict(v) if isinstance(v, Mapping) else v for k, v in vars(self).items()}
        return plain | {"unverified": list(self.unverified)}


@cache
def _shipped() -> Mapping[str, Device]:
    """The table that comes with the package."""
    rows = tomllib.loads(files("isoflop").joinpath("plan", "costs", "hardware.toml").read_text("utf-8"))
    return MappingProxyType({name: _new(name, row, "the table of isoflop") for name, row in rows.items()})


def devices(path: str | Path | None = None) -> Mapping[str, Device]:
    """All accelerators, with the rows and overrides of a file of yours.

    A table of the file that has the name of a known device changes the fields that it lists; another
    name is a new device and needs dense, memory, bandwidth, source and date. Every device may have
    `mfu`, `price` and `watts`.

    Args:
        path: TOML file; None for the shipped table alone.

    Returns:
        Name → device.

    Raises:
        FileError: the file cannot be read or is no TOML.
        InputError: a field is unknown, missing or impossible, or a peak looks like one with sparsity.

    >>> list(devices())[:3]
    ['A100', 'H100', 'H200']
    """
    known = dict(_shipped())
    if path is None:
        return MappingProxyType(known)
    try:
        rows = tomllib.loads(Path(path).read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"{path} cannot be read: {error}. Give a TOML file of devices.") from error
    except tomllib.TOMLDecodeError as error:
        raise FileError(
            f"{path} is no TOML: {error}. Write, for example, [H100] and below it price = '$2.1/h'."
        ) from error
    for name, row in rows.items():
        if not isinstance(row, dict):
            raise InputError(f"{path}: {name!r} stands outside a device. Put it below a line such as [H100].")
        old = _find(known, name)
        made = _new(name, row, str(path)) if old is None else _changed(old, row, str(path))
        known[made.name] = made
    return MappingProxyType(known)


def device(name: str, path: str | Path | None = None) -> Device:
    """One accelerator by its name; capitals, spaces and hyphens do not matter.

    Args:
        name: such as `H100` or `tpu v5p`.
        path: TOML file with rows and overrides.

    Returns:
        The device.

    Raises:
        InputError: there is none of that name.

    >>> device("tpu v5p").memory
    95000000000.0
    """
    known = devices(path)
    found = _find(known, name)
    if found is None:
        raise InputError(
            f"There is no device {name!r}. Give one of {', '.join(known)}, or add it in a file of your own."
        )
    return found


def _find(known: Mapping[str, Device], name: str) -> Device | None:
    """The device that a name means."""
    return next((item for key, item in known.items() if _plain(key) == _plain(name)), None)


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def _new(name: str, row: Mapping[str, Any], where: str) -> Device:
    """A device from its row."""
    missing = [field for field in _NEEDED if field not in row]
    if missing:
        raise InputError(
            f"{where}: device {name!r} lacks {', '.join(missing)}. Add them; a source may be 'measured by us'."
        )
    blank = Device(
        name, name, {}, {}, 0.0, 0.0, None, None, None, None, None, source="", date="", note="", unverified=()
    )  # fmt: skip
    return _changed(blank, row, where)


def _changed(old: Device, row: Mapping[str, Any], where: str) -> Device:
    """A device with the fields of a row."""
    unknown = sorted(set(row) - _FIELDS)
    if unknown:
        raise InputError(
            f"{where}: device {old.name!r} has unknown fields {', '.join(unknown)}. Use {', '.join(sorted(_FIELDS))}."
        )
    new: dict[str, Any] = {k: str(row[k]) for k in ("title", "source", "date", "note") if k in row}
    kinds = (("memory", "memory"), ("bandwidth", "bandwidth"), ("link", "bandwidth"), ("watts", "power"))
    new |= {field: parse_measure(row[field], kind) for field, kind in kinds if field in row}
    new |= {f: _peaks(row[f], f"{where}: {old.name}.{f}") for f in ("dense", "sparse") if f in row}
    new |= _prices(row, old, where)
    if "unverified" in row:
        new["unverified"] = tuple(row["unverified"])
    if "mfu" in row:
        new["mfu"] = share(row["mfu"], f"{where}: mfu of {old.name!r}")
    made = replace(old, **new)
    _refuse_sparse(old, made, where)
    return replace(made, dense=MappingProxyType({**old.dense, **made.dense}))


def _peaks(row: Any, where: str) -> dict[str, float]:  # noqa: ANN401 - what TOML holds
    """Precision → FLOP/s."""
    if not isinstance(row, dict):
        raise InputError(f"{where} is {row!r}. Write it as {{ bf16 = '989 TFLOP/s' }}.")
    return {precision: parse_measure(peak, "speed") for precision, peak in row.items()}


def _prices(row: Mapping[str, Any], old: Device, where: str) -> dict[str, Any]:
    """The price to count with, and the range of quotes."""
    if "price" not in row:
        return {}
    given = row["price"] if isinstance(row["price"], list) else [row["price"]]
    if len(given) not in {1, 2}:
        raise InputError(
            f"{where}: price of {old.name!r} has {len(given)} values. Give one, or the lowest and highest."
        )
    quotes = sorted(parse_measure(price, "price") for price in given)
    low, high = quotes[0], quotes[-1]
    typical = parse_measure(row["typical_price"], "price") if "typical_price" in row else math.sqrt(low * high)
    return {"price": typical, "price_range": (low, high)}


def share(value: Any, what: str) -> float:  # noqa: ANN401 - what TOML holds
    """A number above 0 and up to 1.

    Raises:
        InputError: it is none.

    >>> share(0.4, "mfu")
    0.4
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
        raise InputError(f"{what} is {value!r}, no share above 0 and up to 1. Write 0.4 for 40 %.")
    return float(value)


def _refuse_sparse(old: Device, made: Device, where: str) -> None:
    """Refuse dense peaks that can only be figures with sparsity."""
    for precision, peak in made.dense.items():
        known, sparse = old.dense.get(precision), made.sparse.get(precision)
        if known is not None and peak > known * 1.01:
            reason = f"above the dense peak of {known / 1e12:.0f} TFLOP/s" + (
                f" (the vendor prints {sparse / 1e12:.0f} with sparsity)" if sparse else ""
            )
        elif sparse is not None and peak > sparse / STEP * 1.1:
            reason = f"too near the {sparse / 1e12:.0f} TFLOP/s with sparsity, which are twice the dense ones"
        else:
            continue
        raise InputError(
            f"{where}: {made.name} {precision} = {peak / 1e12:.0f} TFLOP/s is {reason}. Give the dense peak."
        )
    for wide, narrow in _HALVES:
        if wide in made.dense and narrow in made.dense and made.dense[narrow] > STEP * made.dense[wide]:
            raise InputError(
                f"{where}: {made.name} {narrow} = {made.dense[narrow] / 1e12:.0f} TFLOP/s is more than twice the "
                f"{made.dense[wide] / 1e12:.0f} of {wide}, as figures with sparsity are. Give the dense peak."
            )
