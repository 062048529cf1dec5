"""From a law and a table to a certified fit: bind, search, certify."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from isoflop.fit.certificate import Certificate
from isoflop.fit.certify import certify_optimum
from isoflop.fit.objective import Objective, parse_objective, robust_scale
from isoflop.fit.prepare import bind_checked, in_unit_of, prepare
from isoflop.fit.result import Fit
from isoflop.fit.search import Optimum, search
from isoflop.fit.storage import current_versions
from isoflop.fit.summary import DataSummary
from isoflop.laws.law import Law
from isoflop.runs.table import RunTable


def fit_law(
    law: Law,
    table: RunTable,
    *,
    objective: str | Objective = "log-huber",
    response: str | None = None,
    fix: Mapping[str, float] | None = None,
    prior: Mapping[str, tuple[float, float]] | None = None,
    weights: str | None = None,
    noise: str | None = None,
) -> Fit:
    """Fit a law to a run table, without draws.

    Args:
        law: the law.
        table: the runs.
        objective: what is minimised; see `parse_objective`.
        response: column to explain; the law's own when None.
        fix: parameter → value that it keeps.
        prior: parameter → (mean, standard deviation), a Gaussian in natural units.
        weights: column of weights per run.
        noise: column of noise per run (relative standard deviation for log objectives), or
            `"seeds"` to estimate it from runs that differ in their seed only.

    Returns:
        The fit with its certificate; a fit that did not converge still carries its numbers.

    Raises:
        TableError: too few usable runs.
        LawError: `fix` or `prior` name no parameter, or give a value outside its domain.
    """
    chosen = parse_objective(objective)
    word = response or law.response
    extra = tuple(c for c in (weights, noise) if c is not None and c != "seeds")
    law = in_unit_of(law, table, word)
    runs = prepare(law, table, word, extra)
    problem = bind_checked(law, runs, word, chosen, fix=fix or {}, prior=prior or {}, weights=weights, noise=noise)
    optimum = search(problem, chosen)
    if prior:
        optimum = _with_prior(optimum, chosen)
    return summarise(optimum, runs, certify_optimum(optimum, runs), response=word, weights=weights, noise=noise)


def _with_prior(optimum: Optimum, objective: Objective) -> Optimum:
    """Search again with the priors weighed by the residuals' variance."""
    problem = optimum.problem
    residuals = optimum.evaluator.residuals(optimum.u[None])[0]
    variance = max(robust_scale(residuals, problem.size), 1e-6) ** 2
    informed = replace(problem, prior_weight=variance)
    return search(informed, optimum.objective, optimum.u[None])


def summarise(
    optimum: Optimum,
    runs: RunTable,
    certificate: Certificate,
    *,
    response: str,
    weights: str | None,
    noise: str | None,
) -> Fit:
    """Freeze the outcome of a search."""
    problem = optimum.problem
    theta = problem.natural(optimum.u[None])[0]
    residuals = optimum.evaluator.residuals(optimum.u[None])[0]
    free = tuple(i in problem.free for i in range(len(problem.slots)))
    names = tuple(s.name for s in problem.slots)
    words = [w for w in dict.fromkeys((*problem.law.columns, "params", "tokens", "flops", response)) if w in runs.names]
    numbers = [w for w in words if runs.is_number(w) and np.isfinite(runs.column(w)).any()]
    ranges = {w: (float(np.nanmin(runs.column(w))), float(np.nanmax(runs.column(w)))) for w in numbers}
    digest = runs.digest(tuple(dict.fromkeys((*problem.law.columns, response, *problem.levels))))
    data = DataSummary(
        len(runs), digest, runs.provenance.file, runs.provenance.sha256, runs.provenance.where, ranges,
        tuple(runs.notes), tuple(runs.excluded),
    )  # fmt: skip
    settings: dict[str, object] = {
        key: value for key, value in (("weights", weights), ("noise", noise)) if value is not None
    }
    if problem.priors:
        settings["prior_weight"] = problem.prior_weight
    return Fit(
        problem.law, optimum.objective, optimum.value, names, theta, free,
        {n: x.names for n, x in problem.levels.items()}, response, residuals, certificate, data,
        fixed={names[i]: float(theta[i]) for i in range(len(names)) if not free[i]},
        priors={names[p.slot]: (p.mean, p.sd) for p in problem.priors},
        settings=settings, versions=current_versions(),
    )  # fmt: skip
