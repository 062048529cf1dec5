"""Where a law with levels, or with further columns, is looked at: one label or value for each of them."""

from collections.abc import Mapping
from typing import Any, Final

from numpy.typing import ArrayLike, NDArray

from isoflop.figures.axes import text_of
from isoflop.fit import Fit

Array = NDArray[Any]
Place = Mapping[str, Any]
"""Column → label of a level, or value of a further column of the law."""

NOWHERE: Final[Place] = {}


def best_params(fit: Fit, theta: Array, flops: ArrayLike, at: Place) -> Array:
    """Compute-optimal sizes at a place.

    Args:
        fit: whose law and levels they are.
        theta: the fit's parameters, or draws of them, shape (…, slots).
        flops: training compute.
        at: levels, and values of further columns.

    Returns:
        N*, NaN where there is no interior optimum.
    """
    from isoflop.laws.optimum import compute_optimum
    from isoflop.plan.optimum.setting import slots_at

    numbers = {word: float(value) for word, value in at.items() if word not in fit.levels}
    return compute_optimum(fit.law, theta[..., slots_at(fit, at)], flops, columns=numbers).params


def inputs_at(fit: Fit, columns: Mapping[str, Any], at: Place) -> dict[str, Any]:
    """What the law is given: its own columns along a line, and what is held there."""
    return {**{word: columns[word] for word in fit.law.columns if word in columns}, **at}


def open_words(fit: Fit, at: Place) -> set[str]:
    """Columns of the law that the place does not hold; levels that it does not name count as columns."""
    return {*fit.law.columns, *fit.levels} - set(at)


def held_words(at: Place) -> str:
    """The place in words; empty where nothing is held."""
    texts = (f"{w} = {v}" if isinstance(v, str) else f"{w} = {text_of(w, float(v))}" for w, v in at.items())
    return ", ".join(texts)
