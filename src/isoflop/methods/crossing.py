"""Where two recipes of one law cross: the compute, size or data at which their order changes."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import LawError
from isoflop.fit.estimate import Estimate
from isoflop.fit.result import Fit
from isoflop.laws.law import Law
from isoflop.methods.answers import answers, from_answers
from isoflop.methods.several import correction_of_several

POINTS: Final = 512
"""Points of the span at which a change of sign is looked for."""


def crossing(
    law: Law,
    first: Mapping[str, float],
    second: Mapping[str, float],
    *,
    column: str,
    span: tuple[float, float],
    **others: float,
) -> tuple[float, ...]:
    """Values of a column at which two parameter sets of one law give the same response.

    Args:
        law: the law.
        first: parameter → value of one recipe.
        second: the same of the other.
        column: column along which to look.
        span: smallest and largest value, both positive.
        others: the law's other columns, held fixed.

    Returns:
        The crossings in ascending order; empty where one recipe is better throughout.

    Raises:
        LawError: the span is empty, a parameter has no value, or both sets give the same response everywhere.

    Warns:
        RangeWarning: a crossing, or a column held fixed, lies outside the range of the source, with the distance.

    >>> from isoflop import laws
    >>> law = laws.get("scalerl")
    >>> base, longer = (law.published_set(f"scalerl-2025-{row}").values for row in ("base", "length-32k"))
    >>> [round(c) for c in crossing(law, base, longer, column="gpu_hours", span=(3e3, 1e5), initial_reward=0.2)]
    [40112]
    """
    from scipy.optimize import brentq

    if not 0 < span[0] < span[1]:
        raise LawError(f"The span {span} holds no values. Give two positive numbers, the smaller one first.")
    theta = [[_value(law, values, name) for name in law.parameter_names] for values in (first, second)]

    def gap(logs: NDArray[Any]) -> NDArray[Any]:
        value = law.evaluate(theta, {column: np.exp(np.atleast_1d(logs)), **others})
        return np.asarray(value[0] - value[1])

    grid = np.linspace(np.log(span[0]), np.log(span[1]), POINTS)
    signs = np.sign(gap(grid))
    if not signs.any():
        raise LawError(f"Both sets of {law.name!r} give the same response at every {column}. Give two recipes.")
    places = np.flatnonzero(signs[:-1] * signs[1:] < 0)
    roots = [brentq(lambda x: float(gap(x)[0]), grid[k], grid[k + 1], xtol=1e-14, rtol=1e-14) for k in places]
    # A point of the grid may be a crossing itself.
    found = tuple(float(np.exp(root)) for root in sorted([*roots, *grid[signs == 0]]))
    law.warn_outside({column: found, **others} if found else others)
    return found


def crossings_of(
    first: Fit, second: Fit, *, column: str, span: tuple[float, float], level: float | None = None, **others: float
) -> tuple[Estimate, ...]:
    """Crossings of two fits of one law with intervals: the k-th draws of both are paired.

    For recipes fitted together, with a region that may have no end, see `isoflop.recipes`.

    Args:
        first: the fit of one recipe, with draws.
        second: the fit of the other.
        column: column along which to look.
        span: smallest and largest value, both positive.
        level: confidence level; that of the first fit when None.
        others: the law's other columns, held fixed.

    Returns:
        One estimate for each crossing of the fits; a draw counts with its own crossing nearest in the logarithm.
        Where more than a tenth of the draws cross nowhere in the span, the interval is NaN.

    Raises:
        LawError: the fits are of two laws, or one has no draws; and as `crossing` does.
    """
    if first.law.formula != second.law.formula or first.draws is None or second.draws is None:
        raise LawError(
            f"Crossings need draws of two fits of one law, not {first.law.name!r} and {second.law.name!r} without. "
            "Fit both by the same law, with a bootstrap."
        )
    points = crossing(first.law, first.parameters, second.parameters, column=column, span=span, **others)
    names = first.names
    pairs = [[dict(zip(names, row.tolist(), strict=True)) for row in pair]
             for pair in zip(first.draws, second.draws, strict=False)]  # fmt: skip
    left = (f"crossings outside {span[0]:g} to {span[1]:g}", *dict.fromkeys((*first.leaves_out, *second.leaves_out)))
    found = []
    for point in points:

        def nearest(pair: list[dict[str, float]], at: float = point) -> float:
            roots = crossing(first.law, pair[0], pair[1], column=column, span=span, **others)
            return min(roots, key=lambda root: abs(np.log(root / at)), default=np.nan)

        drawn = answers(nearest, pairs, ())
        found.append(from_answers(
            np.asarray(point), drawn, first.level if level is None else level,
            correction_of_several((first, second), point, drawn), leaves_out=left, unit=column,
        ))  # fmt: skip
    return tuple(found)


def _value(law: Law, values: Mapping[str, float], name: str) -> float:
    """One parameter's value, which must be given."""
    if name not in values:
        raise LawError(f"Law {law.name!r} needs a value for {name} in both sets. Add it.")
    return values[name]
