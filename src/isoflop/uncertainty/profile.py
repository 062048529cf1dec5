"""Profile likelihood: how far a parameter or a prediction can move before the fit suffers.

The best shape near bounds and in sloppy directions; an open side means that the data give no
bound there.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, Final

import numpy as np
import sympy
from numpy.typing import NDArray

from isoflop.errors import FitError, LawError
from isoflop.fit.estimate import Estimate, check_level
from isoflop.fit.evaluate import Evaluator
from isoflop.fit.prepare import bind_checked, prepare
from isoflop.fit.problem import Problem
from isoflop.fit.quantiles import student_quantile
from isoflop.fit.result import Fit
from isoflop.fit.search import search
from isoflop.fit.solve import minimise
from isoflop.fit.values import inputs_of
from isoflop.laws.formula import column_symbol
from isoflop.laws.law import Law, Parameter
from isoflop.laws.parts import inside
from isoflop.runs.table import RunTable
from isoflop.uncertainty.bootstrap import bind_fit

Array = NDArray[Any]

REACH: Final = 6.0
"""Widest search, as a logarithm (a factor of 400) from the optimum, before a side is called open."""


def profile(
    fit: Fit, table: RunTable, parameter: str | None = None, *, level: float | None = None, **columns: float
) -> Estimate:
    """Profile-likelihood interval of a parameter, or of the mean prediction at given columns.

    The set of values psi with `F(psi) - F_min <= scale · F_{1,n-p}(level)`, where F(psi) is the
    objective minimised over all other parameters and `scale = mean(psi'^2)/(2 mean(psi''))`.

    Reference: Venzon and Moolgavkar 1988; for M-estimators the scale of Huber 1981, section 7.6.

    Args:
        fit: the fit.
        table: its runs.
        parameter: name of a parameter; None for a prediction.
        level: confidence level; the fit's own when None.
        columns: word → value, for a prediction; the law must have an additive constant.

    Returns:
        The value with its interval; an end is infinite (or 0) where the profile is open.

    Raises:
        LawError: no such parameter, a law without an additive constant for a prediction, or a fit with priors.
        FitError: the search does not come back to the fit where it is held there.

    >>> import isoflop as iso
    >>> runs = iso.as_runs({"C": [1e18, 1e19, 1e20, 1e21, 1e22], "loss": [3.1, 2.71, 2.4, 2.2, 2.05]})
    >>> fit = iso.fit("E + K/C^a", runs, bootstrap=0, objective="log-ls")
    >>> low, high = profile(fit, runs, "a").interval
    >>> bool(low < fit.parameters["a"] < high)
    True
    """
    chosen = fit.level if level is None else level
    check_level(chosen)
    if fit.priors:
        raise LawError("The profile does not know the prior of a fit. Use delta(), which does.")
    if parameter is not None and parameter in fit.fixed:
        return fit.estimate(parameter, chosen)
    if parameter is not None:
        value = fit.estimate(parameter).value if fit.draws is not None else fit.parameters.get(parameter)
        if value is None:
            raise LawError(f"The fit has no parameter {parameter!r}; it has {', '.join(fit.names)}.")
        law, name, start = fit.law, parameter, dict(fit.parameters)
    else:
        law, name, start = _with_prediction(fit, columns)
        value = start[name]
    reached = _objective_of(fit, law, table, name, start)
    allowed = _allowance(fit, bind_fit(fit, table), chosen)
    if not reached(value) <= fit.value + allowed:
        raise FitError(
            "Held at the fit's own value, the search for the other parameters ends above the fit. Use delta()."
        )
    move = _logarithmic if _positive(law, name, value) else _straight
    ends = [_end(partial(move, value), reached, fit.value + allowed, side) for side in (-1, 1)]
    return Estimate(value, (ends[0], ends[1]), chosen, leaves_out=fit.leaves_out)


def _allowance(fit: Fit, problem: Problem, level: float) -> float:
    """Increase of the objective that a value inside the interval may cost."""
    slope = fit.objective.slopes(fit.residuals)[0]
    freedom = max(fit.rows - sum(fit.free), 1)
    t = student_quantile(freedom, 0.5 + level / 2)
    pull = float(np.sum(problem.weights * slope**2)) / freedom
    return 0.5 * t**2 * pull / fit.objective.stiffness(fit.residuals, problem.weights)


def _with_prediction(fit: Fit, columns: dict[str, float]) -> tuple[Law, str, dict[str, float]]:
    """The law with its additive constant replaced by the prediction at given columns."""
    formula = fit.law.parsed
    constants = [p for p in formula.parameters if sympy.diff(formula.expression, formula.symbols[p]) == 1]
    if not constants or formula.indexed:
        raise LawError(
            f"Law {fit.law.name!r} has no additive constant to trade for the prediction. Use delta() or the bootstrap."
        )
    constant = formula.symbols[constants[0]]
    rest = formula.expression - constant
    given = inputs_of(fit.law, fit.levels, columns)
    missing = [w for w in formula.columns if w not in given]
    if missing:
        raise LawError(f"The prediction needs {', '.join(missing)}. Give a value for each column of the law.")
    there = rest.xreplace({column_symbol(w): sympy.Float(given[w], 17) for w in formula.columns})
    name = "psi_prediction"
    text = str(rest - there + sympy.Symbol(name, positive=True))
    parameters = {n: p for n, p in fit.law.parameters.items() if n != constants[0]}
    law = Law("profile", text, parameters={**parameters, name: Parameter()}, variables=fit.law.variables)
    value = float(fit.law.predict(fit.parameters, **given))
    return law, name, {**{n: v for n, v in fit.parameters.items() if n != constants[0]}, name: value}


def _objective_of(fit: Fit, law: Law, table: RunTable, name: str, start: dict[str, float]) -> Callable[[float], float]:
    """Objective minimised over all but one parameter, as a function of that one; searches follow each other."""
    runs = prepare(fit.law, table, fit.response)
    noise, weights = fit.settings.get("noise"), fit.settings.get("weights")
    held = dict(start)
    domain = law.domain(name.partition("[")[0])

    def reached(value: float) -> float:
        if not isinstance(domain, str) and not inside(value, *domain):
            return math.inf  # so that an open side ends where the domain does
        problem = bind_checked(
            law,
            runs,
            fit.response,
            fit.objective,
            fix={**fit.fixed, name: value},
            prior={},
            weights=weights,
            noise=noise,
        )
        theta = np.array([[value if s.name == name else held[s.name] for s in problem.slots]])
        solution = minimise(Evaluator(problem, fit.objective), problem.search(theta), damping=0.1)
        if not solution.converged[0]:
            optimum = search(problem, fit.objective, problem.search(theta))
            solution = replace(solution, u=optimum.u[None], value=np.array([optimum.value]))
        found = problem.natural(solution.u)[0]
        held.update(zip((s.name for s in problem.slots), found.tolist(), strict=True))
        return float(solution.value[0])

    return reached


def _end(move: Callable[[float], float], reached: Callable[[float], float], limit: float, side: int) -> float:
    """Where the profile crosses its limit on one side: walk outward, then bisect."""
    inside, place = 0.0, 0.01
    while reached(move(side * place)) <= limit:
        inside, place = place, place * 1.8
        if place >= REACH:
            return move(side * math.inf)
    outside = place
    for _ in range(30):
        middle = 0.5 * (inside + outside)
        if outside - inside < 1e-5 * outside:
            break
        inside, outside = (inside, middle) if reached(move(side * middle)) > limit else (middle, outside)
    return move(side * 0.5 * (inside + outside))


def _positive(law: Law, name: str, value: float) -> bool:
    """Whether a parameter stays above zero, so that it moves by factors."""
    domain = law.domain(name.partition("[")[0])
    return value > 0 and (domain == "positive" or (not isinstance(domain, str) and domain[0] >= 0))


def _logarithmic(value: float, step: float) -> float:
    """A value a logarithmic step away."""
    return value * math.exp(step)


def _straight(value: float, step: float) -> float:
    """A value an ordinary step away, in its own size where that is large."""
    return value + step * max(abs(value), 1.0)
