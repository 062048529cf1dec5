"""From files of samples and prices to a menu: routes of all models on the problems that they share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import InputError, TableError
from isoflop.runs.sql import quoted
from isoflop.testtime.budgets.budget import Menu, menu
from isoflop.testtime.budgets.by_difficulty import ease_of, probe_counts, probe_samples
from isoflop.testtime.budgets.charge import Charge
from isoflop.testtime.budgets.file import ModelEntry
from isoflop.testtime.budgets.routes import Route, routes_from_counts, routes_from_samples, rules_for
from isoflop.testtime.counts import Counts
from isoflop.testtime.reading.read import read_counts, read_samples
from isoflop.testtime.reading.source import Choices
from isoflop.testtime.samples import Samples

Array = NDArray[Any]

MEASURED: Final = ("tokens", "input_tokens", "cost")


@dataclass(frozen=True)
class Asked:
    """How the menu is to be made.

    Attributes:
        rules: for all models; each one's own when empty.
        beyond: how many times the samples at hand pass@k is forecast to.
        probe: samples of the first model set apart to tell difficulty; 0 for none.
        ease: what tells it: correct, score or agreement.
        draws: replicates behind the intervals.
        level: confidence level.
    """

    rules: tuple[str, ...] = ()
    beyond: float = 1.0
    probe: int = 0
    ease: str = "correct"
    draws: int = 1000
    level: float = 0.9


@dataclass(frozen=True, eq=False)
class Built:
    """A menu with what it was made from.

    Attributes:
        menu: of all models.
        models: their entries.
        ease: how easy a problem looks by the first model's probe, or by all of its samples.
        by: what tells it.
        probe_cost: cost of the probe per problem, shape (problems,).
        tokens: model → mean tokens of a sample, where they are known.
        warnings: what speaks against taking the numbers as they are.
    """

    menu: Menu
    models: tuple[ModelEntry, ...]
    ease: Array
    by: str
    probe_cost: Array
    tokens: Mapping[str, float]
    warnings: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Model:
    """One model's data: samples where there are any, else counts."""

    entry: ModelEntry
    counts: Counts
    samples: Samples | None

    def on(self, problems: Sequence[str]) -> "_Model":
        """Keep some problems, in the order given."""
        place = {name: k for k, name in enumerate(self.counts.problems)}
        kept = np.array([place[name] for name in problems])
        counts, samples = self.counts.take(kept), self.samples
        if samples is not None:
            shared = set(problems)
            wanted = np.array([name in shared for name in samples.problems])
            samples = samples.take(wanted[samples.problem_of])
        return _Model(self.entry, counts, samples)


def build(
    models: Sequence[ModelEntry], source: object, asked: Asked, choices: Choices, *, rng: np.random.Generator
) -> Built:
    """Read the samples of all models and lay their routes side by side.

    Args:
        models: what they are and cost.
        source: samples of models that name no file: a path, a frame or columns; None when all name one.
        asked: how.
        choices: how files are read; `by`, one column, holds the models' names where they have no `where`.
        rng: random state.

    Returns:
        The menu.

    Raises:
        InputError: nothing selects a model's samples, costs lack, or units differ.
        FileError: a file cannot be read.
        TableError: a check found an error, or the models have no problem in common.
    """
    known = [entry for entry in models if entry.law is None]
    read = [_read(entry, source, choices, first=len(known) == 1) for entry in known]
    read, shared, warnings = _shared(read)
    measured = {m.entry.name: _measured(m) for m in read}
    charges = {entry.name: entry.charge(measured.get(entry.name, {}), len(shared) or 1) for entry in models}
    ease = probe_cost = np.zeros(0)
    if read:
        read[0], ease, probe_cost = _probed(read[0], charges[read[0].entry.name], asked, rng)
    elif asked.probe:
        raise InputError("Laws have no samples to probe with. Leave the probe out.")
    routes = [r for m in read for r in _routes(m, charges[m.entry.name], asked, rng)]
    routes += [entry.law.route(entry.name, charges[entry.name]) for entry in models if entry.law is not None]
    made = menu(routes, shared, rng=rng, draws=asked.draws, level=asked.level)
    tokens = {name: float(words["tokens"].mean()) for name, words in measured.items() if "tokens" in words}
    tokens |= {entry.name: entry.tokens for entry in models if entry.tokens is not None}
    return Built(made, tuple(models), ease, asked.ease, probe_cost, MappingProxyType(tokens), warnings)


def _shared(read: "list[_Model]") -> "tuple[list[_Model], tuple[str, ...], tuple[str, ...]]":
    """Models on the problems that all of them have, and which were left out."""
    if not read:
        return [], (), ()
    have = [set(m.counts.problems) for m in read]
    shared = tuple(name for name in read[0].counts.problems if all(name in own for own in have))
    if not shared:
        raise TableError("The models have no problem in common. Give samples of the same problems.")
    warnings = tuple(
        f"{m.entry.name}: {len(m.counts) - len(shared)} of {len(m.counts)} problems are not those of all models and "
        "take no part."
        for m in read
        if len(m.counts) > len(shared)
    )
    return [m.on(shared) for m in read], shared, warnings


def _read(entry: ModelEntry, source: object, choices: Choices, *, first: bool) -> _Model:
    """Samples of a model, or its counts where there is no more."""
    path = source if entry.file is None else entry.file
    if path is None:
        raise InputError(
            f"{entry.name}: there are no samples. Name a file, in the command or in [models.{entry.name}]."
        )
    conditions = [f"({text})" for text in (choices.get("where"), entry.where) if text is not None]
    by = choices.get("by") or ()
    if entry.where is None and entry.file is None:
        if by:
            # A text that holds a quote is written with two.
            part = (entry.part or entry.name).replace("'", "''")
            conditions.append(f"{quoted(by[0])} = '{part}'")
        elif not first:
            raise InputError(
                f"Nothing says which samples are {entry.name}'s. Name the column of the models (--by model), or add "
                f'where = "…" or file = "…" to [models.{entry.name}].'
            )
    mapping = {**(choices.get("mapping") or {}), **entry.map}
    where = " AND ".join(conditions) if conditions else None
    own: Choices = {**choices, "where": where, "by": (), "mapping": mapping}
    try:
        samples = read_samples(path, **own).complete("correct")
    except TableError:
        # Either the source holds counts, or it has an error, which reading the counts finds again.
        return _Model(entry, read_counts(path, **own), None)
    return _Model(entry, samples.counts(), samples)


def _measured(model: _Model) -> dict[str, Array]:
    """Mean tokens and costs of every problem, as far as the samples say them."""
    found: dict[str, Array] = {}
    if model.samples is None:
        return found
    for word in MEASURED:
        if word not in model.samples.names:
            continue
        values = model.samples.column(word)
        known = ~np.isnan(values)
        count = np.bincount(model.samples.problem_of[known], minlength=len(model.samples.problems))
        if known.any() and not count.all():
            raise TableError(
                f"{model.entry.name}: {word} is missing in all samples of {int((count == 0).sum())} problems. Give it "
                f"in [models.{model.entry.name}], or leave those problems out."
            )
        if known.any():
            sums = np.bincount(model.samples.problem_of[known], weights=values[known], minlength=len(count))
            found[word] = sums / count
    return found


def _probed(model: _Model, charge: Charge, asked: Asked, rng: np.random.Generator) -> tuple[_Model, Array, Array]:
    """How easy problems look to a model, with samples set apart for it where that was asked for."""
    none = np.zeros(len(model.counts))
    if model.samples is None and asked.ease != "correct":
        raise InputError(
            f"{model.entry.name}: ease by {asked.ease} needs samples, and there are counts only. Take correct."
        )
    if not asked.probe:
        return model, model.counts.rates if model.samples is None else ease_of(model.samples, asked.ease), none
    cost = charge.of([asked.probe], verified=asked.ease == "score")[:, 0]
    if model.samples is None:
        ease, counts = probe_counts(model.counts, asked.probe, rng=rng)
        return _Model(model.entry, counts, None), ease, cost
    ease, rest = probe_samples(model.samples, asked.probe, rng=rng, by=asked.ease)
    return _Model(model.entry, rest.counts(), rest), ease, cost


def _rules(model: _Model, asked: Asked) -> tuple[str, ...]:
    """Rules that were asked for, else those that the model's columns allow."""
    chosen = asked.rules or model.entry.rules
    if chosen or model.samples is None:
        return chosen or rules_for((), counts_only=True)
    found = rules_for(model.samples.names)
    # Negative scores are no weights, but they can still be compared.
    signed = "weighted" in found and bool(np.any(model.samples.column("score") < 0))
    return tuple(rule for rule in found if rule != "weighted") if signed else found


def _routes(model: _Model, charge: Charge, asked: Asked, rng: np.random.Generator) -> tuple[Route, ...]:
    """Routes of one model."""
    name, rules = model.entry.name, _rules(model, asked)
    if model.samples is None:
        return routes_from_counts(name, model.counts, charge, rules, beyond=asked.beyond)
    return routes_from_samples(name, model.samples, charge, rules, rng=rng, beyond=asked.beyond)
