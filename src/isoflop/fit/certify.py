"""The certificate of a search, or of parameters from elsewhere against it."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import LawError
from isoflop.fit import certificate as cert
from isoflop.fit.certificate import Certificate
from isoflop.fit.coordinates import check_value
from isoflop.fit.evaluate import Evaluator
from isoflop.fit.objective import Objective, parse_objective
from isoflop.fit.prepare import bind_checked, in_unit_of, prepare
from isoflop.fit.problem import Problem
from isoflop.fit.search import Optimum, search
from isoflop.fit.solve import minimise
from isoflop.fit.valley import DOUBTFUL, valley_check
from isoflop.laws.law import Law
from isoflop.runs.table import RunTable

Array = NDArray[Any]


def certify_optimum(optimum: Optimum, runs: RunTable, *, given: Array | None = None) -> Certificate:
    """Certificate of the best point of a search, or of a given point against it."""
    problem, objective = optimum.problem, optimum.objective
    evaluator = optimum.evaluator
    u = optimum.u if given is None else given
    local = evaluator.local(u[None])
    value = float(local.value[0])
    if not math.isfinite(value):
        text = "the law has no finite value there. Give other parameters."
        return cert.judge([cert.CertificateCheck("value", value, math.inf, passed=False, text=text)])
    residuals = evaluator.residuals(u[None])[0]
    sigma2 = float(np.sum(problem.weights * residuals**2)) / max(problem.rows - problem.size, 1)
    plain = evaluator.under(Objective("squares", "squares", log=objective.log)).local(u[None])
    metric, hessian = plain.metric[0], local.curvature[0]
    checks = (
        [cert.optimum_check(value, optimum.value, problem.rounding)]
        if given is not None
        else [cert.seeds_check(optimum.agree, optimum.searches)]
    )
    # A gradient that residuals of 3e-14 would leave is rounding, in runs without noise.
    floor = 1e4 * problem.rounding
    checks.append(cert.stationary_check(local.slope[0], local.metric[0], value + floor))
    checks += cert.curvature_checks(problem, hessian, metric, sigma2)
    sloppy = next(c for c in checks if c.name == "sloppiest direction")
    if sloppy.passed and sloppy.value > DOUBTFUL:
        checks.append(valley_check(evaluator, u))
    checks.append(cert.bounds_check(evaluator, u))
    checks += cert.design_checks(problem, {w: np.asarray(runs.column(w)) for w in problem.law.columns})
    if problem.priors:
        squares = Objective("squares", "squares", log=objective.log)
        alone = Evaluator(replace(problem, priors=()), squares).local(u[None]).metric[0]
        checks.append(cert.priors_check(_known_from_priors(problem, u, alone, sigma2)))
    if given is None:
        flat = any(c.name == "condition number" and not c.passed for c in checks)
        checks.append(cert.units_check(_unit_change(optimum), flat=flat))
    return cert.judge(checks)


def _known_from_priors(problem: Problem, u: Array, metric: Array, sigma2: float) -> list[str]:
    """Parameters whose prior is narrower than what the runs alone would say."""
    scale = 1 / np.sqrt(np.maximum(np.diag(metric), 1e-300))
    eigenvalues, vectors = np.linalg.eigh(metric * scale[:, None] * scale[None, :])
    # A direction without information has a huge error, not none: its eigenvalue is floored, not dropped.
    errors = np.sqrt(sigma2 * (vectors**2 / np.maximum(eigenvalues, 1e-13 * eigenvalues[-1])).sum(axis=1)) * scale
    weak = []
    for prior in problem.priors:
        place = list(problem.free).index(prior.slot)
        slot = problem.slots[prior.slot]
        step = 1e-6
        rate = float(slot.natural(u[place] + step) - slot.natural(u[place] - step)) / (2 * step)
        if errors[place] * abs(rate) > prior.sd:
            weak.append(slot.name)
    return weak


def certify_parameters(
    law: Law,
    table: RunTable,
    parameters: Mapping[str, float],
    *,
    objective: str | Objective = "log-huber:1e-3",
    response: str | None = None,
) -> Certificate:
    """Certificate of parameters from elsewhere, against the best that a search finds.

    Args:
        law: the law.
        table: the runs.
        parameters: value of every parameter (or level), in natural units.
        objective: what they claim to minimise.
        response: column that was explained; the law's own when None.

    Returns:
        The certificate; `not converged` unless the parameters are the optimum.

    Raises:
        LawError: a parameter is missing or outside its domain.
    """
    chosen = parse_objective(objective)
    word = response or law.response
    unit = in_unit_of(law, table, word).unit
    if unit != law.unit:
        raise LawError(
            f"The table's {word} is in {unit or 'another unit'}, and law {law.name!r} with its parameters is in "
            f"{law.unit}. Convert the column, or fit the law to it."
        )
    runs = prepare(law, table, word)
    problem = bind_checked(law, runs, word, chosen, fix={}, prior={}, weights=None, noise=None)
    missing = [s.name for s in problem.slots if s.name not in parameters]
    if missing:
        raise LawError(f"{', '.join(missing)} of law {law.name!r} have no value. Give every parameter.")
    theta = np.array([[check_value(s, parameters[s.name], "The value") for s in problem.slots]])
    given = problem.search(theta)
    optimum = search(problem, chosen, given)
    return certify_optimum(optimum, runs, given=given[0])


def _unit_change(optimum: Optimum) -> float:
    """Largest relative change of a fitted value when every column is counted in other units."""
    problem = optimum.problem
    moved = tuple(
        c + 0.7 * (k + 1) if w in problem.scales else c
        for k, (w, c) in enumerate(zip(problem.program.columns, problem.columns, strict=True))
    )
    other = replace(problem, columns=moved)
    start = _moved_start(problem, other, optimum.u)
    evaluator = Evaluator(other, optimum.objective)
    before = optimum.evaluator.model(optimum.u[None])[0]
    after = evaluator.model(minimise(evaluator, start, damping=1e-3).u)[0]
    return float(np.abs(after / before - 1).max())


def _moved_start(problem: Problem, other: Problem, u: Array) -> Array:
    """The optimum's search coordinates in the other units, a little off, as a start."""
    factors = {w: math.exp(0.7 * (k + 1)) for k, w in enumerate(problem.program.columns)}
    scales = {w: s / factors.get(w, 1.0) for w, s in problem.scales.items()}
    with np.errstate(over="ignore"):
        theta = problem.natural(u[None])
    return replace(other, scales=scales).search(theta) + 1e-4
