"""Smaller than optimal, trained for longer: the data and the compute that the same loss takes."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import LawError
from isoflop.fit.estimate import Estimate
from isoflop.fit.result import Fit
from isoflop.laws.frontier import reach_on
from isoflop.plan.optimum import warn
from isoflop.plan.optimum.question import Answer, for_flops, for_loss, positive
from isoflop.plan.optimum.result import estimate_dict
from isoflop.plan.optimum.setting import Setting, lay
from isoflop.units import FLOPS_PER_PARAM_TOKEN

Array = NDArray[Any]


@dataclass(frozen=True)
class Overtraining:
    """A run of another size with the loss of a compute-optimal one.

    Args:
        params: size N.
        tokens: training tokens D that reach the loss.
        tokens_per_param: D/N.
        flops: training compute 6ND.
        loss: the loss of both.
        shrink: N*/N, how much smaller than optimal.
        extra_compute: compute above the optimal run's, `ND/(N* D*) - 1`.
        warnings: draws that cannot reach the loss at this size, and distance from the runs.
    """

    params: Estimate
    tokens: Estimate
    tokens_per_param: Estimate
    flops: Estimate
    loss: Estimate
    shrink: Estimate
    extra_compute: Estimate
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Everything for JSON; a number that does not exist is None."""
        return {k: estimate_dict(v) if isinstance(v, Estimate) else list(v) for k, v in vars(self).items()}


def overtraining(
    fit: Fit,
    *,
    flops: float | str | None = None,
    loss: float | None = None,
    params: float | str | None = None,
    shrink: float | None = None,
    level: float | None = None,
    **columns: float | str,
) -> Overtraining:
    """Data and compute with which another size reaches the loss of the compute-optimal one.

    For `E + A/N^alpha + B/D^beta` it is `D = (B/(L - E - A/N^alpha))^(1/beta)`; any other law is
    solved by Newton steps in D.

    Args:
        fit: a fit with draws.
        flops: compute of the optimal run that is to be matched; or
        loss: the loss itself.
        params: the size; or
        shrink: how many times smaller than optimal; each draw has its own optimum.
        level: confidence level; the fit's own when None.
        columns: values of the law's other columns, and levels of indexed parameters.

    Returns:
        The run; NaN where the size cannot reach the loss with any amount of data.

    Raises:
        LawError: not exactly one of flops and loss, or not exactly one of params and shrink.

    >>> from isoflop import laws
    >>> from isoflop.fit import fit_law
    >>> from isoflop.runs.table import RunTable
    >>> from isoflop.uncertainty.bootstrap import bootstrap
    >>> law = laws.get("chinchilla")
    >>> N, D = (g.ravel() for g in np.meshgrid(np.geomspace(1e8, 1e10, 6), np.geomspace(1e9, 1e12, 6)))
    >>> L = law.predict(law.published_set("epoch-2024").values, params=N, tokens=D)
    >>> runs = RunTable.from_columns({"params": N, "tokens": D, "loss": L})
    >>> fit = bootstrap(fit_law(law, runs, objective="ls"), runs, draws=50, rng=np.random.default_rng(0))
    >>> round(overtraining(fit, flops=5.76e23, shrink=2).extra_compute.value, 3)
    0.259
    """
    setting = lay(fit, level, columns)
    asked = _reference(setting, flops, loss)
    x_best = np.where(np.isfinite(asked.c), np.log(asked.best.params), np.nan)
    target = asked.best.loss if asked.target is None else asked.target
    x = _size(x_best, params, shrink)
    found = reach_on(setting.curve, target, x, asked.c, fixed_size=True)
    # Draws of a law that the runs do not determine may have sizes beyond any number.
    with np.errstate(over="ignore"):
        numbers = {
            "params": np.exp(x),
            "tokens": np.exp(found.c - x),
            "tokens_per_param": np.exp(found.c - 2 * x),
            "flops": FLOPS_PER_PARAM_TOKEN * np.exp(found.c),
            "loss": target,
            "shrink": np.exp(x_best - x),
            "extra_compute": np.expm1(found.c - asked.c),
        }
    given = {"params": params, "loss": loss, "shrink": shrink}
    estimates = {word: setting.estimate(values) for word, values in numbers.items()}
    estimates |= {word: setting.exact(positive(word, value)) for word, value in given.items() if value is not None}
    return Overtraining(**estimates, warnings=_warnings(setting, asked.warnings, found.reached, estimates))


def _reference(setting: Setting, flops: float | str | None, loss: float | None) -> Answer:
    """The compute-optimal run that is to be matched."""
    if flops is not None and loss is None:
        return for_flops(setting, positive("flops", flops))
    if loss is not None and flops is None:
        return for_loss(setting, positive("loss", loss))
    raise LawError("Give either flops=… of the optimal run to match, or its loss=….")


def _size(x_best: Array, params: float | str | None, shrink: float | None) -> Array:
    """Size ln N of every draw, from a size or from a share of the optimal one."""
    if params is not None and shrink is None:
        return np.full_like(x_best, np.log(positive("params", params)))
    if shrink is not None and params is None:
        return np.asarray(x_best - np.log(positive("shrink", shrink)))
    raise LawError("Give either the size params=…, or shrink=…, how many times smaller than optimal it is.")


def _warnings(
    setting: Setting, before: tuple[str, ...], reached: Array, estimates: dict[str, Estimate]
) -> tuple[str, ...]:
    """What speaks against the run."""
    found = [*warn.certificate_warnings(setting), *before]
    if not reached[0, 0]:
        found.append("This size does not reach the loss with any amount of data. Choose a larger one.")
    else:
        found += warn.share_warnings(reached[1:, 0], "an amount of data with which this size reaches the loss")
    point = {word: float(estimates[word].value) for word in ("params", "tokens", "flops")}
    return (*found, *warn.distance_warnings(setting, point, "The run"))
