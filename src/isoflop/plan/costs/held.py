"""What a device holds when the size is a forecast: the same layout with the model of every draw."""

from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import InputError
from isoflop.fit.estimate import Estimate
from isoflop.plan.costs.parallel import Layout, Training, held
from isoflop.plan.costs.result import exact
from isoflop.plan.costs.shapes import made

Array = NDArray[Any]

QUANTILES: Final = (0.0, 0.05, 0.2, 0.4, 0.6, 0.8, 0.95, 1.0)
"""Of the draws' sizes, for which a shape is made; memory of the others lies between."""


def memory_estimate(run: Training, spread: Layout, params: Estimate) -> Estimate:
    """Bytes of the fullest device over the draws of N, the layout being that of the plan's point.

    Args:
        run: what must be held.
        spread: its layout.
        params: N with its draws.

    Returns:
        The bytes; exact where N is.

    >>> from isoflop.plan.costs.hardware import device
    >>> from isoflop.plan.costs.parallel import layout
    >>> run = Training(made(7e9))
    >>> size = Estimate(7e9, (6e9, 9e9), 0.9, np.geomspace(6e9, 9e9, 99))
    >>> found = memory_estimate(run, layout(run, device("H100"), 8), size)
    >>> f"{found.value / 1e9:.0f} GB, {found.interval[0] / 1e9:.0f} to {found.interval[1] / 1e9:.0f} GB"
    '50 GB, 42 to 62 GB'
    """
    total = spread.memory.total
    low, high = (float(end) for end in params.interval)
    if low == high or params.draws is None:
        return exact(total, "bytes", params.level)
    draws = np.asarray(params.draws, dtype=float)
    sizes = [low, high, float(params.value), *np.quantile(draws[np.isfinite(draws)], QUANTILES)]
    known = {float(params.value): total} | _at(run, spread, sizes)
    x = np.log(sorted(known))
    y = np.array([known[size] for size in sorted(known)])

    def between(size: Any) -> Array:  # noqa: ANN401 - a number or an array
        with np.errstate(invalid="ignore"):
            return np.asarray(np.interp(np.log(size), x, y, left=y[0], right=y[-1]))

    return replace(
        params, value=total, interval=(float(between(low)), float(between(high))), draws=between(draws), unit="bytes"
    )


def _at(run: Training, spread: Layout, sizes: list[float]) -> dict[float, float]:
    """Bytes at sizes for which a shape can be made."""
    found = {}
    for size in sizes:
        if not np.isfinite(size):
            continue
        try:
            found[size] = held(replace(run, shape=made(size, context=run.shape.context)), spread).total
        except InputError:
            # No shape has this size: memory is carried on from the nearest that has one.
            continue
    return found
