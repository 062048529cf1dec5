"""The file of prices: what each model's samples are, and what they cost."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import FileError, InputError
from isoflop.plan.costs.hardware import device
from isoflop.plan.costs.model_config import read_config
from isoflop.plan.costs.shapes import ModelShape, made
from isoflop.testtime.budgets.charge import (
    Charge,
    charge_eflops,
    charge_observed,
    charge_serving,
    charge_tokens,
)
from isoflop.testtime.budgets.law import SamplingLaw, sampling_law
from isoflop.units import parse_measure

Array = NDArray[Any]

WAYS: Final = (
    "price_out (dollars per million tokens written, with price_in), price_sample (dollars), params or config with a "
    "device (serving), params or config alone (equivalent FLOPs), or a column cost in the samples"
)


@dataclass(frozen=True)
class ModelEntry:
    """One table `[models.NAME]` of a file of prices.

    Attributes:
        name: of the model, as results name it.
        file: its samples; those of the command when None.
        part: its name in the column that holds the models' names; `name` when None.
        where: condition that selects them.
        map: word → column, such as the score of another verifier.
        law: a law of sampling instead of samples.
        rules: how an answer is made; those that the columns allow when empty.
        price_in: dollars per million tokens read.
        price_out: dollars per million tokens written.
        price_sample: dollars per sample, instead of prices of tokens.
        cached: whether a prompt is paid once for all samples of a problem.
        verify: cost of scoring one sample.
        tokens: tokens written per sample, where the samples do not say.
        input_tokens: tokens of a prompt, where they do not.
        params: size, for which a shape is made.
        config: Hugging Face config.json with the shape, from the folder of the file of prices.
        device: accelerator that serves it.
        training: what its training cost, in the unit of the costs.
    """

    name: str
    file: Path | None = None
    part: str | None = None
    where: str | None = None
    map: Mapping[str, str] = field(default_factory=dict)
    law: SamplingLaw | None = None
    rules: tuple[str, ...] = ()
    price_in: float | None = None
    price_out: float | None = None
    price_sample: float | None = None
    cached: bool = False
    verify: float = 0.0
    tokens: float | None = None
    input_tokens: float | None = None
    params: float | None = None
    config: Path | None = None
    device: str | None = None
    training: float | None = None

    def charge(self, measured: Mapping[str, Array], problems: int) -> Charge:
        """What samples of this model cost.

        Args:
            measured: `tokens`, `input_tokens` and `cost` per problem as far as samples say them.
            problems: how many there are.

        Returns:
            The charge.

        Raises:
            InputError: nothing says what they cost, or several ways do.
        """
        shaped = self.params is not None or self.config is not None
        ways = [self.price_out is not None, self.price_sample is not None, shaped]
        if sum(ways) > 1:
            raise InputError(f"{self.name}: costs are said in several ways. Give one of: {WAYS}.")
        if self.price_sample is not None:
            found = charge_observed(np.full(problems, self.price_sample))
        elif self.price_out is not None:
            found = charge_tokens(
                self._tokens("input_tokens", measured, problems, 0.0 if self.price_in is None else None),
                self._tokens("tokens", measured, problems), price_in=self.price_in or 0.0, price_out=self.price_out,
                cached=self.cached,
            )  # fmt: skip
        elif shaped:
            read = self._tokens("input_tokens", measured, problems)
            written = self._tokens("tokens", measured, problems)
            where = None if self.device is None else device(self.device)
            shape = self.shape()
            found = (
                charge_eflops(shape, read, written) if where is None else charge_serving(shape, where, read, written)
            )
        elif "cost" in measured:
            found = charge_observed(measured["cost"])
        else:
            raise InputError(f"{self.name}: nothing says what a sample costs. Give one of: {WAYS}.")
        return found.with_verifier(self.verify)

    @property
    def size(self) -> float | None:
        """Parameters, where they are known."""
        if self.params is not None:
            return self.params
        return None if self.config is None else float(self.shape().active_params)

    def shape(self) -> ModelShape:
        """The model's shape, from its config or made for its size.

        Raises:
            InputError: there is neither, or both.
        """
        if (self.params is None) == (self.config is None):
            raise InputError(f"{self.name}: give params or config, one of them.")
        return read_config(self.config) if self.config is not None else made(float(self.params or 0))

    def _tokens(self, word: str, measured: Mapping[str, Array], problems: int, instead: float | None = None) -> Array:
        """Tokens per problem: those said here, else those of the samples."""
        said = getattr(self, word)
        if said is not None:
            return np.full(problems, float(said))
        if word in measured:
            return measured[word]
        if instead is not None:
            return np.full(problems, instead)
        raise InputError(
            f"{self.name}: the samples have no column {word}. Add {word} = 500 to [models.{self.name}], or map a "
            f"column (--map {word}=COLUMN)."
        )


def read_prices(path: Path) -> tuple[ModelEntry, ...]:
    """Read a file of prices.

    Args:
        path: TOML with one table `[models.NAME]` per model.

    Returns:
        The models, in the file's order.

    Raises:
        FileError: the file cannot be read.
        InputError: it has no models, or a key that nothing reads.
    """
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise FileError(f"{str(path)!r} cannot be read ({error.strerror}). Check its name.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FileError(f"{str(path)!r} is no TOML: {error}. Correct that line.") from None
    _refuse_unknown(path, set(raw) - {"models"}, ("models",))
    return models_of(raw.get("models"), path)


def models_of(models: object, path: Path) -> tuple[ModelEntry, ...]:
    """Take what models are and cost, as a file of prices has it.

    Args:
        models: name → keys of `ModelEntry`.
        path: of the file, for errors and for the files that it names.

    Returns:
        The models, in their order.

    Raises:
        InputError: there are no models, or a key that nothing reads.

    >>> [one.price_out for one in models_of({"small": {"price_out": "$0.6"}}, Path("prices"))]
    [0.6]
    """
    if not isinstance(models, Mapping) or not models or not all(isinstance(one, Mapping) for one in models.values()):
        raise InputError(
            f"{str(path)!r} has no models. Write a table for each: [models.NAME] with price_out = 0.6, for example."
        )
    return tuple(_entry(path, str(name), table) for name, table in models.items())


def _entry(path: Path, name: str, table: Mapping[str, Any]) -> ModelEntry:
    """One model."""
    known = tuple(one.name for one in fields(ModelEntry) if one.name != "name")
    _refuse_unknown(path, set(table) - set(known), known)
    given = dict(table)
    for word in ("file", "config"):
        if word in given:
            given[word] = path.parent / str(given[word])
    for word, kind in _MEASURES.items():
        if word in given:
            given[word] = _number(name, word, given[word], kind)
    if "rules" in given:
        rules = given["rules"]
        given["rules"] = (rules,) if isinstance(rules, str) else tuple(str(rule) for rule in rules)
    for word in ("map", "law"):
        if not isinstance(given.get(word, {}), Mapping):
            raise InputError(f"[models.{name}] {word} is no table. Write [models.{name}.{word}] above its keys.")
    if "law" in given:
        given["law"] = sampling_law(name, given["law"], path.parent)
    if not isinstance(given.get("cached", False), bool):
        raise InputError(f"[models.{name}] cached = {given['cached']!r} is no truth value. Write true or false.")
    return ModelEntry(name, **given)


_MEASURES: Final = MappingProxyType(
    {
        "price_in": "money", "price_out": "money", "price_sample": "money", "verify": "money", "training": "money",
        "tokens": "tokens", "input_tokens": "tokens", "params": "parameters",
    }
)  # fmt: skip


def _number(name: str, word: str, value: object, kind: str) -> float:
    """A number, or a quantity such as "8B" or "$2M"."""
    if isinstance(value, str):
        return parse_measure(value, kind)
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        raise InputError(f"[models.{name}] {word} = {value!r} is no number of 0 or more. Correct it.")
    return float(value)


def _refuse_unknown(path: Path, unknown: set[str], known: tuple[str, ...]) -> None:
    """Refuse a key that nothing reads."""
    for word in sorted(unknown):
        near = get_close_matches(word, known, n=1)
        step = f"Did you mean {near[0]!r}?" if near else f"Known are {', '.join(known)}."
        raise InputError(f"{str(path)!r} has a key {word!r} that nothing reads. {step}")
