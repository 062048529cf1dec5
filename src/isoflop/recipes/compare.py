"""From runs with a column of recipes to which of them wins at scale."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import LawError, TableError
from isoflop.fit.result import Fit
from isoflop.laws.law import Law
from isoflop.recipes import gaps
from isoflop.recipes.comparison import Entry, RecipeComparison
from isoflop.recipes.crossover import crossing_of
from isoflop.recipes.curves import Curves, Scale, lay_joint, lay_separate, scale_of
from isoflop.recipes.paired import KEYS, Paired, paired_trend
from isoflop.recipes.partial import Spread, judged, partial_family, prior_of, spreads_of
from isoflop.recipes.pool import WAYS, Family, Fitter, Pooling, family_of, fit_each, pooling_test, recipes_in, runs_of
from isoflop.recipes.sense import SENSES, higher_is_better
from isoflop.runs.table import RunTable
from isoflop.units import decades_beyond, format_quantity

Array = NDArray[Any]

AHEAD: Final = 1e4
"""Crossings are looked for up to this many times the largest scale, of the runs or asked for."""


@dataclass(frozen=True)
class Question:
    """What is compared, and how.

    Args:
        at: word → value of the scale and of the law's other columns.
        tokens_per_param: ratio to keep; None for the best size of each recipe.
        baseline: recipe to compare with; the first one when None.
        way: `shared`, `partial` or `separate`.
        shared: parameters in common; the exponents when None.
        column: column of the recipe.
        pair_by: columns that paired runs have in common.
        span: scales between which crossings are looked for; from the runs when None.
        inflation: factor from a back-test.
        better: `lower` or `higher`; by the name of the response when None.
    """

    at: Mapping[str, float]
    tokens_per_param: float | None = None
    baseline: str | None = None
    way: str = "shared"
    shared: Sequence[str] | None = None
    column: str = "recipe"
    pair_by: Sequence[str] = KEYS
    span: tuple[float, float] | None = None
    inflation: float | None = None
    better: str | None = None


def compare_recipes(
    law: Law, table: RunTable, question: Question, *, fitter: Fitter, plain: Fitter
) -> RecipeComparison:
    """Compare recipes at a scale: one law for all of them, fitted together or apart.

    Args:
        law: the law of one recipe, or one with `A[recipe]`.
        table: runs of two recipes or more.
        question: what is compared.
        fitter: gives a fit with draws.
        plain: gives the same fit without, for the test of the common parameters.

    Returns:
        The comparison.

    Raises:
        TableError: fewer than two recipes, or too few runs of one.
        LawError: no scale is given, the way is not known, or the law has no value there.
    """
    if question.way not in WAYS:
        raise LawError(f"{question.way!r} is no way to fit recipes. Choose {', '.join(WAYS[:-1])} or {WAYS[-1]}.")
    family = family_of(law, shared=question.shared, column=question.column)
    names = recipes_in(table, question.column)
    baseline = names[0] if question.baseline is None else question.baseline
    if baseline not in names:
        raise LawError(f"The baseline {baseline!r} is not among the recipes {', '.join(names)}. Choose one of these.")
    scale, at = scale_of(family.plain, question.at, question.tokens_per_param)
    spreads: tuple[Spread, ...] = ()
    if question.way == "partial":
        spreads = spreads_of(family, table, fit_each(family, table, plain))
        family = partial_family(family)
        fits = dict.fromkeys(names, judged(fitter(family.joint, table, prior=prior_of(spreads)), spreads))
    elif question.way == "shared":
        fits = dict.fromkeys(names, fitter(family.joint, table))
    else:
        fits = fit_each(family, table, fitter)
    fits = {name: replace(fit, inflation=question.inflation) for name, fit in fits.items()}
    first = next(iter(fits.values()))
    scale = replace(scale, higher=higher_is_better(first.response, question.better))
    if question.way == "separate":
        curves = lay_separate(family, fits, table, scale)
    else:
        curves = lay_joint(family, first, table, scale)
    pooling = None if question.way == "partial" else _pooling(family, table, plain)
    return _assemble(_Parts(curves, table, question, fits, baseline, at, pooling, spreads))


@dataclass(frozen=True)
class _Parts:
    """What the comparison is put together from."""

    curves: Curves
    table: RunTable
    question: Question
    fits: Mapping[str, Fit]
    baseline: str
    at: float
    pooling: Pooling | None
    spreads: tuple[Spread, ...] = ()

    @property
    def scale(self) -> Scale:
        """What grows."""
        return self.curves.scale

    def sizes(self, recipe: str | None = None) -> Array:
        """Scales of the runs."""
        table = self.table if recipe is None else runs_of(self.table, self.question.column, recipe)
        values = table.column(self.scale.column)
        return values[np.isfinite(values) & (values > 0)]


def _pooling(family: Family, table: RunTable, plain: Fitter) -> Pooling | None:
    """Test of the common parameters, or None where a recipe has too few runs of its own."""
    if not family.shared:
        return None
    try:
        return pooling_test(plain(family.joint, table), list(fit_each(family, table, plain).values()))
    except TableError:
        return None


def _assemble(parts: _Parts) -> RecipeComparison:
    """Numbers, crossings and warnings."""
    curves, x = parts.curves, float(np.log(parts.at))
    losses = curves.losses(np.array([[x]]))[..., 0]
    if not np.isfinite(losses[:, 0]).all():
        lost = ", ".join(np.array(curves.names)[~np.isfinite(losses[:, 0])].tolist())
        raise LawError(
            f"The law of {lost} has no value at {parts.scale.column} = {format_quantity(parts.at)}. Ask for a scale "
            "nearer to the runs, or give tokens_per_param."
        )
    base = curves.names.index(parts.baseline)
    entries = [_entry(parts, k, losses, base) for k in range(len(curves.names))]
    others = [k for k in range(len(curves.names)) if k != base]
    fit, family, scale = curves.fits[0], curves.family, parts.scale
    joint = parts.question.way != "separate"
    return RecipeComparison(
        family.plain.name, (family.joint if joint else family.plain).formula, parts.question.way,
        family.shared if joint else (), fit.response, SENSES[scale.higher], scale.column, parts.at, scale.words(),
        curves.level, parts.baseline,
        tuple(sorted(entries, key=lambda entry: scale.sign * float(entry.response.value))),
        gaps.winner_of(curves, losses), tuple(crossing_of(curves, k, base, _span(parts)) for k in others),
        parts.pooling, parts.fits, parts.table, curves, parts.question.column, parts.question.inflation,
        _warnings(parts, entries), ("the noise of a single run", *curves.leaves_out), tuple(parts.table.notes),
        parts.spreads,
    )  # fmt: skip


def _span(parts: _Parts) -> tuple[float, float]:
    """Scales between which crossings are looked for."""
    if parts.question.span is not None:
        return parts.question.span
    sizes = parts.sizes()
    return float(sizes.min()), float(max(sizes.max(), parts.at)) * AHEAD


def _entry(parts: _Parts, k: int, losses: Array, base: int) -> Entry:
    """One recipe."""
    curves, own = parts.curves, losses[k]
    name, sizes = curves.names[k], parts.sizes(curves.names[k])
    paired, reason = (None, "") if k == base else _paired(parts, name)
    apart = (
        (gaps.exact(curves, 0.0), gaps.exact(curves, 0.0), gaps.exact(curves, 1.0))
        if k == base
        else (
            gaps.estimate_of(curves, own - losses[base]),
            gaps.estimate_of(curves, own / losses[base] - 1),
            gaps.multiplier_of(curves, base, own, float(np.log(parts.at))),
        )
    )
    return Entry(
        name, len(runs_of(parts.table, parts.question.column, name)),
        gaps.estimate_of(curves, own, unit=curves.family.plain.unit), *apart,
        None if k == base else gaps.better(curves, own, losses[base]), float(gaps.probabilities(curves, losses)[k]),
        float(sizes.max()), decades_beyond(parts.at, (float(sizes.min()), float(sizes.max()))),
        parts.fits[name].certificate.verdict, paired, reason,
    )  # fmt: skip


def _paired(parts: _Parts, name: str) -> tuple[Paired | None, str]:
    """What paired runs say, or why they say nothing."""
    asked = parts.question
    try:
        return paired_trend(
            parts.table, name, parts.baseline, at=parts.at, level=parts.curves.level, column=asked.column,
            keys=asked.pair_by, by=parts.scale.column, response=parts.curves.fits[0].response,
        ), ""  # fmt: skip
    except TableError as error:
        return None, str(error)


def _worsens(parts: _Parts) -> bool:
    """Whether the response of every recipe gets worse along the scale."""
    ends = np.log([float(parts.sizes().min()), float(max(parts.sizes().max(), parts.at))])
    values = parts.curves.losses(ends[None])[:, 0]
    return bool((parts.scale.sign * (values[:, 1] - values[:, 0]) > 0).all())


def _warnings(parts: _Parts, entries: Sequence[Entry]) -> tuple[str, ...]:
    """What speaks against using the comparison."""
    found = [f"The fit of {e.name} is {e.verdict}." for e in entries if e.verdict != "certified"]
    if parts.question.way != "separate":
        found = [f"The fit is {entries[0].verdict}."] if found else []
    at, column = format_quantity(parts.at), parts.scale.column
    wider = parts.question.inflation
    widened = f"; a back-test made its intervals {wider:.2f} times as wide" if wider is not None and wider > 1 else ""
    found += [
        f"{column} {at} lies {e.distance_decades:.1f} decades outside the runs of {e.name} "
        f"(largest {format_quantity(e.largest)}){widened}."
        for e in entries
        if e.distance_decades > 0
    ]
    if _worsens(parts):
        found.append(
            f"{parts.curves.fits[0].response} is taken to be better when {SENSES[parts.scale.higher]}, and gets worse "
            f"with {column} for every recipe: say better={SENSES[not parts.scale.higher]} if that is meant."
        )
    pooling = parts.pooling
    if pooling is not None and pooling.p_value < 0.05 and parts.question.way == "shared":
        found.append(
            f"The runs speak against common {', '.join(parts.curves.family.shared)} (F = {pooling.f:.2f}, "
            f"p = {pooling.p_value:.2g}): compare with separate fits too."
        )
    return tuple(found)
