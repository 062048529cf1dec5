"""Quantities of a plan by name: compute, money, time, memory, latency, each a formula over columns and prices."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import FormulaError, InputError
from isoflop.laws.functions import FUNCTIONS
from isoflop.laws.law import Law
from isoflop.plan.shape_rule import COUNTED, RULE, Shaped
from isoflop.runs.columns import resolve
from isoflop.units import parse_measure, parse_quantity

Array = NDArray[Any]

_UNIT: Final = "one_"
"""Laws need a parameter; an expression has this one, which is 1."""

_NAME: Final = re.compile(r"(?<![\w.])[^\W\d]\w*")
_KAPLAN: Final = "Kaplan et al. 2020, section 2.1"


@dataclass(frozen=True)
class Quantity:
    """Something that a plan counts.

    Args:
        formulas: ways to have it; the first whose names are all known is used.
        kind: of its unit, one of `units.MEASURES`, or empty.
        text: what it is, in a sentence.
        source: where the formula comes from.
        assumption: whether it stands on something that has not been shown.
    """

    formulas: tuple[str, ...]
    kind: str
    text: str
    source: str = "definition"
    assumption: bool = False


QUANTITIES: Final[Mapping[str, Quantity]] = MappingProxyType({
    "flops": Quantity(("6*params*tokens",), "compute", "Training compute.", _KAPLAN, assumption=True),
    "tokens": Quantity(
        ("epochs*unique_tokens", "params*tokens_per_param", "fp_tokens + qat_tokens"), "tokens", "Training tokens."
    ),
    "tokens_per_param": Quantity(("tokens/params",), "", "Tokens per parameter."),
    "epochs": Quantity(("tokens/unique_tokens",), "", "Passes over the distinct tokens."),
    "repeats": Quantity(("tokens/unique_tokens - 1",), "", "Passes beyond the first."),
    "steps": Quantity(("tokens/batch_tokens",), "", "Optimiser steps."),
    "serve_flops": Quantity(
        ("2*params*serve_tokens",), "compute", "Compute of serving: the forward pass alone.", _KAPLAN, assumption=True
    ),
    "total_flops": Quantity(("flops + serve_flops",), "compute", "Compute of training and serving.", "sum"),
    "gpu_hours": Quantity(
        ("flops/(peak*mfu)/3600",), "device-hours", "Device-hours at a constant share of the dense peak.",
        "definition of MFU", assumption=True,
    ),
    "serve_gpu_hours": Quantity(
        ("serve_flops/(peak*serve_mfu)/3600",), "device-hours", "Device-hours of serving at a constant share of "
        "the dense peak.", "definition of MFU", assumption=True,
    ),
    "money": Quantity(("gpu_hours*price",), "money", "Money for training: device-hours times their price."),
    "serve_money": Quantity(("serve_gpu_hours*price",), "money", "Money for serving."),
    "total_money": Quantity(("money + serve_money",), "money", "Money for training and serving.", "sum"),
    "time": Quantity(
        ("gpu_hours*3600/devices",), "time", "Time of training on so many devices, no loss from their number.",
        "definition", assumption=True,
    ),
    "shape_params": Quantity((), "parameters", "Parameters of the shape.", RULE, assumption=True),
    "kv_elements": Quantity((), "", "Numbers cached per token, all layers.", RULE, assumption=True),
    "linear_params": Quantity((), "parameters", "Parameters that multiply a token.", RULE, assumption=True),
    "read_params": Quantity((), "parameters", "Parameters that a step of decoding reads.", RULE, assumption=True),
    "score_width": Quantity((), "", "Width of scores, all layers.", RULE, assumption=True),
    "activations": Quantity(
        (), "memory", "Bytes that backward keeps of a sequence, selective recomputation, and its logits.",
        f"Korthikanti et al. 2022, table 2, at the {RULE}", assumption=True,
    ),
    "copies": Quantity(("devices/(tensor*pipeline)",), "", "Data-parallel copies."),
    "state_bytes": Quantity(
        ("shape_params/(tensor*pipeline)*(2/copies^min(1, max(0, zero - 2)) + 2/copies^min(1, max(0, zero - 1)) + "
         "12/copies^min(1, zero))",), "memory",
        "Weights, gradients and Adam's states of a device by ZeRO stage.", "Rajbhandari et al. 2020",
    ),
    "memory": Quantity(
        ("state_bytes + activations/tensor",), "memory", "Bytes a device in training: one sequence at a time, "
        "layers divided evenly, as many sequences in a pipeline as it has stages.", "isoflop.plan.parallel",
        assumption=True,
    ),
    "serve_weights": Quantity(("shape_params*weight_bits/8",), "memory", "Bytes of the weights in serving."),
    "serve_cache": Quantity(
        ("serve_batch*(prompt + answer)*kv_elements*kv_bits/8",), "memory", "Bytes of the caches of all requests.",
    ),
    "serve_memory": Quantity(
        ("(serve_weights + serve_cache)/serve_devices",), "memory", "Bytes a device in serving.", "sum",
    ),
    "cache_tokens": Quantity(
        ("prompt + (answer - 1)/2",), "", "Tokens in the cache at the middle of an answer.",
    ),
    "decode_flops": Quantity(
        ("serve_batch*(2*linear_params + 4*score_width*cache_tokens)",), "compute",
        "FLOPs of a token for all requests.", "Pope et al. 2022",
    ),
    "decode_bytes": Quantity(
        ("read_params*weight_bits/8 + serve_batch*cache_tokens*kv_elements*kv_bits/8",), "memory",
        "Bytes read for a token of all requests: weights once, every cache.", "Pope et al. 2022",
    ),
    "latency": Quantity(
        ("max(decode_flops/peak, decode_bytes/bandwidth)/(serve_devices*decode_share)",), "time", "Time per token: "
        "what the roofline bounds, the exchange between devices not counted.", "Pope et al. 2022", assumption=True,
    ),
    "energy": Quantity(("gpu_hours*watts",), "energy", "Energy of the boards at full power.", assumption=True),
})  # fmt: skip

INPUTS: Final[Mapping[str, str]] = MappingProxyType({
    "price": "price", "peak": "speed", "bandwidth": "bandwidth", "watts": "power", "serve_tokens": "tokens",
    "devices": "devices", "unique_tokens": "tokens", "tokens": "tokens", "params": "parameters", "flops": "compute",
    "fp_tokens": "tokens", "qat_tokens": "tokens", "prompt": "tokens", "answer": "tokens", "serve_devices": "devices",
})  # fmt: skip
"""Inputs with a unit → its kind."""


def word_of(name: str) -> str:
    """The word that a name, letter or alias stands for; a quantity's own name first."""
    return name if name in QUANTITIES or name in INPUTS else resolve(name) or name


def kind_of(word: str) -> str:
    """Kind of a word's unit, empty where it has none."""
    return INPUTS.get(word) or (QUANTITIES[word].kind if word in QUANTITIES else "")


def read_value(word: str, value: float | str) -> float:
    """A number for a word, its unit checked."""
    kind = kind_of(word)
    if isinstance(value, str) and kind:
        return parse_measure(value, kind)
    return parse_quantity(value)


@dataclass(frozen=True)
class Expression:
    """A formula over words alone; make it by `expression`.

    Args:
        text: names written as words.
        words: those that it depends on, in order of appearance.
    """

    text: str
    words: tuple[str, ...]

    @cached_property
    def _law(self) -> Law:
        """The expression as a law with one parameter that is 1; a number alone stands on a column that is 1."""
        text = f"{_UNIT}*({self.text})" if self.words else f"{_UNIT}*({self.text})*params"
        return Law("expression", text, variables=self.words)

    def at(self, values: Mapping[str, Array]) -> Array:
        """Its value at words' values, broadcast."""
        if self.words == (self.text,):
            return values[self.text]
        if not self.words:
            return np.asarray(self._law.evaluate(np.ones(1), {"params": np.ones(1)})[0])
        shape = np.broadcast_shapes((1,), *(np.shape(values[w]) for w in self.words))
        columns = {w: np.broadcast_to(values[w], shape) for w in self.words}
        return np.asarray(self._law.evaluate(np.ones(1), columns))

    def check(self) -> None:
        """Parse now what would be parsed at the first use."""
        self._law.program()


@lru_cache(maxsize=1024)
def expression(text: str) -> Expression:
    """Read a formula over columns, quantities and prices.

    Args:
        text: such as `6*N*D + 2*N*serve_tokens`; letters and aliases stand for words.

    Returns:
        The expression.

    Raises:
        InputError: it does not parse; the message says where.

    >>> expression("2*N*serve_tokens").words
    ('params', 'serve_tokens')
    """
    plain = _NAME.sub(lambda m: m[0] if m[0] in FUNCTIONS else word_of(m[0]), text.strip())
    names = dict.fromkeys(name for name in _NAME.findall(plain) if name not in FUNCTIONS)
    made = Expression(plain, tuple(names))
    try:
        made.check()
    except FormulaError as error:
        said = str(error).replace(f"{_UNIT}*({plain})", plain)
        raise InputError(f"{text!r} cannot be read as a limit or an objective: {said}") from None
    return made


class Made(Protocol):
    """A way to have a quantity: a formula, a count of the shape that is made for N, a variable that follows."""

    @property
    def text(self) -> str:
        """How it is written."""

    @property
    def words(self) -> tuple[str, ...]:
        """What it depends on."""

    def at(self, values: Mapping[str, Array]) -> Array:
        """Its value at words' values."""


@dataclass(frozen=True)
class Scope:
    """Which words a plan knows, and how each comes about.

    Args:
        known: words with a value of their own: variables, given numbers, the response.
        own: quantities of the user, name → formula.
        smooth: whether N has a range, so that counts of its shape are taken between shapes.
        solved: variables that follow from limits which must hold exactly.
    """

    known: frozenset[str]
    own: Mapping[str, str]
    smooth: bool = True
    solved: Mapping[str, Made] = field(default_factory=dict)

    def _ways(self, word: str) -> tuple[Made, ...]:
        """All ways to have a word, in order."""
        if word in self.solved:
            return (self.solved[word],)
        if word in self.own:
            return (expression(self.own[word]),)
        if word in COUNTED:
            return (Shaped(word, self.smooth),)
        return tuple(expression(text) for text in QUANTITIES[word].formulas) if word in QUANTITIES else ()

    def formula(self, word: str, seen: tuple[str, ...] = ()) -> Made | None:
        """Formula of a quantity whose names all come about; None where there is none."""
        if word in seen:
            return None
        for made in self._ways(word):
            if all(w in self.known or self.formula(w, (*seen, word)) is not None for w in made.words):
                return made
        return None

    def require(self, words: Iterable[str], what: str) -> None:
        """Refuse words that do not come about.

        Raises:
            InputError: one does not; the message names what is lacking.
        """
        for word in words:
            if word in self.known or self.formula(word) is not None:
                continue
            lacking = self._lacking(word, ())
            listed = ", ".join(f"{name} = …" for name in lacking)
            raise InputError(f"{what} needs {word}, which follows from nothing that was given. Give {listed}.")

    def _lacking(self, word: str, seen: tuple[str, ...]) -> list[str]:
        """Names that would have to be given for a word to come about."""
        ways = self._ways(word)
        if not ways or word in seen:
            return [word]
        below = [w for w in ways[0].words if w not in self.known and self.formula(w) is None]
        return list(dict.fromkeys(x for w in below for x in self._lacking(w, (*seen, word))))

    def value(self, word: str, values: dict[str, Array]) -> Array:
        """A word's value from those that are there; what is found on the way is kept in `values`."""
        if word not in values:
            made = self.formula(word)
            if made is None:
                raise InputError(f"{word} follows from nothing that was given. Give {word} = ….")
            for other in made.words:
                self.value(other, values)
            values[word] = made.at(values)
        return values[word]

    def chain(self, words: Iterable[str]) -> tuple[str, ...]:
        """All quantities behind some words, each after those that it needs."""
        found: dict[str, None] = {}
        for word in words:
            if word not in self.known and (made := self.formula(word)) is not None:
                found |= dict.fromkeys((*self.chain(made.words), word))
        return tuple(found)

    def chain_words(self, word: str) -> tuple[str, ...]:
        """All words that one depends on, at any distance."""
        below = self.formula(word) if word not in self.known else None
        return () if below is None else tuple(x for w in below.words for x in (w, *self.chain_words(w)))
