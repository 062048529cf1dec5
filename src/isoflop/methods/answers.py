"""Answers that follow from a fit by a procedure: the point, and the procedure done again for every draw of the fit."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import InputError, LawError, RangeWarning
from isoflop.fit.estimate import Correction, Estimate, estimate_from_draws
from isoflop.fit.result import Fit

Array = NDArray[Any]
Procedure = Callable[[Mapping[str, float]], ArrayLike]


def answer(
    fit: Fit,
    procedure: Procedure,
    *,
    level: float | None = None,
    unit: str = "",
    leaves_out: tuple[str, ...] = (),
) -> Estimate:
    """Answer of a procedure for a fit's parameters, with the interval of its answers for the draws.

    Args:
        fit: a fit with draws.
        procedure: from parameter → value to the answer; an error of isoflop says that there is none.
        level: confidence level; the fit's own when None.
        unit: of the answer.
        leaves_out: what the interval does not contain besides what the fit's own leave out.

    Returns:
        The answer; with a NaN interval where more than a tenth of the draws have none.

    Raises:
        LawError: the fit has no draws.

    >>> import isoflop as iso
    >>> runs = iso.as_runs({"C": [1e18, 1e19, 1e20, 1e21, 1e22], "loss": [3.1, 2.71, 2.4, 2.2, 2.05]})
    >>> fit = iso.fit("E + K/C^a", runs, bootstrap=50)
    >>> halved = answer(fit, lambda p: 2 ** (1 / p["a"]), unit="times the compute")
    >>> bool(halved.interval[0] < halved.value < halved.interval[1])
    True
    """
    if fit.draws is None:
        raise LawError("This fit has no draws, so its answers have no intervals. Call bootstrap() on it first.")
    point = np.asarray(procedure(fit.parameters), dtype=float)
    drawn = answers(procedure, [dict(zip(fit.names, row.tolist(), strict=True)) for row in fit.draws], point.shape)
    return from_answers(
        point, drawn, fit.level if level is None else level, fit.correction_of(point, drawn, forecast=False),
        leaves_out=(*leaves_out, *replace(fit, inflation=1.0).leaves_out), unit=unit,
    )  # fmt: skip


def answers(procedure: Callable[[Any], ArrayLike], given: list[Any], shape: tuple[int, ...]) -> Array:
    """A procedure's answers, shape (len(given), *shape); NaN where it has none."""
    found = np.full((len(given), *shape), np.nan)
    with warnings.catch_warnings():
        # The point has warned already.
        warnings.simplefilter("ignore", RangeWarning)
        for k, one in enumerate(given):
            try:
                found[k] = np.asarray(procedure(one), dtype=float)
            except InputError:
                continue
    return found


def from_answers(
    point: Array, drawn: Array, level: float, correction: Correction, *, leaves_out: tuple[str, ...], unit: str = ""
) -> Estimate:
    """An estimate that says for which share of the draws there was no answer."""
    none = float(np.mean(~np.isfinite(drawn).reshape(len(drawn), -1).all(axis=1)))
    lost = (f"{none:.1%} of the draws, which have no answer",) if none else ()
    value = float(point) if np.ndim(point) == 0 else point
    return estimate_from_draws(
        value, drawn, level=level, correction=correction, leaves_out=(*lost, *leaves_out), unit=unit
    )
