"""Headers meet the vocabulary: which column is which word, in which unit, and what follows from them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np

from isoflop.errors import ColumnError, UnitsError
from isoflop.runs.cells import FloatArray, Labels, Numbers, Raw, Role, quantity, settle
from isoflop.runs.columns import VOCABULARY, match
from isoflop.runs.loss_units import loss_unit
from isoflop.units import CONVENTION_6ND, FLOPS_PER_PARAM_TOKEN


@dataclass(frozen=True)
class Chosen:
    """One header and what it stands for: its name in the table and the factor on its values."""

    header: str
    name: str
    scale: float
    role: Role


@dataclass(frozen=True, eq=False)
class Assembled:
    """Columns under their final names, with what must be said about them."""

    numbers: Mapping[str, FloatArray]
    categories: Mapping[str, Labels]
    unreadable: Mapping[str, Mapping[int, str]]
    derived: Mapping[str, str]
    mapping: Mapping[str, str]
    notes: tuple[str, ...]
    filed: Mapping[str, Numbers | Labels]
    """Header → values before any factor, for filters that speak of the file's own columns."""


_DERIVATIONS: Final[tuple[tuple[str, tuple[str, str], str, Callable[[FloatArray, FloatArray], FloatArray]], ...]] = (
    ("tokens", ("steps", "batch_tokens"), "tokens = steps·batch_tokens", lambda s, b: s * b),
    ("tokens", ("flops", "params"), "tokens = flops / (6·params)", lambda c, n: c / (FLOPS_PER_PARAM_TOKEN * n)),
    ("flops", ("params", "tokens"), CONVENTION_6ND, lambda n, d: FLOPS_PER_PARAM_TOKEN * n * d),
    ("steps", ("tokens", "batch_tokens"), "steps = tokens / batch_tokens", lambda d, b: d / b),
)


def assemble(raws: Mapping[str, Raw], mapping: Mapping[str, str], response: str | None) -> Assembled:
    """Name, read and complete the columns of a table.

    Args:
        raws: header → column as it came.
        mapping: word (or any new name) → header, or `HEADER*FACTOR`; it wins over the headers' own meaning.
        response: header or word that must hold numbers, if any.

    Returns:
        The columns under their final names; flops, tokens and steps completed where they follow.

    Raises:
        ColumnError: the mapping or the response names a column that is not there.
        UnitsError: a factor in the mapping cannot be read.
    """
    chosen, notes = choose(tuple(raws), mapping)
    numbers: dict[str, FloatArray] = {}
    categories: dict[str, Labels] = {}
    unreadable: dict[str, Mapping[int, str]] = {}
    used: dict[str, str] = {}
    filed: dict[str, Numbers | Labels] = {}
    taken = {c.name for c in chosen}
    for item in chosen:
        role: Role = "number" if response in (item.name, item.header) else item.role
        column = filed[item.header] = settle(raws[item.header], role)
        name = item.name
        if role == "alias" and isinstance(column, Labels):
            name = _free(item.header, taken)
            notes.append(f"column {item.header!r} holds labels, not numbers, and is not read as {item.name}")
        if isinstance(column, Labels):
            categories[name] = column
        else:
            numbers[name] = column.values if item.scale == 1.0 else column.values * item.scale
            if column.unreadable:
                unreadable[name] = MappingProxyType(dict(column.unreadable))
            if item.scale != 1.0:
                notes.append(f"column {item.header!r} multiplied by {item.scale:g} to give {name}")
        if name != item.header:
            used[name] = item.header
    derived = _derive(numbers, categories)
    notes.extend(_conventions(numbers, used, derived))
    for values in numbers.values():
        values.flags.writeable = False
    return Assembled(
        MappingProxyType(numbers),
        MappingProxyType(categories),
        MappingProxyType(unreadable),
        MappingProxyType(derived),
        MappingProxyType(used),
        tuple(notes),
        MappingProxyType(filed),
    )


def choose(headers: tuple[str, ...], mapping: Mapping[str, str]) -> tuple[list[Chosen], list[str]]:
    """Decide what each header stands for.

    Args:
        headers: the table's headers, distinct.
        mapping: as in `assemble`.

    Returns:
        One choice per header in the table's order, and notes on what was passed over.

    Raises:
        ColumnError: the mapping names a header that is not there.
    """
    mapped = {name: _mapped(name, text, headers) for name, text in mapping.items()}
    by_header: dict[str, list[Chosen]] = {}
    for item in mapped.values():
        by_header.setdefault(item.header, []).append(item)
    best, notes = _best(h for h in headers if h not in by_header and _word(h) not in mapped)
    taken = {*mapped, *best.values()}
    chosen: list[Chosen] = []
    for header in headers:
        if header in by_header:
            chosen.extend(by_header[header])
        elif header in best:
            found = match(header)
            assert found is not None
            chosen.append(Chosen(header, found.word, found.scale, _role(found.word, exact=found.rank <= 1)))
        else:
            chosen.append(Chosen(header, _free(header, taken), 1.0, "other"))
    return chosen, notes


def _word(header: str) -> str | None:
    """The vocabulary's word for a header."""
    found = match(header)
    return found.word if found else None


def _best(headers: Iterable[str]) -> tuple[dict[str, str], list[str]]:
    """Of the headers that mean the same word, the one of best rank; notes on the others."""
    groups: dict[str, list[tuple[int, str]]] = {}
    for header in headers:
        found = match(header)
        if found is not None:
            groups.setdefault(found.word, []).append((found.rank, header))
    best: dict[str, str] = {}
    notes: list[str] = []
    for word, entries in groups.items():
        ordered = [header for _, header in sorted(entries, key=lambda entry: entry[0])]
        best[ordered[0]] = word
        if len(ordered) > 1:
            others = ", ".join(map(repr, ordered[1:]))
            notes.append(f"{word} is read from column {ordered[0]!r}, not from {others}")
    return best, notes


def _free(header: str, taken: set[str]) -> str:
    """A name for a column that is no word of the vocabulary, clear of the names in use."""
    name = header if header not in taken else f"file_{header}"
    while name in taken:
        name += "_"
    taken.add(name)
    return name


def _mapped(name: str, text: str, headers: tuple[str, ...]) -> Chosen:
    """One entry of the user's mapping."""
    header, factor = text, ""
    if text not in headers and "*" in text:
        header, _, factor = (part.strip() for part in text.rpartition("*"))
    if header not in headers:
        near = {h.strip().casefold(): h for h in headers}.get(header.strip().casefold())
        if near is None:
            raise ColumnError.from_missing(header, headers)
        header = near
    found = match(header)
    scale = quantity(factor) if factor else (found.scale if found and found.word == name else 1.0)
    if scale is None:
        raise UnitsError(
            f"The mapping {name}={text!r} has a factor that cannot be read: {factor!r}. "
            f"Write COLUMN*FACTOR, such as {name}={header}*1e9."
        )
    return Chosen(header, name, scale, _role(name, exact=True))


def _role(word: str, *, exact: bool) -> Role:
    """What a column of this word must hold."""
    column = VOCABULARY.get(word)
    if column is None:
        return "other"
    if column.kind == "category":
        return "category"
    return "number" if exact else "alias"


def _derive(numbers: dict[str, FloatArray], categories: Mapping[str, Labels]) -> dict[str, str]:
    """Complete the columns that follow from others; returns word → rule."""
    derived: dict[str, str] = {}
    for word, needs, rule, function in _DERIVATIONS:
        if word in numbers or word in categories or not all(need in numbers for need in needs):
            continue
        with np.errstate(all="ignore"):
            numbers[word] = function(*(numbers[need] for need in needs))
        derived[word] = rule
    return derived


def _conventions(numbers: Mapping[str, FloatArray], used: Mapping[str, str], derived: Mapping[str, str]) -> list[str]:
    """Sentences on what is counted, as far as the table says it."""
    notes = [f"derived: {rule}" for rule in derived.values()]
    if "params" in numbers:
        header = used.get("params", "params")
        folded = header.casefold()
        if any(part in folded for part in ("noembed", "non_emb", "nonemb", "non-emb", "no_emb", "non emb")):
            notes.append(f"params are without embeddings (column {header!r})")
        elif "active" in folded:
            notes.append(f"params are active parameters (column {header!r})")
        else:
            notes.append("the table does not say whether params count embeddings")
    if "flops" in numbers and "flops" not in derived:
        notes.append(f"flops as given (column {used.get('flops', 'flops')!r}), not recomputed as 6·params·tokens")
    if "loss" in numbers:
        header = used.get("loss", "loss")
        unit = loss_unit(header)
        said = f"in {unit} by its name" if unit else "taken as nats per token; the table does not say"
        notes.append(f"loss is column {header!r}, {said}")
        if "train" in header.casefold():
            notes.append(f"loss is a training loss (column {header!r}), not a held-out one")
    return notes
