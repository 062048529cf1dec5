"""Curves of several recipes along one scale: the loss of every draw at any compute, and back."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import ColumnError, LawError
from isoflop.fit.estimate import Correction
from isoflop.fit.result import Fit
from isoflop.laws.frontier import reach_on
from isoflop.laws.isocurve import BoundCurve, bind_curve, other_columns
from isoflop.laws.law import Law
from isoflop.laws.optimum import RATIOS, optimum_on
from isoflop.recipes.partial import plain_draws
from isoflop.recipes.pool import Family, recipes_in, runs_of
from isoflop.runs.table import RunTable
from isoflop.uncertainty.influence import corrected, influence
from isoflop.units import FLOPS_PER_PARAM_TOKEN, format_quantity

Array = NDArray[Any]

_PLANE: Final = frozenset({"params", "tokens", "flops", "tokens_per_param"})
LN6: Final = math.log(FLOPS_PER_PARAM_TOKEN)
FARTHEST: Final = 12 * math.log(10)
"""How far in the logarithm of the scale an equal loss is looked for, on either side."""
HALVINGS: Final = 90


@dataclass(frozen=True)
class Scale:
    """What grows when recipes are compared at scale.

    Args:
        column: `flops`, or the one column that the law depends on.
        tokens_per_param: ratio D/N that is kept; None for the best size of each recipe, or where the
            law has one column.
        plane: whether the law depends on size and data.
        fixed: values of the law's other columns.
        higher: whether a higher response is better.
    """

    column: str
    tokens_per_param: float | None = None
    plane: bool = True
    fixed: Mapping[str, float] = field(default_factory=dict)
    higher: bool = False

    @property
    def sign(self) -> float:
        """What the response is multiplied by so that lower is better."""
        return -1.0 if self.higher else 1.0

    def _bind(self, law: Law, theta: Array) -> BoundCurve:
        """The law along lines of equal compute, turned so that lower is better."""
        return bind_curve(_mirrored(law) if self.higher else law, theta, self.fixed)

    def words(self) -> str:
        """What is held while it grows."""
        held = [f"{word} = {format_quantity(value)}" for word, value in self.fixed.items()]
        if self.plane:
            ratio = self.tokens_per_param
            held.insert(0, "each recipe at its own best size" if ratio is None else f"{ratio:.4g} tokens per parameter")
        return ", ".join(held)

    def losses(self, law: Law, theta: Array, x: Array) -> Array:
        """Response of parameter draws at `x = ln(scale)`.

        Args:
            law: the law of one recipe.
            theta: draws, shape (draws, p).
            x: shape (draws, k), or broadcastable to it.

        Returns:
            Response, shape (draws, k); NaN where there is no best size.
        """
        x = np.broadcast_to(np.asarray(x, dtype=float), (len(theta), np.shape(x)[-1]))
        if not self.plane:
            columns = {word: np.full((1, 1), value) for word, value in self.fixed.items()}
            return np.asarray(law.evaluate(theta, {**columns, self.column: np.exp(x)}))
        curve, c = self._bind(law, theta), x - LN6
        if self.tokens_per_param is None:
            return np.asarray(self.sign * optimum_on(curve, c, RATIOS).loss)
        return np.asarray(self.sign * curve.at(0.5 * (c - math.log(self.tokens_per_param)), c).loss)

    def equal(self, law: Law, theta: Array, target: Array, x: float) -> Array:
        """Where the curve of each draw has a target, as `ln(scale)`; NaN where it never does.

        Args:
            law: the law of one recipe.
            theta: draws, shape (draws, p).
            target: response, shape (draws,).
            x: where the search starts.

        Returns:
            Shape (draws,).
        """
        if self.plane and self.tokens_per_param is None:
            curve, c = self._bind(law, theta), np.full((len(theta), 1), x - LN6)
            size = np.log(optimum_on(curve, c, RATIOS).params)
            return np.asarray(reach_on(curve, self.sign * target[:, None], size, c).c[:, 0] + LN6)
        low, high = (np.full(len(theta), x + side * FARTHEST) for side in (-1.0, 1.0))
        first, last = (self.losses(law, theta, end[:, None])[:, 0] - target for end in (low, high))
        for _ in range(HALVINGS):
            middle = 0.5 * (low + high)
            beyond = (self.losses(law, theta, middle[:, None])[:, 0] < target) == (first > last)
            low, high = np.where(beyond, low, middle), np.where(beyond, middle, high)
        with np.errstate(invalid="ignore"):
            return np.where(first * last < 0, 0.5 * (low + high), np.nan)


def _mirrored(law: Law) -> Law:
    """The law of the response times -1."""
    left, equals, right = law.formula.rpartition("=")
    return law.with_formula(f"{left}{equals}-({right.strip()})")


@dataclass(frozen=True)
class Curves:
    """Fitted recipes, draw by draw.

    Args:
        family: the laws.
        names: the recipes.
        theta: parameters of the plain law, shape (recipes, 1 + draws + runs, p): the fit first, then its
            draws, then what the fit becomes when one run moves, for every run.
        draws: how many draws.
        maker: residuals per unit of noise, I - H, shape (runs, runs).
        fits: the one fit of all recipes, or one per recipe.
        scale: what grows.
        level: confidence level.
    """

    family: Family
    names: tuple[str, ...]
    theta: Array
    draws: int
    maker: Array
    fits: tuple[Fit, ...]
    scale: Scale
    level: float

    def drawn(self, values: Array) -> Array:
        """The draws' part of values that have one entry per row of `theta`, shape (..., draws)."""
        return np.asarray(values)[..., 1 : 1 + self.draws]

    def correction(self, values: Array) -> Correction:
        """What widens the interval of a quantity, by the leverages of the runs that decide it.

        Args:
            values: the quantity, shape (1 + draws + runs,).
        """
        # Of separate fits the one with the fewest runs to spare, where no run moves the quantity.
        base = min(self.fits, key=lambda fit: fit.correction.freedom).correction
        return corrected(base, values[1 + self.draws :] - values[0], self.maker)

    @property
    def leaves_out(self) -> tuple[str, ...]:
        """What no interval here contains."""
        return tuple(dict.fromkeys(text for fit in self.fits for text in fit.leaves_out))

    def losses(self, x: Array) -> Array:
        """Response of all recipes at `x = ln(scale)`, shape (recipes, 1 + draws + runs, k)."""
        return np.stack([self.scale.losses(self.family.plain, theta, x) for theta in self.theta])

    def equal(self, recipe: int, target: Array, x: float) -> Array:
        """`ln(scale)` at which a recipe has each row's target, shape (1 + draws + runs,)."""
        return self.scale.equal(self.family.plain, self.theta[recipe], target, x)

    def stretched(self, losses: Array) -> Array:
        """Draws spread about the fit as far as the intervals of the differences are; for probabilities.

        Args:
            losses: response, shape (recipes, 1 + draws + runs).

        Returns:
            Shape (recipes, draws), turned so that lower is better.
        """
        values = self.scale.sign * np.asarray(losses)
        # One factor for all, so that what the recipes have in common still cancels.
        lowest = int(values[:, 0].argmin())
        gaps = [row - values[lowest] for k, row in enumerate(values) if k != lowest] or [values[0]]
        factor = max(self.correction(gap).factor(self.level) for gap in gaps)
        return np.asarray(values[:, :1] + factor * (self.drawn(values) - values[:, :1]))


def scale_of(law: Law, given: Mapping[str, float], tokens_per_param: float | None) -> tuple[Scale, float]:
    """What grows, and how far, from what a user asks for.

    Args:
        law: the law of one recipe.
        given: word → value: `flops`; or `params` and `tokens`; or the law's one column; and others.
        tokens_per_param: ratio to keep; None for the best size of each recipe.

    Returns:
        The scale, and its value.

    Raises:
        LawError: no scale can be read from what was given.
        ColumnError: a column has no value, or the law does not depend on it.

    >>> from isoflop import laws
    >>> scale, at = scale_of(laws.get("chinchilla"), {"params": 7e9, "tokens": 140e9}, None)
    >>> scale.column, scale.tokens_per_param, at == 6 * 7e9 * 140e9
    ('flops', 20.0, True)
    """
    values = dict(given)
    plane = len(_PLANE & set(law.columns)) >= 2
    if plane:
        others = other_columns(law)
        if {"params", "tokens"} <= set(values):
            params, tokens = values.pop("params"), values.pop("tokens")
            values.setdefault("flops", FLOPS_PER_PARAM_TOKEN * params * tokens)
            tokens_per_param = tokens / params
        column = "flops"
    else:
        if tokens_per_param is not None:
            raise LawError(f"Law {law.name!r} has no size and data, so it keeps no ratio. Leave tokens_per_param out.")
        column = next((word for word in (*_PLANE, *law.columns) if word in values and word in law.columns), "")
        others = tuple(word for word in law.columns if word != column)
    if column not in values:
        wanted = "flops=…, or params=… with tokens=…" if plane else " or ".join(f"{w}=…" for w in law.columns)
        raise LawError(f"It is not said at which scale law {law.name!r} compares the recipes. Give {wanted}.")
    at = values.pop(column)
    unused, missing = sorted(set(values) - set(others)), [w for w in others if w not in values]
    if unused or missing:
        raise ColumnError(_columns_message(law, unused, missing))
    for word, value in {column: at, "tokens_per_param": tokens_per_param or 1.0}.items():
        if not (value > 0 and math.isfinite(value)):
            raise LawError(f"{word} = {value:g} is not positive and finite. Give a number such as 1e21.")
    fixed = {w: float(values[w]) for w in others}
    return Scale(column, tokens_per_param, plane, fixed), float(at)


def _columns_message(law: Law, unused: Sequence[str], missing: Sequence[str]) -> str:
    """What was given and is not used, or is used and was not given."""
    if unused:
        return f"Law {law.name!r} does not depend on {', '.join(unused)} there. Leave it out."
    return f"Law {law.name!r} also depends on {', '.join(missing)}. Give a value: {missing[0]}=…."


def lay_joint(family: Family, fit: Fit, table: RunTable, scale: Scale) -> Curves:
    """Curves from one fit of all recipes to the runs of a table, with exponents wholly or partly in common."""
    _need_draws(fit)
    names, moved = recipes_in(table, family.column), influence(fit, table)
    rows = np.concatenate([fit.theta[None], np.asarray(fit.draws), moved.theta])
    theta = np.stack([plain_draws(family, fit, rows, recipe) for recipe in names])
    return Curves(family, names, theta, len(np.asarray(fit.draws)), moved.maker, (fit,), scale, fit.level)


def lay_separate(family: Family, fits: Mapping[str, Fit], table: RunTable, scale: Scale) -> Curves:
    """Curves from one fit per recipe; their draws are independent, as their runs are."""
    for fit in fits.values():
        _need_draws(fit)
    count = min(len(np.asarray(fit.draws)) for fit in fits.values())
    moved = {name: influence(fit, runs_of(table, family.column, name)) for name, fit in fits.items()}
    sizes = np.cumsum([0, *(len(own.theta) for own in moved.values())])
    maker, theta = np.zeros((sizes[-1], sizes[-1])), []
    for k, (name, fit) in enumerate(fits.items()):
        rows = slice(sizes[k], sizes[k + 1])
        # The runs of other recipes move nothing here.
        probes = np.repeat(fit.theta[None], sizes[-1], axis=0)
        probes[rows], maker[rows, rows] = moved[name].theta, moved[name].maker
        theta.append(np.concatenate([fit.theta[None], np.asarray(fit.draws)[:count], probes]))
    first = next(iter(fits.values()))
    return Curves(family, tuple(fits), np.stack(theta), count, maker, tuple(fits.values()), scale, first.level)


def _need_draws(fit: Fit) -> None:
    """Refuse a fit without draws."""
    if fit.draws is None:
        raise LawError("A fit without draws gives no intervals, so no comparison. Fit with bootstrap=1000.")
