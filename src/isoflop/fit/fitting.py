"""From a law and a table to a certified fit: bind, seed, polish, certify."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import FitError, LawError
from isoflop.fit import certificate as cert
from isoflop.fit.certificate import Certificate
from isoflop.fit.coordinates import check_value
from isoflop.fit.evaluate import Evaluator
from isoflop.fit.objective import Objective, parse_objective, robust_scale
from isoflop.fit.problem import Problem, bind, row_blocks
from isoflop.fit.result import Fit, summarise
from isoflop.fit.seeds import make_seeds
from isoflop.fit.solve import Solution, minimise
from isoflop.laws.law import Law
from isoflop.runs.check import usable
from isoflop.runs.table import RunTable

Array = NDArray[Any]

SEED_ROWS: Final = 96
"""Seeds are ranked on a spread-out sample of this many rows."""

SKETCH_ROWS: Final = 2048
"""Larger tables are searched on a spread-out sample of this many rows, then polished on all."""

AGREE: Final = 0.3
"""Share of quick searches that must agree; with fewer, the thorough grid is searched."""


@dataclass(frozen=True)
class Optimum:
    """The best point of a search, with everything that the certificate looks at.

    Args:
        problem: the bound law.
        objective: with its scale set.
        u: search coordinates, shape (q,).
        value: objective there.
        ends: objective of every search, shape (seeds,).
    """

    problem: Problem
    objective: Objective
    u: Array
    value: float
    ends: Array


def search(problem: Problem, objective: Objective, start: Array | None = None) -> Optimum:
    """Minimise an objective over a bound law.

    Args:
        problem: the bound law.
        objective: what to minimise; a missing scale is set from the residuals of a first fit.
        start: further starts in search coordinates, shape (k, q).

    Returns:
        The best point found.
    """
    quick = _search(problem, objective, start, thorough=False)
    agree = np.isfinite(quick.ends) & (quick.ends <= quick.value * (1 + cert.SAME) + 1e-300)
    if agree.sum() >= 2 and agree.mean() >= AGREE:
        return quick
    known = quick.u[None] if start is None else np.concatenate([quick.u[None], start])
    return _search(problem, objective, known, thorough=True)


def _search(problem: Problem, objective: Objective, start: Array | None, *, thorough: bool) -> Optimum:
    """Rank seeds on a few rows, polish the best on a sample, and finish on all rows."""
    sketch = sample_rows(problem, SKETCH_ROWS)
    first = replace(objective, kind="squares", name="start") if objective.needs_scale else objective
    seeds = make_seeds(Evaluator(sample_rows(problem, SEED_ROWS), first), thorough=thorough)
    if start is not None:
        seeds = np.concatenate([start, seeds])
    if not len(seeds):
        raise FitError(
            f"Law {problem.law.name!r} has no finite value at any seed on these runs. Check the units of "
            f"{', '.join(problem.law.columns)}, or give the parameters narrower domains."
        )
    solution = _polish(sketch, first, seeds, thorough=thorough)
    if objective.needs_scale:
        objective, solution = _with_scale(sketch, objective, solution)
    if sketch is not problem:
        solution = minimise(Evaluator(problem, objective), _distinct(solution, 3))
    best = int(np.argmin(solution.value))
    return Optimum(problem, objective, solution.u[best], float(solution.value[best]), solution.value)


def _polish(problem: Problem, objective: Objective, seeds: Array, *, thorough: bool) -> Solution:
    """Polish all seeds; in a quick search only the better ones go beyond a few cheap steps."""
    evaluator = Evaluator(problem, objective)
    if thorough:
        return minimise(evaluator, seeds)
    if len(seeds) > 6:
        early = minimise(Evaluator(sample_rows(problem, SEED_ROWS), objective), seeds, max_steps=10, exact=False)
        seeds = early.u[np.argsort(early.value, kind="stable")[:6]]
    return minimise(evaluator, seeds, enough=3)


def _with_scale(problem: Problem, objective: Objective, solution: Solution) -> tuple[Objective, Solution]:
    """Set the objective's scale from the residuals, twice, and polish."""
    scaled = replace(objective, kind="squares")
    best = solution.u[[int(np.argmin(solution.value))]]
    for _ in range(2):
        residuals = Evaluator(problem, scaled).residuals(best)[0]
        scaled = objective.with_scale(max(robust_scale(residuals, problem.size), 1e-6))
        best = minimise(Evaluator(problem, scaled), best, damping=0.3).u
    near = solution.value <= solution.value.min() * 2 + 1e-300
    u = np.concatenate([best, solution.u[near]])
    return scaled, minimise(Evaluator(problem, scaled), u, damping=0.3)


def sample_rows(problem: Problem, count: int) -> Problem:
    """The problem on a spread-out sample of its rows; itself when it is small."""
    if problem.rows <= count:
        return problem
    order = np.lexsort([*problem.columns, problem.response])
    pick = np.sort(order[np.linspace(0, problem.rows - 1, count).astype(int)])
    levels = {n: replace(x, codes=x.codes[pick]) for n, x in problem.levels.items()}
    return replace(
        problem, columns=tuple(c[pick] for c in problem.columns), levels=levels, response=problem.response[pick],
        inverse_noise=problem.inverse_noise[pick], weights=problem.weights[pick], blocks=row_blocks(len(pick)),
    )  # fmt: skip


def _distinct(solution: Solution, count: int) -> Array:
    """The best end points that differ in their objective."""
    chosen: list[int] = []
    for i in np.argsort(solution.value, kind="stable"):
        if np.isfinite(solution.value[i]) and all(
            abs(solution.value[i] / solution.value[j] - 1) > 1e-6 for j in chosen
        ):
            chosen.append(int(i))
        if len(chosen) == count:
            break
    # The best two twice over: whether searches agree on all rows is part of the certificate.
    return np.concatenate([solution.u[chosen], solution.u[chosen[:1]] + 1e-3])


def prepare(
    law: Law,
    table: RunTable,
    response: str,
    extra: tuple[str, ...] = (),
) -> RunTable:
    """The rows that a law can be fitted to; the others are listed with their reasons."""
    return usable(table, columns=(*law.columns, *extra, *law.parsed.indexed.values()), response=response)


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
    runs = prepare(law, table, word, extra)
    problem = bind_checked(
        law, runs, word, chosen, fix=fix or {}, prior=prior or {}, weights=weights, noise=noise
    )
    optimum = search(problem, chosen)
    if prior:
        optimum = _with_prior(optimum, chosen)
    return summarise(optimum, runs, certify_optimum(optimum, runs), response=word, weights=weights, noise=noise)


def _with_prior(optimum: Optimum, objective: Objective) -> Optimum:
    """Search again with the priors weighed by the residuals' variance."""
    problem = optimum.problem
    residuals = Evaluator(problem, optimum.objective).residuals(optimum.u[None])[0]
    variance = robust_scale(residuals, problem.size) ** 2
    informed = replace(problem, prior_weight=variance)
    return search(informed, optimum.objective, optimum.u[None])


def bind_checked(
    law: Law,
    runs: RunTable,
    response: str,
    objective: Objective,
    *,
    fix: Mapping[str, float],
    prior: Mapping[str, tuple[float, float]],
    weights: str | None,
    noise: str | None,
) -> Problem:
    """Bind a law after checking that what is fixed exists and that enough runs are left."""
    problem = bind(
        law, runs, response=response, log=objective.log, fix=fix, prior=prior,
        weights=None if weights is None else runs.column(weights),
        noise=_noise(runs, noise, law, response),
    )  # fmt: skip
    known = {s.name for s in problem.slots} | set(law.parameter_names)
    unknown = sorted((set(fix) | set(prior)) - known)
    if unknown:
        raise LawError(
            f"{', '.join(unknown)} is no parameter of law {law.name!r}; it has {', '.join(sorted(known))}. Correct the name."
        )
    for i, slot in enumerate(problem.slots):
        for key in (slot.name, law.parameter_names[slot.formal]):
            if key in fix:
                check_value(slot, fix[key], "The fixed value")
            if key in prior and not prior[key][1] > 0:
                raise LawError(f"The prior of {key} has standard deviation {prior[key][1]:g}. Give a positive one.")
        if i not in problem.free and not math.isfinite(float(np.sum(problem.base[i]))):
            raise LawError(f"{slot.name} is fixed outside its domain. Give a value inside.")
    if problem.size == 0:
        raise FitError(f"Every parameter of law {law.name!r} is fixed: nothing is left to fit. Free one of them.")
    if problem.rows < problem.size:
        raise FitError(
            f"Law {law.name!r} has {problem.size} free parameters, but only {problem.rows} usable runs are left. "
            "Add runs, fix parameters (fix={'E': 1.7}), or use a law with fewer."
        )
    return problem


def _noise(runs: RunTable, noise: str | None, law: Law, response: str) -> Array | None:
    """Noise per run from a column, or from repeated seeds."""
    if noise is None:
        return None
    if noise != "seeds":
        values = np.asarray(runs.column(noise), dtype=float)
        if not np.all(values > 0):
            raise FitError(f"Column {noise!r} holds noise that is not positive. Correct it, or leave noise out.")
        return values
    return seed_noise(runs, law, response)


def seed_noise(runs: RunTable, law: Law, response: str) -> Array:
    """Relative noise per run from runs that agree in all the law's columns.

    The standard deviation of ln L between seeds is smoothed as `ln sigma = u + v ln C` when at
    least two groups repeat, else taken as one number.

    Raises:
        FitError: no two runs agree in all the law's columns.
    """
    key = np.stack([np.round(np.log(np.asarray(runs.column(w))), 6) for w in law.columns], axis=1)
    _, group, counts = np.unique(key, axis=0, return_inverse=True, return_counts=True)
    group = group.ravel()
    if not (counts > 1).any():
        raise FitError("noise='seeds' needs runs that differ in their seed only; there are none. Leave noise out.")
    y = np.log(np.asarray(runs.column(response)))
    size = key.sum(axis=1)
    places, spreads, freedom = [], [], []
    for g in np.flatnonzero(counts > 1):
        rows = group == g
        places.append(size[rows].mean())
        spreads.append(max(y[rows].std(ddof=1), 1e-9))
        freedom.append(rows.sum() - 1)
    if len(places) == 1:
        return np.full(len(y), spreads[0])
    slope, level = np.polyfit(places, np.log(spreads), 1, w=np.sqrt(freedom))
    # Extrapolated seed noise is kept within what the repeated runs showed.
    return np.clip(np.exp(level + slope * size), min(spreads), max(spreads))


def certify_optimum(optimum: Optimum, runs: RunTable, *, given: Array | None = None) -> Certificate:
    """Certificate of the best point of a search, or of a given point against it."""
    problem, objective = optimum.problem, optimum.objective
    evaluator = Evaluator(problem, objective)
    u = optimum.u if given is None else given
    local = evaluator.local(u[None])
    value = float(local.value[0])
    if not math.isfinite(value):
        text = "the law has no finite value there. Give other parameters."
        return cert.judge([cert.CertificateCheck("value", value, math.inf, False, text)])
    residuals = evaluator.residuals(u[None])[0]
    sigma2 = float(np.sum(problem.weights * residuals**2)) / max(problem.rows - problem.size, 1)
    plain = Evaluator(problem, Objective("squares", "squares", log=objective.log)).local(u[None])
    metric, hessian = plain.metric[0], local.curvature[0]
    checks = [cert.optimum_check(value, optimum.value)] if given is not None else [cert.seeds_check(optimum.ends, optimum.value)]
    checks.append(cert.stationary_check(local.slope[0], local.metric[0], value))
    checks += cert.curvature_checks(problem, hessian, metric, sigma2)
    checks.append(cert.bounds_check(evaluator, u))
    checks += cert.design_checks(problem, {w: np.asarray(runs.column(w)) for w in problem.law.columns})
    if given is None:
        flat = any(c.name == "condition number" and not c.passed for c in checks)
        checks.append(cert.units_check(_unit_change(optimum), flat=flat))
    return cert.judge(checks)


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
    moved = tuple(c + 0.7 * (k + 1) if w in problem.scales else c for k, (w, c) in enumerate(zip(problem.program.columns, problem.columns, strict=True)))
    other = replace(problem, columns=moved)
    start = _moved_start(problem, other, optimum.u)
    solution = minimise(Evaluator(other, optimum.objective), start, damping=0.3)
    before = Evaluator(problem, optimum.objective).model(optimum.u[None])[0]
    after = Evaluator(other, optimum.objective).model(solution.u)[0]
    return float(np.abs(after / before - 1).max())


def _moved_start(problem: Problem, other: Problem, u: Array) -> Array:
    """The optimum's search coordinates in the other units, a little off, as a start."""
    factors = {w: math.exp(0.7 * (k + 1)) for k, w in enumerate(problem.program.columns)}
    scales = {w: s / factors[w] for w, s in problem.scales.items()}
    theta = problem.natural(u[None])
    return replace(other, scales=scales).search(theta) + 0.01
