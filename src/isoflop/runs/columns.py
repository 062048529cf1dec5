"""The vocabulary: every word that a run table may use, its letter, unit, range and what is counted."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, Literal

from isoflop.runs.aliases import ALIASES


@dataclass(frozen=True)
class Column:
    """One word of the vocabulary.

    Attributes:
        word: the name used everywhere in isoflop.
        unit: unit of the values.
        counted: what is counted, and what is not.
        letter: the field's capital letter, usable as a column header and in formulas.
        low: smallest plausible value; below it `check` suspects a wrong unit.
        high: largest plausible value; above it `check` suspects a wrong unit.
        aliases: headers as people write them, preferred ones first.
        kind: numbers, or labels such as names of recipes.
    """

    word: str
    unit: str
    counted: str
    letter: str = ""
    low: float = 0.0
    high: float = float("inf")
    aliases: tuple[str, ...] = ()
    kind: Literal["number", "category"] = "number"


_COLUMNS: Final = (
    Column(
        "params",
        "parameters",
        "trainable parameters N; the table decides whether embeddings are counted",
        "N",
        1e3,
        1e14,
    ),
    Column("tokens", "tokens", "training tokens D seen by the model, repeats counted", "D", 1e4, 1e16),
    Column(
        "flops",
        "FLOP",
        "training compute C, forward and backward; 6·params·tokens unless the table says another rule",
        "C",
        1e9,
        1e29,
    ),
    Column(
        "loss",
        "nats/token",
        "the model's final held-out loss L; nats per token unless the table says otherwise",
        "L",
        0.0,
        20.0,
    ),
    Column("steps", "optimiser steps", "optimiser updates S", "S", 1.0, 1e9),
    Column("unique_tokens", "tokens", "distinct training tokens U, before repeats", "U", 1e4, 1e16),
    Column(
        "epochs",
        "passes",
        "passes over the unique tokens, tokens / unique_tokens",
        low=1e-3,
        high=1e5,
    ),
    Column(
        "batch_tokens",
        "tokens",
        "tokens in one optimiser step",
        low=1.0,
        high=1e9,
    ),
    Column(
        "batch_sequences",
        "sequences",
        "sequences in one optimiser step",
        low=1.0,
        high=1e7,
    ),
    Column(
        "sequence_length",
        "tokens",
        "tokens in one training sequence",
        low=1.0,
        high=1e8,
    ),
    Column(
        "vocabulary_size",
        "tokens",
        "entries in the tokenizer's vocabulary; ln of it is the loss of a uniform guess",
        low=2.0,
        high=1e7,
    ),
    Column(
        "lr",
        "per step",
        "peak learning rate",
        low=0.0,
        high=10.0,
    ),
    Column("weight_decay", "per step", "weight decay as given to the optimiser", low=0.0, high=10.0),
    Column(
        "width",
        "units",
        "width of the residual stream",
        low=1.0,
        high=1e6,
    ),
    Column(
        "depth",
        "layers",
        "number of layers",
        low=1.0,
        high=1e5,
    ),
    Column("seed", "", "random seed of the run", high=float("inf")),
    Column(
        "checkpoint_step",
        "optimiser steps",
        "step at which an unfinished run was measured",
        low=0.0,
        high=1e9,
    ),
    Column("planned_steps", "optimiser steps", "steps the run was meant to take", "", 1.0, 1e9),
    Column("planned_tokens", "tokens", "tokens the run was meant to see", "", 1e4, 1e16),
    Column("weight", "", "weight of the run in the fit, larger counts more"),
    Column(
        "noise",
        "unit of the response",
        "standard deviation of the response between seeds",
    ),
    Column(
        "noise_relative",
        "fraction",
        "standard deviation of the response between seeds, as a fraction of it",
        high=10.0,
    ),
    Column(
        "run",
        "",
        "name of the run; its checkpoints share it",
        kind="category",
    ),
    Column(
        "recipe",
        "",
        "training recipe: data, tokenizer, architecture, optimiser",
        kind="category",
    ),
    Column("family", "", "model family", kind="category"),
    Column(
        "schedule",
        "",
        "learning-rate schedule",
        kind="category",
    ),
    Column(
        "status",
        "",
        "how the run ended: finished, diverged, running, failed …",
        kind="category",
    ),
)

VOCABULARY: Final[Mapping[str, Column]] = MappingProxyType(
    {column.word: replace(column, aliases=ALIASES.get(column.word, ())) for column in _COLUMNS}
)
"""Word → column."""

SYMBOL_TO_WORD: Final[Mapping[str, str]] = MappingProxyType({c.letter: c.word for c in _COLUMNS if c.letter})
"""Capital letter of the field → word: N, D, C, L, S, U."""

symbol_to_word = SYMBOL_TO_WORD

_SCALES: Final = MappingProxyType(
    {
        **dict.fromkeys(("k", "thousand", "thousands"), 1e3),
        **dict.fromkeys(("m", "mn", "million", "millions"), 1e6),
        **dict.fromkeys(("b", "bn", "g", "billion", "billions"), 1e9),
        **dict.fromkeys(("t", "tn", "trillion", "trillions"), 1e12),
    }
)
_BRACKETS: Final = re.compile(r"\s*[\(\[]([^()\[\]]*)[\)\]]\s*$")
_SCALED: Final = re.compile(r"(.+?)[\s_\-]+(?:in[\s_\-]+)?([A-Za-z]+|1e\d{1,2})$")


def _key(name: str) -> str:
    """Header without case, spaces, underscores, dashes, dots."""
    return re.sub(r"[\s_\-./]+", "", name).casefold()


_ALIASES: Final = MappingProxyType(
    {_key(name): (c.word, rank) for c in VOCABULARY.values() for rank, name in enumerate((c.word, *c.aliases), start=2)}
)


@dataclass(frozen=True)
class Match:
    """How a header reads in the vocabulary: the word, the factor its name states, its rank among synonyms."""

    word: str
    scale: float
    rank: int


def match(name: str) -> Match | None:
    """Read a header as a word of the vocabulary, with the factor that its name states.

    The rank orders headers that mean the same word: the word itself, then its capital letter,
    then the aliases in the order of the vocabulary; a stated factor comes after all of these.

    Args:
        name: a column header; case, spaces and underscores do not matter, except for single letters.

    Returns:
        The match, or None when the header is no word of the vocabulary.

    >>> match("Params (B)"), match("tokens_seen").word
    (Match(word='params', scale=1000000000.0, rank=102), 'tokens')
    """
    stripped = name.strip()
    direct = _direct(stripped)
    if direct:
        return direct
    bracket = _BRACKETS.search(stripped)
    if bracket:
        inner = _direct(stripped[: bracket.start()].strip())
        return inner and _scaled(inner, bracket.group(1).strip())
    tail = _SCALED.fullmatch(stripped)
    base = _direct(tail.group(1)) if tail else None
    if tail is None or base is None or _factor(tail.group(2)) == 1.0:
        return None
    return _scaled(base, tail.group(2))


def resolve(name: str) -> str | None:
    """Give the vocabulary's word for a header.

    Args:
        name: a column header as people write it.

    Returns:
        The word, or None when the header is no word of the vocabulary.

    >>> resolve("num_tokens"), resolve("N"), resolve("n")
    ('tokens', 'params', None)
    """
    found = match(name)
    return found.word if found else None


def _direct(name: str) -> Match | None:
    """Match without factor: word, letter or alias."""
    if name in SYMBOL_TO_WORD:
        return Match(SYMBOL_TO_WORD[name], 1.0, 1)
    if name in VOCABULARY:
        return Match(name, 1.0, 0)
    word_rank = _ALIASES.get(_key(name))
    return Match(*_with_scale(word_rank)) if word_rank else None


def _with_scale(word_rank: tuple[str, int]) -> tuple[str, float, int]:
    """Put the factor one between word and rank."""
    return word_rank[0], 1.0, word_rank[1]


def _factor(unit: str) -> float:
    """Factor that a unit word states; one when it states none."""
    if unit.startswith("1e") and unit[2:].isdigit():
        return float(unit)
    return _SCALES.get(unit.casefold().split(" ")[0], 1.0)


def _scaled(found: Match, unit: str) -> Match:
    """Apply a stated factor, for the columns that count things."""
    factor = _factor(unit) if found.word in ("params", "tokens", "flops", "unique_tokens") else 1.0
    return Match(found.word, factor, found.rank + (100 if factor != 1.0 else 0))
