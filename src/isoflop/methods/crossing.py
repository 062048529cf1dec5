"""Where two recipes of one law cross: the compute, size or data at which their order changes."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import LawError
from isoflop.laws.law import Law

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


def _value(law: Law, values: Mapping[str, float], name: str) -> float:
    """One parameter's value, which must be given."""
    if name not in values:
        raise LawError(f"Law {law.name!r} needs a value for {name} in both sets. Add it.")
    return values[name]
