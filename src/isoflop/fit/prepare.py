"""Which runs a law can be fitted to, and whether what was asked for makes sense."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from isoflop.errors import ColumnError, FitError, LawError
from isoflop.fit.noise import run_noise
from isoflop.fit.objective import Objective
from isoflop.fit.problem import Problem, bind
from isoflop.laws.law import Law
from isoflop.laws.nearest import needs_sentence
from isoflop.runs.check import usable
from isoflop.runs.columns import VOCABULARY, resolve
from isoflop.runs.loss_units import loss_unit
from isoflop.runs.table import RunTable


def prepare(
    law: Law,
    table: RunTable,
    response: str,
    extra: tuple[str, ...] = (),
) -> RunTable:
    """The rows that a law can be fitted to; the others are listed with their reasons."""
    if response in law.columns:
        raise LawError(f"Law {law.name!r} would explain {response!r} by itself. Choose another response or formula.")
    needed = tuple(dict.fromkeys((*law.columns, *law.parsed.indexed.values())))
    missing = [word for word in needed if word not in table.names and resolve(word) not in table.names]
    if missing:
        raise ColumnError.from_law(law.name, missing, table.names, needs_sentence(law, table.names, response))
    return usable(table, columns=(*needed, *extra), response=response)


def in_unit_of(law: Law, table: RunTable, response: str) -> Law:
    """The law with the unit that its response has in this table, as far as the table tells.

    A loss in bits per byte, or another response than the law's own, is not in the law's unit.
    """
    if response == "loss":
        unit = loss_unit(table.provenance.mapping.get(response, response)) or law.unit
    elif response != law.response:
        unit = VOCABULARY[response].unit if response in VOCABULARY else ""
    else:
        unit = law.unit
    return law if unit == law.unit else replace(law, unit=unit)


def bind_checked(
    law: Law,
    runs: RunTable,
    response: str,
    objective: Objective,
    *,
    fix: Mapping[str, float],
    prior: Mapping[str, tuple[float, float]],
    weights: str | None,
    noise: str | None,
) -> Problem:
    """Bind a law after checking that what is fixed exists and that enough runs are left."""
    _check_priors(fix, prior)
    if weights is not None and np.any(runs.column(weights) < 0):
        raise FitError(f"Column {weights!r} holds negative weights. Correct it, or leave weights out.")
    _check_logarithm(runs, response, objective)
    problem = bind(
        law, runs, response=response, log=objective.log, fix=fix, prior=prior,
        weights=None if weights is None else runs.column(weights),
        noise=run_noise(runs, noise, law, response),
    )  # fmt: skip
    known = {s.name for s in problem.slots} | set(law.parameter_names)
    unknown = sorted((set(fix) | set(prior)) - known)
    if unknown:
        raise LawError(
            f"{', '.join(unknown)} is no parameter of law {law.name!r}; it has {', '.join(sorted(known))}. "
            "Correct the name."
        )
    for slot in problem.slots:
        for key in (slot.name, law.parameter_names[slot.formal]):
            if key in prior and not prior[key][1] > 0:
                raise LawError(f"The prior of {key} has standard deviation {prior[key][1]:g}. Give a positive one.")
    if problem.size == 0:
        raise FitError(f"Every parameter of law {law.name!r} is fixed: nothing is left to fit. Free one of them.")
    if problem.rows < problem.size:
        raise FitError(
            f"Law {law.name!r} has {problem.size} free parameters, but only {problem.rows} usable runs are left. "
            "Add runs, fix parameters (fix={'E': 1.7}), or use a law with fewer."
        )
    return problem


def _check_logarithm(runs: RunTable, response: str, objective: Objective) -> None:
    """Refuse to take the logarithm of what is not positive."""
    lowest = float(np.min(runs.column(response), initial=np.inf))
    if objective.log and lowest <= 0:
        raise FitError(
            f"{response!r} is {lowest:.4g} in some runs, and objective {objective} takes its logarithm. "
            "Use objective='ls', which does not, or correct the runs."
        )


def _check_priors(fix: Mapping[str, float], prior: Mapping[str, tuple[float, float]]) -> None:
    """Refuse what is no prior, and a prior on what is fixed."""
    for key in prior:
        if len(np.atleast_1d(prior[key])) != 2 or not np.all(np.isfinite(prior[key])):
            raise LawError(f"The prior of {key} is {prior[key]}. Write (mean, standard deviation).")
        if key in fix or key.partition("[")[0] in fix:
            raise LawError(f"{key} has both a fixed value and a prior. Leave one of them out.")
