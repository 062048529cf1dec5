"""Anything derived from the parameters, from the same draws."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoflop.fit.estimate import Estimate, estimate_from_draws
from isoflop.fit.result import Fit

Array = NDArray[Any]


def propagate(
    fit: Fit,
    function: Callable[[Mapping[str, Array]], Array],
    *,
    level: float | None = None,
    unit: str = "",
    forecast: bool = True,
) -> Estimate:
    """Carry a fit's draws through a function of its parameters.

    Args:
        fit: a fit with draws.
        function: name → array of values (one per draw) to the derived quantity, one (or a row) per draw.
        level: confidence level; the fit's own when None.
        unit: unit of the result.
        forecast: whether the back-test's inflation applies; exponents and other parameters are
            no forecasts.

    Returns:
        The derived quantity with its interval.

    >>> import isoflop as iso
    >>> runs = iso.as_runs({"C": [1e18, 1e19, 1e20, 1e21, 1e22], "loss": [3.1, 2.71, 2.4, 2.2, 2.05]})
    >>> fit = iso.fit("E + K/C^a", runs, bootstrap=50)
    >>> doubling = propagate(fit, lambda p: 2 ** p["a"])
    >>> round(doubling.value, 3) == round(2 ** fit.parameters["a"], 3)
    True
    """
    draws = fit._draws()
    point = function({n: np.array([v]) for n, v in fit.parameters.items()})
    spread = function({n: draws[:, k] for k, n in enumerate(fit.names)})
    value, drawn = np.asarray(point, dtype=float)[0], np.asarray(spread, dtype=float)
    return estimate_from_draws(
        float(value) if value.ndim == 0 else value,
        drawn,
        level=fit.level if level is None else level,
        correction=fit.correction_of(value, drawn, forecast=forecast),
        leaves_out=fit.leaves_out,
        unit=unit,
    )
