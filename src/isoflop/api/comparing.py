"""The verb recipes."""

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

import numpy as np

from isoflop.api.fitting import fit
from isoflop.api.inputs import FitChoices, LawLike, Runs, as_runs, check_seed
from isoflop.engine import Progress
from isoflop.errors import FitError, TableError
from isoflop.fit.estimate import check_level
from isoflop.fit.result import Fit
from isoflop.laws.catalogue import as_law
from isoflop.laws.law import Law
from isoflop.recipes.compare import Question, compare_recipes
from isoflop.recipes.comparison import RecipeComparison
from isoflop.recipes.paired import KEYS
from isoflop.recipes.pool import Prior, family_of, recipes_in, runs_of
from isoflop.runs.columns import resolve
from isoflop.runs.table import RunTable
from isoflop.units import parse_quantity
from isoflop.validate.backtest import backtest as run_backtest

__all__ = ["recipes"]


def recipes(  # noqa: PLR0913 -- one keyword per decision, each with the expert's default
    law: LawLike,
    runs: Runs,
    *,
    at: Mapping[str, float | str],
    tokens_per_param: float | None = None,
    baseline: str | None = None,
    way: str = "shared",
    shared: Sequence[str] | None = None,
    column: str = "recipe",
    pair_by: Sequence[str] = KEYS,
    span: tuple[float, float] | None = None,
    better: str | None = None,
    backtest: bool = True,
    bootstrap: int = 1000,
    resample: str = "bayes",
    where: str | None = None,
    mapping: Mapping[str, str] | None = None,
    progress: Progress | None = None,
    **choices: Unpack[FitChoices],
) -> RecipeComparison:
    """Compare recipes (optimizer, data, architecture, precision) at a scale, with what is not sure about it.

    Differences and compute multipliers `C_0(L_r(C))/C` with intervals, crossings as Fieller sets,
    paired runs, the probability of being best, and the winner corrected for having been chosen.

    Reference: Mizrahi et al. 2025, arXiv:2507.12466 (multiplier); Fieller 1954 (crossing).

    Args:
        law: the law of one recipe: a name, a formula, a TOML file, or a `Law`; or one with `A[recipe]`.
        runs: runs of two recipes or more.
        at: the scale, `{"flops": 1e24}`, `{"params": 7e9, "tokens": 140e9}` or the law's one column,
            and values of the law's other columns.
        tokens_per_param: ratio D/N to keep; None for each recipe's own best size.
        baseline: recipe that the others are compared with; the first in the table when None.
        way: `shared` fits all recipes together with common exponents, `separate` each alone, `partial` together
            with exponents that vary as much as the separate fits say (empirical Bayes).
        shared: parameters in common; the exponents when None.
        column: column that names the recipe.
        pair_by: columns that the runs of a pair have in common.
        span: scales between which crossings are looked for; from the runs when None.
        better: `lower` or `higher`: which response is the better one; by its name when None (an accuracy
            is better when higher, a loss when lower).
        backtest: whether a rolling back-test widens the intervals.
        bootstrap: draws.
        resample: `bayes`, `pairs`, or `cluster:COLUMN`; a column of rungs keeps pairs together.
        where: SQL filter, when `runs` is a file.
        mapping: word → column of the source.
        progress: called with (batches done, batches).
        choices: objective, response, fix, prior, weights, noise, level and seed, as `fit` takes them.

    Returns:
        The comparison.

    >>> C = [10.0**k for k in range(17, 22)]
    >>> rows = {"recipe": ["adamw"] * 5 + ["muon"] * 5, "C": C * 2}
    >>> rows["loss"] = [1.7 + k * (c / 1e17) ** -0.15 for k in (1.5, 1.4) for c in C]
    >>> found = recipes("E + K/(C/1e17)^a", rows, at={"flops": 1e23}, bootstrap=20, backtest=False)
    >>> found.winner.name, round(found["muon"].multiplier.value, 2) == round((1.5 / 1.4) ** (1 / 0.15), 2)
    ('muon', True)
    """
    check_level(choices.get("level", 0.9))
    check_seed(choices.get("seed", 0))
    table = as_runs(runs, where=where, mapping=mapping, response=choices.get("response") or "loss")
    chosen = as_law(law, columns=table.names)
    family = family_of(chosen, shared=shared, column=column)
    laws = [(family.joint, table)] if way != "separate" else [(family.plain, own) for own in _apart(table, column)]
    inflation, note = _inflation(laws, choices) if backtest and bootstrap else (None, "no back-test was asked for")
    place, pairs = _numbers(at), tuple(pair_by)
    question = Question(place, tokens_per_param, baseline, way, shared, column, pairs, span, inflation, better)

    def fitter(own: Law, some: RunTable, /, prior: Prior | None = None) -> Fit:
        given = _with_prior(choices, prior)
        return fit(own, some, bootstrap=bootstrap, resample=resample, progress=progress, **given)

    def plain(own: Law, some: RunTable, /, prior: Prior | None = None) -> Fit:
        return fit(own, some, bootstrap=0, **_with_prior(choices, prior))

    return compare_recipes(chosen, table.with_notes(note), question, fitter=fitter, plain=plain)


def _with_prior(choices: FitChoices, prior: Prior | None) -> FitChoices:
    """What the user chose, with further priors."""
    return choices if prior is None else {**choices, "prior": {**(choices.get("prior") or {}), **prior}}


def _numbers(at: Mapping[str, float | str]) -> dict[str, float]:
    """Words and numbers of a place, from aliases and quantities such as 7B."""
    return {resolve(name) or name: parse_quantity(value) for name, value in at.items()}


def _apart(table: RunTable, column: str) -> list[RunTable]:
    """Runs of each recipe."""
    return [runs_of(table, column, recipe) for recipe in recipes_in(table, column)]


def _inflation(laws: Sequence[tuple[Law, RunTable]], choices: FitChoices) -> tuple[float | None, str]:
    """What a back-test says of the intervals, the worst of several; None with the reason where there can be none."""
    settings: dict[str, Any] = {word: value for word, value in choices.items() if word != "seed"}
    found = []
    try:
        for law, table in laws:
            by = "flops" if "flops" in table.names else law.columns[0]
            rng = np.random.default_rng([choices.get("seed", 0), 6])
            found.append(run_backtest(law, table, rng=rng, by=by, **settings).inflation)
    except (FitError, TableError) as error:
        return None, f"no back-test: {error}"
    known = [value for value in found if value is not None]
    if not known:
        return None, "no back-test: its fits had no intervals"
    worst = max(known)
    return worst, f"intervals are {max(worst, 1.0):.2f} times as wide as without the back-test of the largest runs"
