"""The list of laws, and the ways in which users add their own."""

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from isoflop.errors import FileError, LawError
from isoflop.laws.law import Law, Parameter, Published, Source


@cache
def catalogue() -> Mapping[str, Law]:
    """All laws that isoflop ships, by name."""
    from isoflop.laws.families import FAMILIES

    laws: dict[str, Law] = {}
    for family in FAMILIES:
        for law in family:
            if law.name in laws:
                raise LawError(f"Two laws are called {law.name!r}. Rename one of them.")
            laws[law.name] = law
    return MappingProxyType(laws)


def names() -> tuple[str, ...]:
    """Names of all shipped laws."""
    return tuple(catalogue())


def get(name: str) -> Law:
    """A shipped law by name.

    Raises:
        LawError: there is no such law; the message lists the nearest names.

    >>> get("chinchilla").parameter_names
    ('E', 'A', 'alpha', 'B', 'beta')
    """
    from difflib import get_close_matches

    if name in catalogue():
        return catalogue()[name]
    near = get_close_matches(name, names(), n=1)
    step = f"Did you mean {near[0]!r}? " if near else ""
    raise LawError(
        f"There is no law called {name!r}. {step}Known: {', '.join(names())}. "
        "Or give a formula, such as 'E + A/N^alpha', or a TOML file."
    )


def from_text(formula: str, *, name: str = "formula", columns: Iterable[str] = ()) -> Law:
    """A law from one line of text; all parameters positive.

    Args:
        formula: such as `E + A/C^a`.
        name: what to call it.
        columns: names that stand for columns besides the vocabulary.

    Returns:
        The law.

    >>> from_text("E + A/C^a").columns
    ('flops',)
    """
    return Law(name, formula, title="a formula of the user", variables=tuple(columns))


def from_toml(path: str | Path) -> Law:
    """A law from a TOML file.

    The keys are those of `Law`: name, formula, title, counted, valid, advice, unit, variables;
    tables `parameters.NAME` (domain, meaning), `ranges` (column = [smallest, largest]), `source`
    (authors, year, title, where) and `[[published]]` (name, values, where, evidence, note).

    Args:
        path: the file.

    Returns:
        The law.

    Raises:
        FileError: the file cannot be read or is not TOML.
        LawError: a key is missing or unknown.
    """
    file = Path(path)
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise FileError(f"The law file {str(file)!r} cannot be read ({error.strerror}). Check the path.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FileError(
            f"{str(file)!r} is not a TOML file ({error}). Correct it, or give the formula itself."
        ) from None
    return _from_mapping(data, str(file))


def _from_mapping(data: dict[str, Any], where: str) -> Law:
    """Build a law from the contents of a TOML file."""
    allowed = {"name", "formula", "title", "family", "counted", "valid", "advice", "unit"}
    tables = {"variables", "parameters", "ranges", "source", "published"}
    unknown = sorted(set(data) - allowed - tables)
    if unknown or "formula" not in data:
        problem = f"unknown keys {', '.join(unknown)}" if unknown else "no key 'formula'"
        raise LawError(f"{where}: {problem}. Allowed: {', '.join(sorted(allowed | tables))}.")
    texts: dict[str, Any] = {key: str(data[key]) for key in allowed & set(data)}
    try:
        return Law(
            **{"name": Path(where).stem, **texts},
            parameters={n: _parameter(p) for n, p in data.get("parameters", {}).items()},
            variables=tuple(data.get("variables", ())),
            ranges={word: (float(low), float(high)) for word, (low, high) in data.get("ranges", {}).items()},
            source=Source(**data["source"]) if "source" in data else None,
            published=tuple(Published(**p) for p in data.get("published", ())),
        )
    except (TypeError, ValueError, AttributeError) as error:
        raise LawError(
            f"{where}: a table has keys that do not fit ({error}). See the documentation of `Law`."
        ) from None


def _parameter(data: dict[str, Any]) -> Parameter:
    """A parameter from a TOML table; an interval is a list of two numbers."""
    domain = data.get("domain", "positive")
    if isinstance(domain, list) and len(domain) == 2:
        domain = (float(domain[0]), float(domain[1]))
    elif domain not in ("positive", "real"):
        raise LawError(f"The domain {domain!r} is not known. Write 'positive', 'real', [low, high] or [low, inf].")
    return Parameter(domain, str(data.get("meaning", "")))


def as_law(law: "str | Path | Law", columns: Iterable[str] = ()) -> Law:
    """A law from whatever the user gave: a law, a name, a TOML file or a formula.

    Args:
        law: the thing itself.
        columns: columns of the table at hand, which a formula may name.

    Returns:
        The law.

    Raises:
        LawError: it is none of these, or a law that must first be given schedules.

    >>> as_law("chinchilla").family
    'pretraining'
    """
    if isinstance(law, Law):
        return law
    if isinstance(law, Path) or law.endswith(".toml"):
        return from_toml(law)
    if law in catalogue():
        return _of_a_table(catalogue()[law])
    return get(law) if law.replace("-", "_").isidentifier() else from_text(law, columns=columns)


def _of_a_table(law: Law) -> Law:
    """A law that the rows of a table are enough for, or an error that says what else it needs."""
    if law.schedules is None:
        return law
    raise LawError(
        f"The law {law.name!r} sums over whole schedules, which the rows of a table do not hold. Fit it by "
        f"{law.schedules.command} (columns {', '.join(law.schedules.columns)}), or in Python by "
        "isoflop.methods.multipower.fit_curves. For tables there are lr-annealing (columns S1 and S2) and "
        "multi-power-two-stage."
    )
