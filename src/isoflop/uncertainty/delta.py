"""Intervals from the curvature at the optimum: the delta method with Student's t."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import FitError
from isoflop.fit.estimate import Estimate, check_level
from isoflop.fit.evaluate import Evaluator
from isoflop.fit.objective import Objective
from isoflop.fit.problem import Problem
from isoflop.fit.quantiles import student_quantile
from isoflop.fit.result import Fit
from isoflop.fit.values import evaluate_slots, inputs_of
from isoflop.runs.table import RunTable
from isoflop.uncertainty.bootstrap import bind_fit
from isoflop.uncertainty.leverages import inverse

Array = NDArray[Any]

STEP: Final = 1e-5
"""Step of the central differences, in search coordinates of order one."""


@dataclass(frozen=True)
class Covariance:
    """Covariance of the search coordinates at the optimum.

    Args:
        problem: the bound law.
        u: the optimum, shape (q,).
        matrix: covariance, shape (q, q).
        noise: standard deviation of one run's residual.
        freedom: degrees of freedom n - p.
    """

    problem: Problem
    u: Array
    matrix: Array
    noise: float
    freedom: int

    def spread(self, function: Callable[[Array], Array]) -> tuple[float, float]:
        """Value and standard error of a function of natural parameters (k, slots) → (k,)."""
        q = len(self.u)
        moved = np.concatenate([[self.u], self.u + STEP * np.eye(q), self.u - STEP * np.eye(q)])
        values = np.asarray(function(self.problem.natural(moved)), dtype=float)
        slope = (values[1 : q + 1] - values[q + 1 :]) / (2 * STEP)
        return float(values[0]), float(np.sqrt(max(slope @ self.matrix @ slope, 0.0)))


def covariance(fit: Fit, table: RunTable, *, sandwich: bool = False) -> Covariance:
    """Covariance of an M-estimator under independent runs.

    `cov = n/(n-p) mean(w psi^2) / mean(w psi')^2 mean(w) (J' W J)^-1` when the weights are inverse
    variances, with psi the slope of the objective; the sandwich
    `n/(n-p) H^-1 (sum w_i^2 psi_i^2 J_i J_i') H^-1` otherwise. The scale of the weights cancels.

    Reference: Huber 1981, section 7.6; White 1980 (sandwich).

    Args:
        fit: the fit.
        table: its runs.
        sandwich: whether noise may differ between runs; needs many runs.

    Returns:
        The covariance of the search coordinates.
    """
    problem = bind_fit(fit, table)
    u = problem.search(fit.theta[None])
    squares = Objective("squares", "squares", log=fit.objective.log)
    metric = Evaluator(replace(problem, priors=()), squares).local(u).metric[0]
    residuals = fit.residuals
    slope = fit.objective.slopes(residuals)[0]
    freedom = max(problem.rows - problem.size, 1)
    noise = float(np.sqrt(np.sum(residuals**2) / freedom))
    pull = float(np.sum(problem.weights * slope**2) / freedom)
    stiffness = fit.objective.stiffness(residuals, problem.weights)
    variance = pull / stiffness**2
    information = metric / variance
    for prior in problem.priors:
        place = list(problem.free).index(prior.slot)
        ends = problem.slots[prior.slot].natural(u[0, place] + np.array([-STEP, STEP]))
        rate = float(np.diff(ends)[0]) / (2 * STEP)
        information[place, place] += (rate / prior.sd) ** 2
    matrix = inverse(information)
    if sandwich:
        pulled = replace(problem, priors=(), weights=(problem.weights * slope) ** 2)
        filling = Evaluator(pulled, squares).local(u).metric[0]
        bread = inverse(metric) / stiffness
        matrix = bread @ filling @ bread * (problem.rows / freedom)
    return Covariance(problem, u[0], matrix, noise, freedom)


def delta(
    fit: Fit,
    table: RunTable,
    function: Callable[[Mapping[str, Array]], Array] | None = None,
    *,
    level: float | None = None,
    new_run: bool = False,
    sandwich: bool = False,
    **columns: ArrayLike,
) -> Estimate:
    """Delta-method interval of a prediction or of any function of the parameters.

    `g ± t_(n-p) sqrt(g' cov g)`, on a logarithmic scale for positive quantities.

    Args:
        fit: the fit; draws are not needed.
        table: its runs.
        function: name → values to the derived quantity; the prediction at `columns` when None.
        level: confidence level; the fit's own when None.
        new_run: whether the noise of one new run is added (predictions only).
        sandwich: whether noise may differ between runs; see `covariance`.
        columns: word → value, for a prediction.

    Returns:
        The quantity with its interval; the fit's inflation is applied to predictions.

    >>> import isoflop as iso
    >>> runs = iso.as_runs({"C": [1e18, 1e19, 1e20, 1e21, 1e22], "loss": [3.1, 2.71, 2.4, 2.2, 2.05]})
    >>> fit = iso.fit("K*C^-a", runs, bootstrap=0, objective="log-ls")
    >>> low, high = delta(fit, runs, lambda p: p["a"]).interval
    >>> bool(low < fit.parameters["a"] < high)
    True
    """
    chosen = fit.level if level is None else level
    check_level(chosen)
    found = covariance(fit, table, sandwich=sandwich)
    if function is None:
        given = inputs_of(fit.law, fit.levels, columns)
        if any(np.size(v) != 1 for v in given.values()):
            raise FitError("delta() gives one prediction at a time. Call it for each point.")

        def quantity(theta: Array) -> Array:
            return evaluate_slots(fit.law, fit.levels, theta, given)[:, 0]
    else:
        names, own = fit.names, function

        def quantity(theta: Array) -> Array:
            return own({n: theta[:, k] for k, n in enumerate(names)})

    value, error = found.spread(quantity)
    logarithmic = value > 0
    error = error / value if logarithmic else error
    if new_run and function is None:
        noise = found.noise if fit.objective.log == logarithmic else found.noise / value
        error = float(np.hypot(error, noise))
    inflation = fit.correction.inflation if function is None else 1.0
    reach = student_quantile(found.freedom, 0.5 + chosen / 2) * error * inflation
    interval = (value * np.exp(-reach), value * np.exp(reach)) if logarithmic else (value - reach, value + reach)
    return Estimate(value, interval, chosen, leaves_out=("curvature beyond the first order", *fit.leaves_out))
