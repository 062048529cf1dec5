"""A law inside the file of a fit: what JSON can hold of it, and the law again."""

import math
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, Final

from isoflop.errors import FileError
from isoflop.laws.catalogue import catalogue
from isoflop.laws.law import Law, Parameter, Source

TEXTS: Final = ("title", "counted", "valid", "advice")


def json_number(value: float) -> float | str:
    """A float for JSON, which has no infinities."""
    return value if math.isfinite(value) else str(value)


def law_parts(law: Law) -> dict[str, Any]:
    """What the file of a fit keeps of its law besides name and formula, for JSON.

    A law of the catalogue is found again by its name; what else is kept is for laws of the user's own.
    """
    return {
        "law_parameters": {n: _parameter(p) for n, p in law.parameters.items()},
        "law_ranges": {word: _ends(span) for word, span in law.ranges.items()},
        "law_limits": None if law.limits is None else _ends(law.limits),
        "law_source": None if law.source is None else asdict(law.source),
        "law_texts": {key: text for key in TEXTS if (text := getattr(law, key))},
        "variables": list(law.variables),
        "unit": law.unit,
        "function": law.function is not None,
    }


def law_from(data: Mapping[str, Any], given: Law | None) -> Law:
    """The catalogue's law when name and formula agree, else one rebuilt from the file.

    Args:
        data: the file of a fit.
        given: the law, where it is a Python function.

    Returns:
        The law.

    Raises:
        FileError: the law is a Python function and is not given.
    """
    if given is not None:
        return given
    known = catalogue().get(data["law"])
    if (
        known is not None
        and known.formula == data["formula"]
        and (known.function is not None) == bool(data.get("function"))
    ):
        return replace(known, unit=data["unit"])
    if data.get("function"):
        raise FileError(
            f"This fit is of {data['law']!r}, a Python function, which JSON cannot hold. "
            "Give the law: Fit.from_json(source, law=…)."
        )
    # Files of older versions lack the keys that are asked for with get.
    limits, source = data.get("law_limits"), data.get("law_source")
    return Law(
        data["law"], data["formula"], variables=tuple(data["variables"]), unit=data["unit"],
        parameters={n: _read_parameter(stored) for n, stored in data["law_parameters"].items()},
        ranges={word: _span(span) for word, span in data.get("law_ranges", {}).items()},
        limits=None if limits is None else _span(limits), source=None if source is None else Source(**source),
        **data.get("law_texts", {}),
    )  # fmt: skip


def _parameter(parameter: Parameter) -> dict[str, Any]:
    """A parameter for JSON, where a pair is a list."""
    start = {} if parameter.start is None else {"start": stored_domain(parameter.start)}
    return {"domain": stored_domain(parameter.domain), "meaning": parameter.meaning, **start}


def _read_parameter(stored: Mapping[str, Any]) -> Parameter:
    """A parameter from JSON."""
    start = stored.get("start")
    return Parameter(_paired(stored["domain"]), stored["meaning"], None if start is None else _paired(start))


def stored_domain(value: str | tuple[float, float]) -> str | list[float | str]:
    """A word as it is, a pair as a list for JSON; an end without limit as text."""
    return value if isinstance(value, str) else _ends(value)


def _paired(stored: Any) -> Any:  # noqa: ANN401 - a word of several kinds, or a pair
    """A word as it is, a list as a pair."""
    return stored if isinstance(stored, str) else (float(stored[0]), float(stored[1]))


def _ends(span: tuple[float, float]) -> list[float | str]:
    """Both ends; an end without limit as text, which JSON has no number for."""
    return [json_number(end) for end in span]


def _span(stored: list[float | str]) -> tuple[float, float]:
    """Both ends again."""
    return float(stored[0]), float(stored[1])
