"""Values of a law for a batch of parameter vectors, with levels where parameters are indexed."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import ColumnError
from isoflop.laws.law import Law
from isoflop.runs.columns import resolve
from isoflop.units import parse_quantity, training_flops

Array = NDArray[Any]


def by_word(columns: Mapping[str, ArrayLike]) -> dict[str, Any]:
    """Inputs under the names of the vocabulary, quantities such as `7B` read.

    Raises:
        ColumnError: two inputs stand for the same column.
    """
    found: dict[str, Any] = {}
    for name, value in columns.items():
        word = resolve(name) or name
        if word in found:
            raise ColumnError(f"{word} is given twice, once as {name!r}. Give it once.")
        found[word] = value
    return found


def inputs_of(law: Law, levels: Mapping[str, tuple[str, ...]], columns: Mapping[str, ArrayLike]) -> dict[str, Any]:
    """Inputs of a law by word: quantities read, and none that the law would not see.

    Raises:
        ColumnError: an input is given twice, or is nothing that the law depends on.
    """
    given = by_word(columns)
    useful = {*law.columns, *levels, "params", "tokens", "flops"}
    for word in given:
        if word not in useful:
            raise ColumnError(
                f"Law {law.name!r} does not depend on {word!r}. It takes {', '.join((*law.columns, *levels))}."
            )
    return {w: v if w in levels else _number(v) for w, v in given.items()}


def _number(value: ArrayLike) -> ArrayLike:
    """A quantity as people write it, or numbers as they are."""
    return parse_quantity(value) if isinstance(value, str) else value


def evaluate_slots(law: Law, levels: Mapping[str, tuple[str, ...]], theta: Array, given: Mapping[str, Any]) -> Array:
    """Value of a law with levels for a batch of parameter vectors.

    Args:
        law: the law.
        levels: column → level names.
        theta: natural parameters, one per slot, shape (batch, slots).
        given: word → values, or level names for the indexing columns.

    Returns:
        Response, shape (batch, n).
    """
    given = _with_flops(law, given)
    _check_shapes(given)
    if not law.parsed.indexed:
        return law.evaluate(theta, given)
    arrays = {w: np.atleast_1d(np.asarray(given[w], dtype=float)) for w in law.columns}
    codes = {c: _codes(c, names, given) for c, names in levels.items()}
    shape = np.broadcast_shapes(*(a.shape for a in (*arrays.values(), *codes.values())))
    codes = {c: np.broadcast_to(own, shape) for c, own in codes.items()}
    plain = replace(law, formula=_without_levels(law))
    result = np.empty((len(theta), *shape))
    combinations = np.stack([np.broadcast_to(c, shape) for c in codes.values()], axis=-1)
    for combination in np.unique(combinations, axis=0):
        rows = (combinations == combination).all(axis=-1)
        chosen = dict(zip(codes, combination.tolist(), strict=True))
        pick, place = [], 0
        for name in law.parameter_names:
            column = law.parsed.indexed.get(name)
            pick.append(place + (chosen[column] if column else 0))
            place += len(levels[column]) if column else 1
        some = {w: np.broadcast_to(a, shape)[rows] for w, a in arrays.items()}
        result[:, rows] = plain.evaluate(theta[:, pick], some)
    return result


def _check_shapes(given: Mapping[str, Any]) -> None:
    """Refuse tables of inputs and lists of different lengths."""
    shapes = {word: np.shape(values) for word, values in given.items()}
    lengths = {s[0] for s in shapes.values() if s} - {1}
    if any(len(s) > 1 for s in shapes.values()) or len(lengths) > 1 or 0 in lengths:
        listed = ", ".join(f"{word} {shape}" for word, shape in shapes.items())
        raise ColumnError(f"The inputs have shapes {listed}. Give numbers, or lists of one length.")


def _without_levels(law: Law) -> str:
    """The formula with `A[column]` written as `A`."""
    text = law.formula
    for name, column in law.parsed.indexed.items():
        text = re.sub(rf"\b{name}\s*\[\s*{column}\s*\]", name, text)
    return text


def _codes(column: str, names: tuple[str, ...], given: Mapping[str, Any]) -> Array:
    """Level numbers of given labels."""
    if column not in given:
        raise ColumnError(f"The law has one value per {column}: give {column}= one of {', '.join(names)}.")
    labels = [str(x) for x in np.atleast_1d(np.asarray(given[column], dtype=object)).tolist()]
    unknown = sorted(set(labels) - set(names))
    if unknown:
        raise ColumnError(f"{column} = {', '.join(unknown)} was not among the runs; known: {', '.join(names)}.")
    return np.array([names.index(x) for x in labels])


def _with_flops(law: Law, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Add flops = 6ND, or tokens = C/(6N), when the law needs it and it follows from what was given."""
    numbers = {w: np.asarray(given[w], dtype=float) for w in ("params", "tokens", "flops") if w in given}
    if "flops" in law.columns and "flops" not in given and {"params", "tokens"} <= set(given):
        return {**given, "flops": training_flops(numbers["params"], numbers["tokens"])}
    if "tokens" in law.columns and "tokens" not in given and {"params", "flops"} <= set(given):
        return {**given, "tokens": numbers["flops"] / training_flops(numbers["params"], 1.0)}
    return given
